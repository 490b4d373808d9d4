"""Indented lines as taxonomies."""

from __future__ import annotations

from pathlib import Path

import pytest

from harnn.errors import TaxonomyError
from harnn.taxonomy import Taxonomy


def load(folder: Path, text: str, name: str = "t.txt") -> Taxonomy:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return Taxonomy.from_file(path)


def refusal(folder: Path, text: str) -> str:
    with pytest.raises(TaxonomyError) as caught:
        load(folder, text)
    return str(caught.value).replace(f"{folder}/", "")


@pytest.mark.parametrize(
    "text",
    [
        "Art\n  Music\n    Jazz\n  Film\nSport\n  Film\n",
        "Art\n\tMusic\n\t\tJazz\n\tFilm\nSport\n\tFilm\n",
        "- Art\n  - Music\n    - Jazz\n  - Film\n- Sport\n  * Film\n",
        "# topics\n\n  Art\n     Music\n         Jazz\n     Film\n  Sport\n   Film\n",
        "Art:\n  - Music:\n      - Jazz\n  - Film\nSport:\n  - Film\n",
    ],
)
@pytest.mark.parametrize("name", ["t.txt", "t.md", "t.tsv", "t"])
def test_outlines(tmp_path: Path, text: str, name: str) -> None:
    taxonomy = load(tmp_path, text, name)
    assert taxonomy.codes == (
        *("Art", "Sport", "Art > Music", "Art > Film", "Sport > Film", "Art > Music > Jazz"),
    )
    assert taxonomy.names == ("Art", "Sport", "Music", "Film", "Film", "Jazz")


def test_a_flat_list_with_bullets(tmp_path: Path) -> None:
    assert load(tmp_path, "- animal\n- plant\n").codes == ("animal", "plant")
    assert load(tmp_path, "- animal\n- plant:\n").codes == ("animal", "plant:")


def test_problems(tmp_path: Path) -> None:
    assert refusal(tmp_path, "A\n    B\n  C\n    B\nA\n") == (
        "3 problems in the taxonomy:\n"
        "  t.txt:3: the indentation is that of no line above.\n"
        "  t.txt:4: 'A > B' was already given in line 2.\n"
        "  t.txt:5: 'A' was already given in line 1."
    )
    assert refusal(tmp_path, "A\n    B\n\tC\n") == (
        "t.txt:3: tabs and blanks are mixed, so that nothing tells how deep the line stands."
    )
    deep = "".join(f"{' ' * i}x{i}\n" for i in range(250))
    assert "t.txt:201: more than 200 labels stand above each other." in refusal(tmp_path, deep)
