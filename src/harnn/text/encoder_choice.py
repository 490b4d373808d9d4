"""Which encoder of whole texts a training reads; nothing is imported or opened for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from harnn.config import TextConfig
from harnn.text.encoders import ENCODER_TITLES, name_layers
from harnn.text.sentence_files import MINILM_HINT, WEIGHTS, find_minilm
from harnn.text.text_vectors import TEXT_VECTOR_SIZE, text_vectors_installed

_TOKENS = 256
_SHORT_TOKENS = 128
MINILM_LAYERS = (3, 6)
"""Of six: what the last ones add is for comparing sentences, and some of what tells labels is lost
there (docs/experiments.md)."""
_SHORT_TEXT = 50
"""Words of a text, on average, up to which fewer tokens are read of each."""


_USE_BYTES = 236_000_000
_MINILM_BYTES = 91_000_000
_AT_WORK_BYTES = 50_000_000


class EncoderChoice(NamedTuple):
    """An encoder and why it was chosen."""

    name: str
    """``use``, ``minilm``, ``static`` or a directory."""
    tokens: int
    """Read of a text, at most; 0: the first 2,000 characters."""
    reason: str
    """A few words; empty where the settings name it."""
    layers: tuple[int, ...] = ()
    """Of an encoder of the BERT family, whose states are read; none: the last one's alone."""

    @property
    def title(self) -> str:
        """What it is called where people read."""
        return ENCODER_TITLES.get(self.name, self.name)

    @property
    def is_bert(self) -> bool:
        """Whether its networks are of the BERT family, computed for each text."""
        return self.name not in ("use", "static")

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return self._asdict() | {"layers": list(self.layers)}

    def describe(self) -> str:
        """Say what will be read, and why."""
        tokens = f", {self.tokens} tokens of a text" if self.tokens else ""
        layers = name_layers(self.layers)
        reason = f" ({self.reason})" if self.reason else ""
        return f"{self.title}{layers}{tokens}{reason}"


def choose_encoder(
    text: TextConfig, *, english: bool, mean_words: float, fast: bool = False
) -> EncoderChoice:
    """Return what ``text.text_encoder`` stands for.

    mean_words: of a training text; fast: whether answers are to take next to nothing.
    """
    name, reason = text.text_encoder, ""
    if name == "auto":
        name = "use"
        if not english:
            reason = "most of the text is not English"
        elif find_minilm() is None:
            reason = f"MiniLM, better for English, is not installed: {MINILM_HINT}"
        else:
            name = "static" if fast else "minilm"
            reason = "the text is English" + ", for a fast model" * fast
    if name == "use":
        return EncoderChoice(name, 0, reason)
    tokens = text.text_encoder_tokens or most_tokens(mean_words)
    layers = () if name == "static" else text.layers
    if name == "minilm":
        layers = layers or MINILM_LAYERS
    return EncoderChoice(name, tokens, reason, layers)


def most_tokens(mean_words: float) -> int:
    """Return what ``text.text_encoder_tokens`` stands for where it is 0."""
    return _SHORT_TOKENS if mean_words <= _SHORT_TEXT else _TOKENS


def encoder_memory(choice: EncoderChoice, documents: int) -> float:
    """Estimate the memory of reading documents, in bytes; good to a factor of two.

    Weights of the BERT family are held as they are stored and as they are computed with, and for
    ``static`` with the vectors of all tokens. 50 MB are added for the texts at work. ``use``, which
    stores them packed, takes 110 MB as measured, and 126 MB for what it keeps of tokens. The
    vectors have up to 512 numbers of 4 bytes for each layer that is read.
    """
    vectors = 4.0 * documents * TEXT_VECTOR_SIZE * max(1, len(choice.layers))
    if choice.name == "use":
        return vectors + _USE_BYTES
    found = find_minilm()
    place = found[0] if found and choice.name in ("minilm", "static") else Path(choice.name)
    try:
        weights = (place / WEIGHTS).stat().st_size
    except OSError:  # not there yet
        weights = _MINILM_BYTES
    return vectors + (3 if choice.name == "static" else 2) * weights + _AT_WORK_BYTES


def encoder_installed(name: str) -> bool:
    """Whether an encoder of :class:`EncoderChoice` is there; a directory is looked at later."""
    if name in ("minilm", "static"):
        return find_minilm() is not None
    return name != "use" or text_vectors_installed()
