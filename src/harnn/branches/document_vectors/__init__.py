"""The branch on vectors of documents that somebody brings; no torch of its own."""

from harnn.branches.document_vectors.branch import (
    MISSING,
    DocumentVectorsBranch,
    read_vectors_branch,
)

__all__ = ["MISSING", "DocumentVectorsBranch", "read_vectors_branch"]
