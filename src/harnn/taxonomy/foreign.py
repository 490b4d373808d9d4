"""Forms that are not read, each called by its name, so that none becomes a list of odd labels."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from harnn._encodings import BYTE_ORDER_MARKS
from harnn._files import SQLITE
from harnn.errors import Problem, TaxonomyError
from harnn.taxonomy.graph import ROOT
from harnn.taxonomy.options import Form
from harnn.taxonomy.table_columns import plain_word

Lines = Sequence[tuple[int, str]]
"""Line numbers and lines."""

_PAIRS = "Write one child<TAB>parent pair a line"
_RDF_HINT = f"{_PAIRS} for every broader or narrower term, and names into labels.tsv beside it."
_SHEET_HINT = "Give it the extension that it has by its kind, .xlsx, .xls or .ods."

_BINARY = (
    (b"\x1f\x8b", "is compressed by gzip, expected text.", "Unpack it: gunzip FILE."),
    (b"\x28\xb5\x2f\xfd", "is compressed by zstd, expected text.", "Unpack it: unzstd FILE."),
    (b"BZh", "is compressed by bzip2, expected text.", "Unpack it: bunzip2 FILE."),
    (b"\xfd7zXZ\x00", "is compressed by xz, expected text.", "Unpack it: unxz FILE."),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "is an old Office file (.xls), not text.", _SHEET_HINT),
    (b"%PDF-", "is a PDF, expected text.", f"{_PAIRS}."),
    (b"PAR1", "is a Parquet file, expected text.", f"{_PAIRS}."),
    (SQLITE, "is an SQLite database, expected text.", f"{_PAIRS}."),
)


class Markup(NamedTuple):
    """A language of pages or ontologies, told by how its text begins."""

    begins: re.Pattern[str]
    what: str
    hint: str
    form: Form | None = None
    """What it is read as; None: not at all."""


_IN_XML = (
    Markup(re.compile(r"<(!doctype\s+)?html\b", re.I), "is HTML, which is not read.", f"{_PAIRS}."),
    Markup(re.compile(r"<(\w+:)?RDF\b"), "", "", "rdfxml"),
)
"""What a root element tells, which may follow a declaration and comments."""
_MARKUP = (
    *_IN_XML,
    Markup(re.compile(r"(<[^<>\s]*>|_:\w+)\s+<[^<>\s]*>\s+\S.*\.\s*$", re.M), "", "", "nquads"),
    Markup(re.compile(r"<[a-z]+:[^<>\s]*>\s+(a|<[^<>\s]+>)\s", re.I), "", "", "turtle"),
    Markup(re.compile(r"<[?!]"), "is XML, which is not read.", f"{_PAIRS}."),
    Markup(
        re.compile(r"<\w[\w:.-]*[ />](?=.*(/>|</))", re.S),
        "is XML, which is not read.",
        f"{_PAIRS}.",
    ),
    Markup(re.compile(r"@(prefix|base)\s|(prefix|base)\s+(\w*:\s*)?<", re.I), "", "", "turtle"),
    Markup(re.compile(r"format-version:"), "is an OBO ontology, which is not read.", _RDF_HINT),
    Markup(re.compile(r"Prefix\(|Ontology\("), "is an OWL ontology, which is not read.", _RDF_HINT),
)
_MARKUP_HEAD = 2_000
"""Characters in which a root element may tell RDF/XML and HTML from other XML."""

PARENT_WORDS = frozenset(
    {"parent", "parents", "parentid", "parentcode", "parentlabel", "parentname", "broader"}
)
CHILD_WORDS = frozenset(
    {"child", "childid", "childcode", "label", "code", "id", "name", "node", "category", "term"}
    | {"class", "narrower", "concept"}
)
_NUMBERED = re.compile(r"([A-Z]?\d+(?:\.\d+)*)\.?\s+[^\s\d\W]")
_CHILDREN_AFTER_COLON = re.compile(r"[^:,]+:\s*[^,]+(,\s*[^,]+)+")
_TREE_NUMBER = re.compile(r".*;\s*[A-Z]?\d+(\.\d+)*")
_TIGHT_COMMA = re.compile(r"\S,\S")


def refuse_binary(content: bytes, where: str, encoding: str | None = None) -> None:
    """Refuse what is no text; encoding: the one that it is said to be of.

    Raises:
        TaxonomyError: it says what it is instead.
    """
    if content.startswith(b"PK\x03\x04"):
        if b"xl/" in content:
            raise TaxonomyError(Problem(where, "is an Excel workbook, not text.", _SHEET_HINT))
        hint = "Unpack it and give the file inside."
        raise TaxonomyError(Problem(where, "is a zip archive, expected text.", hint))
    for mark, what, hint in _BINARY:
        if content.startswith(mark):
            raise TaxonomyError(Problem(where, what, hint))
    head = content[:4_096]
    told = encoding is not None or any(content.startswith(mark) for mark, _ in BYTE_ORDER_MARKS)
    if not told and 4 * head.count(0) >= len(head) > 3:
        upper, lower = head[0::2].count(0), head[1::2].count(0)
        if 3 * min(upper, lower) < max(upper, lower):
            name = "utf-16-be" if upper > lower else "utf-16-le"
            hint = f"Say so: encoding={name!r} (--taxonomy-encoding {name})."
            what = "looks like UTF-16 without a byte order mark."
            raise TaxonomyError(Problem(where, what, hint))
        raise TaxonomyError(Problem(where, "holds binary data, expected text."))


def find_markup(text: str) -> Markup | None:
    """Tell the languages of ontologies and of pages by how they begin."""
    head = text[:_MARKUP_HEAD].lstrip()
    if head.startswith("#"):  # a comment, in Turtle and N-Triples too
        lines = (line for line in text.split("\n", 1_000)[:1_000] if line.strip())
        head = next((line for line in lines if not line.startswith("#")), "").strip()
    first = head.split("\n", 1)[0].rstrip()
    for markup in _MARKUP:
        inside = first.startswith(("<?", "<!")) and markup in _IN_XML
        whole = first.startswith("<") and "\t" not in first
        begins = markup.begins
        if begins.search(head) if inside else begins.match(head if whole else first):
            return markup
    return None


def refuse_other_texts(lines: Lines, source: str) -> None:
    """Refuse numbered lists and tables where path strings are expected.

    Raises:
        TaxonomyError: it says what the lines look like.
    """
    found = _table(lines) or _numbered(lines)
    if found:
        number, what, hint = found
        raise TaxonomyError(Problem(f"{source}:{number}", what, hint))


def _table(lines: Lines) -> tuple[int, str, str] | None:
    first = lines[0][0]
    if all(_CHILDREN_AFTER_COLON.fullmatch(line.strip()) for _, line in lines):
        what = "every line looks like a parent followed by all its children."
        return first, what, f"{_PAIRS}, one for each child."
    if all(_TREE_NUMBER.fullmatch(line.strip()) for _, line in lines):
        what = "every line ends with ';' and a number, as in the trees of MeSH; it is not read."
        return first, what, f"{_PAIRS}, or paths of labels, A > B > C, with ';number' after them."
    if len(lines) > 1 and all(_TIGHT_COMMA.search(line) for _, line in lines):
        what = "every line has a comma, as in a comma-separated table, which is not read."
        hint = f"{_PAIRS}. If commas separate the labels of paths: separator=',' (--separator ',')."
        return first, what, hint
    return None


def _numbered(lines: Lines) -> tuple[int, str, str] | None:
    found = [_NUMBERED.match(line.strip()) for _, line in lines]
    numbers = {match[1] for match in found if match}
    below = [number for number in numbers if number.rpartition(".")[0] in numbers]
    if not below or 2 * len(numbers) < len(lines):
        return None
    lower = min(below)
    upper = lower.rpartition(".")[0]
    what = f"the lines are numbered, {lower!r} below {upper!r}; such numbers are not read."
    return lines[0][0], what, f"{_PAIRS}, or a path of labels a line, A > B > C."


def is_header(cells: Sequence[str]) -> bool:
    """Tell whether the first cells of a table name a child and its parent."""
    words = {plain_word(cell) for cell in cells}
    return bool(words & PARENT_WORDS and words & CHILD_WORDS)


def is_parent_first(cells: Sequence[str]) -> bool:
    """Tell whether two cells are the names of columns, the parent's before the child's."""
    return len(cells) == 2 and is_header(cells) and plain_word(cells[0]) in PARENT_WORDS


def refuse_other_columns(lines: Lines, source: str) -> None:
    """Refuse tables with tabs whose lines are no pairs of child and parent.

    Lines that are merely damaged are left to the reader, which tells them one by one.

    Raises:
        TaxonomyError: it says what the columns look like.
    """
    rows = [[cell.strip() for cell in line.rstrip().split("\t")] for _, line in lines]
    number = lines[0][0]
    wide = sum(len(row) > 2 for row in rows)
    firsts = Counter(row[0] for row in rows)
    top_first = any(first.casefold() == "root" for first in firsts)
    top_second = any(len(row) > 1 and row[1] == ROOT for row in rows)
    swapped = top_first and not top_second
    if 2 * wide >= len(rows) or (swapped and wide):
        what, hint = _wide(rows, firsts, swapped=swapped)
    elif swapped and all(len(row) == 2 for row in rows) and ROOT in firsts:
        number = next(n for (n, _), row in zip(lines, rows, strict=True) if row[0] == ROOT)
        what = f"{ROOT} stands in the first column and never in the second: parents come first."
        hint = "Write child<TAB>parent, or put the header parent<TAB>child above the lines."
    else:
        return
    if what:
        raise TaxonomyError(Problem(f"{source}:{number}", what, hint))


def _wide(rows: Sequence[Sequence[str]], firsts: Counter[str], *, swapped: bool) -> tuple[str, str]:
    later = Counter(cell for row in rows for cell in row[1:])
    linked = any(cell in firsts for cell in later)
    if swapped or (linked and max(later.values()) == 1 and max(firsts.values()) == 1):
        what = "the lines look like a parent followed by all its children, which is not read."
        return what, f"{_PAIRS}, one for each child, with {ROOT} as the parent of the top."
    if not linked and max(firsts.values()) > 1:
        what = "the columns look like the labels of a path, expected child and parent."
        return what, "Read them as paths with separator='\\t' (in a shell: --separator $'\\t')."
    return "", ""
