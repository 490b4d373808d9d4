"""What a branch is: one way to score all labels, trained apart and blended with the others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, Self, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from harnn.branches.stored import Arrays, StoredModel
from harnn.corpus import Corpus, View

if TYPE_CHECKING:
    from harnn.taxonomy import Taxonomy

__all__ = [
    "Arrays",
    "Branch",
    "Evidence",
    "MadeFrom",
    "MayBeExported",
    "MayWait",
    "Parts",
    "Probable",
    "StoredModel",
    "TakesBeam",
    "TakesBfloat16",
]


MOST_TRIALS = 512
"""Of a quick branch: a word at a time, but in long documents."""
NETWORK_TRIALS = 48
SLOW_TRIALS = 12
"""Of an encoder of whole texts."""


class Evidence(NamedTuple):
    """How a branch can be asked about the words of one document."""

    trials: int
    """How many versions of the document, with words left out, it scores within a tenth of a
    second or so; 0: it reads no words."""
    attention: NDArray[np.float32] | None = None
    """(C, T) where each label looked, which divides the effect of several words among them."""


@dataclass(frozen=True, slots=True)
class Parts:
    """A branch as it is stored."""

    arrays: dict[str, NDArray[Any]] = field(default_factory=dict)
    """By their names among the arrays of all branches."""
    settings: dict[str, Any] = field(default_factory=dict)
    """Plain values by their names among the settings of the model."""
    files: dict[str, bytes] = field(default_factory=dict)
    """By the name of the file."""


class Branch(Protocol):
    """One way to score all labels."""

    @property
    def name(self) -> str:
        """As in :data:`harnn.branches.KINDS`."""

    @property
    def reads(self) -> Mapping[str, View | None]:
        """The views of a corpus that it reads, and what makes them; None: every corpus has it."""

    def logits(self, corpus: Corpus) -> NDArray[np.float32]:
        """Return (N, C) numbers that are higher where a label fits, for a blend to weigh."""

    def explain(self, corpus: Corpus, row: int) -> Evidence:
        """Say how words of one document can be told apart.

        The corpus has the view ``placed_texts`` beside what the branch reads.
        """

    def to_parts(self, *, light: bool = False, int8: bool = False) -> Parts:
        """Return what is stored; light: for use without PyTorch; int8: with rounded weights.

        Raises:
            MissingExtraError: a light form needs packages that are not installed.
        """

    @classmethod
    def from_parts(cls, stored: StoredModel, taxonomy: Taxonomy) -> Self | None:
        """Undo :meth:`to_parts`; None where the model has no such branch.

        Raises:
            BundleError: parts are missing, damaged or of other labels.
            MissingExtraError: a package is not installed.
        """


@runtime_checkable
class Probable(Protocol):
    """A branch whose own scores can be a model's answer without a blend."""

    def scores(self, corpus: Corpus) -> NDArray[np.float32]:
        """Return the scores (N, C), 0 to 1."""


@runtime_checkable
class MadeFrom(Protocol):
    """A branch that was made from a file beside the documents."""

    @property
    def made_from(self) -> str:
        """SHA-256 of what it was made from."""


@runtime_checkable
class MayBeExported(Protocol):
    """A branch that may be computed by graphs, which learn nothing any more."""

    @property
    def exported(self) -> bool:
        """Whether it is."""


@runtime_checkable
class MayWait(Protocol):
    """A branch that takes so long that documents can be answered without it: see ``Cascade``."""

    @property
    def waits(self) -> bool:
        """Whether it is worth waiting with."""


@runtime_checkable
class TakesBeam(Protocol):
    """A branch that need not look at all labels."""

    def with_beam(self, width: int, taxonomy: Taxonomy) -> Self:
        """Let only the children of the *width* best labels of a level attend to a document.

        Raises:
            ConfigError: it cannot.
            ValueError: *width* is below 1.
        """


@runtime_checkable
class TakesBfloat16(Protocol):
    """A branch that can be computed in bfloat16."""

    def with_bfloat16(self) -> Self:
        """Compute in bfloat16.

        Raises:
            ConfigError: it cannot.
        """
