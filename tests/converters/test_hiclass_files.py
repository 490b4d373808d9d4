"""Arrays and tables of HiClass as files: read, written, distrusted."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harnn.converters import convert, to_hiclass
from harnn.data import Document
from harnn.errors import DocumentError
from support.conversions import DOCUMENTS, TAXONOMY, back, plain, to, write_taxonomy

# docs/source/algorithms/multi_label.rst of HiClass has arrays of this shape.
PATHS = np.array([[["Food", "Soup"], ["Art", ""]], [["Food", ""], ["", ""]]])
TEXTS = np.array(["a", "b"])


def refusal(folder: Path, place: Path) -> str:
    with pytest.raises(DocumentError) as caught:
        convert(place, folder / "o.jsonl", source="hiclass", target="doccano")
    assert not (folder / "o.jsonl").exists()
    return str(caught.value).replace(f"{folder}/", "")


def test_arrays_that_others_saved(tmp_path: Path) -> None:
    np.savez_compressed(tmp_path / "a.npz", X=TEXTS, y=PATHS)
    expected = [
        ("a.npz:1", {"text": "a"}, ("Food > Soup", "Art")),
        ("a.npz:2", {"text": "b"}, ("Food",)),
    ]
    assert plain(back(tmp_path, "hiclass", tmp_path / "a.npz")) == expected
    np.save(tmp_path / "y.npy", np.asfortranarray(PATHS[:, 0]))  # one path a document
    np.save(tmp_path / "y.npy.texts.npy", TEXTS)
    found = back(tmp_path, "hiclass", tmp_path / "y.npy", taxonomy=write_taxonomy(tmp_path))
    assert [each.labels for each in found] == [("Soup",), ("Food",)]


def test_what_is_written_is_what_hiclass_takes(tmp_path: Path) -> None:
    taxonomy = write_taxonomy(tmp_path)
    path, _ = to(tmp_path, "hiclass", "o.npz", DOCUMENTS, taxonomy=taxonomy)
    texts, paths = to_hiclass(DOCUMENTS, TAXONOMY)
    with np.load(path, allow_pickle=False) as found:
        assert found["X"].tolist() == texts
        assert found["y"].tolist() == paths.tolist()
        assert found["ids"].tolist() == ["a", "b", "c"]
    path, done = to(tmp_path, "hiclass", "o.npy", DOCUMENTS, taxonomy=taxonomy)
    assert np.load(path).tolist() == paths.tolist()
    assert np.load(tmp_path / "o.npy.texts.npy").tolist() == texts
    assert done.notes == ("ids are lost (3 documents, the first 'a').",)


def test_a_column_a_level(tmp_path: Path) -> None:
    documents = [
        Document("1", {"text": "a,\nb"}, ("Soup", "Art")),
        Document("2", {"text": "c"}, None),
    ]
    path, _ = to(tmp_path, "hiclass", "o.csv", documents, taxonomy=write_taxonomy(tmp_path))
    assert path.read_text() == (
        'id,text,level_1,level_2,level_3\n1,"a,\nb",Food,Soup,\n1,"a,\nb",Art,,\n2,c,,,\n'
    )
    (tmp_path / "t.csv").write_text("Level 2,text,Level 1\nSoup,a,Food\n,b,Art\n")
    assert plain(back(tmp_path, "hiclass", tmp_path / "t.csv")) == [
        ("t.csv:2", {"text": "a"}, ("Food > Soup",)),
        ("t.csv:3", {"text": "b"}, ("Art",)),
    ]


def test_levels_that_are_wrong(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("text,level_1,level_2\na,,Soup\n")
    assert refusal(tmp_path, tmp_path / "t.csv") == "t.csv:2: a level is empty above another."
    (tmp_path / "t.csv").write_text("text,label\na,Soup\n")
    what = "t.csv:2: the header has no columns 'level_1', 'level_2', ..."
    assert refusal(tmp_path, tmp_path / "t.csv") == what


def saved(array: Any) -> bytes:
    file = io.BytesIO()
    np.save(file, array, allow_pickle=True)
    return file.getvalue()


def archive(path: Path, **members: bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in members.items():
            file.writestr(f"{name}.npy", content)
    return path


@pytest.mark.parametrize(
    ("members", "what"),
    [
        ({"X": saved(TEXTS)}, "holds the arrays 'X', expected 'X' and 'y'."),
        (
            {"X": saved(TEXTS), "y": saved(PATHS.astype(object))},
            "the array 'y' is of type object, expected strings. Save y.astype(str).",
        ),
        (
            {"X": saved(TEXTS), "y": saved(np.zeros((2, 2)))},
            "the array 'y' is of type float64, expected strings.",
        ),
        (
            {"X": saved(TEXTS), "y": saved(PATHS[:1])},
            "holds arrays of shapes (2,), (1, 2, 2), expected (N,) for X and (N, paths, levels) "
            "or (N, levels) for y.",
        ),
        (
            {"X": saved(TEXTS)[:-1], "y": saved(PATHS)},
            "the array 'X' does not have the size that its header says.",
        ),
        ({"X": b"x", "y": b""}, "the array 'X' has no header that NumPy writes."),
        (
            {"X": saved(TEXTS).replace(b"}", b" "), "y": saved(PATHS)},
            "the array 'X' has no header that NumPy writes.",
        ),
        (  # found by damaging files at random
            {"X": saved(TEXTS)[:-4] + b"\xff\xff\x7f\x00", "y": saved(PATHS)},
            "the array 'X' holds what is no character.",
        ),
    ],
)
def test_archives_that_are_refused(tmp_path: Path, members: dict[str, bytes], what: str) -> None:
    assert refusal(tmp_path, archive(tmp_path / "a.npz", **members)) == f"a.npz: {what}"


def test_a_header_that_lies_costs_no_memory(tmp_path: Path) -> None:
    content = saved(TEXTS)
    lie = content.replace(b"'shape': (2,), }            ", b"'shape': (2000000000000,), }", 1)
    assert lie != content
    place = archive(tmp_path / "a.npz", X=lie, y=saved(PATHS))
    assert refusal(tmp_path, place) == (
        "a.npz: the array 'X' does not have the size that its header says."
    )


def test_texts_beside_the_paths_are_missed(tmp_path: Path) -> None:
    np.save(tmp_path / "y.npy", PATHS)
    assert refusal(tmp_path, tmp_path / "y.npy") == (
        "y.npy.texts.npy: no such file. Texts stand beside the paths, as an array (N,)."
    )
    (tmp_path / "a.npz").write_bytes(b"PK\x03\x04")
    assert refusal(tmp_path, tmp_path / "a.npz") == (
        "a.npz: is damaged or not a file of arrays (File is not a zip file)."
    )


def test_arrays_that_would_be_too_large_are_not_made(tmp_path: Path) -> None:
    documents = [Document(str(n), {"text": "x" * (1 << 20 if n == 0 else 1)}) for n in range(400)]
    with pytest.raises(DocumentError) as caught:
        to(tmp_path, "hiclass", "o.npz", documents)
    assert str(caught.value).endswith(
        "would be arrays of 1,600 MiB, in which every string takes the room of the longest. "
        "Write .jsonl or .csv."
    )
    assert not (tmp_path / "o.npz").exists()
