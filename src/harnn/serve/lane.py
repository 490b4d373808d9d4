"""The one lane of a process on which models compute: requests wait, and are answered together.

A thread takes what waits. While it computes, others come, so that the busier a server is the more
documents it answers at once; nothing waits for company.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from harnn.answers import Prediction
from harnn.data import Document
from harnn.decode import DecodeOptions
from harnn.prediction import Predictor
from harnn.prediction.predictor import Watcher
from harnn.serve.problems import RequestError
from harnn.serve.settings import Limits


class Watch(Protocol):
    """Who is told what the lane does."""

    def waiting(self, documents: int) -> None:
        """Documents wait now."""

    def answered(self, model: str, documents: int) -> None:
        """Documents were answered together."""


class Answered(NamedTuple):
    """What becomes of documents."""

    predictions: list[Prediction]
    scores: NDArray[np.float32]
    """(N, C): of all labels, as answers show them: closed."""


@dataclass(eq=False, slots=True)
class Job:
    """Documents of one request, and what is to be done with them."""

    model: str
    predictor: Predictor
    documents: Sequence[Document]
    options: DecodeOptions
    most_labels: int
    """Of all its answers."""
    alone: Callable[[], Any] | None = None
    """What is done with them instead of predicting, with nothing else at the same time."""
    watch: Watcher | None = None
    """Is given them as they were read and answered."""
    done: Future[Any] = field(default_factory=Future)

    @property
    def characters(self) -> int:
        """Of all its documents."""
        return sum(count_characters(document) for document in self.documents)

    def goes_with(self, other: Job) -> bool:
        """Tell whether both can be answered together."""
        return (
            self.alone is None
            and other.alone is None
            and self.predictor is other.predictor
            and self.options == other.options
        )


class Lane:
    """Answers jobs one after another, in a thread of its own; to be closed."""

    def __init__(self, limits: Limits, watch: Watch) -> None:
        self._limits, self._watch = limits, watch
        self._jobs: deque[Job] = deque()
        self._waiting = self._characters = 0
        self._ready = threading.Condition()
        self._ending = False
        self._thread = threading.Thread(target=self._run, name="harnn-lane", daemon=True)
        self._thread.start()

    async def ask(self, job: Job) -> Any:
        """Return what becomes of a job.

        Raises:
            RequestError: too much waits already (503), or it took too long (504).
        """
        self._put(job)
        seconds = self._limits.seconds
        try:
            return await asyncio.wait_for(asyncio.wrap_future(job.done), seconds)
        except TimeoutError:
            detail = f"Not answered within {seconds:g} seconds."
            raise RequestError(504, detail, reason="timeout") from None

    def close(self) -> None:
        """Answer what waits, and end."""
        with self._ready:
            self._ending = True
            self._ready.notify()
        self._thread.join()

    def _put(self, job: Job) -> None:
        count, characters = len(job.documents), job.characters
        limits = self._limits
        with self._ready:
            full = self._waiting and (
                self._waiting + count > limits.waiting
                or self._characters + characters > limits.waiting_characters
            )
            if full or self._ending:
                raise RequestError(
                    503,
                    "Too much waits to be answered already; ask again later.",
                    headers={"Retry-After": "1"},
                    reason="queue_full",
                )
            self._jobs.append(job)
            self._waiting += count
            self._characters += characters
            self._watch.waiting(self._waiting)
            self._ready.notify()

    def _run(self) -> None:
        while jobs := self._take():
            running = [job for job in jobs if job.done.set_running_or_notify_cancel()]
            if running:
                _answer(running, self._watch)

    def _take(self) -> list[Job]:
        """Wait for jobs, and return those to be done together; none: it is over."""
        with self._ready:
            while not self._jobs and not self._ending:
                self._ready.wait()
            if not self._jobs:
                return []
            taken, rest = [self._jobs.popleft()], deque[Job]()
            count = len(taken[0].documents)
            for job in self._jobs:
                size = len(job.documents)
                if job.goes_with(taken[0]) and count + size <= self._limits.batch:
                    taken.append(job)
                    count += size
                else:
                    rest.append(job)
            self._jobs = rest
            self._waiting -= count
            self._characters -= sum(job.characters for job in taken)
            self._watch.waiting(self._waiting)
            return taken


def count_characters(document: Document) -> int:
    """Count the characters of all fields."""
    return sum(map(len, document.text.values()))


def _answer(jobs: Sequence[Job], watch: Watch) -> None:
    """Answer jobs together; where that fails each alone, so that one cannot spoil others."""
    first = jobs[0]
    documents = [document for job in jobs for document in job.documents]
    try:
        if first.alone is not None:
            found = first.alone()
            watch.answered(first.model, len(documents))
            first.done.set_result(found)
            return
        predictions, scores = _predict(first, documents)
        watch.answered(first.model, len(documents))
        start = 0
        for job in jobs:
            own = slice(start, start := start + len(job.documents))
            job.done.set_result(Answered(predictions[own], scores[own]))
    except BaseException as error:
        if len(jobs) == 1:
            first.done.set_exception(error)
            return
        for job in jobs:
            _answer([job], watch)


def _predict(job: Job, documents: Sequence[Document]) -> Answered:
    """Answer documents, of *job* and of others that go with it."""
    found = job.predictor.predict_with_scores(
        documents, most_labels=job.most_labels, watch=job.watch, **job.options
    )
    blocks = list(found)
    scores = [block.values for block, _ in blocks]
    predictions = [answer for _, answers in blocks for answer in answers]
    return Answered(predictions, scores[0] if len(scores) == 1 else np.concatenate(scores))
