"""Validation documents out of the training documents, where nobody gives any."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

from harnn.config import Config, DataConfig
from harnn.data import (
    Document,
    Documents,
    DocumentsPart,
    ReadingLog,
    SplitSettings,
    correct_documents,
    given_documents,
)
from harnn.data.split import hold_out
from harnn.errors import ConfigError
from harnn.taxonomy import Taxonomy
from harnn.training.events import Listener, Stage
from harnn.training.process import interruptible
from harnn.training.reader import Reader


def check_share(valid: Documents | float) -> None:
    """Raises:
    ConfigError: a share is not above 0 and below 1.
    """
    if isinstance(valid, int | float):  # no whole number is one
        problems = SplitSettings(test=0.0, valid=valid).check()
        if problems:
            raise ConfigError(problems)


class Given(NamedTuple):
    """What a training reads."""

    train: Documents
    valid: Documents
    corrections: tuple[Document, ...] = ()
    """Documents with corrected labels, which are among both."""


def gather_documents(
    reader: Reader, train: Documents, valid: Documents | float, corrections: Documents
) -> Given:
    """Return training and validation documents, with corrections where they belong.

    What is held out for validation is the same with corrections and without.

    Raises:
        DocumentError: documents cannot be read, have unknown labels, or are too few.
        InterruptedError: a stop was asked for.
    """
    taxonomy, config = reader.taxonomy, reader.config
    hold = partial(
        given_or_held_out,
        taxonomy=taxonomy,
        config=config,
        listener=reader.listener,
        stopped=reader.stopped,
    )
    every = read_corrections(corrections, config.data)
    if not every:
        return Given(*hold(train, valid))
    last = tuple({each.id: each for each in every}.values())
    reader.counts["corrections"] = len(last)
    if isinstance(train, Sequence) and not len(train) and isinstance(valid, float):
        return Given(*hold(last, valid), last)
    train, valid = hold(train, valid)
    found = correct_documents(
        train, valid, every, taxonomy=taxonomy, config=config.data, stopped=reader.stopped
    )
    reader.listener(Stage(found.describe()))
    reader.counts["corrections_replaced"] = found.replaced
    return Given(found.train, found.valid, last)


def read_corrections(given: Documents, config: DataConfig) -> list[Document]:
    """Read corrections, which have the fields that harnn writes whatever others have.

    Raises:
        DocumentError: they cannot be read, or one has no id.
    """
    if isinstance(given, Sequence) and not len(given):
        return []
    fields = DataConfig(on_error=config.on_error, line_limit=config.line_limit)
    return list(given_documents(given, fields))


def given_or_held_out(
    train: Documents,
    valid: Documents | float,
    *,
    taxonomy: Taxonomy,
    config: Config,
    listener: Listener,
    stopped: Callable[[], bool] = bool,
) -> tuple[Documents, Documents]:
    """Return training and validation documents.

    valid: those for validation, or the share of the training documents that is held out for them,
    by ``training.seed``.

    Raises:
        DocumentError: documents cannot be read, have unknown labels, or are too few.
        InterruptedError: *stopped* said so.
    """
    if not isinstance(valid, float):
        return train, valid
    seed = config.training.seed
    log = ReadingLog()
    divide = partial(
        hold_out,
        train,
        valid,
        taxonomy=taxonomy,
        config=config.data,
        seed=seed,
        log=log,
        stopped=stopped,
    )
    kept, held_out = interruptible(divide, stopped)
    if not (isinstance(train, DocumentsPart) and train.is_told):
        tell(log, listener)
    listener(
        Stage(
            f"{len(held_out):,} of {len(kept) + len(held_out):,} training documents are held out "
            f"for validation: of every label its share, seed {seed}"
        )
    )
    return kept, held_out


def tell(log: ReadingLog, listener: Listener) -> None:
    """Tell what was remarkable, dropped or left out while documents were divided."""
    if remarks := log.lines():
        listener(Stage.of_reading("", remarks))
