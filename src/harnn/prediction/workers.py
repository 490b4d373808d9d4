"""Several processes of this machine that answer blocks of documents, in their order.

Each loads the model itself, and has its share of the threads. Answers are those of one process
with as many threads, to the bit. Nothing but blocks passes between them, one to each at a time.
"""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self, Unpack

from harnn.answers import Prediction
from harnn.bundle import Bundle, load_bundle
from harnn.data import Document
from harnn.decode import DecodeOptions, Scores
from harnn.errors import HarnnError
from harnn.prediction.predictor import Predictor, blocks_of
from harnn.prediction.processes import Process, serve_messages, share_of
from harnn.prediction.reranking import Reranking
from harnn.prediction.settling import settle_options
from harnn.prediction.texts import Texts, as_documents


class AnsweredBlock(NamedTuple):
    """Documents with their answers."""

    documents: Sequence[Document]
    answers: Sequence[Prediction]
    scores: Scores | None
    """Of all labels, as answers show them, where they were asked for."""


class Workers:
    """Processes that answer with one model; to be used in a ``with`` block, which ends them."""

    def __init__(
        self, directory: str | Path, count: int, *, bundle: Bundle | None = None, **options: Any
    ) -> None:
        """directory: of the model; count: processes, from 1 on; options: of :meth:`Predictor.load`.

        bundle: the model, where it is loaded already.

        Raises:
            BundleError: the model cannot be read.
            ValueError: *count* is below 1.
        """
        if count < 1:
            raise ValueError(f"Expected 1 process or more, got {count}.")
        self.bundle = bundle or load_bundle(directory)
        self._directory, self._options = Path(directory).resolve(), options
        self._count = count
        self._processes: list[Process] = []
        self._asked: deque[tuple[Sequence[Document], Process]] = deque()
        """Blocks whose answers are waited for, and from whom."""

    def __enter__(self) -> Self:
        environment = share_of(self._count)
        try:
            for _ in range(self._count):
                process = Process(serve, environment)
                self._processes.append(process)
                process.send((self._directory, self._options))
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end()

    def predict_stream(
        self, texts: Texts, **options: Unpack[DecodeOptions]
    ) -> Iterator[Prediction]:
        """Predict a stream of any length in bounded memory, in its order.

        Raises:
            TypeError, DocumentError, ConfigError, ValueError: see :meth:`Predictor.predict`.
            WorkerError: a process was killed.
        """
        stream = as_documents(texts, self.bundle.config.data)
        for block in self.answer(blocks_of(stream, len(self.bundle.taxonomy)), **options):
            yield from block.answers

    def answer(
        self,
        blocks: Iterable[Sequence[Document]],
        *,
        scores: bool = False,
        **options: Unpack[DecodeOptions],
    ) -> Iterator[AnsweredBlock]:
        """Answer blocks of documents, as many at a time as there are processes, in their order.

        Raises:
            HarnnError: as :meth:`Predictor.predict` does, or a process was killed.
        """
        options = settle_options(options, self.bundle)
        self.bundle.decoder.with_options(**options)  # refuse what is wrong with them at once
        stream, asked = _Stream(iter(blocks)), self._asked
        while asked:  # whoever asked before left early
            with contextlib.suppress(Exception):
                asked.popleft()[1].receive()

        def ask(process: Process) -> None:
            if (block := stream.next()) is None:
                return
            try:
                process.send((block, scores, options))
            except HarnnError as error:  # told when the blocks before are answered
                stream.failure = error
            else:
                asked.append((block, process))

        for process in self._processes:
            ask(process)
        while asked:
            documents, process = asked.popleft()
            answers, of_labels = process.receive()
            ask(process)  # it works on the next ones while these are looked at
            yield AnsweredBlock(documents, answers, of_labels)
        if stream.failure is not None:
            raise stream.failure

    def _end(self) -> None:
        for process in self._processes:
            process.stop()
        for process in self._processes:
            process.end()
        self._processes.clear()


class _Stream:
    """Blocks to be answered; where they cannot be read on, those before are answered first."""

    def __init__(self, blocks: Iterator[Sequence[Document]]) -> None:
        self._blocks = blocks
        self.failure: Exception | None = None

    def next(self) -> Sequence[Document] | None:
        if self.failure is not None:
            return None
        try:
            return next(self._blocks, None)
        except Exception as error:
            self.failure = error
            return None


def serve() -> None:
    """Answer blocks of documents: the work of one process."""
    serve_messages(_begin)


def _begin(message: tuple[Path, dict[str, Any]]) -> Callable[[Any], Any]:
    directory, given = message
    predictor = Predictor.load(directory, **given)
    predictor.tune_process()

    def answer(asked: tuple[Sequence[Document], bool, DecodeOptions]) -> Any:
        documents, with_scores, options = asked
        answered = answer_block(predictor, documents, options, scores=with_scores)
        return answered[1:]  # who asks has the documents

    return answer


def answer_block(
    predictor: Predictor,
    documents: Sequence[Document],
    options: DecodeOptions,
    *,
    scores: bool,
    rerank: Reranking | None = None,
) -> AnsweredBlock:
    """Answer one block in this process; rerank: see :meth:`Predictor.predict`.

    Raises:
        HarnnError: see :meth:`Predictor.predict`.
    """
    if not scores:
        answers = predictor.predict(documents, rerank=rerank, **options)
        return AnsweredBlock(documents, answers, None)
    found = predictor.predict_with_scores(documents, rerank=rerank, **options)
    ((of_labels, answers),) = found
    return AnsweredBlock(documents, answers, of_labels)
