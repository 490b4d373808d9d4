"""Nobody ever sees half a file or half a directory."""

from __future__ import annotations

import errno
import os
import signal
import socket
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from harnn import _files
from harnn._files import (
    PlaceTakenError,
    atomic_directory,
    check_replaceable,
    check_writable,
    only_writer,
    parse_model_json,
    read_model_json,
    remove_all_leftovers,
    remove_leftovers,
    write_atomically,
    write_safetensors,
)
from harnn._places import Mode, is_special
from harnn.errors import BundleError, InputError


class MishapError(Exception):
    pass


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_file_appears_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "f.txt"
    with write_atomically(path) as stream:
        stream.write("zwölf\n")
        assert not path.exists()
    assert path.read_bytes() == "zwölf\n".encode()
    with write_atomically(str(path), "wb") as stream:
        stream.write(b"\x00")
    assert path.read_bytes() == b"\x00"
    assert names(tmp_path) == ["f.txt"]


def test_file_stays_when_the_block_raises(tmp_path: Path) -> None:
    path = tmp_path / "f.txt"
    path.write_text("old", encoding="utf-8")
    with pytest.raises(MishapError), write_atomically(path) as stream:
        stream.write("new")
        raise MishapError
    assert path.read_text(encoding="utf-8") == "old"
    assert names(tmp_path) == ["f.txt"]


def test_permissions_and_links_survive(tmp_path: Path) -> None:
    path, link = tmp_path / "f.txt", tmp_path / "link"
    path.touch(mode=0o640)
    path.chmod(0o640)
    link.symlink_to(path)
    with write_atomically(link) as stream:
        stream.write("x")
    assert link.is_symlink()
    assert path.read_text(encoding="utf-8") == "x"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_devices_are_written_to_directly() -> None:
    device = Path("/dev/null")
    if not device.exists():
        pytest.skip("no /dev/null on this system")
    with write_atomically(device) as stream:
        stream.write("x")
    assert stat.S_ISCHR(device.stat().st_mode)


def test_a_pipe_is_written_to_directly(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    link = tmp_path / "link"
    link.symlink_to(pipe)
    places: tuple[tuple[Path, Mode], ...] = ((pipe, "w"), (link, "wb"))
    for place, mode in places:
        read: list[bytes] = []
        reader = threading.Thread(target=lambda read=read: read.append(pipe.read_bytes()))
        reader.start()
        with write_atomically(place, mode) as stream:
            stream.write("zwölf\n" if mode == "w" else "zwölf\n".encode())
        reader.join(10)
        assert read == ["zwölf\n".encode()]
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    assert names(tmp_path) == ["link", "pipe"]


WRITES = """
import sys
from harnn._files import write_atomically
print("before")
with write_atomically(sys.argv[1]) as stream:
    stream.write("written\\n")
print("after")
"""


@pytest.mark.parametrize("place", ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1", "link"])
def test_what_is_open_already_is_neither_emptied_nor_replaced(place: str, tmp_path: Path) -> None:
    if place == "link":
        place = str(tmp_path / "link")
        Path(place).symlink_to("/dev/stdout")
    path = tmp_path / "log.txt"
    path.write_text("kept\n", encoding="utf-8")
    number = path.stat().st_ino
    with path.open("a", encoding="utf-8") as log:  # as the shell does for >> log.txt
        subprocess.run([sys.executable, "-c", WRITES, place], stdout=log, check=True)
    assert path.read_text("utf-8") == "kept\nbefore\nwritten\nafter\n"
    assert path.stat().st_ino == number
    piped = subprocess.run([sys.executable, "-c", WRITES, place], capture_output=True, check=True)
    assert piped.stdout == b"before\nwritten\nafter\n"


def test_what_is_open_for_reading_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "f.txt"
    path.write_text("kept", encoding="utf-8")
    with path.open(encoding="utf-8") as file:
        place = f"/dev/fd/{file.fileno()}"
        assert is_special(place)
        with pytest.raises(InputError) as caught, write_atomically(place):
            pass
    assert str(caught.value) == f"{place}: cannot be written: it is open for reading."
    with pytest.raises(InputError) as caught, write_atomically("/dev/fd/987654"):
        pass
    assert str(caught.value) == "/dev/fd/987654: cannot be written: Bad file descriptor."
    assert path.read_text("utf-8") == "kept"


def test_a_full_device_is_told() -> None:
    with pytest.raises(InputError) as caught, write_atomically("/dev/full") as stream:
        stream.write("x")
    assert str(caught.value) == "/dev/full: cannot be written: No space left on device."


def test_special_places_are_told_apart(tmp_path: Path) -> None:
    (tmp_path / "f").touch()
    (tmp_path / "around").symlink_to("around")
    for place in (tmp_path, tmp_path / "f", tmp_path / "none", tmp_path / "fd" / "1", "/dev/fd"):
        assert not is_special(place)
    assert is_special("/dev/null")
    with pytest.raises(InputError, match="cannot be written: "):
        is_special(tmp_path / "around")


def test_places_that_cannot_be_written(tmp_path: Path) -> None:
    lost = tmp_path / "none" / "f.txt"
    with pytest.raises(InputError) as caught, write_atomically(lost):
        pass
    assert str(caught.value) == f"{lost}: cannot be written: its directory does not exist."
    with pytest.raises(InputError) as caught, write_atomically(tmp_path):
        pass
    assert str(caught.value) == f"{tmp_path}: is a directory, expected a file."
    with pytest.raises(InputError) as caught, atomic_directory(tmp_path / "none" / "d"):
        pass
    lost = tmp_path / "none" / "d"
    assert str(caught.value) == f"{lost}: cannot be written: its directory does not exist."


def test_directory_appears_at_the_end_and_replaces(tmp_path: Path) -> None:
    target = tmp_path / "model"
    for text in ("one", "two"):
        with atomic_directory(target, marker="config") as folder:
            (folder / "config").write_text(text, encoding="utf-8")
            (folder / text).touch()
    assert names(target) == ["config", "two"]
    assert names(tmp_path) == ["model"]


def test_directory_stays_when_the_block_raises(tmp_path: Path) -> None:
    target = tmp_path / "model"
    target.mkdir()
    (target / "old").touch()
    with pytest.raises(MishapError), atomic_directory(target) as folder:
        (folder / "new").touch()
        raise MishapError
    assert names(target) == ["old"]
    assert names(tmp_path) == ["model"]


def test_directories_of_other_things_are_refused(tmp_path: Path) -> None:
    target = tmp_path / "home"
    target.mkdir()
    with atomic_directory(target, marker="config") as folder:  # empty: may be replaced
        (folder / "letter").touch()
    with pytest.raises(InputError) as caught, atomic_directory(target, marker="config"):
        pass
    assert str(caught.value) == (
        f"{target}: is a directory with other files in it (it has no config). "
        "Choose another place or empty it first."
    )
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(InputError) as caught, atomic_directory(file):
        pass
    assert str(caught.value) == f"{file}: is a file, expected a directory."


WRITES_FOR_EVER = """
import sys, time
from pathlib import Path
from harnn import _files
with getattr(_files, sys.argv[1])(Path(sys.argv[2])) as place:
    if sys.argv[1] == "write_atomically":
        place.write("half"); place.flush()
    elif sys.argv[1] == "atomic_directory":
        (place / "half").touch()
    print("writing", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def start_writer() -> Iterator[Callable[[str, Path], subprocess.Popen[str]]]:
    """Start a process that begins to write a place and never ends."""
    started = []

    def start(what: str, path: Path) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", WRITES_FOR_EVER, what, str(path)]
        writer = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        started.append(writer)
        assert writer.stdout is not None
        assert writer.stdout.readline() == "writing\n"
        return writer

    yield start
    for writer in started:
        if writer.poll() is None:
            kill(writer)


def kill(writer: subprocess.Popen[str]) -> None:
    writer.send_signal(signal.SIGKILL)
    writer.communicate()


Start = Callable[[str, Path], "subprocess.Popen[str]"]


def test_what_a_killed_writer_left_is_removed(tmp_path: Path, start_writer: Start) -> None:
    path = tmp_path / "f.txt"
    path.write_text("old", "utf-8")
    writer = start_writer("write_atomically", path)
    assert len(names(tmp_path)) == 2
    assert remove_leftovers(path) == ()  # it is still at work
    kill(writer)
    assert path.read_text("utf-8") == "old"
    with write_atomically(path) as stream:
        stream.write("new")
    assert names(tmp_path) == ["f.txt"]
    assert path.read_text("utf-8") == "new"


def test_what_a_killed_writer_left_of_a_directory(tmp_path: Path, start_writer: Start) -> None:
    target = tmp_path / "model"
    kill(start_writer("atomic_directory", target))
    assert len(names(tmp_path)) == 2  # the lock, which nobody holds, and what is half
    (left,) = remove_leftovers(target)
    assert left.endswith(".tmp")
    with atomic_directory(target) as folder:
        (folder / "config").touch()
    assert names(tmp_path) == ["model"]


def test_two_writers(tmp_path: Path, start_writer: Start) -> None:
    target = tmp_path / "model"
    writer = start_writer("only_writer", target)
    who = f"process {writer.pid} on {socket.gethostname()}"
    for taken in (only_writer, atomic_directory):
        with pytest.raises(PlaceTakenError) as caught, taken(target):
            pass
        assert str(caught.value) == (
            f"{target}: is being written by {who}. Wait for it, or choose another place."
        )
    kill(writer)
    with only_writer(target), only_writer(target), atomic_directory(target):
        pass
    assert names(tmp_path) == ["model"]


def test_nothing_else_is_taken_for_a_leftover(tmp_path: Path) -> None:
    others = [".f.txt.settings.old", ".f.txt.0123abc.tmp", ".g.txt.0123abcd.tmp", "f.txt.0123abcd"]
    for name in others:
        (tmp_path / name).touch()
    ours = tmp_path / ".f.txt.0123abcd.tmp"
    ours.touch()
    assert remove_leftovers(tmp_path / "f.txt") == (ours.name,)
    assert names(tmp_path) == sorted(others)
    assert remove_all_leftovers(tmp_path) == (".g.txt.0123abcd.tmp",)
    assert remove_leftovers(tmp_path / "none" / "f.txt") == ()


def test_a_directory_moved_aside_is_put_back(tmp_path: Path) -> None:
    aside, target = tmp_path / ".model.0123abcd.old", tmp_path / "model"
    aside.mkdir()
    (aside / "config").touch()
    assert remove_leftovers(target) == ()
    assert names(target) == ["config"]
    aside.mkdir()  # its successor is in place
    assert remove_leftovers(target) == (aside.name,)
    assert names(tmp_path) == ["model"]


def test_systems_that_cannot_exchange(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_files, "_exchange", lambda one, other: False)
    target = tmp_path / "model"
    for text in ("one", "two"):
        with atomic_directory(target) as folder:
            (folder / text).touch()
    assert names(target) == ["two"]
    rename = Path.rename

    def refuse(path: Path, place: Path) -> Path:
        if path.suffix == ".tmp":
            raise OSError(errno.EIO, "Input/output error", str(path))
        return rename(path, place)

    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(InputError) as caught, atomic_directory(target) as folder:
        (folder / "three").touch()
    assert str(caught.value) == f"{target}: cannot be written: Input/output error."
    assert names(target) == ["two"]
    assert names(tmp_path) == ["model"]


def test_many_writers_at_once(tmp_path: Path) -> None:
    """None takes what another has just begun for a leftover."""
    path, faults = tmp_path / "f.txt", []

    def write() -> None:
        try:
            for _ in range(40):
                with write_atomically(path) as stream:
                    stream.write("whole")
        except BaseException as fault:  # told below
            faults.append(fault)

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    assert path.read_text("utf-8") == "whole"
    assert names(tmp_path) == ["f.txt"]


def test_names_that_no_system_takes(tmp_path: Path) -> None:
    long = tmp_path / ("x" * 300)
    for attempt in (write_atomically, atomic_directory):
        with pytest.raises(InputError) as caught, attempt(long):
            pass
        assert str(caught.value) == f"{long}: cannot be written: File name too long."
    with pytest.raises(InputError) as caught:
        check_replaceable(long, None)
    assert str(caught.value) == f"{long}: cannot be written: File name too long."


def test_places_below_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    lost = tmp_path / "file" / "model"
    with pytest.raises(InputError) as caught:
        check_writable(lost)
    assert str(caught.value) == f"{lost}: cannot be written: Not a directory."
    check_writable(tmp_path / "to" / "be" / "made")
    assert names(tmp_path) == ["file"]


def full(*_: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_full_disk(tmp_path: Path) -> None:
    path, target = tmp_path / "f.txt", tmp_path / "model"
    path.write_text("old", "utf-8")
    with pytest.raises(InputError) as caught, write_atomically(path):
        full()
    assert str(caught.value) == f"{path}: cannot be written: No space left on device."
    with pytest.raises(InputError) as caught, atomic_directory(target):
        full()
    assert str(caught.value) == f"{target}: cannot be written: No space left on device."
    assert names(tmp_path) == ["f.txt"]


def test_arrays_follow_the_umask(tmp_path: Path) -> None:
    path, arrays = tmp_path / "x.safetensors", {"x": np.arange(3)}
    before = os.umask(0o027)
    try:
        write_safetensors(lambda place: save_file(arrays, place), path, shown=path)
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    np.testing.assert_array_equal(load_file(path)["x"], arrays["x"])


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (
            SafetensorError(
                "Error while serializing: I/O error: No space left on device (os error 28)"
            ),
            "No space left on device",
        ),
        (SafetensorError("Something else."), "Something else"),
        (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), "No space left on device"),
    ],
)
def test_arrays_on_a_full_disk(tmp_path: Path, error: Exception, reason: str) -> None:
    def save(_place: Path) -> None:
        raise error

    shown = Path("model", "model.safetensors")
    with pytest.raises(InputError) as caught:
        write_safetensors(save, tmp_path / "x", shown=shown)
    assert str(caught.value) == f"{shown}: cannot be written: {reason}."


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("{", "f.json:1: is damaged: Expecting property name enclosed in double quotes."),
        ('{"a": NaN}', "f.json: is damaged: NaN is no number of JSON."),
        ("[" * 100_000, "f.json: is damaged: nested too deeply."),
        ("9" * 4_301, "f.json: is damaged: a number has thousands of digits."),
    ],
)
def test_json_that_is_damaged(text: str, what: str) -> None:
    with pytest.raises(BundleError) as caught:
        parse_model_json(text, "f.json")
    assert str(caught.value) == what


def test_files_of_a_model_that_cannot_be_read(tmp_path: Path) -> None:
    path = tmp_path / "f.json"
    with pytest.raises(BundleError) as caught:
        read_model_json(path)
    assert str(caught.value) == f"{path}: cannot be read: No such file or directory."
    path.write_bytes(b'"\xff"')
    with pytest.raises(BundleError) as caught:
        read_model_json(path)
    assert str(caught.value) == (
        f"{path}: cannot be read: 'utf-8' codec can't decode byte 0xff in position 1: invalid "
        "start byte."
    )
