"""A model directory pushed to a repository."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, NamedTuple

from harnn._files import read_model_json, read_model_text
from harnn._tables import shown
from harnn.bundle import ModelInfo, export_onnx, layout, model_info
from harnn.errors import BundleError, ConfigError, Problem
from harnn.hub.client import asking, check_names, is_model_file, open_hub
from harnn.hub.model_card import with_front_matter

ModelForm = Literal["harnn", "onnx", "huggingface"]
"""The directory as it is; exported; exported with the handler of an Inference Endpoint."""
_LICENCE = re.compile(r"[a-z0-9][a-z0-9.-]{0,49}")
_LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[A-Za-z0-9]{2,8})?")
_PLACE = re.compile(r"[/~].*/.*|[A-Za-z]:[/\\].*", re.DOTALL)
_MOST_PLACES = 5


class PushedModel(NamedTuple):
    """What a repository was given."""

    repository: str
    """With its owner."""
    revision: str
    commit: str
    """40 hexadecimal digits."""
    size: int
    """Bytes of all files."""
    places: tuple[str, ...]
    """Directories of this machine that the settings of the model name, which readers see."""


def push_model(
    directory: str | Path,
    repository: str,
    *,
    revision: str = "main",
    private: bool = True,
    form: ModelForm = "harnn",
    licence: str = "",
    languages: Sequence[str] = (),
    message: str = "",
) -> PushedModel:
    """Put a model into a repository, in one commit, and nothing else that lies in its directory.

    repository: ``NAME`` or ``OWNER/NAME``, made where there is none; *private* says who may read a
    new one, and changes nothing about one that is there. revision: a branch, made where there is
    none. licence: as the hub writes it, such as ``apache-2.0``; languages: codes, such as ``en``.

    Raises:
        BundleError: there is no model, it is damaged, or so old that it keeps no checksums.
        ConfigError: names that the hub does not take, or a form that the model cannot have.
        HubError: the hub refuses, or is not reached.
        MissingExtraError: the extra ``hub``, or what the form needs, is not installed.
    """
    check_names(repository, revision)
    _check_words(licence, languages)
    hub = open_hub("Pushing a model")
    info = model_info(directory)
    if not info.checked:
        what = "is so old that it keeps no checksums, by which who pulls it would know it."
        hint = "Write it anew: harnn.save_bundle(harnn.load_bundle(DIRECTORY), OTHER)."
        raise BundleError(Problem(str(directory), what, hint))
    with _in_form(info, form) as (place, names):
        name = repository.rpartition("/")[2]
        card = place / layout.CARD
        text = with_front_matter(
            read_model_text(card) if card.is_file() else f"# {name}\n",
            info,
            name,
            licence=licence,
            languages=languages,
        )
        files = {name: place / name for name in names if name != layout.CARD}
        size = sum(path.stat().st_size for path in files.values())
        with asking(repository):
            made = hub.create_repo(repository, private=private, exist_ok=True)
            if revision != "main":
                hub.create_branch(made.repo_id, branch=revision, exist_ok=True)
            commit = _commit(hub, made.repo_id, revision, files, text, message or f"Model {name}")
    return PushedModel(made.repo_id, revision, commit, size, tuple(_places(info)))


def _check_words(licence: str, languages: Sequence[str]) -> None:
    problems = []
    if licence and not _LICENCE.fullmatch(licence):
        what = f"got {shown(licence)}, expected a name as the hub writes it, such as apache-2.0."
        problems.append(Problem("the licence", what))
    problems += [
        Problem("the language", f"got {shown(code)}, expected a code, such as en or zh.")
        for code in languages
        if not _LANGUAGE.fullmatch(code)
    ]
    if problems:
        raise ConfigError(problems)


@contextmanager
def _in_form(info: ModelInfo, form: ModelForm) -> Iterator[tuple[Path, list[str]]]:
    """Yield the directory that is pushed, and which of its files are."""
    if form == "harnn":
        yield info.directory, _checked([file.name for file in info.files], str(info.directory))
        return
    with tempfile.TemporaryDirectory() as place:
        made = Path(place) / "model"
        if form == "onnx":
            export_onnx(info.directory, made)
        else:
            from harnn.flavours.huggingface import save_model

            save_model(info.directory, made)
        yield made, sorted(x.relative_to(made).as_posix() for x in made.rglob("*") if x.is_file())


def _checked(names: list[str], where: str) -> list[str]:
    """Refuse what whoever pulls the model would refuse.

    Raises:
        BundleError: a file cannot be one of a model.
    """
    strange = [name for name in names if not is_model_file(name)]
    if strange:
        what = f"holds {shown(strange[0])}, which is no file of a model."
        raise BundleError(Problem(where, what))
    return names


def _commit(
    hub: Any, repository: str, revision: str, files: dict[str, Path], card: str, message: str
) -> str:
    from huggingface_hub import CommitOperationAdd

    operations = [
        CommitOperationAdd(layout.CARD, card.encode("utf-8", "backslashreplace")),
        *(CommitOperationAdd(name, path) for name, path in files.items()),
    ]
    made = hub.create_commit(repository, operations, commit_message=message, revision=revision)
    return str(made.oid)


def _places(info: ModelInfo) -> Iterator[str]:
    """Yield, some of them, directories of this machine that the settings name."""
    pending, found = [read_model_json(info.directory / layout.CONFIG)], 0
    while pending and found < _MOST_PLACES:
        value = pending.pop()
        if isinstance(value, dict):
            pending += value.values()
        elif isinstance(value, list):
            pending += value
        elif isinstance(value, str) and _PLACE.fullmatch(value):
            found += 1
            yield value
