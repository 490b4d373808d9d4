"""Several processes of this machine that answer blocks of documents, in their order.

Each loads the model itself, and has its share of the threads. Answers are those of one process
with as many threads, to the bit. Nothing but blocks passes between them, one to each at a time.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import subprocess
import sys
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Any, NamedTuple, Self, Unpack, cast

from harnn._cores import threads_of
from harnn.answers import Prediction
from harnn.bundle import Bundle, load_bundle
from harnn.data import Document
from harnn.decode import DecodeOptions, Scores
from harnn.errors import HarnnError
from harnn.prediction.predictor import Predictor, blocks_of
from harnn.prediction.reranking import Reranking
from harnn.prediction.texts import Texts, as_documents

_SECONDS_TO_END = 5.0
_START = "import sys; sys.path[:] = {path!r}; from harnn.prediction.workers import serve; serve()"


class AnsweredBlock(NamedTuple):
    """Documents with their answers."""

    documents: Sequence[Document]
    answers: Sequence[Prediction]
    scores: Scores | None
    """Of all labels, as answers show them, where they were asked for."""


class WorkerError(HarnnError):
    """A process that answers documents ended too early."""


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
        self._processes: list[subprocess.Popen[bytes]] = []
        self._asked: deque[tuple[Sequence[Document], subprocess.Popen[bytes]]] = deque()
        """Blocks whose answers are waited for, and from whom."""

    def __enter__(self) -> Self:
        environment = os.environ | threads_of(self._count)
        command = [sys.executable, "-c", _START.format(path=sys.path)]
        try:
            for _ in range(self._count):
                process = subprocess.Popen(
                    command,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    env=environment,
                    start_new_session=True,  # Ctrl-C is for this process, which ends them
                )
                self._processes.append(process)
                self._send(process, (self._directory, self._options))
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
        self.bundle.decoder.with_options(**options)  # refuse what is wrong with them at once
        stream, asked = _Stream(iter(blocks)), self._asked
        while asked:  # whoever asked before left early
            with contextlib.suppress(Exception):
                self._receive(asked.popleft()[1])

        def ask(process: subprocess.Popen[bytes]) -> None:
            if (block := stream.next()) is None:
                return
            try:
                self._send(process, (block, scores, options))
            except HarnnError as error:  # told when the blocks before are answered
                stream.failure = error
            else:
                asked.append((block, process))

        for process in self._processes:
            ask(process)
        while asked:
            documents, process = asked.popleft()
            answers, of_labels = self._receive(process)
            ask(process)  # it works on the next ones while these are looked at
            yield AnsweredBlock(documents, answers, of_labels)
        if stream.failure is not None:
            raise stream.failure

    def _send(self, process: subprocess.Popen[bytes], message: Any) -> None:
        try:
            pipe = cast(IO[bytes], process.stdin)
            pipe.write(pickle.dumps(message))
            pipe.flush()
        except OSError:
            self._receive(process)  # it may have said why
            raise _ended(process) from None

    def _receive(self, process: subprocess.Popen[bytes]) -> Any:
        try:
            reply = pickle.load(cast(IO[bytes], process.stdout))
        except (EOFError, OSError, pickle.UnpicklingError):
            raise _ended(process) from None
        if isinstance(reply, BaseException):
            raise reply
        return reply

    def _end(self) -> None:
        for process in self._processes:
            process.terminate()
        for process in self._processes:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(_SECONDS_TO_END)
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                with contextlib.suppress(OSError):  # of what could not be sent
                    cast(IO[bytes], pipe).close()
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
    """Answer what comes on standard input, until it ends: the work of one process."""
    reader, writer = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever else is printed shall not be taken for an answer
    with contextlib.suppress(EOFError, OSError):  # whoever asks is gone
        directory, given = pickle.load(reader)
        predictor: Predictor | None = None
        while True:
            documents, with_scores, options = pickle.load(reader)
            try:
                if predictor is None:
                    predictor = Predictor.load(directory, **given)
                    predictor.tune_process()
                answered = answer_block(predictor, documents, options, scores=with_scores)
                reply: Any = answered[1:]  # who asks has the documents
            except Exception as error:
                reply = _that_can_be_sent(error)
            writer.write(pickle.dumps(reply))
            writer.flush()


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


def _that_can_be_sent(error: Exception) -> Exception:
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:
        return HarnnError(f"{type(error).__name__}: {error}")
    return error


def _ended(process: subprocess.Popen[bytes]) -> WorkerError:
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(_SECONDS_TO_END)
    code = process.returncode
    how = f"was killed by signal {-code}" if code is not None and code < 0 else "ended too early"
    hint = "Where memory is short, take fewer workers: each holds the model."
    return WorkerError(f"a process that answers documents {how}. {hint}")
