"""Models that were trained with a table of wrong spellings of labels: others meet these again."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

from harnn.bundle.bundle import Bundle
from harnn.config import DataConfig
from harnn.errors import DocumentError
from harnn.text.encoders import sha256_of

FIXES = "fixes"
"""What the table is called among the contents of a model."""
_UNKNOWN = "unknown label "
_OPTION, _SETTING = "--fixes", "data.fixes="


def contents_of_fixes(config: DataConfig) -> dict[str, str]:
    """Return the SHA-256 of the table of ``data.fixes``, for the contents of a model, if there is
    one.
    """
    if not config.fixes:
        return {}
    try:
        return {FIXES: sha256_of(Path(config.fixes))}
    except OSError:  # it was read before
        return {}


@contextmanager
def telling_of_fixes(bundle: Bundle, settings: DataConfig) -> Iterator[None]:
    """Say within a block, where labels of documents are unknown, that the model was trained with a
    table of fixes and *settings* have none.

    Raises:
        DocumentError: the same that the block raises.
    """
    try:
        yield
    except DocumentError as error:
        if settings.fixes or FIXES not in bundle.contents:
            raise
        problems = list(error.problems)
        at = next((n for n, x in enumerate(problems) if x.what.startswith(_UNKNOWN)), None)
        if at is None:
            raise
        told = f"{problems[at].hint} The model was trained with a table of fixes{_name(bundle)}: "
        hint = f"{told}give it with --fixes (data.fixes).".lstrip()
        problems[at] = dataclasses.replace(problems[at], hint=hint)
        raise DocumentError(problems) from error.__cause__


def _name(bundle: Bundle) -> str:
    """Return what the table was called, as far as the command of the training says it."""
    steps = bundle.provenance.steps if bundle.provenance is not None else ()
    for step in reversed(steps):
        words = [*step.call, ""]
        for word, following in pairwise(words):
            option, equals, value = word.partition("=")
            name = value if option == _OPTION and equals else ""
            name = following if word == _OPTION else name
            name = word.removeprefix(_SETTING) if word.startswith(_SETTING) else name
            if name:
                return f", {name}"
    return ""
