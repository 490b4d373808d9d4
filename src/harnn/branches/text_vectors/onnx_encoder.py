"""Vectors of whole texts by an exported encoder of the BERT family, with ONNX Runtime; no torch."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from harnn._display import reason_of
from harnn.branches.branch import Parts, StoredModel
from harnn.branches.network.graph_check import check_graph
from harnn.branches.onnx_session import open_session
from harnn.errors import BundleError, Problem, cannot_read
from harnn.text import EncoderRecord, encode_sentences, never, open_tokenizer

if TYPE_CHECKING:
    from tokenizers import Tokenizer

GRAPH, TOKENIZER = "text-encoder.onnx", "text-tokenizer.json"
_WORDS = ("words", "words_quantized")


@dataclass(frozen=True, eq=False)
class OnnxEncoder:
    """An encoder as a graph from token ids (B, T) to vectors (B, D); see ``bert_graph``."""

    record: EncoderRecord
    graph: bytes
    session: Any
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
            words = _words(check_graph(graph).weights)
            session = open_session(graph)
            given = [(x.name, x.type, x.shape[1:]) for x in session.get_outputs()]
            if given != [("vectors", "tensor(float)", [record.size])]:
                raise ValueError(f"it gives {given}, expected vectors of size {record.size}")
            found = [(x.name, x.type, len(x.shape)) for x in session.get_inputs()]
            if found != [("token_ids", "tensor(int64)", 2)]:
                raise ValueError(f"it reads {found}, expected token_ids")
        except OSError as error:
            raise BundleError(cannot_read(str(error.filename), error)) from None
        except ValueError as error:
            raise BundleError(Problem(str(path), f"is damaged: {error}.")) from None
        tokenizer = open_tokenizer(content, record.tokens, words, str(rules))
        return cls(record, graph, session, tokenizer, content)

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
            self._run,
            size=self.record.size,
            tokens=self.record.tokens,
            stopped=stopped,
            ends=ends,
        )

    def to_parts(self, *, light: bool, int8: bool) -> Parts:  # noqa: ARG002
        """Return the files."""
        return Parts(files={GRAPH: self.graph, TOKENIZER: self.tokenizer_json})

    def _run(self, ids: NDArray[np.int64]) -> NDArray[np.float32]:
        try:
            (found,) = self.session.run(["vectors"], {"token_ids": ids})
        except Exception as error:  # of a family that ONNX Runtime does not export
            what = f"the exported encoder of whole texts is damaged: {reason_of(error, 300)}."
            raise BundleError(Problem("", what)) from None
        return np.asarray(found, dtype=np.float32)

    def __reduce__(self) -> tuple[Any, ...]:
        """A session cannot be copied or sent to another process: it is opened again there."""
        return _open_again, (self.record, self.graph, self.tokenizer, self.tokenizer_json)


def _open_again(
    record: EncoderRecord, graph: bytes, tokenizer: Tokenizer, content: bytes
) -> OnnxEncoder:
    return OnnxEncoder(record, graph, open_session(graph), tokenizer, content)


def _words(weights: dict[str, tuple[int, ...]]) -> int:
    """Return how many tokens a graph knows.

    Raises:
        ValueError: it does not say.
    """
    shapes = [weights[name] for name in _WORDS if name in weights]
    if len(shapes) != 1 or len(shapes[0]) != 2:
        raise ValueError("it has no vectors of tokens")
    return shapes[0][0]
