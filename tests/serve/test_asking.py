"""Documents as JSON gives them."""

from __future__ import annotations

from typing import Any

import pytest

from harnn.config import DataConfig
from harnn.errors import DocumentError
from harnn.serve.asking import as_documents

FIELDS = DataConfig(text_fields=("title", "abstract"), id_field="number")


def test_a_document_is_a_text_or_has_the_fields_of_the_model() -> None:
    whole = {"number": "n7", "title": "Bees", "abstract": "They swarm."}
    documents = as_documents(["bees", {"text": "bees"}, whole], FIELDS)
    assert [document.id for document in documents] == ["1", "2", "n7"]
    assert [dict(document.text) for document in documents] == [
        {"text": "bees"},
        {"text": "bees"},
        {"title": "Bees", "abstract": "They swarm."},
    ]


def test_an_id_is_read_by_its_own_name_and_by_that_of_the_training() -> None:
    data = DataConfig(id_field="Ticket No", text_fields=("Subject",))
    given = [
        {"id": "a", "text": "Screen black"},
        {"Ticket No": "b", "Subject": "No sound"},
        {"id": "c", "Subject": "No light"},
        {"Subject": "No name"},
    ]
    assert [x.id for x in as_documents(given, data)] == ["a", "b", "c", "4"]
    with pytest.raises(DocumentError, match="has a field 'id', which would not be read"):
        as_documents([{"id": "a", "Ticket No": "b", "Subject": "Both"}], data)
    read = DataConfig(id_field="number", text_fields=("id",))
    assert [x.full_text for x in as_documents([{"id": "a text"}], read)] == ["a text"]


def test_missing_fields_are_named_for_each_document() -> None:
    items: list[dict[str, Any]] = [{"title": "Bees"}, {"number": 2}]
    items.append({"number": 3, "body": "swarm"})
    items.append({"text": "swarm", "bdoy": "swarm", "labels": ["B"]})
    with pytest.raises(DocumentError) as caught:
        as_documents(items, FIELDS)
    end = "; the model reads title, abstract, or a whole text from the field 'text'."
    assert list(map(str, caught.value.problems)) == [
        f"document 1: has no field 'abstract'{end}",
        f"document 2: has no text{end}",
        f"document 3: has no text{end}",
        f"document 4: has a field 'bdoy', which would not be read{end}",
    ]


def test_the_text_may_be_an_object_of_fields_as_in_files() -> None:
    (document,) = as_documents([{"text": {"title": "Bees", "abstract": "swarm"}}], DataConfig())
    assert (document.id, document.full_text) == ("1", "Bees\nswarm")


def test_fields_that_are_no_texts_are_refused() -> None:
    with pytest.raises(DocumentError) as caught:
        as_documents(["bees", {"text": 5}, {"title": "Bees", "abstract": 7}], FIELDS)
    assert list(map(str, caught.value.problems)) == [
        "document 2: 'text' is a whole number, expected a string or a list of words.",
        "document 3: 'abstract' is a whole number, expected a string or a list of words.",
    ]


def test_without_named_fields_title_and_abstract_are_read() -> None:
    whole = {"id": "x", "title": "Bees", "abstract": "swarm", "labels": ["B"]}
    (document,) = as_documents([whole], DataConfig())
    assert document.full_text == "Bees\nswarm"
    with pytest.raises(DocumentError, match="has a field 'body', which would not be read"):
        as_documents([{"title": "Bees", "body": "swarm"}], DataConfig())
