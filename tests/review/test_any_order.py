"""Whatever people do in whatever order, the tables say what the log says."""

from __future__ import annotations

import random
import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from harnn.errors import ReviewError
from harnn.review import EnqueueOptions, ItemView, Review
from harnn.review.reading import ACTIONS
from support.reviews import TAXONOMY, opened, prepared

PEOPLE = ("ann", "bob", "cyd")
OPTIONS = EnqueueOptions(blind_share=0.3, second_share=0.6, seed="any")
VERBS = [*("decide",) * 12, *("undo", "submit") * 4, *("finish",) * 2]
VERBS += ["set_aside", "reopen", "settle", "comment"]


def told(view: ItemView) -> dict[str, str]:
    return {label.label: label.mark for label in view.labels if label.mark}


def act(review: Review, number: int, person: str, chance: random.Random) -> None:
    """Do something, and where it was a decision perhaps take it back."""
    view = review.item(number, person, "review", claim=chance.random() < 0.3)
    verb, version = chance.choice(VERBS), view.version
    if verb == "comment":
        review.comment(number, person, "review", "Look.")
    elif verb == "settle":
        take = chance.choice(("", *PEOPLE))
        review.settle(number, person, version, take=take, alone=chance.random() < 0.5)
    elif verb == "finish":
        for label in view.undecided:
            action = chance.choice(("accept", "reject"))
            version = review.decide(number, person, "review", version, action, label).version
        review.submit(number, person, "review", version)
    elif verb == "decide":
        label, other = chance.choice(TAXONOMY.codes), chance.choice(("", *TAXONOMY.codes))
        action = chance.choice(ACTIONS)
        label = "" if action == "none_fits" else label
        other = other if action in ("instead", "up", "down") else ""
        after = review.decide(number, person, "review", version, action, label, other)
        if chance.random() < 0.2:
            back = review.undo(number, person, "review", after.version)
            assert told(back) == told(view)
    else:
        getattr(review, verb)(number, person, "review", version)


@pytest.mark.parametrize("seed", range(2))
def test_the_tables_follow_from_the_log(
    sqlite_template: Path, tmp_path: Path, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harnn.review.turn.HOLD", timedelta(0))  # nobody keeps a document
    chance = random.Random(seed)
    done = refused = 0
    with opened(shutil.copy(sqlite_template, tmp_path / "review.db")) as review:
        numbers = review.add([prepared(str(n), f"cider {n}") for n in range(6)], options=OPTIONS)
        for _ in range(100):
            try:
                act(review, chance.choice(numbers.added), chance.choice(PEOPLE), chance)
                done += 1
            except ReviewError:
                refused += 1
        assert review.verify() == []
        summary = review.summary("ann")
    assert done > 20
    assert refused > 5
    states = (summary.open, summary.annotated, summary.disputed, summary.set_aside, summary.done)
    assert sum(states) == summary.total == 6
