"""The documents of a split: counted and encoded, each in one reading, and told about."""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harnn.config import Config
from harnn.corpus import (
    ArrayCache,
    Arrays,
    BeginningsView,
    ContentHash,
    Corpus,
    TokensView,
    View,
    WordedView,
    check_vectors,
    content_hash,
    encode_corpus,
)
from harnn.data import Documents, DocumentsPart, ReadingLog, labelled_documents
from harnn.errors import DocumentError, InputError, Problem
from harnn.taxonomy import Taxonomy
from harnn.text import NgramCounter, TextEncoder, Tokenizer, characters_read, most_tokens
from harnn.training.events import Listener, Stage
from harnn.training.plan import may_read_text_vectors, trains_linear, trains_network

VERSION = 2
"""Of how documents are encoded: another one, and what was kept is not read again."""
Segment = Callable[[str], Sequence[str]]
_SHA256 = re.compile(rb"[0-9a-f]{64}")


@dataclass(frozen=True)
class Split:
    """The documents of one split."""

    given: Documents
    corpus: Corpus
    content: str
    """See :class:`harnn.corpus.ContentHash`."""
    beginnings: list[str] | None
    """Of the texts, for vectors of whole texts; None: they are read again where they are wanted."""


@dataclass(frozen=True)
class Reader:
    """Reads the documents of a training."""

    taxonomy: Taxonomy
    config: Config
    listener: Listener
    stopped: Callable[[], bool]
    segment: Segment | None = None
    cache: ArrayCache | None = None
    """Where what was encoded is kept for the next training."""
    counts: dict[str, int] = dataclasses.field(default_factory=dict)
    """Documents read, skipped and truncated, by split; filled while reading."""

    def count(
        self, given: Documents, *, ngrams: bool = True
    ) -> tuple[Tokenizer, NgramCounter | None]:
        """Count words, and n-grams where a branch wants them, in one reading of the documents.

        Raises:
            DocumentError: documents cannot be read or have unknown labels.
            InterruptedError: *stopped* said so.
        """
        counter = NgramCounter() if ngrams and trains_linear(self.config.model) else None

        def counted() -> Iterator[str]:
            for text in self._texts(given):
                if counter is not None:
                    counter.add(text)
                yield text

        tokenizer = Tokenizer.build(
            counted(),
            self.config.text,
            segment=self.segment,
            counts=counter is None or trains_network(self.config.model),
        )
        for note in tokenizer.notes:
            self.listener(Stage.of_reading("", [note]))
        return tokenizer, counter

    def encode(
        self, given: Documents, name: str, tokenizer: Tokenizer, views: Mapping[str, View]
    ) -> Split:
        """Encode documents as tokens and the other *views*, in one reading of them.

        What a cache has of the tokens is taken from there. Without a network nobody reads them.

        Raises:
            DocumentError: documents cannot be read, have unknown labels, or there is no document,
                or no label.
            InterruptedError: *stopped* said so.
        """
        log = ReadingLog()
        more: dict[str, View] = dict(views)
        if may_read_text_vectors(self.config.model):
            tokens = self.config.text.text_encoder_tokens or most_tokens(math.inf)
            more["beginnings"] = BeginningsView(characters_read(tokens))
        if not trains_network(self.config.model):
            more["worded"] = WordedView()
        made: list[tuple[Corpus, str]] = []

        def make() -> Arrays | None:
            made.append(self._encode(given, {"tokens": TokensView(tokenizer)} | more, log))
            if log.skipped or log.dropped or log.warnings or log.describe_fixes():
                return None  # what is skipped is told anew
            corpus, content = made[0]
            return corpus.to_arrays() | {"content": np.frombuffer(content.encode(), np.uint8)}

        arrays = None
        if not trains_network(self.config.model):
            made.append(self._encode(given, more, log))
        elif self.segment is None:  # only the caller knows how a segmenter of their own cuts
            arrays = self._cached(
                given,
                lambda: ["tokens", tokenizer.to_json()],
                make,
                check=lambda kept: self._restore(kept, tokenizer),
            )
        if arrays is None:
            if not made:
                make()
            corpus, content = made[0]
        else:
            corpus, content = self._restore(arrays, tokenizer)
            if made:
                corpus = corpus.with_views({name: made[0][0].views[name] for name in more})
            elif views:
                corpus = corpus.with_views(self._encode(given, views, ReadingLog())[0].views)
        told = isinstance(given, DocumentsPart) and given.is_told
        self._tell(name, corpus, tokenizer, log, told=told)
        beginnings: list[str] | None = corpus.views.get("beginnings")
        passing = ("beginnings", "worded")
        kept = {key: view for key, view in corpus.views.items() if key not in passing}
        return Split(given, dataclasses.replace(corpus, views=kept), content, beginnings)

    def content(self, given: Documents) -> str:
        """Return the hash of what documents say."""
        return self._encode(given, {}, ReadingLog())[1]

    def read(self, split: Split, view: View) -> Any:
        """Read the documents of a split once more, for another view.

        Raises:
            InterruptedError: *stopped* said so.
        """
        return self._encode(split.given, {"read": view}, ReadingLog())[0].views["read"]

    def embed(self, split: Split, encoder: TextEncoder) -> NDArray[np.float32]:
        """Return the vectors (N, D) of whole texts.

        Raises:
            MissingExtraError: their encoder is not installed.
            InterruptedError: *stopped* said so.
        """

        def make() -> dict[str, NDArray[np.float32]]:
            texts = self._texts(split.given) if split.beginnings is None else split.beginnings
            threads = self.config.training.threads
            return {"vectors": encoder.encode(texts, threads=threads, stopped=self.stopped)}

        what = ["text vectors", encoder.record.to_dict()]
        check = partial(check_vectors, rows=len(split.corpus), size=encoder.record.size)
        return self.cached(split, what, make, check=check)["vectors"]

    def cached(
        self,
        split: Split,
        what: list[Any],
        make: Callable[[], Arrays],
        *,
        check: Callable[[Arrays], object],
    ) -> Arrays:
        """Return arrays made of the documents of a split, from the cache where they are there.

        what: plain values, what else they depend on. check: refuses what was kept with an
        InputError, where it cannot be what *make* returned.
        """
        arrays = self._cached(split.given, lambda: what, make, check=check)
        return make() if arrays is None else arrays

    def _texts(self, given: Documents) -> Iterator[str]:
        for document, _ in labelled_documents(given, self.taxonomy, self.config.data):
            if self.stopped():
                raise InterruptedError
            yield document.full_text

    def _encode(
        self, given: Documents, views: Mapping[str, View], log: ReadingLog
    ) -> tuple[Corpus, str]:
        """Return the documents and the hash of their content."""
        content = ContentHash()
        pairs = content.of(labelled_documents(given, self.taxonomy, self.config.data, log=log))
        corpus = encode_corpus(pairs, views, len(self.taxonomy), stopped=self.stopped)
        return corpus, content.hexdigest()

    def _restore(self, arrays: Arrays, tokenizer: Tokenizer) -> tuple[Corpus, str]:
        """Return the corpus of arrays that were kept, and the hash of its content.

        Raises:
            InputError: they are none of this taxonomy and tokenizer.
        """
        content = arrays.get("content", np.zeros(0, np.uint8)).tobytes()
        if not _SHA256.fullmatch(content):
            raise InputError("'content' is no SHA-256.")
        corpus = Corpus.from_arrays(arrays, len(self.taxonomy), word_count=len(tokenizer))
        return corpus, content.decode()

    def _tell(
        self, name: str, corpus: Corpus, tokenizer: Tokenizer, log: ReadingLog, *, told: bool
    ) -> None:
        """Say what was read; told: whether what is remarkable was told before.

        Raises:
            DocumentError: there is no document, or no label.
        """
        remarks = [] if told else log.lines()
        if remarks and not (len(corpus) and corpus.targets.nnz):
            self.listener(Stage.of_reading("", remarks))
        if not len(corpus):
            raise DocumentError(Problem("", f"there is no {name} document."))
        if not corpus.targets.nnz:
            what = f"none of the {len(corpus):,} {name} documents has a label."
            names = ", ".join(map(repr, self.config.data.label_columns))
            hint = f"Labels are read from the field {names} (data.labels_field)."
            raise DocumentError(Problem("", what, hint))
        self.counts[name] = len(corpus)
        self.counts[f"{name}_skipped"] = log.skipped
        self.counts[f"{name}_truncated"] = corpus.truncated
        self.listener(Stage.of_reading(summarise(name, corpus, tokenizer), remarks))

    def _cached(
        self,
        given: Documents,
        what: Callable[[], list[Any]],
        make: Callable[[], Arrays | None],
        *,
        check: Callable[[Arrays], object],
    ) -> Arrays | None:
        """Return arrays made of documents; None: there is no cache, or *make* wants none.

        what: says what else than documents and settings the arrays depend on. check: refuses what
        was kept, with an InputError, where it cannot be what *make* returned.
        """
        if self.cache is None or (content := content_hash(given)) is None:
            return None
        settings = dataclasses.asdict(self.config.data)
        if fixes := settings.pop("fixes"):
            settings["fixes"] = content_hash(fixes)
        parts = [VERSION, what(), content, settings, self.taxonomy.version]
        return self.cache.get(
            parts, make, check=check, tell=lambda message: self.listener(Stage(message))
        )


def summarise(name: str, corpus: Corpus, tokenizer: Tokenizer) -> str:
    """Say what was read, and all that was cut or empty."""
    message = f"{name}: {len(corpus):,} documents"
    if "tokens" in corpus.views:
        message += f", {len(corpus.tokens.ids):,} tokens"
        empty = np.count_nonzero(corpus.tokens.lengths == 0)
    else:
        empty = np.count_nonzero(~corpus.views["worded"])
    if corpus.truncated:
        message += (
            f"; {corpus.truncated:,} longer than {tokenizer.max_length} tokens were cut "
            "(text.max_length)"
        )
    if empty:
        message += f"; {empty:,} without any word"
    return message
