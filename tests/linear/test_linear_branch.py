"""From texts to margins; to files and back, bit for bit; damage in exact words."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_array

from harnn.errors import BundleError
from harnn.linear import LinearBranch

NAMES = ["living things", "cats", "roses", "basset hounds"]
CLOSURE = csr_array(
    np.eye(4, dtype=bool) | np.array([[0] * 4, [1, 0, 0, 0]] + [[1, 0, 0, 0]] * 2) > 0
)
PARENTS = [np.array(own, dtype=np.int64) for own in ([], [0], [0], [0])]
TEXTS = [
    *["the kitten purrs", "cats purr and purr", "a kitten has whiskers", "whiskers of cats"] * 3,
    *["the thorn of a rose", "roses have petals", "a petal and a thorn", "roses scent"] * 3,
    *["nothing of the kind", "a tap drips", "the tap has a washer", "washers and taps"] * 3,
]
TARGETS = csr_array(
    np.repeat([[True, True, False, False], [True, False, True, False], [False] * 4], 12, axis=0)
)
NEW = ["kitten whiskers", "a thorn", "my basset hound", "", "水"]


def train(texts: list[str] = TEXTS, **options: Any) -> LinearBranch:
    return next(candidates(texts, **options))


def candidates(texts: list[str] = TEXTS, **options: Any) -> Iterator[LinearBranch]:
    return LinearBranch.candidates(
        iter(texts),
        csr_array(TARGETS),
        names=NAMES,
        closure=CLOSURE,
        parents=PARENTS,
        **options,
    )


def test_a_lower_cost_is_tried_where_it_takes_but_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    close, loose = candidates()
    assert (close.cost, loose.cost) == (1.0, 0.3)
    assert np.abs(loose.margins(TEXTS)).mean() < np.abs(close.margins(TEXTS)).mean()
    monkeypatch.setattr("harnn.linear.branch._SMALL_WORK", 10)
    assert [branch.cost for branch in candidates()] == [1.0]


@pytest.fixture(scope="module")
def branch() -> LinearBranch:
    return train()


def test_labels_are_found(branch: LinearBranch) -> None:
    margins = branch.margins(NEW)
    assert margins.shape == (5, 4)
    assert margins[0].argmax() in (0, 1)
    assert (margins[:2, [1, 2]] > 0).tolist() == [[True, False], [False, True]]


def test_the_name_finds_a_label_without_training_documents(branch: LinearBranch) -> None:
    margins = branch.margins(NEW)[:, 3]
    assert margins.argmax() == 2
    assert margins[2] > max(np.delete(margins, 2)) + 0.2


def test_pieces_are_read_of_short_texts_only() -> None:
    assert train().features.piece_sizes == (2, 5)
    long = train([f"{text} " * 20 for text in TEXTS])
    assert long.features.piece_sizes == (0, 0)
    assert long.features.pieces == ()


def test_the_same_seed_gives_the_same_branch(branch: LinearBranch) -> None:
    again = train()
    assert again.features.words == branch.features.words
    np.testing.assert_array_equal(again.margins(NEW), branch.margins(NEW))


def test_stopping() -> None:
    with pytest.raises(InterruptedError):
        train(stopped=lambda: True)


def test_parts_are_read_back_bit_for_bit(branch: LinearBranch) -> None:
    arrays, text = branch.to_parts()
    read = LinearBranch.from_parts(arrays, json.loads(text))
    assert (read.features.words, read.features.pieces) == (
        branch.features.words,
        branch.features.pieces,
    )
    assert read.features.piece_sizes == branch.features.piece_sizes
    assert (read.classifier.weights != branch.classifier.weights).nnz == 0
    texts = [*TEXTS, *NEW]
    np.testing.assert_array_equal(read.margins(texts), branch.margins(texts))
    again, text_again = read.to_parts()
    assert text_again == text
    assert arrays.keys() == again.keys()
    for name, array in arrays.items():
        assert array.dtype == again[name].dtype
        np.testing.assert_array_equal(array, again[name])
    assert arrays["weights"].dtype == np.float16


def refuse(arrays: dict[str, Any], settings: Any) -> str:
    with pytest.raises(BundleError) as error:
        LinearBranch.from_parts(arrays, settings, where="m/linear.json")
    return str(error.value)


def test_damaged_parts(branch: LinearBranch) -> None:
    arrays, text = branch.to_parts()
    good = json.loads(text)
    start = "m/linear.json: the linear branch is damaged: "
    assert refuse(arrays, good | {"format": 7}) == f"{start}ValueError: format 7, expected 1."
    del good["format"]
    assert refuse(arrays, good) == f"{start}KeyError: 'format'."
    good = json.loads(text)
    assert refuse({k: v for k, v in arrays.items() if k != "pairs"}, good) == (
        f"{start}KeyError: 'pairs'."
    )
    assert refuse(arrays, []).startswith(f"{start}TypeError: ")
    assert refuse(arrays, good | {"piece_sizes": [2]}).startswith(f"{start}ValueError: ")
    rows = arrays | {"rows": arrays["rows"][:-1]}
    assert refuse(rows, good).startswith(f"{start}ValueError: ")
    columns = arrays | {"columns": arrays["columns"] + 4}
    assert refuse(columns, good).startswith(f"{start}ValueError: ")
    words = len(good["words"])
    assert refuse(
        arrays, good | {"words": good["words"][:-1], "pieces": [*good["pieces"], "x"]}
    ) == (f"{start}ValueError: {words} weights for {words - 1} words.")
