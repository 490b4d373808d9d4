"""Words: from text to token ids, and from token ids to word vectors."""

from harnn.text.encoder import Encoded, Encoder
from harnn.text.vectors import Coverage, WordVectors, from_keyed_vectors, train_vectors

read_vectors = packaged_vectors = None

__all__ = ["Coverage", "Encoded", "Encoder", "WordVectors", "from_keyed_vectors", "train_vectors"]
