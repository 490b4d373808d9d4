"""What a model keeps of single labels: counts, F1 with its interval, what they were taken for."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_array
from scipy.stats import binomtest

import harnn
from harnn._tables import shown
from harnn.errors import BundleError
from harnn.metrics import Confusion, LabelMetrics, LabelQuality
from harnn.taxonomy import Hierarchy

GOLDEN = Path(__file__).parents[1] / "golden" / "format-3"


def quality_of(hits: int, given: int, true: int) -> LabelQuality:
    return LabelQuality(LabelMetrics(*(np.array([x]) for x in (hits, given, true))), ())


@given(st.integers(0, 50), st.integers(0, 50), st.integers(0, 50))
def test_the_interval_of_f1_is_that_of_the_jaccard_index(
    hits: int, wrong: int, missed: int
) -> None:
    quality = quality_of(hits, hits + wrong, hits + missed)
    either = hits + wrong + missed
    if not either:
        with pytest.raises(ValueError, match=r"^Expected 0 to 0 of at least 1, got 0\.$"):
            quality.f1_interval(0)
        return
    interval = binomtest(hits, either).proportion_ci(method="wilson")
    expected = [2 * share / (1 + share) for share in (interval.low, interval.high)]
    assert quality.f1_interval(0) == pytest.approx(expected, abs=1e-12)
    assert expected[0] - 1e-12 <= quality.counts.f1[0] <= expected[1] + 1e-12


@given(st.integers(0, 2**32 - 1))
def test_what_was_measured_is_read_back(seed: int) -> None:
    random = np.random.default_rng(seed)
    hierarchy = Hierarchy.from_edges(np.zeros((0, 2)), [1] * 9)  # siblings, all of them
    predicted, true = (csr_array(random.random((6, 9)) < 0.4) for _ in range(2))
    found = LabelQuality.measure(predicted, true, hierarchy)
    again = LabelQuality.from_dict(json.loads(json.dumps(found.to_dict())))
    assert again.confusions == found.confusions
    assert np.array_equal(again.counts.hits, found.counts.hits)
    for column in range(9):
        taken = found.taken_for(column)
        assert all(each.true == column for each in taken)
        counts = {
            other: int(
                (
                    true.toarray()[:, column]
                    & ~predicted.toarray()[:, column]
                    & predicted.toarray()[:, other]
                    & ~true.toarray()[:, other]
                ).sum()
            )
            for other in range(9)
        }
        most = sorted((count for count in counts.values() if count), reverse=True)[:5]
        assert [each.documents for each in taken] == most
        assert all(counts[each.given] == each.documents for each in taken)


def test_a_model_keeps_it(tmp_path: Path) -> None:
    taxonomy = harnn.Taxonomy.from_edges(
        [("a", "ROOT"), ("b", "ROOT"), ("a1", "a"), ("a2", "a"), ("b1", "b")]
    )
    texts = {"a1": "bees hive honey", "a2": "cows milk barn", "b1": "ships harbour sea"}
    documents = [
        harnn.Document(f"{label}-{number}", {"text": f"{text} {number}"}, (label,))
        for label, text in texts.items()
        for number in range(8)
    ]
    config = harnn.Config.read(None, ["model.preset=fast", "training.seed=1"])
    result = harnn.fit(taxonomy, documents, documents, config)
    assert result.quality is not None
    assert result.quality.counts.true.tolist() == [16, 8, 8, 8, 8]
    harnn.save_bundle(result, tmp_path / "model")
    loaded = harnn.load_bundle(tmp_path / "model").quality
    assert loaded is not None
    assert loaded.to_dict() == result.quality.to_dict()


def test_older_models_have_none() -> None:
    assert harnn.load_bundle(GOLDEN / "fast").quality is None


def test_what_cannot_be(tmp_path: Path) -> None:
    model = Path(shutil.copytree(GOLDEN / "fast", tmp_path / "model"))
    (model / "checksums.json").unlink(missing_ok=True)
    labels = len(harnn.load_bundle(model).taxonomy)
    path = model / "labels.json"
    fine: dict[str, Any] = {name: [1] * labels for name in ("hits", "predicted", "true")}
    fine["confusions"] = [[0, 1, 1, 0]]

    def refuse(**changes: Any) -> list[str]:
        path.write_text(json.dumps(fine | changes), "utf-8")
        with pytest.raises(BundleError) as error:
            harnn.load_bundle(model)
        return [problem.what for problem in error.value.problems]

    path.write_text(json.dumps(fine), "utf-8")
    quality = harnn.load_bundle(model).quality
    assert quality is not None
    assert quality.taken_for(0) == [Confusion(0, 1, 1, 0)]
    short, low = [1] * (labels - 1), [-1] * labels
    assert refuse(hits=short, true=low) == [
        f"hits: got {shown(short)}, expected {labels} counts.",
        f"true: got {shown(low)}, expected {labels} counts.",
    ]
    assert refuse(hits=[*short, 2]) == [
        f"predicted[{labels - 1}]: got 1, less than the hits.",
        f"true[{labels - 1}]: got 1, less than the hits.",
    ]
    expected = "expected lists of two labels and two counts, by label."
    for pairs in ([[0, labels, 1, 0]], [[1, 0, 1, 0], [0, 1, 1, 0]], [[0, 1, 1]], "x"):
        assert refuse(confusions=pairs) == [f"confusions: got {shown(pairs)}, {expected}"]
