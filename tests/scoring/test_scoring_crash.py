"""``harnn score`` killed before everything that it does to a file."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from support.archives import MODEL, write_archive

DRIVER = """
import os, shutil, signal, sys
from pathlib import Path

from harnn.cli import run

model, data, folder = sys.argv[1:4]
home = Path(folder)
out, whole = home / "out", home / "whole"
EVENTS = {"open", "os.rename", "os.remove", "os.truncate", "os.mkdir", "os.rmdir"}

def score(place):
    options = ["--data", data, "--out", str(place), "--partition", "2", "--resume"]
    return run(["score", model, *options])

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
        if event in EVENTS and str(arguments[0]).startswith(str(home)):
            if not str(arguments[0]).startswith(data):
                count += 1
                if count == number:
                    os.kill(os.getpid(), signal.SIGKILL)
    sys.addaudithook(watch)
    return score(out)

def answers(place):
    return {each.name: each.read_bytes() for each in sorted((place / "answers").iterdir())}

assert score(whole) == 2  # in this process, so that the others have all modules
wanted, number = answers(whole), 0
while True:
    number += 1
    status = in_child(lambda: killed_before(number))
    finished = os.WIFEXITED(status)
    if (out / "answers").is_dir():
        for name, content in answers(out).items():
            assert name.startswith(".") or content == wanted[name], (number, name)
    assert os.WEXITSTATUS(in_child(lambda: score(out))) == 2, number
    assert answers(out) == wanted, number
    assert (out / "failed").is_dir() and (out / "summary.json").exists()
    left = [each.name for each in out.rglob("*") if each.suffix == ".tmp"]
    assert not left, (number, left)
    shutil.rmtree(out)
    if finished:
        assert os.WEXITSTATUS(status) == 2, number
        break
print(number)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="there is no fork")
def test_killed_anywhere_nothing_is_half_and_it_goes_on(tmp_path: Path) -> None:
    data = write_archive(tmp_path / "a.jsonl", 5)
    with data.open("a") as file:
        file.write("no json\n")
    command = [sys.executable, "-c", DRIVER, str(MODEL), str(data), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2_000:]
    assert int(done.stdout.splitlines()[-1]) > 30
