"""One HTML page that holds a taxonomy as a tree: no server, nothing loaded from elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files
from string import Template

from harnn._display import counted, printable
from harnn.pages import code_beside, content_policy, escape
from harnn.taxonomy.parts import Step, walk
from harnn.taxonomy.taxonomy import Taxonomy

_SCRIPT = ("<script>", "</script>")
_OPEN_LEVELS = 1
"""Levels whose labels are open at first, where the tree is small."""
_SMALL = 200


def page_text(taxonomy: Taxonomy, title: str = "Taxonomy") -> str:
    """Return a page with a tree that can be searched, folded and walked with the keyboard."""
    page = files("harnn.taxonomy.writing").joinpath("page.html").read_text(encoding="utf-8")
    script = page.partition(_SCRIPT[0])[2].partition(_SCRIPT[1])[0]
    policy = content_policy(scripts=[script], style_attributes=True)
    summary = taxonomy.summary()
    shape = "a tree" if summary.is_tree else "some under several others"
    head, _, foot = page.partition("<!-- tree -->")
    about = f"{counted(len(taxonomy), 'label')} on {counted(taxonomy.depth, 'level')}, {shape}."
    filled = Template(head).substitute(title=_escape(title), about=about, policy=policy)
    return "".join((filled, *_tree(taxonomy), *_replaced(taxonomy), foot))


def _tree(taxonomy: Taxonomy) -> Iterator[str]:
    is_parent = taxonomy.hierarchy.is_parent
    opened = _OPEN_LEVELS if len(taxonomy) <= _SMALL else 0
    inside: list[int] = []  # depths of the lists that are open
    for step in walk(taxonomy):
        while inside and inside[-1] > step.depth:
            inside.pop()
            yield "</ul></details></li>\n"
        has_children = bool(is_parent[step.column]) and not step.again
        row = _row(taxonomy, step)
        if has_children:
            state = " open" if step.depth < opened else ""
            yield f"<li><details{state}><summary>{row}</summary><ul>\n"
            inside.append(step.depth + 1)
        else:
            yield f'<li><div class="leaf" tabindex="-1">{row}</div></li>\n'
    yield "</ul></details></li>\n" * len(inside)


def _row(taxonomy: Taxonomy, step: Step) -> str:
    column = step.column
    name, code = taxonomy.names[column], taxonomy.codes[column]
    parts = [f'<bdi class="name">{_escape(name)}</bdi>']
    iri = taxonomy.iris[column]
    if iri.startswith(("https://", "http://")):
        shown = f'<a class="code" href="{_escape(iri)}" rel="noreferrer">{_escape(code)}</a>'
        parts.append(f"<bdi>{shown}</bdi>")
    elif code_beside(code, name, (taxonomy.codes[x] for x in taxonomy.parents(column))):
        parts.append(f'<bdi class="code">{_escape(code)}</bdi>')
    notation = taxonomy.notations[column]
    if notation not in ("", code):
        parts.append(f'<bdi class="code">{_escape(notation)}</bdi>')
    if step.again:
        first = int(taxonomy.parents(column)[0])
        place = _escape(taxonomy.names[first])
        parts.append(f'<span class="say">with all below it under <bdi>{place}</bdi></span>')
        return " ".join(parts)
    if taxonomy.alternatives[column]:
        others = ", ".join(map(_escape, taxonomy.alternatives[column]))
        parts.append(f'<span class="also">also <bdi>{others}</bdi></span>')
    if taxonomy.descriptions[column]:
        text = _escape(taxonomy.descriptions[column])
        parts.append(f'<span class="about"><bdi>{text}</bdi></span>')
    if iri and not iri.startswith(("https://", "http://")):
        parts.append(f'<span class="say">{_escape(iri)}</span>')
    return " ".join(parts)


def _replaced(taxonomy: Taxonomy) -> Iterator[str]:
    if not taxonomy.former:
        return
    count = counted(len(taxonomy.former), "label")
    yield f"<li><details><summary>{count} no more, and what stands for each</summary><ul>\n"
    for old, codes in taxonomy.former.items():
        now = " and ".join(
            f'<bdi class="name">{_escape(taxonomy.names[taxonomy.index[new]])}</bdi> '
            f'<bdi class="code">{_escape(new)}</bdi>'
            for new in codes
        )
        yield (
            f'<li><div class="leaf" tabindex="-1"><bdi class="code">{_escape(old)}</bdi> now '
            f"{now or 'nothing'}</div></li>\n"
        )
    yield "</ul></details></li>\n"


def _escape(text: str) -> str:
    return escape(printable(text))
