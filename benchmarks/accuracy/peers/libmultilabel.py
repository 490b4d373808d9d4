"""LibMultiLabel: its linear methods on LIBLINEAR."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_matrix, csr_matrix

from accuracy.features import Kind
from accuracy.peers.base import LinearPeer, Training, load_pickle, save_pickle

# The options in the example configurations of its repository: squared hinge, primal, with a bias.
_OPTIONS = "-s 2 -B 1 -e 0.0001 -q"


class _Labels(csc_matrix):
    """Labels that can be counted along axis 2, as release 0.10 does; scipy has no such axis."""

    def sum(self, axis: Any = None, dtype: Any = None, out: Any = None) -> Any:
        return super().sum(axis=0 if axis == 2 else axis, dtype=dtype, out=out)


class LibMultiLabel(LinearPeer):
    """``libmultilabel.linear``: 1vsrest, thresholding, cost_sensitive or tree."""

    def __init__(
        self,
        *,
        technique: str,
        options: str = _OPTIONS,
        beam_width: int = 10,
        features: Kind = "words",
        specific: bool = False,
    ) -> None:
        super().__init__(features=features, specific=specific)
        self.technique = technique
        self.options = options
        self.beam_width = beam_width
        self.natural = 0.5 if technique == "tree" else 0.0
        self.probabilities = technique == "tree"

    def fit(self, X: csr_matrix, Y: csr_matrix, data: Training, folder: Path) -> None:
        from libmultilabel import linear

        train = getattr(linear, f"train_{self.technique}")
        # It takes a thread for every core and has no setting for that.
        with mock.patch("psutil.cpu_count", return_value=data.threads):
            np.random.seed(data.seed)  # it draws its folds from the global generator
            model = train(
                _Labels(Y, dtype=np.int64),
                X.astype(np.float64),
                options=self.options,
                verbose=False,
            )
        save_pickle(folder / "model.pickle", model)

    def open(
        self,
        folder: Path,
        *,
        labels: int,  # noqa: ARG002
        threads: int,  # noqa: ARG002
    ) -> Callable[[csr_matrix], NDArray[np.float32]]:
        model: Any = load_pickle(folder / "model.pickle")
        more = {"beam_width": self.beam_width} if self.technique == "tree" else {}
        return lambda X: np.asarray(model.predict_values(X.astype(np.float64), **more))
