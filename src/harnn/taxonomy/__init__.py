"""What the labels are: a tree or DAG of any depth, read from files and checked.

A :class:`Taxonomy` owns codes, names and the order of the columns (level-major); its
:class:`Hierarchy` knows in numbers who stands above whom, and closes scores and label sets. The
room reads TSV, JSON and path strings, and reports all problems of a file at once.
"""

from harnn.taxonomy.hierarchy import Hierarchy
from harnn.taxonomy.taxonomy import Taxonomy, TaxonomySummary

__all__ = ["Hierarchy", "Taxonomy", "TaxonomySummary"]
