"""The log shows what somebody took out, changed, moved or cut off."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from harnn.errors import ConflictError, DatabaseError
from harnn.review import Database, EnqueueOptions, Entry, Note, Review, append
from harnn.review.entries import hash_of
from support.reviews import MODEL, opened, prepared

SEEN = EnqueueOptions(blind_share=0, second_share=0)


@pytest.fixture
def review(made: str) -> Iterator[Review]:
    """With 10 entries: 2 documents, 7 decisions and a submission."""
    with opened(made) as found:
        one, two = found.add([prepared("1"), prepared("2", "Other")], options=SEEN).added
        version = 0
        for label in ("apples", "cider", "apples", "fruit", "apples"):
            version = found.decide(one, "ann", "annotate", version, "accept", label).version
        found.submit(one, "ann", "annotate", version)
        version = found.decide(two, "bob", "annotate", 0, "reject", "garden").version
        found.decide(two, "bob", "annotate", version, "accept", "cider")
        assert found.verify() == []
        assert found.head()[0] == 10
        yield found


def change(place: str, *statements: str) -> None:
    engine = sa.create_engine(place if "://" in place else f"sqlite:///{place}")
    with engine.begin() as connection:
        for each in statements:
            connection.execute(sa.text(each))
    engine.dispose()


def found_by(review: Review) -> list[str]:
    return [str(problem) for problem in review.verify()]


CHANGED = "entry 4: was changed: its hash is not that of what it says."


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        (["DELETE FROM review_entry WHERE number = 4"], ["entry 4: is missing."]),
        (["DELETE FROM review_entry WHERE number IN (4, 5)"], ["entries 4 to 5: are missing."]),
        (["DELETE FROM review_entry WHERE number = 10"], ["entry 10: is missing."]),
        (["UPDATE review_entry SET person = 'eve' WHERE number = 4"], [CHANGED]),
        (["UPDATE review_entry SET seen = 'none' WHERE number = 4"], [CHANGED]),
        (["UPDATE review_entry SET seen = '[1]' WHERE number = 4"], [CHANGED]),
        (["UPDATE review_entry SET moment = 'soon' WHERE number = 4"], [CHANGED]),
        (["UPDATE review_head SET count = 11"], ["entry 11: is missing."]),
        (
            ["UPDATE review_head SET count = 9"],
            ["the head of the log: counts 9 entries, there are 10."],
        ),
        (["DELETE FROM review_head"], ["the log: has no head: its row was removed."]),
        (
            [
                "UPDATE review_entry SET number = 99 WHERE number = 4",
                "UPDATE review_entry SET number = 4 WHERE number = 5",
                "UPDATE review_entry SET number = 5 WHERE number = 99",
            ],
            [
                "entry 4: does not follow the entry before it.",
                CHANGED,
                "entry 5: does not follow the entry before it.",
                CHANGED.replace("4", "5"),
                "entry 6: does not follow the entry before it.",
            ],
        ),
        (
            [f"UPDATE review_head SET hash = '{'0' * 64}'"],
            ["the head of the log: has not the hash of the newest entry."],
        ),
    ],
)
def test_what_was_done_to_the_log_shows(
    made: str, review: Review, statements: list[str], expected: list[str]
) -> None:
    change(made, *statements)
    assert found_by(review)[: len(expected)] == expected


def test_entries_that_are_written_anew_show_beside_a_hash_that_was_noted(
    made: str, review: Review
) -> None:
    """Whoever owns the database can make a chain that fits; a head that was noted is not in it."""
    _, noted = review.head()
    assert review.verify(noted) == []
    *_, before, last = review.log(limit=100)
    change(
        made,
        "DELETE FROM review_entry WHERE number = 10",
        f"UPDATE review_head SET count = 9, hash = '{before.hash}'",
    )
    expected = "the log: has no entry with the hash that was noted: it was cut off, or written anew"
    assert [str(each) for each in review.verify(last.hash) if each.where == "the log"] == [
        f"{expected}."
    ]
    assert review.verify(before.hash) == review.verify()


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        (
            """UPDATE document SET text = '{"text": "Other."}' WHERE id = '1'""",
            "document 1: its text is not the one that was put into review.",
        ),
        (
            """UPDATE review_item SET shown = '{"garden": 1.0}' WHERE number = 1""",
            "document 1: its scores are not those that the log says.",
        ),
        (
            """UPDATE review_item SET labels = '["perry"]' WHERE number = 1""",
            "document 1: its settled labels are not those that the log says.",
        ),
        (
            """UPDATE review_reading SET said = '{"verdicts": {}, "brought": [], "deepest": [],"""
            """ "none_fits": true}' WHERE item = 2""",
            "document 2: what bob decided is not what the log says.",
        ),
        (
            "UPDATE review_reading SET said = 'nothing' WHERE item = 2",
            "document 2: cannot be read (JSONDecodeError).",
        ),
    ],
)
def test_documents_that_say_something_else_than_the_log_show(
    made: str, review: Review, statement: str, expected: str
) -> None:
    change(made, statement.replace(":", "\\:"))
    assert found_by(review) == [expected]


def test_the_hash_is_that_of_the_canonical_json() -> None:
    entry = Entry(
        number=2,
        moment=datetime(2026, 11, 27, 10, 12, tzinfo=UTC),
        person="Ånn",
        part="annotate",
        item=7,
        action="accept",
        label="a",
        model_hash="m",
        taxonomy_hash="t",
        seen={"b": 1.0, "a": 0.25},
        before=(),
        after=("a",),
        previous="0",
        hash="",
    )
    written = (
        r'{"action":"accept","after":["a"],"before":[],"group":"","item":7,"label":"a",'
        r'"model_hash":"m","moment":"2026-11-27T10:12:00.000000+00:00","number":2,"other":"",'
        r'"part":"annotate","person":"\u00c5nn","previous":"0","seen":{"a":0.25,"b":1.0},'
        r'"taxonomy_hash":"t","text":"","undoes":null}'
    )
    assert json.loads(written)["person"] == "Ånn"
    assert hash_of(entry) == hashlib.sha256(written.encode()).hexdigest()


def test_others_append_to_the_same_chain(made: str, review: Review) -> None:
    note = Note("root", "system", None, "export", MODEL.hash, MODEL.taxonomy_hash, text="on")
    database = Database.open(made)
    with database.writing() as connection:
        first, second = append(connection, note, note._replace(text="off"))
    with pytest.raises(RuntimeError), database.writing() as connection:
        append(connection, note)
        raise RuntimeError
    database.close()
    assert (first.number, second.number, second.previous) == (11, 12, first.hash)
    assert review.log(10) == [first, second]
    assert review.verify() == []


def test_of_many_who_decide_the_same_at_once_one_is_first(review: Review) -> None:
    (number,) = review.add([prepared("3", "Third")], options=SEEN).added

    def decide(person: str) -> str:
        try:
            review.decide(number, person, "annotate", 0, "accept", "apples")
        except ConflictError as error:
            return error.person
        return "done"

    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(decide, ["ann"] * 3 + ["bob"] * 3))
    assert found.count("done") == 1
    (entry,) = [each for each in review.log(item=number) if each.action == "accept"]
    assert set(found) == {"done", entry.person}
    assert review.verify() == []


def test_power_may_fail_after_an_answer(tmp_path: str) -> None:
    database = Database.open(f"{tmp_path}/kept.db")
    with database.writing() as connection:
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2, "FULL"
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
    database.close()


def test_a_log_without_a_head_is_not_written(made: str, review: Review) -> None:
    change(made, "DELETE FROM review_head")
    with pytest.raises(DatabaseError, match="the log: has no head: its row was removed"):
        review.comment(1, "ann", "annotate", "Hello.")
