"""``harnn serve`` in a process of its own: start, stop, models replaced, several processes."""

from __future__ import annotations

import asyncio
import shutil
import signal
import socket
import sys
import threading
from dataclasses import replace
from pathlib import Path

import httpx
import psutil  # type: ignore[import-untyped]
import pytest
import uvicorn
import uvicorn.supervisors

from harnn.cli import run
from harnn.serve import ModelPlace, ServeSettings
from harnn.serve.metrics import MULTIPROCESS
from harnn.serve.run import _say_how_to_ask, _Supervisor
from support.served import RunningServer, client_of, fit_model, running
from support.waiting import until

ASKED = {"documents": ["We fit a new washer to the dripping kitchen tap."]}


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fit_model(tmp_path_factory.mktemp("other") / "sample", seed=7)


@pytest.mark.slow
def test_what_was_accepted_is_answered_before_it_stops(model: Path, tmp_path: Path) -> None:
    many = {"documents": ["A dripping kitchen tap. " * 100] * 250}

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
        log = server.log
    assert log.count("POST /v1/predict 200") == 3
    assert log.endswith("Stopped.\n")
    assert "kitchen" not in log


@pytest.mark.slow
def test_a_model_that_is_replaced_answers_soon(model: Path, other: Path, tmp_path: Path) -> None:
    place = tmp_path / "model"
    shutil.copytree(model, place)
    with (
        running(tmp_path / "log", f"m={place}") as server,
        httpx.Client(base_url=server.url) as client,
    ):
        before = client.get("/v1/model").json()
        new = tmp_path / "new"
        shutil.copytree(other, new)
        place.rename(tmp_path / "old")
        new.rename(place)
        until(lambda: client.get("/v1/model").json() != before)
        after = client.get("/v1/model").json()
        assert after["version"] != before["version"]
        assert client.post("/v1/predict", json=ASKED).json()["model"] == {
            "name": "m",
            "version": after["version"],
        }
        counted = client.get("/metrics").text
        assert f'harnn_model_info{{hash="{before["hash"]}",model="m"}} 0.0' in counted
        assert f'harnn_model_info{{hash="{after["hash"]}",model="m"}} 1.0' in counted
        assert server.stop(signal.SIGINT) == 0


def test_a_damaged_model_leaves_the_old_one(
    model: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    place = tmp_path / "model"
    shutil.copytree(model, place)
    with client_of(f"m={place}") as client:
        before = client.get("/v1/model").json()
        assert client.post("/v1/model/reload").json() == before
        (place / "config.json").write_text("{}", "utf-8")
        answer = client.post("/v1/model/reload")
        assert answer.status_code == 500
        assert str(place) not in answer.text  # where things lie is nobody's business
        assert client.get("/v1/model").json() == before
        assert client.post("/v1/predict", json=ASKED).status_code == 200
    (logged,) = [record for record in caplog.records if record.levelname == "ERROR"]
    assert logged.getMessage().startswith(f"{place / 'config.json'}: was changed")
    assert logged.exc_info is None  # it says all there is to say


def test_a_directory_that_cannot_be_looked_at_is_looked_at_again(
    model: Path,
    other: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr("harnn.serve.watching._SECONDS", 0.01)
    place = tmp_path / "model"
    shutil.copytree(model, place)
    with client_of(f"m={place}", watch=True) as client:
        before = client.get("/v1/model").json()
        with monkeypatch.context() as patch:
            patch.setattr("harnn.serve.models.fingerprint", refuse)
            until(lambda: "Permission denied" in caplog.text)
        shutil.rmtree(place)
        shutil.copytree(other, place)
        until(lambda: client.get("/v1/model").json() != before)
    assert caplog.text.count("Permission denied") == 1


def refuse(directory: Path) -> str:
    raise PermissionError(13, "Permission denied", str(directory))


@pytest.mark.slow
def test_several_processes_count_together(model: Path, tmp_path: Path) -> None:
    closed = {"Connection": "close"}
    with (
        running(tmp_path / "log", model, "--workers", "2") as server,
        httpx.Client(base_url=server.url, headers=closed) as client,
    ):
        for _ in range(20):  # each on a connection of its own
            assert client.post("/v1/predict", json=ASKED).status_code == 200
        counted = client.get("/metrics").text
        assert 'harnn_documents_total{model="sample"} 20.0' in counted
        children = psutil.Process(server.process.pid).children(recursive=True)
        next(each for each in children if "spawn_main" in " ".join(each.cmdline())).kill()
        until(lambda: server.log.count("Serving") == 3)  # another took its place
        assert client.post("/v1/predict", json=ASKED).status_code == 200
        assert server.stop(signal.SIGHUP) == 0


def refusal(capsys: pytest.CaptureFixture[str], *words: str | Path) -> list[str]:
    """Return what ``harnn serve`` says where it does not begin."""
    assert run(["serve", "--port", "0", *map(str, words)]) == 2
    return capsys.readouterr().err.splitlines()


@pytest.mark.parametrize("workers", ["1", "2"])
def test_models_that_are_absent_or_damaged_are_named_before_anything_begins(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], workers: str
) -> None:
    damaged, database = tmp_path / "damaged", tmp_path / "kept.db"
    shutil.copytree(model, damaged)
    (damaged / "taxonomy.json").write_text("{}", "utf-8")
    places = (model, damaged, tmp_path / "absent")
    lines = refusal(capsys, *places, "--workers", workers, "--database", database)
    assert lines == [
        "Error: 2 problems in the model directory:",
        f"  {damaged / 'taxonomy.json'}: was changed after it was written (its SHA-256 differs). "
        "Restore it or train again.",
        f"  {tmp_path / 'absent'}: no such model directory. Train one with harnn train.",
    ]
    assert not database.exists()


def test_a_place_that_is_taken_is_named(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert refusal(capsys, model, "--port", port) == [
            f"Error: 127.0.0.1:{port}: cannot be listened on: Address already in use."
        ]


def test_nobody_listens_beyond_this_machine_without_tokens(
    model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert refusal(capsys, model, "--host", "0.0.0.0") == [
        "Error: --host: got '0.0.0.0', which other machines reach, and no tokens: whoever finds "
        "the server could ask it and teach it. Give --tokens FILE (harnn token makes one), or "
        "--open-to-all if that is meant."
    ]


def test_what_is_wrong_is_said_together(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = refusal(
        capsys, f"a={model}", f"a={model}", "--workers", "0", "--max-documents", "0",
        "--allow-origin", "example.org",
    )  # fmt: skip
    assert lines[0] == "Error: 4 problems in the configuration:"
    assert "got two models called 'a'" in lines[1]
    assert "--max-documents: got 0, expected 1 or more." in lines[2]
    assert "--workers: got 0, expected 1 or more." in lines[3]
    assert "got 'example.org', expected an origin such as https://example.org, or *." in lines[4]


def test_who_sits_at_a_terminal_is_told_how_to_ask(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = ServeSettings(models=(ModelPlace("a", tmp_path), ModelPlace("b", tmp_path)))
    _say_how_to_ask(settings)
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    _say_how_to_ask(replace(settings, host="::1", tokens=tmp_path / "tokens"))
    assert capsys.readouterr().err == (
        "Loading a, b. Ctrl-C stops the server. To ask it:\n"
        "  curl 'http://[::1]:8000/v1/predict' -H 'Authorization: Bearer TOKEN' "
        "-H 'Content-Type: application/json' -d '{\"documents\": [\"A text.\"]}'\n"
    )
    _say_how_to_ask(replace(settings, json_logs=True))
    assert capsys.readouterr().err == ""


class Silent:
    """One of several processes: it is there, and does not answer the first times."""

    def __init__(self, times: int) -> None:
        self.times, self.killed, self.process, self.pid = times, False, self, 1

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


def test_what_waited_in_a_process_that_died_is_counted_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(MULTIPROCESS, str(tmp_path))
    kept = [tmp_path / "gauge_livesum_2.db", tmp_path / "counter_1.db"]
    for path in (*kept, tmp_path / "gauge_livesum_1.db"):
        path.touch()
    found, other = supervisor(Silent(times=0)), Silent(times=0)
    other.pid = 2

    def start_another(supervisor: uvicorn.supervisors.Multiprocess) -> None:
        supervisor.processes[:] = [other]  # type: ignore[list-item]

    monkeypatch.setattr(uvicorn.supervisors.Multiprocess, "keep_subprocess_alive", start_another)
    found.keep_subprocess_alive()
    assert {*tmp_path.iterdir()} == {*kept}


def test_signals_are_heeded_while_a_process_is_silent() -> None:
    silent = Silent(times=1_000_000)
    found = supervisor(silent)
    found.signal_queue.append(signal.SIGTERM)
    found.keep_subprocess_alive()
    assert found.should_exit.is_set()
    assert not silent.killed
