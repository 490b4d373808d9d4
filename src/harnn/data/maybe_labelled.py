"""Documents that may have labels or not, told by the first one."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from harnn._tables import shown
from harnn.config import DataConfig
from harnn.data.documents import Document
from harnn.data.fields import DocumentBuilder
from harnn.data.inputs import Documents, split_given
from harnn.data.log import ReadingLog, Rejected, settle
from harnn.data.reading import label_documents, stream_documents
from harnn.errors import Problem
from harnn.taxonomy import Taxonomy

Pair = tuple[Document, NDArray[np.int32]]


class MaybeLabelled(NamedTuple):
    """Documents, and whether their labels are known."""

    labelled: bool
    documents: Iterator[Pair]
    """With the columns of their labels, closed upward; without labels: none."""


def maybe_labelled_documents(
    given: Documents,
    taxonomy: Taxonomy,
    config: DataConfig,
    *,
    labelled: bool | None = None,
    log: ReadingLog | None = None,
) -> MaybeLabelled:
    """Read documents in one pass, with their labels where the first document has some.

    labelled: whether labels are wanted; None: if the first document has them.

    Raises:
        DocumentError: the first document cannot be read. Others, and labels that are missing or not
            in the taxonomy, are told at the end of the pass, see :func:`harnn.data.read_labelled`.
    """
    log = ReadingLog() if log is None else log
    in_memory, sources = split_given(given)
    stream: Iterator[Document | Rejected] = iter(in_memory)
    if not in_memory:
        builder = DocumentBuilder(config, labelled=labelled, log=log)
        stream = iter(stream_documents(sources, builder))
    if labelled is None:
        first: list[Document | Rejected] = []
        for item in stream:
            first.append(item)
            if not isinstance(item, Rejected):
                labelled = item.labels is not None
                break
        stream = chain(first, stream)
        if labelled:
            stream = _all_labelled(stream)
    if labelled:
        return MaybeLabelled(True, label_documents(stream, config, taxonomy, log))
    nothing = np.zeros(0, dtype=np.int32)
    settled = settle(stream, config.on_error, log)
    return MaybeLabelled(False, ((document, nothing) for document in settled))


def _all_labelled(stream: Iterator[Document | Rejected]) -> Iterator[Document | Rejected]:
    """Yield documents, those without labels with what to do about it where there are more."""
    hint = "Say whether labels are read (--labelled, --unlabelled)."
    for item in stream:
        if isinstance(item, Rejected) or item.labels is not None:
            yield item
            continue
        what = f"document {shown(item.id)} has no labels, and the first one has some."
        yield Rejected((Problem(item.source, what, hint),))
        hint = ""
