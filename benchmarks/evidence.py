"""How well lines of shared evidence are grouped: two words taken for one are to be told apart.

    python benchmarks/evidence.py [--data DIR]

Pairs of words of arxiv-cat that have nothing to do with each other are pseudo-words; prints a
Markdown table of the groups made of their lines. Purity: the share of lines whose group is mostly
of their word. HARNN_DATA: folder of the datasets.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import re
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

from accuracy.reading import DATA

from harnn.review.evidence import Grouped, Occurrence, group_lines

PAIRS = (
    *(("galaxy", "compiler"), ("neutrino", "portfolio"), ("enzyme", "manifold")),
    *(("reinforcement", "superconductor"), ("cohomology", "stellar"), ("bandit", "plasma")),
    *(("cryptographic", "polymer"), ("planet", "sentence")),
)
TEXTS = 20_000
LINES = (20, 60, 200)
"""Of the first word of a pair; of the second half as many."""


def read_texts(path: Path) -> Iterator[str]:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        for line in islice(file, TEXTS):
            text = json.loads(line)["text"]
            yield text if isinstance(text, str) else " ".join(text.values())


def lines_of(word: str, texts: Sequence[str], most: int) -> list[Occurrence]:
    """Return the first place of a word in some texts, drawn."""
    places = [(text, re.search(rf"\b{word}\b", text, re.IGNORECASE)) for text in texts]
    lines = [
        Occurrence(item=0, version=0, title=word, text=text, start=at.start(), end=at.end())
        for text, at in places
        if at
    ]
    return random.Random(word).sample(lines, min(most, len(lines)))


def purity(lines: Sequence[Occurrence], groups: Sequence[Grouped]) -> float:
    """Return the share of lines whose group is mostly of their word."""
    counts = (Counter(lines[member].title for member in group.members) for group in groups)
    return sum(max(count.values()) for count in counts) / len(lines)


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--data", type=Path, default=DATA, help="folder of the datasets")
    path = parser.parse_args().data / "arxiv-cat" / "train.jsonl.gz"
    if not path.is_file():
        raise SystemExit(f"{path} is not there; set HARNN_DATA to the folder of the datasets.")
    texts = list(read_texts(path))
    print("| words | lines | groups | purity | CPU seconds | near |\n|---|---|---|---|---|---|")
    for most in LINES:
        for first, second in PAIRS:
            lines = lines_of(first, texts, most) + lines_of(second, texts, most // 2)
            random.Random(0).shuffle(lines)
            start = time.process_time()
            groups = group_lines(lines)
            seconds = time.process_time() - start
            near = "; ".join(", ".join(group.near) for group in groups)
            share = purity(lines, groups)
            cells = (f"{first}, {second}", len(lines), len(groups), f"{share:.2f}")
            print("|", " | ".join(map(str, cells)), f"| {seconds:.2f} | {near} |", flush=True)


if __name__ == "__main__":
    main()
