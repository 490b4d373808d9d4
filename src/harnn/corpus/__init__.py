"""Documents as arrays that every branch reads; no torch."""

from harnn.corpus.batching import ordered_batches, pad_tokens, shuffled_batches
from harnn.corpus.cache import ArrayCache, Arrays, content_hash
from harnn.corpus.corpus import Corpus, encode_corpus, encode_unlabelled, sparse_targets
from harnn.corpus.document_vectors import DocumentVectors, read_document_vectors
from harnn.corpus.stored import check_vectors
from harnn.corpus.views import (
    BeginningsView,
    Collector,
    NgramsView,
    PlacedText,
    PlacedTextsView,
    TextVectorsView,
    Tokens,
    TokensView,
    View,
    WordedView,
)
from harnn.data.contents import ContentHash

__all__ = [
    "ArrayCache",
    "Arrays",
    "BeginningsView",
    "Collector",
    "ContentHash",
    "Corpus",
    "DocumentVectors",
    "NgramsView",
    "PlacedText",
    "PlacedTextsView",
    "TextVectorsView",
    "Tokens",
    "TokensView",
    "View",
    "WordedView",
    "check_vectors",
    "content_hash",
    "encode_corpus",
    "encode_unlabelled",
    "ordered_batches",
    "pad_tokens",
    "read_document_vectors",
    "shuffled_batches",
    "sparse_targets",
]
