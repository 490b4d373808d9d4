"""Texts cut into tokens and put together by length, for encoders of the BERT family."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from harnn.text.encoders import beginning, characters_read, end_of

if TYPE_CHECKING:
    from tokenizers import Tokenizer

Run = Callable[[NDArray[np.int64]], NDArray[np.float32]]
"""From token ids (B, T), all real, to vectors (B, D)."""
Batches = Sequence[NDArray[np.int64]]
Spread = Callable[[Batches, Callable[[], bool]], Iterable[NDArray[np.float32]]]
"""From the ids of many batches to their vectors, in order; told whether to stop."""
_TEXTS_IN_MEMORY = 8_192
_TEXTS_CUT_AT_ONCE = 512
_TOKENS_AT_ONCE = 4_096


def encode_sentences(
    texts: Iterable[str],
    tokenizer: Tokenizer,
    run: Run,
    *,
    size: int,
    tokens: int,
    stopped: Callable[[], bool],
    ends: list[int] | None = None,
    spread: Spread | None = None,
) -> NDArray[np.float32]:
    """Return vectors (N, D) of length 1; an empty text is a zero.

    size: D; tokens: of a text at most, as the tokenizer cuts it; ends: see
    :meth:`harnn.text.CutsTexts.encode`; spread: computes batches in place of *run*.

    Batches are of texts of one length, so that nothing is padded and no text changes another's.

    Raises:
        InterruptedError: *stopped* said so.
    """
    stream = (beginning(text, characters_read(tokens)) for text in texts)
    parts = [np.zeros((0, size), dtype=np.float32)]
    while block := list(islice(stream, _TEXTS_IN_MEMORY)):
        vectors = np.zeros((len(block), size), dtype=np.float32)
        ids = _cut(block, tokenizer, stopped, ends)
        batches = list(batches_of_one_length(ids))
        given = [np.array([ids[row] for row in rows], dtype=np.int64) for rows in batches]
        made = _run_each(run, given, stopped) if spread is None else spread(given, stopped)
        for rows, found in zip(batches, made, strict=True):
            vectors[rows] = found
        lengths = np.sqrt(np.einsum("nd,nd->n", vectors, vectors))[:, None]
        parts.append(np.divide(vectors, lengths, out=vectors, where=lengths > 0))
    return np.concatenate(parts)


def _run_each(
    run: Run, batches: Batches, stopped: Callable[[], bool]
) -> Iterator[NDArray[np.float32]]:
    for ids in batches:
        if stopped():
            raise InterruptedError
        yield run(ids)


def _cut(
    texts: Sequence[str],
    tokenizer: Tokenizer,
    stopped: Callable[[], bool],
    ends: list[int] | None,
) -> list[list[int]]:
    """Return the token ids of each text; of an empty one none."""
    ids: list[list[int]] = []
    for start in range(0, len(texts), _TEXTS_CUT_AT_ONCE):
        if stopped():
            raise InterruptedError
        some = texts[start : start + _TEXTS_CUT_AT_ONCE]
        # What UTF-8 cannot hold is no text for the library.
        whole = [text.encode("utf-8", "replace").decode("utf-8") for text in some]
        for text, cut in zip(some, tokenizer.encode_batch(whole), strict=True):
            ids.append(cut.ids if text else [])
            if ends is not None:
                ends.append(end_of(cut))
    return ids


def batches_of_one_length(ids: Sequence[Sequence[int]]) -> Iterator[list[int]]:
    """Yield rows of one length, shorter ones first, few enough for the memory."""
    by_length: dict[int, list[int]] = {}
    for row, tokens in enumerate(ids):
        if tokens:
            by_length.setdefault(len(tokens), []).append(row)
    for length in sorted(by_length):
        rows, most = by_length[length], max(1, _TOKENS_AT_ONCE // length)
        for start in range(0, len(rows), most):
            yield rows[start : start + most]


def count_read(
    texts: Sequence[str], tokens: int, tokenizer: Tokenizer | None
) -> list[tuple[int, int]]:
    """Return of each text how many characters an encoder reads, and how many there are.

    Blanks at the end do not count. tokens: of a text at most; tokenizer: cuts it, None: the
    characters alone are limited.
    """
    limit = characters_read(tokens)
    whole = [len(text.rstrip()) for text in texts]
    read = [min(length, limit) for length in whole]
    # A text has no more tokens than characters.
    long = [row for row, length in enumerate(whole) if length > tokens and tokenizer is not None]
    for start in range(0, len(long), _TEXTS_CUT_AT_ONCE):
        assert tokenizer is not None
        rows = long[start : start + _TEXTS_CUT_AT_ONCE]
        safe = [texts[row].encode("utf-8", "replace").decode("utf-8")[:limit] for row in rows]
        for row, text, cut in zip(
            rows, safe, tokenizer.encode_batch([text.strip() for text in safe]), strict=True
        ):
            if cut.overflowing:
                blanks = len(text) - len(text.lstrip())
                read[row] = blanks + end_of(cut)
    return list(zip(read, whole, strict=True))
