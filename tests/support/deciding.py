"""Processes that decide at the same time and are killed at random moments; a program.

``python deciding.py PLACE ITEMS DECISIONS KILLS JOURNAL SEED``: four people decide, each of ITEMS
documents DECISIONS times, until all is done; KILLS times one of their processes is killed and
started again. Each writes to JOURNAL-PERSON what was answered, a line a decision. Each run is a
fork of this process, which has all that takes time to import in it already. Prints a JSON object.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
from pathlib import Path

from harnn.review import Review
from support.reviews import opened

PEOPLE = ("ann", "bob", "cyd", "dan")
PLAN = (
    ("accept", "apples"),
    ("reject", "cider"),
    ("add", "pears"),
    ("accept", "cider"),
    ("reject", "fruit"),
)


def decision(number: int) -> tuple[str, str]:
    """Return what is decided the n-th time, from 0."""
    return PLAN[number % len(PLAN)]


def items_of(person: str, count: int) -> range:
    """Return the documents that a person decides of."""
    first = 1 + PEOPLE.index(person) * count
    return range(first, first + count)


def work(place: str, person: str, items: int, decisions: int, journal: Path) -> None:
    with opened(place) as review, journal.open("ab", buffering=0) as answers:
        for item in items_of(person, items):
            decide(review, person, item, decisions, answers.fileno())


def decide(review: Review, person: str, item: int, decisions: int, answers: int) -> None:
    entries = review.log(item=item, limit=10_000)
    done = sum(entry.person == person for entry in entries)
    version = review.item(item, person, "annotate").version
    for number in range(done, decisions):
        view = review.decide(item, person, "annotate", version, *decision(number))
        version = view.version
        os.write(answers, f"{version} {item} {number}\n".encode())


def main(place: str, items: int, decisions: int, kills: int, journal: str, seed: int) -> None:
    chance = random.Random(seed)

    def start(person: str) -> int:
        process = os.fork()
        if process == 0:
            code = 1
            try:
                work(place, person, items, decisions, Path(f"{journal}-{person}"))
                code = 0
            finally:
                os._exit(code)
        return process

    began = time.monotonic()
    running = {start(person): person for person in PEOPLE}
    killed = 0
    while running:
        if killed < kills:
            time.sleep(chance.uniform(0.02, 0.3))
            victim = chance.choice(sorted(running))
            os.kill(victim, signal.SIGKILL)
            killed += 1
        process, status = os.wait()
        person = running.pop(process)
        if status != 0:
            assert os.WIFSIGNALED(status), f"{person} failed"
            running[start(person)] = person
    print(json.dumps({"killed": killed, "seconds": time.monotonic() - began}))


if __name__ == "__main__":
    place, items, decisions, kills, journal, seed = sys.argv[1:]
    main(place, int(items), int(decisions), int(kills), journal, int(seed))
