"""Run a command of harnn again and again, each time killed a little later; a program.

``python driver.py PLAN.json`` with the keys ``home`` (a directory to work in), ``command`` (the
arguments of a training), ``again`` (what is added after the kill) and ``before`` (arguments of a
training that is done before, or none). Each run is a fork of this process, which has all that takes
time to import in it already. Prints a JSON object.
"""

from __future__ import annotations

import contextlib
import gc
import hashlib
import io
import json
import os
import re
import shutil
import signal
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import sklearn.svm  # noqa: F401
import torch

import harnn.training.fitting  # noqa: F401
from harnn.bundle import CHECKPOINTS, layout, load_bundle
from harnn.cli import run
from harnn.errors import BundleError
from harnn.training.checkpoint import FILE, load_checkpoint
from harnn.training.finished_pieces import load_piece

_WATCHED = {"os.rename", "os.remove", "os.rmdir", "os.mkdir", "open"}
_EXCHANGE = "renameat2"
_RANDOM = re.compile(r"[0-9a-f]{8}(?=\.tmp)")
_TIMED = {layout.HISTORY, layout.CARD, layout.CHECKSUMS, layout.PROVENANCE}
"""Files in which seconds stand, or the hashes of those."""


class Killer:
    """An audit hook that kills the process before the n-th change of files below *home*."""

    def __init__(self, home: Path, number: int) -> None:
        self.home, self.left, self.seen = str(home), number, 0

    def __call__(self, event: str, given: tuple[Any, ...]) -> None:
        if not self._changes_files(event, given):
            return
        self.seen += 1
        if self.seen == self.left:
            os.kill(os.getpid(), signal.SIGKILL)

    def _changes_files(self, event: str, given: tuple[Any, ...]) -> bool:
        if event == "ctypes.dlsym":
            return str(given[1]) == _EXCHANGE
        if event not in _WATCHED or (event == "open" and not given[2] & os.O_CREAT):
            return False
        inside = event in ("os.remove", "os.rmdir") and given[1] not in (-1, None)
        return inside or str(given[0]).startswith(self.home)


def main(plan: dict[str, Any]) -> None:
    torch.set_num_threads(1)
    home = Path(plan["home"])
    out = home / "work" / "model"
    with contextlib.redirect_stdout(io.StringIO()):  # what is loaded once is loaded for all forks
        reset(home, [])
        assert run([x for x in plan["command"] if x != "--overwrite"]) == 0
    gc.freeze()
    reset(home, plan["before"])
    count = forked(home, plan["command"], 0)[1]
    expected = hashes(out)
    results: list[list[str]] = []
    tried = 0
    state: list[str] = []
    for number in range(1, count + 1):
        before, state = state, killed(home, plan, number)
        same = state == before  # the change before this one changed nothing
        results.append([] if same else gone_on(home, plan, expected))
        tried += not same
    found = {"count": count, "files": len(expected), "tried": tried, "results": results}
    print(json.dumps(found))


def killed(home: Path, plan: dict[str, Any], number: int) -> list[str]:
    """Kill the command before one of its changes; return what stands there then."""
    reset(home, plan["before"])
    code, _ = forked(home, plan["command"], number)
    assert code == -signal.SIGKILL, f"change {number}: was not killed, but ended with {code}"
    return sorted(
        f"{_RANDOM.sub('', str(path))}{' empty' * (path.is_file() and not path.stat().st_size)}"
        for path in (home / "work").rglob("*")
    )


def gone_on(home: Path, plan: dict[str, Any], expected: dict[str, str]) -> list[str]:
    """Try again after a kill, and return what is wrong."""
    out = home / "work" / "model"
    wrong = half_written(out, had_model=bool(plan["before"]))
    code, _ = forked(home, [*plan["command"], *plan["again"]], 0)
    if code != 0:
        said = (home / "log").read_text("utf-8")
        return [*wrong, f"ended with {code}: {said[-600:]}"]
    if hashes(out) != expected:
        wrong.append("another model")
    left = [x.name for x in (home / "work").rglob(".*") if x.suffix != ".lock"]
    left += [x.name for x in (home / "work").glob(".*.lock")]
    left += [x.name for x in out.iterdir() if x.name == CHECKPOINTS or x.suffix == ".tmp"]
    return wrong + [f"left over: {name}" for name in left]


def half_written(out: Path, *, had_model: bool) -> list[str]:
    """Return what stands under a final name and cannot be read."""
    wrong = []
    checkpoint = out / CHECKPOINTS
    with contextlib.suppress(FileNotFoundError):
        if any(x.is_file() for x in out.iterdir()) or (had_model and not out.exists()):
            wrong += complaint(partial(load_bundle, out))
    if had_model and not out.exists():
        wrong.append("the old model is gone")
    for place in (checkpoint, checkpoint / "network-2"):
        if (place / FILE).exists():
            wrong += complaint(partial(load_checkpoint, place))
    for path in checkpoint.glob("finished-*.safetensors"):
        wrong += complaint(partial(load_piece, path))
    return wrong


def complaint(read: Callable[[], object]) -> list[str]:
    try:
        read()
    except BundleError as error:
        return [f"half written: {error}"]
    return []


def reset(home: Path, before: list[str]) -> None:
    shutil.rmtree(home / "work", ignore_errors=True)
    (home / "work").mkdir()
    if not before:
        return
    if not (home / "kept").exists():
        assert forked(home, before, 0)[0] == 0, (home / "log").read_text("utf-8")
        shutil.copytree(home / "work", home / "kept")
    else:
        shutil.copytree(home / "kept", home / "work", dirs_exist_ok=True)


def forked(home: Path, arguments: list[str], number: int) -> tuple[int, int]:
    """Run a command in a fork, killed before change *number*; return its exit code and changes."""
    tally = home / "tally"
    tally.unlink(missing_ok=True)
    child = os.fork()
    if not child:
        code = 70
        try:
            log = os.open(home / "log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
            os.dup2(log, 1)
            os.dup2(log, 2)
            killer = Killer(home / "work", number)
            sys.addaudithook(killer)
            code = run(arguments)
            sys.stdout.flush()
            tally.write_text(str(killer.seen), encoding="utf-8")
        finally:
            os._exit(code)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return code, int(tally.read_text("utf-8")) if tally.exists() else 0


def hashes(directory: Path) -> dict[str, str]:
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(directory.iterdir())
        if path.is_file() and path.name not in _TIMED
    }


if __name__ == "__main__":
    main(json.loads(Path(sys.argv[1]).read_text("utf-8")))
