"""What the tutorial says can be typed, and is printed."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

pytest.importorskip("python_calamine")

from harnn.cli import run
from harnn.sample import write_letters
from support.typed_pages import DOCS, Typist, blocks

PAGE = (DOCS / "tutorial.md").read_text(encoding="utf-8")


@pytest.mark.slow
def test_all_of_the_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("jinja2", "fastapi", "sqlalchemy"):
        pytest.importorskip(name)
    if shutil.which("curl") is None:
        pytest.skip("there is no curl")
    monkeypatch.chdir(tmp_path)
    typist = Typist(capsys, "letters.toml")
    typist.type(PAGE)
    assert typist.excerpts == 12
    home = tmp_path / "letters"
    for name in ("reasons.html", "report.html"):
        assert "<html" in (home / name).read_text(encoding="utf-8")
    assert (home / "better" / "config.json").exists()


def test_the_files_are_as_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """And looking at them prints what stands there, up to the fixes."""
    monkeypatch.chdir(tmp_path)
    write_letters("letters")
    looking = PAGE.partition("## 2. Mend")[0]
    Typist(capsys, "letters.toml").type(looking)
    letters, fixes = (block.content for block in blocks(PAGE) if not block.language)
    written = Path("letters.csv").read_text(encoding="cp1252").splitlines()
    assert letters.splitlines()[0] == written[0]
    assert any(line.startswith(letters.splitlines()[1].removesuffix("...")) for line in written)
    assert Path("fixes.tsv").read_text(encoding="utf-8").startswith(fixes)
    assert run(["taxonomy", "check", "subjects.xlsx"]) == 0
