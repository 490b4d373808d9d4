"""Nobody ever sees half a file or half a directory."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from harnn._files import atomic_directory, write_atomically
from harnn.errors import InputError


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
