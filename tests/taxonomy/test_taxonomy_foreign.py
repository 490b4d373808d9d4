"""Forms that are not read: each is called by its name."""

from __future__ import annotations

from pathlib import Path

import pytest

from harnn.errors import TaxonomyError
from harnn.taxonomy import Taxonomy

PAIRS = "Write one child<TAB>parent pair a line"
TERMS = f"{PAIRS} for every broader or narrower term, and names into labels.tsv beside it."
SHEET = "Give it the extension that it has by its kind, .xlsx, .xls or .ods."


def refusal(folder: Path, content: bytes | str, name: str) -> str:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(TaxonomyError) as caught:
        Taxonomy.from_file(path)
    return str(caught.value).replace(f"{folder}/", "").removeprefix(name)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"\x1f\x8b\x08\x00", "is compressed by gzip, expected text. Unpack it: gunzip FILE."),
        (b"\x28\xb5\x2f\xfd", "is compressed by zstd, expected text. Unpack it: unzstd FILE."),
        (
            b"PK\x03\x04...xl/workbook.xml",
            f"is an Excel workbook, not text. {SHEET}",
        ),
        (
            b"PK\x03\x04...",
            "is a zip archive, expected text. Unpack it and give the file inside.",
        ),
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
            f"is an old Office file (.xls), not text. {SHEET}",
        ),
        (b"PAR1\x15", f"is a Parquet file, expected text. {PAIRS}."),
        (
            "a\tROOT\n".encode("utf-16-le"),
            "looks like UTF-16 without a byte order mark. "
            "Say so: encoding='utf-16-le' (--taxonomy-encoding utf-16-le).",
        ),
        (b"\x7fELF\x02\x01\0\0\0\0\0\0", "holds binary data, expected text."),
    ],
)
def test_files_that_are_no_text(tmp_path: Path, content: bytes, expected: str) -> None:
    assert refusal(tmp_path, content, "t.tsv") == f": {expected}"
    pairs = tmp_path / "pairs.tsv"
    pairs.write_text("a\tROOT\n")
    with pytest.raises(TaxonomyError) as caught:
        Taxonomy.from_file(pairs, labels=tmp_path / "t.tsv")
    assert str(caught.value) == f"{tmp_path}/t.tsv: {expected}"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ('\ufeff<?xml version="1.0"?><a/>', f"is XML, which is not read. {PAIRS}."),
        ("<labels>\n<label/></labels>", f"is XML, which is not read. {PAIRS}."),
        ("<!DOCTYPE html>\n<p>", f"is HTML, which is not read. {PAIRS}."),
        ("<html lang='en'>", f"is HTML, which is not read. {PAIRS}."),
        ("format-version: 1.2\n\n[Term]\n", f"is an OBO ontology, which is not read. {TERMS}"),
        ("Prefix(:=<http://x>)\n", f"is an OWL ontology, which is not read. {TERMS}"),
    ],
)
@pytest.mark.parametrize("name", ["t.tsv", "t", "t.json"])
def test_ontologies_and_pages(tmp_path: Path, content: str, expected: str, name: str) -> None:
    assert refusal(tmp_path, content, name) == f": {expected}"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (
            "1 Animals\n1.1 Dogs\n1.2 Cats\n",
            "1: the lines are numbered, '1.1' below '1'; such numbers are not read. "
            f"{PAIRS}, or a path of labels a line, A > B > C.",
        ),
        (
            "animal,ROOT\ndog,animal\n",
            "1: every line has a comma, as in a comma-separated table, which is not read. "
            f"{PAIRS}. If commas separate the labels of paths: separator=',' (--separator ',').",
        ),
        (
            "animal: dog, cat\nplant: fern, moss\n",
            "1: every line looks like a parent followed by all its children. "
            f"{PAIRS}, one for each child.",
        ),
        (
            "Body Regions;A01\nAbdomen;A01.047\n",
            "1: every line ends with ';' and a number, as in the trees of MeSH; it is not read. "
            f"{PAIRS}, or paths of labels, A > B > C, with ';number' after them.",
        ),
    ],
)
def test_numbers_and_tables(tmp_path: Path, content: str, expected: str) -> None:
    assert refusal(tmp_path, content, "t.txt") == f":{expected}"


@pytest.mark.parametrize(
    "content", ["<unk>\tROOT\n", "<none>\nother\n", " A\nB\n", "prefix\nbase\n"]
)
def test_labels_that_look_like_them_are_labels(tmp_path: Path, content: str) -> None:
    path = tmp_path / "t.txt"
    path.write_text(content)
    assert Taxonomy.from_file(path).depth == 1
