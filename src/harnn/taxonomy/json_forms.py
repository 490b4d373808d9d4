"""Taxonomies as JSON of others: lists of records, nested objects and lists.

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
from collections.abc import Iterator, Mapping
from functools import lru_cache
from json import JSONDecodeError, JSONDecoder
from typing import Any

from harnn.errors import Problem, TaxonomyError, suggest
from harnn.taxonomy.graph import (
    ROOT,
    Draft,
    label_problem,
    text_problem,
)

_CODE_KEYS = ("code", "id", "label", "name")
_PARENT_KEYS = ("parent", "parents", "children")
_SPACE = " \t\r\n"
_ARROW = " > "
_LONGEST_KEY = 40
_SHOWN_NOTES = 20
_SHOWN_PARENTS = 5


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


def is_json_ld(value: Any) -> bool:
    """Tell RDF from other JSON: it has keys that begin with ``@``."""
    entries = value[:1] if isinstance(value, list) else [value]
    return any(
        isinstance(entry, dict) and any(key in entry for key in ("@context", "@graph", "@id"))
        for entry in entries
    )


def draft_from_json(text: str, value: Any, source: str, *, by_path: bool = False) -> Draft:
    """Read records or nested labels from *value*, which *text* was parsed to.

    Raises:
        TaxonomyError: nested too deeply, or a form that is neither.
    """
    draft = Draft(source)
    if not isinstance(value, dict | list):
        draft.refuse(1, f"got JSON {shown_json(value)}, expected an object or a list.")
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


def shown_json(value: Any) -> str:
    """Return the beginning of a value, for messages."""
    text = value if isinstance(value, str) else ""
    try:
        return json.dumps(text[:40] if text else value)[:40]
    except RecursionError:
        return "a value nested too deeply"


def is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_record(value: Any) -> bool:
    """Tell records from objects that have labels as keys: those never hold texts."""
    return isinstance(value, dict) and any(
        isinstance(value.get(key), str) or is_whole(value.get(key)) for key in _CODE_KEYS
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
            what = f"children of {parent!r}: got {shown_json(value)}, expected an object or a list."
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
        if isinstance(item, str) or is_whole(item):
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
            self.draft.refuse(line, f"got {shown_json(item)}, expected a label or a record.")

    def _read_record(self, line: int, nested_in: str, record: Mapping[str, Any]) -> None:
        code_key = next(
            key
            for key in _CODE_KEYS
            if isinstance(record.get(key), str) or is_whole(record.get(key))
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
                elif isinstance(parent, str) or is_whole(parent):
                    parents.append(_code(parent))
                elif parent is not None:
                    what = f"{key} of {code!r}: got {shown_json(parent)}, expected a label."
                    self.draft.refuse(line, what)
                    self.draft.mentioned.add(code)
        return parents

    def _text(self, line: int, code: str, key: str, record: Mapping[str, Any]) -> str:
        value = record.get(key)
        if value is None or is_whole(value):
            return "" if value is None else str(value)
        if isinstance(value, str):
            what = text_problem(value, key, code)
            if what:
                self.draft.refuse(line, what)
            return value.strip()
        self.draft.refuse(line, f"{key} of {code!r}: got {shown_json(value)}, expected a text.")
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
            if not (isinstance(value, str) or is_whole(value)):
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
