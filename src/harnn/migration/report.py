"""What a migration did to the labels of a model, and what is to be expected of it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, Self, get_args

import numpy as np
from numpy.typing import NDArray

from harnn._display import beginning, counted
from harnn.branches import LabelOrigins
from harnn.bundle import Bundle
from harnn.metrics import LabelQuality, Report
from harnn.taxonomy import LabelMapper, Link, Taxonomy

Fate = Literal["kept", "merged", "split", "retired", "added"]
FATES: tuple[Fate, ...] = get_args(Fate)
"""What became of an old label, or where a new one comes from."""
SHOWN = 10
"""Guesses that are printed, unless told."""
FEW = 500
"""Documents: tuned on fewer, or on fewer than there are labels, a model may be worse than before
(docs/experiments.md)."""
_WIDTH = 60
_BEGIN_WITH: dict[Fate, str] = {
    "kept": "each begins with its own weights",
    "merged": "each begins with the mean of its parts, by their documents",
    "split": "each begins with the weights of the whole, turned towards its name",
    "retired": "dropped",
    "added": "each begins with the weights of its parents, turned towards its name",
}


class FateCounts(NamedTuple):
    """Labels of one fate, and how good the old labels of it were on validation."""

    old: int
    new: int
    documents: int
    """Pairs of a validation document and such a label that is true."""
    f1: float | None
    """Micro-F1 over these labels; None where they are neither true nor predicted, or not known."""


class ExpectedF1(NamedTuple):
    """Micro-F1 on the validation documents of the old model, as its ``labels.json`` tells it."""

    before: float
    """Over all labels."""
    expected: float
    """Where labels that were kept or merged are as good as they were, and the parts of a split
    label are guessed among by chance; retired ones do not count, nor do added ones."""
    worst: float
    """Where no label is found any more that was merged or split, or changed its level."""


@dataclass(frozen=True, kw_only=True)
class MigrationReport:
    """What became of the labels of a model."""

    fates: Mapping[Fate, FateCounts]
    changes: Mapping[str, int]
    """Labels by what else is different: see :class:`harnn.taxonomy.TaxonomyDiff`."""
    levels: tuple[int, ...]
    """For each new level the old one, from 1, whose features it goes on with."""
    old_depth: int
    level_changed: int
    """Labels that stand on a level which goes on with the features of another than their own."""
    f1: ExpectedF1 | None
    """None: an older model, which knows nothing of single labels."""
    guesses: tuple[Link, ...]
    """Links that are guesses, and were followed."""
    not_followed: int
    """Links that are guesses too unsure to be followed."""
    names: Mapping[str, str]
    """Of the labels of guesses, by code; old ones with ``old:`` before them."""
    notes: tuple[str, ...] = ()
    """What became of levels, in sentences."""
    tuned: Report | None = None
    """On the documents that the model was tuned on."""

    @classmethod
    def of(cls, bundle: Bundle, mapper: LabelMapper, origins: LabelOrigins) -> Self:
        """Gather it; bundle: the old model."""
        diff = mapper.diff
        fates = _Fates.of(mapper)
        strangers = _strangers(origins)
        guesses = [x for x in diff.links if x.is_pair and not x.is_sure]
        followed = tuple(x for x in guesses if x.certainty >= mapper.least)
        return cls(
            fates=fates.counts(bundle.quality),
            changes={k: diff.counts[k] for k in ("renamed", "moved", "recoded", "reused")},
            levels=tuple(level + 1 for level in origins.levels),
            old_depth=diff.old.depth,
            level_changed=int(strangers.sum()),
            f1=None if bundle.quality is None else fates.expect(bundle.quality, strangers),
            guesses=followed,
            not_followed=len(guesses) - len(followed),
            names=dict(_names(followed, diff.old, diff.new)),
            notes=tuple(_notes(origins)),
        )

    def with_tuning(self, report: Report) -> Self:
        """Return it with what the model does on the documents that it was tuned on."""
        return dataclasses.replace(self, tuned=report)

    def to_dict(self) -> dict[str, Any]:
        """Return all of it as values of JSON."""
        plain = dataclasses.asdict(self)
        plain["fates"] = {fate: found._asdict() for fate, found in self.fates.items()}
        plain["f1"] = None if self.f1 is None else self.f1._asdict()
        plain["tuned"] = None if self.tuned is None else self.tuned.to_dict()
        for link in plain["guesses"]:
            del link["place"]
        return plain

    def describe(self, most: int | None = SHOWN) -> Iterator[str]:
        """Yield lines to read; most: guesses that are told, None: all."""
        for fate, found in self.fates.items():
            if not (found.old or found.new):
                continue
            labels = " -> ".join(f"{x:,}" for x in (found.old, found.new))
            quality = "" if found.f1 is None else f", micro-F1 {100 * found.f1:.1f} on validation"
            known = self.f1 is not None and found.old
            held = f" ({found.documents:,} of its true labels{quality})" if known else ""
            yield f"{fate}: {labels} labels{held}; {_BEGIN_WITH[fate]}"
        changed = [f"{count:,} {kind}" for kind, count in self.changes.items() if count]
        if changed:
            yield f"Of these {', '.join(changed)}."
        yield from self.notes
        if self.level_changed:
            yield f"{counted(self.level_changed, 'label')} changed to a level of other features."
        if self.f1 is not None:
            before, expected, worst = (100 * x for x in self.f1)
            yield (
                f"Expected micro-F1 on the old validation documents, added labels apart: "
                f"{expected:.1f} (before {before:.1f}; {worst:.1f} if no label were found any "
                "more that was merged, split or changed its level)."
            )
        yield from self._guesses(most)
        yield from self._tuning()

    def _tuning(self) -> Iterator[str]:
        """Say where everything else comes from."""
        if self.tuned is None:
            yield (
                "Blend, calibration and thresholds are those of the old model, level by level. Its "
                "validation report is kept, with the labels of the old edition, and what is known "
                "of single labels, of those that stayed one label."
            )
            return
        documents = counted(self.tuned.documents, "document")
        if self.tuned.documents < max(FEW, self.tuned.labels):
            yield f"Warning: {documents} to tune on are few: thresholds may be worse than before."
        measures = (self.tuned.micro_f1, self.tuned.macro_f1, self.tuned.auprc)
        told = "micro-F1 {:.1f}, macro-F1 {:.1f}, AUPRC {:.1f}".format(*(100 * x for x in measures))
        yield (
            f"Thresholds, report and what is known of single labels are those on {documents}, "
            f"and so are blend and calibration where they rank labels better: {told}."
        )

    def _guesses(self, most: int | None) -> Iterator[str]:
        if self.not_followed:
            are = "is" if self.not_followed == 1 else "are"
            yield (
                f"{counted(self.not_followed, 'link')} {are} too unsure to be followed: unless "
                "more is known of them, their old labels count as retired and their new ones as "
                "added."
            )
        if not self.guesses:
            return
        one = len(self.guesses) == 1
        guess = (
            "was followed is a guess; look at it:" if one else "were followed are guesses; look:"
        )
        yield f"{counted(len(self.guesses), 'link')} that {guess}"
        for link in self.guesses[:most]:
            old, new = self.names[f"old:{link.old}"], self.names[link.new]
            yield f"  {old} -> {new} ({link.found_by}, {link.certainty:.2f})"
        if most is not None and len(self.guesses) > most:
            yield f"  ... and {len(self.guesses) - most:,} more"


class _Fates(NamedTuple):
    """What became of each old label (C,), and where each new one comes from (C',)."""

    old: NDArray[np.str_]
    new: NDArray[np.str_]
    parts: NDArray[np.int64]
    """(C,) how many labels each old one became."""

    @classmethod
    def of(cls, mapper: LabelMapper) -> Self:
        links = mapper.columns()
        parts = np.bincount(links.old, minlength=len(mapper.diff.old))
        sources = np.bincount(links.new, minlength=len(mapper.diff.new))
        old = np.select([parts == 0, parts > 1], ["retired", "split"], "kept")
        new = np.select([sources == 0, sources > 1], ["added", "merged"], "kept")
        old[links.old[(new[links.new] == "merged") & (parts[links.old] == 1)]] = "merged"
        new[links.new[(old[links.old] == "split") & (sources[links.new] == 1)]] = "split"
        return cls(old, new, parts)

    def counts(self, quality: LabelQuality | None) -> dict[Fate, FateCounts]:
        """Count labels by fate; quality: of the old labels."""
        found: dict[Fate, FateCounts] = {}
        for fate in FATES:
            held = self.old == fate
            documents, f1 = 0, None
            if quality is not None:
                documents = int(quality.counts.true[held].sum())
                f1 = _micro_f1(quality, held.astype(float), held.astype(float))
            found[fate] = FateCounts(int(held.sum()), int((self.new == fate).sum()), documents, f1)
        return found

    def expect(self, quality: LabelQuality, strangers: NDArray[np.bool_]) -> ExpectedF1:
        """Say what is to be expected; strangers: (C,) old labels that changed their level."""
        every, lives = np.ones(len(self.old)), (self.old != "retired").astype(float)
        by_chance = lives / np.maximum(self.parts, 1)
        sound = (self.old == "kept") & ~strangers
        values = (
            _micro_f1(quality, every, every),
            _micro_f1(quality, by_chance, lives),
            _micro_f1(quality, sound.astype(float), lives),
        )
        return ExpectedF1(*(value or 0.0 for value in values))


def _micro_f1(
    quality: LabelQuality, of_hits: NDArray[np.float64], of_all: NDArray[np.float64]
) -> float | None:
    """Return micro-F1 with so much of the hits, and of what is true or predicted, of each label;
    None where that is nothing.
    """
    counts = quality.counts
    either = float(((counts.predicted + counts.true) * of_all).sum())
    return 2 * float((counts.hits * of_hits).sum()) / either if either else None


def _strangers(origins: LabelOrigins) -> NDArray[np.bool_]:
    """Return (C,) which old labels stand on a level now that goes on with other features."""
    found = np.zeros(len(origins.old), dtype=bool)
    taken = np.array(origins.levels)[origins.new.levels - 1] + 1
    cells = origins.shares.tocoo()
    rows, columns = cells.coords
    own = ~origins.is_added[rows]
    changed = own & (taken[rows] != origins.old.levels[columns])
    found[columns[changed]] = True
    return found


def _notes(origins: LabelOrigins) -> Iterator[str]:
    """Say what becomes of levels."""
    old, levels = origins.old.depth, origins.levels
    for level, source in enumerate(levels):
        if source != level or level >= old:
            yield f"Level {level + 1} goes on as level {source + 1} was."
    for gone in sorted(set(range(old)) - set(levels)):
        yield f"Level {gone + 1} is no more."
    if len(set(levels)) < len(levels):
        yield "Where levels go on with one level, networks read its features once."


def _names(links: tuple[Link, ...], old: Taxonomy, new: Taxonomy) -> Iterator[tuple[str, str]]:
    for link in links:
        for start, code, taxonomy in (("old:", link.old, old), ("", link.new, new)):
            name = beginning(taxonomy.names[taxonomy.index[code]], _WIDTH)
            yield f"{start}{code}", name if name == code else f"{name} ({beginning(code, _WIDTH)})"
