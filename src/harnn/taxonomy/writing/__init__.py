"""Taxonomies written in forms that other programs read or people look at.

What a form cannot hold is left out, and said.
"""

from harnn.taxonomy.writing.write import (
    SUFFIXES,
    OutForm,
    Written,
    check_beside,
    check_form,
    form_of,
    write_taxonomy,
)

__all__ = [
    "SUFFIXES",
    "OutForm",
    "Written",
    "check_beside",
    "check_form",
    "form_of",
    "write_taxonomy",
]
