"""``harnn push`` and ``harnn pull``: models on a hub."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from harnn.cli.files import check_directory
from harnn.cli.screen import Console, say
from harnn.hub import ModelForm, pull_model, push_model


def push(
    model: Path,
    repository: str,
    *,
    revision: str,
    public: bool,
    form: ModelForm,
    licence: str,
    languages: Sequence[str],
    message: str,
) -> None:
    """Push a model and say where it is.

    Raises:
        HarnnError: see :func:`harnn.push_model`.
    """
    done = push_model(
        model,
        repository,
        revision=revision,
        private=not public,
        form=form,
        licence=licence,
        languages=languages,
        message=message,
    )
    for place in done.places:
        say(f"Note: the settings of the model name {place}, which everybody sees who reads it.")
    Console().print_line(
        f"{model}/ is in {done.repository}, revision {done.revision}, commit {done.commit}: "
        f"{done.size / 1e6:,.1f} MB. harnn pull {done.repository} --out DIR fetches it."
    )


def pull(repository: str, out: Path, *, revision: str, overwrite: bool) -> None:
    """Pull a model and say what it is.

    Raises:
        HarnnError: see :func:`harnn.pull_model`.
    """
    check_directory(out, overwrite=overwrite)
    done = pull_model(repository, out, revision=revision)
    if done.left:
        some = ", ".join(done.left[:5]) + (", ..." if len(done.left) > 5 else "")
        say(f"Note: not fetched, since no part of the model: {some}")
    Console().print_line(
        f"{repository}, commit {done.commit}, is in {out}/: {done.size / 1e6:,.1f} MB, and the "
        f"SHA-256 of each file is right. harnn info {out} says what it is."
    )
