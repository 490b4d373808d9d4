"""What the labels are: a tree or DAG of any depth, read from files and checked.

A :class:`Taxonomy` owns codes, names and the order of the columns (level-major); its
:class:`Hierarchy` knows in numbers who stands above whom, and closes scores and label sets. The
room reads and writes them in the forms of ``docs/taxonomies.md``, reports all problems of a file at
once, and tells what a new edition changed (``docs/editions.md``).
"""

from typing import TYPE_CHECKING

from harnn._lazy import on_demand
from harnn.taxonomy.hierarchy import Hierarchy
from harnn.taxonomy.options import ReadingOptions
from harnn.taxonomy.taxonomy import Taxonomy, TaxonomySummary

if TYPE_CHECKING:
    from harnn.taxonomy.editions import (
        Change,
        ColumnLinks,
        LabelMapper,
        LabelMapping,
        Link,
        MappedLabels,
        TaxonomyDiff,
        diff_taxonomies,
        map_labels,
        read_mapping,
        write_mapping,
    )
    from harnn.taxonomy.label_search import LabelSearch
    from harnn.taxonomy.matching import LabelMatch, in_order_of, match_labels, parents_by_code
    from harnn.taxonomy.measures import Measures, measure, search
    from harnn.taxonomy.parts import part_of, walk
    from harnn.taxonomy.writing import write_taxonomy

on_demand(
    __name__,
    {
        "editions": "Change ColumnLinks LabelMapper LabelMapping Link MappedLabels TaxonomyDiff "
        "diff_taxonomies map_labels read_mapping write_mapping",
        "label_search": "LabelSearch",
        "matching": "LabelMatch in_order_of match_labels parents_by_code",
        "measures": "Measures measure search",
        "parts": "part_of walk",
        "writing": "write_taxonomy",
    },
)

__all__ = [
    "Change",
    "ColumnLinks",
    "Hierarchy",
    "LabelMapper",
    "LabelMapping",
    "LabelMatch",
    "LabelSearch",
    "Link",
    "MappedLabels",
    "Measures",
    "ReadingOptions",
    "Taxonomy",
    "TaxonomyDiff",
    "TaxonomySummary",
    "diff_taxonomies",
    "in_order_of",
    "map_labels",
    "match_labels",
    "measure",
    "parents_by_code",
    "part_of",
    "read_mapping",
    "search",
    "walk",
    "write_mapping",
    "write_taxonomy",
]
