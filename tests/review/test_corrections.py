"""What is kept of corrections, and what is made of them."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from harnn.data import Document
from harnn.errors import DocumentError
from harnn.review import Correction, Corrections, ModelState, training_documents
from harnn.review.tables import DOCUMENT
from support.corrections import MODEL, correction
from support.waiting import until

NEWER = ModelState("sample", "c" * 64, MODEL.taxonomy_hash)
OTHER = ModelState("other", "d" * 64, "e" * 64)


@pytest.fixture
def corrections(place: str) -> Iterator[Corrections]:
    with Corrections.open(place) as found:
        yield found


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Corrections]:
    with Corrections.open(tmp_path_factory.mktemp("kept") / "corrections.db") as found:
        yield found


def stored(correction: Correction) -> Correction:
    """Return what was given, out of what is read."""
    return dataclasses.replace(correction, number=0, received=None)


def test_what_is_added_is_read(corrections: Corrections) -> None:
    document = Document("7", {"title": "水龙头", "body": ""}, ("a", "b"))
    second = dataclasses.replace(correction(source="label-studio", person="eve"), document=document)
    before = datetime.now(UTC)
    numbers = corrections.add([correction(), second])
    found = list(corrections.read())
    assert [each.number for each in found] == numbers == sorted(set(numbers))
    assert list(map(stored, found)) == [correction(), second]
    assert list(found[1].document.text) == ["title", "body"]
    received = found[0].received
    assert received is not None
    assert before - timedelta(seconds=1) < received <= datetime.now(UTC)
    assert received.tzinfo == UTC


@given(
    texts=st.dictionaries(st.text(), st.text(), max_size=3),
    labels=st.lists(st.text(), max_size=3),
)
def test_any_text_is_kept_as_it_is(
    kept: Corrections, texts: dict[str, str], labels: list[str]
) -> None:
    """NUL and half surrogates too, which databases do not take."""
    document = Document("", texts | {"odd": "\x00 \ud800 \u2028"}, tuple(labels))
    (number,) = kept.add([dataclasses.replace(correction(), document=document)])
    (found,) = (each for each in kept.read() if each.number == number)
    assert found.document == document


def test_any_text_is_kept_in_postgresql(corrections: Corrections) -> None:
    document = Document("", {"odd\x00": "\x00 \ud800 \U0001f41d"}, ("\x00",))
    corrections.add([dataclasses.replace(correction(), document=document)])
    assert [each.document for each in corrections.read()] == [document]


def test_a_document_is_kept_once_and_each_correction(place: str, corrections: Corrections) -> None:
    again = dataclasses.replace(correction(), model=NEWER)
    corrections.add([correction(), correction(), again])
    corrections.add([correction("The tap drips.", "taps"), correction(name="1")])
    assert [each.document.labels for each in corrections.read()] == [
        *[("plumbing",)] * 3,
        ("taps",),
        ("plumbing",),
    ]
    url = place if "://" in place else f"sqlite:///{place}"
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        assert connection.scalar(sa.text("SELECT count(*) FROM document")) == 3
    engine.dispose()


def test_the_last_correction_of_a_document_counts(corrections: Corrections) -> None:
    corrections.add([correction("one", "a"), correction("two", "a"), correction("one", "b")])
    corrections.add([dataclasses.replace(correction("two", "c"), model=NEWER)])
    corrections.add([dataclasses.replace(correction("one", "x"), model=OTHER)])
    found = [(each.document.text["text"], each.document.labels) for each in _last(corrections)]
    assert found == [("one", ("b",)), ("two", ("c",))]
    assert [each.document.labels for each in corrections.read(model="other", last=True)] == [("x",)]
    assert [each.document.labels for each in corrections.read(last=True)] == [("c",), ("x",)]
    assert len(list(corrections.read(model="sample"))) == 4
    assert corrections.count() == {"other": 1, "sample": 4}


def _last(corrections: Corrections) -> list[Correction]:
    return list(corrections.read(model="sample", last=True))


def test_nothing_is_kept_where_one_cannot_be(corrections: Corrections) -> None:
    unlabelled = dataclasses.replace(correction(), document=Document("a", {"text": "b"}))
    bad = [correction(name="n" * 256), unlabelled, correction(person="a\x1bb")]
    with pytest.raises(DocumentError) as caught:
        corrections.add([correction(), *bad])
    assert [str(problem) for problem in caught.value.problems] == [
        "correction 2: its id has 256 characters, at most 255 are kept.",
        "correction 3: has no labels (None); give () where none fits.",
        r"correction 4: its person has characters that cannot be shown: 'a\x1bb'.",
    ]
    assert list(corrections.read()) == []
    assert corrections.add([]) == []
    assert corrections.count() == {}


def test_many_threads_add_at_once(corrections: Corrections) -> None:
    def add(thread: int) -> None:
        for number in range(5):
            corrections.add([correction(f"text {number}", f"{thread}"), correction("the same")])

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(add, range(6)))
    found = list(corrections.read())
    assert len(found) == 60
    pairs = {(each.document.text["text"], each.document.labels) for each in found}
    assert len(pairs) == 31


def test_a_document_that_another_process_adds_meanwhile(postgres_url: str) -> None:
    """The second waits for the first, and then takes its row."""
    given = correction("at the same time", name="race")
    row = {
        "id": "race",
        "text": json.dumps({"text": "at the same time"}),
        "content": hashlib.sha256(
            json.dumps(["race", [["text", "at the same time"]]]).encode()
        ).hexdigest(),
        "model": MODEL.name,
        "model_hash": MODEL.hash,
        "taxonomy_hash": MODEL.taxonomy_hash,
        "received": datetime.now(UTC),
        "sender": "bob",
    }
    waits = sa.text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
    engine = sa.create_engine(postgres_url)
    with Corrections.open(postgres_url) as corrections, ThreadPoolExecutor(1) as pool:
        with engine.begin() as other:
            other.execute(sa.insert(DOCUMENT).values(**row))
            added = pool.submit(corrections.add, [given])
            with engine.connect() as watching:

                def is_waited_for() -> bool:
                    watching.rollback()
                    return bool(watching.scalar(waits))

                until(is_waited_for)
        assert len(added.result(30)) == 1
        assert [stored(each) for each in corrections.read()] == [given]
        with engine.connect() as connection:
            assert connection.scalar(sa.select(sa.func.count()).select_from(DOCUMENT)) == 1
    engine.dispose()


_ADDING = """
import sys
from harnn.review import Corrections
from support.corrections import correction
with Corrections.open(sys.argv[1]) as corrections:
    for number in range(20):
        corrections.add([correction(f"text {number}"), correction(f"text {19 - number}")])
"""


@pytest.mark.parametrize(
    "place", ["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)], indirect=True
)
def test_many_processes_open_a_new_database_and_add_at_once(place: str) -> None:
    command = [sys.executable, "-c", _ADDING, place]
    running = [subprocess.Popen(command, env=_environment()) for _ in range(2)]
    assert [process.wait(60) for process in running] == [0, 0]
    with Corrections.open(place, make=False) as corrections:
        assert len(list(corrections.read())) == 80
        assert len(_last(corrections)) == 20


def _environment() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}


def test_training_documents_have_ids_of_their_own() -> None:
    given = [correction("one"), correction("two", name="7"), correction("three", name="7")]
    found = list(training_documents(given))
    assert [each.text["text"] for each in found] == ["one", "two", "three"]
    assert [each.id for each in found] == [digest("one"), "7", f"7-{digest('three')}"]


def digest(text: str) -> str:
    written = json.dumps(["", [["text", text]]])
    return hashlib.sha256(written.encode()).hexdigest()[:16]
