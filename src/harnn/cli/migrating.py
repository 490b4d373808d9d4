"""A model taken to a new edition of its taxonomy."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from harnn._places import are_one_place
from harnn.bundle import save_bundle
from harnn.cli.editions import read_edition
from harnn.cli.files import (
    JSON,
    check_directory,
    check_inputs,
    check_output,
    tell_written,
    write_json,
)
from harnn.cli.models import open_bundle
from harnn.cli.problems import reading
from harnn.cli.screen import Console, say
from harnn.cli.taxonomies import TaxonomyChoice, describe
from harnn.data.writing import check_rows_place
from harnn.errors import ConfigError, InputError, Problem
from harnn.migration import list_documents, migrate, tune
from harnn.migration.report import SHOWN
from harnn.taxonomy import read_mapping


class Request(NamedTuple):
    """What is to be migrated, and where to."""

    model: Path
    out: Path
    taxonomy: Path
    map_file: Path | None
    certainty: float
    tune: Sequence[Path]
    data: Sequence[Path]
    review: Path | None
    json_output: Path | None

    def check(self, *, overwrite: bool) -> None:
        """Refuse places and options that do not fit, before any work is done.

        Raises:
            ConfigError, InputError, DocumentError: see there.
        """
        if bool(self.data) != (self.review is not None):
            given, missing = ("--data", "--review") if self.data else ("--review", "--data")
            what = "lists documents of the old edition to look at: both or none are to be given."
            raise ConfigError(Problem(given, what, f"Give {missing} as well."))
        check_inputs([*self.tune, *self.data])
        if are_one_place(self.model, self.out):
            what = "is the model itself; write the migrated one to another directory."
            raise InputError(Problem(str(self.out), what))
        check_directory(self.out, overwrite=overwrite)
        inputs = [*self.tune, *self.data, self.taxonomy]
        inputs += [] if self.map_file is None else [self.map_file]
        check_output(self.json_output, JSON, inputs)
        if self.review is not None:
            check_rows_place(self.review)
            written = [] if self.json_output is None else [self.json_output]
            check_output(self.review, (), [*inputs, *written])


def migrate_model(
    request: Request,
    how: TaxonomyChoice,
    *,
    document_vectors: Path | None,
    settings: Sequence[str],
    everything: bool,
    overwrite: bool,
) -> None:
    """Take a model to the new edition, tune it, list documents, and say what was done.

    everything: print all guesses, not some of them.
    """
    request.check(overwrite=overwrite)
    mapping = None if request.map_file is None else read_mapping(request.map_file)
    taxonomy = read_edition(request.taxonomy, how)
    _, knobs = open_bundle(request.model, settings)
    done = migrate(request.model, taxonomy, mapping, least=request.certainty)
    bundle, report = done.bundle, done.report
    if request.tune:
        with reading(knobs) as log:
            bundle = tune(bundle, request.tune, knobs, document_vectors=document_vectors, log=log)
        report = report.with_tuning(bundle.report)
    notes: tuple[str, ...] = ()
    if request.review is not None:
        with reading(knobs) as log:
            notes = list_documents(request.data, done.mapper, request.review, knobs, log=log)
    save_bundle(bundle, request.out)
    write_json(request.json_output, report.to_dict() | {"documents": list(notes)})
    console = Console()
    console.print_line(f"{request.model}: {describe(done.mapper.diff.old)}")
    console.print_line(f"{request.out}: {describe(bundle.taxonomy)}")
    for line in [*report.describe(None if everything else SHOWN), *notes]:
        console.print_line(line)
    tell_written(
        say, {"report": request.json_output, "list of documents to look at": request.review}
    )
    say(f"The migrated model is in {request.out}/.")
