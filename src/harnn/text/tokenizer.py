"""From text to token ids."""

from __future__ import annotations

import itertools
import json
import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from harnn.config import TextConfig
from harnn.errors import BundleError, Problem
from harnn.text import segmenting
from harnn.text.cutting import (
    CUTTERS,
    Cut,
    UserWord,
    cutter,
    have_same_rules,
    icu_version,
    read_user_dictionary,
    require_segmenter,
)
from harnn.text.segmenting import Segment
from harnn.text.tokenizer_reading import (
    CUSTOM,
    FORMAT,
    PAD,
    UNKNOWN,
    read_record,
    read_tokenizer,
    read_user_words,
    read_words,
)

if TYPE_CHECKING:
    from tokenizers import Tokenizer as HuggingFaceTokenizer
    from tokenizers.normalizers import Sequence as NormalizerSequence

_BATCH_TEXTS = 1_024
_BATCH_CHARACTERS = 4_000_000
"""The tokenizer keeps about a hundred bytes a token until a batch is done."""


@dataclass(frozen=True, slots=True, eq=False)
class Encoded:
    """Token ids of N texts."""

    ids: list[NDArray[np.int32]]
    """One array a text, cut to the tokenizer's ``max_length``; empty where a text has no word."""
    lengths: NDArray[np.int64]
    """(N,) tokens of each text before cutting."""

    @property
    def truncated(self) -> int:
        """Count the texts that were cut."""
        return sum(len(row) < length for row, length in zip(self.ids, self.lengths, strict=True))


@dataclass(frozen=True, eq=False)
class Tokenizer:
    """A frozen vocabulary and the rules that cut text into its words.

    Build with :meth:`build` or :meth:`from_json`. The vocabulary is ordered by frequency, equal
    ones by the word; id 0 is padding and is never produced, id 1 is every word not known.
    """

    pad_id: ClassVar[int] = 0
    unknown_id: ClassVar[int] = 1

    words: tuple[str, ...] = field(repr=False)
    """The word of each id, as normalised; ``words[0]`` and ``words[1]`` are the special ones."""
    segmenter: str
    """``words``, ``characters``, ``jieba``, ``icu`` or ``custom``."""
    lowercase: bool
    max_length: int
    _tokenizer: HuggingFaceTokenizer = field(repr=False)
    _segment: Segment | None = field(default=None, repr=False)
    user_words: tuple[UserWord, ...] = field(default=(), repr=False)
    """Of the user's dictionary for ``jieba``, as normalised."""
    icu_version: str = ""
    """Of the ICU that cut the training texts; empty with other segmenters."""
    notes: tuple[str, ...] = ()
    """What was noticed while building; sentences for people."""

    @classmethod
    def build(
        cls, texts: Iterable[str], config: TextConfig, *, segment: Segment | None = None
    ) -> Self:
        """Count the words of *texts* in one pass and keep the most frequent.

        Args:
            texts: training texts only; they are streamed, not kept.
            config: ``max_vocabulary`` counts the two special words.
            segment: cuts a text into its words, instead of ``config.segmenter``. It is given the
                text as written; pieces are normalised afterwards, blank ones dropped.

        Raises:
            MissingExtraError: the segmenter is not installed.
            ConfigError: the user's dictionary cannot be read.
        """
        _refuse_string(texts, "texts")
        texts = iter(texts)
        sample = list(itertools.islice(texts, segmenting.SAMPLED_TEXTS))
        segmenter, note = CUSTOM if segment is not None else str(config.segmenter), ""
        if segmenter == "auto":
            choice = segmenting.choose_segmenter(sample)
            segmenter, note = choice.segmenter, choice.note
        if segmenter == "words":
            note = segmenting.unspaced_note(sample)
        user_words = user_words_of(config) if segmenter == "jieba" else ()
        cut = segment if segmenter not in CUTTERS else cutter(segmenter, user_words)
        words = _train(itertools.chain(sample, texts), segmenter, config, cut)
        notes = [note] if note else []
        if len(words) <= 2:
            notes.append(
                f"No word stands {config.min_count} times or more in the training texts, "
                "so every word is unknown; lower text.min_count or bring more text."
            )
        return cls(
            words=words,
            segmenter=segmenter,
            lowercase=config.lowercase,
            max_length=config.max_length,
            _tokenizer=_new_tokenizer(segmenter, config.lowercase, words),
            _segment=segment,
            user_words=user_words,
            icu_version=icu_version() if segmenter == "icu" else "",
            notes=tuple(notes),
        )

    def __len__(self) -> int:
        """Count the words, special ones included: the V of (V, E)."""
        return len(self.words)

    @cached_property
    def index(self) -> dict[str, int]:
        """Return the id of each normalised word."""
        return {word: number for number, word in enumerate(self.words)}

    def normalize(self, text: str) -> str:
        """Return *text* as the vocabulary has it: NFKC, invisible characters removed, and in
        lower case where the tokenizer is set so."""
        return str(self._normalizer.normalize_str(segmenting.replace_surrogates(text)))

    def encode(self, texts: Sequence[str]) -> Encoded:
        """Cut texts into words and look up their ids.

        Control characters separate words; lone surrogates count as punctuation.
        """
        _refuse_string(texts, "texts")
        ids: list[NDArray[np.int32]] = []
        lengths: list[int] = []
        for row in self._rows(texts):
            lengths.append(len(row))
            ids.append(np.array(row[: self.max_length], dtype=np.int32))
        return Encoded(ids, np.array(lengths, dtype=np.int64))

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Return the characters [start, end) of the original *text* that made each token.

        As many as ``encode`` keeps. Tokens that come from one character (as those of ``½``) share
        its span; a piece of a custom segmenter that does not stand in the text has an empty one.
        """
        text = segmenting.replace_surrogates(text)
        if self._segment is not None:
            pieces = _custom_words(text, self._segment, self._normalizer)
            kept = [piece for piece, word in pieces if word]
            return list(itertools.islice(segmenting.locate(kept, text), self.max_length))
        if self.segmenter in CUTTERS:
            spans = self._cut_spans(text)
        else:
            spans = self._tokenizer.encode(text, add_special_tokens=False).offsets
        # One more than is kept, so that the last kept one does not widen into it.
        return segmenting.widen(spans[: self.max_length + 1], text)[: self.max_length]

    def to_json(self) -> str:
        """Write the tokenizer as one JSON object; equal ones give equal text."""
        record = {
            "format": FORMAT,
            "segmenter": self.segmenter,
            "lowercase": self.lowercase,
            "max_length": self.max_length,
            "tokenizer": json.loads(self._tokenizer.to_str()),
        }
        if self.user_words:
            record["user_dictionary"] = self.user_words
        if self.icu_version:
            record["icu"] = self.icu_version
        return json.dumps(record, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str, *, segment: Segment | None = None, where: str = "") -> Self:
        """Read what :meth:`to_json` wrote; *where* names the file in errors.

        Args:
            segment: the function the tokenizer was built with, needed where it was given one.

        Raises:
            BundleError: not a tokenizer of this format, or *segment* is missing.
            MissingExtraError: the segmenter is not installed.
        """
        record = read_record(text, where)
        segmenter = record["segmenter"]
        if segmenter == CUSTOM and segment is None:
            what = "the tokenizer was built with a segmenter of your own, which no file can hold;"
            raise BundleError(Problem(where, what, "pass the same function as segment=."))
        if segmenter != CUSTOM and segment is not None:
            what = f"the tokenizer was built with segmenter {segmenter!r}, but segment= is given;"
            raise BundleError(Problem(where, what, "leave segment= out."))
        user_words = read_user_words(record, where)
        require_segmenter(segmenter, user_words=bool(user_words))
        built_with = record.get("icu", "")
        if segmenter == "icu" and not have_same_rules(built_with, icu_version()):
            here = f"and this is ICU {icu_version()}: some words may be cut otherwise"
            warnings.warn(
                f"{where}: the training texts were cut with ICU {built_with}, {here}", stacklevel=2
            )
        return cls(
            words=read_words(record["tokenizer"], where),
            segmenter=segmenter,
            lowercase=record["lowercase"],
            max_length=record["max_length"],
            _tokenizer=read_tokenizer(record["tokenizer"], segmenter, where),
            _segment=segment,
            user_words=user_words,
            icu_version=built_with,
        )

    @property
    def _normalizer(self) -> Any:
        return self._tokenizer.normalizer

    def _rows(self, texts: Iterable[str]) -> Iterator[list[int]]:
        """Yield the ids of each text, not cut."""
        if self.segmenter in (CUSTOM, *CUTTERS):
            index, unknown, cut = self.index, self.unknown_id, self._cut()
            for text in texts:
                # A piece "[PAD]" of a custom segmenter is a word like any other.
                words = _words_of(text, self.segmenter, cut, self._normalizer)
                parts = itertools.chain.from_iterable(map(self._parts, words))
                yield [index.get(part, unknown) or unknown for part in parts]
            return
        for batch in _batches(texts):
            for encoding in self._tokenizer.encode_batch_fast(batch, add_special_tokens=False):
                yield encoding.ids

    def _cut(self) -> Cut:
        """Return what cuts texts in Python."""
        return self._segment or cutter(self.segmenter, self.user_words)

    def _parts(self, word: str) -> Sequence[str]:
        """Return the characters of a word of Han that is not known, else the word itself.

        Most words of a new text are rare compounds; their characters still tell what they mean.
        """
        if self.segmenter in CUTTERS and word not in self.index and segmenting.is_compound(word):
            return word
        return (word,)

    def _cut_spans(self, text: str) -> list[tuple[int, int]]:
        from tokenizers import Regex, models, pre_tokenizers
        from tokenizers import Tokenizer as HuggingFaceTokenizer

        # Cut into single characters, the tokenizer tells where each normalised one comes from.
        aligner = HuggingFaceTokenizer(models.WordLevel({UNKNOWN: 0}, unk_token=UNKNOWN))
        aligner.normalizer = self._normalizer
        aligner.pre_tokenizer = pre_tokenizers.Split(Regex(r"[\s\S]"), "isolated")
        origins = aligner.encode(text, add_special_tokens=False).offsets
        spans: list[tuple[int, int]] = []
        position = 0
        for piece in self._cut()(self.normalize(text)):
            end = position + len(piece)
            if segmenting.is_word(piece):
                start = position
                for part in self._parts(piece):
                    spans.append((origins[start][0], origins[start + len(part) - 1][1]))
                    start += len(part)
            position = end
        return spans


def _refuse_string(value: object, name: str) -> None:
    if isinstance(value, str):
        raise TypeError(f"{name} must be several texts, got one string; put it into a list.")


def _batches(texts: Iterable[str]) -> Iterator[list[str]]:
    batch: list[str] = []
    characters = 0
    for text in texts:
        batch.append(segmenting.replace_surrogates(text))
        characters += len(text)
        if len(batch) == _BATCH_TEXTS or characters >= _BATCH_CHARACTERS:
            yield batch
            batch, characters = [], 0
    if batch:
        yield batch


def _new_normalizer(lowercase: bool) -> NormalizerSequence:
    from tokenizers import Regex, normalizers

    steps: list[Any] = [
        normalizers.Replace(Regex(segmenting.INVISIBLE_PATTERN), ""),
        normalizers.NFKC(),
    ]
    if lowercase:
        steps.append(normalizers.Lowercase())
    return normalizers.Sequence(steps)


def _new_tokenizer(segmenter: str, lowercase: bool, words: Sequence[str]) -> HuggingFaceTokenizer:
    from tokenizers import Regex, models, pre_tokenizers
    from tokenizers import Tokenizer as HuggingFaceTokenizer

    vocabulary = {word: number for number, word in enumerate(words)}
    # PAD and UNKNOWN stay plain words: as "special tokens" they would be found inside texts.
    tokenizer = HuggingFaceTokenizer(models.WordLevel(vocabulary, unk_token=UNKNOWN))
    tokenizer.normalizer = _new_normalizer(lowercase)
    patterns = {
        "words": segmenting.WORDS_PATTERN,
        "characters": segmenting.CHARACTERS_PATTERN,
    }
    if segmenter in patterns:
        pattern = Regex(patterns[segmenter])
        tokenizer.pre_tokenizer = pre_tokenizers.Split(pattern, "removed", invert=True)
    return tokenizer


def _train(
    texts: Iterable[str], segmenter: str, config: TextConfig, cut: Cut | None
) -> tuple[str, ...]:
    """Return the vocabulary by id."""
    from tokenizers import trainers

    trainer = trainers.WordLevelTrainer(
        vocab_size=config.max_vocabulary,
        min_frequency=config.min_count,
        special_tokens=[PAD, UNKNOWN],
        show_progress=False,
    )
    tokenizer = _new_tokenizer(segmenter, config.lowercase, [PAD, UNKNOWN])
    stream: Iterator[Any] = map(segmenting.replace_surrogates, texts)
    if cut is not None:
        stream = _word_lists(stream, segmenter, cut, tokenizer.normalizer)
        tokenizer.normalizer = None
    tokenizer.train_from_iterator(stream, trainer)
    vocabulary = tokenizer.get_vocab()
    return tuple(sorted(vocabulary, key=vocabulary.__getitem__))


def _word_lists(
    texts: Iterable[str], segmenter: str, cut: Cut, normalizer: Any
) -> Iterator[list[str]]:
    special = (PAD, UNKNOWN)
    for text in texts:
        words = [
            word for word in _words_of(text, segmenter, cut, normalizer) if word not in special
        ]
        if segmenter in CUTTERS:  # the characters that unknown words are read by
            words += [part for word in words if segmenting.is_compound(word) for part in word]
        yield words


def _words_of(text: str, segmenter: str, cut: Cut, normalizer: Any) -> Iterator[str]:
    """Yield the normalised words of a text that Python cuts (``jieba``, ``icu`` or ``custom``)."""
    text = segmenting.replace_surrogates(text)
    if segmenter in CUTTERS:
        # Normalised first: jieba takes full-width letters for punctuation.
        return filter(segmenting.is_word, cut(normalizer.normalize_str(text)))
    return (word for _, word in _custom_words(text, cut, normalizer) if word)


def user_words_of(config: TextConfig) -> tuple[UserWord, ...]:
    """Return the words of the user's dictionary, if one is set, as texts have them.

    Raises:
        ConfigError: it cannot be read.
    """
    if not config.user_dictionary:
        return ()
    normalizer = _new_normalizer(config.lowercase)
    read = read_user_dictionary(config.user_dictionary)
    plain = ((str(normalizer.normalize_str(word)).strip(), number) for word, number in read)
    return tuple(UserWord(word, number) for word, number in plain if word)


def _custom_words(text: str, segment: Segment, normalizer: Any) -> Iterator[tuple[str, str]]:
    """Yield each piece and its normalised word, which is empty where the piece is blank."""
    for piece in segment(text):
        if not isinstance(piece, str):
            raise TypeError(f"segment must return strings, got {piece!r}.")
        safe = segmenting.replace_surrogates(piece)
        yield safe, normalizer.normalize_str(safe).strip()
