"""From a row to a document: which field is the id, which the text, which the labels."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from harnn._cells import cell_text
from harnn.config import DataConfig
from harnn.data.columns import NAME_TEXTS, Wanted, first_names, list_names, suggest_texts
from harnn.data.documents import Document
from harnn.data.files import Origin
from harnn.data.json_rows import name_type
from harnn.data.labels import Fault, read_labels
from harnn.data.log import ReadingLog, Rejected
from harnn.data.records import IndexLayout
from harnn.data.rows import Row
from harnn.errors import ConfigError, Problem, suggest

_TITLE_AND_ABSTRACT = ("title", "abstract")


class DocumentBuilder:
    """Turn rows into documents; one builder serves all files of a set.

    ``labelled``: True demands labels, False ignores them, None takes them where they are.
    ``index_only``: refuse whatever is no index record. ``log`` gets what is worth a look.
    ``more_columns``: of tables, to be read beside those that a document is made of.
    ``instead``: of tables that hold something else than documents, to be read where they are.

    Raises:
        ConfigError: settings out of range.
    """

    def __init__(
        self,
        config: DataConfig,
        *,
        labelled: bool | None = None,
        index_only: bool = False,
        log: ReadingLog | None = None,
        more_columns: tuple[str, ...] = (),
        instead: tuple[str, ...] = (),
    ) -> None:
        problems = config.check()
        if problems:
            raise ConfigError(problems)
        self.log = ReadingLog() if log is None else log
        self.layout = IndexLayout(config)
        self.labelled = labelled
        self.config = config
        self.wanted = Wanted(config, labelled, self.log, more_columns, instead)
        self._index_only = index_only

    def build(self, file: Origin, row: Row) -> Document | Rejected:
        """Return the document of *row*, or all that is wrong with it."""
        faults: list[Fault] = []
        where = file.at(row.line)
        name = (
            read_id(row.content, self.config, faults, in_cells=file.is_table)
            or f"{file.short_name}:{row.line}"
        )
        if row.is_text:
            text = {"text": str(row.content["text"])}
        else:
            text = read_text(row.content, self.config, faults)
        labels = self._read_labels(file, row, faults)
        if faults:
            return Rejected(tuple(Problem(where, what, hint) for what, hint in faults))
        return Document(name, text, labels, where)

    def _read_labels(self, file: Origin, row: Row, faults: list[Fault]) -> tuple[str, ...] | None:
        if self.labelled is False:
            return None
        one_field = not (self.config.label_fields or self.config.level_fields)
        if one_field and self.layout.recognises(row.content):
            codes, found = self.layout.read_labels(row.content, file.at(row.line))
            faults += [(what, "") for what in found]
            return tuple(codes)
        if self._index_only:
            what = "is no index record, expected lists of whole numbers in "
            faults.append((f"{what}{self.config.labels_field!r} and in one field per level.", ""))
            return None
        required = bool(self.labelled)
        return read_labels(
            row.content, self.config, faults, required=required, in_cells=file.is_table
        )


def read_id(
    content: Mapping[str, Any], config: DataConfig, faults: list[Fault], *, in_cells: bool = False
) -> str:
    """Return the id as a string, or an empty one where none is given.

    in_cells: the row is of a table, where a number that has become 12.0 is 12 and a date one of
    ISO 8601, as a sheet shows them.
    """
    name = config.id_field
    value = content.get(name)
    if value is None:
        if name != DataConfig.id_field and name not in content:
            faults.append((f"has no field {name!r}.", suggest(name, first_names(content))))
        return ""
    if isinstance(value, str):
        return value
    if type(value) is int:
        return str(value)
    if in_cells and isinstance(value, float | date):
        return cell_text(value)
    expected = "expected a string or a whole number."
    faults.append((f"{name!r} is {name_type(value)}, {expected}", ""))
    return ""


def read_text(
    content: Mapping[str, Any], config: DataConfig, faults: list[Fault]
) -> dict[str, str]:
    """Return the named fields of the text in reading order."""
    count = len(faults)
    fields = _find_text_fields(content, config, faults)
    text = {name: _join(name, value, faults) for name, value in fields.items() if value is not None}
    if not text and len(faults) == count:
        faults.append(_describe_missing_text(content, config))
    return text if len(faults) == count else {}


def _find_text_fields(
    content: Mapping[str, Any], config: DataConfig, faults: list[Fault]
) -> dict[str, Any]:
    whole = content.get("text")
    if config.text_fields:
        inside = whole if isinstance(whole, dict) else {}
        found = {**content, **inside}
        for name in config.text_fields:
            if name not in found:
                hint = f"{suggest(name, first_names(found))} {NAME_TEXTS}".lstrip()
                faults.append((f"has no text field {name!r}.", hint))
        return {name: found.get(name) for name in config.text_fields}
    if isinstance(whole, dict):
        return whole
    if whole is not None:
        return {"text": whole}
    return {name: content[name] for name in _TITLE_AND_ABSTRACT if name in content}


def _join(name: str, value: object, faults: list[Fault]) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(token, str) for token in value):
        return " ".join(token for token in value if token)
    found = "a list of other things" if isinstance(value, list) else name_type(value)
    faults.append((f"{name!r} is {found}, expected a string or a list of words.", ""))
    return ""


def _describe_missing_text(content: Mapping[str, Any], config: DataConfig) -> Fault:
    if config.text_fields:
        return f"has no text: nothing in {list_names(config.text_fields)}.", ""
    if "text" in content or any(name in content for name in _TITLE_AND_ABSTRACT):
        return "has no text: its text fields are empty.", ""
    what = "has no text, expected 'text', or 'title' and 'abstract'."
    return what, suggest_texts(content)
