"""The kinds of branches there are: a fourth one is a line here and a folder beside this file."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, NamedTuple

from harnn.branches.branch import Branch, Parts, StoredModel
from harnn.branches.document_vectors import read_vectors_branch
from harnn.branches.document_vectors.migrating import migrate_document_vectors
from harnn.branches.linear import LinearBranch
from harnn.branches.linear.branch import FILE as LINEAR
from harnn.branches.linear.migrating import migrate_linear
from harnn.branches.network import read_network
from harnn.branches.network.migrating import migrate_network
from harnn.branches.origins import LabelOrigins
from harnn.branches.text_vectors import encodes_with_torch, read_text_vectors
from harnn.branches.text_vectors.migrating import migrate_text_vectors
from harnn.branches.transformer import read_transformer
from harnn.branches.transformer.migrating import migrate_transformer
from harnn.errors import ConfigError, Problem
from harnn.taxonomy import Taxonomy


class Kind(NamedTuple):
    """A kind of branch."""

    name: str
    prior: float
    """What its logits are multiplied by, before a blend knows anything."""
    read: Callable[[StoredModel, Taxonomy], Branch | None]
    """See :meth:`harnn.branches.Branch.from_parts`; chooses what computes it."""
    stored_name: str
    """In the calibration of a model directory."""
    nothing: Mapping[str, Any] = {}
    """What stands in the settings of a model directory that has no such branch."""
    title: str = ""
    """For readers, in a few words."""
    is_torch: Callable[[Mapping[str, Any]], bool] = lambda _: True
    """Whether a branch that the settings of a model speak of is computed with PyTorch."""
    dearness: int = 0
    """Higher for what takes longer to predict; 0: never left out of a model. Who brings vectors of
    documents wants them read."""
    migrate: Callable[[Branch, LabelOrigins], Parts] | None = None
    """Returns the parts of a branch, not exported, for a new edition of its taxonomy; None: it
    cannot be had."""
    file: str = ""
    """Of a model directory that has such a branch, where its settings do not tell."""


KINDS: tuple[Kind, ...] = (
    Kind(
        "linear",
        2.0,
        LinearBranch.from_parts,
        "linear",
        file=LINEAR,
        title="words and their pairs",
        migrate=migrate_linear,
    ),
    Kind(
        "network",
        0.5,
        read_network,
        "network",
        {"networks": []},
        "network",
        dearness=1,
        migrate=migrate_network,
    ),
    Kind(
        "text_vectors",
        0.5,
        read_text_vectors,
        "sentence",
        {"sentence": None},
        "whole text",
        encodes_with_torch,
        dearness=2,
        migrate=migrate_text_vectors,
    ),
    Kind(
        "document_vectors",
        0.5,
        read_vectors_branch,
        "document_vectors",
        {"document_vectors": None},
        "given vectors",
        migrate=migrate_document_vectors,
    ),
    Kind(
        "transformer",
        0.5,
        read_transformer,
        "transformer",
        {"transformer": None},
        "fine-tuned encoder",
        dearness=3,
        migrate=migrate_transformer,
    ),
)
"""In the order in which a blend reads them."""


def branches_of(settings: Mapping[str, Any], files: Collection[str]) -> tuple[str, ...]:
    """Return the branches of a model by what stands in its settings, and its files."""
    return tuple(
        kind.name
        for kind in KINDS
        if (kind.file in files if kind.file else any(settings.get(x) for x in kind.nothing))
    )


def need_torch(settings: Mapping[str, Any]) -> bool:
    """Whether a model with such settings has a branch that is computed with PyTorch."""
    has = (kind for kind in KINDS if any(settings.get(name) for name in kind.nothing))
    return any(kind.is_torch(settings) for kind in has)


def prior_of(name: str) -> float:
    """Return what the logits of a branch are multiplied by at first."""
    return next(kind.prior for kind in KINDS if kind.name == name)


def dearness_of(name: str) -> int:
    """Return how dear a branch is beside others; 0: it is never left out."""
    return next(kind.dearness for kind in KINDS if kind.name == name)


def title_of(name: str) -> str:
    """Return what readers call a branch."""
    return next(kind.title or kind.name for kind in KINDS if kind.name == name)


def in_order(branches: Iterable[Branch]) -> tuple[Branch, ...]:
    """Return branches in the order of their kinds."""
    names = [kind.name for kind in KINDS]
    return tuple(sorted(branches, key=lambda branch: names.index(branch.name)))


def read_branches(stored: StoredModel, taxonomy: Taxonomy) -> tuple[Branch, ...]:
    """Read all branches of a model.

    Raises:
        BundleError, MissingExtraError: see :class:`harnn.branches.Branch`.
    """
    # The last first: it loads an encoder in the background while others import PyTorch.
    found = [kind.read(stored, taxonomy) for kind in reversed(KINDS)]
    return tuple(branch for branch in reversed(found) if branch is not None)


def read_branch(name: str, stored: StoredModel, taxonomy: Taxonomy) -> Branch | None:
    """Read the branch of one kind; None where there is none.

    Raises:
        BundleError, MissingExtraError: see :class:`harnn.branches.Branch`.
    """
    settings = {**settings_of_nothing(), **stored.settings}
    read = next(kind.read for kind in KINDS if kind.name == name)
    return read(dataclasses.replace(stored, settings=settings), taxonomy)


def migrate_branch(branch: Branch, origins: LabelOrigins) -> Parts:
    """Return the parts of a branch, not exported, for a new edition of its taxonomy.

    Raises:
        ConfigError: its kind cannot be taken along.
    """
    migrate = next(kind.migrate for kind in KINDS if kind.name == branch.name)
    if migrate is None:
        what = "cannot be taken to a new edition of its taxonomy; train again."
        raise ConfigError(Problem(f"the branch {branch.name}", what))
    return migrate(branch, origins)


def settings_of_nothing() -> dict[str, Any]:
    """Return what stands in the settings of a model for the branches that it does not have."""
    return {name: value for kind in KINDS for name, value in kind.nothing.items()}


def to_stored_names(branches: Iterable[str]) -> list[str]:
    """Return the names that branches have in the calibration of a model directory."""
    names = {kind.name: kind.stored_name for kind in KINDS}
    return [names.get(name, name) for name in branches]


def from_stored_names(branches: Iterable[Any]) -> list[str]:
    """Undo :func:`to_stored_names`."""
    names = {kind.stored_name: kind.name for kind in KINDS}
    return [names.get(str(name), str(name)) for name in branches]
