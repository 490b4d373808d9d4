"""Taxonomies from path strings: a line is ``A > B > C`` or ``A/B/C``.

Labels stand under the labels before them, which need no lines of their own. A label is known by
its whole path (code ``A > B``, name ``B``), so that equal names under different parents stay
different labels.

**Identifiers.** Where lines begin with one (``3237 - A > B``, ``ap-1 : A > B``, ``3237<TAB>A > B``)
or end with one (``A > B;3237``), it is the code, and the last part of the path is the name. Parents
are found by the path. Every part of a path then needs a line of its own, because nothing else
tells its code; a file that lacks one is refused, and so are lines without an identifier among
others with one. An identifier has a digit or ``://`` in it; others count where every line has one,
all differ and all parents have lines. Without a path in the file, ``12 - A`` is a name like any
other, and a note says so.

**Separators.** One that is given is taken as it is; an empty one takes every line as a name.
Otherwise `` > `` with blanks separates if any line has it. If none has, a separator is told from
the lines: a line that has it is *related* if its first part begins another such line or is a line
of its own.

- Lines are **paths** if at least half of them have the separator or are the first part of one
  that has, and at least half of those that have it (two or more) are related.
- They are **names** if fewer than half of those that have it are related.
- Between the two the file is **refused**, naming the option.

``/`` is part of many names (``TV/Video``): where it separates nothing, a note says so, and none is
looked for where lines are addresses (``https://``). What is rarely part of a name (``>``, ``|``,
``--``, ``::``, ``;``, arrows, the backslash) and stands in four of five lines is refused where it
separates nothing. What is as often part of a name ('' - '', ``: ``, a comma, the dots of ``1.2.3``)
is never split without being asked for; it is refused where nine of ten lines are related.
"""

from __future__ import annotations

import re
import shlex
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from harnn._display import counted
from harnn.errors import Problem, TaxonomyError
from harnn.taxonomy.foreign import Lines, refuse_other_texts
from harnn.taxonomy.graph import ROOT, Draft

ARROW = " > "

_RARE_IN_NAMES = ("->", "=>", "→", ">", "»", "›", "|", "--", "::", "\\", ";")
_COMMON_IN_NAMES = (" - ", " : ", ": ", ", ", ",")
_PAIR_WITHOUT_TAB = re.compile(rf"[\s,;]{ROOT}$")
_ADDRESS = re.compile(r"\b\w+://")
_BEFORE = re.compile(r"(\S+?)(\s+[-–:]\s+|:\s+|\s*\t\s*)(\S.*)")
_AFTER = re.compile(r"(.*\S)(\s*;\s*)(\d+)")
_MOST_PARTS = 200
_UNUSABLE = re.compile("[\r\n\0\ud800-\udfff]")


def check_separator(separator: str) -> None:
    """Refuse what can separate nothing.

    Raises:
        TaxonomyError: the separator has a line break or half a character in it.
    """
    if _UNUSABLE.search(separator):
        what = f"separator {separator!r} has a line break or an invalid character in it."
        raise TaxonomyError(Problem("", what))


def draft_from_path_file(lines: Lines, source: str, separator: str | None = None) -> Draft:
    """Read lines of path strings; separator and identifiers are told from them.

    Raises:
        TaxonomyError: the lines are something else, or may mean two things.
    """
    notes: list[str] = []
    identified = _identified(lines, separator, notes)
    if identified is not None:
        return draft_with_identifiers(identified, source)
    if separator is None:
        texts = [line.strip() for _, line in lines]
        if not any(ARROW in text for text in texts):
            refuse_other_texts(lines, source)
        separator = told_separator(texts, source, notes)
    draft = draft_from_paths(lines, separator, source=source)
    draft.notes += notes
    return draft


def draft_from_paths(
    lines: Iterable[tuple[int, str]], separator: str, *, source: str = "", unit: str = "line"
) -> Draft:
    """Read one path a line; nodes are known by their whole path. No separator: by their names."""
    draft = Draft(source, unit)
    joint = ARROW if separator == "\t" else separator
    known: set[str] = set()
    complete: dict[str, int] = {}
    for number, line in lines:
        parts = _parts(line, separator)
        what = _path_problem(line, parts)
        code = joint.join(parts)
        if not what and complete.setdefault(code, number) != number:
            what = f"path {code!r} was already given in {unit} {complete[code]}."
        if what:
            draft.refuse(number, what)
            continue
        parent, code = ROOT, ""
        for part in parts:
            code = f"{code}{joint}{part}" if code else part
            if code not in known:
                known.add(code)
                draft.add(code, parent, number)
                draft.names[code] = part
            parent = code
    return draft


def _parts(line: str, separator: str) -> list[str]:
    if separator == "\t":
        line = line.rstrip()  # tables fill short paths up with empty cells
    return [part.strip() for part in (line.split(separator) if separator else [line])]


def _path_problem(line: str, parts: list[str]) -> str:
    if "" in parts:
        return f"empty label in path {line.strip()!r}."
    if ROOT in parts:
        return f"{ROOT} is the name of the top and cannot be a label."
    if len(parts) > _MOST_PARTS:
        return f"a path of {len(parts):,} labels, expected at most {_MOST_PARTS:,}."
    if len(parts) == 1 and _PAIR_WITHOUT_TAB.search(parts[0]):
        return f"{parts[0]!r} looks like child and parent, expected a tab between them."
    return ""


# --- separators -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Evidence:
    """How a separator stands in the lines, in numbers of lines."""

    separator: str
    lines: int
    having: int
    related: int
    """Lines that have it and share their first part."""
    covered: int
    """Lines that have it, or are the first part of one that has."""

    @property
    def separates(self) -> bool:
        """The lines are paths."""
        if self.covered == self.lines and 0 < self.having == self.related:
            return True
        return (
            self.related > 1 and 2 * self.covered >= self.lines and 2 * self.related >= self.having
        )

    @property
    def may_separate(self) -> bool:
        """The lines may be paths, or names."""
        return 0 < self.having <= 2 * self.related

    @property
    def nearly_always(self) -> bool:
        """Nearly all lines have it, and share their first parts."""
        return (
            self.related > 1
            and 10 * self.covered >= 9 * self.lines
            and 10 * self.related >= 9 * self.having
        )


def path_separator(lines: Iterable[str]) -> str:
    """Return ``" > "`` if any line has it, else ``"/"``: for lines known to be paths."""
    return ARROW if any(ARROW in line for line in lines) else "/"


def _weigh(lines: Sequence[str], whole: set[str], separator: str) -> _Evidence:
    firsts = Counter(line.partition(separator)[0].strip() for line in lines if separator in line)
    return _Evidence(
        separator=separator,
        lines=len(lines),
        having=firsts.total(),
        related=sum(times for first, times in firsts.items() if times > 1 or first in whole),
        covered=firsts.total() + sum(first in whole for first in firsts),
    )


def told_separator(lines: Sequence[str], source: str, notes: list[str]) -> str:
    """Return the separator of the lines, empty if they are names."""
    if any(ARROW in line for line in lines):
        tight = [line for line in lines if ">" in line.replace(ARROW, "")]
        if tight:
            notes.append(
                "'>' without a blank on both sides separates nothing: "
                f"{counted(len(tight), 'line')}, the first {tight[0][:80]!r}."
            )
        return ARROW
    whole = set(lines)
    rare = [_weigh(lines, whole, separator) for separator in _RARE_IN_NAMES]
    found = _without_parts([each for each in rare if each.separates])
    if len(found) == 1:
        return _as_written(lines, found[0].separator)
    unsure = found or [each for each in rare if each.may_separate or _stands_out(each)]
    if unsure:
        raise _ambiguous(_without_parts(unsure)[0], source)
    slash = _weigh(lines, whole, "/")
    if slash.having and not any(map(_ADDRESS.search, lines)):
        if slash.separates:
            return _as_written(lines, "/")
        if slash.may_separate:
            raise _ambiguous(slash, source)
        notes.append(
            f"'/' is read as part of the name ({counted(slash.having, 'label')}); to read paths: "
            f"{_option('/')}."
        )
    for separator in _COMMON_IN_NAMES:
        evidence = _weigh(lines, whole, separator)
        if evidence.nearly_always:
            raise _ambiguous(evidence, source)
    dots = _weigh_dots(lines, whole)
    if dots.nearly_always:
        raise _ambiguous(dots, source)
    return ""


def _stands_out(evidence: _Evidence) -> bool:
    return 5 * evidence.having >= 4 * evidence.lines


def _without_parts(found: list[_Evidence]) -> list[_Evidence]:
    """Leave out separators that are parts of others, as ``>`` is of ``->``."""
    marks = [each.separator for each in found]
    return [
        each
        for each in found
        if not any(each.separator != mark and each.separator in mark for mark in marks)
    ]


def _weigh_dots(lines: Sequence[str], whole: set[str]) -> _Evidence:
    """Weigh the dots of codes such as ``1.2.3``, whose parents are lines of their own."""
    having = [line for line in lines if "." in line and " " not in line]
    parents = [line.rpartition(".")[0] for line in having]
    return _Evidence(
        separator=".",
        lines=len(lines),
        having=len(having),
        related=sum(parent in whole for parent in parents),
        covered=len(having) + len({parent for parent in parents if "." not in parent} & whole),
    )


def _as_written(lines: Iterable[str], separator: str) -> str:
    """Return the separator with the blanks that stand around it everywhere."""
    spaced = f" {separator} "
    count = spaced_count = 0
    for line in lines:
        count += line.count(separator)
        spaced_count += line.count(spaced)
    return spaced if count == spaced_count else separator


def _ambiguous(evidence: _Evidence, source: str) -> TaxonomyError:
    separator = evidence.separator
    what = (
        f"{separator!r} stands in {evidence.having:,} of {counted(evidence.lines, 'line')} and may "
        "separate the labels of paths or belong to names."
    )
    hint = f"Paths: {_option(separator)}. Names: {_option('')}."
    return TaxonomyError(Problem(source, what, hint))


def _option(separator: str) -> str:
    return f"separator={separator!r} (--separator {shlex.quote(separator)})"


# --- identifiers ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Identified:
    """Lines taken apart into identifiers and paths."""

    rows: list[tuple[int, str, str]]
    """Line number, identifier (empty where there is none) and path."""
    separator: str

    @property
    def identifiers(self) -> list[str]:
        return [identifier for _, identifier, _ in self.rows if identifier]


def _identified(lines: Lines, separator: str | None, notes: list[str]) -> Identified | None:
    """Take identifiers off lines of paths; None if they have none."""
    if separator == "":
        return None
    for pattern, before in ((_BEFORE, True), (_AFTER, False)):
        rows = [(number, *_take_apart(line, pattern, before=before)) for number, line in lines]
        coded = sum(bool(_is_coded(identifier)) for _, identifier, _ in rows)
        every = all(identifier for _, identifier, _ in rows)
        if 2 * coded < len(rows) and not every:
            continue
        if 2 * coded >= len(rows):
            kept = [
                row if _is_coded(row[1]) else (row[0], "", line.strip())
                for row, (_, line) in zip(rows, lines, strict=True)
            ]
        else:
            kept = rows
        found = _with_paths(kept, separator, sure=2 * coded >= len(rows))
        if found is not None:
            return found
        differ = 3 * len({row[1] for row in kept}) >= 2 * len(kept)
        if before and differ and 2 * coded >= len(rows) and separator is None:
            first = next(line.strip() for row, (_, line) in zip(kept, lines, strict=True) if row[1])
            notes.append(
                f"{counted(coded, 'line')} may begin with an identifier, the first "
                f"{first[:80]!r}; where no paths follow, it is read as part of the name."
            )
    return None


def _take_apart(line: str, pattern: re.Pattern[str], *, before: bool) -> tuple[str, str]:
    """Return identifier and path; the identifier is empty where the line has none."""
    match = pattern.fullmatch(line.strip())
    if match is None:
        return "", line.strip()
    return (match[1], match[3]) if before else (match[3], match[1])


def _is_coded(identifier: str) -> bool:
    return "://" in identifier or any(map(str.isdigit, identifier))


def _with_paths(
    rows: list[tuple[int, str, str]], separator: str | None, *, sure: bool
) -> Identified | None:
    """Return the rows if what is left of their lines are paths, and their identifiers differ."""
    paths = [path for _, identifier, path in rows if identifier]
    separator = sure_separator(paths) if separator is None else separator
    if not separator or not any(separator in path for path in paths):
        return None
    found = Identified(rows, separator)
    distinct = len(set(found.identifiers))
    if sure:
        # Labels with numbers of their own ('1 - A > 2 - B') repeat those of their parents.
        return found if 3 * distinct >= 2 * len(paths) else None
    whole = {_joined(path, separator) for path in paths}
    parents = (_joined(path, separator).rpartition(separator)[0] for path in paths)
    complete = all(not parent or parent in whole for parent in parents)
    return found if complete and distinct == len(paths) else None


def _joined(path: str, separator: str) -> str:
    return separator.join(_parts(path, separator))


def sure_separator(paths: Sequence[str]) -> str:
    if any(ARROW in path for path in paths):
        return ARROW
    whole = set(paths)
    found = [_weigh(paths, whole, separator) for separator in (*_RARE_IN_NAMES, "/")]
    sure = _without_parts([each for each in found if each.separates])
    return _as_written(paths, sure[0].separator) if sure else ""


def draft_with_identifiers(identified: Identified, source: str) -> Draft:
    draft = Draft(source)
    separator = identified.separator
    places: dict[str, tuple[int, str]] = {}  # path -> line and identifier
    lines: dict[str, int] = {}  # identifier -> line
    taken: list[tuple[int, str, list[str]]] = []
    count = len(identified.identifiers)
    for number, identifier, path in identified.rows:
        parts = _parts(path, separator)
        joined = separator.join(parts)
        what = _path_problem(path, parts)
        if not identifier:
            what = f"no identifier; {count:,} of {counted(len(identified.rows), 'line')} have one."
        elif not what and joined in places:
            what = f"path {joined!r} was already given in line {places[joined][0]}."
        elif not what and lines.setdefault(identifier, number) != number:
            what = f"identifier {identifier!r} was already given in line {lines[identifier]}."
        if what:
            draft.refuse(number, what)
            draft.mentioned.add(joined)
        else:
            places[joined] = (number, identifier)
            taken.append((number, identifier, parts))
    missing: dict[str, list[int]] = {}
    for number, identifier, parts in taken:
        absent = _absent_parents(parts, separator, places)
        for parent in absent:
            missing.setdefault(parent, []).append(number)
        if not absent:
            above = separator.join(parts[:-1])
            draft.add(identifier, places[above][1] if above else ROOT, number)
            draft.names[identifier] = parts[-1]
    for parent, numbers in missing.items():
        if parent not in draft.mentioned:
            what = f"the path {parent!r} has no line of its own, so nothing tells its identifier"
            more = f" ({len(numbers):,} lines stand under it)" if len(numbers) > 1 else ""
            draft.refuse(numbers[0], f"{what}{more}.", "Add a line for it.")
    return draft


def _absent_parents(
    parts: Sequence[str], separator: str, places: Mapping[str, tuple[int, str]]
) -> list[str]:
    above = (separator.join(parts[:end]) for end in range(1, len(parts)))
    return [path for path in above if path not in places]
