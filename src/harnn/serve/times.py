"""Points in time by key, in a table of fixed size that all processes of a server share."""

from __future__ import annotations

import hashlib
import mmap
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

try:
    import fcntl
except ImportError:  # no such locks: two processes may count one request as one of two
    fcntl = None  # type: ignore[assignment]

_ENTRY = struct.Struct("<16sd")
_WAYS = 8
_SET = _WAYS * _ENTRY.size


class Times:
    """Points in time by key; what has no place any more is forgotten, the earliest first.

    A key has one of eight places, which eight thousand others may want too. So the table has a
    bound, whoever asks under however many names, and no list to be searched.
    """

    def __init__(self, secret: bytes, path: Path | None = None, *, sets: int = 8_192) -> None:
        """secret: up to 64 bytes, so that nobody can choose names that want the same places;
        path: a file that processes share, made here; None: this process is alone.
        """
        size = sets * _SET
        self._secret, self._sets = secret, sets
        self._file = None if path is None else path.open("a+b")
        if self._file is not None:
            self._file.truncate(size)
        self._table = mmap.mmap(-1 if self._file is None else self._file.fileno(), size)

    def close(self) -> None:
        """Give the table back."""
        self._table.close()
        if self._file is not None:
            self._file.close()

    def get(self, key: str) -> float:
        """Return the point in time of a key, as :func:`time.monotonic` has it; 0: none."""
        name, offset = self._place(key)
        with self._locked(offset):
            return next((when for _, known, when in self._entries(offset) if known == name), 0.0)

    def put(self, key: str, when: float) -> None:
        """Keep the point in time of a key."""
        name, offset = self._place(key)
        with self._locked(offset):
            self._store(name, offset, when)

    def push(self, key: str, step: float, most: float) -> float:
        """Move the point of a key by *step*, from now on if it is past; return 0.

        Where it would then be more than *most* seconds ahead it stays, and the seconds are
        returned after which it would not be. (The generic cell rate algorithm of ITU-T I.371,
        which counts as a bucket of tokens does and keeps one number.)
        """
        name, offset = self._place(key)
        with self._locked(offset):
            now = time.monotonic()
            found = next((when for _, known, when in self._entries(offset) if known == name), 0.0)
            moved = max(found, now) + step
            if moved - now > most:
                return moved - now - most
            self._store(name, offset, moved)
            return 0.0

    def _place(self, key: str) -> tuple[bytes, int]:
        named = key.encode("utf-8", "surrogatepass")
        name = hashlib.blake2b(named, digest_size=16, key=self._secret).digest()
        return name, int.from_bytes(name[:8], "little") % self._sets * _SET

    def _entries(self, offset: int) -> Iterator[tuple[int, bytes, float]]:
        for place in range(offset, offset + _SET, _ENTRY.size):
            known, when = _ENTRY.unpack_from(self._table, place)
            yield place, known, when

    def _store(self, name: bytes, offset: int, when: float) -> None:
        entries = [*self._entries(offset)]
        own = [place for place, known, _ in entries if known == name]
        place = own[0] if own else min(entries, key=lambda entry: entry[2])[0]
        _ENTRY.pack_into(self._table, place, name, when)

    @contextmanager
    def _locked(self, offset: int) -> Iterator[None]:
        """Keep other processes from the places of a key."""
        if self._file is None or fcntl is None:
            yield
            return
        fcntl.lockf(self._file, fcntl.LOCK_EX, _SET, offset)
        try:
            yield
        finally:
            fcntl.lockf(self._file, fcntl.LOCK_UN, _SET, offset)
