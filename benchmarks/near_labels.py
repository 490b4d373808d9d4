"""How long it takes to find what an unknown label means, and how often it is the right one.

Names of a taxonomy are spoiled in one way each and looked up; without a file, those of made-up
labels.

    python benchmarks/near_labels.py [TAXONOMY] [--labels 100000] [--queries 500]
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Callable
from pathlib import Path

from harnn.taxonomy import Taxonomy

_SYLLABLES = (
    *("ba", "ro", "ti", "ne", "lu", "kra", "sto", "mi"),
    *("ven", "qua", "dor", "fi", "gel", "hu", "jas", "pon"),
)


def letter_less(name: str, drawn: random.Random) -> str:
    """Return a name without one of its letters."""
    at = drawn.randrange(len(name))
    return name[:at] + name[at + 1 :]


def word_less(name: str, drawn: random.Random) -> str:
    """Return a name without one of its words."""
    words = name.split()
    del words[drawn.randrange(len(words))]
    return " ".join(words)


def word_more(name: str, drawn: random.Random) -> str:
    """Return a name with a word that no label has."""
    words = name.split()
    words.insert(drawn.randrange(len(words) + 1), "qxzzy")
    return " ".join(words)


def other_order(name: str, drawn: random.Random) -> str:
    """Return the words of a name in another order."""
    words = name.split()
    return " ".join(drawn.sample(words, len(words)))


WAYS: tuple[Callable[[str, random.Random], str], ...] = (
    letter_less,
    word_less,
    word_more,
    other_order,
)


def made_labels(count: int, drawn: random.Random) -> Taxonomy:
    """Return labels with names of one to five words out of 20,000."""
    words = [
        "".join(drawn.choice(_SYLLABLES) for _ in range(drawn.randint(2, 4))) for _ in range(20_000)
    ]
    names = {
        f"c{n}": " ".join(drawn.choice(words) for _ in range(drawn.randint(1, 5)))
        for n in range(count)
    }
    return Taxonomy.from_edges([(code, "ROOT") for code in names], names=names)


def measure(taxonomy: Taxonomy, queries: int, drawn: random.Random) -> list[str]:
    """Return a line for what is made once, and one for each way in which names are spoiled."""
    near = taxonomy.near
    started = time.perf_counter()
    near.find("xyzzy")
    lines = [f"{len(taxonomy):,} labels, made ready in {time.perf_counter() - started:.2f} s"]
    several = [column for column, name in enumerate(taxonomy.names) if len(name.split()) > 2]
    for spoil in WAYS:
        columns = drawn.sample(several, min(queries, len(several)))
        first = among = 0
        started = time.perf_counter()
        for column in columns:
            found = [x.column for x in near.find(spoil(taxonomy.names[column], drawn), most=4)]
            first += found[:1] == [column]
            among += column in found
        each = (time.perf_counter() - started) / max(len(columns), 1)
        shares = f"{first / len(columns):.0%} first, {among / len(columns):.0%} among four"
        lines.append(f"{spoil.__name__:12} {shares}, {1000 * each:.1f} ms each")
    return lines


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("taxonomy", type=Path, nargs="?")
    parser.add_argument("--labels", type=int, default=100_000)
    parser.add_argument("--queries", type=int, default=500)
    given = parser.parse_args()
    drawn = random.Random(1)
    made = given.taxonomy is None
    taxonomy = made_labels(given.labels, drawn) if made else Taxonomy.from_file(given.taxonomy)
    print("\n".join(measure(taxonomy, given.queries, drawn)))


if __name__ == "__main__":
    main()
