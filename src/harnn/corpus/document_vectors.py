"""Vectors of documents that somebody brings, known by the documents' ids."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harnn._arrays import NO_ARRAYS
from harnn._display import reason_of
from harnn._optional import require
from harnn._tables import shown
from harnn.errors import DocumentError, InputError, Problem, group_problems, nothing_at

_MOST_BYTES = 16 << 30
"""Of the whole matrix."""
_ROWS_AT_ONCE = 4_096
_FORMS = ".npz, .npy or .parquet"


@dataclass(frozen=True, eq=False)
class DocumentVectors:
    """One vector for each of N documents.

    Raises:
        InputError: they are no finite numbers, or ids are repeated or of another number.
    """

    ids: tuple[str, ...]
    vectors: NDArray[np.float32] = field(repr=False)
    """(N, D)"""
    where: str = ""
    """The file, for messages."""

    def __post_init__(self) -> None:
        problems = list(_problems(self.ids, self.vectors))
        if problems:
            raise InputError(group_problems(Problem(self.where, problem) for problem in problems))

    @property
    def size(self) -> int:
        """D."""
        return int(self.vectors.shape[1])

    @cached_property
    def sha256(self) -> str:
        """Hash of ids and vectors."""
        digest = hashlib.sha256("\0".join(self.ids).encode("utf-8", "surrogatepass"))
        digest.update(np.ascontiguousarray(self.vectors).data)
        return digest.hexdigest()

    def of(self, ids: Sequence[str]) -> NDArray[np.float32]:
        """Return the vectors (M, D) of documents, each of length 1; one of zeros stays so.

        Raises:
            DocumentError: some have none.
        """
        missing = [id for id in ids if id not in self._rows]
        if missing:
            what = "has no vector for the document"
            problems = [Problem(self.where, f"{what} {shown(id)}.") for id in missing]
            raise DocumentError(group_problems(problems))
        found = self.vectors[[self._rows[id] for id in ids]].astype(np.float32)
        lengths = np.sqrt(np.einsum("nd,nd->n", found, found, dtype=np.float64))
        return np.asarray(found / np.where(lengths > 0, lengths, 1)[:, None], dtype=np.float32)

    @cached_property
    def _rows(self) -> dict[str, int]:
        return {id: row for row, id in enumerate(self.ids)}


def read_document_vectors(path: str | Path) -> DocumentVectors:
    """Read ``ids`` and ``vectors`` of a ``.npz``; a ``.npy`` with ``NAME.ids.txt`` beside it, an id
    a line; or the columns ``id`` and ``vector`` of Parquet. Pickled objects are never read.

    Raises:
        InputError: the file cannot be read, or holds something else.
        MissingExtraError: Parquet without its extra.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if not path.is_file():
        raise InputError(nothing_at(path, "no such file."))
    if suffix not in (".npz", ".npy", ".parquet"):
        raise InputError(Problem(str(path), f"expected vectors of documents in {_FORMS}."))
    try:
        ids, vectors = _read_parquet(path) if suffix == ".parquet" else _read_numpy(path, suffix)
    except NO_ARRAYS as error:
        what = f"cannot be read as vectors: {reason_of(error)}."
        raise InputError(Problem(str(path), what)) from None
    if vectors.ndim != 2 or vectors.dtype.kind not in "fiu":
        what = f"vectors: got {vectors.dtype} of shape {vectors.shape}, expected numbers of shape "
        raise InputError(Problem(str(path), f"{what}(documents, size)."))
    with np.errstate(over="ignore"):  # looked at afterwards
        return DocumentVectors(tuple(ids), vectors.astype(np.float32), str(path))


def _read_numpy(path: Path, suffix: str) -> tuple[list[str], NDArray[Any]]:
    if suffix == ".npy":
        beside = path.with_suffix(".ids.txt")
        if not beside.is_file():
            raise InputError(Problem(str(beside), "the file is missing: an id a line."))
        _check_size(path, path.stat().st_size)
        with path.open("rb") as stream:
            return beside.read_text(encoding="utf-8").splitlines(), np.load(stream)
    with path.open("rb") as stream, np.load(stream, allow_pickle=False) as archive:
        missing = [name for name in ("ids", "vectors") if name not in archive.files]
        if missing:
            raise InputError(Problem(str(path), f"there is no array {missing[0]!r} in it."))
        _check_size(path, sum(member.file_size for member in archive.zip.infolist()))
        ids = archive["ids"]
        if ids.ndim != 1 or ids.dtype.kind not in "Uiu":
            what = f"ids: got {ids.dtype} of shape {ids.shape}, expected a list of texts."
            raise InputError(Problem(str(path), what))
        return [str(id) for id in ids.tolist()], archive["vectors"]


def _read_parquet(path: Path) -> tuple[list[str], NDArray[Any]]:
    parquet = require("pyarrow.parquet", extra="parquet", purpose=f"Reading {path}")
    groups = parquet.read_metadata(path)
    _check_size(
        path, sum(groups.row_group(n).total_byte_size for n in range(groups.num_row_groups))
    )
    table = parquet.read_table(path, columns=["id", "vector"])
    rows = table.column("vector").to_pylist()
    sizes = {None if row is None else len(row) for row in rows}
    if len(sizes) > 1 or None in sizes:
        raise ValueError("the column vector holds lists of different lengths, or nothing")
    return [str(id) for id in table.column("id").to_pylist()], np.array(rows, dtype=np.float32)


def _check_size(path: Path, size: int) -> None:
    """Raises:
    InputError: there would be more than fits.
    """
    if size > _MOST_BYTES:
        what = f"unpacks to {size:,} bytes, more than {_MOST_BYTES:,}."
        raise InputError(Problem(str(path), what))


def _problems(ids: Sequence[str], vectors: NDArray[np.float32]) -> list[str]:
    count, size = vectors.shape
    if len(ids) != count:
        return [f"got {len(ids):,} ids for {count:,} vectors."]
    if not count or not size:
        return ["there is no vector."]
    seen: set[str] = set()
    problems = []
    for id in ids:
        if id in seen:
            problems.append(f"the id {shown(id)} is repeated.")
        seen.add(id)
    for start in range(0, count, _ROWS_AT_ONCE):
        part = vectors[start : start + _ROWS_AT_ONCE]
        wrong = np.flatnonzero(~np.isfinite(part).all(axis=1)) + start
        what = "holds NaN or infinite numbers."
        problems += [f"the vector of {shown(ids[row])} {what}" for row in wrong.tolist()]
    return problems
