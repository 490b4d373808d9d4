"""From the files of other programs and to them: documents, labels and taxonomies.

One module a format, both ways where it makes sense; :data:`FORMATS` is the table of all of them.
Documents stream from one to the other. What a format cannot hold is counted and said, and what it
would break is refused.
"""

from harnn.converters.converting import Conversion, convert
from harnn.converters.formats import FORMATS, Format, find_format
from harnn.converters.hiclass import from_hiclass, to_hiclass
from harnn.converters.new_edition import REVIEW_COLUMNS, NewEdition, follow
from harnn.converters.notes import Note, Notes
from harnn.converters.parts import Input, Output, Reading

__all__ = [
    "FORMATS",
    "REVIEW_COLUMNS",
    "Conversion",
    "Format",
    "Input",
    "NewEdition",
    "Note",
    "Notes",
    "Output",
    "Reading",
    "convert",
    "find_format",
    "follow",
    "from_hiclass",
    "to_hiclass",
]
