"""What the labels are: a tree or DAG of any depth, read from files and checked.

A :class:`Taxonomy` owns the order of the columns (level-major), knows every label's ancestors and
closes label sets upward. It reads TSV, JSON and path strings, and reports all problems of a file
at once.
"""

from harnn.taxonomy.taxonomy import Taxonomy, TaxonomySummary

__all__ = ["Taxonomy", "TaxonomySummary"]
