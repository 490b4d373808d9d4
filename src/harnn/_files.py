"""Write files and directories so that nobody ever sees half of one; read those of a model.

What is being written stands beside its place under a hidden name, ``.NAME.XXXXXXXX.tmp``, and is
locked by the process that writes it: what nobody locks is left over from one that was killed, and
the next writer of the same place removes it.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import json
import os
import re
import secrets
import shutil
import socket
import stat
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import Enum, auto
from pathlib import Path
from typing import IO, Any

from harnn._places import (
    Mode,
    is_special,
    kind_of_place,
    open_place,
    open_special,
)
from harnn.errors import BundleError, InputError, Problem, cannot_read, cannot_write, url_problem

try:
    import fcntl
except ImportError:  # no such locks: leftovers stay, and two writers are not told apart
    fcntl = None  # type: ignore[assignment]

SQLITE = b"SQLite format 3\0"
"""With which a database of SQLite begins (sqlite.org/fileformat.html)."""
_EXCHANGE = 2
"""The flag of Linux's renameat2 that lets two names change places in one step."""
_HERE = -100
"""Paths are relative to the working directory (AT_FDCWD)."""
_REFUSALS = {
    errno.EACCES,
    errno.EBUSY,
    errno.EDQUOT,
    errno.EFBIG,
    errno.EIO,
    errno.ELOOP,
    errno.ENAMETOOLONG,
    errno.ENOENT,
    errno.ENOSPC,
    errno.ENOTDIR,
    errno.EPERM,
    errno.EROFS,
    errno.ESTALE,
}
"""What a system says that will not let a place be written."""
_LEFTOVER = re.compile(r"\.(?P<name>.+)\.[0-9a-f]{8}\.(?:tmp|old)", re.DOTALL)
_CONSTANTS = ("NaN", "Infinity", "-Infinity")
_held: dict[Path, int] = {}
"""Places that this process is the only writer of, and how often it says so."""


class PlaceTakenError(InputError):
    """Another process is writing the same place."""


@contextmanager
def write_atomically(
    path: Path | str, mode: Mode = "w", *, private: bool = False
) -> Iterator[IO[Any]]:
    """Open a temporary file beside *path* that takes its place when the block ends well.

    Text is UTF-8 with ``\\n``. When the block raises, *path* stays what it was. What is written
    to a special place (:func:`is_special`) goes there at once; in a file that was opened by who
    started this process, as with ``> FILE``, behind what stands there. private: a new file is its
    owner's alone; one that was there keeps its owner and group, and what these may.

    Raises:
        InputError: the file cannot be created or written there.
    """
    if is_special(path):
        with _told_of(path), open_special(path, mode) as stream:
            yield stream
        return
    target = Path(os.path.realpath(path))
    if kind_of_place(target, path) == stat.S_IFDIR:
        raise InputError(Problem(str(path), "is a directory, expected a file."))
    remove_leftovers(target)
    opened = "x" if mode == "w" else "xb"
    stream, temporary = _open_temporary(target, opened, path, private=private)
    try:
        with _told_of(path), stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())  # some systems tell only now that there is no room
            if target.exists() and private:
                _keep_private(target, temporary)
            elif target.exists():
                shutil.copymode(target, temporary)
            if fcntl is None:  # only such a system minds that the file is open
                stream.close()
            temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


@contextmanager
def atomic_directory(path: Path | str, *, marker: str | None = None) -> Iterator[Path]:
    """Make a temporary directory beside *path* that takes its place when the block ends well.

    An existing directory changes names with it in one step where the system can, else it is moved
    aside first; when the block raises it stays. With *marker* an existing directory is replaced
    only where it is empty or holds a file of that name, so that a mistyped path deletes nothing.

    Raises:
        InputError: *path* is a file or a directory of something else, or cannot be created or
            written, or somebody else is writing it.
    """
    target = Path(os.path.realpath(path))
    check_replaceable(path, marker)
    with only_writer(path):
        remove_leftovers(target)
        with _told_of(path), _temporary_directory(target) as temporary:
            yield temporary
            _put_in_place(temporary, target)


@contextmanager
def only_writer(path: Path | str) -> Iterator[None]:
    """Be the only process that writes *path*, as long as all others ask like this.

    Raises:
        PlaceTakenError: another process is writing it.
        InputError: its directory cannot be written.
    """
    target = Path(os.path.realpath(path))
    if fcntl is None or _held.get(target):
        _held[target] = _held.get(target, 0) + 1
        try:
            yield
        finally:
            _held[target] -= 1
            if not _held[target]:
                del _held[target]
        return
    place = target.with_name(f".{target.name}.lock")
    with _lock_file(place, path) as stream:
        stream.truncate(0)
        stream.write(f"process {os.getpid()} on {socket.gethostname()}\n")
        stream.flush()
        _held[target] = 1
        try:
            yield
        finally:
            del _held[target]
            with contextlib.suppress(OSError):
                place.unlink()


def remove_leftovers(path: Path | str) -> tuple[str, ...]:
    """Remove what killed writers of *path* left beside it, and return the names.

    A directory that was moved aside while its successor was not in place yet is put back.
    """
    target = Path(os.path.realpath(path))
    return _remove_leftovers(target.parent, target.name)


def remove_all_leftovers(directory: Path) -> tuple[str, ...]:
    """Do the same for everything in a directory that holds nothing but what is written here."""
    return _remove_leftovers(Path(os.path.realpath(directory)), None)


def check_replaceable(path: Path | str, marker: str | None) -> None:
    """Refuse what :func:`atomic_directory` would refuse, before any work is done for it.

    Raises:
        InputError: *path* is a file, or a directory of something else, or cannot be written.
    """
    target = Path(os.path.realpath(path))
    check_writable(path)
    kind = kind_of_place(target, path)
    if kind is None:
        return
    if kind != stat.S_IFDIR:
        raise InputError(Problem(str(path), "is a file, expected a directory."))
    with _told_of(path):
        foreign = marker and not (target / marker).exists() and any(target.iterdir())
    if foreign:
        what = f"is a directory with other files in it (it has no {marker})."
        raise InputError(Problem(str(path), what, "Choose another place or empty it first."))


def check_writable(path: Path | str) -> None:
    """Refuse a place beside which nothing can be written, before any work is done for it.

    Directories that do not exist yet are taken for ones that can be made.

    Raises:
        InputError: the place cannot be written.
    """
    wrong = url_problem(path, "Write it here, and copy it when it is finished.")
    if wrong is not None and not Path(path).parent.is_dir():
        raise InputError(wrong)
    parent = Path(os.path.realpath(path)).parent
    while not parent.exists() and parent != parent.parent:
        parent = parent.parent
    try:
        with tempfile.TemporaryFile(dir=parent):
            pass
    except OSError as error:
        raise InputError(cannot_write(path, error)) from None


def write_safetensors(save: Callable[[Path], object], path: Path, *, shown: Path) -> None:
    """Let *save* write arrays to *path*, with the permissions of any other new file.

    shown: the place that the file will have, for messages.

    Raises:
        InputError: it cannot be written, as on a full disk.
    """
    from safetensors import SafetensorError

    try:
        path.touch()  # safetensors would let nobody else read the file
        mode = stat.S_IMODE(path.stat().st_mode)
        save(path)
        path.chmod(mode)
    except OSError as error:
        raise InputError(cannot_write(shown, error)) from None
    except SafetensorError as error:  # what the system says, as text alone
        raise InputError(Problem(str(shown), f"cannot be written: {_reason(error)}.")) from None


def _reason(error: Exception) -> str:
    """Return what the system says, out of the text of an error of safetensors."""
    found = re.search(r"I/?O error: (.*?)(?: \(os error \d+\))?$", str(error).strip())
    return (found[1] if found else str(error)).rstrip(".")


def is_sqlite(path: Path) -> bool:
    """Whether a file begins as a database of SQLite does."""
    with path.open("rb") as file:
        return file.read(len(SQLITE)) == SQLITE


def read_model_text(path: Path) -> str:
    """Read a text file of a model directory.

    Raises:
        BundleError: it cannot be read, or is not UTF-8.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise BundleError(cannot_read(path, error)) from None
    return decode_model_text(content, str(path))


def decode_model_text(content: bytes, where: str) -> str:
    """Decode a text file of a model directory; where: the file, for messages.

    Raises:
        BundleError: it is not UTF-8.
    """
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BundleError(Problem(where, f"cannot be read: {error}.")) from None


def read_model_json(path: Path) -> Any:
    """Read a JSON file of a model directory.

    Raises:
        BundleError: it cannot be read, or is no JSON.
    """
    return parse_model_json(read_model_text(path), str(path))


def parse_model_json(text: str, where: str) -> Any:
    """Parse JSON text of a model directory; where: its file, for messages.

    Raises:
        BundleError: it is no JSON, nested too deeply, or has numbers beyond all measure.
    """
    try:
        return json.loads(text, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        place = f"{where}:{error.lineno}" if where else f"line {error.lineno}"
        raise BundleError(Problem(place, f"is damaged: {error.msg}.")) from None
    except RecursionError:
        raise BundleError(Problem(where, "is damaged: nested too deeply.")) from None
    except ValueError as error:
        text = str(error)
        what = text if text.startswith(_CONSTANTS) else "a number has thousands of digits"
        raise BundleError(Problem(where, f"is damaged: {what}.")) from None


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is no number of JSON")


def _remove_leftovers(directory: Path, name: str | None) -> tuple[str, ...]:
    """Remove what is left over in a directory; name: of one place alone."""
    if fcntl is None:
        return ()
    try:
        found = sorted(directory.iterdir())
    except OSError:
        return ()
    removed = []
    for left in found:
        match = _LEFTOVER.fullmatch(left.name)
        if match is None or (name is not None and match["name"] != name):
            continue
        with _claimed(left) as claim, contextlib.suppress(OSError):
            if claim is not _Claim.OURS:
                continue
            target = directory / match["name"]
            if left.suffix == ".old" and not target.exists():
                left.rename(target)
                continue
            if left.is_dir():
                shutil.rmtree(left, ignore_errors=True)
            else:
                left.unlink(missing_ok=True)
            removed.append(left.name)
    return tuple(removed)


def _put_in_place(temporary: Path, target: Path) -> None:
    if not target.exists():
        temporary.rename(target)
    elif not _exchange(temporary, target):
        aside = _sibling(target, ".old")
        with _claimed(target):  # so that nobody takes it for a leftover
            target.rename(aside)
            try:
                temporary.rename(target)
            except BaseException:
                aside.rename(target)
                raise
            shutil.rmtree(aside, ignore_errors=True)


def _exchange(one: Path, other: Path) -> bool:
    """Let two names change places in one step; False where the system cannot."""
    if sys.platform != "linux":
        return False
    rename = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if rename is None:
        return False
    if rename(_HERE, os.fsencode(one), _HERE, os.fsencode(other), _EXCHANGE) == 0:
        return True
    code = ctypes.get_errno()
    if code in (errno.ENOSYS, errno.EINVAL, errno.ENOTSUP):
        return False
    raise OSError(code, os.strerror(code), str(other))


@contextmanager
def _temporary_directory(target: Path) -> Iterator[Path]:
    """Make a directory beside *target*, locked, that is gone in the end."""
    while True:
        temporary = _sibling(target)
        temporary.mkdir()
        with _claimed(temporary) as claim:
            if claim is _Claim.THEIRS:
                continue  # somebody took it for a leftover before it was locked
            try:
                yield temporary
            finally:
                shutil.rmtree(temporary, ignore_errors=True)
            return


class _Claim(Enum):
    """Who may do something with a file or directory."""

    OURS = auto()
    THEIRS = auto()
    """Or it is gone."""
    UNKNOWN = auto()
    """There are no locks here."""


@contextmanager
def _claimed(path: Path) -> Iterator[_Claim]:
    """Lock a file or directory for a while."""
    if fcntl is None:
        yield _Claim.UNKNOWN
        return
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except OSError:
        yield _Claim.THEIRS
        return
    try:
        yield _claim(handle, path)
    finally:
        os.close(handle)


@contextmanager
def _lock_file(place: Path, path: Path | str) -> Iterator[IO[Any]]:
    """Open and lock the file that says who writes *path*."""
    while True:
        with open_place(place, "a+", path) as stream:
            if _lock(stream.fileno()) is _Claim.THEIRS:
                stream.seek(0)
                who = stream.read(200).strip() or "another process"
                what = f"is being written by {who}."
                hint = "Wait for it, or choose another place."
                raise PlaceTakenError(Problem(str(path), what, hint))
            if not _stands_at(stream.fileno(), place):
                continue  # the last writer removed it between opening and locking
            yield stream
            return


def _claim(handle: int, path: Path) -> _Claim:
    """Lock an open file or directory until it is closed, and see whether it still is *path*."""
    claim = _lock(handle)
    return claim if _stands_at(handle, path) else _Claim.THEIRS


def _lock(handle: int) -> _Claim:
    if fcntl is None:
        return _Claim.UNKNOWN
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return _Claim.THEIRS
    except OSError:  # a file system without locks
        return _Claim.UNKNOWN
    return _Claim.OURS


def _stands_at(handle: int, path: Path) -> bool:
    """Whether an open file or directory still has that name."""
    try:
        return os.path.samestat(os.fstat(handle), os.lstat(path))
    except OSError:
        return False


def _sibling(target: Path, suffix: str = ".tmp") -> Path:
    return target.with_name(f".{target.name}.{secrets.token_hex(4)}{suffix}")


def _keep_private(target: Path, temporary: Path) -> None:
    """Give a file the owner and group of the one that it replaces, and nobody else anything."""
    there = target.stat()
    allowed = stat.S_IMODE(there.st_mode) & 0o770
    if hasattr(os, "chown"):
        try:
            os.chown(temporary, there.st_uid, there.st_gid)
        except PermissionError:  # who may not give it away keeps it, and its group is another one
            allowed &= 0o700
    temporary.chmod(allowed)


def _open_temporary(
    target: Path, mode: str, path: Path | str, *, private: bool = False
) -> tuple[IO[Any], Path]:
    """Make a file beside *target*, locked; somebody may take it for a leftover before it is."""
    while True:
        temporary = _sibling(target)
        stream = open_place(temporary, mode, path, private=private)
        if _claim(stream.fileno(), temporary) is not _Claim.THEIRS:
            return stream, temporary
        stream.close()
        temporary.unlink(missing_ok=True)


@contextmanager
def _told_of(path: Path | str) -> Iterator[None]:
    """Say which place could not be written where the system refuses, as on a full disk."""
    try:
        yield
    except OSError as error:
        ours = error.filename is None or Path(os.fsdecode(error.filename)).is_relative_to(
            Path(os.path.realpath(path)).parent
        )
        if error.errno not in _REFUSALS or not ours:
            raise
        raise InputError(cannot_write(path, error)) from None
