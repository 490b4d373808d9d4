"""PECOS: XR-Linear, flat or over a tree of label clusters."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_matrix, csr_matrix

from accuracy.features import Kind
from accuracy.peers.base import LinearPeer, Training


class XRLinear(LinearPeer):
    """``XLinearModel`` with its defaults; predicts every label instead of the best few."""

    def __init__(
        self,
        *,
        tree: bool,
        post_processor: str | None = None,
        beam_size: int | None = None,
        features: Kind = "words",
        specific: bool = False,
        **training: Any,
    ) -> None:
        super().__init__(features=features, specific=specific)
        self.tree = tree
        self.post_processor = post_processor
        self.beam_size = beam_size
        self.training = training

    def fit(self, X: csr_matrix, Y: csr_matrix, data: Training, folder: Path) -> None:
        _restore_old_names()
        from pecos.xmc import Indexer, LabelEmbeddingFactory
        from pecos.xmc.xlinear.model import XLinearModel

        targets = csc_matrix(Y, dtype=np.float32)
        clusters = None
        if self.tree:
            embedding = LabelEmbeddingFactory.create(targets, X, method="pifa")
            clusters = Indexer.gen(embedding, seed=data.seed, threads=data.threads)
        model = XLinearModel.train(X, targets, C=clusters, threads=data.threads, **self.training)
        model.save(str(folder / "xlinear"))

    def open(
        self, folder: Path, *, labels: int, threads: int
    ) -> Callable[[csr_matrix], NDArray[np.float32]]:
        _restore_old_names()
        from pecos.xmc.xlinear.model import XLinearModel

        model = XLinearModel.load(str(folder / "xlinear"))
        options: dict[str, Any] = {"only_topk": labels, "threads": threads}
        if self.post_processor:
            options["post_processor"] = self.post_processor
        if self.beam_size:
            options["beam_size"] = self.beam_size
        return lambda X: _dense(model.predict(X, **options))


def _restore_old_names() -> None:
    """Give PECOS 1.2.8 what it uses of older releases: one name of scipy, one argument of numpy.

    Its declared limits, numpy below 2 and scipy below 1.14, come from these alone as far as
    XR-Linear goes.
    """
    from scipy import sparse

    sparse.sputils.get_index_dtype = sparse.get_index_dtype  # type: ignore[attr-defined]
    from pecos.utils import smat_util

    smat_util.np = _OldNumPy()


class _OldNumPy:
    """numpy, with ``array(copy=False)`` as before release 2: copy only where needed."""

    def __getattr__(self, name: str) -> Any:
        return getattr(np, name)

    def array(self, *arguments: Any, copy: bool | None = True, **more: Any) -> Any:
        return np.array(*arguments, copy=copy or None, **more)


def _dense(found: csr_matrix) -> NDArray[np.float32]:
    """Give labels that the search did not reach the lowest score of all, or 0."""
    values = np.full(found.shape, found.data.min(initial=0.0), dtype=np.float32)
    row = np.repeat(np.arange(found.shape[0]), np.diff(found.indptr))
    values[row, found.indices] = found.data
    return values
