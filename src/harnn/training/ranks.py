"""Processes that train one network together, on one machine or on several.

Rank 0 leads: it alone reads, decides, tells and writes. The others are given everything by it and
compute their share of each batch. Documents and weights pass between them as pickles, so all of
them, and the network between them, must be trusted.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import pickle
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from types import TracebackType
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, Self, TypeVar

from harnn._cores import count_cores
from harnn._optional import Later, check_torch
from harnn.errors import ConfigError, HarnnError, InputError, Problem, RankLostError
from harnn.training.local_ranks import LocalProcesses, over_loopback, store_of
from harnn.training.messages import packed
from harnn.training.process import choose_device

if TYPE_CHECKING:
    import torch
    import torch.distributed as dist
    from torch import Tensor
else:  # one process without networks does without
    torch = Later("torch", "Training on several processes")
    dist = Later("torch.distributed", "Training on several processes")

T = TypeVar("T")
_TIMEOUT = "HARNN_RANKS_TIMEOUT"
"""Names seconds that a process waits for another one before it gives it up."""
_SECONDS = 300.0
_FOR_EVER = timedelta(days=365)
"""That rank 0 may do something by itself; whether it lives is found out otherwise."""
_BEATS = 10
"""Signs of life within the timeout."""
_SECONDS_TO_SEE = 5.0
"""That what looks for a sign of life may take to end, where a machine does not answer."""
_SECONDS_TO_FAIL = 1.0
"""That what else was under way is given to fail: PyTorch waits for ever where its group is freed,
with Python's lock held, while a thread of the group waits for that lock to free a tensor."""
_TRACES = ("gloo", "NCCL", "TCPStore", "FileStore", "onnection", "imed out", "Broken pipe")
"""In what PyTorch says of a process that does not answer."""


class Share(NamedTuple):
    """The documents of a part of a batch that one rank computes."""

    start: int
    stop: int
    weight: int
    """How many of them count: all, or none of the one that a rank without any computes."""


class Order(Protocol):
    """What rank 0 sends the others to do."""

    def follow(self, ranks: Ranks, stopped: Callable[[], bool]) -> None:
        """Do this rank's part."""


class EndedError(Exception):
    """Rank 0 has nothing more to do."""


class LeaderFailedError(HarnnError):
    """Rank 0 could not do what all need, and tells of it."""


class Ranks:
    """Some processes, of which this one is ``number``; to be used in a ``with`` block.

    ``Ranks()`` is one process alone, ``Ranks.local(2)`` starts another one of this machine when a
    network is to be trained, and ``Ranks.launched()`` are those that ``torchrun`` or the like has
    started: those but for rank 0 :func:`harnn.training.follow` it.
    """

    def __init__(
        self, number: int = 0, count: int = 1, *, local_number: int = 0, store: str = ""
    ) -> None:
        """number: from 0; local_number: among the processes of this machine; store: the file that
        rank 0 left for those that it has started.
        """
        self.number, self.count, self.local_number = number, count, local_number
        self.timeout = _timeout()
        self._path = store
        self._store: Any = None
        self._processes: LocalProcesses | None = None
        self._awaited = True
        """Whether the others wait for what rank 0 sends."""
        self._ended = threading.Event()
        self._watching: threading.Thread | None = None

    @classmethod
    def local(cls, count: int) -> Self:
        """Return this process and others that it will start.

        Raises:
            ValueError: *count* is below 1.
        """
        if count < 1:
            raise ValueError(f"Expected 1 process or more, got {count}.")
        ranks = cls(0, count)
        if count > 1:
            ranks._processes = LocalProcesses(count)
        return ranks

    @classmethod
    def launched(cls) -> Self:
        """Return the processes that the environment tells of, as ``torchrun`` sets it.

        Raises:
            ConfigError: what it tells of ranks are no numbers.
        """
        numbers = []
        for name in ("RANK", "WORLD_SIZE", "LOCAL_RANK"):
            text = os.environ.get(name, "0" if name == "LOCAL_RANK" else "")
            if not (text.isascii() and text.isdecimal()):
                what = f"got {text!r}, expected a number, as torchrun sets it."
                raise ConfigError(Problem(f"the variable {name} of the environment", what))
            numbers.append(int(text))
        number, count, local_number = numbers
        return cls(number, count, local_number=local_number)

    @property
    def alone(self) -> bool:
        """Whether there are no others."""
        return self.count == 1

    @property
    def from_outside(self) -> bool:
        """Whether they were started from outside."""
        return self._processes is None

    @property
    def have_cores(self) -> bool:
        """Whether there are others with cores that this process does not use: they were started
        from outside, while those that this one starts have the cores of its threads.
        """
        return self.from_outside and not self.alone

    @property
    def leads(self) -> bool:
        """Whether this is rank 0."""
        return self.number == 0

    def __enter__(self) -> Self:
        if self._path:
            with self.watched():
                self._open(store_of(self._path, self.number, self.count))
        elif not self.alone and self.from_outside:
            self._join_launched()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ended.set()
        if self._watching is not None:
            self._watching.join(_SECONDS_TO_SEE)
        try:
            if self._store is not None:
                self._leave(orderly=not isinstance(error, RankLostError) and self._awaited)
        finally:
            if self._processes is not None:
                self._processes.end()

    def start(self) -> None:
        """Start the other processes of this machine, which takes them seconds, and do not wait."""
        if self._processes is not None:
            self._processes.start()

    def join(self) -> None:
        """Wait until the other processes of this machine are there.

        Raises:
            RankLostError: one of them ended.
        """
        if self._processes is None or self._store is not None:
            return
        self._processes.start()
        store = self._processes.wait(max(self.timeout, _SECONDS))  # a busy machine starts slowly
        with self.watched(), over_loopback():
            self._open(store)

    def _join_launched(self) -> None:
        check_torch("Training on several processes")
        with self.watched():
            given: dict[str, Any] = {"timeout": self._patience}
            store, _, _ = next(dist.rendezvous("env://", self.number, self.count, **given))  # type: ignore[attr-defined]
            self._open(store)
            if self.leads:
                store.set("harnn/alive", "0")
            self._watching = threading.Thread(
                target=self._watch, args=[store], name="harnn-ranks", daemon=True
            )
            self._watching.start()

    def _open(self, store: Any) -> None:
        if dist.is_initialized():
            what = "torch.distributed is in use in this process already."
            raise ConfigError(Problem("", what, "Leave its processes to harnn."))
        # Its functions take the group that there is when it is loaded for their default, for good:
        # with ours, threads of gloo would outlive the group and abort the process as it ends.
        importlib.import_module("torch.distributed.nn")
        both = torch.cuda.is_available() and dist.is_nccl_available()
        shown_by = sys.excepthook
        dist.init_process_group(
            "cpu:gloo,cuda:nccl" if both else "gloo",
            store=dist.PrefixStore("harnn/ranks", store),  # type: ignore[attr-defined]
            rank=self.number,
            world_size=self.count,
            timeout=self._patience,
        )
        sys.excepthook = shown_by  # PyTorch's writes its rank before each line for good
        self._store = store

    def _leave(self, *, orderly: bool) -> None:
        if orderly:
            with contextlib.suppress(RankLostError):
                if self.leads:
                    self.send(EndedError())
                self.total(0.0)  # a barrier
        if orderly or not torch.cuda.is_available():  # NCCL waits for those who are lost
            dist.destroy_process_group()
        self._store = None

    # What passes between them

    def send(self, message: Any) -> None:
        """Give something to all others, which wait for it."""
        content = self._packed(message)
        with self.watched():
            self._broadcast(torch.tensor(len(content)), self._patience)
            self._broadcast(content, self._patience)

    def receive(self) -> Any:
        """Wait for what rank 0 sends.

        Raises:
            EndedError: there is nothing more to do.
        """
        with self.watched():
            size = torch.tensor(0)
            self._broadcast(size, _FOR_EVER)
            content = torch.empty(int(size), dtype=torch.uint8)
            self._broadcast(content, self._patience)
        message = pickle.loads(content.numpy().data)
        if isinstance(message, EndedError):
            raise message
        return message

    def share(self, make: Callable[[], T]) -> T:
        """Return what *make* returns in rank 0, in all of them."""
        if self.alone:
            return make()
        if not self.leads:
            received: T = self.receive()
            return received
        made = make()
        self.send(made)
        return made

    def made_by_leader(self, make: Callable[[], T]) -> T | None:
        """Return what *make* returns in rank 0, and None in the others, once all know that it did.

        Raises:
            InputError: what *make* raised; in the others LeaderFailedError.
        """
        made, failed = None, None
        try:
            made = make() if self.leads else None
        except InputError as error:
            failed = error
        if self.share(lambda: failed is not None):  # however long it took
            raise failed or LeaderFailedError("rank 0 tells why.")
        return made

    def give(self, message: Any) -> None:
        """Give something to rank 0 alone, which takes it."""
        content = self._packed(message)
        with self.watched():
            dist.send(torch.tensor(len(content)), 0)
            dist.send(content, 0)

    def taken(self) -> list[Any]:
        """Return, in rank 0, what each of the others gives."""
        found = []
        with self.watched():
            for number in range(1, self.count):
                size = torch.tensor(0)
                dist.recv(size, number)
                content = torch.empty(int(size), dtype=torch.uint8)
                dist.recv(content, number)
                found.append(pickle.loads(content.numpy().data))
        return found

    def _packed(self, message: Any) -> Tensor:
        content = packed(message, by_file=not self.from_outside)
        return torch.frombuffer(content, dtype=torch.uint8)

    def agree(self, asked: bool) -> bool:
        """Say whether any of them was asked."""
        if self.alone:
            return asked
        found = torch.tensor(int(asked))
        with self.watched():
            dist.all_reduce(found, op=dist.ReduceOp.MAX)
        return bool(found)

    def total(self, value: float) -> float:
        """Return the sum over all of them."""
        if self.alone:
            return value
        found = torch.tensor(value, dtype=torch.float64)
        with self.watched():
            dist.all_reduce(found)
        return float(found)

    def level(self, tensors: Sequence[Tensor]) -> None:
        """Let all have the values of rank 0: processors of other makes may round differently."""
        if not self.alone:
            with self.watched(), torch.no_grad():
                for tensor in tensors:
                    dist.broadcast(tensor, 0)

    def of(self, part: slice) -> Share:
        """Return the documents of a part of a batch that this rank computes.

        One that is left without any computes the first, which does not count, since all must take
        part in each sum of gradients.
        """
        size = length_of(part)
        start, stop = (number * size // self.count for number in (self.number, self.number + 1))
        if start == stop:
            return Share(part.start, part.start + 1, 0)
        return Share(part.start + start, part.start + stop, stop - start)

    def _broadcast(self, tensor: Tensor, timeout: timedelta) -> None:
        options = dist.BroadcastOptions()
        options.rootRank, options.timeout = 0, timeout
        group = dist.group.WORLD
        assert group is not None
        group.broadcast([tensor], options).wait()

    @property
    def _patience(self) -> timedelta:
        return timedelta(seconds=self.timeout)

    # How they compute

    def device(self, wanted: str) -> str:
        """Return the device of this rank, where *wanted* is what settings say."""
        device = choose_device(wanted)
        return device if self.alone or device == "cpu" else f"{device}:{self.local_number}"

    def problem_of(self, device: str) -> str:
        """Say why the processes of this machine cannot all have such a device; empty: they can."""
        if self.alone:
            return ""
        kind, _, number = choose_device(device).partition(":")
        if kind not in ("cpu", "cuda") or number:
            return f"got {device!r}, but several processes train on cpu or cuda, without a number."
        here = int(os.environ.get("LOCAL_WORLD_SIZE", 1)) if self.from_outside else self.count
        if kind == "cuda" and here > torch.cuda.device_count() > 0:
            there = torch.cuda.device_count()
            return f"got {here:,} processes, but PyTorch finds {there:,} CUDA devices here."
        return ""

    @contextmanager
    def working(self, threads: int) -> Iterator[None]:
        """Compute with a share of the cores, in steps of all ranks together.

        threads: of each process; 0: its share of the cores, where they are one machine's.
        """
        before = torch.get_num_threads()
        if self._processes is not None:
            torch.set_num_threads(threads or max(1, count_cores() // self.count))
        try:
            yield
        finally:
            torch.set_num_threads(before)

    @contextmanager
    def together(self) -> Iterator[None]:
        """A stretch in which no rank waits for messages; errors that all ranks raise end it."""
        self._awaited = False
        try:
            yield
        except (HarnnError, InterruptedError):
            self._awaited = True
            raise
        self._awaited = True

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Say which rank was lost where what passes between them fails.

        Raises:
            RankLostError: one of them ended, or did not answer in time.
        """
        try:
            yield
        except RuntimeError as error:
            if self.alone or not _is_of_connection(error):
                raise
            if self._path:  # whom rank 0 has started there is nobody to tell
                os._exit(RankLostError.exit_code)
            time.sleep(_SECONDS_TO_FAIL)
            lost = self._processes.lost() if self._processes is not None else ""
            if not lost:
                place = f"rank {self.number} of {self.count} (from 0)"
                lost = f"a process of the training ended or did not answer: {place} lost it"
            raise RankLostError(lost, leads=self.leads) from None

    def _watch(self, store: Any) -> None:
        """Give signs of life, or leave when rank 0 gives none: a machine may be gone silently."""
        pause, seen, since = self.timeout / _BEATS, b"", time.monotonic()
        number = 0
        while not self._ended.wait(pause):
            number += 1
            try:
                if self.leads:
                    store.set("harnn/alive", str(number))
                    continue
                now = store.get("harnn/alive")
            except RuntimeError:
                now = seen
            if now != seen:
                seen, since = now, time.monotonic()
            elif time.monotonic() - since > self.timeout and not self._ended.is_set():
                text = f"Error: rank {self.number}: rank 0 gave no sign of life for "
                os.write(2, f"{text}{self.timeout:g} seconds.\n".encode())
                os._exit(RankLostError.exit_code)


def length_of(part: slice) -> int:
    """Return how many rows are from the start to the stop of a part."""
    return int(part.stop - part.start)


def is_launched() -> bool:
    """Whether ``torchrun`` or the like has started this process as one of several."""
    return all(os.environ.get(x) for x in ("RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT"))


def _is_of_connection(error: RuntimeError) -> bool:
    if isinstance(error, dist.DistError):
        return True
    return type(error) is RuntimeError and any(trace in str(error) for trace in _TRACES)


def _timeout() -> float:
    """Return after how many seconds a process that does not answer is given up.

    Raises:
        ConfigError: the environment names no such number.
    """
    text = os.environ.get(_TIMEOUT, "")
    if not text:
        return _SECONDS
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 1 <= seconds <= 1_000_000:
        what = f"got {text!r}, expected seconds, 1 to 1,000,000."
        raise ConfigError(Problem(f"the variable {_TIMEOUT} of the environment", what))
    return seconds
