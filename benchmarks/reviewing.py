"""Time decisions of the review, in a short log and in a long one.

    python benchmarks/reviewing.py [--database PLACE] [--entries 1000000] [--own 10000]

PLACE: an empty file of SQLite, or a URL; left out: a temporary file. Prints a Markdown table:
milliseconds of the wall and of the processor a call, medians of 50 (of undoing and verifying: one).
``--entries`` are about another document, ``--own`` about the same one by the same reader.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from itertools import cycle
from pathlib import Path

from harnn.data import Document
from harnn.review import (
    Database,
    EnqueueOptions,
    ModelState,
    Note,
    Prepared,
    PreparedLabel,
    Review,
    append,
)
from harnn.taxonomy import Taxonomy

REPEATS = 50
AT_ONCE = 10_000
TAXONOMY = Taxonomy.from_edges(
    [("a", "ROOT"), ("b", "ROOT"), *((f"{x}{n}", x) for n in range(5) for x in "ab")]
)
MODEL = ModelState("made", "0" * 64, TAXONOMY.version)
SHOWN = {"a": 0.9, "b": 0.8, "a1": 0.7, "b1": 0.6, "b2": 0.4}
PLAN = cycle([("accept", "a1"), ("reject", "b2"), ("accept", "b1"), ("clear", "a1")])


def document(name: str) -> Prepared:
    return Prepared(
        document=Document(name, {"text": f"{name}: " + "a word and another one " * 50}),
        model=MODEL,
        title=name,
        shown=SHOWN,
        labels=tuple(PreparedLabel(label, score, 0.5) for label, score in SHOWN.items()),
        notes=(),
        doubt=1.0,
        value=1.0,
        hint="",
    )


def fill(database: Database, item: int, person: str, entries: int) -> None:
    """Write entries of decisions, many at a time."""
    note = Note(person, "annotate", item, "accept", MODEL.hash, MODEL.taxonomy_hash, "a1")
    note = note._replace(seen=SHOWN, after=("a1",))
    for start in range(0, entries, AT_ONCE):
        with database.writing() as connection:
            append(connection, *[note] * min(AT_ONCE, entries - start))


def show(what: str, call: Callable[[], object], repeats: int) -> None:
    walls, processors = [], []
    for _ in range(repeats):
        wall, processor = time.perf_counter(), time.process_time()
        call()
        walls.append(1e3 * (time.perf_counter() - wall))
        processors.append(1e3 * (time.process_time() - processor))
    print(f"| {what} | {statistics.median(walls):.1f} | {statistics.median(processors):.1f} |")


def measure(place: str | Path, entries: int, own: int, repeats: int = REPEATS) -> None:
    with Review.open(place, taxonomy=TAXONOMY, model=MODEL.name) as review:
        options = EnqueueOptions(blind_share=0, second_share=0)
        first, second, third = review.add([document(x) for x in "123"], options=options).added
        versions = dict.fromkeys((first, third), 0)

        def decide(item: int) -> None:
            action, label = next(PLAN)
            view = review.decide(item, "ann", "annotate", versions[item], action, label)
            versions[item] = view.version

        def undo(item: int) -> None:
            versions[item] = review.undo(item, "ann", "annotate", versions[item]).version

        print("| call | wall, ms | processor, ms |\n|---|---|---|")
        show("a decision, short log", lambda: decide(first), repeats)
        database = Database.open(place)
        fill(database, second, "eve", entries)
        show(f"a decision, log of {entries:,} entries", lambda: decide(first), repeats)
        show("the queue, by doubt", lambda: review.queue("ann", "annotate"), repeats)
        fill(database, third, "ann", own)
        show(f"a decision, document of {own:,} own entries", lambda: decide(third), repeats)
        show(f"undoing, document of {own:,} own entries", lambda: undo(third), 1)
        show("verifying all", review.verify, 1)
        database.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--database", help="empty; left out: a temporary file")
    parser.add_argument("--entries", type=int, default=1_000_000)
    parser.add_argument("--own", type=int, default=10_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        place = options.database or Path(home) / "review.db"
        measure(place, options.entries, options.own)


if __name__ == "__main__":
    main()
