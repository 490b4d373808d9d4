"""What encoders of whole texts have in common, and how a model remembers its own."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, Self, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from harnn._tables import shown

if TYPE_CHECKING:
    from tokenizers import Encoding, Tokenizer

MOST_CHARACTERS = 2_000
"""Read of a text, where that holds all tokens that are read: the mean over a longer one says less
and less of it."""
ENCODER_TITLES = {
    "use": "Universal Sentence Encoder",
    "minilm": "MiniLM",
    "path": "a sentence encoder",
    "static": "a table of MiniLM's tokens",
}
_CHARACTERS_OF_A_TOKEN = 7
_LARGEST = 1 << 20
_DIGEST = 64
_MOST_LAYERS = 999
_OPTIONAL = {"layers", "bfloat16"}


def never() -> bool:
    """Whether to stop: no."""
    return False


@dataclass(frozen=True, slots=True, kw_only=True)
class EncoderRecord:
    """Which encoder it is, to the bit."""

    name: str
    """``use``, ``minilm``, ``path`` or ``static``."""
    source: str
    """The package and its version, or the directory."""
    size: int
    """D, numbers of a vector."""
    tokens: int = 0
    """Read of a text at most; 0: the first 2,000 characters."""
    sha256: Mapping[str, str] = field(default_factory=dict)
    """Of each file by its name."""
    layers: tuple[int, ...] = ()
    """Of an encoder of the BERT family, whose states are read; none: the last one's alone."""
    bfloat16: bool = False
    """Whether a model was measured with vectors of ``use`` that were computed so."""

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {
            "name": self.name,
            "source": self.source,
            "size": self.size,
            "tokens": self.tokens,
            "sha256": dict(self.sha256),
            **({"layers": list(self.layers)} if self.layers else {}),
            **({"bfloat16": True} if self.bfloat16 else {}),
        }

    @classmethod
    def from_dict(cls, plain: Any) -> Self:
        """Undo :meth:`to_dict`.

        Raises:
            ValueError: it is something else; says what is wrong.
        """
        kinds = {"name": str, "source": str, "size": int, "tokens": int, "sha256": dict}
        if not isinstance(plain, dict) or plain.keys() - _OPTIONAL != kinds.keys():
            raise ValueError(f"got {shown(plain)}, expected {', '.join(kinds)}")
        for key, kind in kinds.items():
            if type(plain[key]) is not kind:
                raise ValueError(f"{key}: got {shown(plain[key])}")
        if not 1 <= plain["size"] <= _LARGEST or not 0 <= plain["tokens"] <= _LARGEST:
            raise ValueError(f"size or tokens: got {plain['size']} and {plain['tokens']}")
        sums = plain["sha256"].values()
        if not all(isinstance(x, str) and len(x) == _DIGEST for x in sums):
            raise ValueError(f"sha256: got {shown(plain['sha256'])}")
        layers = plain.get("layers", [])
        if (
            not isinstance(layers, list)
            or not all(type(x) is int and 1 <= x <= _MOST_LAYERS for x in layers)
            or layers != sorted(set(layers))
        ):
            raise ValueError(f"layers: got {shown(layers)}")
        if type(plain.get("bfloat16", False)) is not bool:
            raise ValueError(f"bfloat16: got {shown(plain['bfloat16'])}")
        return cls(**plain | {"layers": tuple(layers)})

    def describe(self) -> str:
        """Say which one it is, for a model's card."""
        tokens = f", {self.tokens} tokens of a text" if self.tokens else ""
        layers = name_layers(self.layers)
        return f"{ENCODER_TITLES.get(self.name, self.name)}, {self.source}{layers}{tokens}"

    def difference(self, found: EncoderRecord) -> str:
        """Say in what another encoder differs, as the end of a sentence; nothing: in nothing."""
        for name, digest in self.sha256.items():
            other = found.sha256.get(name, "")
            if other != digest:
                return f"its {name} has SHA-256 {other[:12] or 'none'}, expected {digest[:12]}"
        return ""


def name_layers(layers: tuple[int, ...]) -> str:
    """Say which layers of an encoder are read, after its name; nothing where the last alone is."""
    if not layers:
        return ""
    return f", layer{'s' if len(layers) > 1 else ''} {' and '.join(map(str, layers))}"


class TextEncoder(Protocol):
    """Makes a vector of a whole text."""

    @property
    def record(self) -> EncoderRecord:
        """Name, source, size and hashes."""

    @property
    def languages(self) -> tuple[str, ...]:
        """Codes of ISO 639-1 of those that it was trained for; empty: not known."""

    def encode(
        self, texts: Iterable[str], *, threads: int = 0, stopped: Callable[[], bool] = never
    ) -> NDArray[np.float32]:
        """Return vectors (N, D) of length 1; a text without anything in it is a zero.

        threads: 0: as many as there are.

        Raises:
            MissingExtraError: a package is not installed.
            InterruptedError: *stopped* said so.
        """


@runtime_checkable
class CutsTexts(TextEncoder, Protocol):
    """An encoder that cuts texts into tokens, of which it reads the first ones."""

    @property
    def tokenizer(self) -> Tokenizer:
        """What cuts them."""

    def encode(
        self,
        texts: Iterable[str],
        *,
        threads: int = 0,
        stopped: Callable[[], bool] = never,
        ends: list[int] | None = None,
    ) -> NDArray[np.float32]:
        """See :meth:`TextEncoder.encode`.

        ends: where given, what is added to it for each text: the character after the last one that
        is read, or -1 where that is the end of the text.
        """


def end_of(cut: Encoding) -> int:
    """Return the character after the last one that is read of a text; -1: all are."""
    return max((end for _, end in cut.offsets), default=0) if cut.overflowing else -1


def characters_read(tokens: int) -> int:
    """Return how many characters of a text hold so many tokens, and 2,000 at least."""
    return max(MOST_CHARACTERS, tokens * _CHARACTERS_OF_A_TOKEN)


def beginning(text: str, characters: int = MOST_CHARACTERS) -> str:
    """Return what is read of a text; the same once more for what it returns."""
    return text[:characters].strip()


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
