"""Large arrays stand in files that have no name, and go however the process ends."""

from __future__ import annotations

import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harnn import _scratch
from harnn._scratch import Growing, blank, in_file, scratch_in
from harnn.errors import InputError
from harnn.training.process import interruptible


def is_mapped(array: np.ndarray) -> bool:
    return isinstance(array, np.memmap)


def test_large_arrays_stand_in_files_and_small_ones_do_not(tmp_path: Path) -> None:
    with scratch_in(tmp_path, least=100):
        small, large = blank((99,), np.uint8), blank((10, 10), np.uint8)
    assert (is_mapped(small), is_mapped(large)) == (False, True)
    large[:] = 7
    assert large.sum() == 700
    assert not list(tmp_path.iterdir())


def test_arrays_of_today_stay_in_memory() -> None:
    assert not is_mapped(blank((1000, 1000), np.float32))


@given(
    parts=st.lists(st.lists(st.integers(-9, 9), max_size=5), max_size=5),
    least=st.sampled_from([0, 1, 40, 1 << 20]),
)
def test_growing_arrays_hold_what_was_added(parts: list[list[int]], least: int) -> None:
    with scratch_in(None, least=least):
        growing = Growing(np.int32)
        for part in parts:
            growing.append(part)
        found = growing.finish()
    expected = [number for part in parts for number in part]
    assert len(growing) == len(expected)
    assert found.dtype == np.int32
    assert found.tolist() == expected


def test_a_growing_array_copies_what_it_is_given() -> None:
    given = np.arange(3)
    growing = Growing(np.int64)
    growing.append(given)
    given[:] = 9
    assert growing.finish().tolist() == [0, 1, 2]


def test_places_are_nested(tmp_path: Path) -> None:
    """The one that is named counts, then what is around it, then what is there otherwise."""
    places: list[Path | None] = []

    def place() -> None:
        places.append(_scratch._CURRENT.get().place)

    one, other, third = (tmp_path / name for name in "abc")
    for each in (one, other, third):
        each.mkdir()
    place()
    with scratch_in(None, otherwise=one):
        place()
        with scratch_in(other):
            place()
            with scratch_in(None, otherwise=third):
                place()
                interruptible(place, lambda: False)  # in another thread
    assert places == [None, one, other, other, other]


def test_a_place_that_cannot_be_used_is_told_before_anything_else(tmp_path: Path) -> None:
    missing = tmp_path / "missing"
    with pytest.raises(InputError) as error, scratch_in(missing):
        raise AssertionError("nothing may be done")
    assert str(error.value) == f"{missing}: cannot hold temporary files: No such file or directory."


def test_a_full_disk_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.posix_fallocate", full)
    with scratch_in(tmp_path, least=1), pytest.raises(InputError) as error:
        blank((1_000_000, 8), np.float16)
    assert str(error.value) == (
        f"{tmp_path}: has no room for 16 MB: No space left on device. "
        "Free some, or name another directory (--scratch)."
    )
    with pytest.raises(InputError, match=r"has no room for 16 MB: No space left on device\.$"):
        in_file((1_000_000, 8), np.float16, tmp_path)


def run_child(code: str, *, limit: int | None = None) -> subprocess.CompletedProcess[str]:
    """Run code in a process of its own; limit: bytes of the largest file that it may write."""
    head = "import signal, resource\n"
    if limit is not None:
        head += "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        head += f"resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))\n"
    command = [sys.executable, "-c", head + textwrap.dedent(code)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_growing_array_that_finds_no_room_is_told(tmp_path: Path) -> None:
    """The system itself refuses here: files may not be larger than 10,000 bytes."""
    found = run_child(
        f"""
        from harnn._scratch import Growing, scratch_in
        from harnn.errors import InputError
        with scratch_in({str(tmp_path)!r}, least=1000):
            growing = Growing("f4")
            try:
                for _ in range(100):
                    growing.append(range(300))
                growing.finish()
            except InputError as error:
                print(error)
        """,
        limit=10_000,
    )
    assert "has no room for 0 MB: File too large. Free some, or name" in found.stdout, found
    assert not list(tmp_path.iterdir())


def test_nothing_is_left_by_a_process_that_is_killed(tmp_path: Path) -> None:
    found = run_child(
        f"""
        import os
        from harnn._scratch import Growing, blank, scratch_in
        with scratch_in({str(tmp_path)!r}, least=1):
            array, growing = blank((1000,), "f4"), Growing("f4")
            growing.append(range(1000))
            os.kill(os.getpid(), signal.SIGKILL)
        """
    )
    assert found.returncode == -signal.SIGKILL
    assert not list(tmp_path.iterdir())
