"""Made editions of a taxonomy, with what was changed known."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from harnn.taxonomy import Taxonomy


@dataclass
class Edited:
    """A taxonomy while it is edited: parents, names and other names by code."""

    parents: dict[str, list[str]]
    names: dict[str, str]
    others: dict[str, tuple[str, ...]]
    replaced: dict[str, str] = field(default_factory=dict)
    successors: dict[str, tuple[str, ...]] = field(default_factory=dict)
    truth: set[tuple[str, str]] = field(default_factory=set)
    """Pairs of an old and a new code; an empty one of what was retired or added."""

    @classmethod
    def of(cls, taxonomy: Taxonomy) -> Edited:
        codes = taxonomy.codes
        parents = {
            code: [codes[p] for p in taxonomy.parents(column).tolist()]
            for column, code in enumerate(codes)
        }
        names = dict(zip(codes, taxonomy.names, strict=True))
        others = dict(zip(codes, taxonomy.alternatives, strict=True))
        return cls(parents, names, others, truth={(code, code) for code in codes})

    def leaves(self) -> list[str]:
        above = {parent for parents in self.parents.values() for parent in parents}
        return [code for code in self.parents if code not in above]

    def remove(self, code: str) -> list[str]:
        self.names.pop(code)
        self.others.pop(code)
        self.truth.discard((code, code))
        return self.parents.pop(code)

    def add(self, code: str, parents: list[str], name: str) -> None:
        self.parents[code], self.names[code], self.others[code] = list(parents), name, ()

    def taxonomy(self, recode: Callable[[str], str] = str) -> Taxonomy:
        """Build it, with other codes where wanted."""
        pairs = [
            (recode(code), recode(parent) if parent else "ROOT")
            for code, parents in self.parents.items()
            for parent in parents or [""]
        ]
        names = {recode(code): name for code, name in self.names.items()}
        made = Taxonomy.from_edges(pairs, names=names)
        back = {recode(code): code for code in self.parents}
        return dataclasses.replace(
            made,
            alternatives=tuple(self.others[back[code]] for code in made.codes),
            replaced=self.replaced,
            successors=self.successors,
        )


def edit(
    taxonomy: Taxonomy, share: float, seed: int = 0, *, tells: bool = True
) -> tuple[Edited, dict[str, list[str]]]:
    """Change leaves: *share* of them renamed, moved, merged, split, retired, and so many added.

    tells: whether the new edition says what stands for labels that are merged or split. Returns the
    edited taxonomy and the old codes (of what was added the new ones) by what was done to them.
    """
    random = np.random.default_rng(seed)
    edited = Edited.of(taxonomy)
    leaves = [str(code) for code in random.permutation(edited.leaves())]
    count = max(int(len(leaves) * share), 1)
    inner = [code for code in edited.parents if code not in set(leaves)]
    done: dict[str, list[str]] = {}
    for kind in ("renamed", "moved", "merged", "split", "retired"):
        done[kind] = [leaves.pop() for _ in range(min(count, len(leaves) // 2))]
    for code in done["renamed"]:
        edited.names[code] = f"{edited.names[code]} anew"
    for code in done["moved"]:
        far = [other for other in inner if other not in edited.parents[code]]
        edited.parents[code] = [str(random.choice(far))]
    for code in done["merged"]:
        into = leaves.pop()
        edited.others[into] = (*edited.others[into], edited.names[code])
        edited.remove(code)
        edited.truth.add((code, into))
        if tells:
            edited.replaced[code] = into
    for code in done["split"]:
        name, parts = edited.names[code], (f"{code}.1", f"{code}.2")
        parents = edited.remove(code)
        for number, part in enumerate(parts, start=1):
            edited.add(part, parents, f"{name} {number}")
            edited.truth.add((code, part))
        if tells:
            edited.successors[code] = parts
    for code in done["retired"]:
        edited.remove(code)
        edited.truth.add((code, ""))
    done["added"] = [f"added.{number}" for number in range(count)]
    for number, code in enumerate(done["added"]):
        edited.add(code, [str(random.choice(inner))], f"Zzyzx qoph {number}")
        edited.truth.add(("", code))
    return edited, done
