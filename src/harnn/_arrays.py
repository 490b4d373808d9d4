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
