"""Take trained models to a new edition of their taxonomy, and compare with training again.

    python benchmarks/migration.py DATA WORK [--preset fast] [--share 0.05] [--seed 1]
        [--tune 500] [--set KEY=VALUE ...] [--json FILE]

DATA is a directory with taxonomy.tsv, labels.tsv and train, valid and test.jsonl.gz, such as
shared/data/mitre-attack. Two editions are made out of its taxonomy, so that what the documents say
in each is known: of the leaves with training documents a share each is renamed, merged, split,
moved, and twice as many are new. The old model is trained on the old edition, taken to the new one,
and measured on its test documents: as it is, with thresholds and blend tuned on some documents, and
after going on with the documents of the new edition; beside it a model that is trained from the
beginning. Models in WORK are not trained again. Prints a Markdown table and writes JSON.
"""

from __future__ import annotations

import argparse
import gzip
import itertools
import json
import resource
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from harnn import Predictor
from harnn.evaluation import report_labels
from harnn.taxonomy import Taxonomy

SPLITS = ("train", "valid", "test")
LEAST_DOCUMENTS = 5
"""In training, of a label that is changed, so that a change can be measured."""
MEASURES = ("micro_f1", "macro_f1", "auprc")


@dataclass
class Editions:
    """Edges, names and labels of documents of an old and a new edition, out of a real taxonomy."""

    real: Taxonomy
    old: dict[str, list[str]]
    """Parents by code."""
    new: dict[str, list[str]]
    names: tuple[dict[str, str], dict[str, str]]
    stands_for: tuple[dict[str, list[str]], dict[str, list[str]]]
    """What documents of a real label have in each edition, where that is another label."""
    links: list[tuple[str, str]] = field(default_factory=list)
    changed: dict[str, list[str]] = field(default_factory=dict)
    """New codes by what happened."""

    @classmethod
    def of(cls, real: Taxonomy, counts: Mapping[str, int], share: float, seed: int) -> Editions:
        """Change leaves; counts: training documents of each label."""
        parents = {
            code: [real.codes[p] for p in real.parents(column).tolist()]
            for column, code in enumerate(real.codes)
        }
        names = dict(zip(real.codes, real.names, strict=True))
        made = cls(
            real,
            {code: list(above) for code, above in parents.items()},
            {code: list(above) for code, above in parents.items()},
            (dict(names), dict(names)),
            ({}, {}),
        )
        random = np.random.default_rng(seed)
        inner = {parent for above in parents.values() for parent in above}
        leaves = [c for c in parents if c not in inner and parents[c]]
        told = [c for c in leaves if counts.get(c, 0) >= LEAST_DOCUMENTS]
        waiting = [str(code) for code in random.permutation(told)]
        count = max(int(len(told) * share), 1)
        takes = {"added": 2 * count, "merged": count, "split": count, "moved": count}
        for kind, times in (takes | {"renamed": count}).items():
            for _ in range(times):
                made.change(kind, waiting, sorted(inner), random)
        return made

    def change(
        self, kind: str, waiting: list[str], inner: list[str], random: np.random.Generator
    ) -> None:
        code, (old_names, new_names) = waiting.pop(), self.names
        above = self.new[code]
        if kind == "added":
            del self.old[code]
            self.stands_for[0][code] = above
            self.links.append(("", code))
        elif kind == "renamed":
            new_names[code] = f"{new_names[code]} anew"
        elif kind == "moved":
            level = self.real.levels[self.real.index[above[0]]]
            same = [x for x in inner if self.real.levels[self.real.index[x]] == level]
            self.old[code] = [str(random.choice([x for x in same if x not in above] or same))]
        else:
            other = next((x for x in waiting if set(self.new[x]) & set(above)), None)
            if other is None:
                return
            waiting.remove(other)
            both = f"{old_names[code]} and {old_names[other]}"
            edition, joint = (self.new, code) if kind == "merged" else (self.old, f"{code}+{other}")
            own = 1 if kind == "merged" else 0
            edition[joint] = sorted(set(above) | set(self.real_parents(other)))
            self.names[own][joint] = both
            self.stands_for[own].update({code: [joint], other: [joint]})
            for gone in {code, other} - {joint}:
                del edition[gone]
            ends = [(code, joint), (other, joint)]
            self.links += ends if kind == "merged" else [(new, old) for old, new in ends]
            if kind == "split":
                self.changed.setdefault(kind, []).append(other)
        self.changed.setdefault(kind, []).append(code)

    def real_parents(self, code: str) -> list[str]:
        column = self.real.index[code]
        return [self.real.codes[p] for p in self.real.parents(column).tolist()]

    def write(self, data: Path, work: Path) -> None:
        """Write both editions with their documents, and the mapping."""
        for number, name in enumerate(("old", "new")):
            folder = work / name
            folder.mkdir(parents=True, exist_ok=True)
            edition, names = (self.old, self.new)[number], self.names[number]
            edges = [(c, p) for c, above in edition.items() for p in above or ["ROOT"]]
            lines = "".join(f"{child}\t{parent}\n" for child, parent in edges)
            (folder / "taxonomy.tsv").write_text(lines)
            table = "".join(f"{code}\t{names[code]}\n" for code in edition)
            (folder / "labels.tsv").write_text(f"label\tname\n{table}")
            for split in SPLITS:
                with gzip.open(folder / f"{split}.jsonl.gz", "wt", encoding="utf-8") as file:
                    for document in self._documents(data, split, number):
                        file.write(json.dumps(document) + "\n")
        told = "".join(f"{old},{new}\n" for old, new in self.links)
        (work / "map.csv").write_text(f"old,new\n{told}")

    def _documents(self, data: Path, split: str, number: int) -> Iterator[dict[str, Any]]:
        """Yield documents with their labels in one edition."""
        edition, stands = (self.old, self.new)[number], self.stands_for[number]
        for document in read(data / f"{split}.jsonl.gz"):
            columns = self.real.most_specific(self.real.columns(document["labels"])).tolist()
            codes = {self.real.codes[column] for column in columns}
            found: set[str] = {end for code in codes for end in stands.get(code, [code])}
            waiting = list(found)
            while waiting:
                above = set(edition[waiting.pop()]) - found
                found |= above
                waiting += above
            yield {"id": document["id"], "text": document["text"], "labels": sorted(found)}


def read(path: Path) -> Iterator[dict[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        yield from map(json.loads, file)


def cpu_of(*arguments: str) -> float:
    """Run a harnn command, and return its CPU seconds."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-m", "harnn", *arguments], check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def made(place: Path, *arguments: str) -> float:
    """Make a model where none is, and return the CPU seconds that it took."""
    note = place.with_name(f"{place.name}.cpu.json")
    if not note.is_file():
        note.write_text(json.dumps(cpu_of(*arguments)))
    return float(json.loads(note.read_text()))


def measured(model: Path, data: Path, groups: Mapping[str, list[str]]) -> dict[str, Any]:
    """Return what a model does with test documents, and the F1 of groups of labels."""
    predictor = Predictor.load(model)
    corpus = predictor.encode_labelled([data / "test.jsonl.gz"])
    decoder, taxonomy = predictor.bundle.decoder, predictor.taxonomy
    report, quality = report_labels(
        predictor.score_corpus(corpus), corpus.targets, decoder, taxonomy
    )
    found: dict[str, Any] = {name: getattr(report, name) for name in MEASURES}
    index, counts = taxonomy.index, quality.counts
    for kind, codes in groups.items():
        columns = [index[code] for code in codes]
        sums = [int(x[columns].sum()) for x in (counts.hits, counts.predicted, counts.true)]
        found[kind] = {"f1": 2 * sums[0] / max(sums[1] + sums[2], 1), "true": sums[2]}
    return found


def rows(work: Path, options: argparse.Namespace) -> Iterator[tuple[str, Path, float]]:
    """Make all models, and yield what each is, where, and its CPU seconds."""
    old, new = work / "old", work / "new"
    settings = [part for each in options.set for part in ("--set", each)]
    model = ("--preset", options.preset, *settings)

    def split(folder: Path) -> list[str]:
        return [
            *("--train", str(folder / "train.jsonl.gz")),
            *("--valid", str(folder / "valid.jsonl.gz")),
        ]

    def given(folder: Path) -> list[str]:
        return ["--taxonomy", str(folder / "taxonomy.tsv"), *split(folder), *model]

    place = work / "model-old"
    made(place, "train", *given(old), "--out", str(place))
    scratch = work / "model-scratch"
    yield "from the beginning", scratch, made(scratch, "train", *given(new), "--out", str(scratch))
    migrate = [
        *("migrate", str(place), "--taxonomy", str(new / "taxonomy.tsv")),
        *("--map", str(work / "map.csv"), "--out"),
    ]
    plain = work / "model-migrated"
    yield "migrated", plain, made(plain, *migrate, str(plain))
    for count in options.tune:
        some = work / f"tune-{count}.jsonl"
        documents = list(read(new / "valid.jsonl.gz"))
        chosen = np.random.default_rng(0).permutation(len(documents))[:count].tolist()
        some.write_text("".join(json.dumps(documents[n]) + "\n" for n in sorted(chosen)))
        tuned = work / f"model-tuned-{len(chosen)}"
        cpu = made(tuned, *migrate, str(tuned), "--tune", str(some))
        yield f"migrated, tuned on {len(chosen):,}", tuned, cpu
    for epochs in options.epochs:
        on = work / f"model-on-{epochs}"
        how = ("train", "--init", str(plain), *split(new), "--out", str(on))
        cpu = made(on, *how, "--set", f"continuing.epochs={epochs}")
        yield f"migrated, going on ({epochs} epochs at most)", on, cpu


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("work", type=Path)
    parser.add_argument("--preset", default="fast")
    parser.add_argument("--share", type=float, default=0.05)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--tune", type=int, nargs="*", default=[200, 10**9])
    parser.add_argument("--epochs", type=int, nargs="*", default=[1, 3])
    parser.add_argument("--set", action="append", default=[])
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    counts: dict[str, int] = {}
    for document in read(options.data / "train.jsonl.gz"):
        for label in document["labels"]:
            counts[label] = counts.get(label, 0) + 1
    real = Taxonomy.from_file(options.data / "taxonomy.tsv")
    editions = Editions.of(real, counts, options.share, options.seed)
    if not (options.work / "map.csv").is_file():
        editions.write(options.data, options.work)
    kept = sorted(
        set(editions.new) & set(editions.old) - set(itertools.chain(*editions.changed.values()))
    )
    groups = {"kept": kept, **editions.changed}
    told = {kind: len(codes) for kind, codes in groups.items()}
    print(f"Labels of the new edition: {told}", flush=True)
    found = {}
    print(f"| model | micro-F1 | macro-F1 | AUPRC | {' | '.join(groups)} | CPU |")
    print("|---" * (5 + len(groups)) + "|")
    for name, place, cpu in rows(options.work, options):
        result = measured(place, options.work / "new", groups)
        found[name] = result | {"cpu_seconds": cpu}
        cells = [*(result[each] for each in MEASURES), *(result[kind]["f1"] for kind in groups)]
        shown = " | ".join(f"{100 * cell:.1f}" for cell in cells)
        print(f"| {name} | {shown} | {cpu:.0f} s |", flush=True)
    if options.json is not None:
        options.json.write_text(json.dumps({"labels": told, "models": found}, indent=1) + "\n")


if __name__ == "__main__":
    main()
