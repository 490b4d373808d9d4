"""Score an archive of documents: plan it, share it out, keep what is finished."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal, NamedTuple

import harnn
from harnn._optional import check_installed
from harnn.bundle import fingerprint
from harnn.decode import plain_options
from harnn.errors import ConfigError, Problem
from harnn.scoring.archive import Archive, check_place, open_archive
from harnn.scoring.local import score_here, score_in_processes
from harnn.scoring.planning import Partition, PlannedFile, plan_files
from harnn.scoring.scored import Form, ScoredPartition
from harnn.scoring.scorer import Scorer, ScorerSettings
from harnn.scoring.sources import find_sources

_DOCUMENTS = 20_480
"""Of a partition, about; as many whole blocks as have that together."""
_MOST_WARNINGS = 1_000
_MOST_PROCESSES = 4_096


class ScoringProgress(NamedTuple):
    """How far a scoring is."""

    state: Literal["planning", "scoring"]
    done: int
    """Files divided, or documents that have an answer or a reason why not."""
    total: int
    """Files, or documents as far as they were counted; blank lines are among them."""
    kept: int = 0
    """Documents among those done that were done before."""


@dataclass(frozen=True, slots=True)
class ScoringSummary:
    """What became of an archive."""

    documents: int
    """That have an answer."""
    failed: int
    """That have none, told in ``failed/``."""
    broken_files: int
    """That cannot be read to their end."""
    empty_files: int
    """Without any line or row."""
    files: int
    partitions: int
    kept_partitions: int
    """That were finished before."""
    changed_partitions: int
    """That were finished before, but of other documents."""
    seconds: float
    """Of this run, with planning and loading."""
    rate: float
    """Documents a second that this run answered."""
    model: str
    """See :func:`harnn.bundle.fingerprint`."""
    harnn: str
    """The version."""
    processes: int
    address: str | None
    """Of the Ray cluster."""
    warnings: tuple[Problem, ...] = ()
    """What was remarkable in reading documents, the first of it."""

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        plain = asdict(self)
        return plain | {
            "seconds": round(self.seconds, 3),
            "rate": round(self.rate, 1),
            "warnings": [str(each) for each in self.warnings],
        }


@dataclass(frozen=True, slots=True)
class Crew:
    """Who answers."""

    processes: int = 1
    """Processes of this machine, or actors of Ray."""
    address: str | None = None
    """Of a Ray cluster; ``auto``: the one that this machine is part of; None: this machine."""

    def check(self) -> None:
        """Raises:
        ConfigError: the number is out of range, or nobody listens at the address.
        MissingExtraError: Ray is not installed.
        """
        if not 1 <= self.processes <= _MOST_PROCESSES:
            what = f"got {self.processes}, expected 1 to {_MOST_PROCESSES:,}."
            raise ConfigError(Problem("processes", what))
        if self.address is not None:
            from harnn.scoring.on_ray import PURPOSE, check_reachable

            check_installed("ray", extra="ray", purpose=PURPOSE)
            check_reachable(self.address)


def score_archive(
    model: str | Path | ScorerSettings,
    given: Sequence[str | Path],
    out: str | Path,
    *,
    form: Form = "jsonl",
    partition: int | None = None,
    crew: Crew = Crew(),
    resume: bool = False,
    listener: Callable[[ScoringProgress], None] | None = None,
) -> ScoringSummary:
    """Answer all documents of an archive of any size, partition by partition.

    model: directory, or with options as :class:`ScorerSettings`. given: paths, patterns and URLs of
    JSON lines and Parquet, see :func:`find_sources`. out: a directory, see
    :mod:`harnn.scoring.archive`. partition: lines, or rows of Parquet, that are answered at once
    and become one file; None: some 20,000. resume: go on with what is there, if anything is.

    Answers are those of ``harnn predict``, in the order of the documents. Documents without an
    answer never end it: they stand in ``failed/`` with the reason, and are counted.

    Raises:
        ConfigError: options do not fit the model, each other or what is in *out* already.
        DocumentError: no documents are found.
        BundleError: the model cannot be read.
        InputError: *out* cannot be written, or somebody else writes it.
        WorkerError: some documents end every process that reads them.
        MissingExtraError: a package is not installed.
    """
    began = time.monotonic()
    settings = model if isinstance(model, ScorerSettings) else ScorerSettings(model=Path(model))
    out = Path(out)
    crew.check()
    if partition is not None and partition < 1:
        raise ConfigError(Problem("partition", f"got {partition}, expected 1 or more documents."))
    check_place(out, resume=resume)
    sources = find_sources(given)
    _refuse_own(sources, out)
    settings = replace(
        settings, model=settings.model.absolute(), model_hash=fingerprint(settings.model)
    )
    scorer = _try(settings, crew)
    size = partition or scorer.block * max(1, _DOCUMENTS // scorer.block)
    made_by = _made_by(scorer, settings, form, size)
    tell = listener or (lambda _progress: None)
    with open_archive(out, made_by, form=form, resume=resume) as archive:
        files = []
        for file in plan_files(sources, size, scorer.data, known=archive.known):
            files.append(file)
            tell(ScoringProgress("planning", len(files), len(sources)))
        changed = archive.start(made_by, files)
        settings = replace(settings, data=scorer.data)
        here = scorer if crew == Crew() else None
        del scorer  # others load it for themselves
        answered = _answer(archive, files, here, settings, crew, tell)
        seconds = time.monotonic() - began
        summary = _sum_up(archive, files, answered, seconds, changed, settings, crew)
        archive.finish(summary.to_dict())
    return summary


class _Answered(NamedTuple):
    """What one run did."""

    documents: int
    kept: int
    """Partitions that were finished before."""
    warnings: tuple[Problem, ...]


def _answer(
    archive: Archive,
    files: Sequence[PlannedFile],
    here: Scorer | None,
    settings: ScorerSettings,
    crew: Crew,
    tell: Callable[[ScoringProgress], None],
) -> _Answered:
    """Answer what is not finished; here: what answers in this process, if that does."""
    partitions = [each for file in files for each in file.partitions]
    left = [each for each in partitions if each.name not in archive.finished]
    kept = sum(each.documents + each.failed for each in archive.finished.values())
    total = kept + sum(each.part.rows for each in left)
    done, answered = kept, 0
    tell(ScoringProgress("scoring", done, total, kept))
    warnings: dict[Problem, None] = {}
    with closing(_share_out(left, here, settings, archive.form, crew)) as results:
        for scored in results:
            archive.add(scored)
            done, answered = done + scored.documents + scored.failed, answered + scored.documents
            tell(ScoringProgress("scoring", done, total, kept))
            if len(warnings) < _MOST_WARNINGS:
                warnings |= dict.fromkeys(scored.warnings)
    return _Answered(answered, len(partitions) - len(left), tuple(warnings)[:_MOST_WARNINGS])


def _sum_up(
    archive: Archive,
    files: Sequence[PlannedFile],
    answered: _Answered,
    seconds: float,
    changed: int,
    settings: ScorerSettings,
    crew: Crew,
) -> ScoringSummary:
    finished = archive.finished
    broken = [file for file in files if any(finished[x.name].broken for x in file.partitions)]
    return ScoringSummary(
        documents=sum(each.documents for each in finished.values()),
        failed=sum(each.failed for each in finished.values()),
        broken_files=len(broken),
        empty_files=sum(map(_is_empty, files)),
        files=len(files),
        partitions=sum(len(file.partitions) for file in files),
        kept_partitions=answered.kept,
        changed_partitions=changed,
        seconds=seconds,
        rate=answered.documents / seconds if seconds > 0 else 0.0,
        model=settings.model_hash,
        harnn=harnn.__version__,
        processes=crew.processes,
        address=crew.address,
        warnings=answered.warnings,
    )


def _share_out(
    partitions: Sequence[Partition],
    here: Scorer | None,
    settings: ScorerSettings,
    form: Form,
    crew: Crew,
) -> Generator[ScoredPartition]:
    if not partitions:
        return
    if here is not None:
        yield from score_here(partitions, here, form)
    elif crew.address is None:
        yield from score_in_processes(partitions, settings, form, crew.processes)
    else:
        from harnn.scoring.on_ray import score_on_ray

        yield from score_on_ray(partitions, settings, form, crew.processes, crew.address)


def _try(settings: ScorerSettings, crew: Crew) -> Scorer:
    """Load the model once where the work is shared out, so that what does not fit is told first.

    A device that workers of a cluster have need not be here.
    """
    if crew.address is not None:
        settings = replace(settings, speed=dict(settings.speed) | {"device": None})
    return Scorer.of(settings)


def _made_by(scorer: Scorer, settings: ScorerSettings, form: Form, size: int) -> dict[str, Any]:
    """Return what the files of answers depend on beside the documents."""
    reading = asdict(scorer.data)
    del reading["on_error"]  # it decides what the end is, not what is answered
    speed = {name: value for name, value in settings.speed.items() if name != "document_vectors"}
    vectors = settings.speed.get("document_vectors")
    return {
        "harnn": harnn.__version__,
        "model": settings.model_hash,
        "decoding": plain_options(settings.decoding),
        "reading": reading,
        "speed": speed | {"document_vectors": None if vectors is None else str(vectors)},
        "acceptance": None if scorer.filer is None else scorer.filer.digest(),
        "format": form,
        "partition": size,
    }


def _is_empty(file: PlannedFile) -> bool:
    [first, *others] = file.partitions
    return not others and first.part.end == 0


def _refuse_own(sources: Sequence[Any], out: Path) -> None:
    """Raises:
    ConfigError: answers would be read as documents.
    """
    place = out.resolve()
    for file in sources:
        if file.elsewhere is None and file.path.resolve().is_relative_to(place):
            what = f"is in {out}, where the answers go."
            raise ConfigError(Problem(file.name, what, "Choose another --out, or other documents."))
