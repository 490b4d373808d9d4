"""Words and texts in numbers: tokens, n-grams, vectors of words and of whole texts.

A :class:`Tokenizer` is built once from the training text and then frozen; it cuts English,
Chinese and other text into words, looks up their ids, and tells which characters made each
token. :class:`NgramFeatures` are sparse vectors of words, pairs and pieces of words.
:func:`train_vectors` learns a vector for each word of a tokenizer from the training text;
:func:`read_vectors` takes them from a file, :func:`packaged_vectors` from an installed package.
A :class:`TextEncoder` gives a vector of a whole text; :func:`choose_encoder` says which one suits.
"""

from harnn.text.encoder_choice import (
    EncoderChoice,
    choose_encoder,
    encoder_installed,
    encoder_memory,
    most_tokens,
)
from harnn.text.encoders import (
    CutsTexts,
    EncoderRecord,
    TextEncoder,
    beginning,
    characters_read,
    end_of,
    never,
)
from harnn.text.ngrams import NgramCounter, NgramFeatures
from harnn.text.sentence_batches import (
    Batches,
    Spread,
    batches_of_one_length,
    count_read,
    encode_sentences,
)
from harnn.text.sentence_files import (
    MINILM_HINT,
    SentenceFiles,
    open_tokenizer,
    require_minilm,
)
from harnn.text.text_vectors import (
    TEXT_VECTOR_SIZE,
    TEXT_VECTORS_PACKAGE,
    UseEncoder,
    embed_texts,
    preload_text_vectors,
    require_text_vectors,
    text_vectors_installed,
    tune_text_vectors,
)
from harnn.text.tokenizer import Encoded, Tokenizer
from harnn.text.use_network import Convolve, UseNetwork
from harnn.text.word_vectors import (
    Coverage,
    WordVectors,
    count_tokens,
    coverage_of,
    from_keyed_vectors,
    train_vectors,
)
from harnn.text.word_vectors_reading import PACKAGED_VECTORS, packaged_vectors, read_vectors

__all__ = [
    "MINILM_HINT",
    "PACKAGED_VECTORS",
    "TEXT_VECTORS_PACKAGE",
    "TEXT_VECTOR_SIZE",
    "Batches",
    "Convolve",
    "Coverage",
    "CutsTexts",
    "Encoded",
    "EncoderChoice",
    "EncoderRecord",
    "NgramCounter",
    "NgramFeatures",
    "SentenceFiles",
    "Spread",
    "TextEncoder",
    "Tokenizer",
    "UseEncoder",
    "UseNetwork",
    "WordVectors",
    "batches_of_one_length",
    "beginning",
    "characters_read",
    "choose_encoder",
    "count_read",
    "count_tokens",
    "coverage_of",
    "embed_texts",
    "encode_sentences",
    "encoder_installed",
    "encoder_memory",
    "end_of",
    "from_keyed_vectors",
    "most_tokens",
    "never",
    "open_tokenizer",
    "packaged_vectors",
    "preload_text_vectors",
    "read_vectors",
    "require_minilm",
    "require_text_vectors",
    "text_vectors_installed",
    "train_vectors",
    "tune_text_vectors",
]
