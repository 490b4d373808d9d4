"""Documents that a model was trained or tuned on are known again."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray

from harnn.bundle import Bundle
from harnn.corpus import ContentHash
from harnn.data import Document, labelled_documents
from harnn.prediction import Seen, SeenDocuments
from harnn.sample import sample
from support.made_reports import trained

Pairs = Sequence[tuple[Document, NDArray[np.int32]]]


@cache
def pairs(part: str) -> Pairs:
    bundle = trained("fast").bundle
    path = getattr(sample("en"), part)
    return tuple(labelled_documents(path, bundle.taxonomy, bundle.config.data))


def hash_of(documents: Pairs) -> str:
    content = ContentHash()
    assert len(list(content.of(documents))) == len(documents)
    return content.hexdigest()


@cache
def knowing(*, contents: bool = True) -> Bundle:
    """A model that knows what it was trained on."""
    parts = {name: pairs(name) for name in ("train", "valid")}
    bundle = trained("fast").bundle
    counts = np.zeros(len(bundle.taxonomy), dtype=np.int64)
    for _, columns in parts["train"]:
        counts[columns] += 1
    return dataclasses.replace(
        bundle,
        contents={name: hash_of(part) for name, part in parts.items()} if contents else {},
        documents={name: len(part) for name, part in parts.items()},
        label_counts=counts,
    )


def found(documents: Pairs, *, contents: bool = True) -> tuple[Seen, ...]:
    known = SeenDocuments(knowing(contents=contents))
    assert list(known.of(documents)) == list(documents)
    return known.found()


def in_file(documents: Pairs, name: str) -> Pairs:
    return [
        (dataclasses.replace(document, source=f"{name}:{line}"), columns)
        for line, (document, columns) in enumerate(documents, start=1)
    ]


def test_whole_splits_are_known_at_the_beginning_and_in_files() -> None:
    train, valid, test = (in_file(pairs(x), f"{x}.jsonl") for x in ("train", "valid", "test"))
    assert found(test) == ()
    assert found(train) == (Seen("train", len(train), True),)
    assert found([*test, *valid]) == (Seen("valid", len(valid), True),)
    assert found([*test, *train, *valid]) == (
        Seen("train", len(train), True),
        Seen("valid", len(valid), True),
    )
    joined = in_file([*train, *test], "all.jsonl")
    assert found(joined) == (Seen("train", len(train), True),)
    document, columns = train[0]
    other = dataclasses.replace(document, text={"text": "another text"})
    assert found([(other, columns), *train[1:-1]]) == ()


@pytest.mark.parametrize("contents", [True, False])
def test_in_another_order_they_are_suspected(contents: bool) -> None:
    train = pairs("train")
    expected = (Seen("train", len(train), False),)
    assert found(list(reversed(train)), contents=contents) == expected
    assert found(list(reversed(train))[1:], contents=contents) == ()
    both = sorted([*train, *pairs("valid")], key=lambda pair: pair[0].id)
    supports = [int(sum((x < 8).sum() for _, x in pairs("valid")))]
    levels = knowing().report.levels
    assert levels[0].support == supports[0]  # the report is of these validation documents
    assert found(both, contents=contents) == (Seen("both", len(both), False),)


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        (
            Seen("train", 9, True),
            "The model was trained on these documents: the numbers say how well it remembers, not "
            "how well it does on new documents.",
        ),
        (
            Seen("valid", 4, True),
            "The model was tuned on 4 of these 9 documents: expect slightly less on new documents.",
        ),
        (
            Seen("both", 9, False),
            "These may be the model's training and validation documents in another order, since as "
            "many have each label: if so, the numbers say how well it remembers, not how well it "
            "does on new documents.",
        ),
    ],
)
def test_sentences(seen: Seen, expected: str) -> None:
    assert seen.sentence(9) == expected
