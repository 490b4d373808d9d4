"""Documents: read them from files, check them, and write files safely.

The room turns JSON lines, JSON, CSV, TSV, Parquet, plain text and index records into
:class:`Document` values, one by one and never all in memory, and reports everything that is wrong
with file and line. It also learns a taxonomy from index records, surveys whole data sets before a
training run, and writes files and directories that appear only when they are complete.
"""

from harnn.data.documents import Document
from harnn.data.learning import LearnedTaxonomy, learn_taxonomy
from harnn.data.reading import check_labels, label_documents, read_documents, read_labelled
from harnn.data.report import ReadReport
from harnn.data.statistics import LevelSummary, WordSummary, estimate_training_memory
from harnn.data.validate import FileSummary, ValidationReport, validate
from harnn.data.writing import atomic_directory, check_replaceable, write_atomically

__all__ = [
    "Document",
    "FileSummary",
    "LearnedTaxonomy",
    "LevelSummary",
    "ReadReport",
    "ValidationReport",
    "WordSummary",
    "atomic_directory",
    "check_labels",
    "check_replaceable",
    "estimate_training_memory",
    "label_documents",
    "learn_taxonomy",
    "read_documents",
    "read_labelled",
    "validate",
    "write_atomically",
]
