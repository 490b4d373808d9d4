"""A new taxonomy queues the documents again that have a label which it lacks."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import pytest

from harnn.errors import ConflictError
from harnn.review import EnqueueOptions, Review
from harnn.taxonomy import Taxonomy
from support.reviews import SHOWN, TAXONOMY, opened, prepared

SEEN = EnqueueOptions(blind_share=0, second_share=0)
EDGES = [("garden", "ROOT"), ("drinks", "ROOT")]
EDGES += [(TAXONOMY.codes[child], TAXONOMY.codes[parent]) for child, parent in TAXONOMY.edges]
WITHOUT_CIDER = Taxonomy.from_edges(edge for edge in EDGES if "cider" not in edge)
WITH_JUICE = Taxonomy.from_edges([*EDGES, ("juice", "drinks")])


@pytest.fixture
def review(made: str) -> Iterator[Review]:
    with opened(made) as found:
        yield found


def test_only_documents_with_a_retired_label_are_queued_again(review: Review) -> None:
    shown = {label: score for label, score in SHOWN.items() if label != "cider"}
    with_cider, without, begun, fresh = review.add(
        [
            prepared("1"),
            prepared("2", shown=shown),
            prepared("3", shown=shown),
            prepared("4"),
        ],
        options=SEEN,
    ).added
    version = 0
    for label in ("apples", "cider"):
        version = review.decide(with_cider, "ann", "annotate", version, "accept", label).version
    done = review.submit(with_cider, "ann", "annotate", version).view
    version = 0
    for label in ("apples", "drinks"):
        version = review.decide(without, "ann", "annotate", version, "accept", label).version
    review.submit(without, "ann", "annotate", version)
    own = review.decide(begun, "bob", "annotate", 0, "reject", "drinks")
    found = review.retire(WITHOUT_CIDER, "root")
    assert (found.labels, found.queued) == (("cider",), (with_cider, fresh))
    assert [each.action for each in review.log(limit=100)][-3:] == ["retire"] * 3
    view = review.item(with_cider, "ann", "annotate")
    assert (view.state, view.version, view.undecided) == ("open", 0, ())
    assert [label.label for label in view.labels if label.mark] == ["garden", "fruit", "apples"]
    assert view.taxonomy_hash == WITHOUT_CIDER.version
    with pytest.raises(ConflictError, match="Somebody changed it"):
        review.decide(with_cider, "ann", "annotate", done.version, "add", "perry")
    assert review.item(without, "ann", "annotate").settled == ("drinks", "apples")
    moved = review.item(begun, "bob", "annotate")
    assert (moved.version, moved.undecided) == (own.version, ("garden", "fruit", "apples"))
    assert review.item(fresh, "bob", "annotate").undecided == (
        "garden",
        "drinks",
        "fruit",
        "apples",
    )
    version = review.decide(with_cider, "ann", "annotate", 0, "add", "perry").version
    done = review.submit(with_cider, "ann", "annotate", version).view
    assert done.settled == ("perry", "apples")
    assert review.verify() == []
    assert review.retire(WITHOUT_CIDER).queued == ()
    assert review.verify() == []


def test_a_label_that_another_stands_for_is_that_one(review: Review) -> None:
    (number,) = review.add([prepared()], options=SEEN).added
    version = 0
    for label in ("apples", "cider"):
        version = review.decide(number, "ann", "annotate", version, "accept", label).version
    review.submit(number, "ann", "annotate", version)
    new = dataclasses.replace(WITHOUT_CIDER, replaced={"cider": "perry"})
    assert review.retire(new).queued == (number,)
    view = review.item(number, "ann", "annotate")
    marks = {label.label: label.mark for label in view.labels}
    assert (marks["perry"], marks["apples"], view.undecided) == ("added", "accepted", ())


def test_a_label_more_queues_nothing(review: Review) -> None:
    (number,) = review.add([prepared()], options=SEEN).added
    version = review.decide(number, "ann", "annotate", 0, "accept", "apples").version
    found = review.retire(WITH_JUICE)
    assert (found.labels, found.queued) == ((), ())
    view = review.decide(number, "ann", "annotate", version, "instead", "cider", "juice")
    done = review.submit(number, "ann", "annotate", view.version).view
    assert done.settled == ("juice", "apples")
    back = review.undo(number, "ann", "annotate", done.version)
    back = review.undo(number, "ann", "annotate", back.version)
    assert back.undecided == ("drinks", "cider")
    assert review.verify() == []
