"""From texts to margins; to files and back, bit for bit; damage in exact words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.sparse import csr_array, random_array, vstack

import harnn
from harnn.branches import Parts, StoredModel
from harnn.branches.linear import LinearBranch, LinearClassifier
from harnn.config import Config
from harnn.data import Document
from harnn.errors import BundleError
from harnn.taxonomy import Taxonomy
from harnn.text import NgramFeatures
from harnn.training.support_vectors import train_classifier
from harnn.training.train_linear import part_of_labels

TAXONOMY = Taxonomy.from_edges(
    [
        ("living things", "ROOT"),
        ("cats", "living things"),
        ("roses", "living things"),
        ("basset hounds", "living things"),
    ]
)
TEXTS = [
    *["the kitten purrs", "cats purr and purr", "a kitten has whiskers", "whiskers of cats"] * 3,
    *["the thorn of a rose", "roses have petals", "a petal and a thorn", "roses scent"] * 3,
    *["nothing of the kind", "a tap drips", "the tap has a washer", "washers and taps"] * 3,
]
TARGETS = csr_array(
    np.repeat([[True, True, False, False], [True, False, True, False], [False] * 4], 12, axis=0)
)
NEW = ["kitten whiskers", "a thorn", "my basset hound", "", "水"]


def train(cost: float = 1.0, **options: Any) -> LinearBranch:
    """Train on the texts, and on the labels' names, each as one more document of its label."""
    features, vectors = NgramFeatures.build([*TEXTS, *TAXONOMY.names], piece_sizes=(2, 5))
    hierarchy = TAXONOMY.hierarchy
    targets = csr_array(vstack([TARGETS, hierarchy.closure], format="csr"))
    classifier = train_classifier(vectors, targets, hierarchy, cost=cost, **options)
    return LinearBranch(features, classifier, cost)


def margins_of(branch: LinearBranch, texts: list[str]) -> np.ndarray:
    return branch.classifier.margins(branch.features.vectors(texts))


@pytest.fixture(scope="module")
def branch() -> LinearBranch:
    return train()


def test_a_lower_cost_allows_more_errors(branch: LinearBranch) -> None:
    loose = train(cost=0.3)
    assert (branch.cost, loose.cost) == (1.0, 0.3)
    assert np.abs(margins_of(loose, TEXTS)).mean() < np.abs(margins_of(branch, TEXTS)).mean()


def fit(texts: list[str] = TEXTS) -> LinearBranch:
    """Let a whole training choose."""
    labels = TARGETS.toarray()
    train, valid = (
        [
            Document(str(i), {"text": texts[i]}, tuple(np.array(TAXONOMY.codes)[labels[i]]))
            for i in rows
        ]
        for rows in (range(len(texts)), range(0, len(texts), 5))
    )
    config = Config.from_dict({"model": {"branches": "linear"}})
    branch = harnn.fit(TAXONOMY, train, valid, config).ensemble.branch("linear")
    assert isinstance(branch, LinearBranch)
    return branch


def test_a_whole_training_reads_the_names_too(branch: LinearBranch) -> None:
    fitted = fit()
    assert fitted.features.words == branch.features.words
    expected = train(cost=fitted.cost, seed=Config().training.seed)
    np.testing.assert_array_equal(margins_of(fitted, NEW), margins_of(expected, NEW))


def test_the_cost_that_ranks_validation_documents_best_is_taken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    scores = {0.1: 0.7, 1.0: 0.9, 10.0: 0.8}
    told = iter(scores.values())
    monkeypatch.setattr("harnn.training.train_linear.micro_auprc", lambda *_: next(told))
    monkeypatch.setattr("harnn.training.train_linear.LINEAR_COSTS", tuple(scores))
    assert fit().cost == 1.0


def test_where_labels_are_many_a_part_of_them_decides_the_cost(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of the four labels the last is seen in no document; then all are trained."""
    told = iter([0.3, 0.4, 0.9])
    tried: list[int] = []

    def judge(margins: NDArray[np.float32], targets: csr_array) -> float:
        assert margins.shape == targets.shape
        tried.append(targets.shape[1])
        return next(told)

    monkeypatch.setattr("harnn.training.train_linear.micro_auprc", judge)
    monkeypatch.setattr("harnn.training.train_linear.tried_labels", lambda *_: 2)
    fitted = fit()
    assert (fitted.cost, tried) == (0.3, [2, 2, 4])
    expected = train(cost=0.3, seed=Config().training.seed)
    np.testing.assert_array_equal(margins_of(fitted, NEW), margins_of(expected, NEW))


@pytest.mark.parametrize(
    ("size", "part"), [(1, [0]), (2, [0, 1]), (3, [0, 1, 2]), (4, [0, 1, 2, 3])]
)
def test_the_part_is_of_frequent_and_rare_labels_that_are_seen(size: int, part: list[int]) -> None:
    counts = np.array([9, 7, 5, 8]), np.array([3, 2, 1, 0])
    assert part_of_labels(*counts, size).tolist() == part


def test_pieces_are_read_of_short_texts_only() -> None:
    assert fit().features.piece_sizes == (2, 5)
    long = fit([f"{text} " * 20 for text in TEXTS])
    assert long.features.piece_sizes == (0, 0)
    assert long.features.pieces == ()


def test_labels_are_found(branch: LinearBranch) -> None:
    margins = margins_of(branch, NEW)
    assert margins.shape == (5, 4)
    assert margins[0].argmax() in (0, 1)
    assert (margins[:2, [1, 2]] > 0).tolist() == [[True, False], [False, True]]


def test_the_name_finds_a_label_without_training_documents(branch: LinearBranch) -> None:
    margins = margins_of(branch, NEW)[:, 3]
    assert margins.argmax() == 2
    assert margins[2] > max(np.delete(margins, 2)) + 0.2


def test_the_same_seed_gives_the_same_branch(branch: LinearBranch) -> None:
    again = train()
    assert again.features.words == branch.features.words
    np.testing.assert_array_equal(margins_of(again, NEW), margins_of(branch, NEW))


def test_stopping() -> None:
    with pytest.raises(InterruptedError):
        train(stopped=lambda: True)


def stored(home: Path, parts: Parts) -> StoredModel:
    for name, content in parts.files.items():
        (home / name).write_bytes(content)
    return StoredModel(home, parts.arrays, parts.settings, light=False)


def test_parts_are_read_back_bit_for_bit(branch: LinearBranch, tmp_path: Path) -> None:
    parts = branch.to_parts()
    read = LinearBranch.from_parts(stored(tmp_path, parts), TAXONOMY)
    assert read is not None
    assert (read.features.words, read.features.pieces) == (
        branch.features.words,
        branch.features.pieces,
    )
    assert read.features.piece_sizes == branch.features.piece_sizes
    assert read.cost == branch.cost
    np.testing.assert_array_equal(
        read.classifier.weights.toarray(), branch.classifier.weights.toarray()
    )
    texts = [*TEXTS, *NEW]
    np.testing.assert_array_equal(margins_of(read, texts), margins_of(branch, texts))
    again = read.to_parts()
    assert (again.files, again.settings) == (parts.files, parts.settings)
    assert parts.arrays.keys() == again.arrays.keys()
    for name, array in parts.arrays.items():
        assert array.dtype == again.arrays[name].dtype
        np.testing.assert_array_equal(array, again.arrays[name])
    assert parts.arrays["linear.weights"].dtype == np.float16


def test_a_model_without_it(tmp_path: Path) -> None:
    assert LinearBranch.from_parts(StoredModel(tmp_path, {}, {}, light=False), TAXONOMY) is None


def test_damaged_parts(branch: LinearBranch, tmp_path: Path) -> None:
    parts = branch.to_parts()
    path = tmp_path / "linear.json"
    start = f"{path}: the linear branch is damaged: "

    def refuse(settings: Any, taxonomy: Taxonomy = TAXONOMY, **arrays: np.ndarray | None) -> str:
        """Read what has other settings and other arrays, or lacks them."""
        changed = parts.arrays | {f"linear.{name}": array for name, array in arrays.items()}
        held = {name: array for name, array in changed.items() if array is not None}
        damaged = Parts(held, files={"linear.json": json.dumps(settings).encode()})
        with pytest.raises(BundleError) as error:
            LinearBranch.from_parts(stored(tmp_path, damaged), taxonomy)
        return str(error.value)

    good = json.loads(parts.files["linear.json"])
    assert refuse(good | {"format": 7}) == f"{start}ValueError: format 7, expected 1."
    lacking = {key: value for key, value in good.items() if key != "format"}
    assert refuse(lacking) == f"{start}KeyError: 'format'."
    assert refuse(good, pairs=None) == f"{start}KeyError: 'pairs'."
    assert refuse([]).startswith(f"{start}TypeError: ")
    assert refuse(good | {"piece_sizes": [2]}).startswith(f"{start}ValueError: ")
    rows, columns = parts.arrays["linear.rows"], parts.arrays["linear.columns"]
    assert refuse(good, rows=rows[:-1]).startswith(f"{start}ValueError: ")
    assert refuse(good, columns=columns + 4).startswith(f"{start}ValueError: ")
    words = len(good["words"])
    assert refuse(good | {"words": good["words"][:-1], "pieces": [*good["pieces"], "x"]}) == (
        f"{start}ValueError: {words} weights for {words - 1} words."
    )
    assert refuse(good, Taxonomy.from_edges([("one", "ROOT")])) == (
        f"{path}: the linear branch has 4 labels, the taxonomy 1."
    )


@pytest.mark.parametrize("most", [0, 5, 200])
def test_margins_are_those_of_numpy_whatever_is_filled_up(
    most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harnn.branches.linear.classifier._MOST_CELLS", most * 70)
    generator = np.random.default_rng(3)
    shares = np.linspace(0, 0.3, 200)[:, None]  # of few labels, and of many
    full = np.where(generator.random((200, 70)) < shares, generator.normal(size=(200, 70)), 0)
    weights = csr_array(full.astype(np.float32))
    vectors = csr_array(random_array((900, 200), density=0.1, rng=generator, dtype=np.float32))
    classifier = LinearClassifier(weights, generator.normal(size=70).astype(np.float32))
    common = np.flatnonzero(np.diff(weights.indptr) >= 70 / 8)
    assert 50 < len(common) < 150
    assert len(classifier._common) == min(most, len(common))
    assert set(classifier._common) <= set(common)
    found = classifier.margins(vectors)
    expected = vectors.toarray().astype(np.float64) @ full + classifier.bias
    np.testing.assert_allclose(found, expected, atol=1e-5)
    assert np.array_equal(classifier.margins(vectors[:3]), found[:3])
    assert np.array_equal(classifier.margins(vectors[[7]]), found[[7]])
