"""What was remarkable in reading documents, on the screen."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING

from harnn.bundle import telling_of_fixes
from harnn.cli.screen import say
from harnn.config import DataConfig
from harnn.errors import DocumentError

if TYPE_CHECKING:
    from harnn.bundle import Bundle
    from harnn.data import ReadingLog


@contextmanager
def reading(knobs: DataConfig, bundle: Bundle | None = None) -> Iterator[ReadingLog]:
    """Say at the end of a block what was remarkable in reading, also where nothing was left.

    bundle: the model to whose labels those of documents are held.
    """
    from harnn.data import ReadingLog

    log = ReadingLog()
    try:
        with nullcontext() if bundle is None else telling_of_fixes(bundle, knobs):
            yield log
    except DocumentError:
        if knobs.on_error != "fail":  # else the error says it
            _say_all(log)
        raise
    _say_all(log)


def _say_all(log: ReadingLog) -> None:
    if lines := log.lines():
        say("\n".join(lines))
