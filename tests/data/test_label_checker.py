"""Sets of labels that documents share are closed once."""

from __future__ import annotations

import pytest

from harnn.data import Document
from harnn.data.label_checker import LabelChecker
from harnn.taxonomy import Taxonomy

TAXONOMY = Taxonomy.from_edges([("a", "ROOT"), ("b", "a"), ("c", "a"), ("d", "c")])


def document(*labels: str) -> Document:
    return Document("1", {"text": "x"}, labels)


@pytest.mark.parametrize("most", [0, 100])
def test_labels_are_closed_whatever_is_kept(most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harnn.data.label_checker._MOST_CLOSED", most)
    checker = LabelChecker(TAXONOMY)
    for labels in ([], ["d"], ["b", "d", "b"], ["d"], ["unknown", "c"]):
        closed = checker.close(document(*labels))
        columns = [TAXONOMY.index[label] for label in labels if label in TAXONOMY.index]
        assert closed.tolist() == TAXONOMY.close_upward(columns).tolist()
        assert closed.dtype == "int32"
        assert (
            checker.close(Document("2", {"text": "y"}, tuple(labels))).tolist() == closed.tolist()
        )
    assert (checker.close(document("d")) is checker.close(document("d"))) == bool(most)


def test_what_is_kept_cannot_be_changed() -> None:
    closed = LabelChecker(TAXONOMY).close(document("d"))
    with pytest.raises(ValueError, match="read-only"):
        closed[0] = 7
