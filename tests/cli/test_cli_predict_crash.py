"""``harnn predict --output`` killed before everything that it does to a file."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

MODEL = Path(__file__).parents[1] / "golden" / "format-3" / "fast"
DRIVER = """
import os, signal, sys
from pathlib import Path

import harnn.cli.predicting
from harnn.cli import run

model, data, folder, suffix, held = sys.argv[1:6]
home = Path(folder)
output, whole = home / f"out{suffix}", home / f"whole{suffix}"
harnn.cli.predicting.documents_at_once = lambda labels: 4
EVENTS = {"open", "os.rename", "os.remove", "os.truncate", "os.link"}

def predict(place, *more):
    return run(["predict", model, "--data", data, "--output", str(place), *more])

def in_child(work):
    child = os.fork()
    if not child:
        try:
            os._exit(work())
        except BaseException:
            os._exit(99)
    return os.waitpid(child, 0)[1]

def killed_before(number):
    count = 0
    def watch(event, arguments):
        nonlocal count
        if event in EVENTS and str(arguments[0]).startswith(str(output.parent)):
            if not str(arguments[0]).startswith(data):
                count += 1
                if count == number:
                    os.kill(os.getpid(), signal.SIGKILL)
    sys.addaudithook(watch)
    return predict(output, "--resume")

assert in_child(lambda: predict(whole)) == 0
wanted, number = whole.read_bytes(), 0
while True:
    number += 1
    if held == "old":
        output.write_bytes(b"old")
    status = in_child(lambda: killed_before(number))
    finished = os.WIFEXITED(status)
    if output.exists():
        assert output.read_bytes() in (wanted, b"old"), number
    if finished:
        assert status == 0, number
    assert in_child(lambda: predict(output, "--resume")) == 0, number
    assert output.read_bytes() == wanted, number
    left = sorted(p.name for p in home.iterdir() if p.name != Path(data).name)
    assert left == sorted([output.name, whole.name]), (number, left)
    output.unlink()
    if finished:
        break
print(number)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no fork")
@pytest.mark.parametrize(
    ("suffix", "held"),
    [(".jsonl", "old"), (".csv", "nothing"), (".jsonl", "nothing"), (".parquet", "old")],
)
@pytest.mark.slow
def test_killed_anywhere_it_goes_on(suffix: str, held: str, tmp_path: Path) -> None:
    data = tmp_path / "data.txt"
    data.write_text("bees and hives\na dripping tap\n\nzzqx\n" * 3, encoding="utf-8")
    command = [sys.executable, "-c", DRIVER, str(MODEL), str(data), str(tmp_path), suffix, held]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2_000:]
    assert int(done.stdout.splitlines()[-1]) > 10
