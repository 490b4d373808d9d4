"""Make a dataset of short texts with a dozen labels each from titles of arxiv-msc.

    python benchmarks/many_labels.py --output runs/data
    python benchmarks/accuracy run --data runs/data --only many-labels --method harnn-fast ...

Each document is two titles, drawn so that every title of a split stands in two documents, and has
the labels of both: some 20 words and 13 labels of 3,538 on three levels. Short cuts that training
takes where labels are many are measured on it; nothing of arxiv-msc is copied but into *output*.
"""

from __future__ import annotations

import argparse
import gzip
import json
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from accuracy.reading import DATA, SPLITS

NAME = "many-labels"
SOURCE = "arxiv-msc"


def join_titles(documents: Sequence[dict[str, Any]], *, seed: int) -> Iterator[dict[str, Any]]:
    """Yield as many documents, each of two neighbours of a ring in which all stand once."""
    ring = np.random.default_rng(seed).permutation(len(documents)).tolist()
    for number, places in enumerate(zip(ring, [*ring[1:], *ring[:1]], strict=True)):
        first, second = (documents[place] for place in places)
        yield {
            "id": str(number),
            "text": f"{first['text']['title']}. {second['text']['title']}",
            "labels": sorted({*first["labels"], *second["labels"]}),
        }


def make_dataset(source: Path, target: Path, *, seed: int = 1) -> dict[str, tuple[int, float]]:
    """Write the dataset; return of each split its documents and their mean number of labels."""
    target.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source / "taxonomy.tsv", target / "taxonomy.tsv")
    found = {}
    for number, split in enumerate(SPLITS):
        with gzip.open(source / f"{split}.jsonl.gz", "rt", encoding="utf-8") as file:
            documents = [json.loads(line) for line in file]
        rows = list(join_titles(documents, seed=seed + number))
        with gzip.open(target / f"{split}.jsonl.gz", "wt", encoding="utf-8") as file:
            file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        found[split] = len(rows), sum(len(row["labels"]) for row in rows) / len(rows)
    return found


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--data", type=Path, default=DATA, help="folder of the datasets")
    parser.add_argument("--output", type=Path, required=True, help="folder for the new one")
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    source = chosen.data / SOURCE
    if not (source / "taxonomy.tsv").is_file():
        raise SystemExit(f"{source} is not there; set HARNN_DATA to the folder of the datasets.")
    found = make_dataset(source, chosen.output / NAME, seed=chosen.seed)
    for split, (documents, labels) in found.items():
        print(f"{split:6} {documents:>7,} documents, {labels:.1f} labels each")


if __name__ == "__main__":
    main()
