"""Documents: read them from files, check them, and learn what they can tell.

The room turns JSON lines, JSON, CSV, TSV, Parquet, plain text and index records into
:class:`Document` values, one by one and never all in memory, and reports everything that is wrong
with file and line, and writes rows that it reads back. It also learns a taxonomy from index records
and surveys whole data sets before a training run.
"""

from typing import TYPE_CHECKING

from harnn._lazy import on_demand
from harnn.data.documents import Document
from harnn.data.inputs import (
    CorrectedDocuments,
    Documents,
    DocumentsPart,
    given_documents,
    labelled_documents,
    split_given,
)
from harnn.data.label_fixes import LabelFixes
from harnn.data.log import ReadingLog
from harnn.data.memory_rows import Table, are_records, is_table
from harnn.data.reading import label_documents, read_documents, read_labelled
from harnn.data.split_settings import SplitSettings

if TYPE_CHECKING:
    from harnn.data.correcting import Corrected, correct_documents
    from harnn.data.label_suggestions import Suggestion, suggest_fixes, write_suggestions
    from harnn.data.learning import LearnedTaxonomy, learn_taxonomy
    from harnn.data.maybe_labelled import MaybeLabelled, maybe_labelled_documents
    from harnn.data.near_duplicates import NearDuplicates, find_near_duplicates
    from harnn.data.split import DataSplit, PartSummary, split_documents
    from harnn.data.split_files import part_files, write_split
    from harnn.data.statistics import LevelSummary, WordSummary
    from harnn.data.survey import DataSurvey, FileSummary, survey_documents
    from harnn.data.writing import RowWriter, open_rows, write_rows

on_demand(
    __name__,
    {
        "correcting": "Corrected correct_documents",
        "label_suggestions": "Suggestion suggest_fixes write_suggestions",
        "learning": "LearnedTaxonomy learn_taxonomy",
        "maybe_labelled": "MaybeLabelled maybe_labelled_documents",
        "near_duplicates": "NearDuplicates find_near_duplicates",
        "split": "DataSplit PartSummary split_documents",
        "split_files": "part_files write_split",
        "statistics": "LevelSummary WordSummary",
        "survey": "DataSurvey FileSummary survey_documents",
        "writing": "RowWriter open_rows write_rows",
    },
)

__all__ = [
    "Corrected",
    "CorrectedDocuments",
    "DataSplit",
    "DataSurvey",
    "Document",
    "Documents",
    "DocumentsPart",
    "FileSummary",
    "LabelFixes",
    "LearnedTaxonomy",
    "LevelSummary",
    "MaybeLabelled",
    "NearDuplicates",
    "PartSummary",
    "ReadingLog",
    "RowWriter",
    "SplitSettings",
    "Suggestion",
    "Table",
    "WordSummary",
    "are_records",
    "correct_documents",
    "find_near_duplicates",
    "given_documents",
    "is_table",
    "label_documents",
    "labelled_documents",
    "learn_taxonomy",
    "maybe_labelled_documents",
    "open_rows",
    "part_files",
    "read_documents",
    "read_labelled",
    "split_documents",
    "split_given",
    "suggest_fixes",
    "survey_documents",
    "write_rows",
    "write_split",
    "write_suggestions",
]
