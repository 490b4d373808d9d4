"""The place of a training: made, locked, and freed of what killed runs left."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from harnn._files import only_writer, remove_leftovers
from harnn.cli.screen import Console


@contextmanager
def training_place(out: Path, errors: Console) -> Iterator[None]:
    """Be the only training that writes *out*, in a directory that is made where it is missing.

    What killed runs left beside it is put back or removed, and told.

    Raises:
        InputError: another process is writing it, or it cannot be written.
    """
    missing = [parent for parent in out.absolute().parents if not parent.exists()]
    out.absolute().parent.mkdir(parents=True, exist_ok=True)
    try:
        with only_writer(out):
            there = out.exists()
            removed = remove_leftovers(out)
            if out.exists() and not there:
                errors.print_line(f"{out}: put back what a killed run had moved aside")
            if removed:
                errors.print_line(f"{out}: removed what a killed run left: {', '.join(removed)}")
            yield
    finally:
        for parent in missing:
            with contextlib.suppress(OSError):  # what was made has something in it
                parent.rmdir()
