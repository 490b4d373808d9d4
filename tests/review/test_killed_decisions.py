"""Decisions of several processes that are killed at random moments: none lost, none twice."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest

from harnn.review import EnqueueOptions
from support.deciding import PEOPLE, decision, items_of
from support.reviews import opened, prepared

DECISIONS = int(os.environ.get("HARNN_DECISIONS", "2000"))
"""In the long test; docs/experiments.md has a run of 10,000."""
DRIVER = Path(__file__).parents[1] / "support" / "deciding.py"


def decide_and_kill(place: str, journal: Path, items: int, decisions: int, kills: int) -> float:
    """Return the seconds that it took."""
    with opened(place) as review:
        wanted = [prepared(str(n), f"cider {n}") for n in range(items * len(PEOPLE))]
        added = review.add(wanted, options=EnqueueOptions(blind_share=0, second_share=0)).added
        assert added == tuple(range(1, len(wanted) + 1))
    given = [place, str(items), str(decisions), str(kills), str(journal), "1"]
    done = subprocess.run(
        [sys.executable, str(DRIVER), *given],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["killed"] == kills
    return float(result["seconds"])


def check(place: str, journal: Path, items: int, decisions: int) -> None:
    """Compare the log with what was planned, and with what was answered."""
    with opened(place) as review:
        found = defaultdict(list)
        by_number = {}
        after = 0
        while some := review.log(after, 1_000):
            after = some[-1].number
            for entry in (each for each in some if each.action != "enqueue"):
                found[entry.item].append((entry.person, entry.action, entry.label))
                by_number[entry.number] = entry
        for person in PEOPLE:
            for item in items_of(person, items):
                planned = [(person, *decision(number)) for number in range(decisions)]
                assert found[item] == planned
            for line in Path(f"{journal}-{person}").read_text().splitlines():
                version, item, number = map(int, line.split())
                answered = by_number[version]
                assert (answered.person, answered.item) == (person, item)
                assert (answered.action, answered.label) == decision(number)
        assert review.verify() == []


def test_killed_processes_lose_no_decision(place: str, tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    decide_and_kill(place, journal, items=1, decisions=15, kills=4)
    check(place, journal, items=1, decisions=15)


@pytest.mark.slow
def test_thousands_of_decisions_of_killed_processes(place: str, tmp_path: Path) -> None:
    journal, decisions = tmp_path / "journal", 25
    items = DECISIONS // decisions // len(PEOPLE)
    seconds = decide_and_kill(place, journal, items, decisions, kills=items)
    check(place, journal, items, decisions)
    print(f"{DECISIONS / seconds:.0f} decisions a second with {items} kills")
