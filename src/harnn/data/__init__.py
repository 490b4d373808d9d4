"""Documents: read them from files, check them, and learn what they can tell.

The room turns JSON lines, JSON, CSV, TSV, Parquet, plain text and index records into
:class:`Document` values, one by one and never all in memory, and reports everything that is wrong
with file and line, and writes rows that it reads back. It also learns a taxonomy from index records
and surveys whole data sets before a training run.
"""

from harnn.data.documents import Document
from harnn.data.inputs import Documents, given_documents, labelled_documents, split_given
from harnn.data.learning import LearnedTaxonomy, learn_taxonomy
from harnn.data.log import ReadingLog
from harnn.data.reading import label_documents, read_documents, read_labelled
from harnn.data.statistics import LevelSummary, WordSummary
from harnn.data.survey import DataSurvey, FileSummary, survey_documents
from harnn.data.writing import RowWriter, open_rows, write_rows

__all__ = [
    "DataSurvey",
    "Document",
    "Documents",
    "FileSummary",
    "LearnedTaxonomy",
    "LevelSummary",
    "ReadingLog",
    "RowWriter",
    "WordSummary",
    "given_documents",
    "label_documents",
    "labelled_documents",
    "learn_taxonomy",
    "open_rows",
    "read_documents",
    "read_labelled",
    "split_given",
    "survey_documents",
    "write_rows",
]
