"""``harnn taxonomy``: show, check, stats, convert, and learn with and without its name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from harnn.cli import run
from harnn.taxonomy import Taxonomy

PAIRS = "animal\tROOT\nplant\tROOT\ndog\tanimal\nfern\tplant\npoodle\tdog\nfern\tdog\n"
LABELS = "label\tname\talternatives\ndog\tDog\tHound|Canine\npoodle\tPoodle [b]\t\n"
SKOS = """@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix : <http://example.org/> .
:a a skos:Concept ; skos:prefLabel "Animal"@en, "Tier"@de ; skos:notation "01" .
:b a skos:Concept ; skos:prefLabel "Dog"@en, "Hund"@de ; skos:broader :a ; skos:notation "02" .
:zoo a skos:Collection ; skos:prefLabel "Zoo"@en ; skos:member :a .
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "t.tsv"
    path.write_text(PAIRS, encoding="utf-8")
    (tmp_path / "labels.tsv").write_text(LABELS, encoding="utf-8")
    return path


def said(capsys: pytest.CaptureFixture[str], *arguments: Any, code: int = 0) -> tuple[str, str]:
    assert run(["taxonomy", *map(str, arguments)]) == code
    captured = capsys.readouterr()
    return captured.out, captured.err


def test_show(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert said(capsys, "show", file)[0] == (
        "animal\n└─ Dog  dog\n   ├─ fern  (shown with all below it under plant)\n"
        "   └─ Poodle [b]  poodle\nplant\n└─ fern\n"
    )
    assert said(capsys, "show", file, "--depth", 1)[0] == (
        "animal  (+1 below)\nplant  (+1 below)\n"
    )
    assert said(capsys, "show", file, "--under", "dog")[0] == (
        "Dog  dog\n├─ fern\n└─ Poodle [b]  poodle\n"
    )
    assert said(capsys, "show", file, "--search", "hound can") == (
        "animal\n└─ Dog  dog\n",
        "1 label found.\n",
    )
    out, err = said(capsys, "show", file, "--search", "cat", code=1)
    assert (out, err[:24]) == ("", "No label is called that;")
    assert said(capsys, "show", file, "--under", "dgo", code=2)[1] == (
        "Error: label 'dgo' is not in the taxonomy. Did you mean 'dog'?\n"
    )


def test_check(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert said(capsys, "check", file)[0] == (
        "taxonomy: 5 labels on 3 levels (2 / 1 / 2), 4 edges, a DAG. No problems.\n"
    )
    file.write_text("a\tb\nb\ta\nc\tnobody\nd\td\n", encoding="utf-8")
    out, err = said(capsys, "check", file, code=2)
    assert out == (
        f"{file}:1: cycle: a -> b -> a.\n"
        f"{file}:3: unknown parent 'nobody': it is never listed as a child. Add a line for it, "
        "with parent ROOT if it is at the top.\n"
        f"{file}:4: label 'd' is its own parent.\n"
    )
    assert err == "3 problems.\n"
    assert "no such file" in said(capsys, "check", file.parent / "none.tsv", code=2)[0]


def test_check_prints_all_problems(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_text("".join(f"x{i}\ty{i}\n" for i in range(500)), encoding="utf-8")
    assert len(said(capsys, "check", file, code=2)[0].splitlines()) == 500


def test_stats(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report = file.with_name("stats.json")
    out, _ = said(capsys, "stats", file, "--json", report)
    assert "level 2: 1 label, 0 without children, 0 with several parents\n" in out
    assert "3 without a name of their own; 0 names of several labels\n" in out
    found = json.loads(report.read_text())
    assert found["depth"] == 3
    assert [level["labels"] for level in found["levels"]] == [2, 1, 2]
    assert found["with_several_parents"] == 1


def test_of_many_ways_to_a_label_one_is_found(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "t.tsv"
    edges = ["a ROOT", "b ROOT", "c ROOT", "d a", "x a", "x b", "x c", "y a", "y d", "z x"]
    file.write_text("".join("\t".join(edge.split()) + "\n" for edge in edges))
    one = "a\n└─ x  (and 2 more ways)\n"
    assert said(capsys, "show", file, "--search", "x")[0] == one
    assert said(capsys, "show", file, "--search", "z")[0] == f"{one}   └─ z\n"
    both = "a\n├─ d\n│  └─ y  (shown with all below it under a)\n└─ y\n"
    assert said(capsys, "show", file, "--search", "y")[0] == both
    assert said(capsys, "show", file)[0].count("x") == 3
    out = tmp_path / "t.json"
    said(capsys, "convert", file, "-o", out)
    known = Taxonomy.from_file(out)
    assert len(known.parents(known.index["x"])) == 3


def test_convert(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("pyoxigraph")
    out = file.with_name("t.ttl")
    assert said(capsys, "convert", file, "-o", out, "--tag", "en", "--base", "http://x/y#") == (
        "",
        f"5 labels written.\nThe taxonomy is in {out}.\n",
    )
    again = Taxonomy.from_file(out)
    assert again == Taxonomy.from_file(file)
    assert again.iris[0] == "http://x/y#animal"
    page = file.with_name("t.html")
    assert said(capsys, "convert", out, "-o", page, "--under", "dog")[1] == (
        f"Note: 2 of 5 labels left out.\n3 labels written.\nThe taxonomy is in {page}.\n"
    )
    other = file.with_name("u.tsv")
    assert "labels.tsv: exists already" in said(capsys, "convert", out, "-o", other, code=2)[1]
    _, err = said(capsys, "convert", out, "-o", other, "--overwrite")
    assert err == (
        "Note: Left out: the IRIs of 5 labels.\n5 labels written.\n"
        f"The taxonomy is in {other}.\n"
        f"The names of its labels are in {file.with_name('labels.tsv')}.\n"
    )


def test_converting_to_standard_output(file: Path, capfd: pytest.CaptureFixture[str]) -> None:
    arguments = ("convert", file, "-o", "/dev/stdout", "--to", "outline", "--depth", 1)
    assert said(capfd, *arguments)[0] == "- animal\n- plant\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("-o", "t.jsn"), "unknown extension '.jsn', expected .tsv, .json, "),
        (("-o", "t.tsv"), "t.tsv: is read by this command, so it cannot be written."),
        (("-o", "none/t.json"), "cannot be written: its directory does not exist."),
        (("-o", "t.json", "--column", "child"), "--column: got 'child', expected ROLE=NAME"),
        (("-o", "t.json", "--language", "de"), "language says how to read SKOS."),
        (("-o", "t.json", "--form", "xyz"), "xyz"),
    ],
)
def test_what_convert_refuses(
    file: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], message: str
) -> None:
    given = [str(file.parent / x) if x.startswith(("t.", "none/")) else x for x in arguments]
    assert message in said(capsys, "convert", file, *given, code=2)[1]
    assert not file.with_name("t.json").exists()


def test_options_of_skos(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("pyoxigraph")
    path = tmp_path / "t.ttl"
    path.write_text(SKOS, encoding="utf-8")
    options = ("--language", "de", "--collections", "--codes", "notation")
    out, err = said(capsys, "show", path, *options)
    assert out == "Zoo  zoo\n└─ Tier  a\n   └─ Hund  b\n"
    assert "Note: Notations are no codes: 1 of 3 concepts have none" in err
    data = tmp_path / "d.jsonl"
    data.write_text('{"id": "1", "text": "x", "labels": ["02"]}\n')
    validate = ["validate", "--taxonomy", str(path), "--data", str(data), "--codes", "notation"]
    assert run(validate) == 0
    assert "taxonomy: 2 labels on 2 levels (1 / 1)" in capsys.readouterr().out


def test_columns_by_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "t.csv"
    path.write_text("Kode,Oben\na,\nb,a\n", encoding="utf-8")
    out, _ = said(capsys, "show", path, "--column", "child=Kode", "--column", "parent=Oben")
    assert out == "a\n└─ b\n"


def test_learning_with_and_without_its_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = tmp_path / "d.jsonl"
    rows = [
        {"id": str(i), "title": "x", "section": [i % 2], "group": [i], "labels": [i % 2, 2 + i]}
        for i in range(4)
    ]
    data.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    written = []
    for words in ((), ("learn",)):
        out = tmp_path / f"t{len(words)}.json"
        said(capsys, *words, "--data", data, "-o", out)
        written.append(out.read_bytes())
    assert written[0] == written[1]


def test_usage(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "convert" in said(capsys, code=2)[0]
    assert "Missing option '--data'" in said(capsys, "-o", "x.json", code=2)[1]
    assert "Missing option '--output'" in said(capsys, "--data", "x.jsonl", code=2)[1]
    mixed = said(capsys, "--data", "x.jsonl", "show", file, code=2)[1]
    assert "Options stand after the command: taxonomy show." in mixed
    assert "No such command 'shw'" in said(capsys, "shw", code=2)[1]


def test_what_is_shown_never_acts_on_a_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "t.tsv"
    path.write_text("a\x1b[31m[bold]\u202e\tROOT\n", encoding="utf-8")
    for command in ("show", "stats", "check"):
        out, err = said(capsys, command, path)
        assert "\x1b" not in out + err
    assert said(capsys, "show", path)[0] == "a\\x1b[31m[bold]\\u202e\n"


def test_notes_of_a_taxonomy_are_told_where_it_is_looked_at(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    edges, data = tmp_path / "t.csv", tmp_path / "d.csv"
    edges.write_text("Level 1,Level 2\nArt,Film\n,Music\nSport,Ball\n")
    rows = [f"{n},text {n},{'Film' if n % 2 else 'Ball'}\n" for n in range(30)]
    data.write_text("id,text,labels\n" + "".join(rows))
    note = "Note: 1 row begins with empty cells, read as those above.\n"
    files = ["-t", str(edges), "-d", str(data)]
    for command in (
        ["validate", *files],
        *(["taxonomy", x, str(edges)] for x in ("check", "show")),
    ):
        assert run(command) == 0
        assert note in capsys.readouterr().err, command
    answers = tmp_path / "answers.csv"
    answers.write_text(data.read_text())
    for command in (
        ["split", *files, "-o", str(tmp_path / "parts")],
        ["taxonomy", "show", str(edges), "--search", "Film"],
        ["compare", str(answers), str(answers), *files, "--samples", "3"],
    ):
        assert run(command) == 0
        assert note not in capsys.readouterr().err, command
