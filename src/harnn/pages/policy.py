"""What a page may load and run."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence


def content_policy(
    *, styles: Sequence[str] = (), scripts: Sequence[str] = (), style_attributes: bool = False
) -> str:
    """Return a Content-Security-Policy for a page that loads nothing from anywhere.

    styles, scripts: the exact content of its ``style`` and ``script`` elements; nothing else is
    applied or run, whatever text a page shows. style_attributes: allow style of any kind, for pages
    that give colours in attributes; scripts stay as they are.
    """
    style = ["'unsafe-inline'"] if style_attributes else [_source(text) for text in styles]
    parts = ["default-src 'none'"]
    if style:
        parts.append(f"style-src {' '.join(style)}")
    if scripts:
        parts.append(f"script-src {' '.join(map(_source, scripts))}")
    return "; ".join([*parts, "base-uri 'none'", "form-action 'none'"])


def _source(text: str) -> str:
    digest = hashlib.sha256(text.encode("utf-8")).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
