"""Taxonomies from TSV files, path strings and label tables.

TSV: a line is ``child<TAB>parent``; ``ROOT`` stands for the top; a label with several parents has
several lines. The header ``child<TAB>parent``, blank lines and lines that start with ``#`` and
have no tab are skipped.

Path strings: a line is ``A > B > C`` or ``A/B/C``. Labels stand under the labels before them,
which need no lines of their own. A label is known by its whole path (code ``A > B``, name ``B``),
so that equal names under different parents stay different labels.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Literal

from harnn.errors import SHOWN_PROBLEMS, Problem, TaxonomyError, suggest
from harnn.taxonomy.graph import ROOT, Draft, Layout

LABELS_FILE = "labels.tsv"
_LABEL_COLUMNS = ("label", "level", "name", "description")
_PAIR_WITHOUT_TAB = re.compile(rf"[\s,;]{ROOT}$")

Form = Literal["json", "tsv", "paths"]


def read_text(path: Path) -> str:
    """Read UTF-8 with or without byte order mark.

    Raises:
        TaxonomyError: no such file, a directory, unreadable, or bytes that are not UTF-8.
    """
    where = str(path)
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        siblings = sorted(p.name for p in path.parent.glob("*")) if path.parent.is_dir() else []
        raise TaxonomyError(Problem(where, "no such file.", suggest(path.name, siblings))) from None
    except IsADirectoryError:
        hint = "Give the taxonomy file inside it."
        raise TaxonomyError(Problem(where, "is a directory, expected a file.", hint)) from None
    except OSError as error:
        raise TaxonomyError(Problem(where, f"cannot be read: {error.strerror}.")) from None
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise TaxonomyError(_undecodable(content, where)) from None


def _undecodable(content: bytes, where: str) -> list[Problem]:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return [Problem(where, "is UTF-16, expected UTF-8.", "Save it as UTF-8.")]
    problems = []
    for number, line in enumerate(content.split(b"\n"), start=1):
        try:
            line.decode("utf-8")
        except UnicodeDecodeError as error:
            byte = f"byte 0x{line[error.start]:02x}"
            what = f"{byte} at position {error.start + 1} of the line is not UTF-8."
            problems.append(Problem(f"{where}:{number}", what))
    return problems


def detect_form(path: Path, text: str) -> Form:
    """Tell the form of a taxonomy file by its extension, else by its first line."""
    extension = path.suffix.lower()
    if extension == ".csv":
        hint = "Write one child<TAB>parent pair a line into a .tsv file."
        raise TaxonomyError(Problem(str(path), "comma-separated taxonomies are not read.", hint))
    first = next((line.strip() for _, line in _content_lines(text)), "")
    if not first:
        raise TaxonomyError(Problem(str(path), "holds no labels."))
    if extension == ".json" or (first[0] in "{[" and "\t" not in first):
        return "json"
    return "tsv" if extension == ".tsv" or "\t" in first else "paths"


def draft_from_tsv(text: str, source: str) -> Draft:
    """Read ``child<TAB>parent`` lines."""
    draft = Draft(source)
    header_possible = True
    for number, line in _content_lines(text):
        cells = [cell.strip() for cell in line.split("\t")]
        is_header = header_possible and [cell.lower() for cell in cells] == ["child", "parent"]
        header_possible = False
        if len(cells) == 2:
            if not is_header:
                draft.add(cells[0], cells[1], number)
            continue
        found = "1 column" if len(cells) == 1 else f"{len(cells)} columns"
        what = f"found {found}, expected 2: child and parent, separated by a tab."
        draft.refuse(number, what)
        draft.mentioned.update(cells)
    return draft


def draft_from_paths(
    lines: Iterable[tuple[int, str]], separator: str, *, source: str = "", unit: str = "line"
) -> Draft:
    """Read one path a line; nodes are known by their whole path."""
    draft = Draft(source, unit)
    known: set[str] = set()
    complete: dict[str, int] = {}
    for number, line in lines:
        parts = [part.strip() for part in line.split(separator)]
        what = _path_problem(line, parts)
        code = separator.join(parts)
        if not what and complete.setdefault(code, number) != number:
            what = f"path {code!r} was already given in {unit} {complete[code]}."
        if what:
            draft.refuse(number, what)
            continue
        parent, code = ROOT, ""
        for part in parts:
            code = f"{code}{separator}{part}" if code else part
            if code not in known:
                known.add(code)
                draft.add(code, parent, number)
                draft.names[code] = part
            parent = code
    return draft


def _path_problem(line: str, parts: list[str]) -> str:
    if "" in parts:
        return f"empty label in path {line.strip()!r}."
    if ROOT in parts:
        return f"{ROOT} is the name of the top and cannot be a label."
    if len(parts) == 1 and _PAIR_WITHOUT_TAB.search(parts[0]):
        return f"{parts[0]!r} looks like child and parent, expected a tab between them."
    return ""


def path_separator(lines: Iterable[str]) -> str:
    """Return ``" > "`` if any line has it, else ``"/"``."""
    return " > " if any(" > " in line for line in lines) else "/"


def draft_from_path_file(text: str, source: str) -> Draft:
    """Read a file of path strings, its separator told from its content."""
    lines = list(_content_lines(text))
    return draft_from_paths(lines, path_separator(line for _, line in lines), source=source)


def read_labels(path: Path, layout: Layout) -> tuple[dict[str, str], dict[str, str]]:
    """Read names and descriptions of labels, by code.

    The header names the columns: ``label``, and any of ``level``, ``name`` and ``description`` in
    any order. Cells missing at the end of a line are empty.

    Raises:
        TaxonomyError: unknown columns, unknown or repeated labels, levels that contradict the
            taxonomy.
    """
    lines = _content_lines(read_text(path))
    number, header = next(lines, (0, ""))
    if not header:
        raise TaxonomyError(Problem(str(path), "is empty, expected a header and labels."))
    columns = [cell.strip().lower() for cell in header.split("\t")]
    problems = [Problem(f"{path}:{number}", what, hint) for what, hint in _header_problems(columns)]
    if problems:
        raise TaxonomyError(problems)
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
            hint = suggest(label, layout.codes) if unknown and label else ""
            problems.append(Problem(f"{path}:{number}", what, hint))
            continue
        for kind, texts in found.items():
            if row.get(kind):
                texts[label] = row[kind]
    if problems:
        raise TaxonomyError(problems)
    return found["name"], found["description"]


def _header_problems(columns: list[str]) -> Iterator[tuple[str, str]]:
    expected = ", ".join(_LABEL_COLUMNS)
    for position, column in enumerate(columns):
        if column not in _LABEL_COLUMNS:
            what = f"unknown column {column!r}; expected a header of {expected}."
            yield what, suggest(column, _LABEL_COLUMNS)
        elif column in columns[:position]:
            yield f"column {column!r} is named twice.", ""
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
    if level and int(level) != level_of[label]:
        return f"level of {label!r}: got {level}, but it stands on level {level_of[label]}."
    return ""


def _content_lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield numbered lines without blank ones and comments."""
    # Not str.splitlines: it also breaks at characters that may stand inside a label.
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip() and not (line.startswith("#") and "\t" not in line):
            yield number, line
