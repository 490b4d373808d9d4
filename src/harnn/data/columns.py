"""Names of fields and columns: what is missing, what may be meant, and the option that says so."""

from __future__ import annotations

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from harnn._tables import shown
from harnn.config import DataConfig
from harnn.data.log import ReadingLog
from harnn.errors import Problem, find_similar, suggest

_SHOWN_NAMES = 12
_MOST_NAMES = 1_000
_TITLE_NAMES = ("title", "headline", "heading")
_TEXT_NAMES = (
    *("text", "body", "content", "description", "message", "review", "sentence", "abstract"),
    *("summary", "question", "answer", "comment"),
)
_NO_TEXTS = {"id", "ids", "date", "time", "url", "code", "codes", "type", "lang", "language"} | {
    *("length", "count", "number", "author", "label", "labels", "category", "source", "file")
}
"""Words of columns that are something of a text."""
_MOST_TEXTS = 5
"""Columns that are suggested."""
_LABEL_NAMES = (
    *("labels", "label", "categories", "category", "codes", "code", "tags", "tag", "classes"),
    *("class", "topics", "topic", "subjects", "subject", "keywords", "keyword"),
)
_LEVEL_NAMES = ("level", "levels", "lvl", "category level", "tier")
_OPTIONS = {
    "text_fields": "--text-field",
    "labels_field": "--labels-field",
    "label_fields": "--labels-field",
    "level_fields": "--level-field",
}
"""The options of the command line for settings that name columns."""
NAME_TEXTS = "Set data.text_fields to what holds the text (--text-field, once for each)."
_NAME_LABELS = "Say what holds the labels with --labels-field or --level-field, once for each."
_FIRST_ROW = "Of CSV, TSV and sheets the first row names the columns."
_NAME_IDS = "Set data.id_field to what holds the ids (--set data.id_field=NAME), or to id: without "
_NAME_IDS += "such a column rows are counted."
_OF_ANNIF = {"subject_uris": DataConfig.labels_field, "document_id": DataConfig.id_field}
"""Columns of its short texts as CSV."""
_NUMBERED = re.compile(r"(.*?)[\s_.-]*(\d{1,3})", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is wanted of the columns of tables, and who is told what is worth a look."""

    config: DataConfig
    labelled: bool | None
    """True demands labels, False ignores them, None takes them where they are."""
    log: ReadingLog
    more: tuple[str, ...] = ()
    """Columns beside those that a document is made of."""
    instead: tuple[str, ...] = ()
    """Columns that are read where they are, of a table that holds something else than documents."""


def first_names(names: Iterable[str]) -> list[str]:
    """Return those of any number of names that are searched for what may be meant."""
    return list(islice(names, _MOST_NAMES))


def list_names(names: Iterable[str], *, quoted: bool = True) -> str:
    """Return names for a message: the first dozen."""
    listed = list(islice(names, _SHOWN_NAMES + 1))
    some = [shown(name) if quoted else shown(name)[1:-1] for name in listed[:_SHOWN_NAMES]]
    return ", ".join(some) + (", ..." if len(listed) > _SHOWN_NAMES else "")


def suggest_texts(names: Iterable[str]) -> str:
    """Return which of *names* may hold the text, and the option that reads it."""
    found = _known(names)
    guess = [name for folded, name in found.items() if _may_be_text(folded)][:_MOST_TEXTS]
    if guess:
        return f"{_set_to('text_fields', guess)} if that is the text."
    return _suggest("text", list(found.values()), "text_fields")


def suggest_labels(names: Iterable[str], wanted: str = DataConfig.labels_field) -> str:
    """Return which of *names* may hold the labels, and the option that reads them."""
    found = _known(names)
    several = _find_numbered(found)
    if several:
        option, guesses = several
        return f"{_set_to(option, guesses)} if these are the labels."
    guess = _find_labels(found, wanted)
    if guess:
        return f"Did you mean {guess!r}? {_set_to('labels_field', [guess])}."
    return _suggest(wanted, list(found.values()), "labels_field")


def warn_of_labels(columns: Sequence[str], config: DataConfig) -> tuple[str, str] | None:
    """Return a remark on a table that has no labels but a column that may hold them, or None."""
    missing = [name for name in config.label_columns if name not in columns]
    if not missing:
        return None
    found = _known(columns)
    several, guess = _find_numbered(found), _find_labels(found, missing[0])
    if several:
        hint = f"{_set_to(*several)} if these hold them."
    elif guess and guess not in config.label_columns:
        hint = f"{_set_to('labels_field', [guess])} if {guess!r} holds them."
    elif config.label_columns == (DataConfig.labels_field,):
        return None  # nobody said that there are labels
    else:
        return f"has no column {missing[0]!r}: it gives no labels.", suggest(missing[0], columns)
    return f"has no column {missing[0]!r}: its documents have no labels.", hint


def _find_numbered(found: Mapping[str, str]) -> tuple[str, list[str]] | None:
    """Return the option for columns such as ``label 1``, ``label 2``, and their names."""
    families: dict[str, dict[int, str]] = {}
    for folded, name in found.items():
        numbered = _NUMBERED.fullmatch(folded)
        if numbered is not None:
            families.setdefault(numbered[1], {}).setdefault(int(numbered[2]), name)
    for names, option in ((_LABEL_NAMES, "label_fields"), (_LEVEL_NAMES, "level_fields")):
        for base in names:
            family = families.get(base, {})
            if len(family) > 1:
                return option, [family[number] for number in sorted(family)]
    return None


def read_columns(wanted: Wanted) -> set[str]:
    """Return the columns that are read, where a table has them."""
    config = wanted.config
    texts = config.text_fields or ("text", "title", "abstract")
    labels = () if wanted.labelled is False else config.label_columns
    return {config.id_field, "text", *texts, *labels, *wanted.more, *wanted.instead}


def match_columns(
    columns: Sequence[str], config: DataConfig, more: Sequence[str] = ()
) -> dict[str, str]:
    """Return the columns that are meant by a name of the settings from which they differ in case
    and blanks alone, each with that name; where two could be meant, none is. So are those of a
    table of Annif.

    more: names of columns beside those of the settings.
    """
    known = set(columns)
    wanted = _wanted_columns(columns, config)
    missing = {_fold(name): name for name in (*more, *wanted) if name not in known}
    similar: dict[str, list[str]] = {}
    for column in columns if missing else ():
        folded = _fold(column)
        if folded in missing and column not in wanted:
            similar.setdefault(missing[folded], []).append(column)
    matches = {found[0]: name for name, found in similar.items() if len(found) == 1}
    if "subject_uris" in known:
        left = set(missing.values()) - set(matches.values())
        matches |= {c: name for c, name in _OF_ANNIF.items() if c in known and name in left}
    return matches


def describe_matches(matches: Mapping[str, str]) -> str:
    """Return the remark on what :func:`match_columns` found."""
    pairs = [f"{shown(column)} as {shown(name)}" for column, name in matches.items()]
    return f"the table has other names of columns: reads {', '.join(pairs[:_SHOWN_NAMES])}."


def _wanted_columns(columns: Iterable[str], config: DataConfig) -> list[str]:
    texts = config.text_fields
    if not texts:
        names = list(columns)
        folded = {_fold(name) for name in names}
        both = {"title", "abstract"} <= folded  # a title alone need not be the text
        texts = ("text",) if "text" in folded else ("title", "abstract") if both else ()
        texts = texts or tuple(name for name in ("title", "abstract") if name in names)
    return list(dict.fromkeys([config.id_field, *texts, *config.label_columns]))


def _fold(name: str) -> str:
    plain = name if name.isascii() else unicodedata.normalize("NFKC", name)
    return "".join(plain.casefold().split())


def _find_labels(found: Mapping[str, str], wanted: str) -> str:
    return next((found[name] for name in (wanted.casefold(), *_LABEL_NAMES) if name in found), "")


def settle_columns(
    columns: Sequence[str], where: str, wanted: Wanted, *, inside: Sequence[str] = ()
) -> tuple[list[str], list[Problem]]:
    """Return the columns under the names that the settings have for them, and what is wrong.

    What is worth a look goes to the log, and which column is read as what. inside: names of fields
    inside a column ``text``.
    """
    config, labelled, log = wanted.config, wanted.labelled, wanted.log
    matches = match_columns(columns, config, (*wanted.more, *wanted.instead))
    if labelled is False:
        unread = set(config.label_columns) - set(wanted.instead)
        matches = {c: name for c, name in matches.items() if name not in unread}
    names = [matches.get(name, name) for name in columns]
    every = [*names, *(name for name in inside if name not in names)]
    written = [*columns, *every[len(columns) :]]
    if wanted.instead:
        missing = _find_repeated(filter(None, written))
    else:
        missing = find_missing_columns(every, config, labelled=labelled, written=written)
    missing += _find_missing_more(wanted.more, names, columns)
    remark = warn_of_labels(names, config) if labelled is None else None
    if remark is not None:
        log.warn(Problem(where, f"the table {remark[0]}", remark[1]))
    if missing:
        return names, [Problem(where, f"the table {what}", hint) for what, hint in missing]
    if matches:
        log.warn(Problem(where, describe_matches(matches)))
    others = _find_other_texts(names, config)
    if others:
        it_is = "it is" if len(others) == 1 else "they are"
        hint = f"{_set_to('text_fields', ['title', *others])} if {it_is} text too."
        what = f"a column {shown(others[0])} that is not read."
        if len(others) > 1:
            what = f"columns {list_names(others)} that are not read."
        log.warn(Problem(where, f"the table has {what}", hint))
    log.tell_columns(where, _describe_roles(every, config, labelled=labelled))
    return names, []


def find_column(name: str, columns: Iterable[str]) -> str:
    """Return the one of *columns* that is *name* but for case and blanks (a column that a document
    is made of has the name of the settings by then); nothing where none or several are.
    """
    folded = _fold(name)
    found = [column for column in columns if _fold(column) == folded]
    return found[0] if len(found) == 1 else ""


def _find_missing_more(
    more: Iterable[str], names: Sequence[str], written: Sequence[str]
) -> list[tuple[str, str]]:
    return [
        (f"has no column {shown(name)}, found {list_names(named)}.", suggest(name, named))
        for named in [first_names(filter(None, written))]
        for name in more
        if name not in names and not find_column(name, names)
    ]


def _find_other_texts(names: Sequence[str], config: DataConfig) -> list[str]:
    """Return the columns that may hold the text where nothing but a title is read of it."""
    if config.text_fields or "title" not in names or {"text", "abstract"} & set(names):
        return []
    others = {folded: name for folded, name in _known(names).items() if name != "title"}
    return [name for folded, name in others.items() if _may_be_text(folded)][:_MOST_TEXTS]


def _may_be_text(folded: str) -> bool:
    """Whether a column is called like a text, or with a word like that: *Full text*, *body_en*."""
    words = re.split(r"[\W_]+", folded)
    return not {*words} & _NO_TEXTS and bool({*words} & {*_TITLE_NAMES, *_TEXT_NAMES})


def _describe_roles(names: Sequence[str], config: DataConfig, *, labelled: bool | None) -> str:
    """Say which columns are read as what."""
    given = [name for name in _wanted_columns(names, config) if name in names]
    labels = [] if labelled is False else [n for n in given if n in config.label_columns]
    texts = [n for n in given if n != config.id_field and n not in config.label_columns]
    others = [name for name in names if name and name not in given]
    parts = [
        f"id {shown(config.id_field)}" if config.id_field in given else "no id, rows are counted",
        f"text {list_names(texts)}",
        f"labels {list_names(labels)}" if labels else "no labels",
        *([f"not read {list_names(others)}"] if others else []),
    ]
    return "; ".join(parts)


def find_missing_columns(
    columns: Sequence[str],
    config: DataConfig,
    *,
    labelled: bool | None,
    written: Sequence[str] = (),
) -> list[tuple[str, str]]:
    """Return what is wrong with a table's columns, each with a hint.

    written: the columns as the table has them, where they are known by other names here.
    """
    known = set(columns)
    named = [name for name in written or columns if name]
    expected = "found " + (list_names(named) or "none") + "."
    wanted = dict.fromkeys(config.text_fields, NAME_TEXTS)
    if config.id_field != DataConfig.id_field:
        wanted.setdefault(config.id_field, _NAME_IDS)
    problems = [
        (
            f"has no column {name!r}, {expected}",
            f"{suggest(name, first_names(named))} {option}".lstrip(),
        )
        for name, option in wanted.items()
        if name not in known
    ]
    for name in config.label_columns if labelled else ():
        if name not in known:
            what = f"has no column {name!r}, {expected}"
            problems.append((what, suggest_labels(named, name) or _NAME_LABELS))
    if not config.text_fields and not {"text", "title", "abstract"} & known:
        what = f"has no column 'text' (or 'title' and 'abstract'), {expected}"
        hint = suggest_texts(named) or f"{NAME_TEXTS} {_FIRST_ROW}"
        problems.append((what, hint))
    return problems + _find_repeated(named)


def _find_repeated(names: Iterable[str]) -> list[tuple[str, str]]:
    repeated = [name for name, count in Counter(names).items() if count > 1]
    return [(f"has two columns {shown(name)}.", "") for name in repeated[:_SHOWN_NAMES]]


def _known(names: Iterable[str]) -> dict[str, str]:
    """Return the first names as they are, by what they are without case and blanks."""
    found: dict[str, str] = {}
    for name in first_names(names):
        found.setdefault(name.casefold().strip(), name)
    return found


def _suggest(wanted: str, names: Sequence[str], setting: str) -> str:
    for nearest, _ in find_similar(wanted, names):
        return f"Did you mean {nearest!r}? {_set_to(setting, [nearest])}."
    return ""


def _set_to(setting: str, values: Sequence[str]) -> str:
    """Return the advice to name columns, as a setting and as the option of the command line."""
    several = setting != "labels_field" and any("," in value for value in values)
    given = repr(json.dumps(values, ensure_ascii=False)) if several else _as_value(",".join(values))
    options = " ".join(f"{_OPTIONS[setting]} {_as_value(value)}" for value in values)
    return f"Set data.{setting}={given} ({options})"


def _as_value(value: str) -> str:
    """Return a value as it is written on a command line."""
    return value if re.fullmatch(r"[\w.,-]+", value) else repr(value)
