from __future__ import annotations

import random
import time
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harnn.review.evidence import (
    Occurrence,
    concordance_line,
    group_evidence,
    group_lines,
)
from harnn.review.values import ConcordanceLine, NextBest
from harnn.taxonomy import Taxonomy

TAXONOMY = Taxonomy.from_edges(
    [("Fruit", "ROOT"), ("Firms", "ROOT"), ("Retail", "ROOT")], names={"Firms": "Computing firms"}
)
ORCHARD = [
    "grafting",
    "orchard",
    "pear",
    "grower",
    "rootstock",
    "blossom",
    "pruning",
    "cider",
    "harvest",
    "canker",
]
SHOP = [
    "computer",
    "device",
    "store",
    "software",
    "keyboard",
    "screen",
    "laptop",
    "designer",
    "flagship",
    "phone",
]


def line(text: str, word: str, *, item: int = 1, right: bool | None = None) -> Occurrence:
    start = text.index(word)
    return Occurrence(
        item=item, version=3, title="T", text=text, start=start, end=start + len(word), right=right
    )


def made(word: str, near: Sequence[str], count: int, seed: int = 0) -> list[Occurrence]:
    draw = random.Random(seed)
    lines = []
    for number in range(count):
        beside = draw.sample(near, 6)
        text = " ".join(["the", *beside[:3], word, "of", *beside[3:], "and"])
        lines.append(line(text, word, item=number + seed))
    return lines


@pytest.mark.parametrize(
    ("text", "word", "before", "after"),
    [
        ("the grafting of old apple varieties", "apple", "the grafting of old", "varieties"),
        ("apple", "apple", "", ""),
        ("an\n\told  apple,\r\nthen", "apple", "an old", ", then"),
        (
            f"{'x' * 60} scab and canker of the apple and how to spray less {'y' * 60}",
            "apple",
            "scab and canker of the",
            "and how to spray less",
        ),
        (
            "华" * 60 + "岭南荔枝栽培史" + "中" * 60,
            "荔枝",
            "华" * 46 + "岭南",
            "栽培史" + "中" * 45,
        ),
        (f"xyz{' ' * 200}old apple{' ' * 186}tree xyz", "apple", "old", "tree"),
        ("بساتين الرمان في الأندلس", "الرمان", "بساتين", "في الأندلس"),
        ("e\u0301" * 60 + "k" + "e\u0301" * 60, "k", "e\u0301" * 24, "e\u0301" * 24),
        ("a" + "e\u0301" * 60 + "k", "k", "e\u0301" * 24, ""),
        ("👩\u200d👧" * 40 + "k" + "👩\u200d👧" * 40, "k", "👩\u200d👧" * 16, "👩\u200d👧" * 16),
        ("xe\u0301" + "👩\u200d👧" * 17 + "k", "k", "👩\u200d👧" * 16, ""),
    ],
)
def test_lines_are_cut_between_words_and_at_whole_signs(
    text: str, word: str, before: str, after: str
) -> None:
    found = concordance_line(line(text, word))
    assert found == ConcordanceLine(1, 3, before, word, after, "T")


@given(st.text(max_size=300), st.integers(0, 300), st.integers(0, 10))
def test_lines_are_parts_of_the_text(text: str, start: int, length: int) -> None:
    start = min(start, len(text))
    end = min(start + length, len(text))
    found = concordance_line(
        Occurrence(item=1, version=0, title="", text=text, start=start, end=end)
    )
    assert " ".join(text[:start].split()).endswith(found.before)
    assert " ".join(text[end:].split()).startswith(found.after)
    assert max(len(found.before), len(found.after)) <= 48 + 32


def test_lines_are_grouped_by_the_words_near() -> None:
    fruit, firms = made("apple", ORCHARD, 29), made("Apple", SHOP, 15, seed=100)
    lines = [each for pair in zip(fruit, firms, strict=False) for each in pair] + fruit[15:]
    random.Random(1).shuffle(lines)
    groups = group_evidence(lines, TAXONOMY)
    assert [len(group.lines) for group in groups] == [29, 15]
    assert {each.item for each in groups[0].lines} == {each.item for each in fruit}
    assert set(groups[0].near) <= set(ORCHARD)
    assert set(groups[1].near) <= set(SHOP)
    assert len(groups[0].near) == len(groups[1].near) == 4
    assert groups == group_evidence(lines, TAXONOMY)


def test_chinese_is_grouped_by_its_words() -> None:
    fruit = ["果树", "栽培", "岭南", "品种", "果园", "嫁接", "甜味", "种植", "花期", "产量"]
    roads = ["街道", "商店", "公交", "车站", "地铁", "酒店", "广场", "楼盘", "交通", "路线"]
    draw = random.Random(2)
    lines = []
    for number in range(60):
        beside = draw.sample(fruit if number % 2 else roads, 6)
        text = "，".join(beside[:3]) + "的荔枝在" + "，".join(beside[3:]) + "。"
        lines.append(line(text, "荔枝", item=number))
    groups = group_lines(lines)
    assert [{member % 2 for member in group.members} for group in groups] in (
        [{0}, {1}],
        [{1}, {0}],
    )


def test_few_lines_are_one_group() -> None:
    lines = made("apple", ORCHARD, 8) + made("apple", SHOP, 8, seed=50)
    (group,) = group_lines(lines)
    assert group.members == tuple(range(16))


def test_lines_that_are_the_same_are_one_group() -> None:
    assert [group.members for group in group_lines([line("old apple tree", "apple")] * 40)] == [
        tuple(range(40))
    ]


def test_lines_with_nothing_in_common_stand_last() -> None:
    lines = [line(f"qu{'x' * n} apple", "apple", item=n) for n in range(9)]
    lines += [line("apple tree", "apple", item=20), line("apple tree", "apple", item=21)]
    groups = group_evidence(lines, TAXONOMY)
    assert [[each.item for each in group.lines] for group in groups] == [[20, 21], list(range(9))]
    assert [group.near for group in groups] == [("tree",), ()]
    assert group_evidence([], TAXONOMY) == ()


def test_near_words_are_no_particles_numbers_or_the_word_itself() -> None:
    text = "Apple the 1919 of a tree, Tree apple is APPLE де в по"
    (group,) = group_lines([line(text, "apple")] * 3)
    assert group.near == ("tree",)


def test_groups_say_what_was_decided_and_what_may_fit_instead() -> None:
    lines = [
        line("old apple tree", "apple", item=1, right=True),
        line("old apple tree", "apple", item=2, right=False),
        Occurrence(
            item=3,
            version=0,
            title="",
            text="an apple tree",
            start=3,
            end=8,
            runners_up={"Retail": 0.44, "Firms": 0.75, "Gone": 0.9},
        ),
        Occurrence(
            item=4,
            version=0,
            title="",
            text="an apple tree",
            start=3,
            end=8,
            runners_up={"Firms": 0.5},
        ),
    ]
    (group,) = group_evidence(lines, TAXONOMY)
    assert [each.item for each in group.lines] == [3, 4]
    assert (group.agreed, group.of) == (1, 2)
    assert group.next_best == (
        NextBest("Firms", "Computing firms", 0.625, 2),
        NextBest("Retail", "Retail", 0.44, 1),
    )
    assert group_evidence(lines[:2], TAXONOMY) == ()  # nothing is left to be decided


@given(st.lists(st.tuples(st.text(max_size=30), st.text(max_size=30)), max_size=25))
def test_every_line_is_in_one_group(texts: list[tuple[str, str]]) -> None:
    lines = [
        Occurrence(
            item=number,
            version=0,
            title="",
            text=f"{before}apple{after}",
            start=len(before),
            end=len(before) + 5,
        )
        for number, (before, after) in enumerate(texts)
    ]
    groups = group_lines(lines)
    assert sorted(member for group in groups for member in group.members) == list(range(len(lines)))
    assert all(group.members for group in groups)


def test_thousands_of_lines_are_grouped_quickly() -> None:
    lines = made("apple", ORCHARD, 1_200) + made("Apple", SHOP, 800, seed=5_000)
    start = time.process_time()
    groups = group_evidence(lines, TAXONOMY)
    assert time.process_time() - start < 3  # some tenths of a second where nobody else works
    assert [len(group.lines) for group in groups] == [1_200, 800]
