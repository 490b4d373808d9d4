"""TF-IDF features that all linear peers share."""

from __future__ import annotations

from functools import cache
from typing import Any, Literal

from accuracy.reading import is_chinese

Kind = Literal["words", "chars", "both"]
_TOKEN = r"(?u)\b\w\w+\b"


def make_vectorizer(kind: Kind, texts: list[str]) -> Any:
    """Return an untrained vectoriser for texts like these.

    ``words``: words and pairs of them (Chinese: cut by jieba's dictionary); ``chars``: runs of
    2 to 5 characters inside words (Chinese: of 1 to 3 characters); ``both``: side by side.
    """
    chinese = is_chinese(texts)
    if kind == "both":
        from sklearn.pipeline import FeatureUnion

        parts = [(name, _vectorizer(name, chinese)) for name in ("words", "chars")]
        return FeatureUnion(parts)
    return _vectorizer(kind, chinese)


def _vectorizer(kind: str, chinese: bool) -> Any:
    import numpy as np
    from sklearn.feature_extraction.text import TfidfVectorizer

    common = {"sublinear_tf": True, "min_df": 2, "dtype": np.float32}
    if kind == "chars":
        if chinese:
            return TfidfVectorizer(analyzer="char", ngram_range=(1, 3), **common)
        return TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), **common)
    if chinese:
        return TfidfVectorizer(
            tokenizer=cut_words, token_pattern=None, ngram_range=(1, 2), **common
        )
    return TfidfVectorizer(token_pattern=_TOKEN, ngram_range=(1, 2), **common)


def cut_words(text: str) -> list[str]:
    """Cut Chinese text into words, without blanks and punctuation."""
    return [word for word in _segmenter().cut(text) if any(c.isalnum() for c in word)]


@cache
def _segmenter() -> Any:
    import rjieba

    return rjieba
