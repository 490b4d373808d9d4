"""Two editions of a taxonomy: what changed, a mapping that people edit, and what follows of it."""

from harnn.taxonomy.editions.changes import KINDS, Change, TaxonomyDiff
from harnn.taxonomy.editions.diff import diff_taxonomies
from harnn.taxonomy.editions.following import (
    LEAST,
    ColumnLinks,
    LabelMapper,
    MappedLabels,
    map_labels,
)
from harnn.taxonomy.editions.links import SURE, LabelMapping, Link
from harnn.taxonomy.editions.mapping_file import read_mapping, write_mapping

__all__ = [
    "KINDS",
    "LEAST",
    "SURE",
    "Change",
    "ColumnLinks",
    "LabelMapper",
    "LabelMapping",
    "Link",
    "MappedLabels",
    "TaxonomyDiff",
    "diff_taxonomies",
    "map_labels",
    "read_mapping",
    "write_mapping",
]
