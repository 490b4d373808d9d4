"""Answers of ``harnn predict``, filed by an acceptance."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np

from harnn.acceptance import Acceptance, LabelSets, file_answers, load_acceptance, to_json
from harnn.bundle import fingerprint
from harnn.decode import Scores
from harnn.prediction import Predictor
from harnn.prediction.workers import AnsweredBlock
from harnn.taxonomy import Taxonomy


@dataclass(frozen=True, slots=True)
class Filer:
    """Adds to answers what is accepted of them, and sets of labels."""

    acceptance: Acceptance
    taxonomy: Taxonomy

    @classmethod
    def open(cls, path: Path, model: Path, predictor: Predictor, asked: Mapping[str, Any]) -> Self:
        """Read the acceptance of a model; asked: the options of its answers.

        Raises:
            InputError: it cannot be read, or is of another model or of other answers.
        """
        found = load_acceptance(path)
        found.check(fingerprint(model), predictor.taxonomy, asked, where=str(path))
        return cls(found, predictor.taxonomy)

    @property
    def needs_scores(self) -> bool:
        """Whether it reads the scores of all labels."""
        return self.acceptance.sets is not None

    @property
    def files(self) -> bool:
        """Whether any level has a target."""
        return any(each.target is not None for each in self.acceptance.levels)

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that a table of answers has besides."""
        filed = ("accepted_level", "accepted") if self.files else ()
        return filed + (("sets",) if self.needs_scores else ())

    def digest(self) -> str:
        """Return a hash of the acceptance."""
        return hashlib.sha256(to_json(self.acceptance).encode()).hexdigest()

    def file(self, block: AnsweredBlock) -> Iterator[dict[str, Any]]:
        """Yield the answers of a block as plain values, with ``accepted`` and ``sets``."""
        filings = file_answers(block.answers, self.acceptance, self.taxonomy)
        for row, (answer, filing) in enumerate(zip(block.answers, filings, strict=True)):
            plain = answer.to_dict()
            if self.files:
                plain["accepted"] = filing.to_dict()
            if (sets := self.acceptance.sets) is not None and block.scores is not None:
                plain["sets"] = self._sets(sets, block.scores, row)
            yield plain

    def _sets(self, sets: LabelSets, scores: Scores, row: int) -> list[dict[str, Any]]:
        """Return the set of each level, the highest score first."""
        hierarchy, own = self.taxonomy.hierarchy, scores.values[row]
        chosen = sets.choose(own[np.newaxis], hierarchy).indices
        chosen = chosen[np.argsort(-own[chosen], kind="stable")]
        levels = hierarchy.levels[chosen]
        return [
            {"level": each.level}
            | {"labels": [self.taxonomy.codes[x] for x in chosen[levels == each.level]]}
            for each in sets.levels
        ]
