"""When two names are the same."""

from __future__ import annotations

import pytest

from harnn.taxonomy.spelling import fold, name_key, without_marks


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("Ball games", "BALL  game"),
        ("Déjà-vu", "deja vu"),
        ("Bread & rolls", "Bread and Rolls"),
        ("Berries", "berry"),
        ("Boxes, glasses", "box/glass"),
        ("Ｆｕｌｌ", "full"),
        ("机器 学习", "机器,学习"),
    ],
)
def test_the_same_key(first: str, second: str) -> None:
    assert name_key(first) == name_key(second)


def test_other_keys() -> None:
    assert len({name_key(name) for name in ("C", "C++", "C#", "D")}) == 4
    assert name_key("Glass") == "glass"
    assert name_key("Physics") == name_key("physic")
    assert name_key("Corpus") == "corpus"
    assert name_key("Gas") == "gas"  # too short to be told
    assert name_key("!?") == "!?"


def test_coarser_and_coarser() -> None:
    assert fold("  Déjà  VU ") == "déjà vu"
    assert without_marks("Déjà VU") == "deja vu"
    assert name_key("Déjà-vu games") == "deja vu game"
