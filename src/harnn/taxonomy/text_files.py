"""The text of a file, distrusted: its size, its encoding, and whether it is text at all."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from harnn._encodings import BYTE_ORDER_MARKS, likely_encodings, looks_western, plain_name
from harnn._tables import is_encoding
from harnn.errors import Problem, TaxonomyError, cannot_read, nothing_at
from harnn.taxonomy.foreign import refuse_binary
from harnn.taxonomy.graph import gathered, nearest

LABELS_FILE = "labels.tsv"
"""The table of labels beside a taxonomy."""
_CHUNK_BYTES = 1 << 20
_MOST_CHUNKS = 1_024
_XML_ENCODING = re.compile(rb"<\?xml[^<>]{0,100}\sencoding\s*=\s*[\"']([\w.:-]{1,40})[\"']")


def read_text(path: Path, encoding: str | None = None, notes: list[str] | None = None) -> str:
    """Read text: of the encoding that a byte order mark or a declaration of XML tells, else of
    *encoding*; None: UTF-8, or cp1252 where that is safe to be said, which *notes* are told.

    Raises:
        TaxonomyError: no such file, a directory, unreadable, too large, no text, or bytes that are
            not of that encoding.
    """
    where = str(path)
    content = _read_bytes(path, where, encoding)
    for mark, told in BYTE_ORDER_MARKS:
        if content.startswith(mark):
            return _decode(content, "utf-8-sig" if told == "utf-8" else told, where)
    if encoding is not None:
        return _decode(content, encoding, where)
    declared = _XML_ENCODING.match(content)
    if declared and is_encoding(name := declared[1].decode()):
        return _decode(content, name, where)
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        if not looks_western(content):
            raise gathered(where, _undecodable(content, "utf-8", where)) from None
    if notes is not None:
        hint = "encoding= (--taxonomy-encoding) has it read as that or another one."
        notes.append(f"{path.name} is not UTF-8: read as cp1252; {hint}")
    return content.decode("cp1252")


def _read_bytes(path: Path, where: str, encoding: str | None) -> bytes:
    try:
        with path.open("rb") as stream:
            chunks = [stream.read(_CHUNK_BYTES)]
            refuse_binary(chunks[0], where, encoding)
            while chunks[-1] and len(chunks) <= _MOST_CHUNKS:
                chunks.append(stream.read(_CHUNK_BYTES))
    except FileNotFoundError:
        siblings = sorted(p.name for p in path.parent.glob("*")) if path.parent.is_dir() else []
        hint = nearest(path.name, siblings)
        raise TaxonomyError(nothing_at(where, "no such file.", hint)) from None
    except IsADirectoryError:
        hint = "Give the taxonomy file inside it."
        raise TaxonomyError(Problem(where, "is a directory, expected a file.", hint)) from None
    except OSError as error:
        raise TaxonomyError(cannot_read(where, error)) from None
    except ValueError:  # a zero or half a character
        raise TaxonomyError(Problem(repr(where), "is no name of a file.")) from None
    if chunks[-1]:
        raise TaxonomyError(Problem(where, f"is larger than {_MOST_CHUNKS:,} MiB."))
    return b"".join(chunks)


def _decode(content: bytes, encoding: str, where: str) -> str:
    try:
        return content.decode(encoding).removeprefix("\ufeff")
    except UnicodeError as error:
        name = plain_name(encoding)
        if "\n".encode(encoding) == b"\n":
            raise gathered(where, _undecodable(content, name, where)) from None
        place = error.start + 1 if isinstance(error, UnicodeDecodeError) else 1
        raise TaxonomyError(Problem(where, f"is not {name} (byte {place:,}).")) from None


def _undecodable(content: bytes, encoding: str, where: str) -> Iterator[Problem]:
    """Yield a problem for each line that is not of an encoding in which lines are lines."""
    shown = "UTF-8" if encoding == "utf-8" else encoding
    for number, line in enumerate(content.split(b"\n"), start=1):
        try:
            line.decode(encoding)
        except UnicodeDecodeError as error:
            byte = f"byte 0x{line[error.start]:02x}"
            what = f"{byte} at position {error.start + 1} of the line is not {shown}."
            yield Problem(f"{where}:{number}", what, _hint(line) if encoding == "utf-8" else "")


def _hint(line: bytes) -> str:
    likely = likely_encodings(line)
    if not likely:
        return ""
    first, *others = likely
    more = "".join(f", or {other!r}" for other in others)
    return f"Say its encoding, as encoding={first!r} (--taxonomy-encoding {first}){more}."


def content_lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield numbered lines without blank ones and comments."""
    # Not str.splitlines: it also breaks at characters that may stand inside a label.
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip() and not (line.startswith("#") and "\t" not in line):
            yield number, line
