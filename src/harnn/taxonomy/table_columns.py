"""What the columns of a table hold, told by their names."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from harnn.errors import Problem, TaxonomyError, suggest

_CODES = (
    *("child", "childid", "childcode", "code", "id", "uniqueid", "identifier", "conceptid"),
    *("categoryid", "nodeid", "classcode", "key", "uri", "iri", "notation", "编码", "代码", "编号"),
)
_LABELS = ("label", "childlabel", "term", "concept", "category", "class", "node", "narrower")
_NAMES = (
    *("name", "title", "preflabel", "preferredlabel", "preferredterm", "preferredname"),
    *("childname", "categoryname", "名称"),
)
_WORDS = {
    "parent": (
        *("parent", "parents", "parentid", "parentcode", "parentlabel", "parentname", "broader"),
        *("broaderterm", "broaderconcept", "parenturi", "parentiri", "parentcategory"),
        *("parentterm", "parentnotation", "上级", "上级编码", "上级代码", "父级", "父类", "父节点"),
    ),
    "description": (
        *("description", "definition", "scopenote", "explanation", "desc", "note", "notes"),
        *("说明", "描述", "定义"),
    ),
    "alternatives": (
        *("alternatives", "alternative", "alt", "altlabel", "altlabels", "alternativelabel"),
        *("alternativelabels", "alternativename", "alternativenames", "synonym", "synonyms"),
        *("alias", "aliases", "usedfor", "别名", "同义词"),
    ),
    "path": ("path", "fullpath", "categorypath", "fullname", "breadcrumb", "breadcrumbs", "路径"),
}
"""Without blanks, signs and capitals."""
_LEVEL = re.compile(
    r"(?:level|lvl|l|tier|ebene|stufe|niveau|nivel|livello|category|cat|层级)(\d{1,2})"
    r"(name|names|label|title|text|code|id|key)?"
)
_LEVEL_CODE = re.compile(r"(name|code|id)(?:of)?(?:level|lvl|l|tier)?(\d{1,2})")
_LEVEL_HAN = re.compile(r"([一二三四五六七八九])级(?:分类|类目|学科|目录|标签|名称|编码|代码)?")
_HAN_DIGITS = "一二三四五六七八九"
_DIVIDED = (
    *("category", "class", "group", "topic", "subject", "section", "division", "area", "field"),
    *("discipline", "department", "family", "theme", "domain", "type"),
)
"""What is divided into what is called the same with ``sub`` before it."""
_OF_CODES = ("code", "id", "key")


@dataclass(frozen=True, slots=True)
class Columns:
    """The positions of the columns by what they hold; None where there is no such column."""

    child: int | None = None
    parent: int | None = None
    name: int | None = None
    description: int | None = None
    alternatives: int | None = None
    path: int | None = None
    levels: tuple[tuple[int, int | None], ...] = ()
    """Of each level from the top: its names, or its codes alone; and its codes beside names."""
    level_names: tuple[str, ...] = field(default=())
    """What the header calls the levels, where that is more than their numbers."""

    @property
    def suffices(self) -> bool:
        """A taxonomy can be read from them."""
        pairs = self.child is not None and self.parent is not None
        return pairs or self.path is not None or len(self.levels) > 1

    @property
    def are_sure(self) -> bool:
        """No row of labels would look like that by chance."""
        texts = (self.child, self.parent, self.name, self.description, self.alternatives)
        return self.suffices and (self.path is None or any(at is not None for at in texts))


def find_columns(header: Sequence[str]) -> Columns:
    """Tell the columns by their names in the usual spellings."""
    words = [plain_word(cell) for cell in header]
    levels = _find_levels(words)
    taken = {position for pair in levels for position in pair}
    words = ["" if position in taken else word for position, word in enumerate(words)]
    child = _first(words, (*_CODES, *_LABELS, *_NAMES))
    texts = _find_texts(words, {child})
    return Columns(
        child=child,
        parent=_first(words, _WORDS["parent"]),
        path=_first(words, _WORDS["path"]),
        levels=levels,
        name=texts["name"],
        description=texts["description"],
        alternatives=texts["alternatives"],
    )


def _find_texts(words: Sequence[str], taken: Collection[int | None]) -> dict[str, int | None]:
    """Return the columns of names and other texts, among those that hold nothing else."""
    left = ["" if position in taken else word for position, word in enumerate(words)]
    return {
        "name": _first(left, (*_NAMES, *_LABELS)),
        "description": _first(left, _WORDS["description"]),
        "alternatives": _first(left, _WORDS["alternatives"]),
    }


def _first(words: Sequence[str], choices: Sequence[str]) -> int | None:
    """Return the position of the first choice that is among the words."""
    return next((words.index(choice) for choice in choices if choice in words), None)


def chosen_columns(header: Sequence[str], given: Mapping[str, str], where: str) -> Columns:
    """Return the columns that are named, and the texts beside them that can be told.

    Raises:
        TaxonomyError: the header has no such column.
    """
    known: dict[str, int] = {}
    for position, cell in enumerate(header):
        known.setdefault(cell.strip(), position)
    problems = []
    wanted: dict[str, list[int]] = {}
    for role, names in given.items():
        for name in names.split(",") if role == "levels" else [names]:
            if name.strip() in known:
                wanted.setdefault(role, []).append(known[name.strip()])
                continue
            listed = ", ".join(repr(cell[:40]) for cell in list(known)[:20])
            what = f"has no column {name.strip()[:80]!r}; its header is {listed}."
            problems.append(Problem(where, what, suggest(name, list(known))))
    if problems:
        raise TaxonomyError(problems)
    taken = {position for positions in wanted.values() for position in positions}
    texts = _find_texts([plain_word(cell) for cell in header], taken)
    single = {role: places[0] for role, places in wanted.items() if role != "levels"}
    levels = wanted.get("levels", [])
    places = texts | single
    return Columns(
        child=places.get("child"),
        parent=places.get("parent"),
        name=places.get("name"),
        description=places.get("description"),
        alternatives=places.get("alternatives"),
        path=places.get("path"),
        levels=tuple((position, None) for position in levels),
        level_names=tuple(header[position].strip() for position in levels),
    )


def _find_levels(words: Sequence[str]) -> tuple[tuple[int, int | None], ...]:
    names: dict[int, int] = {}
    codes: dict[int, int] = {}
    for position, word in enumerate(words):
        match = _LEVEL.fullmatch(word)
        number, kind = (int(match[1]), match[2] or "") if match else (0, "")
        if not match and (match := _LEVEL_CODE.fullmatch(word)):
            number, kind = int(match[2]), match[1]
        elif not match and (match := _LEVEL_HAN.fullmatch(word)):
            number = _HAN_DIGITS.index(match[1]) + 1
            kind = "code" if word.endswith(("编码", "代码")) else ""
        if match:
            (codes if kind in _OF_CODES else names).setdefault(number, position)
    numbers = sorted(names.keys() | codes.keys())
    if len(numbers) < 2:
        return _divided_levels(words)
    return tuple(
        (names[number], codes.get(number)) if number in names else (codes[number], codes[number])
        for number in numbers
    )


def _divided_levels(words: Sequence[str]) -> tuple[tuple[int, int | None], ...]:
    """Return columns such as *category* and *subcategory*, from the top."""
    for word in _DIVIDED:
        levels: list[tuple[int, int | None]] = []
        for name in (word, f"sub{word}", f"subsub{word}", f"subsubsub{word}"):
            if name not in words:
                break
            levels.append((words.index(name), None))
        if len(levels) > 1:
            return tuple(levels)
    return ()


def plain_word(cell: str) -> str:
    """Return a name of a column without blanks, signs and capitals."""
    return re.sub(r"[\W_]+", "", cell).casefold()
