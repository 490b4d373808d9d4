"""Datasets in the common format: texts and closed targets of each split."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from harnn.config import DataConfig
from harnn.data import Document, read_labelled
from harnn.taxonomy import Taxonomy

DATA = Path(os.environ.get("HARNN_DATA", "../shared/data"))
SPLITS = ("train", "valid", "test")
_HAN = re.compile(r"[\u4e00-\u9fff]")
_HAN_SHARE = 0.2
_SAMPLED = 200


@dataclass(frozen=True)
class Split:
    """The documents of one file."""

    documents: tuple[Document, ...]
    targets: csr_array
    """(N, C) bool, closed upward."""

    @cached_property
    def texts(self) -> list[str]:
        """All fields of each document, joined by line breaks."""
        return [document.full_text for document in self.documents]


@dataclass(frozen=True)
class Dataset:
    """A taxonomy and where the documents are."""

    name: str
    home: Path
    taxonomy: Taxonomy

    @classmethod
    def open(cls, name: str, data: Path) -> Dataset:
        """Read the taxonomy of the dataset called *name* in the folder *data*."""
        home = data / name
        if not (home / "taxonomy.tsv").is_file():
            raise SystemExit(
                f"{home}/taxonomy.tsv does not exist; set HARNN_DATA to the folder of the datasets."
            )
        return cls(name, home, Taxonomy.from_file(home / "taxonomy.tsv"))

    def path(self, split: str) -> Path:
        return self.home / f"{split}.jsonl.gz"

    def read(self, split: str) -> Split:
        """Read ``train``, ``valid`` or ``test``."""
        pairs = list(read_labelled(self.path(split), DataConfig(), self.taxonomy))
        columns = [columns for _, columns in pairs]
        starts = np.cumsum([0, *map(len, columns)])
        indices = np.concatenate(columns) if columns else np.empty(0, dtype=np.int32)
        targets = csr_array(
            (np.ones(len(indices), dtype=np.bool_), indices, starts),
            shape=(len(pairs), len(self.taxonomy)),
        )
        return Split(tuple(document for document, _ in pairs), targets)


def single_path_share(specific: csr_array) -> float:
    """Return the share of documents with exactly one most specific label."""
    sizes = np.diff(specific.indptr)
    return float(np.mean(sizes == 1)) if len(sizes) else 0.0


def terminal_columns(targets: Any, taxonomy: Taxonomy, share: float) -> NDArray[np.int64]:
    """Return the labels that documents end at, ascending.

    share: of the documents that have a label, the least part that must end at it, above 0 to 1;
    a label high up that a few documents end at would beat all below it. Leaves always count.
    """
    labels = len(taxonomy)
    specific = taxonomy.hierarchy.most_specific_sets(targets)
    ends = np.bincount(specific.indices, minlength=labels)
    having = np.bincount(csr_array(targets).indices, minlength=labels)
    return np.flatnonzero((ends > 0) & (ends >= share * having))


def is_chinese(texts: list[str]) -> bool:
    """Tell whether the first texts are mostly written in Han characters."""
    sample = "".join(texts[:_SAMPLED])
    return len(_HAN.findall(sample)) > _HAN_SHARE * max(len(sample), 1)
