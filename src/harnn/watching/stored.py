"""Figures as JSON, in a file of a model."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from harnn._tables import shown
from harnn.errors import BundleError, Problem
from harnn.languages import WRITINGS
from harnn.metrics import RatioSums, VectorSums
from harnn.taxonomy import Hierarchy
from harnn.watching.figures import LENGTH_BINS, SCORE_BINS, Figures

_FORMAT = 1
_LARGEST = 2**53
_MOST_FIELDS = 1_000
_MOST_SIZE = 65_536
_SUMS = 6


def figures_to_dict(figures: Figures) -> dict[str, Any]:
    """Return plain values for JSON, without products of vectors."""
    vectors = figures.vectors
    return {
        "format": _FORMAT,
        "documents": figures.documents,
        "choosing": figures.choosing,
        "chosen": figures.chosen,
        "given": figures.given.tolist(),
        "unlabelled": figures.unlabelled,
        "best": figures.best.tolist(),
        "doubtful": figures.doubtful,
        "scores": figures.scores.tolist(),
        "words": figures.words.to_list(),
        "lengths": figures.lengths.tolist(),
        "writings": dict(figures.writings),
        "tells_languages": figures.tells_languages,
        "empty_fields": dict(figures.empty_fields),
        "vectors": None
        if vectors is None
        else {
            "kind": figures.vector_kind,
            "count": vectors.count,
            "sums": vectors.sums.tolist(),
            "squares": vectors.squares,
        },
        "f1": None if figures.f1 is None else [each.to_list() for each in figures.f1],
    }


def figures_from_dict(plain: Any, hierarchy: Hierarchy, *, where: str) -> Figures:
    """Read what :func:`figures_to_dict` wrote.

    Raises:
        BundleError: it is something else, or of another taxonomy; all problems at once.
    """
    found = plain.get("format") if isinstance(plain, dict) else None
    if found != _FORMAT:
        what = f"has format {shown(found)}, expected {_FORMAT}."
        raise BundleError(Problem(where, what))
    size, depth = len(hierarchy), hierarchy.depth
    checks: dict[str, tuple[Callable[[Any], bool], str]] = {
        "documents": (_is_count, "a count"),
        "choosing": (lambda x: isinstance(x, str), "text"),
        "chosen": (_is_count, "a count"),
        "given": (_counts_of(size), f"{size:,} counts"),
        "unlabelled": (_is_count, "a count"),
        "best": (_counts_of(size), f"{size:,} counts"),
        "doubtful": (_is_count, "a count"),
        "scores": (
            lambda x: _is_list(x, depth) and all(map(_counts_of(SCORE_BINS), x)),
            f"{depth} lists of {SCORE_BINS} counts",
        ),
        "words": (_are_sums, f"{_SUMS} numbers"),
        "lengths": (_counts_of(LENGTH_BINS), f"{LENGTH_BINS} counts"),
        "writings": (
            lambda x: _are_named(x) and x.keys() <= set(WRITINGS),
            "an object of counts by writing",
        ),
        "empty_fields": (_are_named, "an object of counts"),
        "vectors": (lambda x: x is None or _are_vectors(x), "sums of vectors, or null"),
        "f1": (
            lambda x: x is None or (_is_list(x, depth + 1) and all(map(_are_sums, x))),
            f"{depth + 1} lists of {_SUMS} numbers, or null",
        ),
    }
    problems = [
        Problem(where, f"{name}: got {shown(plain.get(name))}, expected {expected}.")
        for name, (fits, expected) in checks.items()
        if name not in plain or not fits(plain[name])
    ]
    if problems:
        raise BundleError(problems)
    vectors, f1 = plain["vectors"], plain["f1"]
    found = Figures(
        documents=plain["documents"],
        choosing=plain["choosing"],
        chosen=plain["chosen"],
        given=np.array(plain["given"], np.int64),
        unlabelled=plain["unlabelled"],
        best=np.array(plain["best"], np.int64),
        doubtful=plain["doubtful"],
        scores=np.array(plain["scores"], np.int64),
        words=RatioSums(*plain["words"]),
        lengths=np.array(plain["lengths"], np.int64),
        writings=plain["writings"],
        tells_languages=plain.get("tells_languages") is True,
        empty_fields=plain["empty_fields"],
        vector_kind="" if vectors is None else vectors["kind"],
        vectors=None
        if vectors is None
        else VectorSums(vectors["count"], np.array(vectors["sums"], float), vectors["squares"]),
        f1=None if f1 is None else tuple(RatioSums(*each) for each in f1),
    )
    if not _belong_together(found, hierarchy):
        raise BundleError(Problem(where, "is damaged: its counts do not belong together."))
    return found


def _belong_together(found: Figures, hierarchy: Hierarchy) -> bool:
    """Whether every document is counted once where it should be."""
    documents = found.documents
    once = [found.scores.sum(axis=1), [found.lengths.sum(), sum(found.writings.values())]]
    once.append([found.best[part].sum() for part in hierarchy.level_slices])
    once.append([found.words.documents])
    once += [[found.vectors.count]] if found.vectors is not None else []
    some = [found.chosen, found.doubtful, *found.empty_fields.values()]
    of_chosen = [found.unlabelled, int(found.given.max(initial=0))]
    return (
        all((np.asarray(each) == documents).all() for each in once)
        and max(some) <= documents
        and max(of_chosen) <= found.chosen
    )


def _is_count(value: Any) -> bool:
    return type(value) is int and 0 <= value <= _LARGEST


def _is_number(value: Any) -> bool:
    return type(value) in (int, float) and math.isfinite(value) and abs(value) < 1e300


def _is_list(value: Any, count: int) -> bool:
    return isinstance(value, list) and len(value) == count


def _counts_of(count: int) -> Callable[[Any], bool]:
    return lambda value: _is_list(value, count) and all(map(_is_count, value))


def _are_sums(value: Any) -> bool:
    return _is_list(value, _SUMS) and _is_count(value[0]) and all(map(_is_number, value))


def _are_named(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and len(value) <= _MOST_FIELDS
        and all(map(_is_count, value.values()))
    )


def _are_vectors(value: Any) -> bool:
    if not isinstance(value, dict) or not isinstance(value.get("kind"), str):
        return False
    sums = value.get("sums")
    return (
        _is_count(value.get("count"))
        and _is_number(value.get("squares"))
        and isinstance(sums, list)
        and 0 < len(sums) <= _MOST_SIZE
        and all(map(_is_number, sums))
    )
