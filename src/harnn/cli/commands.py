"""What each command does, in terms of the library."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NamedTuple

from rich.console import Console
from rich.text import Text

from harnn._files import check_replaceable, write_atomically
from harnn.bundle import CHECKPOINTS, export_onnx, marker_of, save_bundle
from harnn.cli.options import DecodingChoice
from harnn.cli.progress import TrainingDisplay
from harnn.cli.render import (
    comparison_line,
    comparison_table,
    frequency_table,
    report_line,
    report_table,
    show_answer,
    strategies_table,
    validation_parts,
)
from harnn.config import Config, DataConfig
from harnn.data import Document, ReadingLog, learn_taxonomy, read_documents
from harnn.errors import ConfigError, Problem
from harnn.explain import write_html
from harnn.metrics import Resampling
from harnn.prediction import Predictor, compare_models
from harnn.sample import sample
from harnn.taxonomy import Taxonomy

if TYPE_CHECKING:
    from harnn.training import FitResult

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
    """What ``harnn train`` reads and writes."""

    taxonomy: Path | None
    labels: Path | None
    train: list[Path]
    valid: list[Path]
    unlabelled: list[Path]
    out: Path


class Speed(NamedTuple):
    """How networks are computed faster."""

    beam: int | None = None
    bfloat16: bool = False


def gather_settings(settings: Sequence[str] | None, **options: str | None) -> list[str]:
    """Turn options that stand for a setting into ``table.key=value``, after the given ones."""
    names = {
        "mode": "model.mode",
        "preset": "model.preset",
        "vectors": "text.vectors",
        "on_error": "data.on_error",
    }
    gathered = list(settings or [])
    return gathered + [f"{names[key]}={value}" for key, value in options.items() if value]


def demo(lang: str, out: Path) -> None:
    """Train on the embedded sample, show the evaluation and three documents."""
    from harnn.network import tune_process
    from harnn.training import fit

    console, errors = Console(), Console(stderr=True)
    files = sample(lang)
    taxonomy = files.load_taxonomy()
    config = Config.from_dict(DEMO_SETTINGS[lang])
    _check_out(out, resume=False, overwrite=_is_demo(out))
    tune_process(config.training.threads)
    with TrainingDisplay(errors, config.training.score) as display:
        result = fit(taxonomy, files.train, files.valid, config, listener=display)
    save_bundle(result, out)
    predictor = Predictor.load(out)
    report = predictor.evaluate(files.test)
    console.print(report_table(report, title=f"Test documents of the sample ({lang}), in percent"))
    console.print(report_line(report), highlight=False, soft_wrap=True)
    documents = list(islice(read_documents([files.test], config.data), _DEMO_ANSWERS))
    for document, answer in zip(documents, predictor.predict(documents), strict=True):
        show_answer(console, taxonomy, document.full_text, answer, document.labels or ())
    console.print(f'The model is in {out}/. Try: harnn predict {out} --text "..."', markup=False)


def find_taxonomy(path: Path | None, labels: Path | None) -> Taxonomy | None:
    """Read the taxonomy where one is given."""
    return Taxonomy.from_file(path, labels=labels) if path is not None else None


def validate(
    data: list[Path],
    test: list[Path],
    *,
    taxonomy: Taxonomy | None,
    config: Config,
    json_output: Path | None,
) -> bool:
    """Print what is wrong and what there is; say whether nothing must be mended."""
    from harnn.training import validate

    found = validate(data, taxonomy, config, test_paths=test)
    console = Console()
    if taxonomy is not None:
        console.print(_describe(taxonomy), markup=False, highlight=False, soft_wrap=True)
    for part in validation_parts(found):
        console.print(part, highlight=False, soft_wrap=isinstance(part, Text))
    _write_json(json_output, found.to_dict())
    return found.ok


def learn(data: list[Path], output: Path, sizes: Sequence[str]) -> None:
    """Learn a taxonomy from index records and write it."""
    given = {}
    for size in sizes:
        level, equals, number = size.partition("=")
        if not (equals and level and number.isdecimal()):
            raise ConfigError(
                Problem("--size", f"got {size!r}, expected LEVEL=NUMBER,", "as subgroup=8364.")
            )
        given[level] = int(number)
    learned = learn_taxonomy(data, sizes=given or None)
    with write_atomically(output) as file:
        file.write(learned.taxonomy.to_json())
    errors = Console(stderr=True)
    errors.print(_describe(learned.taxonomy), markup=False, highlight=False, soft_wrap=True)
    errors.print(
        f"{learned.documents:,} records tell the parents of {learned.learned:,} labels; "
        f"{learned.undetermined:,} have several possible parents, {learned.contradicted:,} none "
        f"that fits all records, and {learned.unseen:,} stand in no record: they have no edge.",
        markup=False,
        highlight=False,
        soft_wrap=True,
    )


def train(
    files: TrainingFiles,
    *,
    config: Path | None,
    settings: Sequence[str],
    cache: Path | None = None,
    resume: bool,
    overwrite: bool,
) -> FitResult:
    """Train and write the model directory."""
    from harnn.network import tune_process
    from harnn.training import fit

    errors = Console(stderr=True)
    knobs = Config.read(config, settings)
    _check_out(files.out, resume=resume, overwrite=overwrite)
    taxonomy = find_taxonomy(files.taxonomy, files.labels)
    if taxonomy is None:
        taxonomy = learn_taxonomy([*files.train, *files.valid], config=knobs.data).taxonomy
    errors.print(_describe(taxonomy), markup=False, highlight=False, soft_wrap=True)
    tune_process(knobs.training.threads)
    with TrainingDisplay(errors, knobs.training.score) as display:
        result = fit(
            taxonomy,
            files.train,
            files.valid,
            knobs,
            unlabelled=files.unlabelled,
            checkpoint_directory=files.out / CHECKPOINTS,
            resume=resume,
            cache=cache,
            listener=display,
        )
    save_bundle(result, files.out)
    console = Console()
    console.print(report_table(result.report, title="Validation, in percent"))
    console.print(report_line(result.report), highlight=False, soft_wrap=True)
    console.print(f"The model is in {files.out}/.", markup=False, highlight=False, soft_wrap=True)
    return result


def evaluate(
    model: Path,
    data: list[Path],
    *,
    json_output: Path | None,
    options: DecodingChoice,
    settings: Sequence[str],
    speed: Speed | None = None,
) -> None:
    """Evaluate on labelled documents."""
    predictor, knobs = _open_model(model, settings, speed)
    read = ReadingLog()
    started = time.perf_counter()
    report = predictor.evaluate(data, data=knobs, log=read, **options)
    seconds = time.perf_counter() - started
    console = Console()
    console.print(report_table(report, title=f"{', '.join(map(str, data))}, in percent"))
    if (buckets := frequency_table(report)) is not None:
        console.print(buckets)
    console.print(report_line(report), highlight=False, soft_wrap=True)
    console.print(f"{report.documents / seconds:,.0f} documents/s", highlight=False)
    _list_skipped(read)
    _write_json(json_output, report.to_dict())


def compare(
    models: tuple[Path, Path],
    data: list[Path],
    *,
    json_output: Path | None,
    resampling: Resampling,
    settings: Sequence[str],
) -> None:
    """Compare two models on labelled documents."""
    (first, first_knobs), (second, second_knobs) = (_open_model(x, settings) for x in models)
    read = ReadingLog()
    comparison = compare_models(
        first,
        second,
        data,
        data=(first_knobs, second_knobs),
        resampling=resampling,
        log=read,
    )
    console = Console()
    for name, model in zip("AB", models, strict=True):
        console.print(f"{name}: {model}", markup=False, highlight=False, soft_wrap=True)
    console.print(comparison_table(comparison))
    console.print(comparison_line(comparison), highlight=False, soft_wrap=True)
    _list_skipped(read)
    named = {"first": str(models[0]), "second": str(models[1])}
    _write_json(json_output, named | comparison.to_dict())


def evaluate_strategies(
    model: Path,
    data: list[Path],
    *,
    json_output: Path | None,
    options: DecodingChoice,
    settings: Sequence[str],
    speed: Speed | None = None,
) -> None:
    """Show all strategies of the model side by side on labelled documents."""
    predictor, knobs = _open_model(model, settings, speed)
    read = ReadingLog()
    reports = predictor.evaluate_strategies(data, data=knobs, log=read, **options)
    title = f"{', '.join(map(str, data))}, in percent"
    Console().print(strategies_table(reports, title=title))
    _list_skipped(read)
    _write_json(json_output, {"strategies": [report.to_dict() for report in reports]})


def predict(
    model: Path,
    data: list[Path],
    texts: list[str],
    *,
    output: Path | None,
    options: DecodingChoice,
    settings: Sequence[str],
    speed: Speed | None = None,
) -> None:
    """Write one JSON object a document."""
    if bool(data) == bool(texts):
        raise ConfigError(
            "expected documents: give either --data or --text (--data - reads standard input)."
        )
    predictor, knobs = _open_model(model, settings, speed)
    read = ReadingLog()
    documents = read_documents(data, knobs, log=read) if data else iter(_documents(texts))
    answers = predictor.predict_stream(documents, **options)
    with _open_output(output) as file:
        for answer in answers:
            file.write(json.dumps(answer.to_dict(), ensure_ascii=False) + "\n")
            if output is None:
                file.flush()
    _list_skipped(read)


def explain(
    model: Path, data: list[Path], output: Path, *, options: DecodingChoice, settings: Sequence[str]
) -> None:
    """Write a page or JSON lines of explanations."""
    predictor, knobs = _open_model(model, settings)
    read = ReadingLog()
    true: dict[str, tuple[str, ...]] = {}

    def documents() -> Iterator[Document]:
        for document in read_documents(data, knobs, log=read):
            if document.labels is not None:
                known = [label for label in document.labels if label in predictor.taxonomy.index]
                columns = predictor.taxonomy.close_upward(predictor.taxonomy.columns(known))
                true[document.id] = tuple(predictor.taxonomy.codes[c] for c in columns)
            yield document

    explanations = (predictor.explain(document, **options) for document in documents())
    if output.suffix == ".jsonl":
        with write_atomically(output) as file:
            for explanation in explanations:
                file.write(json.dumps(explanation.to_dict(), ensure_ascii=False) + "\n")
    else:
        write_html(
            explanations,
            output,
            title=f"{model.name}: {', '.join(p.name for p in data)}",
            true_labels=true,
            taxonomy=predictor.taxonomy,
        )
    _list_skipped(read)


def export(model: Path, output: Path, *, int8: bool, overwrite: bool) -> None:
    """Write the model for prediction without PyTorch."""
    _check_out(output, resume=False, overwrite=overwrite)
    export_onnx(model, output, int8=int8)
    before, after = (
        sum(path.stat().st_size for path in home.iterdir() if path.is_file()) / 1e6
        for home in (model, output)
    )
    Console().print(
        f"The exported model is in {output}/: {after:,.1f} MB ({model}/ has {before:,.1f} MB). "
        "harnn predict and harnn evaluate read it without PyTorch.",
        markup=False,
        highlight=False,
        soft_wrap=True,
    )


def _open_model(
    model: Path, settings: Sequence[str], speed: Speed | None = None
) -> tuple[Predictor, DataConfig]:
    speed = speed or Speed()
    predictor = Predictor.load(model, beam=speed.beam, bfloat16=speed.bfloat16)
    predictor.tune_process()
    tables = predictor.bundle.config.to_dict()
    changed = Config.read(None, settings).to_dict() if settings else {}
    for setting in settings:
        section, _, key = setting.partition("=")[0].strip().partition(".")
        if section != "data":
            raise ConfigError(
                Problem("--set", f"got {setting!r}; a trained model takes settings of [data] only.")
            )
        tables["data"][key] = changed["data"][key]
    return predictor, Config.from_dict({"data": tables["data"]}).data


def _describe(taxonomy: Taxonomy) -> str:
    sizes = " / ".join(f"{size:,}" for size in taxonomy.hierarchy.level_sizes)
    summary = taxonomy.summary()
    shape = "a tree" if summary.is_tree else "a DAG"
    return (
        f"taxonomy: {len(taxonomy):,} labels on {taxonomy.depth} levels "
        f"({sizes}), {len(taxonomy.edges):,} edges, {shape}"
    )


def _check_out(out: Path, *, resume: bool, overwrite: bool) -> None:
    if overwrite:
        check_replaceable(out, marker_of(out))
    if not out.exists() or resume or overwrite:
        return
    if not out.is_dir() or any(out.iterdir()):
        stopped = (out / CHECKPOINTS).is_dir() if out.is_dir() else False
        advice = (
            "Go on with --resume, or start again with --overwrite."
            if stopped
            else "Choose another --out, or replace it with --overwrite."
        )
        raise ConfigError(Problem(str(out), "exists already.", advice))


def _is_demo(out: Path) -> bool:
    return out.name.startswith("harnn-demo") and (out / "model.safetensors").exists()


def _documents(texts: list[str]) -> list[Document]:
    return [
        Document(str(number), {"text": text}, None, f"--text {number}")
        for number, text in enumerate(texts, start=1)
    ]


@contextmanager
def _open_output(output: Path | None) -> Iterator[IO[str]]:
    if output is None:
        yield sys.stdout
        return
    with write_atomically(output) as file:
        yield file


def _write_json(path: Path | None, value: dict[str, Any]) -> None:
    if path is not None:
        with write_atomically(path) as file:
            json.dump(value, file, ensure_ascii=False, indent=1)


def _list_skipped(log: ReadingLog) -> None:
    if not log.skipped:
        return
    errors = Console(stderr=True)
    noun = "record" if log.skipped == 1 else "records"
    errors.print(f"{log.skipped:,} {noun} skipped:", highlight=False)
    for problem in log.problems:
        errors.print(f"  {problem}", markup=False, highlight=False, soft_wrap=True)
