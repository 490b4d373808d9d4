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
import secrets
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Literal

from harnn.errors import BundleError, InputError, Problem

try:
    import fcntl
except ImportError:  # no such locks: leftovers stay, and two writers are not told apart
    fcntl = None  # type: ignore[assignment]

Mode = Literal["w", "wb"]
_EXCHANGE = 2
"""The flag of Linux's renameat2 that lets two names change places in one step."""
_HERE = -100
"""Paths are relative to the working directory (AT_FDCWD)."""
_REFUSALS = {
    errno.EACCES,
    errno.EDQUOT,
    errno.EFBIG,
    errno.EIO,
    errno.ENOENT,
    errno.ENOSPC,
    errno.EPERM,
    errno.EROFS,
}
"""What a system says that will not let a place be written."""
_held: dict[Path, int] = {}
"""Places that this process is the only writer of, and how often it says so."""


@contextmanager
def write_atomically(path: Path | str, mode: Mode = "w") -> Iterator[IO[Any]]:
    """Open a temporary file beside *path* that takes its place when the block ends well.

    Text is UTF-8 with ``\\n``. When the block raises, *path* stays what it was. Places that are
    no regular files, such as ``/dev/stdout``, are written to directly.

    Raises:
        InputError: the file cannot be created or written there.
    """
    target = Path(os.path.realpath(path))
    if target.is_dir():
        raise InputError(Problem(str(path), "is a directory, expected a file."))
    if target.exists() and not target.is_file():
        with _open(target, "w" if mode == "w" else "wb", path) as stream:
            yield stream
        return
    remove_leftovers(target)
    temporary = _sibling(target)
    try:
        with _open(temporary, "x" if mode == "w" else "xb", path) as stream:
            _lock(stream.fileno())
            with _told_of(path):
                yield stream
                stream.flush()
        if target.exists():
            shutil.copymode(target, temporary)
        with _told_of(path):
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
        temporary = _sibling(target)
        with _told_of(path):
            temporary.mkdir()
        try:
            with _locked_directory(temporary), _told_of(path):
                yield temporary
                _put_in_place(temporary, target)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)


@contextmanager
def only_writer(path: Path | str) -> Iterator[None]:
    """Be the only process that writes *path*, as long as all others ask like this.

    Raises:
        InputError: another process is writing it, or its directory cannot be written.
    """
    target = Path(os.path.realpath(path))
    if fcntl is None or _held.get(target):
        _held[target] = _held.get(target, 0) + 1
        try:
            yield
        finally:
            _held[target] -= 1
        return
    place = target.with_name(f".{target.name}.lock")
    with _open(place, "a+", path) as stream:
        if not _lock(stream.fileno()):
            stream.seek(0)
            who = stream.read(200).strip() or "another process"
            what = f"is being written by {who}."
            raise InputError(Problem(str(path), what, "Wait for it, or choose another place."))
        stream.truncate(0)
        stream.write(f"process {os.getpid()} on {socket.gethostname()}\n")
        stream.flush()
        _held[target] = 1
        try:
            yield
        finally:
            _held[target] = 0
            with contextlib.suppress(OSError):
                place.unlink()


def remove_leftovers(path: Path | str) -> tuple[str, ...]:
    """Remove what killed writers of *path* left beside it, and return the names.

    A directory that was moved aside while its successor was not in place yet is put back.
    """
    target = Path(os.path.realpath(path))
    if fcntl is None or not target.parent.is_dir():
        return ()
    removed = []
    for left in sorted(target.parent.glob(f".{_escaped(target.name)}.????????.*")):
        if left.suffix not in (".tmp", ".old") or _is_locked(left):
            continue
        if left.suffix == ".old" and not target.exists():
            left.rename(target)
            continue
        if left.is_dir():
            shutil.rmtree(left, ignore_errors=True)
        else:
            left.unlink(missing_ok=True)
        removed.append(left.name)
    return tuple(removed)


def check_replaceable(path: Path | str, marker: str | None) -> None:
    """Refuse what :func:`atomic_directory` would refuse, before any work is done for it.

    Raises:
        InputError: *path* is a file, or a directory of something else, or cannot be written.
    """
    target = Path(os.path.realpath(path))
    check_writable(path)
    if not target.exists():
        return
    if not target.is_dir():
        raise InputError(Problem(str(path), "is a file, expected a directory."))
    if marker and not (target / marker).exists() and any(target.iterdir()):
        what = f"is a directory with other files in it (it has no {marker})."
        raise InputError(Problem(str(path), what, "Choose another place or empty it first."))


def check_writable(path: Path | str) -> None:
    """Refuse a place beside which nothing can be written, before any work is done for it.

    Directories that do not exist yet are taken for ones that can be made.

    Raises:
        InputError: the place cannot be written.
    """
    parent = Path(os.path.realpath(path)).parent
    while not parent.exists() and parent != parent.parent:
        parent = parent.parent
    probe = parent / f".{secrets.token_hex(8)}.probe"
    try:
        probe.touch(exist_ok=False)
        probe.unlink()
    except OSError as error:
        raise InputError(_cannot_write(path, error)) from None


def match_permissions(path: Path, like: Path) -> None:
    """Give a file the permissions of another one beside it, which follow the umask."""
    shutil.copymode(like, path)


def read_model_text(path: Path) -> str:
    """Read a text file of a model directory.

    Raises:
        BundleError: it cannot be read, or is not UTF-8.
    """
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BundleError(Problem(str(path), f"cannot be read: {error}.")) from None


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
    except ValueError as error:  # NaN, or whole numbers of thousands of digits
        raise BundleError(Problem(where, f"is damaged: {error}.")) from None


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is no number of JSON")


def _put_in_place(temporary: Path, target: Path) -> None:
    if not target.exists():
        temporary.rename(target)
    elif not _exchange(temporary, target):
        aside = _sibling(target, ".old")
        target.rename(aside)
        try:
            temporary.rename(target)
        except BaseException:
            aside.rename(target)
            raise
        shutil.rmtree(aside)


def _exchange(one: Path, other: Path) -> bool:
    """Let two names change places in one step; False where the system cannot."""
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
def _locked_directory(path: Path) -> Iterator[None]:
    if fcntl is None:
        yield
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        _lock(handle)
        yield
    finally:
        os.close(handle)


def _lock(handle: int) -> bool:
    """Lock an open file or directory until it is closed; False: somebody else has."""
    if fcntl is None:
        return True
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a file system without locks
        return True
    return True


def _is_locked(path: Path) -> bool:
    try:
        handle = os.open(path, os.O_RDONLY)
    except OSError:
        return True  # gone meanwhile, or somebody else's
    try:
        return not _lock(handle)
    finally:
        os.close(handle)


def _escaped(name: str) -> str:
    return "".join(f"[{character}]" if character in "*?[" else character for character in name)


def _sibling(target: Path, suffix: str = ".tmp") -> Path:
    return target.with_name(f".{target.name}.{secrets.token_hex(4)}{suffix}")


def _open(place: Path, mode: str, path: Path | str) -> IO[Any]:
    is_text = "b" not in mode
    try:
        return place.open(
            mode, encoding="utf-8" if is_text else None, newline="\n" if is_text else None
        )
    except OSError as error:
        raise InputError(_cannot_write(path, error)) from None


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
        raise InputError(_cannot_write(path, error)) from None


def _cannot_write(path: Path | str, error: OSError) -> Problem:
    if isinstance(error, FileNotFoundError):
        return Problem(str(path), "cannot be written: its directory does not exist.")
    return Problem(str(path), f"cannot be written: {error.strerror or error}.")
