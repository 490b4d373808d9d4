"""Names are spoiled as the benchmark says, and looked up."""

from __future__ import annotations

import random


def test_names_are_spoiled_and_found() -> None:
    from near_labels import letter_less, made_labels, measure, other_order, word_less, word_more

    drawn = random.Random(3)
    assert len(letter_less("one two", drawn)) == 6
    assert word_less("one two", drawn) in ("one", "two")
    assert sorted(word_more("one two", drawn).split()) == ["one", "qxzzy", "two"]
    assert sorted(other_order("one two three", drawn).split()) == ["one", "three", "two"]
    lines = measure(made_labels(300, drawn), 10, drawn)
    assert lines[0].startswith("300 labels, made ready in ")
    assert [line.split()[0] for line in lines[1:]] == [
        "letter_less",
        "word_less",
        "word_more",
        "other_order",
    ]
    assert lines[1].split()[1] == "100%"
