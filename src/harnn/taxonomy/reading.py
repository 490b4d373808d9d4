"""Taxonomies from TSV files and label tables; what form a file has.

TSV: a line is ``child<TAB>parent``; ``ROOT`` stands for the top; a label with several parents has
several lines. The header ``child<TAB>parent``, blank lines and lines that start with ``#`` and
have no tab are skipped; under the header ``parent<TAB>child`` the parent comes first.

Path strings are read in ``paths``, JSON in ``json_forms``; ``foreign`` names what is not read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Literal

from harnn.errors import SHOWN_PROBLEMS, Problem, TaxonomyError, suggest
from harnn.taxonomy.foreign import (
    is_parent_first,
    refuse_binary,
    refuse_markup,
    refuse_other_columns,
)
from harnn.taxonomy.graph import MOST_PROBLEMS, ROOT, Draft, Layout, gathered, nearest, shorten
from harnn.taxonomy.paths import ARROW, draft_from_path_file

LABELS_FILE = "labels.tsv"
_LABEL_COLUMNS = ("label", "level", "name", "description")

_CHUNK_BYTES = 1 << 20
_MOST_CHUNKS = 1_024

Form = Literal["json", "tsv", "paths"]


def read_text(path: Path) -> str:
    """Read UTF-8 with or without byte order mark.

    Raises:
        TaxonomyError: no such file, a directory, unreadable, too large, no text, or bytes that are
            not UTF-8.
    """
    where = str(path)
    try:
        with path.open("rb") as stream:
            chunks = [stream.read(_CHUNK_BYTES)]
            refuse_binary(chunks[0], where)
            while chunks[-1] and len(chunks) <= _MOST_CHUNKS:
                chunks.append(stream.read(_CHUNK_BYTES))
    except FileNotFoundError:
        siblings = sorted(p.name for p in path.parent.glob("*")) if path.parent.is_dir() else []
        raise TaxonomyError(Problem(where, "no such file.", nearest(path.name, siblings))) from None
    except IsADirectoryError:
        hint = "Give the taxonomy file inside it."
        raise TaxonomyError(Problem(where, "is a directory, expected a file.", hint)) from None
    except OSError as error:
        what = f"cannot be read: {error.strerror or error}."
        raise TaxonomyError(Problem(where, what)) from None
    except ValueError:  # a zero or half a character
        raise TaxonomyError(Problem(repr(where), "is no name of a file.")) from None
    if chunks[-1]:
        raise TaxonomyError(Problem(where, f"is larger than {_MOST_CHUNKS:,} MiB."))
    content = b"".join(chunks)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise gathered(where, _undecodable(content, where)) from None


def _undecodable(content: bytes, where: str) -> Iterator[Problem]:
    for number, line in enumerate(content.split(b"\n"), start=1):
        try:
            line.decode("utf-8")
        except UnicodeDecodeError as error:
            byte = f"byte 0x{line[error.start]:02x}"
            what = f"{byte} at position {error.start + 1} of the line is not UTF-8."
            yield Problem(f"{where}:{number}", what)


def detect_form(path: Path, text: str, separator: str | None = None) -> Form:
    """Tell the form of a taxonomy file by its extension, else by its content.

    Raises:
        TaxonomyError: a form that is not read, by its name; or no labels at all.
    """
    extension = path.suffix.lower()
    refuse_markup(text, str(path))
    if extension == ".csv" and separator is None:
        hint = "Write one child<TAB>parent pair a line into a .tsv file."
        raise TaxonomyError(Problem(str(path), "comma-separated taxonomies are not read.", hint))
    first = next((line.strip() for _, line in content_lines(text)), "")
    if not first:
        raise TaxonomyError(Problem(str(path), "holds no labels."))
    is_json = extension in (".json", ".jsonl") or (first[0] in "{[" and "\t" not in first)
    if is_json and separator is not None:
        what = "is JSON, in which no separator stands between labels."
        raise TaxonomyError(Problem(str(path), what))
    if is_json or separator is not None:
        return "json" if is_json else "paths"
    if extension == ".tsv" or "\t" in first:
        return "paths" if _are_identified_paths(text) else "tsv"
    return "paths"


def _are_identified_paths(text: str) -> bool:
    """Tell lines of ``identifier<TAB>A > B`` from pairs."""
    firsts: set[str] = set()
    arrows = count = 0
    seconds: set[str] = set()
    for _, line in content_lines(text):
        first, _, second = (cell.strip() for cell in line.partition("\t"))
        if not first or not second or "\t" in second or second == ROOT:
            return False
        count += 1
        firsts.add(first)
        seconds.add(second)
        arrows += ARROW in second
    return arrows > 0 and len(firsts) == len(seconds) == count and not firsts & seconds


def draft_from_lines(text: str, form: Form, source: str, separator: str | None = None) -> Draft:
    """Read ``child<TAB>parent`` lines or path strings, as *form* says.

    Raises:
        TaxonomyError: the lines are something else, or may mean two things.
    """
    lines = list(content_lines(text))
    if form == "paths":
        return draft_from_path_file(lines, source, separator)
    return _draft_from_tsv(lines, source)


def _draft_from_tsv(lines: list[tuple[int, str]], source: str) -> Draft:
    draft = Draft(source)
    cells = [cell.strip() for cell in lines[0][1].split("\t")]
    swapped = is_parent_first(cells)
    if swapped or is_parent_first(cells[::-1]):
        del lines[0]
    if lines and not swapped:
        refuse_other_columns(lines, source)
    for number, line in lines:
        cells = [cell.strip() for cell in line.split("\t")]
        if len(cells) == 2:
            child, parent = reversed(cells) if swapped else cells
            draft.add(child, parent, number)
            continue
        found = "1 column" if len(cells) == 1 else f"{len(cells)} columns"
        what = f"found {found}, expected 2: child and parent, separated by a tab."
        draft.refuse(number, what)
        draft.mentioned.update(cells)
    return draft


def read_labels(path: Path, layout: Layout) -> tuple[dict[str, str], dict[str, str]]:
    """Read names and descriptions of labels, by code.

    The header names the columns: ``label``, and any of ``level``, ``name`` and ``description`` in
    any order. Cells missing at the end of a line are empty.

    Raises:
        TaxonomyError: unknown columns, unknown or repeated labels, levels that contradict the
            taxonomy.
    """
    lines = content_lines(read_text(path))
    number, header = next(lines, (0, ""))
    if not header:
        raise TaxonomyError(Problem(str(path), "is empty, expected a header and labels."))
    columns = [cell.strip().lower() for cell in header.split("\t")]
    wrong = islice(_header_problems(columns), MOST_PROBLEMS)
    problems = [Problem(f"{path}:{number}", what, hint) for what, hint in wrong]
    if problems:
        raise gathered(str(path), problems)
    level_of = dict(zip(layout.codes, layout.levels.tolist(), strict=True))
    first_line: dict[str, int] = {}
    found: dict[str, dict[str, str]] = {"name": {}, "description": {}}
    for number, line in lines:
        cells = [cell.strip() for cell in line.split("\t")]
        row = dict(zip(columns, cells, strict=False))
        what = _row_problem(cells, columns, row, level_of)
        label = row.get("label", "")
        if not what and first_line.setdefault(label, number) != number:
            what = f"label {label!r} was already given in line {first_line[label]}."
        if what:
            unknown = label not in level_of and len(problems) < SHOWN_PROBLEMS
            hint = nearest(label, layout.codes) if unknown and label else ""
            problems.append(Problem(f"{path}:{number}", shorten(what), hint))
            if len(problems) == MOST_PROBLEMS:
                raise gathered(str(path), problems)
            continue
        for kind, texts in found.items():
            if row.get(kind):
                texts[label] = row[kind]
    if problems:
        raise TaxonomyError(problems)
    return found["name"], found["description"]


def _header_problems(columns: list[str]) -> Iterator[tuple[str, str]]:
    expected = ", ".join(_LABEL_COLUMNS)
    seen: set[str] = set()
    for column in columns:
        if column not in _LABEL_COLUMNS:
            what = f"unknown column {column!r}; expected a header of {expected}."
            yield shorten(what), suggest(column, _LABEL_COLUMNS)
        elif column in seen:
            yield f"column {column!r} is named twice.", ""
        seen.add(column)
    if "label" not in columns:
        yield "the header has no column 'label'.", ""


def _row_problem(
    cells: list[str], columns: list[str], row: Mapping[str, str], level_of: Mapping[str, int]
) -> str:
    if len(cells) > len(columns):
        return f"found {len(cells)} columns, expected {len(columns)}: {', '.join(columns)}."
    label, level = row.get("label", ""), row.get("level", "")
    if not label:
        return "empty label."
    if label not in level_of:
        return f"label {label!r} is not in the taxonomy."
    if level and not (level.isascii() and level.isdigit()):
        return f"level of {label!r}: got {level!r}, expected a whole number."
    # Not as numbers: Python refuses those of thousands of digits.
    if level and (level.lstrip("0") or "0") != str(level_of[label]):
        return f"level of {label!r}: got {level}, but it stands on level {level_of[label]}."
    return ""


def content_lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield numbered lines without blank ones and comments."""
    # Not str.splitlines: it also breaks at characters that may stand inside a label.
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip() and not (line.startswith("#") and "\t" not in line):
            yield number, line
