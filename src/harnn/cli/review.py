"""What the commands ``harnn review ...`` do, in terms of the library."""

from __future__ import annotations

import dataclasses
import getpass
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from rich.table import Table

from harnn._display import counted, json_text, printable
from harnn.bundle import fingerprint, load_bundle
from harnn.bundle.layout import CONFIG
from harnn.cli.answer_bar import answer_bar, count_documents
from harnn.cli.files import check_inputs, check_output, tell_written
from harnn.cli.models import choose_name, open_model
from harnn.cli.problems import reading
from harnn.cli.screen import Console, plain, say
from harnn.cli.taxonomies import TaxonomyChoice
from harnn.data import Document, read_documents
from harnn.data.writing import check_rows_place, write_rows
from harnn.errors import DatabaseError
from harnn.metrics import wilson_interval
from harnn.review import (
    Corrections,
    Database,
    EnqueueOptions,
    ModelState,
    Review,
    Summary,
    models_in_review,
    named,
    with_corrections,
)
from harnn.serve.settings import ModelPlace

_ENTRIES_AT_ONCE = 1_000
_SHOWN_LABELS = 10
_SECONDS_BETWEEN_LINES = 10.0
"""That tell how far ``review add`` is where there is no terminal to draw on."""


def add(
    model: str, data: Sequence[Path], database: str, *, settings: Sequence[str], **options: Any
) -> None:
    """Put documents into review; options: those of :class:`EnqueueOptions`.

    Raises:
        InputError: what is given cannot be used; most of it is checked before any work is done.
    """
    check_inputs(data)
    place = ModelPlace.parse(model)
    predictor, knobs = open_model(place.directory, settings)
    taxonomy = predictor.taxonomy
    state = ModelState(place.name, fingerprint(place.directory), taxonomy.version)
    with (
        Review.open(database, taxonomy=taxonomy, model=place.name) as review,
        reading(knobs) as log,
        answer_bar(Console(stderr=True), lambda: count_documents(list(data)), shown=True) as bar,
    ):
        found = review.enqueue(
            predictor,
            read_documents(data, knobs, log=log, labelled=False),
            model=state,
            person=_who(),
            options=EnqueueOptions(**options),
            done=bar.advance if bar.shown else _Lines(data).advance,
        )
    known = f"; {found.known:,} were there already" if found.known else ""
    say(f"{counted(len(found.added), 'document')} of {place.name} put into review{known}.")


class _Lines:
    """How far documents are prepared, a line now and then, where no bar is shown."""

    def __init__(self, data: Sequence[Path]) -> None:
        self._all = count_documents(list(data))
        self._done, self._told = 0, time.monotonic()

    def advance(self, documents: int) -> None:
        """Count documents that are prepared now."""
        self._done += documents
        if time.monotonic() - self._told >= _SECONDS_BETWEEN_LINES:
            self._told = time.monotonic()
            of = "" if self._all is None else f" of {self._all:,}"
            say(f"{self._done:,}{of} documents scored")


def show_status(database: str, model: str | None) -> None:
    """Print how many documents are in which state.

    Raises:
        DatabaseError: the database cannot be read, or nothing is in review.
    """
    with _reviews(database) as kept:
        names = _names(kept)
        for name in [choose_name(names, model, _THINGS)] if model else names:
            _show_summary(name, Review.of(kept, name).summary(""))


def _show_summary(name: str, found: Summary) -> None:
    console = Console()
    console.print_line(f"{name}: {counted(found.total, 'document')} in review")
    for count, what in (
        (found.open, "open"),
        (found.annotated, "wait for a second reading"),
        (found.disputed, "disputed"),
        (found.set_aside, "set aside"),
        (found.done, "done"),
        (found.as_model, "of these as the model said"),
        (found.none_fits, "of these with no label that fits"),
    ):
        console.print_line(f"{count:>9,} {what}")
    for what, seconds in (
        ("Median time of a reading", found.median_seconds),
        ("Median time of a blind one", found.median_seconds_blind),
        ("About left", found.about_left_seconds),
    ):
        if seconds is not None:
            console.print_line(f"{what}: {_time(seconds)}")


def export(
    database: str, output: Path, model: str | None, since: datetime | None, *, everything: bool
) -> None:
    """Write the documents that are done.

    Raises:
        ConfigError, InputError: nothing can be written there.
        DatabaseError: the database cannot be read, or nothing is in review.
    """
    check_rows_place(output)
    check_output(output, (), [] if "://" in database else [Path(database)])
    with _reviews(database) as kept:
        name = choose_name(list(models_in_review(kept)), model, _THINGS)
        found: Iterable[Document] = Review.of(kept, name).reviewed(since)
        if everything:
            found = with_corrections(found, Corrections(kept), name)
        written = write_rows(named(found), output)
    more = ", with those that were corrected" if everything else ""
    say(f"{counted(written, 'document')} with the labels that people settled{more}.")
    tell_written(say, {"documents": output})


def verify(database: str, head: str | None) -> None:
    """Say whether the log is whole.

    Raises:
        DatabaseError: it is not, or the database cannot be read.
    """
    with _reviews(database) as kept:
        names = _names(kept)
        reviews = [Review.of(kept, name) for name in names]
        problems = list(reviews[0].verify(head))
        for review in reviews[1:]:
            problems += review.verify_items()
        if problems:
            raise DatabaseError(problems)
        count, newest = reviews[0].head()
    say(f"{count:,} {'entry' if count == 1 else 'entries'}, all as they were written.")
    print(newest)
    say("Note this hash elsewhere: with --head it shows whether all was written anew.")


def show_agreement(database: str, model: str | None) -> None:
    """Print how far two readers agree.

    Raises:
        DatabaseError: the database cannot be read, or nothing is in review.
    """
    with _one(database, model) as review:
        found = review.agreement()
    if not found.documents:
        say("Nobody has read a document a second time yet.")
        return
    interval = found.interval or wilson_interval(found.equal, found.documents)
    low, high = (f"{100 * each:.1f}" for each in interval)
    console = Console()
    console.print_line(
        f"{found.equal:,} of {counted(found.documents, 'document')} with the same labels in both "
        f"readings: {100 * (found.share or 0):.1f}% (95% interval {low} to {high})"
    )
    for what, value in (
        ("Cohen's kappa of single labels", found.kappa),
        ("Krippendorff's alpha of label sets (MASI)", found.alpha),
        ("Hierarchical F1 of one reading by the other", found.hierarchical_f1),
    ):
        console.print_line(f"{what}: {'not measured' if value is None else f'{value:.3f}'}")
    table = Table(title="Labels that readers disagree about most")
    for heading in ("label", "both", "first alone", "second alone", "kappa"):
        table.add_column(heading, justify="left" if heading == "label" else "right")
    disputed = [each for each in found.labels if each.first + each.second][:_SHOWN_LABELS]
    for each in disputed:
        kappa = "" if each.kappa is None else f"{each.kappa:.2f}"
        numbers = (f"{each.both:,}", f"{each.first:,}", f"{each.second:,}", kappa)
        table.add_row(plain(each.name), *numbers)
    if disputed:
        console.print(table)


def show_anchoring(database: str, model: str | None) -> None:
    """Print how far the model's answer sways readers.

    Raises:
        DatabaseError: the database cannot be read, or nothing is in review.
    """
    with _one(database, model) as review:
        found = review.anchoring()
    for what, kind in (("Answer shown", found.shown), ("Answer hidden", found.blind)):
        if kind.share is not None and kind.interval is not None:
            low, high = (f"{100 * each:.1f}" for each in kind.interval)
            Console().print_line(
                f"{what}: {kind.as_model:,} of {counted(kind.documents, 'document')} with the "
                f"model's labels, {100 * kind.share:.1f}% (95% interval {low} to {high})"
            )
    Console().print_line(found.sentence)


def write_log(database: str, after: int, item: int | None) -> None:
    """Print entries as JSON lines.

    Raises:
        DatabaseError: the database cannot be read, or nothing is in review.
    """
    with _reviews(database) as kept:
        review = Review.of(kept, _names(kept)[0])
        while some := review.log(after, _ENTRIES_AT_ONCE, item=item):
            for entry in some:
                row = dataclasses.asdict(entry) | {"moment": entry.moment.isoformat()}
                print(json_text(row))
            after = some[-1].number


def retire(database: str, taxonomy: TaxonomyChoice, model: str | None) -> None:
    """Go on under a new taxonomy.

    Raises:
        DatabaseError: the database cannot be read, or nothing is in review.
        TaxonomyError, BundleError: the taxonomy cannot be read.
    """
    path = taxonomy.path
    assert path is not None
    is_model = (path / CONFIG).is_file()
    new = load_bundle(path).taxonomy if is_model else taxonomy.read(path)
    with _one(database, model, reads=False) as review:
        found = review.retire(new, _who())
    labels = counted(len(found.labels), "label")
    shown = ", ".join(found.labels[:_SHOWN_LABELS])
    more = ", …" if len(found.labels) > _SHOWN_LABELS else ""
    what = f"{labels} retired ({shown}{more})" if found.labels else "No label in use is retired"
    say(f"{what}; {counted(len(found.queued), 'document')} queued again.")


_THINGS = "documents in review"


@contextmanager
def _reviews(place: str, *, reads: bool = True) -> Iterator[Database]:
    database = Database.open(place, make=False, reads=reads)
    try:
        yield database
    finally:
        database.close()


@contextmanager
def _one(place: str, model: str | None, *, reads: bool = True) -> Iterator[Review]:
    with _reviews(place, reads=reads) as database:
        yield Review.of(database, choose_name(list(models_in_review(database)), model, _THINGS))


def _names(database: Database) -> list[str]:
    """Return the models in review, at least one."""
    names = list(models_in_review(database))
    if not names:
        raise DatabaseError(f"There are no {_THINGS} yet.")
    return names


def _who() -> str:
    """Return who runs this command, for the log."""
    try:
        return printable(getpass.getuser())[:100]
    except (KeyError, OSError):  # no name of this user is known
        return ""


def _time(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.0f} h"
