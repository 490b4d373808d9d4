"""What was remarkable in reading documents, on the screen."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from harnn.cli.screen import say
from harnn.config import DataConfig
from harnn.errors import DocumentError

if TYPE_CHECKING:
    from harnn.data import ReadingLog


@contextmanager
def reading(knobs: DataConfig) -> Iterator[ReadingLog]:
    """Say at the end of a block what was remarkable in reading, also where nothing was left."""
    from harnn.data import ReadingLog

    log = ReadingLog()
    try:
        yield log
    except DocumentError:
        if knobs.on_error != "fail":  # else the error says it
            _say_all(log)
        raise
    _say_all(log)


def _say_all(log: ReadingLog) -> None:
    if lines := log.lines():
        say("\n".join(lines))
