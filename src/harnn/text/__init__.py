"""Words: from text to token ids, and vectors for the words.

An :class:`Encoder` is built once from the training text and then frozen; it cuts English,
Chinese and other text into words, looks up their ids, and tells which characters made each
token. :func:`train_vectors` learns a vector for each of its words from the training text;
:func:`read_vectors` takes them from a file, :func:`packaged_vectors` from an installed package.
:func:`sentence_vectors` gives a vector of a whole text.
"""

from harnn.text.encoder import Encoded, Encoder
from harnn.text.sentences import (
    SENTENCE_PACKAGE,
    SENTENCE_SIZE,
    preload_sentences,
    require_sentences,
    sentence_vectors,
    sentences_installed,
)
from harnn.text.vectors import (
    Coverage,
    WordVectors,
    count_tokens,
    from_keyed_vectors,
    train_vectors,
)
from harnn.text.vectors_reading import PACKAGED_VECTORS, packaged_vectors, read_vectors

__all__ = [
    "PACKAGED_VECTORS",
    "SENTENCE_PACKAGE",
    "SENTENCE_SIZE",
    "Coverage",
    "Encoded",
    "Encoder",
    "WordVectors",
    "count_tokens",
    "from_keyed_vectors",
    "packaged_vectors",
    "preload_sentences",
    "read_vectors",
    "require_sentences",
    "sentence_vectors",
    "sentences_installed",
    "train_vectors",
]
