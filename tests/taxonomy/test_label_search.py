from __future__ import annotations

import dataclasses

from harnn.taxonomy import LabelSearch, Taxonomy

NAMES = {"a": "Cider", "b": "Cider making", "c": "Old cider", "d": "Acids", "e": "Crème brûlée"}


def search() -> tuple[Taxonomy, LabelSearch]:
    bare = Taxonomy.from_edges([(code, "ROOT") for code in reversed(NAMES)], names=NAMES)
    others = tuple(("burnt cream",) if code == "e" else () for code in bare.codes)
    taxonomy = dataclasses.replace(bare, alternatives=others)
    return taxonomy, LabelSearch(taxonomy)


def found(words: str) -> list[str]:
    taxonomy, ready = search()
    return [taxonomy.codes[column] for column in ready.ranked(words).tolist()]


def test_the_likeliest_meant_comes_first() -> None:
    assert found("cider") == ["a", "b", "c"]
    assert found("cid") == ["b", "a", "c", "d"]


def test_all_words_must_be_there_in_any_order_and_twice_is_once() -> None:
    assert found("making CIDER") == ["b"]
    assert {*found("cider cider")} == {*found("cider")}
    assert found("cider zzz") == []


def test_accents_and_other_names() -> None:
    assert found("creme BRULEE") == found("burnt cream") == ["e"]
