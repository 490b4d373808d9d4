"""A branch that the others can do without is left out, so that no prediction pays for it.

The dearest branch is looked at first. The others are blended without it, on the validation
documents, each of which is scored with weights fitted on others; where that is as good as all
branches together, the branch is left out, and the next one is looked at among those that are left,
until none can be spared. All are compared with the blend of all branches, so that small losses do
not add up.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from harnn._tables import shown
from harnn.branches.blend import Outputs
from harnn.branches.kinds import KINDS, dearness_of, from_stored_names, to_stored_names
from harnn.branches.stored import is_number
from harnn.branches.worth import worth_of
from harnn.decode import error_of_micro_f1, tune_threshold
from harnn.errors import BundleError, Problem
from harnn.taxonomy import Hierarchy

_MOST_LOSS = 0.1
"""Of micro-F1 and of AUPRC, in standard errors of micro-F1."""
_LEAST_DOCUMENTS = 500
"""Of fewer no branch can be told to be useless."""
_MOST_CELLS = 4_000_000
"""Documents times labels that are compared, a blend of which is fitted in seconds."""


class LeftOut(NamedTuple):
    """A branch that a model does without."""

    branch: str
    micro_f1: float
    """What it brought on the validation documents, 0.01 a point; it can be negative."""
    auprc: float

    def describe(self) -> str:
        """Say which it is, and what it brought."""
        gains = f"micro-F1 {100 * self.micro_f1:+.2f}, AUPRC {100 * self.auprc:+.2f} points"
        return f"the branch {self.branch}, which brought {gains} on validation"

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON, as :func:`read_left_out` reads them."""
        (name,) = to_stored_names([self.branch])
        return {"branch": name, "micro_f1": float(self.micro_f1), "auprc": float(self.auprc)}


def read_left_out(plain: Any, *, where: str) -> tuple[LeftOut, ...]:
    """Read what :meth:`LeftOut.to_dict` wrote of each branch.

    Raises:
        BundleError: it is something else.
    """
    if not isinstance(plain, list) or not all(map(_is_left_out, plain)):
        what = f"left_out: got {shown(plain)}, expected branches and what each brought."
        raise BundleError(Problem(where, what))
    names = from_stored_names(each["branch"] for each in plain)
    return tuple(
        LeftOut(name, each["micro_f1"], each["auprc"])
        for name, each in zip(names, plain, strict=True)
    )


def _is_left_out(plain: Any) -> bool:
    return (
        isinstance(plain, dict)
        and plain.get("branch") in [kind.stored_name for kind in KINDS]
        and all(is_number(plain.get(name), -1, 1) for name in ("micro_f1", "auprc"))
    )


def needless_branches(
    outputs: Outputs,
    targets: Any,
    hierarchy: Hierarchy,
    fit: Callable[[Outputs, Any], NDArray[np.float32]],
    *,
    needed: Collection[str] = (),
) -> tuple[LeftOut, ...]:
    """Return the branches without which micro-F1 (at the best threshold) and AUPRC of labelled
    documents fall by at most a tenth of a standard error of micro-F1 over the documents.

    targets: (N, C) label sets, sparse; fit: blends the outputs of some branches and returns the
    scores (N, C) of the documents, each as a new one would get it. The cheapest branch stays, and
    what :data:`harnn.branches.KINDS` says to keep, and those *needed*. Of many documents evenly
    chosen ones are compared; where documents are few, or labels very many, everything stays.
    """
    dear = sorted((name for name in outputs if dearness_of(name)), key=dearness_of)
    candidates = dear[::-1] if len(dear) < len(outputs) else dear[:0:-1]
    candidates = [name for name in candidates if name not in needed]
    count, labels = targets.shape
    most = min(count, _MOST_CELLS // max(labels, 1))
    if not candidates or most < _LEAST_DOCUMENTS:
        return ()
    rows = np.linspace(0, count - 1, most).astype(np.int64)
    outputs = {name: output[rows] for name, output in outputs.items()}
    targets = csr_array(targets)[rows]
    scores = fit(outputs, targets)
    whole, most_loss = worth_of(scores, targets, hierarchy), _most_loss(scores, targets, hierarchy)
    found: list[LeftOut] = []
    before = -1
    while before < len(found):  # what was kept is looked at again when others are gone
        before = len(found)
        for name in [name for name in candidates if name in outputs]:
            others = {other: output for other, output in outputs.items() if other != name}
            brought = whole.less(worth_of(fit(others, targets), targets, hierarchy))
            if max(brought) <= most_loss:
                found.append(LeftOut(name, *brought))
                outputs = others
    return tuple(found)


def _most_loss(scores: NDArray[np.float32], targets: Any, hierarchy: Hierarchy) -> float:
    closed = hierarchy.propagate(scores)
    chosen = csr_array(closed >= tune_threshold(closed, targets).threshold)
    return _MOST_LOSS * error_of_micro_f1(chosen, targets)
