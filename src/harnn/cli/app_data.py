"""The commands that care for documents and their labels, and their options; as in :mod:`.app`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from harnn.cli.options import (
    Data,
    Fixes,
    OnErrorChoice,
    Settings,
    TaxonomyFile,
    TaxonomyReading,
    VectorsOfDocuments,
    takes_reading_options,
    takes_taxonomy_options,
)
from harnn.cli.settings import gather_settings


@takes_reading_options
@takes_taxonomy_options
def split(
    *,
    data: Data,
    output: Annotated[
        Path,
        typer.Option("--output", "-o", help="Directory for train, valid and test, as files."),
    ],
    taxonomy: TaxonomyFile = None,
    how: TaxonomyReading,
    test: Annotated[float, typer.Option(help="Share of the test documents; 0: none.")] = 0.1,
    valid: Annotated[float, typer.Option(help="Share of the validation documents; 0: none.")] = 0.1,
    group_by: Annotated[
        str,
        typer.Option(
            metavar="FIELD",
            help="A field or column, such as the author: documents with the same value in it stay "
            "in one part.",
        ),
    ] = "",
    by_date: Annotated[
        str,
        typer.Option(
            metavar="FIELD",
            help="A field or column with dates or numbers: the oldest documents are for training, "
            "the newest for the test.",
        ),
    ] = "",
    seed: Annotated[int, typer.Option(help="Of what is drawn between equals.")] = 13,
    settings: Settings = None,
    fixes: Fixes = None,
    on_error: OnErrorChoice = None,
    json_output: Annotated[
        Path | None, typer.Option("--json", help="Write the table as JSON (.json).")
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace existing parts.")] = False,
) -> None:
    """Divide documents so that every label has its share in training, validation and test."""
    from harnn.cli import splitting
    from harnn.cli.taxonomies import TaxonomyChoice
    from harnn.data import SplitSettings

    splitting.split(
        data,
        output,
        SplitSettings(test=test, valid=valid, seed=seed, group_by=group_by, by_date=by_date),
        taxonomy=TaxonomyChoice(taxonomy, **how),
        settings=gather_settings(settings, on_error=on_error, fixes=fixes),
        json_output=json_output,
        overwrite=overwrite,
    )


@takes_reading_options
def errors(
    data: Data,
    output: Annotated[
        Path,
        typer.Option("--output", "-o", help="A table to write: .tsv, .csv, .jsonl or .parquet."),
    ],
    folds: Annotated[
        Path | None,
        typer.Argument(metavar="[DIR]", help="Directory of harnn train --folds."),
    ] = None,
    model: Annotated[
        Path | None,
        typer.Option(
            "--model",
            metavar="DIR",
            help="Instead of folds: a model, best one that was not trained on these documents.",
        ),
    ] = None,
    min_documents: Annotated[
        int,
        typer.Option(
            "--min-documents", min=1, help="Of labels on fewer documents nothing is said."
        ),
    ] = 5,
    similarity: Annotated[
        float,
        typer.Option(
            "--similarity",
            help="Share of runs of three words in common that makes near duplicates, above 0 to 1.",
        ),
    ] = 0.8,
    implied: Annotated[
        bool,
        typer.Option("--implied", help="List what follows from other errors of a document, too."),
    ] = False,
    document_vectors: VectorsOfDocuments = None,
    settings: Settings = None,
    fixes: Fixes = None,
    on_error: OnErrorChoice = None,
) -> None:
    """List labels that documents likely lack or should not have, and near duplicates."""
    from harnn.cli import label_errors

    label_errors.list_errors(
        folds,
        model,
        data,
        output,
        label_errors.ErrorOptions(min_documents, similarity, implied),
        document_vectors=document_vectors,
        settings=gather_settings(settings, on_error=on_error, fixes=fixes),
    )


@takes_reading_options
def convert(
    source: Annotated[
        str | None, typer.Option("--from", help="The format that is read; see --list.")
    ] = None,
    target: Annotated[
        str | None, typer.Option("--to", help="The format that is written; see --list.")
    ] = None,
    data: Annotated[
        list[Path] | None,
        typer.Option("--data", "-d", help="Files to read, or directories; repeatable."),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The file or directory to write.")
    ] = None,
    taxonomy: Annotated[
        Path | None,
        typer.Option("--taxonomy", "-t", help="Taxonomy in the form of --from, or any of ours."),
    ] = None,
    taxonomy_out: Annotated[
        Path | None,
        typer.Option("--taxonomy-out", help="Write the taxonomy too, in the form of --to."),
    ] = None,
    blank: Annotated[
        str | None,
        typer.Option(
            "--blank", help="What stands for a blank in labels of fasttext and libmultilabel, as _."
        ),
    ] = None,
    new_taxonomy: Annotated[
        Path | None,
        typer.Option(
            "--new-taxonomy",
            help="A new edition of the taxonomy, or a model directory, to which labels are taken.",
        ),
    ] = None,
    map_file: Annotated[
        Path | None,
        typer.Option(
            "--map", help="What became of labels, as harnn taxonomy diff --map writes it."
        ),
    ] = None,
    review: Annotated[
        Path | None,
        typer.Option("--review", help="Where to list the documents that somebody should look at."),
    ] = None,
    certainty: Annotated[
        float | None,
        typer.Option(
            "--certainty", min=0, max=1, help="Links of less certainty are not followed; 0.5."
        ),
    ] = None,
    list_formats: Annotated[
        bool, typer.Option("--list", help="Show the formats and what they are.")
    ] = False,
    settings: Settings = None,
    fixes: Fixes = None,
    on_error: OnErrorChoice = None,
) -> None:
    """Convert documents and taxonomies from and to the formats of other programs."""
    from harnn.cli import converting

    if list_formats:
        converting.list_formats()
        return
    given = (source, target, data or [], output, taxonomy, taxonomy_out, blank)
    request = converting.Request(*given, new_taxonomy, map_file, review, certainty)
    converting.convert_files(request, gather_settings(settings, on_error=on_error, fixes=fixes))
