"""The answers of one partition: what a worker makes, and what is written of it."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Literal

from harnn._display import json_text
from harnn.data import Document, ReadingLog
from harnn.data.log import Rejected
from harnn.data.parts import read_part
from harnn.errors import Problem
from harnn.prediction.answer_tables import write_table
from harnn.scoring.planning import Partition
from harnn.scoring.scorer import Failure, Scorer

Form = Literal["jsonl", "parquet"]
"""What answers are written as."""


@dataclass(frozen=True, slots=True)
class ScoredPartition:
    """The answers of a partition as the file that they become, and what has none."""

    partition: Partition
    answers: bytes
    failures: tuple[Failure, ...]
    documents: int
    """That have an answer."""
    warnings: tuple[Problem, ...]
    seconds: float
    """That reading and answering took."""

    @property
    def failed(self) -> int:
        """Documents that have none."""
        return sum(not each.whole_file for each in self.failures)

    @property
    def broken(self) -> bool:
        """Whether the file cannot be read on, so that nobody knows how many are missing."""
        return any(each.whole_file for each in self.failures)


def score_partition(scorer: Scorer, partition: Partition, form: Form) -> ScoredPartition:
    """Read a partition and answer its documents; what cannot be read or answered is told.

    Raises:
        HarnnError: nothing can be answered, as with a damaged model.
    """
    began = time.monotonic()
    log = ReadingLog()
    failures: list[Failure] = []
    lines: list[str] = []
    answered = 0
    documents = _good(read_part(partition.part, scorer.data, log), failures)
    while block := list(islice(documents, scorer.block)):
        for answer in scorer.answer(block):
            if isinstance(answer, Failure):
                failures.append(answer)
            else:
                answered += 1
                lines.append(f"{json_text(answer)}\n")
    content = "".join(lines).encode() if form == "jsonl" else _parquet(scorer, lines)
    seconds = time.monotonic() - began
    return ScoredPartition(
        partition, content, tuple(failures), answered, tuple(log.warnings), seconds
    )


def _good(items: Iterator[Document | Rejected], failures: list[Failure]) -> Iterator[Document]:
    for item in items:
        if isinstance(item, Rejected):
            failures.append(Failure.of_rejected(item))
        else:
            yield item


def _parquet(scorer: Scorer, lines: list[str]) -> bytes:
    """Return answers as ``harnn predict -o FILE.parquet`` writes them."""
    more = () if scorer.filer is None else scorer.filer.columns
    with tempfile.TemporaryDirectory(prefix="harnn-") as place:
        output = Path(place, "answers.parquet")
        write_table(map(json.loads, lines), output, "", more)
        return output.read_bytes()
