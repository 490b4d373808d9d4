"""``harnn serve`` in a process of its own: start, stop, models replaced, several processes."""

from __future__ import annotations

import asyncio
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx
import psutil  # type: ignore[import-untyped]
import pytest
import uvicorn

from harnn.serve.run import _Supervisor
from support.served import RunningServer, fit_model, running

ASKED = {"documents": ["We fit a new washer to the dripping kitchen tap."]}


def harnn(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "harnn", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fit_model(tmp_path_factory.mktemp("other") / "sample", seed=7)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_it_answers_and_stops_when_told(model: Path, tmp_path: Path, number: int) -> None:
    with running(tmp_path / "log", model) as server:
        answer = httpx.post(f"{server.url}/v1/predict", json=ASKED)
        assert answer.status_code == 200
        assert server.stop(number) == 0
        log = server.log
    assert "POST /v1/predict 200" in log
    assert log.endswith("Stopped.\n")
    assert "washer" not in log


def test_what_was_accepted_is_answered_before_it_stops(model: Path, tmp_path: Path) -> None:
    many = {"documents": ["A dripping kitchen tap. " * 200] * 250}

    async def asking(server: RunningServer) -> list[int]:
        async with httpx.AsyncClient(timeout=60, base_url=server.url) as client:
            posts = [client.post("/v1/predict", json=many) for _ in range(3)]
            tasks = [asyncio.create_task(post) for post in posts]
            while "harnn_queue_depth 500.0" not in (await client.get("/metrics")).text:
                assert not tasks[0].done(), "too fast for this test"
            server.process.send_signal(signal.SIGTERM)
            return [(await task).status_code for task in tasks]

    with running(tmp_path / "log", model) as server:
        assert asyncio.run(asking(server)) == [200, 200, 200]
        assert server.process.wait(60) == 0


def test_a_model_that_is_replaced_answers_soon(model: Path, other: Path, tmp_path: Path) -> None:
    place = tmp_path / "model"
    shutil.copytree(model, place)
    with running(tmp_path / "log", f"m={place}") as server:
        before = httpx.get(f"{server.url}/v1/model").json()
        new = tmp_path / "new"
        shutil.copytree(other, new)
        place.rename(tmp_path / "old")
        new.rename(place)
        deadline = time.monotonic() + 30
        while (after := httpx.get(f"{server.url}/v1/model").json()) == before:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        assert after["version"] != before["version"]
        assert httpx.post(f"{server.url}/v1/predict", json=ASKED).json()["model"] == {
            "name": "m",
            "version": after["version"],
        }
        counted = httpx.get(f"{server.url}/metrics").text
        assert f'harnn_model_info{{hash="{before["hash"]}",model="m"}} 0.0' in counted
        assert f'harnn_model_info{{hash="{after["hash"]}",model="m"}} 1.0' in counted


def test_a_damaged_model_leaves_the_old_one(model: Path, tmp_path: Path) -> None:
    place = tmp_path / "model"
    shutil.copytree(model, place)
    with running(tmp_path / "log", f"m={place}", "--no-watch") as server:
        before = httpx.get(f"{server.url}/v1/model").json()
        assert httpx.post(f"{server.url}/v1/model/reload").json() == before
        (place / "config.json").write_text("{}", "utf-8")
        answer = httpx.post(f"{server.url}/v1/model/reload")
        assert answer.status_code == 500
        assert str(place) not in answer.text  # where things lie is nobody's business
        assert httpx.get(f"{server.url}/v1/model").json() == before
        assert httpx.post(f"{server.url}/v1/predict", json=ASKED).status_code == 200


def test_several_processes_count_together(model: Path, tmp_path: Path) -> None:
    with running(tmp_path / "log", model, "--workers", "2") as server:
        for _ in range(20):  # each on a connection of its own
            assert httpx.post(f"{server.url}/v1/predict", json=ASKED).status_code == 200
        counted = httpx.get(f"{server.url}/metrics").text
        assert 'harnn_documents_total{model="sample"} 20.0' in counted
        children = psutil.Process(server.process.pid).children(recursive=True)
        next(each for each in children if "spawn_main" in " ".join(each.cmdline())).kill()
        deadline = time.monotonic() + 30
        while server.log.count("Serving") < 3:  # another took its place
            assert time.monotonic() < deadline
            time.sleep(0.1)
        assert httpx.post(f"{server.url}/v1/predict", json=ASKED).status_code == 200
        assert server.stop(signal.SIGHUP) == 0


def test_what_cannot_start_says_why(model: Path, tmp_path: Path) -> None:
    found = harnn("serve", tmp_path / "nothing")
    assert (found.returncode, "Traceback" in found.stderr) == (2, False)
    assert "nothing" in found.stderr
    found = harnn("serve", tmp_path / "nothing", "--workers", "2", "--port", "0")
    assert (found.returncode, "Traceback" in found.stderr) == (2, False)
    assert "nothing" in found.stderr
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        found = harnn("serve", model, "--port", port)
    assert found.returncode == 2
    assert found.stderr == (
        f"Error: 127.0.0.1:{port}: cannot be listened on: Address already in use.\n"
    )


def test_nobody_listens_beyond_this_machine_without_tokens(model: Path) -> None:
    found = harnn("serve", model, "--host", "0.0.0.0", "--port", "0")
    assert found.returncode == 2
    assert found.stderr == (
        "Error: --host: got '0.0.0.0', which other machines reach, and no tokens: whoever finds "
        "the server could ask it and teach it. Give --tokens FILE (harnn token makes one), or "
        "--open-to-all if that is meant.\n"
    )


def test_what_is_wrong_is_said_together(model: Path) -> None:
    found = harnn(
        "serve", f"a={model}", f"a={model}", "--workers", "0", "--max-documents", "0",
        "--allow-origin", "example.org",
    )  # fmt: skip
    assert found.returncode == 2
    lines = found.stderr.splitlines()
    assert lines[0] == "Error: 4 problems in the configuration:"
    assert "got two models called 'a'" in lines[1]
    assert "limit of documents: got 0, expected 1 or more." in lines[2]
    assert "--workers: got 0, expected 1 or more." in lines[3]
    assert "got 'example.org', expected an origin such as https://example.org, or *." in lines[4]


class Silent:
    """One of several processes: it is there, and does not answer the first times."""

    def __init__(self, times: int) -> None:
        self.times, self.killed, self.process = times, False, self

    def is_alive(self, timeout: float | None = None) -> bool:
        return timeout is None or self.times <= 0

    def ping(self, timeout: float) -> bool:
        self.times -= 1
        return self.times <= 0

    def kill(self) -> None:
        self.killed = True


def supervisor(process: Silent) -> _Supervisor:
    found = object.__new__(_Supervisor)  # else it takes the signals of this process
    found.config = uvicorn.Config("none")
    found.processes, found.signal_queue = [process], []  # type: ignore[list-item]
    found.should_exit = threading.Event()
    return found


def test_a_process_that_takes_long_to_import_is_left_alone() -> None:
    slow = Silent(times=8)
    supervisor(slow).keep_subprocess_alive()
    assert not slow.killed


def test_signals_are_heeded_while_a_process_is_silent() -> None:
    silent = Silent(times=1_000_000)
    found = supervisor(silent)
    found.signal_queue.append(signal.SIGTERM)
    found.keep_subprocess_alive()
    assert found.should_exit.is_set()
    assert not silent.killed
