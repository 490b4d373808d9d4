"""Names, codes and texts of documents and labels, as the pages show them: as text, never markup."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from harnn._display import encodable
from harnn._files import write_atomically
from harnn._optional import require
from harnn.pages import (
    code_beside,
    content_policy,
    counted,
    language_attribute,
    readable,
    shared_style,
)
from harnn.report.label_table import LONGEST_NAME, shorten, whole_text
from harnn.taxonomy import Taxonomy

_PURPOSE = "The page of a report"
_LONGEST_ABOVE = 40
"""Characters of a name in a path."""


class Showing:
    """Makes pages of the templates of this package.

    Raises:
        MissingExtraError: Jinja2 is not installed.
    """

    def __init__(self) -> None:
        self._jinja2 = require("jinja2", purpose=_PURPOSE, extra="report")
        self.safe = require("markupsafe", purpose=_PURPOSE, extra="report").Markup
        """Markup that is no text of somebody else."""

    def render(
        self, template: str, context: Mapping[str, Any], *, scripts: Sequence[str] = ()
    ) -> str:
        """Return a page; scripts: the names of its own, which it gets as ``script``."""

        def finish(value: Any) -> Any:
            is_text = isinstance(value, str) and not hasattr(value, "__html__")
            return readable(value) if is_text else value

        environment = self._jinja2.Environment(
            autoescape=True,
            undefined=self._jinja2.StrictUndefined,
            finalize=finish,
            loader=self._jinja2.FunctionLoader(_own),
        )
        style, script = shared_style() + _own("page.css"), "".join(map(_own, scripts))
        given = {"counted": counted, "style": self.safe(style), "script": self.safe(script)}
        policy = content_policy(styles=[style], scripts=[script] if script else [])
        page = environment.get_template(template)
        return str(page.render(**given, **context, policy=policy))

    def bdi(self, text: str, form: str = "{}") -> Any:
        """Show a text whose direction turns nothing around it."""
        return self.safe(f'<bdi dir="auto"{language_attribute(text)}>{form}</bdi>').format(
            readable(text)
        )

    def code(self, text: str) -> Any:
        """Show a code or an id."""
        return self.safe('<span class="code">{}</span>').format(readable(text))

    def folded(self, text: str, show: Callable[[str], Any] | None = None) -> Any:
        """Show a text that may be long: its beginning, and the whole where that is opened."""
        show = show or self.bdi
        if len(text) <= LONGEST_NAME:
            return show(text)
        return self.safe('<details class="long"><summary>{}</summary>{}</details>').format(
            show(shorten(text)), show(whole_text(text))
        )

    def named(self, name: str, code: str) -> Any:
        """Show a label by its name, with its code where that is another."""
        shown = self.folded(name)
        return self.safe("{} {}").format(shown, self.folded(code, self.code)) if code else shown

    def placed(self, taxonomy: Taxonomy, column: int) -> Any:
        """Show a label by its name, with the names of the labels above it, and its code."""
        *above, own = taxonomy.path(column).tolist()
        name, code = taxonomy.names[own], taxonomy.codes[own]
        shown = self.named(name, code_beside(code, name, (taxonomy.codes[x] for x in above[-1:])))
        if not above:
            return shown
        path = self.safe(" › ").join(
            self.bdi(shorten(taxonomy.names[each], _LONGEST_ABOVE)) for each in above
        )
        return self.safe('{} <small class="above">{}</small>').format(shown, path)


def write_whole(page: str, path: str | Path) -> int:
    """Write a page, which appears only when it is complete, and return its size in bytes.

    Raises:
        InputError: the file cannot be written.
    """
    page = encodable(page)
    with write_atomically(path) as file:
        file.write(page)
    return len(page.encode("utf-8"))


def _own(name: str) -> str:
    return files("harnn.report").joinpath(name).read_text(encoding="utf-8")
