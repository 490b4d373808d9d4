"""Every file that a command writes is told of, in the same words."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import harnn.cli
from harnn.cli import run
from harnn.cli.files import tell_written
from support.made_reports import GOLDEN

_WRITES = re.compile(
    r"^ .*\b(write_json|write_paper_tables|write_atomically|write_rows|open_rows)\(", re.M
)
_CLI = Path(harnn.cli.__file__).parent


def test_whoever_writes_a_file_tells_of_it() -> None:
    writing = {
        path.name for path in _CLI.glob("*.py") if _WRITES.search(path.read_text(encoding="utf-8"))
    }
    assert {"commands.py", "comparing.py", "review.py", "predicting.py", "decoding.py"} <= writing
    silent = {
        name for name in writing if "tell_written(" not in (_CLI / name).read_text(encoding="utf-8")
    }
    assert not silent


def test_what_is_told(tmp_path: Path) -> None:
    told: list[str] = []
    file = tmp_path / "a.json"
    places = {
        "report": file,
        "scores of all labels": file,
        "table of labels": file,
        "figures": tmp_path,
        "list": None,
        "answers": Path("/dev/stdout"),
    }
    tell_written(told.append, places)
    assert told == [
        f"The report is in {file}.",
        f"The scores of all labels are in {file}.",
        f"The table of labels is in {file}.",
        f"The figures are in {tmp_path}/.",
    ]


def test_where_standard_output_has_nothing_else_the_line_is_beside_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = tmp_path / "t.csv"
    assert run(["thresholds", str(GOLDEN / "blend"), "--by", "level", "-o", str(table)]) == 0
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.splitlines()[-1] == f"The table of thresholds is in {table}."
