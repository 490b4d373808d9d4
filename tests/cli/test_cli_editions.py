"""``harnn taxonomy diff`` and ``harnn convert --new-taxonomy``: what is typed, said and written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harnn.cli import run

OLD = "food\tROOT\nsoup\tfood\nstew\tfood\ncake\tfood\n"
NEW = "food\tROOT\nsoup\tfood\nbread\tfood\n"
NAMES = "label\tname\talternatives\nsoup\tSoups [x]\tStew\n"
SHOWN = """OLD: taxonomy: 4 labels on 2 levels (1 / 3), 3 edges, a tree
NEW: taxonomy: 3 labels on 2 levels (1 / 2), 2 edges, a tree
4 labels before, 3 now; 3 of the old ones live on.
1 merged, 1 retired, 1 added, 1 renamed, 1 with other texts.

merged: several old labels are one (1)
  soup + stew -> Soups [x] (soup) (other name, 0.85)

retired: labels that are no more (1)
  cake

added: new labels (1)
  bread

renamed (1)
  Soups [x] (soup): soup -> Soups [x]

other texts: descriptions, other names, notations, IRIs (1)
  Soups [x] (soup): nothing -> Stew
"""


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    old, new = tmp_path / "old.tsv", tmp_path / "new" / "new.tsv"
    new.parent.mkdir()
    old.write_text(OLD, encoding="utf-8")
    new.write_text(NEW, encoding="utf-8")
    (new.parent / "labels.tsv").write_text(NAMES, encoding="utf-8")
    return old, new


def said(capsys: pytest.CaptureFixture[str], *arguments: object, code: int = 0) -> tuple[str, str]:
    assert run([str(argument) for argument in arguments]) == code
    captured = capsys.readouterr()
    return captured.out, captured.err


def test_diff(tmp_path: Path, files: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    old, new = files
    place = tmp_path / "j.json"
    out, err = said(capsys, "taxonomy", "diff", old, new, "--json", place)
    assert out.replace(str(old), "OLD").replace(str(new), "NEW") == SHOWN
    assert err == f"The report is in {place}.\n"
    assert json.loads(place.read_text())["counts"]["merged"] == 1
    out, _ = said(capsys, "taxonomy", "diff", old, old)
    assert out.splitlines()[-1] == "Nothing changed."


def test_a_map_is_written_edited_read_and_written_again(
    tmp_path: Path, files: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    old, new = files
    table = tmp_path / "m.csv"
    _, err = said(capsys, "taxonomy", "diff", old, new, "--map", table)
    assert err == f"The mapping (4 lines) is in {table}.\n"
    table.write_text("old,new\ncake,bread\n", encoding="utf-8")
    out, err = said(capsys, "taxonomy", "diff", old, new, "--map", table)
    assert "1 recoded" in out
    assert "cake -> bread (mapping, 1.00)" in out
    assert err == (
        f"{table} was read (1 line) and is left as it is; --overwrite writes it again, with what "
        "is found beside it.\n"
    )
    assert table.read_text() == "old,new\ncake,bread\n"
    said(capsys, "taxonomy", "diff", old, new, "--map", table, "--overwrite")
    assert ",cake,bread,recoded,1.00,mapping,cake,bread," in table.read_text().splitlines()
    table.write_text("old,new\nckae,bread\n", encoding="utf-8")
    out, err = said(capsys, "taxonomy", "diff", old, new, "--map", table, code=2)
    assert (out, err) == (
        "",
        f"Error: {table}:2: 'ckae' is no label of the old taxonomy. Did you mean 'cake'?\n",
    )


def test_a_model_directory_is_an_edition(
    tmp_path: Path, files: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    model = Path(__file__).parents[1] / "golden" / "format-3" / "fast"
    out, _ = said(capsys, "taxonomy", "diff", model, model / "taxonomy.json", "--language", "de")
    assert out.splitlines()[-1] == "Nothing changed."
    out, err = said(capsys, "taxonomy", "diff", model, tmp_path, code=2)
    assert "is a directory, expected a file" in err


def test_what_diff_refuses(
    tmp_path: Path, files: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    old, new = files
    for arguments, expected in (
        (("--labels", old), "--labels: names the labels of one taxonomy, but there are two."),
        (("--map", old), "is read by this command, so it cannot be written."),
        (("--map", tmp_path / "m.xls"), "unknown extension '.xls', expected .csv or .tsv."),
        (("--json", tmp_path / "m.csv"), "unknown extension '.csv', expected .json"),
    ):
        _, err = said(capsys, "taxonomy", "diff", old, new, *arguments, code=2)
        assert expected in err
    assert "no such file" in said(capsys, "taxonomy", "diff", old, tmp_path / "x.tsv", code=2)[1]


def test_hostile_and_long_names_stay_in_their_lines(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old, new, table = (tmp_path / name for name in ("old.json", "new.json", "m.tsv"))
    bad = "\x1b[31mred\nfake line\t" + " " * 5_000 + "and " * 5_000
    old.write_text(json.dumps([{"code": "a", "name": "中文 [bold]"}, {"code": "b", "name": bad}]))
    new.write_text(json.dumps([{"code": "a", "name": bad}, {"code": "c", "name": "中文分类"}]))
    out, _ = said(capsys, "taxonomy", "diff", old, new, "--map", table)
    assert "\x1b" not in out
    assert "\nfake" not in out
    assert max(map(len, out.replace(str(tmp_path), "").splitlines())) < 400
    assert "中文 [bold]" in out
    again, _ = said(capsys, "taxonomy", "diff", old, new, "--map", table)
    assert again == out


def test_documents_are_converted_to_the_new_edition(
    tmp_path: Path, files: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    old, new = files
    data, out, review = (tmp_path / name for name in ("d.jsonl", "o.csv", "r.csv"))
    data.write_text('{"id": "a", "text": "x", "labels": ["stew"]}\n'
                    '{"id": "b", "text": "y", "labels": ["cake"]}\n', encoding="utf-8")  # fmt: skip
    given = ["convert", "--from", "harnn", "--to", "harnn", "--data", data, "--taxonomy", old]
    given += ["--new-taxonomy", new, "-o", out]
    _, err = said(capsys, *given, "--review", review)
    assert err == (
        "Note: labels without a successor became the nearest above that have one "
        "(1 document 'b').\n"
        f"2 documents converted.\nThe documents are in {out}.\n"
        f"The list of documents to look at is in {review}.\n"
    )
    assert out.read_text() == "id,text,labels\na,x,food;soup\nb,y,food\n"
    assert review.read_text() == (
        "id,lifted,split,guessed,lost,before,labels\nb,cake,,,,cake,food\n"
    )
    _, err = said(capsys, *given, "--certainty", 0.9)
    assert "(2 documents, the first 'a')" in err
    _, err = said(capsys, *given[:-4], "-o", out, "--map", "m.csv", "--certainty", 1, code=2)
    assert err == (
        "Error: --map and --certainty: says how to get to a new edition, but none is given with "
        "--new-taxonomy.\n"
    )
