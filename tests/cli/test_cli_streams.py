"""Streams that are closed, broken or full, signals, and other threads."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import signal
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pytest

from harnn.cli import main, run

MODEL = Path(__file__).parents[1] / "golden" / "format-3" / "fast"
HARNN = f"{sys.executable} -m harnn"
PREDICT = f"{HARNN} predict '{MODEL}'"


def shell(command: str, **environment: str) -> tuple[int, str, str]:
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {command}"],
        capture_output=True,
        text=True,
        errors="surrogateescape",
        stdin=subprocess.DEVNULL,
        env=os.environ | environment,
    )
    return done.returncode, done.stdout, done.stderr


@pytest.mark.slow
def test_a_reader_that_has_enough(tmp_path: Path) -> None:
    texts = tmp_path / "texts.txt"
    texts.write_text("bees and hives\n" * 5_000, encoding="utf-8")
    code, out, err = shell(f"{PREDICT} --data - < '{texts}' | head -1")
    assert (code, err) == (0, "")
    assert json.loads(out)["id"] == "stdin:1"
    report = tmp_path / "report.json"
    evaluate = f"{HARNN} evaluate '{MODEL}' --data '{labelled(tmp_path)}' --json '{report}'"
    code, _, err = shell(f"{evaluate} | true")
    assert (code, err) == (0, "")
    assert json.loads(report.read_text("utf-8"))["documents"] == 1
    assert shell(f"{HARNN} --help | true")[0] == 0


@pytest.mark.slow
def test_nobody_who_reads_the_messages(tmp_path: Path) -> None:
    data = tmp_path / "mixed.jsonl"
    data.write_text('{"id": "1", "text": "bees"}\n{"id": "2"}\n', encoding="utf-8")
    for errors in ("2> >(true)", "2>/dev/full", "2>&-"):
        code, out, _ = shell(f"{PREDICT} --data '{data}' --on-error skip {errors}")
        assert (code, len(out.splitlines())) == (0, 1), errors
    assert shell(f"{PREDICT} 2>&-") == (2, "", "")


def labelled(folder: Path) -> Path:
    data = folder / "data.jsonl"
    data.write_text('{"id": "1", "text": "bees", "labels": ["beekeeping"]}\n', encoding="utf-8")
    return data


def test_closed_streams(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A few as a shell closes them; Python has None in their places, which all commands look at."""
    sentence = "Error: standard output: is closed. Send it to a file or to /dev/null.\n"
    data, model = str(labelled(tmp_path)), str(MODEL)
    for command in (f"{PREDICT} --text bees", f"{HARNN} --version"):
        assert shell(f"{command} >&-") == (2, "", sentence)
    for arguments in (["evaluate", model, "--data", data], ["validate", "--data", data]):
        with monkeypatch.context() as patch:
            patch.setattr(sys, "stdout", None)
            assert run(arguments) == 2
        assert capsys.readouterr().err == sentence
    closed = (
        "Error: standard input: is closed. Send documents to it, or name a file instead of -.\n"
    )
    assert shell(f"{PREDICT} --data - <&-") == (2, "", closed)
    monkeypatch.setattr(sys, "stdin", None)
    for arguments in (
        ["evaluate", model, "--data", "-"],
        ["explain", model, "--data", "-", "-o", f"{tmp_path}/x.html"],
        ["validate", "--data", "-"],
        ["taxonomy", "--data", "-", "-o", f"{tmp_path}/x.json"],
        ["train", "--train", "-", "--valid", data, "--out", f"{tmp_path}/model"],
        ["compare", model, model, "--data", "-"],
    ):
        assert run(arguments) == 2, arguments
        assert capsys.readouterr().err == closed, arguments
    assert shell(f"{PREDICT} --text bees --output '{tmp_path}/x.jsonl' <&-")[0] == 0


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_a_full_disk(tmp_path: Path) -> None:
    data = labelled(tmp_path)
    for command in (f"{PREDICT} --text x", f"{HARNN} evaluate '{MODEL}' --data '{data}'"):
        assert shell(f"{command} > /dev/full") == (
            2,
            "",
            "Error: standard output: cannot be written: No space left on device.\n",
        )


def test_standard_input_is_read_once(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    data = str(labelled(tmp_path))
    several = (
        "Error: standard input: can be read only once, but this command reads its documents "
        "several times. Write it to a file first.\n"
    )
    for arguments in (
        ["train", "--train", "-", "--valid", data, "--out", str(tmp_path / "model")],
        ["train", "--train", data, "--valid", "-", "--out", str(tmp_path / "model")],
        ["compare", str(MODEL), str(MODEL), "--data", "-"],
    ):
        assert run(arguments) == 2
        assert capsys.readouterr().err == several
    assert run(["validate", "--data", "-", "--test", "-"]) == 2
    assert capsys.readouterr().err == (
        "Error: standard input: is named twice, but can be read only once. Write it to a file "
        "first.\n"
    )


@pytest.mark.parametrize(
    "encoding",
    [
        pytest.param("ascii", marks=pytest.mark.slow),
        "latin-1",
        pytest.param("utf-8", marks=pytest.mark.slow),
    ],
)
def test_any_encoding_of_the_terminal(encoding: str) -> None:
    code, out, err = shell(
        f"{PREDICT} --text 'Bienenstöcke 蜜蜂' --top-k 1 --set data.id_field=蜜",
        PYTHONIOENCODING=encoding,
    )
    assert (code, err) == (0, "")
    assert json.loads(out)["labels"]
    code, out, err = shell(f"{PREDICT} --data '蜜é.jsonl'", PYTHONIOENCODING=encoding)
    assert (code, out) == (2, "")
    assert ".jsonl: no such file." in err


def test_other_threads(capsys: pytest.CaptureFixture[str]) -> None:
    codes: list[int] = []
    worker = threading.Thread(
        target=lambda: codes.append(run(["predict", str(MODEL), "--text", "x"]))
    )
    worker.start()
    worker.join()
    assert codes == [0]
    assert json.loads(capsys.readouterr().out)["id"] == "1"


def test_signals_are_as_before(capsys: pytest.CaptureFixture[str]) -> None:
    numbers = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)
    before = [signal.getsignal(number) for number in numbers]
    assert run(["--version"]) == 0
    assert [signal.getsignal(number) for number in numbers] == before


def is_full(pipe: IO[str]) -> bool:
    """Tell whether there is something in a pipe that nobody has read yet."""
    return any(fcntl.ioctl(pipe, termios.FIONREAD, b"\0" * 4))


@pytest.fixture
def waiting() -> Iterator[subprocess.Popen[str]]:
    """A command that waits for documents."""
    command = [sys.executable, "-m", "harnn", "predict", str(MODEL), "--data", "-"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True) as child:
        assert child.stdin is not None
        child.stdin.write("\n")  # which is no document
        child.stdin.flush()
        while is_full(child.stdin) and child.poll() is None:
            time.sleep(0.02)
        yield child
        child.kill()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signals(number: int, waiting: subprocess.Popen[str]) -> None:
    waiting.send_signal(number)
    assert waiting.stderr is not None
    assert waiting.stderr.read() == "Interrupted.\n"
    assert waiting.wait() == 130


def test_ctrl_c_while_modules_are_imported(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stopped(_: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr("harnn.cli.run", stopped)
    with pytest.raises(SystemExit) as ended:
        main([])
    assert ended.value.code == 130
    assert capsys.readouterr().err == "Interrupted.\n"


def test_a_hangup_that_is_ignored_stays_so() -> None:
    code = (
        "import signal; from harnn.cli.screen import stopped_by_signals\n"
        "signal.signal(signal.SIGHUP, signal.SIG_IGN)\n"
        "with stopped_by_signals(): signal.raise_signal(signal.SIGHUP)\n"
        "print('alive')"
    )
    assert shell(f'{sys.executable} -c "{code}"')[:2] == (0, "alive\n")


def test_progress_on_a_terminal(tmp_path: Path) -> None:
    """Where standard error is a terminal there is a bar, and the answers are as ever."""
    data = tmp_path / "texts.txt"
    data.write_text("bees and hives\n" * 3_000, encoding="utf-8")
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "harnn", "predict", str(MODEL), "--data", str(data)]
    out = tmp_path / "out.jsonl"
    with out.open("wb") as stream:
        child = subprocess.Popen(command, stdout=stream, stderr=theirs)
    os.close(theirs)
    seen = b""
    try:
        while chunk := os.read(ours, 65_536):
            seen += chunk
    except OSError:  # the other side is closed
        pass
    os.close(ours)
    assert child.wait() == 0
    assert b"documents/s" in seen
    assert len(out.read_text("utf-8").splitlines()) == 3_000
