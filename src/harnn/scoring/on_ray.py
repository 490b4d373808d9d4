"""Partitions shared out among the actors of a Ray cluster, by Ray Data.

An actor is a process that loads the model once. What is killed, an actor or a node with it, is
begun again by Ray, and its partition answered again. Answers come back to this process, which alone
writes them: a partition that two actors answered is written once.
"""

from __future__ import annotations

import logging
import os
import pickle
import socket
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from harnn._cores import threads_of
from harnn._display import reason_of
from harnn._optional import require
from harnn._ray import connected, unreachable
from harnn.errors import ConfigError, Problem
from harnn.prediction.processes import WorkerError, that_can_be_sent
from harnn.scoring.planning import Partition
from harnn.scoring.scored import Form, ScoredPartition, score_partition
from harnn.scoring.scorer import Scorer, ScorerSettings

_MOST_ACTORS = 8
"""That one partition may cost, by its own fault or by that of nodes."""
_SECONDS = 5.0
"""For a cluster to take a connection."""
_LOGGERS = ("ray", "ray.data")
PURPOSE = "Scoring on several machines"


class Attempts:
    """Counts how often each partition was begun: Ray Data begins them again for ever."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()

    def begin(self, name: str) -> int:
        """Count one more time that a partition is begun, and return how many there are."""
        self._counts[name] += 1
        return self._counts[name]


class PartitionActor:
    """What an actor does: it is given pickled partitions, and gives pickled answers."""

    def __init__(self, settings: ScorerSettings, form: Form, attempts: Any = None) -> None:
        """attempts: the actor of :class:`Attempts`."""
        self._begin, self._attempts = (settings, form), attempts
        self._scorer: Scorer | None = None

    def __call__(self, batch: dict[str, Any]) -> dict[str, list[bytes]]:
        """Answer partitions; what cannot be done comes back in place of the answers."""
        return {"scored": [pickle.dumps(self._answer(each)) for each in batch["partition"]]}

    def _answer(self, packed: bytes) -> ScoredPartition | Exception:
        settings, form = self._begin
        try:
            partition: Partition = pickle.loads(packed)
            self._count(partition)
            self._scorer = self._scorer or Scorer.of(settings)
            return score_partition(self._scorer, partition, form)
        except Exception as error:
            return that_can_be_sent(error)

    def _count(self, partition: Partition) -> None:
        """Raises:
        WorkerError: the partition has cost too many actors.
        """
        if self._attempts is None:
            return
        import ray

        if ray.get(self._attempts.begin.remote(partition.name)) > _MOST_ACTORS:
            what = f"{_MOST_ACTORS} actors ended over these documents, of whatever cause."
            hint = "Where memory is short, give smaller partitions."
            raise WorkerError(f"{partition.part.where}: {what} {hint}")


def score_on_ray(
    partitions: Sequence[Partition],
    settings: ScorerSettings,
    form: Form,
    actors: int,
    address: str,
) -> Iterator[ScoredPartition]:
    """Answer partitions on a cluster, in the order in which they are ready.

    actors: so many at once, each with the threads of *settings*, one if that says nothing.
    address: of the cluster; ``auto``: the one that this machine is part of; ``local``: one that is
    started here and ends with this.

    Raises:
        ConfigError: the cluster cannot be reached, or has no room for one actor.
        WorkerError: Ray gives up.
        HarnnError: see :meth:`Scorer.of` and :func:`score_partition`.
    """
    threads = settings.threads or 1
    with connected(address, purpose=PURPOSE) as ray:
        require("ray.data", extra="ray", purpose=PURPOSE)
        for name in _LOGGERS:
            logging.getLogger(name).setLevel(logging.ERROR)
        ray.data.DataContext.get_current().enable_progress_bars = False
        _check_room(ray, address, threads)
        counter = ray.remote(Attempts).options(num_cpus=0, max_restarts=-1, max_task_retries=-1)
        attempts = counter.remote()
        rows = [{"partition": pickle.dumps(each)} for each in partitions]
        scored = ray.data.from_items(rows, override_num_blocks=len(rows)).map_batches(
            PartitionActor,
            batch_size=1,
            compute=ray.data.ActorPoolStrategy(size=min(actors, len(rows))),
            fn_constructor_kwargs={"settings": settings, "form": form, "attempts": attempts},
            num_cpus=threads,
            num_gpus=1 if str(settings.speed.get("device")).startswith("cuda") else 0,
            runtime_env={"env_vars": threads_of(1, threads)},
        )
        try:
            for batch in scored.iter_batches(batch_size=None, prefetch_batches=1):
                for packed in batch["scored"]:
                    found = pickle.loads(packed)
                    if isinstance(found, Exception):
                        raise found
                    yield found
        except ray.exceptions.RayError as error:
            what = f"the Ray cluster at {address} gave up: {reason_of(error)}."
            hint = "Its logs say more; go on with --resume."
            raise WorkerError(f"{what} {hint}") from None


def check_reachable(address: str) -> None:
    """Refuse an address at which nobody listens, before any work: Ray would try for many minutes.

    Raises:
        ConfigError: it is one.
    """
    place = address
    if address == "auto":
        place = os.environ.get("RAY_ADDRESS", "") or _address_of_this_machine()
    host, _, port = place.rpartition(":")
    if not (host and port.isdecimal() and "/" not in host):
        return  # what is no address of a node is Ray's to refuse
    try:
        socket.create_connection((host.strip("[]"), int(port)), _SECONDS).close()
    except (OSError, OverflowError, UnicodeError) as error:
        raise unreachable(address, f"{place}: {reason_of(error)}") from None


def _address_of_this_machine() -> str:
    """Return what ``ray start`` has noted of the cluster that this machine is part of."""
    place = Path(os.environ.get("RAY_TMPDIR", tempfile.gettempdir()), "ray", "ray_current_cluster")
    try:
        return place.read_text(encoding="utf-8").strip()
    except (OSError, ValueError):
        return ""


def _check_room(ray: Any, address: str, threads: int) -> None:
    """Raises:
    ConfigError: no node has room for one actor, for which Ray would wait for ever.
    """
    most = max(
        (node["Resources"].get("CPU", 0) for node in ray.nodes() if node["Alive"]), default=0
    )
    if most < threads:
        what = f"an actor needs {threads} CPUs, but no node has more than {most:g}."
        raise ConfigError(Problem(f"--address {address}", what, "Give a smaller --threads."))
