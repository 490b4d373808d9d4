"""A command alone and beside another program."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

CODE = (
    "import os, time\n"
    "turns, threads = (os.environ.get(x) for x in ('GOMP_SPINCOUNT', 'OMP_NUM_THREADS'))\n"
    "assert (turns, threads) in (('7', None), ('9', None), (None, '1')), (turns, threads)\n"
    "time.sleep(60 if turns == '9' else 0)\n"
)


@pytest.mark.skipif(sys.platform != "linux", reason="cores are kept to on Linux")
def test_each_way_is_told_and_what_takes_too_long_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import waiting

    monkeypatch.setenv("GOMP_SPINCOUNT", "5")  # is taken away
    output = tmp_path / "new" / "waiting.json"
    chosen = ["--turns", "7", "9", "--limit", "5", "--output", str(output), "--"]
    monkeypatch.setattr("sys.argv", ["waiting.py", *chosen, sys.executable, "-c", CODE])
    waiting.main()
    rows = json.loads(output.read_text("utf-8"))["rows"]
    assert [(row["way"], row["beside"], row["ended"]) for row in rows] == [
        ("7", False, False),
        ("7", True, False),
        ("9", False, True),
        ("9", True, True),
        ("one thread", False, False),
        ("one thread", True, False),
    ]
    assert "| 9 | over 5 s | over 5 s |" in capsys.readouterr().out


def test_what_fails_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    import waiting

    fails = [sys.executable, "-c", "raise SystemExit('no room')"]
    monkeypatch.setattr("sys.argv", ["waiting.py", "--turns", "7", "--", *fails])
    with pytest.raises(SystemExit, match=r"failed:\nno room"):
        waiting.main()
