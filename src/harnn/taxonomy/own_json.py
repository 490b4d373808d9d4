"""Taxonomies as JSON in our own format, which :meth:`harnn.Taxonomy.to_json` writes."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from harnn._display import encodable
from harnn.errors import Problem, TaxonomyError
from harnn.taxonomy.graph import MOST_PROBLEMS, IntArray, Layout, gathered, label_problem
from harnn.taxonomy.json_forms import is_whole, shown_json

FORMAT = "harnn-taxonomy"
FORMAT_VERSION = 1
_TEXT_LISTS = ("codes", "names", "descriptions", "level_names")
_LIST_KEYS = (*_TEXT_LISTS, "levels", "edges")
_MORE_TEXTS = ("notations", "iris")
"""Lists that stand in the file where there is anything in them, as do the next."""
_PAIRS = ("former_iris", "change_notes")
_MORE_LISTS = ("alternatives", "replaced", "successors", *_PAIRS)


def is_own_format(value: Any) -> bool:
    """Tell whether parsed JSON is what ``Taxonomy.to_json`` writes."""
    return isinstance(value, dict) and value.get("format") == FORMAT


def write_own_format(fields: Mapping[str, Sequence[Any]], sha256: str) -> str:
    """Write one key a line, so that two versions can be compared by eye."""
    values = {"format": FORMAT, "version": FORMAT_VERSION, "sha256": sha256, **fields}
    lines = [f"{json.dumps(key)}: {_write_value(value)}" for key, value in values.items()]
    return "{\n" + ",\n".join(lines) + "\n}\n"


def filled(fields: Mapping[str, Any]) -> dict[str, Sequence[Any]]:
    """Return the fields that hold anything, what is told of codes as lists that begin with them."""
    return {
        key: [_as_row(*pair) for pair in value.items()] if isinstance(value, Mapping) else value
        for key, value in fields.items()
        if any(value)
    }


def _as_row(code: str, told: str | Sequence[str]) -> list[str]:
    return [code, told] if isinstance(told, str) else [code, *told]


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
    if version != FORMAT_VERSION or not is_whole(version):
        what = (
            f"taxonomy format version {shown_json(version)}; this version of harnn reads "
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
    texts["successors"] = {encodable(old): tuple(new) for old, *new in value.get("successors", ())}
    for key in _PAIRS:
        texts[key] = {encodable(code): encodable(text) for code, text in value.get(key, ())}
    return Layout(tuple(value["codes"]), levels, edges), texts


def _is_list(value: Any, *, texts: bool) -> bool:
    return isinstance(value, list) and (not texts or all(isinstance(item, str) for item in value))


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
    yield from _former_problems(value, set(codes))
    if len(levels) != len(codes):
        return
    steps = [0, *levels]
    if not all(is_whole(level) for level in levels) or any(
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


def _former_problems(value: Mapping[str, Any], codes: set[str]) -> Iterator[str]:
    """Yield what is wrong with what is told of codes that are labels no more."""
    rows = value.get("successors", ())
    old = {pair[0] for pair in value.get("replaced", ()) if pair}
    if not all(row and row[0] not in old and codes.issuperset(row[1:]) for row in rows):
        yield "'successors' must be lists of a code that is not replaced, and labels."
    elif len({row[0] for row in rows}) != len(rows):
        yield "'successors' holds a code twice."
    old.update(row[0] for row in rows if row)
    if not all(len(pair) == 2 and pair[0] in old for pair in value.get("former_iris", ())):
        yield "'former_iris' must be pairs of a code that is no label any more and its IRI."
    notes = value.get("change_notes", ())
    if not all(len(pair) == 2 and pair[0] in old | codes for pair in notes):
        yield "'change_notes' must be pairs of a code and a text."


def _edge_problems(edges: Sequence[Any], levels: Sequence[int]) -> Iterator[str]:
    n_labels = len(levels)
    if not all(
        isinstance(edge, list)
        and len(edge) == 2
        and all(is_whole(column) and 0 <= column < n_labels for column in edge)
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
