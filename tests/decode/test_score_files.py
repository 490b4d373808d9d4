"""Files of scores: written in blocks, read back as they were, others refused."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harnn.decode import Scores, open_score_file, read_score_file
from harnn.errors import InputError


def scores(*ids: str, labels: int = 3) -> Scores:
    values = np.random.default_rng(len(ids)).random((len(ids), labels)).astype(np.float32)
    return Scores(ids, values)


def test_blocks_are_read_back(tmp_path: Path) -> None:
    path = tmp_path / "scores.npz"
    blocks = [scores("a", "文档", "c"), scores(), scores("d e")]
    with open_score_file(path, ["x", "y;z", "標"]) as file:
        for block in blocks:
            file.add(block)
        assert not path.exists()
    found = read_score_file(path)
    assert found["ids"].tolist() == ["a", "文档", "c", "d e"]
    assert found["labels"].tolist() == ["x", "y;z", "標"]
    expected = np.concatenate([block.values for block in blocks])
    assert found["scores"].dtype == np.float32
    assert np.array_equal(found["scores"], expected)
    again = tmp_path / "again.npz"
    with open_score_file(again, ["x", "y;z", "標"]) as file:
        file.add(scores("a", "文档", "c"))
        file.add(scores("d e"))
    assert again.read_bytes() == path.read_bytes()
    assert sorted(x.name for x in tmp_path.iterdir()) == ["again.npz", "scores.npz"]


def test_nothing_is_left_of_what_failed(tmp_path: Path) -> None:
    path = tmp_path / "scores.npz"
    with pytest.raises(KeyError), open_score_file(path, ["x"]) as file:
        file.add(scores("a", labels=1))
        raise KeyError
    with (
        pytest.raises(ValueError, match=r"^Expected scores of 2 labels, got 3\.$"),
        open_score_file(path, ["x", "y"]) as file,
    ):
        file.add(scores("a"))
    with (
        pytest.raises(InputError, match="the longest of 2 ids has 200,000,000 characters"),
        open_score_file(path, ["x"]) as file,
    ):
        file.ids = ["a" * 10, _Long("b")]
    assert list(tmp_path.iterdir()) == []
    with (
        pytest.raises(InputError, match="its directory does not exist"),
        open_score_file(tmp_path / "no" / "scores.npz", ["x"]),
    ):
        pass


class _Long(str):
    def __len__(self) -> int:
        return 200_000_000


def test_an_empty_file_has_no_rows(tmp_path: Path) -> None:
    with open_score_file(tmp_path / "s.npz", ["x", "y"]):
        pass
    found = read_score_file(tmp_path / "s.npz")
    assert (found["scores"].shape, found["ids"].shape) == ((0, 2), (0,))


def test_arrays_of_others(tmp_path: Path) -> None:
    path = tmp_path / "s.npy"
    np.save(path, np.eye(2))
    with pytest.raises(InputError) as caught:
        read_score_file(path)
    assert str(caught.value) == (
        f"{path}: labels: expected the label of each column in s.labels.txt, one a line."
    )
    (tmp_path / "s.labels.txt").write_text("x\ny\n", "utf-8")
    assert set(read_score_file(path)) == {"scores", "labels"}
    (tmp_path / "s.ids.txt").write_text("1\n2\n", "utf-8")
    assert read_score_file(path)["ids"].tolist() == ["1", "2"]
    (tmp_path / "s.ids.txt").write_text("\ufeff1\u2028a\r\n2\x85b", "utf-8", newline="")
    assert read_score_file(path)["ids"].tolist() == ["1\u2028a", "2\x85b"]
    (tmp_path / "s.ids.txt").write_text("1\n1\n", "utf-8")
    with pytest.raises(InputError, match=r"s\.npy: ids: 1 stand twice, as '1'\.$"):
        read_score_file(path)
    (tmp_path / "s.ids.txt").write_bytes(b"\xe9\n2\n")
    with pytest.raises(InputError, match=r"s\.ids\.txt: is not UTF-8\.$"):
        read_score_file(path)


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"labels": ["x"]}, "scores: expected an array (documents, labels) of numbers."),
    (
        {"scores": [0.5], "labels": ["x"]},
        "scores: expected an array (documents, labels) of numbers.",
    ),
    ({"scores": [["a"]], "labels": ["x"]}, "scores: expected an array (documents, labels) of"),
    ({"scores": [[np.nan]], "labels": ["x"]}, "scores: got NaN or infinite numbers."),
    ({"scores": [[0.5]]}, "labels: expected the label of each column."),
    ({"scores": [[0.5]], "labels": [1]}, "labels: expected a list of texts."),
    ({"scores": [[0.5]], "labels": ["x", "y"]}, "labels: got 2 for scores of shape (1, 1)."),
    ({"scores": [[1, 2]], "labels": ["x", "x"]}, "labels: 1 stand twice, as 'x'."),
    (
        {"scores": [[1]] * 5, "labels": ["x"], "ids": list("abbaa")},
        "ids: 2 stand twice, as 'a'.",
    ),
    (
        {"scores": [[1]], "labels": ["x"], "ids": ["a", "b"]},
        "ids: got 2 for scores of shape",
    ),
]


@pytest.mark.parametrize(("arrays", "message"), WRONG)
def test_wrong_arrays(arrays: dict[str, Any], message: str, tmp_path: Path) -> None:
    path = tmp_path / "s.npz"
    np.savez(path, **arrays)
    with pytest.raises(InputError) as caught:
        read_score_file(path)
    assert message in str(caught.value)


def test_damage_of_any_byte_is_said(tmp_path: Path) -> None:
    """Bytes of a file with everything compressed, changed one by one."""
    path, generator = tmp_path / "s.npz", np.random.default_rng(0)
    np.savez_compressed(path, scores=generator.random((4, 2)), labels=["x", "y"], ids=list("abcd"))
    good, refused = path.read_bytes(), 0
    for place in range(0, len(good), 3):
        damaged = bytearray(good)
        damaged[place] ^= int(generator.integers(1, 256))
        path.write_bytes(damaged)
        try:
            read_score_file(path)  # what is not looked at may be damaged
        except InputError:
            refused += 1
    assert refused > 100


def test_pickles_and_rubbish_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "s.npz"
    np.savez(path, scores=np.array([[object()]], dtype=object), labels=["x"])
    with pytest.raises(InputError, match=r"Pickled objects are never read\.$"):
        read_score_file(path)
    for content in (b"", b"rubbish", b"PK\x03\x04 rubbish"):
        path.write_bytes(content)
        with pytest.raises(InputError, match="cannot be read as arrays of NumPy"):
            read_score_file(path)
    with zipfile.ZipFile(path, "w") as archive:
        shape = b"'fortran_order': False, 'shape': (99999999, 999), }"
        head = b"\x93NUMPY\x01\x00v\x00{'descr': '<f4', " + shape
        archive.writestr("scores.npy", head.ljust(127) + b"\n")
    with pytest.raises(InputError, match="cannot be read as arrays of NumPy"):
        read_score_file(path)
    with pytest.raises(InputError, match="No such file"):
        read_score_file(tmp_path / "none.npz")
