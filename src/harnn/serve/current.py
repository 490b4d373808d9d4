"""Files as they are now: who changes one need not start the server again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

from harnn.errors import InputError
from harnn.serve.logs import LOG

T = TypeVar("T")


class CurrentFile(Generic[T]):
    """What a file says; read again whenever it is another one."""

    def __init__(self, path: Path, read: Callable[[Path], T], noun: str) -> None:
        """noun: what it holds, for the log, in the plural.

        Raises:
            InputError: what *read* raises.
        """
        self.path = path
        self._read, self._noun = read, noun
        self._seen = _signature(path)
        self._value = read(path)

    @property
    def value(self) -> T:
        """What it says; where it cannot be read any more, what it said before."""
        seen = _signature(self.path)
        if seen != self._seen:
            self._seen = seen  # of a broken file too: it is told once
            try:
                self._value = self._read(self.path)
                LOG.info("%s has changed", self.path)
            except InputError as error:
                LOG.error("The %s stay what they were: %s", self._noun, error)
        return self._value


def _signature(path: Path) -> tuple[int, ...]:
    """Return what is another as soon as a file is, or what may be done with it."""
    try:
        found = path.stat()
    except OSError:
        return ()
    return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns
