"""PyTorch modules as arrays, and back."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from harnn._display import reason_of
from harnn.branches.stored import Arrays
from harnn.errors import BundleError, Problem

Module = TypeVar("Module", bound=nn.Module)
_HEAD = "head."
"""Before the names of a network's head, which the first models do not have."""


def pack_module(place: str, module: nn.Module) -> dict[str, NDArray[Any]]:
    """Return the weights of a module as ``PLACE.*``; those of its head like its own."""
    return {
        f"{place}.{name.removeprefix(_HEAD)}": tensor.detach().cpu().contiguous().numpy()
        for name, tensor in module.state_dict().items()
    }


def fill_module(module: Module, weights: Arrays, where: str) -> Module:
    """Put weights into a module, and return it ready for evaluation.

    Raises:
        BundleError: weights are missing, too many, of another shape, or no float32.
    """
    wrong = [name for name, array in weights.items() if array.dtype != np.float32]
    if wrong:
        what = f"is damaged: {wrong[0]} is {weights[wrong[0]].dtype}, expected float32."
        raise BundleError(Problem(where, what))
    own = {name.removeprefix(_HEAD): name for name in module.state_dict()}
    state = {own.get(name, name): torch.from_numpy(array) for name, array in weights.items()}
    try:
        module.load_state_dict(state)
    except RuntimeError as error:
        summary = reason_of(error, 300)
        raise BundleError(Problem(where, f"is damaged: {summary}.")) from None
    return module.eval()
