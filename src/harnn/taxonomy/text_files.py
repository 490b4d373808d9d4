"""The text of a file, distrusted: its size, its encoding, and whether it is text at all."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from harnn.errors import Problem, TaxonomyError, cannot_read
from harnn.taxonomy.foreign import refuse_binary
from harnn.taxonomy.graph import gathered, nearest

LABELS_FILE = "labels.tsv"
"""The table of labels beside a taxonomy."""
_CHUNK_BYTES = 1 << 20
_MOST_CHUNKS = 1_024


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
        raise TaxonomyError(cannot_read(where, error)) from None
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


def content_lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield numbered lines without blank ones and comments."""
    # Not str.splitlines: it also breaks at characters that may stand inside a label.
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip() and not (line.startswith("#") and "\t" not in line):
            yield number, line
