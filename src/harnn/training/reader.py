"""The documents of a split, encoded, counted and told about."""

from __future__ import annotations

from dataclasses import dataclass

from harnn.config import DataConfig
from harnn.corpus import EncodedCorpus, Source, encode_corpus, labelled_documents
from harnn.data import ReadReport
from harnn.errors import DocumentError, Problem
from harnn.taxonomy import Taxonomy
from harnn.text import Encoder
from harnn.training.history import Listener, Stage


@dataclass(frozen=True)
class Reader:
    """Reads and encodes the documents of a split, counts them and says what was read."""

    taxonomy: Taxonomy
    encoder: Encoder
    data: DataConfig
    counts: dict[str, int]
    listener: Listener
    cuts: bool = True
    """Whether what is cut off is lost: n-grams are counted in the whole text."""

    def read(self, source: Source, name: str) -> EncodedCorpus:
        report = ReadReport()
        pairs = labelled_documents(source, self.taxonomy, self.data, report=report)
        corpus = encode_corpus(pairs, self.encoder, len(self.taxonomy))
        if not len(corpus):
            raise DocumentError(Problem("", f"there is no {name} document."))
        counts = {
            name: len(corpus),
            f"{name}_skipped": report.skipped,
            f"{name}_truncated": corpus.truncated,
        }
        self.counts.update(counts)
        self.listener(Stage(summarise(name, corpus, self.encoder, report, cuts=self.cuts)))
        return corpus


def summarise(
    name: str, corpus: EncodedCorpus, encoder: Encoder, report: ReadReport, *, cuts: bool = True
) -> str:
    """Say what was read, and all that was cut, empty or skipped."""
    message = f"{name}: {len(corpus):,} documents, {len(corpus.token_ids):,} tokens"
    if corpus.truncated and cuts:
        message += (
            f"; {corpus.truncated:,} longer than {encoder.max_length} tokens were cut "
            "(text.max_length)"
        )
    if empty := int((corpus.lengths == 0).sum()):
        message += f"; {empty:,} without any word"
    if report.skipped:
        message += f"; {report.skipped:,} skipped:"
        message += "".join(f"\n  {problem}" for problem in report.problems)
    return message
