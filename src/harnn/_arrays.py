"""Files of NumPy arrays: what is raised of those that hold none, or damaged ones."""

from __future__ import annotations

import zipfile
import zlib
from tokenize import TokenError

NO_ARRAYS = (
    EOFError,
    KeyError,
    MemoryError,
    OSError,
    OverflowError,
    RuntimeError,  # of zipfile: encrypted, or compressed in a way that it does not know
    SyntaxError,
    TokenError,
    TypeError,
    ValueError,
    zipfile.BadZipFile,
    zlib.error,
)
"""NumPy reads the head of an array as Python, and passes on what other modules raise."""


def reason_of(error: BaseException) -> str:
    """Return what an error says, in a line that is not beyond all measure, without its full stop.

    An error that says nothing is told by its kind.
    """
    return " ".join(str(error).split())[:200].rstrip(".") or type(error).__name__
