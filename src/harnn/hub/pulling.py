"""A model pulled from a repository: nothing of it is in place before all of it is checked."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from harnn._files import atomic_directory, check_replaceable
from harnn._tables import shown
from harnn.bundle import layout, model_info
from harnn.bundle.checksums import read_checksums
from harnn.errors import BundleError, HubError, InputError, Problem
from harnn.hub.client import MOST_SMALL, asking, check_names, is_model_file, open_hub


class PulledModel(NamedTuple):
    """What a repository gave."""

    directory: Path
    commit: str
    """40 hexadecimal digits."""
    size: int
    """Bytes of all files."""
    left: tuple[str, ...]
    """Other files of the repository, which were not fetched."""


def pull_model(repository: str, out: str | Path, *, revision: str = "main") -> PulledModel:
    """Fetch a model that :func:`push_model` put there, and write it to *out*.

    Only the files that its list of checksums names are fetched, and none but arrays, graphs, JSON
    and the card; they stand in a temporary directory until the SHA-256 of each is known to be right
    and the model's settings are those of this version. An earlier model in *out* is replaced.

    Raises:
        ConfigError: names that no hub takes.
        BundleError: it is no model of harnn, is damaged, or names files that no model holds.
        HubError: the hub refuses, or is not reached.
        InputError: *out* holds something else than a model, or cannot be written.
        MissingExtraError: the extra ``hub`` is not installed.
    """
    check_names(repository, revision)
    out = Path(out)
    check_replaceable(out, layout.marker_of(out))
    hub = open_hub("Pulling a model")
    with asking(repository):
        found = hub.model_info(repository, revision=revision, files_metadata=True)
        commit = str(found.sha)
        sizes = {str(file.rfilename): int(file.size or 0) for file in found.siblings or ()}
    out.parent.mkdir(parents=True, exist_ok=True)
    with (
        atomic_directory(out, marker=layout.marker_of(out)) as temporary,
        tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name}.") as cache,
    ):
        fetch = _Fetching(hub, repository, commit, sizes, temporary, Path(cache))
        names = fetch.everything()
        size = sum((temporary / name).stat().st_size for name in names)
    return PulledModel(out, commit, size, tuple(sorted(sizes.keys() - names)))


class _Fetching(NamedTuple):
    """A commit whose files are fetched to a place."""

    hub: Any
    repository: str
    commit: str
    sizes: Mapping[str, int]
    """Of all files of the commit, bytes."""
    place: Path
    cache: Path

    def everything(self) -> set[str]:
        """Fetch a model, check it, and return the names of its files."""
        if layout.CHECKSUMS not in self.sizes:
            what = f"is no model of harnn: it has no {layout.CHECKSUMS}."
            raise BundleError(Problem(self.repository, what))
        self.fetch(layout.CHECKSUMS, most=MOST_SMALL)
        try:
            listed = read_checksums(self.place) or {}
            self.check_names(listed)
            for name in listed:
                self.fetch(name)
            names = {*listed, layout.CHECKSUMS}
            for name in (layout.CARD, layout.PROVENANCE):
                if name in self.sizes:
                    self.fetch(name, most=MOST_SMALL)
                    names.add(name)
            model_info(self.place)  # the SHA-256 of each file first
        except InputError as error:
            raise BundleError([self.told(problem) for problem in error.problems]) from None
        return names

    def check_names(self, listed: Mapping[str, str]) -> None:
        """Refuse a list that names what no model holds, or what is not there."""
        problems = [
            Problem(str(self.place / layout.CHECKSUMS), f"names {shown(name)}, which {what}.")
            for name in listed
            for what, wrong in (
                ("is no file of a model", not is_model_file(name)),
                ("the repository does not have", name not in self.sizes),
            )
            if wrong
        ]
        if problems:
            raise BundleError(problems)

    def fetch(self, name: str, *, most: int | None = None) -> None:
        """Write a file of the commit to the place; most: bytes that it may have."""
        size = self.sizes[name]
        if most is not None and size > most:
            what = f"has {size:,} bytes, expected at most {most:,}."
            raise BundleError(Problem(f"{self.repository}: {name}", what))
        with asking(self.repository):
            from huggingface_hub import hf_hub_download

            found = hf_hub_download(
                self.repository,
                name,
                revision=self.commit,
                cache_dir=self.cache,
                endpoint=self.hub.endpoint,
            )
        path = Path(os.path.realpath(found))
        if (got := path.stat().st_size) != size:
            what = f"{name}: {got:,} bytes came, but {size:,} were announced."
            raise HubError(Problem(self.repository, what, "Try again."))
        shutil.copyfile(path, self.place / name)
        path.unlink()

    def told(self, problem: Problem) -> Problem:
        """Return a problem with the repository in place of the temporary directory."""
        where = problem.where.replace(f"{self.place}{os.sep}", f"{self.repository}: ")
        return Problem(where.replace(str(self.place), self.repository), problem.what)
