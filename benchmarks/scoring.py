"""Time ``harnn score`` beside ``harnn predict``: processes, Ray, what is killed, what goes on.

    python benchmarks/scoring.py run MODEL SET [--documents 200000] [--output runs/scoring.json]
    python benchmarks/scoring.py large MODEL SET [--documents 1000000] [--processes 1]
    python benchmarks/scoring.py others MODEL SET [--documents 12288]

SET: a directory with ``train.jsonl.gz``. Each document that is scored is the first half of a real
text of it and the second half of another, so that lengths and words are real and hardly two alike.
``run`` answers the same documents with every system in turn and compares the bytes of the answers;
Ray has two nodes of one core on this machine. ``large`` scores once and watches the memory of all
processes. ``others`` answers the same documents in this process, by Spark and by Daft, each twice,
with one core (see :mod:`scoring_elsewhere`). All print a Markdown table and write JSON.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import psutil  # type: ignore[import-untyped]

from harnn._files import write_atomically

BLOCK = 2_048
"""Documents that are answered together; partitions are of whole blocks."""
PARTITIONS = 20
"""At least, so that something is left when something is killed."""
SECONDS = 0.2
"""Between two looks at the memory."""
SYSTEMS = ("plain", "spark", "daft")
HARNN = [sys.executable, "-m", "harnn"]


class Run(NamedTuple):
    """One command."""

    system: str
    seconds: float
    cpu_seconds: float
    """User and system, of all processes that ended with it; of Ray not those of its actors."""
    peak_megabytes: float
    """Resident, all its processes together, pages that they share counted for each."""
    documents: int
    same: bool | None
    """Whether the answers are those of ``harnn predict`` to the byte."""

    @property
    def rate(self) -> float:
        """Documents a second."""
        return self.documents / self.seconds


class Watched(NamedTuple):
    """A process that ended, and what it took."""

    code: int
    seconds: float
    cpu_seconds: float
    peak_megabytes: float


def write_documents(folder: Path, source: Path, count: int, files: int) -> list[Path]:
    """Write documents of real length as JSON lines, in so many files."""
    with gzip.open(source / "train.jsonl.gz", "rt", encoding="utf-8") as lines:
        texts = [_text(json.loads(line)["text"]).split() for line in lines]
    chance = random.Random(0)
    paths = [folder / f"documents-{number:02d}.jsonl" for number in range(files)]
    for number, path in enumerate(paths):
        with path.open("w", encoding="utf-8") as file:
            for row in range(number * count // files, (number + 1) * count // files):
                first, second = chance.choices(texts, k=2)
                words = first[: len(first) // 2] + second[len(second) // 2 :]
                file.write(json.dumps({"id": f"d{row}", "text": " ".join(words)}) + "\n")
    return paths


def _text(text: Any) -> str:
    return text if isinstance(text, str) else " ".join(text.values())


def watch(command: Sequence[str], during: Callable[[int], None] | None = None) -> Watched:
    """Run a command; during: told its process number while it runs, in a thread of its own."""
    before = _children_seconds()
    began = time.monotonic()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        if during is not None:
            threading.Thread(target=during, args=(process.pid,), daemon=True).start()
        peak = 0.0
        while process.poll() is None:
            peak = max(peak, _resident(process.pid))
            time.sleep(SECONDS)
    seconds = time.monotonic() - began
    return Watched(process.returncode, seconds, _children_seconds() - before, peak)


def _children_seconds() -> float:
    times = os.times()
    return times.children_user + times.children_system


def _resident(pid: int) -> float:
    total = 0
    try:
        parent = psutil.Process(pid)
        for process in [parent, *parent.children(recursive=True)]:
            total += process.memory_info().rss
    except psutil.Error:
        pass
    return total / 1e6


def digest_of(out: Path) -> str:
    """Return a hash of the answers of an archive, in the order of the documents."""
    found = hashlib.sha256()
    for path in sorted((out / "answers").iterdir()):
        found.update(path.read_bytes())
    return found.hexdigest()


@contextmanager
def two_nodes() -> Iterator[Any]:
    """Start a Ray cluster of two nodes with a core each, and yield it with its second node."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_worker_niceness", "0")  # 15 else, and so slower than plain processes
    from ray.cluster_utils import Cluster

    memory = {"object_store_memory": 200 << 20}
    head: dict[str, Any] = {"num_cpus": 1, "include_dashboard": False} | memory
    cluster: Any = Cluster(initialize_head=True, head_node_args=head)
    try:
        yield cluster, cluster.add_node(num_cpus=1, **memory)
    finally:
        cluster.shutdown()


def kill_actor(out: Path) -> Callable[[int], None]:
    """Return what kills one actor of a scoring when its first partition is there."""

    def kill(_pid: int) -> None:
        wait_for_answers(out, 1)
        started = psutil.Process().children(recursive=True)  # the nodes are our own
        actors = [each for each in started if any("MapWorker" in x for x in each.cmdline())]
        for process in actors[:1]:
            process.send_signal(signal.SIGKILL)
            print(f"  killed actor {process.pid}", file=sys.stderr)

    return kill


def wait_for_answers(out: Path, count: int) -> None:
    """Wait until so many partitions are finished."""
    place = out / "answers"
    while (
        not place.is_dir() or sum(1 for each in place.iterdir() if each.suffix == ".jsonl") < count
    ):
        time.sleep(SECONDS)


def compare(model: Path, source: Path, documents: int, folder: Path) -> list[Run]:
    """Answer the same documents with every system in turn."""
    [data] = write_documents(folder, source, documents, 1)
    runs: list[Run] = []
    partition = max(1, documents // PARTITIONS // BLOCK) * BLOCK

    def add(system: str, took: Watched, same: bool | None, code: int = 0) -> None:
        if took.code != code:
            raise SystemExit(f"{system} ended with {took.code}")
        runs.append(
            Run(system, took.seconds, took.cpu_seconds, took.peak_megabytes, documents, same)
        )
        print(f"{system}: {took.seconds:.0f} s, same: {same}", file=sys.stderr, flush=True)

    answers = folder / "predicted.jsonl"
    predicted = watch([*HARNN, "predict", str(model), "--data", str(data), "-o", str(answers)])
    expected = hashlib.sha256(answers.read_bytes()).hexdigest()
    add("harnn predict", predicted, None)

    def score(
        system: str, *more: str, during: Callable[[Path], Callable[[int], None]] | None = None
    ) -> Path:
        out = folder / f"out-{len(runs)}"
        command = [*HARNN, "score", str(model), "--data", str(data), "--out", str(out)]
        command += ["--partition", str(partition), *more]
        took = watch(command, None if during is None else during(out))
        add(system, took, digest_of(out) == expected)
        return out

    score("harnn score")
    score("harnn score --processes 2", "--processes", "2")
    with two_nodes() as (cluster, node):
        on_ray = ["--address", cluster.address, "--processes", "2"]

        def kill_node(out: Path) -> Callable[[int], None]:
            def kill(_pid: int) -> None:
                wait_for_answers(out, 1)
                cluster.remove_node(node, allow_graceful=False)
                print("  killed a node", file=sys.stderr)

            return kill

        score("Ray, 2 actors on 2 nodes", *on_ray)
        score("Ray, an actor killed", *on_ray, during=kill_actor)
        score("Ray, a node killed", *on_ray, during=kill_node)
    half = documents // partition // 2
    command = [*HARNN, "score", str(model), "--data", str(data), "--out"]
    command += [str(folder / "out-resumed"), "--partition", str(partition), "--processes", "2"]
    _stop_and_resume(command, half, folder / "out-resumed", expected, add)
    return runs


def _stop_and_resume(
    command: Sequence[str], half: int, out: Path, expected: str, add: Callable[..., None]
) -> None:
    """Kill a scoring when half of its partitions are there, and go on."""

    def kill(pid: int) -> None:
        wait_for_answers(out, half)
        os.kill(pid, signal.SIGKILL)

    add("harnn score --processes 2, killed at half", watch(command, kill), None, -signal.SIGKILL)
    add("... gone on with --resume", watch([*command, "--resume"]), digest_of(out) == expected)


def score_large(
    model: Path, source: Path, documents: int, processes: int, folder: Path
) -> list[Run]:
    """Score once, in one process or several."""
    write_documents(folder, source, documents, 4)
    command = [*HARNN, "score", str(model), "--data", str(folder / "documents-*.jsonl")]
    out = folder / "out"
    took = watch([*command, "--out", str(out), "--processes", str(processes)])
    if took.code:
        raise SystemExit(f"ended with {took.code}")
    name = f"harnn score --processes {processes}"
    return [Run(name, took.seconds, took.cpu_seconds, took.peak_megabytes, documents, None)]


def compare_others(model: Path, source: Path, documents: int, folder: Path) -> list[Run]:
    """Answer the same documents in plain Python and by other systems, each once more when warm."""
    [data] = write_documents(folder, source, documents, 1)
    runs: list[Run] = []
    wanted = b""
    for system in SYSTEMS:
        out = folder / f"{system}.json"
        script = Path(__file__).with_name("scoring_elsewhere.py")
        took = watch([sys.executable, str(script), system, str(model), str(data), str(out)])
        if took.code:
            raise SystemExit(f"{system} ended with {took.code}")
        found = out.with_suffix(".answers").read_bytes()
        wanted = wanted or found
        for name, (seconds, cpu_seconds) in json.loads(out.read_text()).items():
            peak, same = took.peak_megabytes, found == wanted
            runs.append(Run(f"{system}, {name}", seconds, cpu_seconds, peak, documents, same))
    return runs


def table_of(runs: Sequence[Run]) -> str:
    """Return runs as a Markdown table."""
    lines = ["| system | seconds | CPU seconds | documents/s | peak MB | same answers |"]
    lines.append("|---|---|---|---|---|---|")
    for run in runs:
        same = {True: "yes", False: "NO", None: ""}[run.same]
        numbers = f"{run.seconds:,.0f} | {run.cpu_seconds:,.0f} | {run.rate:,.0f}"
        lines.append(f"| {run.system} | {numbers} | {run.peak_megabytes:,.0f} | {same} |")
    return "\n".join(lines)


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("run", "large", "others"))
    parser.add_argument("model", type=Path)
    parser.add_argument("set", type=Path)
    parser.add_argument("--documents", type=int, default=0)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument(
        "--folder", type=Path, help="For files of the run; default: a temporary one"
    )
    parser.add_argument("--output", type=Path, default=Path("runs/scoring.json"))
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=given.folder) as folder:
        place = Path(folder)
        if given.what == "run":
            runs = compare(given.model, given.set, given.documents or 200_000, place)
        elif given.what == "others":
            runs = compare_others(given.model, given.set, given.documents or 12_288, place)
        else:
            count = given.documents or 1_000_000
            runs = score_large(given.model, given.set, count, given.processes, place)
    print(table_of(runs))
    given.output.parent.mkdir(parents=True, exist_ok=True)
    with write_atomically(given.output) as file:
        file.write(json.dumps([run._asdict() | {"rate": run.rate} for run in runs], indent=1))


if __name__ == "__main__":
    main()
