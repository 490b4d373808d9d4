"""Several processes answer as one does, in order, and end with whoever asks."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

import harnn
from harnn.cli import run
from harnn.data import Document
from harnn.errors import ConfigError, DocumentError, Problem
from harnn.prediction import Predictor, WorkerError, Workers
from support.waiting import until

MODEL = Path(__file__).parents[1] / "golden" / "format-3" / "fast"
WORDS = ["bees", "honey", "taps", "soup", "garden", "rain", "money", "music", "", "paint"]
ENDED = (
    "a process that answers documents was killed by signal 9. Where memory is short, take fewer "
    "workers: each holds the model."
)


def made(count: int) -> list[Document]:
    texts = (f"{WORDS[n % 10]} and {WORDS[n % 7]} {n}" for n in range(count))
    return [Document(f"d{n}", {"text": text}, None, f"text {n}") for n, text in enumerate(texts)]


def blocks(documents: Sequence[Document], size: int = 3) -> Iterator[Sequence[Document]]:
    return (documents[start : start + size] for start in range(0, len(documents), size))


@pytest.fixture(scope="module")
def two() -> Iterator[Workers]:
    with Workers(MODEL, 2) as workers:
        processes = list(workers._processes)
        yield workers
    assert [process.poll() for process in processes] == [-signal.SIGTERM] * 2


@pytest.fixture(scope="module")
def alone() -> Predictor:
    return Predictor.load(MODEL)


def test_answers_are_those_of_one_process(two: Workers, alone: Predictor) -> None:
    documents = made(20)
    found = list(two.answer(blocks(documents), scores=True, threshold=0.2))
    assert [x for each in found for x in each.documents] == documents
    assert [x for each in found for x in each.answers] == alone.predict(documents, threshold=0.2)
    shown = np.concatenate([each.scores.values for each in found if each.scores is not None])
    ((expected, _),) = alone.predict_with_scores(documents)
    np.testing.assert_array_equal(shown, expected.values)
    texts = ["bees", "soup"]
    assert list(two.predict_stream(texts)) == alone.predict(texts)
    assert list(two.predict_stream([])) == []
    assert next(two.answer(blocks(documents))).documents == documents[:3]  # and no more
    assert list(two.predict_stream(texts)) == alone.predict(texts)


def test_few_blocks_are_read_ahead(two: Workers) -> None:
    read: list[int] = []

    def reading() -> Iterator[Sequence[Document]]:
        for number, block in enumerate(blocks(made(30))):
            read.append(number)
            yield block

    answered = two.answer(reading())
    for number, _ in enumerate(answered):
        assert len(read) <= number + 3  # one for each process beside the one that is answered


def test_what_is_read_before_an_error_is_answered(two: Workers) -> None:
    def reading() -> Iterator[Sequence[Document]]:
        yield from blocks(made(9))
        raise DocumentError(Problem("a.jsonl", "is damaged."))

    found = two.answer(reading())
    assert [next(found).documents[0].id for _ in range(3)] == ["d0", "d3", "d6"]
    with pytest.raises(DocumentError, match=r"a\.jsonl: is damaged"):
        next(found)
    with pytest.raises(ConfigError, match="exclude each other"):
        list(two.answer(blocks(made(3)), threshold=0.1, top_k=2))
    assert len(list(two.answer(blocks(made(9))))) == 3  # nothing of before is left in the pipes


def test_threads_are_divided(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[dict[str, str]] = []

    def popen(*_: object, env: dict[str, str], **__: object) -> None:
        started.append(env)
        raise OSError("started enough")

    monkeypatch.setattr(subprocess, "Popen", popen)
    monkeypatch.setattr("harnn._cores.count_cores", lambda: 9)
    for count, threads in ((2, "4"), (3, "3"), (20, "1")):
        with pytest.raises(OSError, match="enough"), Workers(MODEL, count):
            pass
        assert {started[-1][x] for x in ("OMP_NUM_THREADS", "RAYON_NUM_THREADS")} == {threads}
    with pytest.raises(ValueError, match="Expected 1 process or more, got 0"):
        Workers(MODEL, 0)


def test_a_killed_process_is_one_error_and_the_rest_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    data = tmp_path / "new.jsonl"
    data.write_text("".join(f"{json.dumps({'id': d.id, 'text': d.full_text})}\n" for d in made(20)))
    monkeypatch.setattr("harnn.cli.predicting.documents_at_once", lambda _labels: 4)
    asked = ["predict", str(MODEL), "--data", str(data), "--output"]
    assert run([*asked, str(tmp_path / "one.jsonl")]) == 0
    assert run([*asked, str(tmp_path / "two.jsonl"), "--workers", "2"]) == 0
    whole = (tmp_path / "one.jsonl").read_bytes()
    assert (tmp_path / "two.jsonl").read_bytes() == whole
    capsys.readouterr()
    out = tmp_path / "out.jsonl"
    enter = Workers.__enter__

    def killed(self: Workers) -> Workers:
        found = enter(self)
        os.kill(self._processes[1].pid, signal.SIGKILL)
        return found

    with monkeypatch.context() as patch:
        patch.setattr(Workers, "__enter__", killed)
        assert run([*asked, str(out), "--workers", "2"]) == 2
    assert capsys.readouterr().err.splitlines() == [
        f"The answers for 4 documents are kept in {out}.part; repeat the command with --resume to "
        "go on.",
        f"Error: {ENDED}",
    ]
    assert run([*asked, str(out), "--resume", "--workers", "2"]) == 0
    assert out.read_bytes() == whole
    with pytest.raises(WorkerError, match="killed by signal 9"), Workers(MODEL, 1) as workers:
        os.kill(workers._processes[0].pid, signal.SIGKILL)
        list(workers.answer(blocks(made(3))))


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such signals")
def test_ctrl_c_ends_all_processes(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "harnn", "predict", str(MODEL), "--data", "-"]
    command += ["--output", str(tmp_path / "out.jsonl"), "--workers", "2"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        children: list[str] = []
        while len(children) < 2 and process.poll() is None:
            time.sleep(0.05)
            children = _children_of(process.pid)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert (process.returncode, said) == (130, "Interrupted.\n")
    # One that had only just been started ends when it finds nobody who asks.
    until(lambda: not any(_is_alive(x) for x in children))
    assert not list(tmp_path.iterdir())


def _is_alive(pid: str) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


def _children_of(pid: int) -> list[str]:
    place = Path(f"/proc/{pid}/task/{pid}/children")
    if not place.exists():
        pytest.skip("the system does not tell of child processes")
    return place.read_text().split()


def test_it_is_public() -> None:
    assert harnn.Workers is Workers
    assert os.name != "posix" or issubclass(WorkerError, harnn.HarnnError)
