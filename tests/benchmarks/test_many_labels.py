"""The made dataset of short texts with many labels."""

from __future__ import annotations

from typing import Any


def test_every_title_stands_in_two_documents_of_different_ones() -> None:
    from many_labels import join_titles

    given: list[dict[str, Any]] = [
        {"text": {"title": f"title {i}", "abstract": "long"}, "labels": ["all", str(i)]}
        for i in range(5)
    ]
    made = list(join_titles(given, seed=1))
    assert [row["id"] for row in made] == list("01234")
    pairs = [row["text"].split(". ") for row in made]
    assert sorted(title for pair in pairs for title in pair) == sorted(
        2 * [row["text"]["title"] for row in given]
    )
    for pair, row in zip(pairs, made, strict=True):
        assert len(set(pair)) == 2
        assert row["labels"] == sorted({"all", *(title.split()[1] for title in pair)})
    assert list(join_titles(given, seed=1)) == made
