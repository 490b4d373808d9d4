"""Answers as results of labelling configurations, and annotations as labels."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harnn.answers import PredictedLabel, Prediction
from harnn.errors import DocumentError, HarnnError
from harnn.sample import sample
from harnn.serve.labelling import read_labelling
from harnn.taxonomy import Taxonomy
from harnn.taxonomy.writing.labelling_config import labelling_config_text

# food > soup; art > music > choirs; home > choirs: two ways lead to choirs
TAXONOMY = Taxonomy.from_edges(
    [
        ("food", "ROOT"),
        ("art", "ROOT"),
        ("home", "ROOT"),
        ("soup", "food"),
        ("music", "art"),
        ("choirs", "music"),
        ("choirs", "home"),
    ],
    {"soup": "Soups and broths", "choirs": "Choirs"},
)
TREE = """
<Choice value="food"><Choice value="Soups and broths" alias="soup"/></Choice>
<Choice value="art"><Choice value="music"><Choice value="Choirs"/></Choice></Choice>
<Choice value="home"><Choice value="Choirs" alias="choirs"/></Choice>
"""


def config(*tags: str, text: str = '<Text name="t" value="$text"/>') -> str:
    return f"<View>{text}{''.join(tags)}</View>"


def taxonomy_tag(inner: str = TREE, **attributes: str) -> str:
    more = "".join(f' {name}="{value}"' for name, value in attributes.items())
    return f'<Taxonomy name="x" toName="t"{more}>{inner}</Taxonomy>'


def choices_tag(*values: str, name: str = "c", **attributes: str) -> str:
    more = "".join(f' {key}="{value}"' for key, value in attributes.items())
    inner = "".join(f'<Choice value="{value}"/>' for value in values)
    return f'<Choices name="{name}" toName="t"{more}>{inner}</Choices>'


def answer(**scores: float) -> Prediction:
    """Return an answer with labels as they are closed; paths are not looked at."""
    index = TAXONOMY.index
    labels = tuple(
        PredictedLabel(code, code, scores[code], int(TAXONOMY.levels[index[code]]), (code,))
        for code in sorted(scores, key=index.__getitem__)
    )
    return Prediction("1", labels)


def chosen(text: str, **scores: float) -> list[Any]:
    """Return what is chosen in each tag."""
    results = read_labelling(text, TAXONOMY).results(answer(**scores))["result"]
    return [value for each in results for value in each["value"].values()]


def test_a_result_names_its_tags() -> None:
    found = read_labelling(config(taxonomy_tag()), TAXONOMY).results(answer(food=0.8, soup=0.6))
    assert found == {
        "result": [
            {
                "from_name": "x",
                "to_name": "t",
                "type": "taxonomy",
                "value": {"taxonomy": [["food", "soup"]]},
            }
        ],
        "score": 0.6,
    }


def test_the_way_through_the_highest_scores() -> None:
    text = config(taxonomy_tag())
    choirs = {"choirs": 0.5, "music": 0.6, "art": 0.9}
    assert chosen(text, **choirs, home=0.7) == [[["home", "choirs"]]]
    assert chosen(text, **choirs, home=0.5) == [[["art", "music", "Choirs"]]]


def test_labels_above_each_other_are_one_path() -> None:
    text = config(taxonomy_tag())
    assert chosen(text, food=0.9, soup=0.8, art=0.7) == [[["art"], ["food", "soup"]]]


def test_labels_that_cannot_be_chosen_are_chosen_by_those_above() -> None:
    text = config(taxonomy_tag('<Choice value="food"/><Choice value="home"/>'))
    assert chosen(text, food=0.9, soup=0.8, art=0.7) == [[["food"]]]
    assert chosen(text, art=0.7) == []


def test_leaves_only_and_the_most_that_may_be_chosen() -> None:
    scores = {"food": 0.9, "soup": 0.5, "art": 0.8, "music": 0.6, "home": 0.7}
    assert chosen(config(taxonomy_tag(leafsOnly="true")), **scores) == [[["food", "soup"]]]
    one = config(taxonomy_tag(maxUsages="1"))
    assert chosen(one, **scores) == [[["home"]]]
    for any_number in ("0", "-1", "two", "9" * 5_000):
        text = config(taxonomy_tag(maxUsages=any_number))
        assert chosen(text, **scores) == chosen(config(taxonomy_tag()), **scores)


def test_choices_side_by_side() -> None:
    scores = {"food": 0.9, "soup": 0.5, "art": 0.8}
    both = ("food", "SOUPS and broths", "art")
    several = config(choices_tag(*both, choice="multiple"))
    assert chosen(several, **scores) == [["food", "art", "SOUPS and broths"]]
    for single in (config(choices_tag(*both)), config(choices_tag(*both, choice="single-radio"))):
        assert chosen(single, **scores) == [["art"]]  # of the most specific the best


def test_the_score_is_the_mean_of_what_is_chosen() -> None:
    text = config(taxonomy_tag(), choices_tag("food"))
    found = read_labelling(text, TAXONOMY).results(answer(food=0.9, soup=0.5))
    assert found["score"] == 0.7
    assert read_labelling(text, TAXONOMY).results(answer()) == {"result": [], "score": 0.0}


def test_what_is_not_about_labels_is_left_alone() -> None:
    text = config(choices_tag("glad", "sad", name="mood"), choices_tag("food", "other"))
    labelling = read_labelling(text, TAXONOMY)
    assert [each.name for each in labelling.questions] == ["c"]
    assert labelling.unknown == ("other",)
    results = [
        {"from_name": "mood", "value": {"choices": ["glad"]}},
        {"from_name": ["c"], "value": {"choices": ["art"]}},
        "something",
        {"from_name": "c", "value": {"choices": ["food"]}},
    ]
    assert labelling.labels(results) == ("food",)


@given(st.sets(st.sampled_from(sample("en").load_taxonomy().codes)))
def test_what_is_chosen_is_read_again(codes: set[str]) -> None:
    taxonomy = sample("en").load_taxonomy()
    closed = taxonomy.close_upward(taxonomy.columns(codes)).tolist()
    labels = tuple(PredictedLabel(taxonomy.codes[c], "", 0.5, 1, ()) for c in closed)
    labelling = read_labelling(labelling_config_text(taxonomy), taxonomy)
    results = labelling.results(Prediction("1", labels))["result"]
    found = taxonomy.close_upward(taxonomy.columns(labelling.labels(results))).tolist()
    assert found == closed


@pytest.mark.parametrize(
    ("value", "what"),
    [
        (
            {"taxonomy": [["food", "bread"]]},
            "choice of 'x': means no label of the model: 'food > bread'.",
        ),
        ({"taxonomy": [["soup"]]}, "choice of 'x': means no label of the model: 'soup'."),
        ({"taxonomy": [[1]]}, "result of 'x': has [[1]], expected what its choices store."),
        ({"choices": ["food"]}, "result of 'x': has None, expected what its choices store."),
        (None, "result of 'x': has None, expected what its choices store."),
    ],
)
def test_annotations_that_are_refused(value: Any, what: str) -> None:
    labelling = read_labelling(config(taxonomy_tag()), TAXONOMY)
    with pytest.raises(DocumentError) as caught:
        labelling.labels([{"from_name": "x", "value": value}])
    assert str(caught.value) == what


FOOD = '<Choice value="food"/>'
ELSEWHERE = '<Text name="t" value="$url" valueType="url"/>'


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "labelling configuration:1: is not valid XML: no element found."),
        (
            '<!DOCTYPE x [<!ENTITY a "b">]><View/>',
            "labelling configuration:1: declares a type of document, which a configuration needs "
            "for nothing.",
        ),
        (
            "<View/>",
            "labelling configuration: has no tag Taxonomy or Choices that asks for labels.",
        ),
        (f"<View><Taxonomy>{FOOD}</Taxonomy></View>", "Taxonomy '': has no name."),
        (
            config(taxonomy_tag(FOOD, perRegion="true")),
            "Taxonomy 'x': asks about parts of a text; whole texts are answered.",
        ),
        (
            config(taxonomy_tag(FOOD), text='<Image name="t" value="$image"/>'),
            "Taxonomy 'x': asks about no tag Text (toName); other kinds of data are not read.",
        ),
        (
            config(taxonomy_tag(FOOD), text=ELSEWHERE),
            "Taxonomy 'x': asks about a text that stands elsewhere, which is not fetched "
            "(valueType).",
        ),
        (
            config(taxonomy_tag(FOOD), text='<Text name="t" value="$a" encoding="base64"/>'),
            "Taxonomy 'x': asks about a text that is encoded, which is not read (encoding).",
        ),
        (
            config(taxonomy_tag(FOOD), text='<Text name="t" value="text"/>'),
            "Taxonomy 'x': asks about a tag Text whose value is no member of the data, such as "
            "$text.",
        ),
        (
            config(f'<Choices name="c" toName="t"><Choice value="art">{FOOD}</Choice></Choices>'),
            "Choices 'c': has choices inside choices; the tag Taxonomy is for those.",
        ),
        (
            config(taxonomy_tag("", apiUrl="https://example.org/t.json")),
            "Taxonomy 'x': has no choices of its own; those that stand elsewhere are not fetched.",
        ),
        (
            config(choices_tag("a", "b", "c", "d")),
            "Choices 'c': none of its 4 choices means one of the model's 6 labels: 'a', 'b', 'c' "
            "...",
        ),
        (
            config(
                choices_tag("food"),
                '<Text name="u" value="$other"/><Taxonomy name="y" toName="u">' + TREE,
                "</Taxonomy>",
            ),
            "labelling configuration: asks about several texts: other, text. Ask about one.",
        ),
    ],
)
def test_configurations_that_are_refused(text: str, what: str) -> None:
    with pytest.raises(HarnnError) as caught:
        read_labelling(text, TAXONOMY)
    assert str(caught.value) == what


def test_one_label_by_several_choices_is_ambiguous_by_name_alone() -> None:
    twins = Taxonomy.from_edges(
        [("a", "ROOT"), ("b", "ROOT"), ("c", "a"), ("d", "b")], {"c": "Sea", "d": "Sea"}
    )
    flat = read_labelling(config(choices_tag("Sea", "a")), twins)
    assert flat.unknown == ("Sea",)
    inside = "".join(f'<Choice value="{x}"><Choice value="Sea"/></Choice>' for x in "ab")
    tree = read_labelling(config(taxonomy_tag(inside)), twins)
    found = tree.labels([{"from_name": "x", "value": {"taxonomy": [["b", "Sea"]]}}])
    assert (found, tree.unknown) == (("d",), ())
