"""The hub that is spoken to, and its refusals in our words."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from harnn import __version__
from harnn._display import reason_of
from harnn._optional import require
from harnn._tables import shown
from harnn.bundle import layout
from harnn.errors import ConfigError, HubError, Problem
from harnn.prediction.rerank_endpoint import is_this_machine

EXTRA = "hub"
_ENDPOINT = "HF_ENDPOINT"
_PART = r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,94}[A-Za-z0-9_])?"
_REPOSITORY = re.compile(rf"(?:{_PART}/)?{_PART}")
_REVISION = re.compile(r"(?!.*(?:\.\.|//|@\{))[A-Za-z0-9][\w./-]{0,199}", re.ASCII)
_FILE = re.compile(r"[A-Za-z0-9][\w.-]{0,99}\.(?:json|jsonl|safetensors|onnx|md)", re.ASCII)
_LOGIN = "Set HF_TOKEN, or log in with hf auth login."
_REASONS = {
    401: ("it does not know who asks.", _LOGIN),
    403: ("who asks may not do that.", "Give a token that may write, or another repository."),
    404: ("there is no such repository, revision or file, or who asks may not see it.", _LOGIN),
    409: ("somebody else changed it meanwhile.", "Try again."),
}
MOST_SMALL = 1 << 20
"""Bytes of a list of checksums, a card or a record."""


def open_hub(purpose: str) -> Any:
    """Return what speaks to the hub that ``HF_ENDPOINT`` names, by default Hugging Face's.

    The token is that of the library: ``HF_TOKEN``, or who logged in. It is never shown.

    Raises:
        MissingExtraError: the extra ``hub`` is not installed.
        ConfigError: a token would be sent to another machine without encryption.
    """
    library = require("huggingface_hub", extra=EXTRA, purpose=purpose)
    endpoint = os.environ.get(_ENDPOINT, "")
    if endpoint:
        parts = urlsplit(endpoint)
        here = parts.scheme == "http" and is_this_machine(parts.hostname or "")
        if not (parts.scheme == "https" and parts.hostname) and not here:
            what = f"got {shown(endpoint)}: tokens are sent by https, or to this machine alone."
            raise ConfigError(Problem(f"the variable {_ENDPOINT} of the environment", what))
    return library.HfApi(
        endpoint=endpoint.rstrip("/") or None, library_name="harnn", library_version=__version__
    )


def check_names(repository: str, revision: str) -> None:
    """Make sure that a repository and a revision can have these names.

    Raises:
        ConfigError: one cannot.
    """
    problems = []
    if not _REPOSITORY.fullmatch(repository) or "--" in repository or ".." in repository:
        what = f"got {shown(repository)}, expected NAME or OWNER/NAME of letters, digits, - _ and ."
        problems.append(Problem("the repository", what))
    if not _REVISION.fullmatch(revision):
        what = f"got {shown(revision)}, expected a branch, a tag or a commit."
        problems.append(Problem("the revision", what))
    if problems:
        raise ConfigError(problems)


def is_model_file(name: str) -> bool:
    """Whether a file of a model can be called like that: beside the others, and of their kinds."""
    return bool(_FILE.fullmatch(name)) or name in layout.FILES


@contextmanager
def asking(repository: str) -> Iterator[None]:
    """Say in our words what the hub refuses, or that it is not reached.

    Raises:
        HubError: it does.
    """
    import httpx2  # what the library speaks with
    from huggingface_hub.errors import (
        HfHubHTTPError,
        LocalEntryNotFoundError,
        LocalTokenNotFoundError,
    )

    try:
        yield
    except LocalTokenNotFoundError:
        raise HubError(Problem(repository, "the hub wants to know who asks.", _LOGIN)) from None
    except HfHubHTTPError as error:
        status = error.response.status_code
        what, hint = _REASONS.get(status, (f"{_of_hub(error)}.", ""))
        raise HubError(Problem(repository, f"the hub answers {status}: {what}", hint)) from None
    except (LocalEntryNotFoundError, httpx2.HTTPError, OSError) as error:
        if isinstance(error, OSError) and error.filename is not None:  # of this machine
            raise
        what = f"the hub cannot be reached: {reason_of(error)}."
        raise HubError(Problem(repository, what)) from None
    except (RuntimeError, ValueError, KeyError, TypeError) as error:
        what = f"the hub answers what is not understood: {reason_of(error)}."
        raise HubError(Problem(repository, what)) from None


def _of_hub(error: Any) -> str:
    """Return what the hub itself says, without addresses."""
    message = error.server_message or type(error).__name__
    return " ".join(str(message).split())[:300].rstrip(".")
