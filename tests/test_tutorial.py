"""What the tutorial says can be typed, and is printed."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from harnn.cli import run

pytest.importorskip("openpyxl")
pytest.importorskip("python_calamine")
pytest.importorskip("jinja2")

from support.messy_tables import write_messy_tables

DOCS = Path(__file__).parents[1] / "docs"
PAGE = (DOCS / "tutorial.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"```(\w*)\n(.*?)```", flags=re.DOTALL)
LEARNED = re.compile(r"\d+\.\d+|\d+(?= KB)")
"""Numbers that may differ a little from machine to machine."""


def is_printed(line: str, printed: list[str]) -> bool:
    """Tell whether a line is among those printed, with nearly the same numbers."""
    numbers = [float(number) for number in LEARNED.findall(line)]
    alike = [each for each in printed if LEARNED.sub("#", each) == LEARNED.sub("#", line)]
    return any(
        [float(number) for number in LEARNED.findall(each)] == pytest.approx(numbers, abs=2)
        for each in alike
    )


def blocks(page: str) -> list[tuple[str, str]]:
    return BLOCK.findall(page)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write_messy_tables(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def type_in(page: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> int:
    """Run the commands of a page, hold what they print to the excerpts, and count those."""
    excerpts = 0
    printed: list[str] = []
    found = blocks(page)
    for (language, content), (after, said) in zip(found, [*found[1:], ("", "")], strict=True):
        if language == "toml":
            (folder / "letters.toml").write_text(content, encoding="utf-8")
        elif language == "sh":
            wrong = after == "text" and "to mend." in said
            for line in content.replace("\\\n", " ").splitlines():
                words = shlex.split(line)
                assert words[0] == "harnn"
                assert run(words[1:]) == (2 if wrong else 0), line
            captured = capsys.readouterr()
            printed = (captured.out + captured.err).splitlines()
        elif language == "text":
            for line in content.splitlines():
                assert is_printed(line, printed), line
            excerpts += 1
    return excerpts


def test_three_commands(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert type_in(PAGE[: PAGE.index("## In a notebook")], folder, capsys) == 5
    assert "<html" in (folder / "report.html").read_text(encoding="utf-8")
    answers = (folder / "answers.csv").read_text(encoding="utf-8").splitlines()
    assert answers[0] == "id,labels,scores,notes"
    assert answers[1].startswith("new-letters.csv:2,")
    shown = [content for language, content in blocks(PAGE) if not language]
    [letters, fixes] = shown
    written = (folder / "letters.csv").read_text(encoding="cp1252").splitlines()
    assert letters.splitlines()[0] == written[0]
    start, _, end = letters.splitlines()[1].partition(" ...")
    assert any(line.startswith(start) and line.endswith(end) for line in written)
    assert (folder / "fixes.tsv").read_text(encoding="utf-8").startswith(fixes)


def test_the_notebook(folder: Path) -> None:
    pytest.importorskip("pandas")
    (folder / "fixes.tsv").write_text(_all_fixes(), encoding="utf-8")
    [settings] = [content for language, content in blocks(PAGE) if language == "toml"]
    (folder / "letters.toml").write_text(settings, encoding="utf-8")
    [code] = [content for language, content in blocks(PAGE) if language == "python"]
    exec(compile(code, "tutorial.md", "exec"), {})
    assert (folder / "notebook-model" / "config.json").exists()


def _all_fixes() -> str:
    """Return the table of the typing errors that the letters have."""
    names = ["Ferries", "Pottery", "Cooking", "Fitness", "Medicine", "Money", "Museums", "Sleep"]
    return "label\tsuggestion\n" + "".join(f"{name[:-1]}\t{name.lower()}\n" for name in names)


@pytest.mark.slow
def test_all_of_the_page(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    type_in(PAGE, folder, capsys)
    assert (folder / "errors.tsv").exists()
    assert {path.name for path in (folder / "parts").iterdir()} >= {"train.csv", "test.csv"}


def test_links_lead_somewhere() -> None:
    for link in re.findall(r"\]\(([^)#]+)\)", PAGE):
        assert (DOCS / link).exists(), link
