"""Vectors of whole texts by an exported encoder of the BERT family, with ONNX Runtime; no torch."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import NDArray

from harnn.branches.bert_session import BertSession
from harnn.branches.branch import Parts, StoredModel
from harnn.errors import BundleError, Problem, cannot_read
from harnn.text import EncoderRecord, encode_sentences, never, open_tokenizer

if TYPE_CHECKING:
    from tokenizers import Tokenizer

GRAPH, TOKENIZER = "text-encoder.onnx", "text-tokenizer.json"


@dataclass(frozen=True, eq=False)
class OnnxEncoder:
    """An encoder as a graph from token ids (B, T) to vectors (B, D); see ``bert_graph``."""

    record: EncoderRecord
    session: BertSession
    tokenizer: Tokenizer
    tokenizer_json: bytes

    @property
    def languages(self) -> tuple[str, ...]:
        return ("en",) if self.record.name == "minilm" else ()

    @classmethod
    def read(cls, stored: StoredModel, record: EncoderRecord) -> Self:
        """Read what an exported model has of its encoder.

        Raises:
            BundleError: it is missing or damaged.
            MissingExtraError: ONNX Runtime is not installed.
        """
        path, rules = stored.directory / GRAPH, stored.directory / TOKENIZER
        try:
            graph, content = stored.read_bytes(GRAPH), stored.read_bytes(TOKENIZER)
            session = BertSession(graph, record.size)
        except OSError as error:
            raise BundleError(cannot_read(str(error.filename), error)) from None
        except ValueError as error:
            raise BundleError(Problem(str(path), f"is damaged: {error}.")) from None
        tokenizer = open_tokenizer(content, record.tokens, session.words, str(rules))
        return cls(record, session, tokenizer, content)

    def encode(
        self,
        texts: Iterable[str],
        *,
        threads: int = 0,  # noqa: ARG002
        stopped: Callable[[], bool] = never,
        ends: list[int] | None = None,
    ) -> NDArray[np.float32]:
        """See :class:`harnn.text.CutsTexts`; threads are those that the model was opened with."""
        return encode_sentences(
            texts,
            self.tokenizer,
            self.session.run,
            size=self.record.size,
            tokens=self.record.tokens,
            stopped=stopped,
            ends=ends,
        )

    def to_parts(self, *, light: bool, int8: bool) -> Parts:  # noqa: ARG002
        """Return the files."""
        return Parts(files={GRAPH: self.session.graph, TOKENIZER: self.tokenizer_json})
