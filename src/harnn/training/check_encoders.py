"""What is wrong with the encoders that settings name, told without torch; errors put together."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NoReturn

from harnn._optional import check_installed
from harnn._tables import shown
from harnn.branches.transformer.encoder import (
    EXTRA,
    LIBRARY,
    EncoderFiles,
    find_encoder,
    missing_commands,
    read_encoder,
)
from harnn.branches.transformer.pieces import read_piece_tokenizer
from harnn.config import Config, ModelConfig
from harnn.errors import ConfigError, HarnnError, InputError, MissingExtraError, Problem
from harnn.text import SentenceFiles, require_minilm, require_text_vectors
from harnn.text.sentence_files import find_minilm
from harnn.training.plan import may_read_text_vectors
from harnn.training.plan_transformer import transformer_problems


def check_encoders(config: Config) -> None:
    """Refuse settings whose encoders are not there.

    Raises:
        InputError, MissingExtraError: as :func:`harnn.training.check_before`.
    """
    found = list(wrong_with_text_encoder(config))
    try:
        if needs_transformer(config.model):
            check_transformer(config)
    except HarnnError as error:
        found.append(error)
    if found:
        raise_all(found)


def needs_transformer(model: ModelConfig) -> bool:
    """Whether the settings want an encoder to fine-tune that is there, or cannot do without."""
    setting = model.transformer
    return setting != "off" and (setting != "auto" or not missing_commands())


def check_transformer(config: Config) -> EncoderFiles:
    """Make sure that there is the transformer, and that the settings fit it.

    Raises:
        MissingExtraError, ConfigError: it cannot be used.
    """
    setting, purpose = config.model.transformer, "A transformer encoder"
    found = [
        *missing(lambda: find_encoder(setting)),
        *missing(lambda: check_installed(LIBRARY, extra=EXTRA, purpose=purpose)),
    ]
    if found:
        raise_all(found)
    files = read_encoder(setting)
    before, after = read_piece_tokenizer(files.tokenizer, str(files.directory)).around
    problems = transformer_problems(files, len(before) + len(after), config.transformer)
    if problems:
        raise ConfigError([Problem("", problem) for problem in problems])
    return files


def wrong_with_text_encoder(config: Config) -> Iterator[HarnnError]:
    """Say what is wrong with an encoder of whole texts that settings name, or cannot do without."""
    if not may_read_text_vectors(config.model):
        return
    name, layers = config.text.text_encoder, config.text.layers
    if layers and name in ("auto", "minilm") and (found := find_minilm()) is not None:
        yield from _wrong_layers(layers, SentenceFiles.read(found[0]))
    if name in ("minilm", "static"):
        yield from missing(require_minilm)
    elif name not in ("auto", "use"):
        where = "text.text_encoder"
        if not name or not Path(name).is_dir():
            expected = "expected auto, minilm, use, static or the path of a directory."
            yield ConfigError(Problem(where, f"got {shown(name)}, {expected}"))
            return
        try:
            yield from _wrong_layers(layers, SentenceFiles.read(Path(name)))
        except InputError as error:
            yield ConfigError([Problem(where, str(problem)) for problem in error.problems])
    elif config.model.text_vectors == "on":
        yield from missing(require_text_vectors)


def _wrong_layers(layers: tuple[int, ...], files: SentenceFiles) -> Iterator[ConfigError]:
    """Say where a layer is to be read that an encoder does not have."""
    if layers and layers[-1] > files.layers > 0:
        what = f"got {layers[-1]}, expected at most {files.layers}: {files.directory} has no more."
        yield ConfigError(Problem("text.text_encoder_layers", what))


def missing(load: Callable[[], object]) -> Iterator[MissingExtraError]:
    """Yield what *load* says is not installed."""
    try:
        load()
    except MissingExtraError as error:
        yield error


def raise_all(found: Sequence[HarnnError]) -> NoReturn:
    """Raise several errors as one; of one kind as its own subclass.

    Raises:
        HarnnError: them.
    """
    if len(found) == 1:
        raise found[0]
    if all(isinstance(each, MissingExtraError) for each in found):
        raise MissingExtraError("\n".join(dict.fromkeys(map(str, found))))
    kinds = {type(each) for each in found}
    kind = kinds.pop() if len(kinds) == 1 else InputError
    assert issubclass(kind, InputError)
    raise kind([problem for each in found for problem in _problems_of(each)])


def _problems_of(error: HarnnError) -> Sequence[Problem]:
    return error.problems if isinstance(error, InputError) else [Problem("", str(error))]
