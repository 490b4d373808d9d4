"""Taxonomies that are not UTF-8, in every form that is text."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from harnn.cli.app import app
from harnn.errors import TaxonomyError
from harnn.taxonomy import Taxonomy

PAIRS = "Möbel\tROOT\nStühle\tMöbel\nKüche\tROOT\n"
FORMS = {
    "t.tsv": PAIRS,
    "t.csv": "Kode;parent;name\n1;;Möbel\n2;1;Stühle\n3;;Küche\n",
    "t.txt": "Möbel\nMöbel > Stühle\nKüche\n",
    "t.md": "- Möbel\n  - Stühle\n- Küche\n",
    "t.json": '{"Möbel": ["Stühle"], "Küche": null}',
}


@pytest.mark.parametrize("name", FORMS)
@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig", "utf-32"])
def test_a_mark_tells_the_encoding(tmp_path: Path, name: str, encoding: str) -> None:
    columns = {"child": "Kode", "parent": "parent"} if name == "t.csv" else None
    (tmp_path / name).write_bytes(FORMS[name].encode(encoding))
    taxonomy = Taxonomy.from_file(tmp_path / name, columns=columns)
    assert taxonomy.names == ("Möbel", "Küche", "Stühle")
    assert not any("UTF-8" in note for note in taxonomy.notes)


@pytest.mark.parametrize("encoding", ["cp1252", "cp437", "utf-16-le", "utf-16-be"])
def test_the_encoding_that_is_given(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "t.tsv").write_bytes(PAIRS.encode(encoding))
    taxonomy = Taxonomy.from_file(tmp_path / "t.tsv", encoding=encoding)
    assert taxonomy.codes == ("Möbel", "Küche", "Stühle")
    assert not taxonomy.notes


def test_what_is_surely_cp1252_is_read_as_that_and_said(tmp_path: Path) -> None:
    (tmp_path / "t.tsv").write_bytes(PAIRS.encode("cp1252"))
    (tmp_path / "labels.tsv").write_bytes("label\tname\nMöbel\tMöbelstücke\n".encode("cp1252"))
    taxonomy = Taxonomy.from_file(tmp_path / "t.tsv")
    assert taxonomy.names == ("Möbelstücke", "Küche", "Stühle")
    assert taxonomy.notes == tuple(
        f"{name} is not UTF-8: read as cp1252; encoding= (--taxonomy-encoding) has it read as that "
        "or another one."
        for name in ("t.tsv", "labels.tsv")
    )


def test_xml_declares_its_encoding(tmp_path: Path) -> None:
    pytest.importorskip("pyoxigraph")
    text = (
        '<?xml version="1.0" encoding="ISO-8859-1"?>\n'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" '
        'xmlns:skos="http://www.w3.org/2004/02/skos/core#">'
        '<skos:Concept rdf:about="http://x/m"><skos:prefLabel>Möbel ¤</skos:prefLabel>'
        "</skos:Concept></rdf:RDF>"
    )
    (tmp_path / "t.rdf").write_bytes(text.encode("iso-8859-1"))
    assert Taxonomy.from_file(tmp_path / "t.rdf").names == ("Möbel ¤",)


def told(path: Path, encoding: str | None) -> str:
    with pytest.raises(TaxonomyError) as caught:
        Taxonomy.from_file(path, encoding=encoding)
    return str(caught.value).replace(f"{path.parent}/", "")


def test_what_is_not_of_its_encoding(tmp_path: Path) -> None:
    path = tmp_path / "t.tsv"
    path.write_bytes("Мебель\tROOT\n".encode("cp1251"))
    assert told(path, None) == (
        "t.tsv:1: byte 0xcc at position 1 of the line is not UTF-8. Say its encoding, as "
        "encoding='gb18030' (--taxonomy-encoding gb18030), or 'cp1251'."
    )
    assert told(path, "ascii") == "t.tsv:1: byte 0xcc at position 1 of the line is not ascii."
    what = "encoding: got 'rot13', expected an encoding of text, as 'cp1252'."
    assert told(path, "rot13") == what
    path.write_bytes(PAIRS.encode("utf-16")[:-1])
    assert told(path, None) == "t.tsv: is not utf-16 (byte 71)."


def test_workbooks_have_no_encoding(tmp_path: Path) -> None:
    (tmp_path / "t.xlsx").write_bytes(b"PK")
    assert told(tmp_path / "t.xlsx", "cp1252") == (
        "t.xlsx: is a workbook, which says itself how it is encoded, not cp1252. "
        "Leave out encoding= (--taxonomy-encoding)."
    )


def test_the_option(tmp_path: Path) -> None:
    (tmp_path / "t.tsv").write_bytes(PAIRS.encode("cp437"))
    arguments = ["taxonomy", "show", str(tmp_path / "t.tsv"), "--taxonomy-encoding", "cp437"]
    found = CliRunner().invoke(app, arguments)
    assert found.exit_code == 0
    assert found.output.splitlines() == ["Möbel", "└─ Stühle", "Küche"]
