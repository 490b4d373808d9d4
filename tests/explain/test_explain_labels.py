from __future__ import annotations

from harnn.explain.labels import Node, Verdict, build_tree, choose_first
from harnn.taxonomy import Taxonomy
from support.made_explanations import explanation, label

TAXONOMY = Taxonomy.from_edges(
    [("A", "ROOT"), ("B", "ROOT"), ("a1", "A"), ("a2", "A"), ("b1", "B"), ("a1x", "a1")],
    names={"A": "Animals", "a2": "Ants"},
)


def outline(nodes: tuple[Node, ...] | list[Node], depth: int = 0) -> list[str]:
    lines = []
    for node in nodes:
        verdict = f" {node.verdict.value}" if node.verdict else ""
        place = "-" if node.position is None else node.position
        lines.append(f"{'  ' * depth}{node.label} {place} {node.level}{verdict}".rstrip())
        lines += outline(node.children, depth + 1)
    return lines


def test_labels_hang_on_their_paths_the_highest_scores_first() -> None:
    made = explanation(
        "",
        label("A", "", [], score=0.6),
        label("B", "", [], score=0.9),
        label("a1", "", [], path=["A"], score=0.3),
        label("a2", "", [], path=["A"], score=0.4),
    )
    tree = build_tree(made, None, None)
    assert outline(tree.roots) == [
        "B 1 level 1",
        "A 0 level 1",
        "  a2 3 level 2",
        "  a1 2 level 2",
    ]
    assert tree.verdicts == ()


def test_ancestors_that_were_not_predicted_stand_on_the_path() -> None:
    made = explanation("", label("a1x", "", [], path=["A", "a1"]))
    assert outline(build_tree(made, None, TAXONOMY).roots) == [
        "A - level 1",
        "  a1 - level 2",
        "    a1x 0 level 3",
    ]
    assert build_tree(made, None, TAXONOMY).roots[0].name == "Animals"
    without = build_tree(made, None, None).roots[0]
    assert (without.name, without.level) == ("A", "")


def test_true_labels_are_closed_by_the_taxonomy() -> None:
    made = explanation("", label("A", "", []), label("a1", "", [], path=["A"]))
    tree = build_tree(made, ["a2", "not known"], TAXONOMY)
    assert outline(tree.roots) == [
        "A 0 level 1 correct",
        "  a1 1 level 2 extra",
        "  a2 - level 2 missed",
        "not known -  missed",
    ]
    assert sorted(v.value for v in tree.verdicts) == ["correct", "extra", "missed", "missed"]
    assert tree.roots[0].children[1].name == "Ants"


def test_true_labels_without_a_taxonomy_are_taken_as_given() -> None:
    made = explanation("", label("a1", "", [], path=["A"]))
    tree = build_tree(made, ["A", "a1", "b1"], None)
    assert outline(tree.roots) == ["A -  missed", "  a1 0 level 2 correct", "b1 -  missed"]


def test_no_true_labels_is_not_unknown_true_labels() -> None:
    made = explanation("", label("a1", "", [], path=["A"]))
    assert build_tree(made, [], None).verdicts == (Verdict.EXTRA,)
    assert build_tree(made, None, None).verdicts == ()


def test_level_names_are_shown() -> None:
    taxonomy = Taxonomy.from_levels({"section": ["A"], "class": ["A01"]}, [("A01", "A")])
    made = explanation("", label("A01", "", [], path=["A"]))
    assert outline(build_tree(made, None, taxonomy).roots) == [
        "A - level 1: section",
        "  A01 0 level 2: class",
    ]


def test_contradicting_paths_show_every_label_once() -> None:
    made = explanation(
        "",
        label("x", "", [], path=["A", "B"], score=0.9),
        label("y", "", [], path=["B", "A"], score=0.8),
    )
    assert outline(build_tree(made, None, None).roots) == [
        "A -",
        "  B -",
        "    x 0 level 3",
        "  y 1 level 3",
    ]


def test_the_first_shown_is_the_best_of_the_most_specific_level() -> None:
    made = explanation(
        "",
        label("A", "", [], score=0.99),
        label("a1", "", [], path=["A"], score=0.3),
        label("a2", "", [], path=["A"], score=0.4),
    )
    assert choose_first(made) == 2
