"""Taxonomies as JSON: our own format, lists of records, nested objects and lists.

Records: ``{"code": ..., "parent": ... or "parents": [...], "name": ..., "description": ...,
"children": [...]}``. The code is the first given of ``code``, ``id``, ``label`` and ``name``
(texts or whole numbers); where ``label`` is not the code and there is no ``name``, it is the name.
No parent, null or ``ROOT`` is the top.

Nested: an object has labels as keys and their children as values; a list holds labels, records or
such objects; null is no children. A label nested under several labels has several parents, which
the draft notes; read *by path* it is several labels, each known by its whole path (code
``A > B``, name ``B``).
"""

from __future__ import annotations

import itertools
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from json import JSONDecodeError, JSONDecoder
from typing import Any

import numpy as np

from harnn._display import encodable
from harnn.errors import Problem, TaxonomyError, suggest
from harnn.taxonomy.graph import (
    MOST_PROBLEMS,
    ROOT,
    Draft,
    IntArray,
    Layout,
    gathered,
    label_problem,
    text_problem,
)

FORMAT = "harnn-taxonomy"
FORMAT_VERSION = 1

_CODE_KEYS = ("code", "id", "label", "name")
_PARENT_KEYS = ("parent", "parents", "children")
_SPACE = " \t\r\n"
_ARROW = " > "
_LONGEST_KEY = 40
_SHOWN_NOTES = 20
_SHOWN_PARENTS = 5
_TEXT_LISTS = ("codes", "names", "descriptions", "level_names")
_LIST_KEYS = (*_TEXT_LISTS, "levels", "edges")
_MORE_TEXTS = ("notations", "iris")
"""Lists that stand in the file where there is anything in them, as do the next."""
_MORE_LISTS = ("alternatives", "replaced")


def parse_json(text: str, source: str) -> Any:
    """Parse JSON text.

    Raises:
        TaxonomyError: not valid JSON, with line and column, or nested too deeply.
    """
    try:
        return json.loads(text)
    except JSONDecodeError as error:
        where = f"{source}:{error.lineno}" if source else f"line {error.lineno}"
        what = f"not valid JSON at column {error.colno}: {error.msg}."
        hint = ""
        if error.msg == "Extra data" and text[error.pos] in "{[":
            hint = "JSON Lines are not read: write one list of all records."
        raise TaxonomyError(Problem(where, what, hint)) from None
    except ValueError:  # the one other: whole numbers of thousands of digits
        what = "holds a whole number of more digits than can be read."
        raise TaxonomyError(Problem(source, what)) from None
    except RecursionError:
        raise TaxonomyError(Problem(source, "is nested too deeply to be read.")) from None


def is_own_format(value: Any) -> bool:
    """Tell whether parsed JSON is what ``Taxonomy.to_json`` writes."""
    return isinstance(value, dict) and value.get("format") == FORMAT


def is_json_ld(value: Any) -> bool:
    """Tell RDF from other JSON: it has keys that begin with ``@``."""
    entries = value[:1] if isinstance(value, list) else [value]
    return any(
        isinstance(entry, dict) and any(key in entry for key in ("@context", "@graph", "@id"))
        for entry in entries
    )


# --- our own format ---------------------------------------------------------------------------


def write_own_format(fields: Mapping[str, Sequence[Any]], sha256: str) -> str:
    """Write one key a line, so that two versions can be compared by eye."""
    values = {"format": FORMAT, "version": FORMAT_VERSION, "sha256": sha256, **fields}
    lines = [f"{json.dumps(key)}: {_write_value(value)}" for key, value in values.items()]
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _write_value(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    try:
        text.encode()
    except UnicodeEncodeError:  # half a surrogate pair in a name: only its escape can be stored
        return json.dumps(value, separators=(",", ":"))
    return text


def read_own_format(value: Mapping[str, Any], source: str) -> tuple[Layout, dict[str, Any]]:
    """Return the layout, and names, descriptions and level names as they are stored.

    Raises:
        TaxonomyError: another format version, or contents that ``to_json`` never writes.
    """
    version = value.get("version")
    if version != FORMAT_VERSION or not _is_whole(version):
        what = (
            f"taxonomy format version {_shown(version)}; this version of harnn reads "
            f"version {FORMAT_VERSION}."
        )
        raise TaxonomyError(Problem(source, what))
    problems = [
        f"{key!r} is missing or not a list{' of texts' if key in _TEXT_LISTS else ''}."
        for key in _LIST_KEYS
        if not _is_list(value.get(key), texts=key in _TEXT_LISTS)
    ]
    problems += [
        f"{key!r} is not a list{' of texts' if key in _MORE_TEXTS else ' of lists of texts'}."
        for key in (*_MORE_TEXTS, *_MORE_LISTS)
        if key in value
        and not (
            _is_list(value[key], texts=key in _MORE_TEXTS)
            and (key in _MORE_TEXTS or all(_is_list(each, texts=True) for each in value[key]))
        )
    ]
    if not problems:
        problems = list(itertools.islice(_content_problems(value), MOST_PROBLEMS))
    if problems:
        raise gathered(source, (Problem(source, what) for what in problems))
    levels = np.array(value["levels"], dtype=np.int32)
    edges = _edge_array(value["edges"])
    edges = edges[np.lexsort((edges[:, 1], edges[:, 0]))]
    # A half character can be stored, but no answer with it could be written.
    texts: dict[str, Any] = {
        key: tuple(map(encodable, value[key]))
        for key in (*_TEXT_LISTS[1:], *_MORE_TEXTS)
        if key in value
    }
    if "alternatives" in value:
        texts["alternatives"] = tuple(tuple(map(encodable, x)) for x in value["alternatives"])
    texts["replaced"] = {encodable(old): new for old, new in value.get("replaced", ())}
    return Layout(tuple(value["codes"]), levels, edges), texts


def _is_list(value: Any, *, texts: bool) -> bool:
    return isinstance(value, list) and (not texts or all(isinstance(item, str) for item in value))


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _content_problems(value: Mapping[str, Any]) -> Iterator[str]:
    codes, levels, level_names = value["codes"], value["levels"], value["level_names"]
    if not codes:
        yield "'codes' holds no labels."
    for key in ("names", "descriptions", "levels", "alternatives", *_MORE_TEXTS):
        if len(value.get(key, codes)) != len(codes):
            yield f"{key!r} has {len(value[key]):,} entries, expected {len(codes):,}, as 'codes'."
    yield from (what for code in codes if (what := label_problem(code)))
    if len(set(codes)) != len(codes):
        yield "'codes' holds a label twice."
    yield from _replaced_problems(value.get("replaced", ()), set(codes))
    if len(levels) != len(codes):
        return
    steps = [0, *levels]
    if not all(_is_whole(level) for level in levels) or any(
        upper - lower not in (0, 1) for lower, upper in itertools.pairwise(steps)
    ):
        yield "'levels' must ascend from 1 without gaps."
    elif steps[-1] != len(level_names) or steps[:2] == [0, 0]:
        yield f"'level_names' has {len(level_names)} entries, expected one of each level."
    else:
        yield from _edge_problems(value["edges"], levels)


def _replaced_problems(pairs: Sequence[Sequence[str]], codes: set[str]) -> Iterator[str]:
    if not all(len(pair) == 2 and pair[0] not in codes and pair[1] in codes for pair in pairs):
        yield "'replaced' must be pairs of a code that is no label and one that is."
    elif len({old for old, _ in pairs}) != len(pairs):
        yield "'replaced' holds a code twice."


def _edge_problems(edges: Sequence[Any], levels: Sequence[int]) -> Iterator[str]:
    n_labels = len(levels)
    if not all(
        isinstance(edge, list)
        and len(edge) == 2
        and all(_is_whole(column) and 0 <= column < n_labels for column in edge)
        for edge in edges
    ):
        yield "'edges' must be pairs of columns: child, parent."
        return
    if any(levels[parent] >= levels[child] for child, parent in edges):
        yield "'edges' must lead from a later to an earlier level."
    if len({tuple(edge) for edge in edges}) != len(edges):
        yield "'edges' holds an edge twice."


def _edge_array(edges: Sequence[Sequence[int]]) -> IntArray:
    return np.array(edges, dtype=np.int32).reshape(-1, 2)


# --- records and nested labels ----------------------------------------------------------------


def draft_from_json(text: str, value: Any, source: str, *, by_path: bool = False) -> Draft:
    """Read records or nested labels from *value*, which *text* was parsed to.

    Raises:
        TaxonomyError: nested too deeply, or a form that is neither.
    """
    draft = Draft(source)
    if not isinstance(value, dict | list):
        draft.refuse(1, f"got JSON {_shown(value)}, expected an object or a list.")
        return draft
    _refuse_other_json(value, source)
    nested = _Nested(draft, by_path=by_path)
    entries = [(1, None, value)] if _is_record(value) else _entries(text, draft)
    try:
        for line, label, entry in entries:
            nested.read(line, label, entry)
    except RecursionError:
        raise TaxonomyError(Problem(source, "is nested too deeply to be read.")) from None
    draft.notes += nested.notes()
    return draft


def _refuse_other_json(value: Any, source: str) -> None:
    if not isinstance(value, dict):
        return
    what = ""
    if all(isinstance(value.get(key), list) for key in ("nodes", "links")) or all(
        isinstance(value.get(key), list) for key in ("nodes", "edges")
    ):
        what = "is a graph of nodes and edges, which is not read."
    if what:
        hint = (
            'Write records, {"code": ..., "parent": ..., "name": ...}, or child<TAB>parent pairs.'
        )
        raise TaxonomyError(Problem(source, what, hint))


def _shown(value: Any) -> str:
    """Return the beginning of a value, for messages."""
    text = value if isinstance(value, str) else ""
    try:
        return json.dumps(text[:40] if text else value)[:40]
    except RecursionError:
        return "a value nested too deeply"


def _is_record(value: Any) -> bool:
    """Tell records from objects that have labels as keys: those never hold texts."""
    return isinstance(value, dict) and any(
        isinstance(value.get(key), str) or _is_whole(value.get(key)) for key in _CODE_KEYS
    )


def _entries(text: str, draft: Draft) -> Iterator[tuple[int, str | None, Any]]:
    """Yield line, key (None in a list) and value of what the outermost brackets hold.

    *text* is known to be valid JSON; it is walked once more because ``json`` tells no lines.
    """
    repeated: list[str] = []

    def note_repeated(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        result = dict(pairs)
        if len(result) < len(pairs):
            times = Counter(key for key, _ in pairs)
            repeated.extend(key for key in result if times[key] > 1)
        return result

    decode = JSONDecoder(object_pairs_hook=note_repeated).raw_decode
    position = _skip(text, 0, _SPACE)
    is_object = text[position] == "{"
    position = _skip(text, position + 1, _SPACE)
    line, counted = 1, 0
    keys: set[str] = set()
    while text[position] not in "]}":
        line, counted = line + text.count("\n", counted, position), position
        key = None
        if is_object:
            key, position = decode(text, position)
            position = _skip(text, position, _SPACE + ":")
            if key in keys:
                repeated.append(key)
        value, position = decode(text, position)
        for name in repeated:
            draft.refuse(line, f"key {name!r} stands twice in one object.")
        repeated.clear()
        if key is None or key not in keys:
            yield line, key, value
        keys.add(key or "")
        position = _skip(text, position, _SPACE + ",")


def _skip(text: str, position: int, characters: str) -> int:
    while position < len(text) and text[position] in characters:
        position += 1
    return position


class _Nested:
    """Reads entries of the outermost list or object into a draft."""

    def __init__(self, draft: Draft, *, by_path: bool) -> None:
        self.draft = draft
        self._by_path = by_path
        self._nested_edges: dict[tuple[str, str], None] = {}

    def notes(self) -> list[str]:
        """Tell which labels have several parents because they are nested under each."""
        times = Counter(code for code, _ in self._nested_edges)
        parents: dict[str, list[str]] = {}
        for code, parent in self._nested_edges:
            if times[code] > 1:
                parents.setdefault(code, []).append(parent)
        found = []
        for code, above in itertools.islice(parents.items(), _SHOWN_NOTES):
            names = [repr(parent) for parent in above[:_SHOWN_PARENTS]]
            if len(above) > _SHOWN_PARENTS:
                names.append(f"{len(above) - _SHOWN_PARENTS:,} more")
            places = f"{', '.join(names[:-1])} and {names[-1]}"
            found.append(
                f"{code!r} is nested under {places}: one label with {len(above):,} parents, and "
                "with the ancestors of each."
            )
        if len(parents) > _SHOWN_NOTES:
            found.append(f"The same holds for {len(parents) - _SHOWN_NOTES:,} more labels.")
        if parents:
            found.append(
                "Taxonomy.from_file(path, by_path=True) keeps labels apart by their paths."
            )
        return found

    def read(self, line: int, key: str | None, entry: Any) -> None:
        if key is None:
            self._read_item(line, ROOT, entry)
        else:
            self._read_label(line, ROOT, key.strip(), entry)

    def _read_children(self, line: int, parent: str, value: Any) -> None:
        if value is None:
            return
        if _is_record(value):
            self._read_item(line, parent, value)
        elif isinstance(value, dict):
            for key, children in value.items():
                self._read_label(line, parent, key.strip(), children)
        elif isinstance(value, list):
            self._refuse_twins(line, parent, value)
            for item in value:
                self._read_item(line, parent, item)
        else:
            what = f"children of {parent!r}: got {_shown(value)}, expected an object or a list."
            self.draft.refuse(line, what)

    def _read_label(self, line: int, parent: str, name: str, children: Any) -> None:
        code = self._own_code(line, parent, name)
        if self._by_path:
            self.draft.names.setdefault(code, name)
        self._link(line, code, parent)
        if code:
            self._read_children(line, code, children)

    def _own_code(self, line: int, parent: str, name: str) -> str:
        """Return the name, or by path the codes above it and the name."""
        if not self._by_path or parent == ROOT or label_problem(name):
            return name
        if _ARROW in name:
            what = f"label {name!r} has {_ARROW!r} in it, which separates the labels of paths."
            self.draft.refuse(line, what)
        return f"{parent}{_ARROW}{name}"

    def _read_item(self, line: int, parent: str, item: Any) -> None:
        if isinstance(item, str) or _is_whole(item):
            self._read_label(line, parent, _code(item), None)
        elif _is_record(item):
            self._read_record(line, parent, item)
        elif isinstance(item, dict) and any(
            item.get(key) is not None and not isinstance(item.get(key), dict | list) for key in item
        ):
            what = f"a record without a label, expected one of {', '.join(_CODE_KEYS)}."
            self.draft.refuse(line, what)
        elif isinstance(item, dict):
            self._read_children(line, parent, item)
        else:
            self.draft.refuse(line, f"got {_shown(item)}, expected a label or a record.")

    def _read_record(self, line: int, nested_in: str, record: Mapping[str, Any]) -> None:
        code_key = next(
            key
            for key in _CODE_KEYS
            if isinstance(record.get(key), str) or _is_whole(record.get(key))
        )
        name = _code(record[code_key])
        if not name:
            self.draft.refuse(line, f"empty label ({code_key}).")
            return
        code = self._own_code(line, nested_in, name)
        given = self._parents(line, code, record)
        if nested_in != ROOT:
            self._link(line, code, nested_in)
            given = [parent for parent in given if parent != nested_in]
        elif not given:
            given = [ROOT]
        for parent in given:
            self.draft.add(code, parent, line)
        for key, texts in (("name", self.draft.names), ("description", self.draft.descriptions)):
            text = self._text(line, code, key, record)
            if text:
                texts.setdefault(code, text)
        if code_key in ("code", "id") and isinstance(record.get("label"), str):
            label = self._text(line, code, "label", record)
            if label:
                self.draft.names.setdefault(code, label)
        if self._by_path:
            self.draft.names.setdefault(code, name)
        self._read_children(line, code, record.get("children"))

    def _parents(self, line: int, code: str, record: Mapping[str, Any]) -> list[str]:
        if not any(key in record for key in _PARENT_KEYS):
            for key in record:
                hint = "" if key in _CODE_KEYS else _meant(key)
                if hint:
                    self.draft.refuse(line, f"label {code!r}: unknown key {key!r}.", hint)
        parents: list[str] = []
        for key in ("parent", "parents"):
            value = record.get(key)
            for parent in value if isinstance(value, list) else [value]:
                if self._by_path and parent is not None:
                    what = f"{key} of {code!r} is given, but by path it is told by nesting alone."
                    self.draft.refuse(line, what)
                elif isinstance(parent, str) or _is_whole(parent):
                    parents.append(_code(parent))
                elif parent is not None:
                    what = f"{key} of {code!r}: got {_shown(parent)}, expected a label."
                    self.draft.refuse(line, what)
                    self.draft.mentioned.add(code)
        return parents

    def _text(self, line: int, code: str, key: str, record: Mapping[str, Any]) -> str:
        value = record.get(key)
        if value is None or _is_whole(value):
            return "" if value is None else str(value)
        if isinstance(value, str):
            what = text_problem(value, key, code)
            if what:
                self.draft.refuse(line, what)
            return value.strip()
        self.draft.refuse(line, f"{key} of {code!r}: got {_shown(value)}, expected a text.")
        return ""

    def _link(self, line: int, code: str, parent: str) -> None:
        """Add an edge told by nesting; a label that stands in several places repeats its own."""
        if parent != ROOT:
            if (code, parent) in self._nested_edges:
                return
            self._nested_edges[code, parent] = None
        self.draft.add(code, parent, line)

    def _refuse_twins(self, line: int, parent: str, items: list[Any]) -> None:
        codes: set[str] = set()
        for item in items:
            value = item
            if isinstance(item, dict):
                value = next((item[key] for key in _CODE_KEYS if key in item), None)
            if not (isinstance(value, str) or _is_whole(value)):
                continue
            code = _code(value)
            if code in codes:
                self.draft.refuse(line, f"{code!r} stands twice among the children of {parent!r}.")
            codes.add(code)


@lru_cache(maxsize=1_000)
def _meant(key: str) -> str:
    """Suggest the key that a key of a record was meant to be; records repeat theirs."""
    return suggest(key, _PARENT_KEYS) if len(key) <= _LONGEST_KEY else ""


def _code(value: Any) -> str:
    return str(value).strip()
