"""Scoring on a Ray cluster of two nodes on this machine."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from harnn.data.files import DocumentFile
from harnn.data.parts import FilePart
from harnn.errors import ConfigError
from harnn.prediction import WorkerError
from harnn.scoring import Crew, ScorerSettings, ScoringProgress, score_archive
from harnn.scoring.planning import Partition
from support.archives import MODEL, answers_of, write_archive
from support.ray_nodes import cluster_of

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("default")]


@pytest.fixture
def cluster() -> Iterator[Any]:
    with cluster_of(1, 1) as started:
        yield started


def score(
    cluster: Any, data: Path, out: Path, during: Callable[[], None] | None = None
) -> tuple[bytes, list[ScoringProgress]]:
    """Return answers of two actors; during: called when the first partition is there."""
    seen: list[ScoringProgress] = []

    def listen(progress: ScoringProgress) -> None:
        seen.append(progress)
        if during is not None and len([x for x in seen if x.done and x.state == "scoring"]) == 1:
            during()

    crew = Crew(2, cluster.address)
    score_archive(MODEL, [data], out, partition=500, crew=crew, listener=listen)
    return answers_of(out), seen


def actors() -> list[int]:
    """Return the processes of actors that answer."""
    psutil = pytest.importorskip("psutil")
    started = psutil.Process().children(recursive=True)  # the nodes are our own
    return [each.pid for each in started if any("MapWorker" in word for word in each.cmdline())]


def test_two_nodes_give_the_same_whatever_is_killed(cluster: Any, tmp_path: Path) -> None:
    data = write_archive(tmp_path / "a.jsonl", 6_000)
    score_archive(MODEL, [data], tmp_path / "alone", partition=500)
    wanted = answers_of(tmp_path / "alone")
    found, seen = score(cluster, data, tmp_path / "two")
    assert found == wanted
    assert seen[-1].done == 6_000

    def kill_actor() -> None:
        os.kill(actors()[0], signal.SIGKILL)

    assert score(cluster, data, tmp_path / "actor", kill_actor)[0] == wanted

    def kill_node() -> None:
        cluster.remove_node(cluster.others[0], allow_graceful=False)

    assert score(cluster, data, tmp_path / "node", kill_node)[0] == wanted


def test_ctrl_c_keeps_what_is_finished(cluster: Any, tmp_path: Path) -> None:
    data = write_archive(tmp_path / "a.jsonl", 20_000)
    out = tmp_path / "out"
    command = [sys.executable, "-m", "harnn", "score", str(MODEL), "--data", str(data), "--out"]
    command += [str(out), "--partition", "500", "--processes", "2", "--address", cluster.address]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        while process.poll() is None and not list(out.glob("answers/*.jsonl")):
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=300)
    assert process.returncode == 130
    kept = f"What is finished is kept in {out}; repeat the command with --resume to go on."
    assert said.splitlines()[-2:] == [kept, "Interrupted."]
    assert subprocess.run([*command, "--resume"], check=False).returncode == 0
    score_archive(MODEL, [data], tmp_path / "alone", partition=500)
    assert answers_of(out) == answers_of(tmp_path / "alone")


@dataclass(frozen=True)
class Deadly:
    """A file that ends whoever opens it."""

    def open(self) -> BinaryIO:
        os._exit(7)

    def size(self) -> int:
        return 1

    def version(self) -> str:
        return ""


def test_what_ray_cannot_do_is_told(cluster: Any, tmp_path: Path) -> None:
    from harnn.scoring.on_ray import score_on_ray

    file = DocumentFile(Path("a.jsonl"), "a.jsonl", "json-lines", "", Deadly())
    part = FilePart(file, 0, 0, 9, 1, 1, "utf-8", "")
    assert pickle.loads(pickle.dumps(part)) == part
    settings = ScorerSettings(model=MODEL)
    with pytest.raises(WorkerError, match=r"a\.jsonl:1 to 1: 8 actors ended over these documents"):
        list(score_on_ray([Partition("a", part)], settings, "jsonl", 1, cluster.address))
    data = write_archive(tmp_path / "a.jsonl", 2)
    wide = ScorerSettings(model=MODEL, threads=5)
    with pytest.raises(ConfigError, match="an actor needs 5 CPUs, but no node has more than 1"):
        score_archive(wide, [data], tmp_path / "out", crew=Crew(1, cluster.address))
