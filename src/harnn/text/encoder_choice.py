"""Which encoder of whole texts a training reads; nothing is imported or opened for it."""

from __future__ import annotations

from typing import NamedTuple

from harnn.config import TextConfig
from harnn.text.encoders import ENCODER_TITLES
from harnn.text.sentence_files import MINILM_HINT, find_minilm
from harnn.text.text_vectors import text_vectors_installed

_TOKENS = 256
_SHORT_TOKENS = 128
_SHORT_TEXT = 50
"""Words of a text, on average, up to which fewer tokens are read of each."""


class EncoderChoice(NamedTuple):
    """An encoder and why it was chosen."""

    name: str
    """``use``, ``minilm``, ``static`` or a directory."""
    tokens: int
    """Read of a text, at most; 0: the first 2,000 characters."""
    reason: str
    """A few words; empty where the settings name it."""

    @property
    def title(self) -> str:
        """What it is called where people read."""
        return ENCODER_TITLES.get(self.name, self.name)

    def describe(self) -> str:
        """Say what will be read, and why."""
        tokens = f", {self.tokens} tokens of a text" if self.tokens else ""
        reason = f" ({self.reason})" if self.reason else ""
        return f"{self.title}{tokens}{reason}"


def choose_encoder(text: TextConfig, *, english: bool, mean_words: float) -> EncoderChoice:
    """Return what ``text.text_encoder`` stands for; mean_words: of a training text."""
    name, reason = text.text_encoder, ""
    if name == "auto":
        name = "use"
        if not english:
            reason = "most of the text is not English"
        elif find_minilm() is None:
            reason = f"MiniLM, better for English, is not installed: {MINILM_HINT}"
        else:
            name, reason = "minilm", "the text is English"
    if name == "use":
        return EncoderChoice(name, 0, reason)
    tokens = text.text_encoder_tokens or most_tokens(mean_words)
    return EncoderChoice(name, tokens, reason)


def most_tokens(mean_words: float) -> int:
    """Return what ``text.text_encoder_tokens`` stands for where it is 0."""
    return _SHORT_TOKENS if mean_words <= _SHORT_TEXT else _TOKENS


def encoder_installed(name: str) -> bool:
    """Whether an encoder of :class:`EncoderChoice` is there; a directory is looked at later."""
    if name in ("minilm", "static"):
        return find_minilm() is not None
    return name != "use" or text_vectors_installed()
