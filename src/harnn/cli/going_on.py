"""``harnn train --init DIR --corrections F``: training goes on from a model."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from harnn._display import counted
from harnn._files import is_sqlite
from harnn.cli.comparison_tables import comparison_line, comparison_table
from harnn.cli.files import JSON, check_inputs, check_output, tell_written, write_json
from harnn.cli.screen import Console
from harnn.data import Document
from harnn.errors import ConfigError, DatabaseError, InputError, Problem
from harnn.taxonomy import Taxonomy

if TYPE_CHECKING:
    from harnn.evaluation import Changes
    from harnn.training import FitResult


@dataclass(frozen=True, slots=True)
class GoingOn:
    """What a training goes on from, and what it is to learn beside the documents."""

    init: Path | None = None
    """A model directory."""
    corrections: str = ""
    """A file of documents, or a database: a file of SQLite or an SQLAlchemy URL."""
    json_output: Path | None = None
    """Where the report is written."""

    def check(self, train: list[Path], others: list[Path]) -> None:
        """Refuse what cannot be done; others: what is read beside the training documents.

        Raises:
            ConfigError, InputError: there is nothing to learn from, or a place cannot be written.
        """
        if not train and not (self.init is not None and self.corrections):
            hint = "Give files with --train, or a model with --init and --corrections for it."
            raise ConfigError(Problem("--train", "there is nothing to train on.", hint))
        check_inputs(self.files, passes=2)
        check_output(self.json_output, JSON, [*train, *others, *self.files])

    @property
    def files(self) -> list[Path]:
        """The file of the corrections; none where a URL names a database, or there are none."""
        return [Path(self.corrections)] if self.corrections and not self._is_url else []

    @property
    def _is_url(self) -> bool:
        return "://" in self.corrections

    @property
    def is_database(self) -> bool:
        """Whether the corrections stand in a database."""
        if not self.files:
            return self._is_url
        (path,) = self.files
        if not path.is_file():  # whoever reads documents says what is wrong with it
            return False
        return is_sqlite(path)

    def read(self, taxonomy: Taxonomy, errors: Console) -> list[Path] | list[Document]:
        """Return the corrections as training takes them.

        Raises:
            DatabaseError: the database cannot be read, or has none for this taxonomy.
        """
        if self.is_database:
            return _read_database(self.corrections, taxonomy, errors)
        return self.files

    def show(self, result: FitResult, console: Console) -> None:
        """Show how the new model differs from the old one, and write it where it is wanted."""
        if result.changes is not None:
            _show_changes(result.changes, console)
        changes = None if result.changes is None else result.changes.to_dict()
        said = {
            "report": result.report.to_dict(),
            "documents": dict(result.documents),
            "contents": dict(result.contents),
            "changes": changes,
        }
        write_json(self.json_output, said)
        tell_written(console.print_line, {"report": self.json_output})


def refuse_beside_folds(going_on: GoingOn) -> None:
    """Raises:
    InputError: models of folds go on from nothing.
    """
    given = {
        "--init": going_on.init,
        "--corrections": going_on.corrections,
        "--json": going_on.json_output,
    }
    problems = [
        Problem(name, "cannot be given with --folds.", "Leave one of them out.")
        for name, value in given.items()
        if value
    ]
    if problems:
        raise InputError(problems)


def _read_database(place: str, taxonomy: Taxonomy, errors: Console) -> list[Document]:
    """Return each document with the labels given last: those that were settled in review, and the
    corrections of others; for this taxonomy alone.

    Raises:
        DatabaseError: see :meth:`GoingOn.read`.
    """
    from harnn.review import Corrections, Database, Review, models_in_review, named

    with closing(Database.open(place, make=False, reads=True)) as database:
        every = list(Corrections(database).read(last=True))
        models = models_in_review(database)
        settled = {model: list(Review.of(database, model).reviewed()) for model in models}
    ours = taxonomy.version
    corrected = [each.document for each in every if each.model.taxonomy_hash == ours]
    reviewed = [each for model in models if models[model] == ours for each in settled[model]]
    left = len(every) + sum(map(len, settled.values())) - len(corrected) - len(reviewed)
    if not corrected and not reviewed:
        others = f"; there are {left:,} for others" if left else ""
        what = f"there are no corrections for this taxonomy ({ours[:12]}){others}."
        raise DatabaseError(Problem("--corrections", what))
    if reviewed:
        errors.print_line(f"{counted(len(reviewed), 'document')} settled in review")
    if left:
        what = f"{counted(left, 'correction')} for other taxonomies left out"
        errors.print_line(f"{what}: harnn corrections writes those of one model")
    last = {(each.id, *each.text.items()): each for each in (*corrected, *reviewed)}
    return list(named(last.values()))


def _show_changes(changes: Changes, console: Console) -> None:
    console.print_line("CHANGES: A is the model that training went on from, B the new one")
    console.print(comparison_table(changes.comparison))
    console.print_line(comparison_line(changes.comparison))
    console.print_line(changes.verdict())
    for line in changes.lines():
        console.print_line(line)
