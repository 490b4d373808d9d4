"""Pretrained encoders as they stand on disk: found, looked at and described; no torch."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from harnn._files import parse_model_json, read_model_text
from harnn._optional import command_for, is_installed
from harnn._tables import shown
from harnn.branches.stored import is_whole
from harnn.branches.transformer.pieces import read_piece_tokenizer
from harnn.errors import BundleError, ConfigError, MissingExtraError, Problem, cannot_read
from harnn.text.sentence_files import MINILM_HINT, find_minilm

SETTING = "model.transformer"
LIBRARY, EXTRA = "transformers", "transformer"
"""What computes encoders, and the extra that installs it."""
_MINILM = ("on", "auto")
"""What names MiniLM."""
CONFIG, TOKENIZER, WEIGHTS = "config.json", "tokenizer.json", "model.safetensors"
_LARGEST = 2**31 - 1
_MOST_LAYERS = 1_000
_FROM_PADDING = ("roberta", "xlm", "camembert", "mpnet", "data2vec", "longformer", "ibert", "xmod")
"""Beginnings of types of encoders whose positions are counted from behind the padding's id."""
_SIZES = {
    "hidden_size": ("hidden_size", "dim", "d_model"),
    "layers": ("num_hidden_layers", "n_layers", "num_layers"),
    "intermediate_size": ("intermediate_size", "hidden_dim", "d_ff"),
    "vocabulary_size": ("vocab_size",),
}
"""What the numbers of an encoder are called in its config.json."""


@dataclass(frozen=True)
class EncoderFiles:
    """What the directory of an encoder says of it; the weights are not held."""

    name: str
    """For people."""
    directory: Path
    config: Mapping[str, Any]
    """``config.json``."""
    tokenizer: str
    """``tokenizer.json``."""
    licence: str
    """As its README says, or ``unknown``."""

    @property
    def weights(self) -> Path:
        """The file of the weights."""
        return self.directory / WEIGHTS

    @cached_property
    def sha256(self) -> str:
        """The hash of the weights, 64 hexadecimal digits.

        Raises:
            ConfigError: they cannot be read.
        """
        try:
            with self.weights.open("rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            raise ConfigError(cannot_read(self.weights, error)) from None


def find_encoder(setting: str) -> tuple[Path, str]:
    """Return the directory that ``model.transformer`` names, ``on`` or a path, and its name.

    Raises:
        MissingExtraError: the encoder of ``on`` is not installed.
    """
    if setting not in _MINILM:
        return Path(setting), Path(setting).resolve().name
    found = find_minilm()
    if found is None:
        what = f"The encoder MiniLM ({SETTING}={setting}) is not installed"
        raise MissingExtraError(f"{what}: {MINILM_HINT}")
    return found[0], f"MiniLM ({found[1]})"


def missing_commands() -> list[str]:
    """Return the pip commands for what fine-tuning MiniLM needs; none where all is installed."""
    commands = []
    if not (is_installed(LIBRARY) and is_installed("torch")):
        commands.append(command_for(EXTRA))
    if find_minilm() is None:
        commands.append(MINILM_HINT)
    return commands


def read_encoder(setting: str) -> EncoderFiles:
    """Read what ``model.transformer`` names, and make sure that it can be used; not the weights.

    Raises:
        MissingExtraError: the encoder of ``on`` is not installed.
        ConfigError: files are missing, damaged or do not fit each other; all of it.
    """
    directory, name = find_encoder(setting)
    if not setting or not directory.is_dir():
        what = f"got {shown(setting)}, expected off, auto, on or the directory of an encoder."
        raise ConfigError(Problem(SETTING, what))
    missing = [name for name in (CONFIG, TOKENIZER, WEIGHTS) if not (directory / name).is_file()]
    if missing:
        hint = "An encoder is a directory with these files, as transformers saves it."
        problems = [Problem(str(directory / x), "the file is missing.", hint) for x in missing]
        raise ConfigError(problems)
    try:
        config = parse_model_json(read_model_text(directory / CONFIG), str(directory / CONFIG))
        tokenizer = read_model_text(directory / TOKENIZER)
        check_encoder(config, tokenizer, str(directory / CONFIG), str(directory / TOKENIZER))
    except BundleError as error:
        raise ConfigError(error.problems) from None
    return EncoderFiles(name, directory, config, tokenizer, _licence(directory))


def check_encoder(config: Any, tokenizer: str, config_path: str, tokenizer_path: str) -> None:
    """Make sure that a configuration and a tokenizer are some, and fit each other.

    Raises:
        BundleError: they do not.
    """
    problems = [Problem(config_path, f"is damaged: {x}") for x in _config_problems(config)]
    if problems:
        raise BundleError(problems)
    highest = read_piece_tokenizer(tokenizer, tokenizer_path).highest_id
    words = size_of(config, "vocabulary_size")
    if highest >= words:
        what = f"has the id {highest:,}, but the encoder {words:,} pieces."
        raise BundleError(Problem(tokenizer_path, what))


def size_of(config: Mapping[str, Any], what: str) -> int:
    """Return a size of an encoder: ``hidden_size``, ``layers``, ``intermediate_size``,
    ``vocabulary_size``; 0 where it does not say.
    """
    found = next((config[name] for name in _SIZES[what] if config.get(name) is not None), 0)
    return int(found) if is_whole(found, 1, _LARGEST) else 0


def padding_id(config: Mapping[str, Any]) -> int:
    """Return the id that pads a text."""
    found: Any = config.get("pad_token_id")
    return int(found) if is_whole(found, 0, _LARGEST) else 0


def most_tokens(config: Mapping[str, Any]) -> int | None:
    """Return how many tokens the encoder reads of a window at most; None: any number."""
    positions: Any = config.get("max_position_embeddings")
    if not is_whole(positions, 1, _LARGEST):
        return None
    offset = str(config["model_type"]).startswith(_FROM_PADDING)
    return int(positions) - (padding_id(config) + 1 if offset else 0)


def _config_problems(config: Any) -> Iterator[str]:
    if not isinstance(config, dict):
        yield f"got {shown(config)}, expected an object."
        return
    if not isinstance(config.get("model_type"), str):
        yield f"model_type: got {shown(config.get('model_type'))}, expected a name."
    for what in ("hidden_size", "layers", "vocabulary_size"):
        names = _SIZES[what]
        if not size_of(config, what):
            found = shown(next((config[name] for name in names if name in config), None))
            yield f"{names[0]}: got {found}, expected a size."
    if config.get("is_encoder_decoder"):
        yield "it is of an encoder with a decoder, of which the encoder cannot be told apart."
    if size_of(config, "layers") > _MOST_LAYERS:
        yield f"it has {size_of(config, 'layers'):,} layers, more than {_MOST_LAYERS:,}."


def _licence(directory: Path) -> str:
    """Return the licence that a README names in its front matter, as on Hugging Face."""
    try:
        with (directory / "README.md").open(encoding="utf-8", errors="replace") as file:
            start = file.read(4_096)
    except OSError:
        return "unknown"
    found = re.search(r"^license:[ \t]*([\w.+-]{1,60})[ \t]*$", start, flags=re.MULTILINE)
    return found[1] if found and start.startswith("---") else "unknown"
