"""The labels of a document as a tree, set against its true labels where they are known."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

from harnn._display import level_name

if TYPE_CHECKING:
    from harnn.explain.values import Explanation
    from harnn.taxonomy import Taxonomy


class Verdict(Enum):
    """What the true labels say about a label."""

    CORRECT = "correct"
    EXTRA = "extra"
    MISSED = "missed"


@dataclass(slots=True)
class Node:
    """A label of the tree: predicted, missed, or only on the way to one of these."""

    label: str
    name: str
    level: str
    """As shown; empty where it is not known."""
    position: int | None = None
    """In ``explanation.labels``; None where the label was not predicted."""
    verdict: Verdict | None = None
    children: list[Node] = field(default_factory=list)
    above: str = ""
    """The label that it hangs below; empty: none."""


@dataclass(frozen=True, slots=True)
class LabelTree:
    """The labels of one document, the highest scores of each branch first."""

    roots: tuple[Node, ...]
    verdicts: tuple[Verdict, ...]
    """One for each label predicted or missed; empty where the true labels are not known."""


def build_tree(
    explanation: Explanation, true: Iterable[str] | None, taxonomy: Taxonomy | None
) -> LabelTree:
    """Hang the predicted labels on their paths and add the true ones that were missed.

    The taxonomy, where given, closes *true* upward and names labels that were not predicted.
    """
    nodes: dict[str, Node] = {}
    roots: list[Node] = []
    order = sorted(
        range(len(explanation.labels)),
        key=lambda position: (
            explanation.labels[position].predicted.level,
            -explanation.labels[position].predicted.score,
        ),
    )
    for position in order:
        predicted = explanation.labels[position].predicted
        _hang((*predicted.path[:-1], predicted.label), nodes, roots, taxonomy)
        node = nodes[predicted.label]
        node.name, node.position = predicted.name, position
        node.level = _level(predicted.level, taxonomy)
    if true is None:
        return LabelTree(tuple(roots), ())
    expected = _close(true, taxonomy)
    for label in expected:
        _hang(_path(label, taxonomy), nodes, roots, taxonomy)
    verdicts = []
    for label, node in nodes.items():
        node.verdict = _judge(label in expected, node.position is not None)
        if node.verdict:
            verdicts.append(node.verdict)
    return LabelTree(tuple(roots), tuple(verdicts))


def choose_first(explanation: Explanation) -> int:
    """Return the label to show first: of the most specific level, the one scored highest."""
    return max(
        range(len(explanation.labels)),
        key=lambda position: (
            explanation.labels[position].predicted.level,
            explanation.labels[position].predicted.score,
        ),
    )


def _hang(
    path: Iterable[str], nodes: dict[str, Node], roots: list[Node], taxonomy: Taxonomy | None
) -> None:
    """Add the labels of *path* that are new; the others stay where they first stood."""
    siblings, above = roots, ""
    for label in path:
        if label not in nodes:
            nodes[label] = _unpredicted(label, taxonomy)
            nodes[label].above = above
            siblings.append(nodes[label])
        siblings, above = nodes[label].children, label


def _unpredicted(label: str, taxonomy: Taxonomy | None) -> Node:
    if taxonomy is None or label not in taxonomy.index:
        return Node(label, label, "")
    column = taxonomy.index[label]
    return Node(label, taxonomy.names[column], _level(int(taxonomy.levels[column]), taxonomy))


def _level(level: int, taxonomy: Taxonomy | None) -> str:
    own = "" if taxonomy is None else taxonomy.level_names[level - 1]
    name = level_name(own, level)
    return f"level {level}" if name == str(level) else f"level {level}: {name}"


def _path(label: str, taxonomy: Taxonomy | None) -> Iterator[str]:
    if taxonomy is None or label not in taxonomy.index:
        yield label
    else:
        yield from (taxonomy.codes[column] for column in taxonomy.path(taxonomy.index[label]))


def _close(true: Iterable[str], taxonomy: Taxonomy | None) -> dict[str, None]:
    labels = dict.fromkeys(true)
    if taxonomy is None:
        return labels
    known = [label for label in labels if label in taxonomy.index]
    columns = taxonomy.close_upward(taxonomy.columns(known))
    return dict.fromkeys(taxonomy.codes[column] for column in columns) | labels


def _judge(is_true: bool, is_predicted: bool) -> Verdict | None:
    if is_true and is_predicted:
        return Verdict.CORRECT
    if is_true:
        return Verdict.MISSED
    return Verdict.EXTRA if is_predicted else None
