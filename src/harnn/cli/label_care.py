"""``harnn validate --suggest``: wrong spellings of labels, with what may be meant."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from harnn._display import counted
from harnn.cli.files import check_output
from harnn.config import DataConfig
from harnn.data import suggest_fixes, write_suggestions
from harnn.errors import ConfigError, Problem
from harnn.taxonomy import Taxonomy

FIXES = (".tsv", ".csv", ".jsonl")


def check_suggestions(path: Path | None, inputs: Sequence[Path], taxonomy: Path | None) -> None:
    """Refuse what could not be written, before any work is done.

    Raises:
        ConfigError: there is no taxonomy to hold labels to, or the suffix is none that is written.
        InputError: the place cannot be written.
    """
    if path is None:
        return
    if taxonomy is None:
        what = "needs a taxonomy, which says what labels there are; give it with --taxonomy."
        raise ConfigError(Problem("--suggest", what))
    check_output(path, FIXES, [*inputs, taxonomy])


def write_label_suggestions(
    data: Sequence[Path], taxonomy: Taxonomy, config: DataConfig, path: Path
) -> str:
    """Write the table, and return what is to be said of it."""
    found = suggest_fixes(data, taxonomy, config)
    flattened = write_suggestions(found, path)
    empty = sum(not each.suggestion for each in found)
    said = f"{counted(len(found), 'label')} not in the taxonomy."
    if empty:
        has = "has no suggestion" if empty == 1 else "have no suggestion"
        said += f" {counted(empty, 'label')} {has}; "
        said += "as long as that cell is empty --fixes drops the label."
    separators = Counter(each.separator for each in found if each.parts)
    for separator, count in separators.most_common():
        seems = "seems to be several" if count == 1 else "seem to be several each"
        said += f" {counted(count, 'label')} {seems}; in a table "
        said += f"--label-separator {separator!r} reads them."
    if flattened:
        said += f" {flattened:,} cells with tabs or line breaks are not what is written; give .csv."
    if found:
        said += f" Correct the column 'suggestion' and give the table with --fixes {path}."
    return said
