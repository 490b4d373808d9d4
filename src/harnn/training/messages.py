"""What processes of one training give each other, in bytes."""

from __future__ import annotations

import io
import pickle
from typing import Any

import numpy as np


def packed(message: Any, *, by_file: bool) -> bytearray:
    """Return what :func:`pickle.loads` makes the message of again.

    by_file: whether arrays that are mapped from a file are named by it: for processes that can open
    the same files.
    """
    stream = io.BytesIO()
    _Pickler(stream, by_file=by_file).dump(message)
    return bytearray(stream.getbuffer())


class _Pickler(pickle.Pickler):
    """Names the files of arrays that are mapped into memory, where the others can open them."""

    def __init__(self, stream: Any, *, by_file: bool) -> None:
        super().__init__(stream, protocol=5)
        self._by_file = by_file

    def reducer_override(self, obj: Any) -> Any:
        if not self._by_file or type(obj) is not np.memmap or not _is_whole(obj):
            return NotImplemented
        arguments = (str(obj.filename), obj.dtype, "r", int(obj.offset), obj.shape)
        return np.memmap, arguments


def _is_whole(array: np.memmap[Any, Any]) -> bool:
    """Whether it is all that was mapped from its file, in order."""
    return (
        array.filename is not None
        and not isinstance(array.base, np.ndarray)
        and array.flags.c_contiguous
    )
