"""How a label is used, from what came into review."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from harnn.review import EnqueueOptions
from harnn.review.database import Database
from harnn.review.label_use import LabelledDocument, TellingWord, read_label_use
from harnn.review.tables import DOCUMENT
from support.reviews import MODEL, opened, prepared

PLAIN = EnqueueOptions(blind_share=0, second_share=0)


def place_of(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> str:
    return str(tmp_path / "r.db") if kind == "sqlite" else request.getfixturevalue("postgres_url")


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_what_became_of_a_label(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    place = place_of(kind, tmp_path, request)
    with opened(place) as review:
        three = [prepared(str(number)) for number in range(3)]
        other = prepared("3", shown={"garden": 0.9, "fruit": 0.8})
        numbers = review.add([*three, other], options=PLAIN).added
        review.add([prepared("hidden")], options=EnqueueOptions(blind_share=1))
        for number, action in zip(numbers, ("accept", "reject"), strict=False):
            view = review.decide(number, "ann", "review", 0, action, "apples")
            view = review.decide(number, "ann", "review", view.version, "reject", "drinks")
            for label in view.undecided:
                view = review.decide(number, "ann", "review", view.version, "accept", label)
            assert review.submit(number, "ann", "review", view.version).view.state == "done"
    database = Database.open(place)
    with database.writing() as connection:  # the third one came ten days ago
        old = datetime.now(UTC) - timedelta(days=10)
        query = sa.update(DOCUMENT).where(DOCUMENT.c.id == "2").values(received=old)
        connection.execute(query)
    with database.reading() as connection:
        found = read_label_use(connection, MODEL.name, "apples", weeks=4)
        nothing = read_label_use(connection, MODEL.name, "pears")
    database.close()
    assert found.documents == 3
    assert found.recent == (
        LabelledDocument(numbers[2], "Title 2", 0.6, "open", None),
        LabelledDocument(numbers[1], "Title 1", 0.6, "done", False),
        LabelledDocument(numbers[0], "Title 0", 0.6, "done", True),
    )
    assert found.words == (TellingWord("apple", 3, 1, 1),)
    documents = [week.documents for week in found.weeks]
    assert documents[3] == 2
    assert sum(documents) == 3
    index = [week.monday for week in found.weeks].index((old - timedelta(old.weekday())).date())
    assert documents[index] == 1
    assert [week.monday.weekday() for week in found.weeks] == [0] * 4
    assert (nothing.documents, nothing.recent, nothing.words) == (0, (), ())
    assert len(nothing.weeks) == 26
