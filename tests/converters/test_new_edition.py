"""Documents taken along to a new edition."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harnn.converters import FORMATS, NewEdition, convert
from harnn.errors import ConfigError, InputError, TaxonomyError
from harnn.taxonomy import LabelMapping, Taxonomy

OLD = "food\tROOT\nsoup\tfood\nstew\tfood\nbread\tfood\ncake\tfood\nodd\tROOT\n"
NEW = Taxonomy.from_edges(
    [("food", "ROOT"), ("soups", "food"), ("loaf", "food"), ("roll", "food"), ("art", "ROOT")]
)
SAID = LabelMapping.of(
    [("soup", "soups"), ("stew", "soups"), ("bread", "loaf"), ("bread", "roll"), ("cake", ""),
     ("odd", ""), ("", "art")]
)  # fmt: skip
DOCUMENTS = [
    {"id": "a", "text": "x", "labels": ["stew", "soup"]},
    {"id": "b", "text": "x", "labels": ["bread"]},
    {"id": "c", "text": "x", "labels": ["food", "cake"]},
    {"id": "d", "text": "x", "labels": ["odd"]},
    {"id": "e", "text": "x"},
]


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    data, taxonomy = tmp_path / "d.jsonl", tmp_path / "t.tsv"
    data.write_text("".join(json.dumps(each) + "\n" for each in DOCUMENTS), encoding="utf-8")
    taxonomy.write_text(OLD, encoding="utf-8")
    return data, taxonomy


def test_labels_follow_and_what_was_lost_is_told(tmp_path: Path, files: tuple[Path, Path]) -> None:
    data, taxonomy = files
    review = tmp_path / "r.jsonl"
    done = convert(
        data,
        tmp_path / "o.jsonl",
        source="harnn",
        target="harnn",
        taxonomy=taxonomy,
        taxonomy_output=tmp_path / "n.json",
        edition=NewEdition(NEW, SAID, review=review),
    )
    rows = [json.loads(line) for line in (tmp_path / "o.jsonl").read_text().splitlines()]
    assert [row.get("labels") for row in rows] == [
        ["food", "soups"], ["food"], ["food"], [], None
    ]  # fmt: skip
    assert done.taxonomy == NEW
    assert Taxonomy.from_file(tmp_path / "n.json") == NEW
    assert done.notes == (
        "labels that were split became what is above all parts (1 document 'b').",
        "labels without a successor became the nearest above that have one (1 document 'c').",
        "labels were lost, because nothing stands for them (1 document 'd').",
        "no label is left (1 document 'd').",
    )
    listed = [json.loads(line) for line in review.read_text().splitlines()]
    assert [row["id"] for row in listed] == ["b", "c", "d"]
    assert listed[1] == {
        "id": "c", "lifted": ["cake"], "split": [], "guessed": [], "lost": [],
        "before": ["food", "cake"], "labels": ["food"],
    }  # fmt: skip


@pytest.mark.parametrize("target", ["fasttext", "doccano", "hiagm"])
def test_other_formats_get_the_new_labels(
    tmp_path: Path, files: tuple[Path, Path], target: str
) -> None:
    assert FORMATS[target].read is not None
    data, taxonomy = files
    out = tmp_path / "o.txt"
    edition = NewEdition(NEW, SAID)
    convert(data, out, source="harnn", target=target, taxonomy=taxonomy, edition=edition)
    text = out.read_text(encoding="utf-8")
    assert "soups" in text
    assert "stew" not in text


def test_what_is_refused(tmp_path: Path, files: tuple[Path, Path]) -> None:
    data, taxonomy = files
    out = tmp_path / "o.jsonl"
    given = {"source": "harnn", "target": "harnn"}
    with pytest.raises(ConfigError, match="there is no old taxonomy: none is given"):
        convert(data, out, edition=NewEdition(NEW), **given)  # type: ignore[arg-type]
    wrong = NewEdition(NEW, LabelMapping.of([("soop", "soups")]))
    with pytest.raises(TaxonomyError, match="'soop' is no label of the old taxonomy"):
        convert(data, out, taxonomy=taxonomy, edition=wrong, **given)  # type: ignore[arg-type]
    for review in (data, out):
        place = NewEdition(NEW, review=review)
        with pytest.raises(InputError, match="read or written by this command for something else"):
            convert(data, out, taxonomy=taxonomy, edition=place, **given)  # type: ignore[arg-type]
    place = NewEdition(NEW, review=tmp_path / "r.txt")
    with pytest.raises(ConfigError, match=r"unknown extension '\.txt'"):
        convert(data, out, taxonomy=taxonomy, edition=place, **given)  # type: ignore[arg-type]
    assert not out.exists()
    assert data.read_text(encoding="utf-8").count("\n") == 5
