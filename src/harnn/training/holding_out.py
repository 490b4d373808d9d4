"""Validation documents out of the training documents, where nobody gives any."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from harnn.config import Config
from harnn.data import Documents, DocumentsPart, ReadingLog, SplitSettings
from harnn.data.split import hold_out
from harnn.errors import ConfigError
from harnn.taxonomy import Taxonomy
from harnn.training.events import Listener, Stage
from harnn.training.process import interruptible


def check_share(valid: Documents | float) -> None:
    """Raises:
    ConfigError: a share is not above 0 and below 1.
    """
    if isinstance(valid, int | float):  # no whole number is one
        problems = SplitSettings(test=0.0, valid=valid).check()
        if problems:
            raise ConfigError(problems)


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
        listener(Stage("\n".join(remarks)))
