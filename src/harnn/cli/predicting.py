"""``harnn predict`` and ``harnn explain``: answers for documents, as they come."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import harnn
from harnn._display import counted, json_text
from harnn._files import write_atomically
from harnn._places import is_special
from harnn.bundle import fingerprint
from harnn.cli.answer_bar import AnswerBar, answer_bar, count_documents
from harnn.cli.answer_files import AnswerFile, open_answers
from harnn.cli.decoding import settle_decoding
from harnn.cli.files import (
    ANSWERS,
    EXPLANATIONS,
    SCORES,
    check_inputs,
    check_output,
    tell_written,
)
from harnn.cli.models import Speed, open_model
from harnn.cli.options import DecodingChoice
from harnn.cli.problems import reading
from harnn.cli.screen import Console, say
from harnn.config import DataConfig
from harnn.data import Document, ReadingLog, read_documents
from harnn.data.label_checker import LabelChecker
from harnn.data.reading import find_fixes
from harnn.decode import DecodeOptions, open_score_file, plain_options
from harnn.errors import ConfigError
from harnn.explain import Explanation
from harnn.prediction import Examples, Predictor
from harnn.prediction.answer_tables import check_table
from harnn.prediction.predictor import blocks_of, documents_at_once
from harnn.prediction.reranking import Reranking
from harnn.prediction.workers import AnsweredBlock, Workers, answer_block

if TYPE_CHECKING:
    from harnn.prediction.filing import Filer
    from harnn.prediction.rerank_endpoint import RerankEndpoint

_KEY = "HARNN_RERANK_KEY"


class Ask(Protocol):
    """Answers blocks of documents, with the scores of all labels where they are wanted."""

    def __call__(
        self, blocks: Iterable[Sequence[Document]], *, scores: bool
    ) -> Iterator[AnsweredBlock]: ...


@dataclass(frozen=True, slots=True)
class Texts:
    """What is to be answered: documents of files, or texts of the command line."""

    data: list[Path]
    texts: list[str]

    def check(self) -> None:
        """Raises:
        InputError: there is nothing, or both, or standard input cannot be read like that.
        """
        if bool(self.data) == bool(self.texts):
            raise ConfigError(
                "expected documents: give either --data or --text (--data - reads standard input)."
            )
        check_inputs(self.data)

    def read(self, knobs: DataConfig, log: ReadingLog) -> Iterator[Document]:
        """Yield documents, whatever stands in their labels."""
        if self.data:
            return read_documents(self.data, knobs, log=log, labelled=False)
        return (
            Document(str(number), {"text": text}, None, f"--text {number}")
            for number, text in enumerate(self.texts, start=1)
        )

    def count(self) -> int | None:
        """Return how many documents there are, where that is known."""
        return count_documents(self.data) if self.data else len(self.texts)


@dataclass(frozen=True, slots=True)
class Place:
    """Where answers go."""

    output: Path | None
    """None: standard output."""
    resume: bool
    """Whether to go on with what a stopped command kept."""
    scores: Path | None = None
    """Where the scores of all labels go; None: nowhere."""

    @property
    def is_stream(self) -> bool:
        """Whether answers cannot be taken back once they are written."""
        return self.output is None or is_special(self.output)

    def check(self, inputs: Sequence[Path]) -> None:
        """Raises:
        InputError: it cannot be written, or there can be nothing to go on with.
        """
        check_output(self.output, ANSWERS, inputs)
        check_output(self.scores, SCORES, inputs)
        if self.scores is not None and self.resume:
            what = (
                "--scores and --resume exclude each other: scores of answers kept before are gone."
            )
            raise ConfigError(what)
        if self.resume and self.is_stream:
            what = "--resume needs a file of answers to go on with; give it with --output."
            raise ConfigError(what)


@dataclass(frozen=True, slots=True)
class Reranker:
    """What the command line says of an endpoint that judges labels."""

    url: str | None = None
    """None: nobody is asked."""
    model: str = ""
    top: int = 10

    def open(self, *, workers: int, acceptance: Path | None) -> RerankEndpoint | None:
        """Return the endpoint; None where nobody is asked.

        Raises:
            ConfigError: texts cannot be sent to it, or it excludes another option.
        """
        if self.url is None:
            return None
        if workers > 1 or acceptance is not None:
            other = "--workers" if workers > 1 else "--acceptance"
            why = (
                "documents are sent one after another"
                if workers > 1
                else "its promise is for the model's own scores"
            )
            raise ConfigError(f"--rerank and {other} exclude each other: {why}.")
        from harnn.prediction.rerank_endpoint import RerankEndpoint  # what few answers need

        return RerankEndpoint(self.url, self.model, os.environ.get(_KEY, ""))


def predict(
    model: Path,
    given: Texts,
    place: Place,
    *,
    options: DecodingChoice,
    settings: Sequence[str],
    speed: Speed | None = None,
    workers: int = 1,
    acceptance: Path | None = None,
    reranker: Reranker | None = None,
) -> None:
    """Write the answer for each document; workers: processes that make them; acceptance: by which
    they are filed; reranker: who judges labels once more.

    Raises:
        WorkerError: one of them was killed.
        InputError: what is given cannot be used; most of it is checked before any work is done.
    """
    given.check()
    place.check(given.data)
    output, reranker = place.output, reranker or Reranker()
    endpoint = reranker.open(workers=workers, acceptance=acceptance)
    rerank = None if endpoint is None else Reranking(endpoint, reranker.top)
    speed = speed or Speed()
    predictor, knobs = open_model(model, settings, speed)
    chosen = settle_decoding(options, predictor.bundle)
    asked = plain_options(chosen) | {"beam": speed.beam}
    filer = None if acceptance is None else _open_filer(acceptance, model, predictor, asked)
    shows = output is not None or not sys.stdout.isatty()  # else the answers are what is seen
    with (
        reading(knobs) as log,
        answer_bar(Console(stderr=True), given.count, shown=shows) as bar,
        _telling_cost(endpoint),
        _answering(model, predictor, chosen, speed, workers, rerank) as answer,
        _keeping(answer, predictor, place.scores, filer) as ask,
    ):
        documents = given.read(knobs, log)
        if output is None or place.is_stream:
            found = ask(blocks_of(documents, len(predictor.taxonomy)))
            _write_stream(bar.counting(x for block in found for x in _plain(block, filer)), output)
            answered = None
        else:
            separator = knobs.label_separator or DataConfig.label_separator
            check_table(output, predictor.taxonomy.codes, separator)
            made_by = _made_by(model, knobs, chosen, speed)
            made_by |= {} if filer is None else {"acceptance": filer.digest()}
            made_by |= {} if endpoint is None else {"rerank": asdict(reranker)}
            size = documents_at_once(len(predictor.taxonomy))
            with open_answers(output, made_by, block=size, resume=place.resume) as file:
                _fill(file, ask, documents, bar, filer)
                file.finish(separator, () if filer is None else filer.columns)
            answered = file.documents
    if answered is not None:
        say(f"{counted(answered, 'document')} answered.")
    tell_written(say, {"answers": output, "scores of all labels": place.scores})


def explain(
    model: Path,
    data: list[Path],
    output: Path,
    *,
    options: DecodingChoice,
    settings: Sequence[str],
    speed: Speed | None = None,
    examples: Sequence[Path] = (),
) -> None:
    """Write a page or JSON lines of explanations; examples: labelled documents to point at.

    Raises:
        InputError: what is given cannot be used.
    """
    given = Texts(data, [])
    check_inputs([*data, *examples])
    check_output(output, EXPLANATIONS, [*data, *examples])
    predictor, knobs = open_model(model, settings, speed)
    chosen = settle_decoding(options, predictor.bundle)
    shown = _examples(predictor, examples, knobs)
    true: dict[str, tuple[str, ...]] = {}
    with reading(knobs) as log, answer_bar(Console(stderr=True), given.count) as bar:
        documents = _with_true_labels(data, knobs, log, predictor, true)
        explanations = bar.counting(
            predictor.explain(x, examples=shown, **chosen) for x in documents
        )
        if output.suffix.lower() == ".html":
            from harnn.explain import write_html

            title = f"{model.name}: {', '.join(path.name for path in data)}"
            write_html(
                explanations, output, title=title, true_labels=true, taxonomy=predictor.taxonomy
            )
        else:
            _write_lines(explanations, output)
    say(f"{counted(bar.done, 'document')} explained.")
    tell_written(say, {"explanations": output})


def _examples(predictor: Predictor, paths: Sequence[Path], knobs: DataConfig) -> Examples | None:
    if not paths:
        return None
    with reading(knobs, predictor.bundle) as log:
        return predictor.read_examples(paths, data=knobs, log=log)


def _with_true_labels(
    data: list[Path],
    knobs: DataConfig,
    log: ReadingLog,
    predictor: Predictor,
    true: dict[str, tuple[str, ...]],
) -> Iterator[Document]:
    """Yield documents, and put the labels of those that have some into *true* by their ids."""
    taxonomy = predictor.taxonomy
    checker = LabelChecker(taxonomy, knobs.labels_by)
    fixes = find_fixes(knobs, checker)
    for document in read_documents(data, knobs, log=log):
        if fixes is not None:
            document = fixes.apply(document, log)
        if document.labels is not None:
            columns = checker.close(checker.resolve(document, log))
            true[document.id] = tuple(taxonomy.codes[column] for column in columns)
        yield document


def _write_lines(explanations: Iterable[Explanation], output: Path) -> None:
    with write_atomically(output) as file:
        file.writelines(f"{json_text(each.to_dict())}\n" for each in explanations)


def _open_filer(
    acceptance: Path, model: Path, predictor: Predictor, asked: Mapping[str, Any]
) -> Filer:
    from harnn.prediction.filing import Filer  # what few answers need

    return Filer.open(acceptance, model, predictor, asked)


def _plain(block: AnsweredBlock, filer: Filer | None) -> Iterator[dict[str, Any]]:
    """Yield the answers of a block as plain values, filed where there is a filer."""
    if filer is not None:
        return filer.file(block)
    return (answer.to_dict() for answer in block.answers)


def _write_stream(answers: Iterable[Mapping[str, Any]], output: Path | None) -> None:
    """Write answers where they cannot be taken back, as soon as each is there."""
    if output is not None:
        with write_atomically(output) as file:
            file.writelines(f"{json_text(answer)}\n" for answer in answers)
        return
    ascii_only = not (sys.stdout.encoding or "").lower().replace("-", "").startswith("utf")
    for answer in answers:
        sys.stdout.write(f"{json_text(answer, ascii_only=ascii_only)}\n")
        sys.stdout.flush()


@contextmanager
def _answering(
    model: Path,
    predictor: Predictor,
    chosen: DecodeOptions,
    speed: Speed,
    workers: int,
    rerank: Reranking | None,
) -> Iterator[Ask]:
    """Return what answers blocks of documents: this process, or several."""
    if workers > 1:
        given = speed._asdict()
        with Workers(model, workers, bundle=predictor.bundle, **given) as processes:
            yield lambda blocks, *, scores: processes.answer(blocks, scores=scores, **chosen)
        return

    def answer(blocks: Iterable[Sequence[Document]], *, scores: bool) -> Iterator[AnsweredBlock]:
        for block in blocks:
            yield answer_block(predictor, block, chosen, scores=scores, rerank=rerank)

    yield answer


@contextmanager
def _telling_cost(endpoint: RerankEndpoint | None) -> Iterator[None]:
    """Say where texts are sent, and at the end what it has cost."""
    if endpoint is None:
        yield
        return
    say(f"The text of each document is sent to {endpoint.host}, to judge its labels.")
    try:
        yield
    finally:
        say(endpoint.cost.describe())


@contextmanager
def _keeping(
    answer: Ask, predictor: Predictor, scores: Path | None, filer: Filer | None
) -> Iterator[Callable[[Iterable[Sequence[Document]]], Iterator[AnsweredBlock]]]:
    """Return what answers blocks, and keeps their scores where a place for them is given."""
    if scores is None:
        yield lambda blocks: answer(blocks, scores=filer is not None and filer.needs_scores)
        return
    with open_score_file(scores, predictor.taxonomy.codes) as file:

        def ask(blocks: Iterable[Sequence[Document]]) -> Iterator[AnsweredBlock]:
            for block in answer(blocks, scores=True):
                assert block.scores is not None
                file.add(block.scores)
                yield block

        yield ask


def _fill(
    file: AnswerFile,
    ask: Callable[[Iterable[Sequence[Document]]], Iterator[AnsweredBlock]],
    documents: Iterator[Document],
    bar: AnswerBar,
    filer: Filer | None,
) -> None:
    """Answer what has no answer yet; whatever ends it early, say what is kept."""
    try:
        rest = file.skip_answered(documents)
        bar.start_at(file.documents)
        if file.documents:
            say(f"Going on after {file.documents:,} documents.")
        if file.dropped:
            say(f"{file.dropped:,} kept answers are made again: their documents changed.")
        for block in ask(iter(lambda: list(islice(rest, file.block)), [])):
            file.add(block.documents, list(_plain(block, filer)))
            bar.advance(len(block.documents))
    except BaseException:
        bar.stop()
        if file.documents:
            kept = f"The answers for {file.documents:,} documents are kept in {file.part}"
            say(f"{kept}; repeat the command with --resume to go on.")
        file.remove_if_empty()
        raise


def _made_by(
    model: Path, knobs: DataConfig, options: DecodeOptions, speed: Speed
) -> dict[str, Any]:
    """Return what answers depend on beside their documents."""
    reading = asdict(knobs)
    del reading["on_error"]  # it decides which documents are answered, not how
    return {
        "harnn": harnn.__version__,
        "model": fingerprint(model),
        "decoding": plain_options(options),
        "reading": reading,
        "speed": speed._asdict(),
    }
