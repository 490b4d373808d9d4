"""Write explanations as one HTML page.

A word carries its shade for each label as a custom property (``--a:9`` is full shade for the
first label), and one rule a label copies that property to ``--shade`` where the label's radio
button is checked: the browser itself repaints the text, without a script.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from importlib.resources import files
from pathlib import Path
from string import Template, ascii_lowercase
from typing import TYPE_CHECKING

from harnn._files import write_atomically
from harnn.explain.labels import LabelTree, Node, Verdict, build_tree, choose_first
from harnn.explain.reasons import render_reasons
from harnn.explain.words import cut_text
from harnn.pages import code_beside, content_policy, counted, escape, language_attribute, percent

if TYPE_CHECKING:
    from harnn.explain.values import Explanation
    from harnn.taxonomy import Taxonomy

_TITLE = "What spoke for each label"
_RULES_IN_HEAD = 64
_MARKER = "<!-- documents -->\n"
_SIGNS = {Verdict.CORRECT: "✓", Verdict.EXTRA: "✗", Verdict.MISSED: "○"}


def write_html(
    explanations: Iterable[Explanation],
    path: str | Path,
    *,
    title: str = _TITLE,
    true_labels: Mapping[str, Iterable[str]] | None = None,
    taxonomy: Taxonomy | None = None,
) -> int:
    """Write :func:`render_html` to *path*, which appears only when it is complete.

    Returns the number of documents.

    Raises:
        InputError: the file cannot be created there.
        ValueError: a word lies outside of its text.
    """
    written = 0

    def count() -> Iterator[Explanation]:
        nonlocal written
        for explanation in explanations:
            written += 1
            yield explanation

    with write_atomically(path) as file:
        file.writelines(
            render_html(count(), title=title, true_labels=true_labels, taxonomy=taxonomy)
        )
    return written


def render_html(
    explanations: Iterable[Explanation],
    *,
    title: str = _TITLE,
    true_labels: Mapping[str, Iterable[str]] | None = None,
    taxonomy: Taxonomy | None = None,
) -> Iterator[str]:
    """Yield one self-contained page piece by piece: its head, each document, its foot.

    ``true_labels`` maps ids of documents to all their true labels, ancestors included; it is
    asked only after a document was drawn from *explanations*, so it may grow meanwhile.
    Documents that it does not know are shown without verdicts. ``taxonomy`` adds the ancestors
    of true labels, and names and levels of labels that were not predicted.

    Raises:
        ValueError: a word lies outside of its text.
    """
    page = files("harnn.explain").joinpath("page.html").read_text(encoding="utf-8")
    head, _, foot = page.partition(_MARKER)
    yield Template(head).substitute(
        title=escape(title),
        rules=_rules(0, _RULES_IN_HEAD),
        policy=content_policy(style_attributes=True),
    )
    rules = _RULES_IN_HEAD
    number = 0
    verdicts: Counter[Verdict] = Counter()
    for number, explanation in enumerate(explanations, start=1):
        if len(explanation.labels) > rules:
            yield f"<style>{_rules(rules, len(explanation.labels))}</style>\n"
            rules = len(explanation.labels)
        true = None if true_labels is None else true_labels.get(explanation.id)
        tree = build_tree(explanation, true, taxonomy)
        verdicts.update(tree.verdicts)
        yield _document(explanation, number, tree)
    summary = f"{counted(number, 'document')}."
    if verdicts:
        summary += f" Labels of all documents: {_tally(verdicts)}."
    yield Template(foot).substitute(summary=summary)


def _rules(start: int, stop: int) -> str:
    """Return the rules that paint the labels at these positions."""
    return "\n".join(
        f".document:has([value={key}]:checked) .text span{{--shade:var(--{key})}}"
        for key in map(_key, range(start, stop))
    )


def _key(position: int) -> str:
    """Return a short name: a to z, then aa, ab, ..."""
    letters = ""
    position += 1
    while position:
        position, letter = divmod(position - 1, len(ascii_lowercase))
        letters = ascii_lowercase[letter] + letters
    return letters


def _document(explanation: Explanation, number: int, tree: LabelTree) -> str:
    shown_id = escape(explanation.id) or f"Document {number}"
    notes = "".join(f'<p class="note">{escape(note)}</p>\n' for note in explanation.notes)
    return (
        f'<article class="document" id="d{number}">\n'
        f'<h2><a href="#d{number}">{shown_id}</a></h2>\n'
        f'<p class="summary">{_summary(explanation, tree)}</p>\n{notes}'
        f'<div class="columns">\n{_text(explanation)}\n{_labels(explanation, number, tree)}\n'
        "</div>\n</article>\n"
    )


def _summary(explanation: Explanation, tree: LabelTree) -> str:
    predicted = f"{counted(len(explanation.labels), 'label')} predicted"
    return f"{predicted}: {_tally(Counter(tree.verdicts))}." if tree.verdicts else f"{predicted}."


def _tally(verdicts: Mapping[Verdict, int]) -> str:
    return ", ".join(f"{verdicts.get(verdict, 0):,} {verdict.value}" for verdict in Verdict)


def _text(explanation: Explanation) -> str:
    if not explanation.text:
        return '<p class="nothing">The document has no text.</p>'
    parts = []
    for piece in cut_text(explanation):
        style = ";".join(f"--{_key(position)}:{shade}" for position, shade in piece.shades)
        text = escape(piece.text)
        parts.append(f'<span style="{style}">{text}</span>' if style else text)
    language = language_attribute(explanation.text)
    return f'<div class="text" dir="auto"{language}>{"".join(parts)}</div>'


def _labels(explanation: Explanation, number: int, tree: LabelTree) -> str:
    nothing = ""
    if not explanation.labels:
        nothing = '<p class="nothing">No label was chosen.</p>\n'
    if not tree.roots:
        return f'<div class="labels">{nothing.strip()}</div>'
    first = choose_first(explanation) if explanation.labels else -1
    items = "".join(_node(node, explanation, number, first) for node in tree.roots)
    return (
        '<fieldset class="labels"><legend>Labels</legend>\n'
        f"{nothing}<ul>\n{items}</ul>\n</fieldset>"
    )


def _node(node: Node, explanation: Explanation, number: int, first: int) -> str:
    below = "".join(_node(child, explanation, number, first) for child in node.children)
    below = f"<ul>\n{below}</ul>\n" if below else ""
    if node.position is None:
        kind = "missed" if node.verdict is Verdict.MISSED else "between"
        return f'<li><div class="{kind}">{_name(node)}</div>\n{below}</li>\n'
    item = explanation.labels[node.position]
    name_of = {x.predicted.label: x.predicted.name for x in explanation.labels}
    checked = " checked" if node.position == first else ""
    score = item.predicted.score
    width = 100 * min(max(score, 0.0), 1.0)
    return (
        f'<li><div class="predicted"><label><input type="radio" name="d{number}" '
        f'value="{_key(node.position)}"{checked}>{_name(node)}'
        f'<span class="score"><span class="bar"><span style="width:{width:.0f}%"></span></span>'
        f"{escape(percent(score))}</span></label>\n"
        f"{render_reasons(item, name_of)}</div>\n{below}</li>\n"
    )


def _name(node: Node) -> str:
    verdict = ""
    if node.verdict:
        kind = node.verdict.value
        verdict = f'<span class="verdict {kind}">{_SIGNS[node.verdict]} {kind}</span>'
    shown = code_beside(node.label, node.name, [node.above] if node.above else [])
    code = f'<span class="code">{escape(shown)}</span>' if shown else ""
    level = f'<span class="level">{escape(node.level)}</span>' if node.level else ""
    not_predicted = "" if node.position is not None or node.verdict else "not predicted"
    return (
        f'<span class="title"><span class="name"{language_attribute(node.name)}>'
        f'{escape(node.name)}</span><span class="facts">{code}{level}{not_predicted}{verdict}'
        "</span></span>"
    )
