"""Documents as arrays that every branch reads; no torch."""

from harnn.corpus.batching import ordered_batches, pad_tokens, shuffled_batches
from harnn.corpus.cache import ArrayCache, Arrays, content_hash
from harnn.corpus.encoded import (
    EncodedCorpus,
    encode_corpus,
    encode_unlabelled,
    sparse_targets,
)
from harnn.corpus.sources import Source, full_texts, labelled_documents, source_documents

__all__ = [
    "ArrayCache",
    "Arrays",
    "EncodedCorpus",
    "Source",
    "content_hash",
    "encode_corpus",
    "encode_unlabelled",
    "full_texts",
    "labelled_documents",
    "ordered_batches",
    "pad_tokens",
    "shuffled_batches",
    "source_documents",
    "sparse_targets",
]
