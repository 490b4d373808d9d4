"""A directory of answers: what is finished stands there whole, and nothing is done twice.

==================  ===========================================================================
``manifest.json``   what made the answers: model, options, size of partitions; and the plan
``finished.jsonl``  a line for each finished partition, with a hash of what it was made from
``answers/``        a file for each finished partition
``failed/``         for partitions that have some: the documents without an answer, with reasons
``summary.json``    when all partitions are finished: counts, seconds, model
==================  ===========================================================================

One process writes it, whoever makes the answers. A partition's files take their places in one step
each before its line is written: what has no line is made again.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple, Self

from harnn._display import json_text
from harnn._files import (
    atomic_directory,
    check_replaceable,
    only_writer,
    remove_all_leftovers,
    write_atomically,
)
from harnn._tables import shown
from harnn.errors import ConfigError, InputError, Problem, cannot_read, cannot_write
from harnn.scoring.planning import PlannedFile
from harnn.scoring.scored import Form, ScoredPartition

MANIFEST = "manifest.json"
SUMMARY = "summary.json"
ANSWERS = "answers"
FAILED = "failed"
_FINISHED = "finished.jsonl"
_FORMAT = 1
_MOST_MANIFEST = 1 << 30
"""Bytes."""
_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*")
"""Of a partition; nothing that leads to another directory."""
_SHOWN = 5


class Finished(NamedTuple):
    """A partition whose answers are there."""

    name: str
    digest: str
    """Of what it was made from."""
    size: int
    """Bytes of its answers."""
    documents: int
    failed: int
    broken: bool
    """Whether its file could not be read on."""

    @classmethod
    def read(cls, line: bytes) -> Self | None:
        """Return what a line says; None where it says nothing."""
        try:
            plain = json.loads(line)
            found = cls(**{name: plain[name] for name in cls._fields})
        except (ValueError, TypeError, KeyError, RecursionError):
            return None
        texts = isinstance(found.name, str) and isinstance(found.digest, str)
        numbers = all(type(each) is int for each in (found.size, found.documents, found.failed))
        fits = texts and numbers and isinstance(found.broken, bool)
        return found if fits and _NAME.fullmatch(found.name) else None


class Archive:
    """The directory of a scoring; made by :func:`open_archive`."""

    def __init__(self, directory: Path, form: Form) -> None:
        self.directory, self.form = directory, form
        self.finished: dict[str, Finished] = {}
        self.known: list[dict[str, Any]] = []
        """The plan that it was made by; see :meth:`PlannedFile.to_dict`."""

    def start(self, made_by: Mapping[str, Any], files: Sequence[PlannedFile]) -> int:
        """Take note of the plan, and return how many partitions were finished but are made again,
        because their documents changed. Answers of rows that a file has no more are removed, and
        those of a file that could not be read to its end, which another time may be read.

        Raises:
            ConfigError: there are answers of files that are not given.
            InputError: it cannot be written.
        """
        given = {each.to_dict()["file"] for each in files}
        gone = [str(each["file"]) for each in self.known if each["file"] not in given]
        if gone and self.finished:
            named = ", ".join(shown(name) for name in gone[:_SHOWN])
            more = f" and {len(gone) - _SHOWN:,} more" if len(gone) > _SHOWN else ""
            what = f"holds answers of documents that are not given now: {named}{more}."
            hint = "Repeat --data as it was (more files may come), or choose another --out."
            raise ConfigError(Problem(str(self.directory), what, hint))
        planned = {each.name: each for file in files for each in file.partitions}
        changed = 0
        for name, finished in list(self.finished.items()):
            partition = planned.get(name)
            same = partition is not None and partition.part.digest == finished.digest
            if same and not finished.broken:
                continue
            del self.finished[name]
            changed += partition is not None and not finished.broken
            self._answers(name).unlink(missing_ok=True)
            self._failures(name).unlink(missing_ok=True)
        plan = [each.to_dict() for each in files]
        manifest = {"format": _FORMAT, "made_by": dict(made_by), "files": plan}
        if not (self.directory / MANIFEST).exists():
            with atomic_directory(self.directory, marker=MANIFEST) as new:
                _write_manifest(new, manifest)
        places = [self.directory / ANSWERS, self.directory / FAILED]
        with _told(self.directory):
            (self.directory / SUMMARY).unlink(missing_ok=True)
            for place in places:
                place.mkdir(exist_ok=True)
        for place in (self.directory, *places):
            remove_all_leftovers(place)
        _write_manifest(self.directory, manifest)
        with write_atomically(self.directory / _FINISHED) as file:
            file.writelines(f"{_line(each)}\n" for each in self.finished.values())
        return changed

    def add(self, scored: ScoredPartition) -> None:
        """Put the answers of a partition in their place.

        Raises:
            InputError: they cannot be written.
        """
        name = scored.partition.name
        with write_atomically(self._answers(name), "wb") as file:
            file.write(scored.answers)
        if scored.failures:
            with write_atomically(self._failures(name)) as file:
                file.writelines(f"{json_text(each.to_dict())}\n" for each in scored.failures)
        else:
            self._failures(name).unlink(missing_ok=True)
        finished = Finished(
            name,
            scored.partition.part.digest,
            len(scored.answers),
            scored.documents,
            scored.failed,
            scored.broken,
        )
        with _told(self.directory), (self.directory / _FINISHED).open("a") as file:
            file.write(f"{_line(finished)}\n")
        self.finished[name] = finished

    def finish(self, summary: Mapping[str, Any]) -> None:
        """Write the summary.

        Raises:
            InputError: it cannot be written.
        """
        with write_atomically(self.directory / SUMMARY) as file:
            file.write(json_text(dict(summary), indent=1) + "\n")

    def read(self, made_by: Mapping[str, Any]) -> None:
        """Read what was finished before.

        Raises:
            ConfigError: it was made by another model, or with other options.
            InputError: it cannot be read.
        """
        path = self.directory / MANIFEST
        plain = _read_manifest(path)
        before, now = plain["made_by"], json.loads(json_text(dict(made_by)))
        if before != now:
            raise ConfigError(Problem(str(self.directory), *_difference(before, now)))
        self.known = plain["files"]
        try:
            lines = (self.directory / _FINISHED).read_bytes().split(b"\n")
        except FileNotFoundError:
            return
        except OSError as error:
            raise InputError(cannot_read(self.directory / _FINISHED, error)) from None
        for line in lines:
            found = Finished.read(line)
            if found is not None and self._is_there(found):
                self.finished[found.name] = found

    def _is_there(self, finished: Finished) -> bool:
        try:
            return self._answers(finished.name).stat().st_size == finished.size
        except (OSError, ValueError):
            return False

    def _answers(self, name: str) -> Path:
        return self.directory / ANSWERS / f"{name}.{self.form}"

    def _failures(self, name: str) -> Path:
        return self.directory / FAILED / f"{name}.jsonl"


@contextmanager
def open_archive(
    directory: Path, made_by: Mapping[str, Any], *, form: Form, resume: bool
) -> Iterator[Archive]:
    """Open a directory of answers, whose only writer this is.

    made_by: plain values that must be the same for answers to fit together. resume: go on with what
    is there, if anything is.

    Raises:
        ConfigError: there is something and *resume* is not wanted, or it does not fit.
        InputError: the directory is something else or cannot be written, or somebody else writes
            it.
    """
    check_place(directory, resume=resume)
    directory.parent.mkdir(parents=True, exist_ok=True)
    with only_writer(directory):
        check_place(directory, resume=resume)
        archive = Archive(directory, form)
        if (archive.directory / MANIFEST).exists():
            archive.read(made_by)
        yield archive


def check_place(directory: Path, *, resume: bool) -> None:
    """Refuse a directory that cannot be written, before any work is done.

    Raises:
        ConfigError, InputError: see :func:`open_archive`.
    """
    check_replaceable(directory, MANIFEST)
    if resume or not (directory / MANIFEST).exists():
        return
    done = (directory / SUMMARY).exists()
    what = "holds the answers of a scoring that " + ("is finished." if done else "was stopped.")
    hint = "Go on with --resume, choose another --out, or remove it to start again."
    raise ConfigError(Problem(str(directory), what, hint))


def _write_manifest(directory: Path, manifest: Mapping[str, Any]) -> None:
    with write_atomically(directory / MANIFEST) as file:
        file.write(json_text(dict(manifest)))


def _read_manifest(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > _MOST_MANIFEST:
            raise ValueError("too large")
        plain = json.loads(path.read_bytes())
        files = plain["files"]
        fits = plain["format"] == _FORMAT and isinstance(plain["made_by"], dict)
        fits = fits and all(isinstance(each["file"], str) for each in files)
        fits = fits and all({"version", "parts"} <= each.keys() for each in files)
    except OSError as error:
        raise InputError(cannot_read(path, error)) from None
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        fits = False
    if not fits:
        what = "is damaged, or of another version of harnn."
        raise InputError(Problem(str(path), what, "Remove the directory to start again."))
    return dict(plain)


def _difference(before: Mapping[str, Any], now: Mapping[str, Any]) -> tuple[str, str]:
    """Return what differs between what made answers and what is to make more, and a hint."""
    hint = "Repeat the command that made them, or choose another --out."
    if before.get("model") != now.get("model"):
        return "holds answers of another model.", hint
    differing = [
        f"{name} was {shown(_at(before, name))}, now {shown(_at(now, name))}"
        for name in dict.fromkeys([*_flat(before), *_flat(now)])
        if _at(before, name) != _at(now, name)
    ]
    more = f" and {len(differing) - _SHOWN} more" if len(differing) > _SHOWN else ""
    told = "; ".join(differing[:_SHOWN])
    return f"holds answers that were made with other options: {told}{more}.", hint


def _flat(table: Mapping[str, Any]) -> list[str]:
    names = []
    for name, value in table.items():
        names += [f"{name}.{key}" for key in value] if isinstance(value, dict) else [name]
    return names


def _at(table: Mapping[str, Any], name: str) -> Any:
    head, _, tail = name.partition(".")
    value = table.get(head)
    return value.get(tail) if tail and isinstance(value, dict) else value


def _line(finished: Finished) -> str:
    return json_text(finished._asdict())


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """Say which place could not be written."""
    try:
        yield
    except OSError as error:
        raise InputError(cannot_write(error.filename or path, error)) from None
