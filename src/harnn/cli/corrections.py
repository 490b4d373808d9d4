"""``harnn corrections``: what people corrected, as documents for training."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from harnn._display import counted
from harnn.cli.files import check_output, tell_written
from harnn.cli.models import choose_name
from harnn.cli.screen import say
from harnn.data.writing import check_rows_place, write_rows
from harnn.errors import DatabaseError, Problem
from harnn.review import Corrections, Database, models_in_review, training_documents


def write_corrections(database: str, output: Path, model: str | None) -> None:
    """Write each document with the labels that were given last.

    Raises:
        ConfigError, InputError: nothing can be written there.
        DatabaseError: the database cannot be read, has no corrections, or those of several models.
    """
    check_rows_place(output)
    check_output(output, (), [] if "://" in database else [Path(database)])
    with closing(Database.open(database, make=False, reads=True)) as kept:
        corrections = Corrections(kept)
        counts = corrections.count()
        if not counts and models_in_review(kept):
            what = "holds documents in review, and no corrections of others."
            hint = "Write what people settled with harnn review export."
            raise DatabaseError(Problem(kept.shown, what, hint))
        name = choose_name(list(counts), model, "corrections")
        found = corrections.read(model=name, last=True)
        written = write_rows(training_documents(found), output)
    documents, given = counted(written, "document"), counted(counts[name], "correction")
    say(f"{documents} with the labels given last, of {given} for {name}.")
    tell_written(say, {"documents": output})
