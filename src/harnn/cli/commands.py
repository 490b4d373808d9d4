"""What each command does, in terms of the library."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.text import Text

from harnn._optional import TORCH, command_for, is_installed
from harnn.bundle import CHECKPOINTS, save_bundle
from harnn.bundle.provenance import check_names
from harnn.cli.decoding import settle_decoding
from harnn.cli.files import (
    JSON,
    check_directory,
    check_inputs,
    check_output,
    tell_written,
    write_json,
)
from harnn.cli.going_on import GoingOn
from harnn.cli.label_care import check_suggestions, write_label_suggestions
from harnn.cli.models import Speed, open_model, say_seen
from harnn.cli.options import DecodingChoice
from harnn.cli.problems import reading
from harnn.cli.progress import training_display
from harnn.cli.render import (
    frequency_table,
    report_line,
    report_table,
    show_answer,
    strategies_table,
    validation_parts,
)
from harnn.cli.screen import Console
from harnn.cli.taxonomies import TaxonomyChoice, describe, find_taxonomy
from harnn.cli.tracking import prepare_tracking, tracked
from harnn.cli.training_crew import Crew
from harnn.cli.training_place import training_place
from harnn.config import Config
from harnn.data import Documents, learn_taxonomy, read_documents
from harnn.evaluation.paper_tables import SUFFIXES, write_paper_tables
from harnn.evaluation.tabulating import table_of_report, table_of_strategies
from harnn.prediction import Predictor, SeenDocuments
from harnn.sample import sample
from harnn.taxonomy import Taxonomy

if TYPE_CHECKING:
    from harnn.training import FitResult, Ranks

_DEMO_MODEL = {"dropout": 0.2, "embedding_dropout": 0.1}
DEMO_SETTINGS: dict[str, dict[str, dict[str, Any]]] = {
    "en": {
        "text": {"min_count": 1, "vectors_epochs": 40},
        "model": _DEMO_MODEL,
        "training": {"learning_rate": 5e-3, "patience": 40},
    },
    "zh": {
        "text": {"segmenter": "jieba", "vectors_epochs": 40},
        "model": _DEMO_MODEL,
        "training": {"learning_rate": 5e-3, "batch_size": 8, "epochs": 60, "patience": 60},
    },
}
"""For a few hundred documents and fewer: longer training of word vectors, more and larger steps."""
_DEMO_ANSWERS = 3


@dataclass(frozen=True, slots=True)
class TrainingFiles:
    """What ``harnn train`` reads and writes.

    Raises:
        DocumentError: standard input is among the documents, which are read twice.
        ConfigError: a name or version that no model can have.
    """

    taxonomy: TaxonomyChoice
    train: list[Path]
    valid: list[Path] | float
    """Files, or the share of the training documents that is held out."""
    unlabelled: list[Path]
    out: Path
    name: str = ""
    version: str = ""
    """Of the model, for its record."""

    def __post_init__(self) -> None:
        check_inputs([*self.labelled, *self.unlabelled], passes=2)
        check_names(self.name, self.version)

    @property
    def labelled(self) -> list[Path]:
        """The files that are trained and validated on."""
        return self.train if isinstance(self.valid, float) else [*self.train, *self.valid]


def demo(lang: str, out: Path) -> None:
    """Train on the embedded sample, show the evaluation and three documents."""
    from harnn.training import fit
    from harnn.training.process import tune_training

    console, errors = Console(), Console(stderr=True)
    files = sample(lang)
    taxonomy = files.load_taxonomy()
    config = demo_settings(lang)
    check_directory(out, overwrite=_is_demo(out))
    if config.model.preset == "fast":
        errors.print_line(
            f"PyTorch is not installed, so the demo has no network (preset fast); to have one: "
            f"{command_for(TORCH)}"
        )
    tune_training(config)
    with training_display(errors, config.training.score) as display:
        result = fit(taxonomy, files.train, files.valid, config, listener=display)
    save_bundle(result, out)
    predictor = Predictor.load(out)
    report = predictor.evaluate(files.test)
    console.print(report_table(report, title=f"Test documents of the sample ({lang}), in percent"))
    console.print_line(report_line(report))
    documents = list(islice(read_documents([files.test], config.data), _DEMO_ANSWERS))
    for document, answer in zip(documents, predictor.predict(documents), strict=True):
        show_answer(console, taxonomy, document.full_text, answer, document.labels or ())
    console.print_line(f'The model is in {out}/. Try: harnn predict {out} --text "..."')


def demo_settings(lang: str) -> Config:
    """Return the settings of the demo; without PyTorch those of preset ``fast``."""
    tables = DEMO_SETTINGS[lang]
    if is_installed("torch"):
        return Config.from_dict(tables)
    return Config.from_dict({"text": tables["text"], "model": {"preset": "fast"}})


def validate(
    data: list[Path],
    test: list[Path],
    *,
    taxonomy: TaxonomyChoice,
    config: Config,
    json_output: Path | None,
    suggest: Path | None = None,
) -> bool:
    """Print what is wrong and what there is; say whether nothing must be mended.

    suggest: a table to write, of unknown labels and what may be meant by them.

    Raises:
        InputError: what is given cannot be used.
    """
    from harnn.training import validate

    check_inputs([*data, *test], passes=1 if suggest is None else 2)
    check_suggestions(suggest, [*data, *test], taxonomy.path)
    check_output(json_output, JSON, [*data, *test])
    known = find_taxonomy(taxonomy)
    found = validate(data, known, config, test_paths=test)
    write_json(json_output, found.to_dict())
    suggested = None
    if suggest is not None and known is not None:
        suggested = write_label_suggestions([*data, *test], known, config.data, suggest)
    console = Console()
    for part in validation_parts(found, describe(known) if known is not None else ""):
        console.print(part, soft_wrap=isinstance(part, Text))
    if suggested is not None:
        console.print_line(suggested)
    tell_written(console.print_line, {"report": json_output, "table of suggestions": suggest})
    return found.ok


def train(
    files: TrainingFiles,
    *,
    config: Path | None,
    settings: Sequence[str],
    cache: Path | None = None,
    track: Sequence[str] = (),
    resume: bool,
    overwrite: bool,
    going_on: GoingOn,
    crew: Crew,
) -> FitResult | None:
    """Train and write the model directory; None where it holds the finished model already.

    Also None in a process that torchrun has started beside the one that does this.
    """
    from harnn.training import follow

    with crew.ranks() as ranks:
        if not ranks.leads:  # nothing is read here
            follow(ranks)
            return None
        knobs = Config.read(config, settings)
        return _train(files, knobs, cache, track, ranks, crew.address, resume, overwrite, going_on)


def _train(
    files: TrainingFiles,
    knobs: Config,
    cache: Path | None,
    track: Sequence[str],
    ranks: Ranks,
    address: str | None,
    resume: bool,
    overwrite: bool,
    going_on: GoingOn,
) -> FitResult | None:
    from harnn.training import OldModel, check_before, fit, holds_finished, settle_start
    from harnn.training.process import tune_training

    console, errors = Console(), Console(stderr=True)
    going_on.check(files.train, [*files.labelled, *files.unlabelled])
    old = None if going_on.init is None else OldModel.open(going_on.init)
    given_taxonomy = None if old is None else find_taxonomy(files.taxonomy)
    if old is not None:
        _, knobs = settle_start(old, given_taxonomy, knobs, files.unlabelled)
    corrections: Documents = [] if going_on.is_database else going_on.files
    check_before(
        knobs,
        [files.labelled, corrections],
        unlabelled=files.unlabelled,
        places=[files.out],
        goes_on=old is not None,
        ranks=ranks,
        on_ray=address is not None,
    )
    tracking = prepare_tracking(
        track, errors, name=files.out.absolute().name, model=files.out, resume=resume, keeps=True
    )
    with training_place(files.out, errors):
        check_directory(files.out, resume=resume, overwrite=overwrite)
        taxonomy = taxonomy_of(files, knobs) if old is None else old.taxonomy(given_taxonomy)
        errors.print_line(describe(taxonomy))
        given = (taxonomy, files.train, files.valid)
        corrections = going_on.read(taxonomy, errors)
        hint = "Choose another --out, or replace it with --overwrite."
        if resume and holds_finished(
            files.out,
            *given,
            knobs,
            unlabelled=files.unlabelled,
            init=old,
            corrections=corrections,
            overwrite=overwrite,
            hint=hint,
        ):
            errors.print_line(
                f"{files.out}/ holds the finished model of these settings and documents: nothing "
                "is left to do. With --overwrite and without --resume it is trained again."
            )
            console.print_line(f"The model is in {files.out}/.")
            return None
        tune_training(knobs)
        with (
            training_display(errors, knobs.training.score) as display,
            tracked(tracking, errors),
        ):
            result = fit(
                *given,
                knobs,
                unlabelled=files.unlabelled,
                checkpoint_directory=files.out / CHECKPOINTS,
                resume=resume,
                overwrite=overwrite,
                cache=cache,
                listener=(display, tracking),
                init=old,
                corrections=corrections,
                ranks=ranks,
                address=address,
            )
            save_bundle(result, files.out, name=files.name, version=files.version)
            tracking.keep(files.out)
    console.print(report_table(result.report, title="Validation, in percent"))
    console.print_line(report_line(result.report))
    going_on.show(result, console)
    console.print_line(f"The model is in {files.out}/.")
    return result


def taxonomy_of(files: TrainingFiles, knobs: Config) -> Taxonomy:
    """Read the taxonomy, or learn it from the documents where none is given."""
    given = find_taxonomy(files.taxonomy)
    if given is not None:
        return given
    return learn_taxonomy(files.labelled, config=knobs.data).taxonomy


def evaluate(
    model: Path,
    data: list[Path],
    *,
    json_output: Path | None,
    table: Path | None = None,
    options: DecodingChoice,
    settings: Sequence[str],
    speed: Speed | None = None,
) -> None:
    """Evaluate on labelled documents."""
    check_inputs(data)
    check_output(json_output, JSON, data)
    check_output(table, SUFFIXES, data)
    predictor, knobs = open_model(model, settings, speed)
    chosen = settle_decoding(options, predictor.bundle)
    started = time.perf_counter()
    with reading(knobs, predictor.bundle) as log:
        known = SeenDocuments(predictor.bundle)
        report = predictor.evaluate(data, data=knobs, log=log, known=known, **chosen)
    seconds = time.perf_counter() - started
    write_json(json_output, report.to_dict())
    where = ", ".join(map(str, data))
    if table is not None:
        write_paper_tables(table, [table_of_report(report, name=_named(model, data))])
    console = Console()
    console.print(report_table(report, title=f"{where}, in percent"))
    if (buckets := frequency_table(report)) is not None:
        console.print(buckets)
    console.print_line(report_line(report))
    console.print_line(f"{report.documents / seconds:,.0f} documents/s")
    say_seen(known, report.documents)
    tell_written(console.print_line, {"report": json_output, "table": table})


def _named(model: Path, data: Sequence[Path]) -> str:
    """Say which model on which documents a table for a paper tells of."""
    return f"{model.absolute().name} on {', '.join(path.name for path in data)}"


def evaluate_strategies(
    model: Path,
    data: list[Path],
    *,
    json_output: Path | None,
    table: Path | None = None,
    options: DecodingChoice,
    settings: Sequence[str],
    speed: Speed | None = None,
) -> None:
    """Show all strategies of the model side by side on labelled documents."""
    check_inputs(data)
    check_output(json_output, JSON, data)
    check_output(table, SUFFIXES, data)
    predictor, knobs = open_model(model, settings, speed)
    chosen = settle_decoding(options, predictor.bundle)
    known = SeenDocuments(predictor.bundle)
    with reading(knobs, predictor.bundle) as log:
        reports = predictor.evaluate_strategies(data, data=knobs, log=log, known=known, **chosen)
    write_json(json_output, {"strategies": [report.to_dict() for report in reports]})
    if table is not None:
        write_paper_tables(table, [table_of_strategies(reports, name=_named(model, data))])
    console = Console()
    title = f"{', '.join(map(str, data))}, in percent"
    console.print(strategies_table(reports, title=title))
    say_seen(known, log.read)
    tell_written(console.print_line, {"report": json_output, "table": table})


def _is_demo(out: Path) -> bool:
    return out.name.startswith("harnn-demo") and (out / "model.safetensors").exists()
