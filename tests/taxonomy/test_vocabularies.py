"""Vocabularies of Annif: names in a language, what is no vocabulary, what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from harnn.errors import TaxonomyError
from harnn.taxonomy import Taxonomy

CSV = "uri,label_en,label_fi,notation\nhttp://x/1,Soup,Keitto,4.2\nhttp://x/2,,Leipä,\n"


def test_names_in_a_language(tmp_path: Path) -> None:
    (tmp_path / "v.csv").write_text(CSV, encoding="utf-8")
    taxonomy = Taxonomy.from_file(tmp_path / "v.csv")
    assert taxonomy.names == ("Soup", "http://x/2")
    assert taxonomy.notations == ("4.2", "")
    assert taxonomy.iris == taxonomy.codes == ("http://x/1", "http://x/2")
    assert taxonomy.notes == (
        "Names are read from 'label_en', and not from label_fi; language= (--language) chooses.",
        "A vocabulary of Annif has no levels: all labels stand at the top.",
    )
    assert Taxonomy.from_file(tmp_path / "v.csv", language="fi").names == ("Keitto", "Leipä")
    with pytest.raises(TaxonomyError) as caught:
        Taxonomy.from_file(tmp_path / "v.csv", language="sv")
    assert str(caught.value).endswith(
        "v.csv:1: expected the columns 'uri' and 'label_sv', "
        "found uri, label_en, label_fi, notation."
    )


def test_lines_that_are_wrong(tmp_path: Path) -> None:
    (tmp_path / "v.tsv").write_text("<http://x/1>\tSoup\nBread\n", encoding="utf-8")
    with pytest.raises(TaxonomyError) as caught:
        Taxonomy.from_file(tmp_path / "v.tsv")
    assert str(caught.value).endswith(
        "v.tsv:2: expected a URI in angle brackets, a tab, and a name."
    )
    (tmp_path / "v.csv").write_text(CSV + "http://x/3\n", encoding="utf-8")
    with pytest.raises(TaxonomyError) as caught:
        Taxonomy.from_file(tmp_path / "v.csv")
    assert str(caught.value).endswith("v.csv:4: has 1 cells, expected 4.")


def test_what_tells_parents_is_no_vocabulary(tmp_path: Path) -> None:
    (tmp_path / "t.tsv").write_text("<a>\tROOT\n<b>\t<a>\n", encoding="utf-8")
    assert Taxonomy.from_file(tmp_path / "t.tsv", form="pairs").codes == ("<a>", "<b>")
    assert Taxonomy.from_file(tmp_path / "t.tsv").codes == ("<a>", "<b>")
    (tmp_path / "t.csv").write_text("uri,label_en,broader\nx,X,\ny,Y,x\n", encoding="utf-8")
    assert Taxonomy.from_file(tmp_path / "t.csv").depth == 2
