"""Partitions shared out among processes of this machine."""

from __future__ import annotations

import contextlib
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from queue import Empty, Queue
from typing import Any

from harnn.prediction.processes import Process, WorkerError, serve_messages, share_of
from harnn.scoring.planning import Partition
from harnn.scoring.scored import Form, ScoredPartition, score_partition
from harnn.scoring.scorer import Scorer, ScorerSettings

MOST_ENDS = 3
"""Processes that one partition may cost: then it is taken for what ends them."""
_SECONDS = 0.05


def score_here(
    partitions: Sequence[Partition], scorer: Scorer, form: Form
) -> Iterator[ScoredPartition]:
    """Answer partitions in this process.

    Raises:
        HarnnError: see :func:`score_partition`.
    """
    return (score_partition(scorer, partition, form) for partition in partitions)


def score_in_processes(
    partitions: Sequence[Partition], settings: ScorerSettings, form: Form, processes: int
) -> Iterator[ScoredPartition]:
    """Answer partitions in several processes, in the order in which they are ready.

    A process that ends is replaced, and its partition answered again. All end with the generator.

    Raises:
        WorkerError: a partition ended ``MOST_ENDS`` processes.
        HarnnError: see :meth:`Scorer.of` and :func:`score_partition`.
    """
    crew = _Crew(partitions, settings, form, processes)
    try:
        yield from crew.results()
    finally:
        crew.end()


class _Crew:
    """Threads of this process, each with a process that works for it."""

    def __init__(
        self, partitions: Sequence[Partition], settings: ScorerSettings, form: Form, processes: int
    ) -> None:
        self._waiting = deque(partitions)
        self._begin = (settings, form)
        self._environment = share_of(processes, settings.threads)
        self._ready: Queue[ScoredPartition | Exception | None] = Queue(2 * processes)
        self._lock = threading.Lock()
        self._ended = False
        self._processes: dict[int, Process] = {}
        count = min(processes, len(partitions))
        self._threads = [
            threading.Thread(target=self._work, args=(number,), daemon=True)
            for number in range(count)
        ]

    def results(self) -> Iterator[ScoredPartition]:
        for thread in self._threads:
            thread.start()
        working = len(self._threads)
        while working:
            found = self._ready.get()
            if found is None:
                working -= 1
            elif isinstance(found, Exception):
                raise found
            else:
                yield found

    def end(self) -> None:
        """End all processes; whoever waits for one sees that it is gone."""
        with self._lock:
            self._ended = True
            self._waiting.clear()
            for process in list(self._processes.values()):
                process.stop()
        for thread in self._threads:
            while thread.is_alive():
                with contextlib.suppress(Empty):  # it may wait for room
                    self._ready.get(timeout=_SECONDS)

    def _work(self, number: int) -> None:
        try:
            while (partition := self._next()) is not None:
                self._ready.put(self._answer(number, partition))
        except Exception as error:
            self._ready.put(error)
        finally:
            if (process := self._processes.pop(number, None)) is not None:
                process.stop()
                process.end()
            self._ready.put(None)

    def _next(self) -> Partition | None:
        with self._lock:
            return self._waiting.popleft() if self._waiting else None

    def _answer(self, number: int, partition: Partition) -> ScoredPartition:
        ends = 0
        while True:
            try:
                process = self._process(number)
                process.send(partition)
                found: ScoredPartition = process.receive()
                return found
            except WorkerError as error:
                ends += 1
                if self._ended or ends == MOST_ENDS:
                    raise WorkerError(
                        f"{partition.part.where}: {ends} processes ended over these documents; "
                        f"of the last: {error}"
                    ) from None
                self._processes.pop(number).end()

    def _process(self, number: int) -> Process:
        with self._lock:
            if self._ended:
                raise WorkerError("ended")
            if number not in self._processes:
                process = self._processes[number] = Process(serve, self._environment)
                process.send(self._begin)
            return self._processes[number]


def serve() -> None:
    """Answer partitions: the work of one process."""
    serve_messages(_begin)


def _begin(message: tuple[ScorerSettings, Form]) -> Callable[[Any], Any]:
    settings, form = message
    scorer = Scorer.of(settings)
    return lambda partition: score_partition(scorer, partition, form)
