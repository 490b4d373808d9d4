"""What labels are called where IRIs are written: in SKOS and in the corpora of Annif.

A label with an IRI has that one, and a code that is an IRI is one. Of other codes one is made: the
base and the code, percent-encoded (RFC 3986, section 2.1), from which the code is read again.
"""

from __future__ import annotations

import re
from urllib.parse import quote, unquote

from harnn._display import encodable

BASE = "urn:harnn:taxonomy:"
_ABSOLUTE = re.compile(
    r"(?:[A-Za-z][A-Za-z0-9+.-]*://|urn:[^:]+:)[^\x00-\x20\x7f-\xa0<>\"{}|\\^`\s]+"
)


def label_iri(code: str, iri: str = "", base: str = BASE) -> str:
    """Return the IRI of a label; iri: the one that its taxonomy has for it, if any."""
    if _ABSOLUTE.fullmatch(iri):
        return iri
    if _ABSOLUTE.fullmatch(code) and not code.startswith(base):
        return code
    return f"{base}{quote(encodable(code), safe='')}"


def label_of_iri(iri: str) -> str:
    """Return the code of which an IRI was made; others are codes themselves."""
    return unquote(iri.removeprefix(BASE)) if iri.startswith(BASE) else iri
