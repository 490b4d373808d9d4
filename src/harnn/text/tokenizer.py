"""From text to token ids."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from harnn.config import TextConfig
from harnn.errors import BundleError, Problem
from harnn.text import segmenting
from harnn.text.segmenting import Segment

if TYPE_CHECKING:
    from tokenizers import Tokenizer as HuggingFaceTokenizer
    from tokenizers.normalizers import Sequence as NormalizerSequence

FORMAT = 1
PAD = "[PAD]"
UNKNOWN = "[UNK]"
CUSTOM = "custom"
SEGMENTERS = ("words", "characters", "jieba", CUSTOM)

_LONGEST = 2**31 - 1
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
    """``words``, ``characters``, ``jieba`` or ``custom``."""
    lowercase: bool
    max_length: int
    _tokenizer: HuggingFaceTokenizer = field(repr=False)
    _segment: Segment | None = field(default=None, repr=False)
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
        """
        _refuse_string(texts, "texts")
        texts = iter(texts)
        note = ""
        segmenter = CUSTOM if segment is not None else str(config.segmenter)
        if segmenter == "auto":
            sample = list(itertools.islice(texts, segmenting.SAMPLED_TEXTS))
            choice = segmenting.choose_segmenter(sample)
            segmenter, note = choice.segmenter, choice.note
            texts = itertools.chain(sample, texts)
        if segmenter == "jieba":
            segmenting.require_jieba()
        words = _train(texts, segmenter, config, segment)
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
        if self.segmenter == "jieba":
            spans = self._jieba_spans(text)
        else:
            spans = self._tokenizer.encode(text, add_special_tokens=False).offsets
        # One more than is kept, so that the last kept one does not widen into it.
        return segmenting.widen(spans[: self.max_length + 1], text)[: self.max_length]

    def to_json(self) -> str:
        """Write the tokenizer as one JSON object; equal ones give equal text."""
        return json.dumps(
            {
                "format": FORMAT,
                "segmenter": self.segmenter,
                "lowercase": self.lowercase,
                "max_length": self.max_length,
                "tokenizer": json.loads(self._tokenizer.to_str()),
            },
            ensure_ascii=False,
        )

    @classmethod
    def from_json(cls, text: str, *, segment: Segment | None = None, where: str = "") -> Self:
        """Read what :meth:`to_json` wrote; *where* names the file in errors.

        Args:
            segment: the function the tokenizer was built with, needed where it was given one.

        Raises:
            BundleError: not a tokenizer of this format, or *segment* is missing.
            MissingExtraError: the segmenter is not installed.
        """
        record = _read_record(text, where)
        segmenter = record["segmenter"]
        if segmenter == CUSTOM and segment is None:
            what = "the tokenizer was built with a segmenter of your own, which no file can hold;"
            raise BundleError(Problem(where, what, "pass the same function as segment=."))
        if segmenter != CUSTOM and segment is not None:
            what = f"the tokenizer was built with segmenter {segmenter!r}, but segment= is given;"
            raise BundleError(Problem(where, what, "leave segment= out."))
        if segmenter == "jieba":
            segmenting.require_jieba()
        return cls(
            words=_read_words(record["tokenizer"], where),
            segmenter=segmenter,
            lowercase=record["lowercase"],
            max_length=record["max_length"],
            _tokenizer=_read_tokenizer(record["tokenizer"], segmenter, where),
            _segment=segment,
        )

    @property
    def _normalizer(self) -> Any:
        return self._tokenizer.normalizer

    def _rows(self, texts: Iterable[str]) -> Iterator[list[int]]:
        """Yield the ids of each text, not cut."""
        if self.segmenter in (CUSTOM, "jieba"):
            index, unknown = self.index, self.unknown_id
            for text in texts:
                # A piece "[PAD]" of a custom segmenter is a word like any other.
                words = _words_of(text, self._segment, self._normalizer)
                parts = itertools.chain.from_iterable(map(self._parts, words))
                yield [index.get(part, unknown) or unknown for part in parts]
            return
        for batch in _batches(texts):
            for encoding in self._tokenizer.encode_batch_fast(batch, add_special_tokens=False):
                yield encoding.ids

    def _parts(self, word: str) -> Sequence[str]:
        """Return the characters of a Chinese word that is not known, else the word itself.

        Most words of a new text are rare compounds; their characters still tell what they mean.
        """
        if self.segmenter == "jieba" and word not in self.index and segmenting.is_compound(word):
            return word
        return (word,)

    def _jieba_spans(self, text: str) -> list[tuple[int, int]]:
        from tokenizers import Regex, models, pre_tokenizers
        from tokenizers import Tokenizer as HuggingFaceTokenizer

        # Cut into single characters, the tokenizer tells where each normalised one comes from.
        aligner = HuggingFaceTokenizer(models.WordLevel({UNKNOWN: 0}, unk_token=UNKNOWN))
        aligner.normalizer = self._normalizer
        aligner.pre_tokenizer = pre_tokenizers.Split(Regex(r"[\s\S]"), "isolated")
        origins = aligner.encode(text, add_special_tokens=False).offsets
        spans: list[tuple[int, int]] = []
        position = 0
        for piece in segmenting.cut_jieba(self.normalize(text)):
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
    texts: Iterable[str], segmenter: str, config: TextConfig, segment: Segment | None
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
    if segmenter in (CUSTOM, "jieba"):
        stream = _word_lists(stream, segment, tokenizer.normalizer)
        tokenizer.normalizer = None
    tokenizer.train_from_iterator(stream, trainer)
    vocabulary = tokenizer.get_vocab()
    return tuple(sorted(vocabulary, key=vocabulary.__getitem__))


def _word_lists(
    texts: Iterable[str], segment: Segment | None, normalizer: Any
) -> Iterator[list[str]]:
    special = (PAD, UNKNOWN)
    for text in texts:
        words = [word for word in _words_of(text, segment, normalizer) if word not in special]
        if segment is None:  # the characters that unknown words are read by
            words += [part for word in words if segmenting.is_compound(word) for part in word]
        yield words


def _words_of(text: str, segment: Segment | None, normalizer: Any) -> Iterator[str]:
    """Yield the normalised words of a text that Python cuts (``jieba`` or ``custom``)."""
    text = segmenting.replace_surrogates(text)
    if segment is None:
        # Normalised first: jieba takes full-width letters for punctuation.
        pieces = segmenting.cut_jieba(normalizer.normalize_str(text))
        return filter(segmenting.is_word, pieces)
    return (word for _, word in _custom_words(text, segment, normalizer) if word)


def _custom_words(text: str, segment: Segment, normalizer: Any) -> Iterator[tuple[str, str]]:
    """Yield each piece and its normalised word, which is empty where the piece is blank."""
    for piece in segment(text):
        if not isinstance(piece, str):
            raise TypeError(f"segment must return strings, got {piece!r}.")
        safe = segmenting.replace_surrogates(piece)
        yield safe, normalizer.normalize_str(safe).strip()


def _read_record(text: str, where: str) -> dict[str, Any]:
    """Return the JSON object with its settings checked."""
    try:
        record = json.loads(text)
    except RecursionError:
        what = "the tokenizer is not valid JSON: nested too deeply."
        raise BundleError(Problem(where, what)) from None
    except ValueError as error:  # JSONDecodeError, and whole numbers of thousands of digits
        raise BundleError(Problem(where, f"the tokenizer is not valid JSON: {error}.")) from None
    if not isinstance(record, dict) or "format" not in record:
        what = "this is not a tokenizer: expected a JSON object with the key 'format'."
        raise BundleError(Problem(where, what))
    if record["format"] != FORMAT:
        found = _shown(record["format"])
        what = f"the tokenizer has format {found}, this version reads {FORMAT}."
        raise BundleError(Problem(where, what))
    length = record.get("max_length")
    checks = {
        "segmenter": (record.get("segmenter") in SEGMENTERS, "one of " + ", ".join(SEGMENTERS)),
        "lowercase": (isinstance(record.get("lowercase"), bool), "true or false"),
        "max_length": (
            type(length) is int and 1 <= length <= _LONGEST,
            "a whole number of at least 1",
        ),
        "tokenizer": (isinstance(record.get("tokenizer"), dict), "an object"),
    }
    problems = [
        Problem(where, f"{key} of the tokenizer is {_shown(record.get(key))}, expected {expected}.")
        for key, (fits, expected) in checks.items()
        if not fits
    ]
    if problems:
        raise BundleError(problems)
    return record


def _shown(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else text[:57] + "..."


def _read_words(record: dict[str, Any], where: str) -> tuple[str, ...]:
    """Return the words by id, having checked that the ids are 0 to V-1."""
    model = record.get("model")
    vocabulary = model.get("vocab") if isinstance(model, dict) else None
    if (
        not isinstance(vocabulary, dict)
        or record["model"].get("type") != "WordLevel"
        or record["model"].get("unk_token") != UNKNOWN
    ):
        what = f"the tokenizer has no vocabulary of whole words with {UNKNOWN!r} for unknown ones."
        raise BundleError(Problem(where, what))
    by_id = {number: word for word, number in vocabulary.items() if type(number) is int}
    if len(by_id) != len(vocabulary) or by_id.keys() != set(range(len(by_id))):
        what = f"the ids of the {len(vocabulary):,} words of the vocabulary are not 0, 1, 2, ..."
        raise BundleError(Problem(where, what))
    words = tuple(by_id[number] for number in range(len(by_id)))
    if words[:2] != (PAD, UNKNOWN):
        what = f"the vocabulary begins with {list(words[:2])}, expected {[PAD, UNKNOWN]}."
        raise BundleError(Problem(where, what))
    return words


def _read_tokenizer(record: dict[str, Any], segmenter: str, where: str) -> HuggingFaceTokenizer:
    from tokenizers import Tokenizer as HuggingFaceTokenizer

    try:
        tokenizer = HuggingFaceTokenizer.from_str(json.dumps(record))
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # the library raises no narrower class, and panics
        raise BundleError(Problem(where, f"the tokenizer cannot be read: {error}.")) from None
    if tokenizer.normalizer is None:
        raise BundleError(Problem(where, "the tokenizer has no normalizer."))
    if not _is_ours(record, segmenter):
        raise BundleError(Problem(where, "the tokenizer has rules that are not written here."))
    return tokenizer


def _is_ours(record: dict[str, Any], segmenter: str) -> bool:
    """Whether text is cut as by a tokenizer of this program, of whatever version."""
    normalizer, splitter = record.get("normalizer"), record.get("pre_tokenizer")
    steps = normalizer.get("normalizers") if isinstance(normalizer, dict) else None
    if not isinstance(steps, list) or not all(isinstance(step, dict) for step in steps):
        return False
    kinds = [step.get("type") for step in steps]
    if kinds not in (["Replace", "NFKC"], ["Replace", "NFKC", "Lowercase"]):
        return False
    if segmenter in (CUSTOM, "jieba"):
        splits = splitter is None
    else:
        splits = isinstance(splitter, dict) and (
            splitter.get("type"),
            splitter.get("behavior"),
            splitter.get("invert"),
        ) == ("Split", "Removed", True)
    nothing = ("truncation", "padding", "post_processor", "decoder")
    return splits and not record.get("added_tokens") and all(record.get(x) is None for x in nothing)
