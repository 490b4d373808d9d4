"""The review: documents that people read, and what they decided, in a database."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Self

from harnn.data import Document
from harnn.errors import Problem
from harnn.prediction import Predictor
from harnn.review.corrections import ModelState
from harnn.review.database import Database
from harnn.review.entries import Entry
from harnn.review.values import (
    Enqueued,
    EnqueueOptions,
    EvidenceCount,
    EvidenceView,
    GroupDecision,
    ItemView,
    LabelCount,
    Order,
    Part,
    Prepared,
    QueueItem,
    Retired,
    State,
    Submitted,
    Summary,
)
from harnn.taxonomy import Taxonomy


class Review:
    """The documents of one model in review; to be closed.

    Any thread may use it, and many processes. It is cheap, and may share its database with others.
    """

    def __init__(self, database: Database, taxonomy: Taxonomy, model: str) -> None:
        """taxonomy: that of the model now; model: its name."""
        raise NotImplementedError

    @classmethod
    def open(
        cls, place: str | Path, *, taxonomy: Taxonomy, model: str, make: bool = True
    ) -> Review:
        """Open a file of SQLite or an SQLAlchemy URL; see :meth:`Database.open`."""
        raise NotImplementedError

    def close(self) -> None:
        raise NotImplementedError

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def enqueue(
        self,
        predictor: Predictor,
        documents: Iterable[Document],
        *,
        model: ModelState,
        person: str = "",
        options: EnqueueOptions = EnqueueOptions(),
    ) -> Enqueued:
        raise NotImplementedError

    def add(
        self,
        prepared: Sequence[Prepared],
        *,
        person: str = "",
        options: EnqueueOptions = EnqueueOptions(),
    ) -> Enqueued:
        raise NotImplementedError

    def summary(self, person: str) -> Summary:
        raise NotImplementedError

    def queue(
        self,
        person: str,
        part: Part,
        *,
        order: Order = "doubt",
        state: State | None = None,
        label: str | None = None,
        after: int | None = None,
        limit: int = 50,
    ) -> list[QueueItem]:
        raise NotImplementedError

    def labels(self) -> list[LabelCount]:
        raise NotImplementedError

    def evidence(self, limit: int = 50) -> list[EvidenceCount]:
        raise NotImplementedError

    def evidence_groups(self, key: str, person: str) -> EvidenceView:
        raise NotImplementedError

    def item(self, number: int, person: str, part: Part, *, claim: bool = True) -> ItemView:
        raise NotImplementedError

    def decide(
        self,
        number: int,
        person: str,
        part: Part,
        version: int,
        action: str,
        label: str = "",
        other: str = "",
    ) -> ItemView:
        raise NotImplementedError

    def decide_group(
        self,
        key: str,
        items: Sequence[tuple[int, int]],
        action: str,
        person: str,
        part: Part,
        label: str = "",
    ) -> GroupDecision:
        raise NotImplementedError

    def undo(self, number: int, person: str, part: Part, version: int) -> ItemView:
        raise NotImplementedError

    def undo_group(self, group: str, person: str, part: Part) -> GroupDecision:
        raise NotImplementedError

    def comment(self, number: int, person: str, part: Part, text: str) -> ItemView:
        raise NotImplementedError

    def submit(self, number: int, person: str, part: Part, version: int) -> Submitted:
        raise NotImplementedError

    def set_aside(self, number: int, person: str, part: Part, version: int) -> Submitted:
        raise NotImplementedError

    def reopen(self, number: int, person: str, part: Part, version: int) -> ItemView:
        raise NotImplementedError

    def settle(
        self, number: int, person: str, version: int, *, take: str = "", alone: bool = False
    ) -> Submitted:
        raise NotImplementedError

    def retire(self, taxonomy: Taxonomy, person: str = "") -> Retired:
        raise NotImplementedError

    def reviewed(self, since: datetime | None = None) -> Iterator[Document]:
        raise NotImplementedError

    def log(self, after: int = 0, limit: int = 100, *, item: int | None = None) -> list[Entry]:
        raise NotImplementedError

    def verify(self, head: str | None = None) -> list[Problem]:
        raise NotImplementedError
