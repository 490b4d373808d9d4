"""``harnn drift``: what is shown, written and refused."""

from __future__ import annotations

import html
import json
from pathlib import Path

import pytest

from harnn.cli import run
from harnn.sample import sample
from harnn.watching import TOLERANCES
from support.made_reports import GOLDEN

FILES, CHINESE = sample("en"), sample("zh")
MODEL = GOLDEN / "fast"


def drift(*more: object) -> int:
    given = ("--against", FILES.train) if "--alone" not in more else ()
    more = tuple(each for each in more if each != "--alone")
    return run(["drift", str(MODEL), *map(str, (*given, *more))])


def test_what_is_shown_and_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    path = tmp_path / "drift.json"
    given = ("--data", CHINESE.train, "--unlabelled", "--json", path)
    assert drift(*given) == 0
    shown = capsys.readouterr()
    assert "compared with 250" in shown.out
    assert "labels that moved" in shown.out
    row = next(line for line in shown.out.splitlines() if "unknown words" in line)
    assert "100%" in row
    assert "moved" in row
    found = json.loads(path.read_text("utf-8"))
    assert found["moved"] is True
    assert {each["figure"] for each in found["findings"]} == TOLERANCES.keys() - {"f1"}
    for each in found["findings"]:
        assert each["tolerance"] == TOLERANCES[each["figure"]]
        assert each["verdict"] in ("as before", "moved", "too few documents to say")
    assert drift(*given, "--fail-on", "moved") == 1


def test_the_sentence_at_the_end(capsys: pytest.CaptureFixture[str]) -> None:
    assert drift("--data", FILES.train, "--fail-on", "moved") == 0
    last = capsys.readouterr().out.splitlines()[-1]
    assert last.startswith("250 documents beside 250: nothing moved of ")
    assert last.endswith(" figures that can be told.")
    assert drift("--data", FILES.test) == 0
    shown = capsys.readouterr()
    assert "too few" in shown.out
    assert "could have gone unseen (docs/watching.md)." in shown.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("--alone", "--data", FILES.test),
            "the model was trained before models kept figures of their validation documents. Give "
            "those, or others that were as they should be, as against= (--against).",
        ),
        (
            ("--data", "nowhere.jsonl", "--against", "neither.jsonl"),
            "Error: 2 problems in the documents:\n  nowhere.jsonl: no such file.\n"
            "  neither.jsonl: no such file.",
        ),
        (
            ("--data", "-", "--against", "-"),
            "standard input: is named twice, but can be read only once. Write it to a file first.",
        ),
        (
            ("--data", FILES.test, "--json", "x.csv"),
            "x.csv: unknown extension '.csv', expected .json.",
        ),
    ],
)
def test_refusals(
    arguments: tuple[object, ...], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert drift(*arguments) == 2
    assert message in capsys.readouterr().err


def test_options_with_typos(capsys: pytest.CaptureFixture[str]) -> None:
    assert drift("--data", FILES.test, "--fail-on", "mooved") == 2
    assert "moved" in capsys.readouterr().err
    assert drift("--data", FILES.test, "--agianst", FILES.test) == 2


def test_an_empty_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    empty = tmp_path / "empty.jsonl"
    empty.write_text("", "utf-8")
    assert drift("--data", empty) == 2
    assert "Error: " in capsys.readouterr().err


def test_a_page_is_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / "drift.html"
    given = ("--data", CHINESE.train, "--unlabelled")
    assert drift(*given, "--html", page) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == f"The page is in {page}."
    text = page.read_text("utf-8")
    assert html.escape(lines[-2]) in text  # what the terminal says, it says
    assert (
        f"harnn drift {MODEL} --data {CHINESE.train} --against {FILES.train} --unlabelled"
    ) in html.unescape(text)
    assert drift(*given, "--html", tmp_path / "drift.htm") == 2
    assert "drift.htm: unknown extension &#x27;.htm&#x27;, expected .html." in html.escape(
        capsys.readouterr().err
    )
