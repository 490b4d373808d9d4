"""Labelling configurations of Label Studio, see :mod:`harnn.taxonomy.labelling_configs`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain
from xml.sax.saxutils import quoteattr

from harnn._tables import shown
from harnn.errors import TaxonomyError
from harnn.taxonomy.parts import walk
from harnn.taxonomy.taxonomy import Taxonomy

FROM_NAME, TO_NAME = "taxonomy", "text"
"""Names of the tags."""
_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def labelling_config_text(taxonomy: Taxonomy) -> str:
    """Return the tree to choose from: names shown, codes stored, each label under its first parent.

    Raises:
        TaxonomyError: a label holds what XML cannot.
    """
    for text in chain(taxonomy.codes, taxonomy.names):
        if _NOT_IN_XML.search(text):
            raise TaxonomyError(f"{shown(text)} holds a control character, which XML cannot.")
    head = f'<View>\n  <Text name="{TO_NAME}" value="$text"/>\n'
    head += f'  <Taxonomy name="{FROM_NAME}" toName="{TO_NAME}">\n'
    return "".join((head, *_choices(taxonomy), "  </Taxonomy>\n</View>\n"))


def _choices(taxonomy: Taxonomy) -> Iterator[str]:
    steps = [step for step in walk(taxonomy) if not step.again]
    following = [step.depth for step in steps[1:]] + [0]
    for step, below in zip(steps, following, strict=True):
        name, code = taxonomy.names[step.column], taxonomy.codes[step.column]
        alias = "" if name == code else f" alias={quoteattr(code)}"
        ending = ">" if below > step.depth else "/>"
        yield f"{_margin(step.depth)}<Choice value={quoteattr(name)}{alias}{ending}\n"
        for depth in range(step.depth - 1, below - 1, -1):
            yield f"{_margin(depth)}</Choice>\n"


def _margin(depth: int) -> str:
    return "  " * (depth + 2)
