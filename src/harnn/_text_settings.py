"""How texts become tokens and vectors: the table ``[text]``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from harnn._tables import between, remembers_what_is_given, shown
from harnn.errors import Problem

Segmenter = Literal["auto", "words", "characters", "jieba", "icu"]
_MOST_WORDS = 2**31 - 1
_LAYERS = re.compile(r"[1-9]\d{0,2}(\+[1-9]\d{0,2})*")


@remembers_what_is_given
@dataclass(frozen=True, kw_only=True)
class TextConfig:
    """From text to token ids."""

    segmenter: Segmenter = "auto"
    """``auto``: ``jieba`` where much of the text is Chinese and it is installed, else ``words``.
    ``icu`` (extra ``icu``): the word boundaries of ICU, for Thai, Japanese, Khmer, Lao and Burmese.
    With ``jieba`` and ``icu``, words of Han that are not in the vocabulary are read by their
    characters."""
    user_dictionary: str = ""
    """A file of words for ``jieba`` (extra ``jieba``), one a line: ``word [frequency] [part of
    speech]``, as jieba's ``load_userdict`` reads it. Its words become part of the model."""
    lowercase: bool = True
    """Read capital letters as small ones."""
    min_count: int = 2
    """Words seen less often in the training text become the unknown word."""
    max_vocabulary: int = 200_000
    """Words known at most, the most frequent ones."""
    max_length: int = 256
    """Tokens read of a document; what is cut off is counted and reported."""
    vectors: str = "word2vec"
    """``word2vec`` or ``fasttext`` (trained on the training text), ``random``, ``glove-6b-50d``
    (extra ``glove``) or the path of a file of word vectors."""
    vectors_epochs: int = 0
    """Passes over the text that trains word vectors; 0: for about 32 million words, 8 to 40."""
    freeze_vectors: bool = False
    """Leave word vectors as they are while the network learns."""
    text_encoder: str = "auto"
    """Of texts: ``auto``, ``minilm``, ``use``, ``static`` or a path; docs/text-encoders.md."""
    text_encoder_tokens: int = 0
    """Read of a text by encoders other than ``use``; 0: 256, but 128 where texts are short."""
    text_encoder_layers: str = "auto"
    """Whose states ``minilm`` or an encoder of your own makes vectors of: ``6``, or ``3+6`` for
    both beside each other; none after the last one is computed. ``auto``: ``3+6`` of MiniLM's six,
    and the last one of others; docs/text-encoders.md."""

    def check(self) -> list[Problem]:
        problems = []
        if self.user_dictionary and self.segmenter != "jieba":
            what = f"is a dictionary for text.segmenter=jieba, got text.segmenter={self.segmenter}."
            problems.append(Problem("text.user_dictionary", what))
        if (layers := self.text_encoder_layers) != "auto":
            problems += self._wrong_layers(layers)
        return [
            *problems,
            *between("text.min_count", self.min_count, 1, _MOST_WORDS),
            *between("text.max_vocabulary", self.max_vocabulary, 10, _MOST_WORDS),
            *between("text.max_length", self.max_length, 1, _MOST_WORDS),
            *between("text.vectors_epochs", self.vectors_epochs, 0, 10_000),
            *between("text.text_encoder_tokens", self.text_encoder_tokens, 0, 100_000),
        ]

    @property
    def layers(self) -> tuple[int, ...]:
        """What ``text_encoder_layers`` says; empty: ``auto``."""
        given = self.text_encoder_layers
        return () if given == "auto" else tuple(map(int, given.split("+")))

    def _wrong_layers(self, given: str) -> list[Problem]:
        where = "text.text_encoder_layers"
        if not _LAYERS.fullmatch(given) or list(self.layers) != sorted(set(self.layers)):
            expected = "expected auto or numbers of layers in ascending order, as 6 or 3+6"
            return [Problem(where, f"got {shown(given)}, {expected}.")]
        if self.text_encoder in ("use", "static"):
            what = f"is nothing for text.text_encoder={self.text_encoder}, which has none to choose"
            return [Problem(where, f"{what} from.")]
        return []
