from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Sequence
from importlib.resources import files
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from harnn.answers import PredictedLabel
from harnn.errors import InputError
from harnn.explain import (
    BranchEffect,
    Example,
    Explanation,
    LabelExplanation,
    NameScore,
    Rival,
    WordWeight,
    render_html,
    write_html,
)
from harnn.explain.page import _key
from harnn.taxonomy import Taxonomy
from support.made_explanations import PageReader, explanation, label

HOSTILE = """<script>alert("1")</script> & 'q' </style></title> ${title} <!-- documents -->"""


def read(*explanations: Explanation, **options: object) -> PageReader:
    return PageReader("".join(render_html(explanations, **options)))  # type: ignore[arg-type]


def words(text: str) -> list[tuple[int, int, float]]:
    spans = [match.span() for match in re.finditer(r"\S+", text)]
    return [(start, end, (n + 1) / len(spans)) for n, (start, end) in enumerate(spans)]


def bees() -> Explanation:
    text = "The hive hums."
    return Explanation(
        "en-1",
        text,
        (
            label(
                "nature", text, [(0, 3, 0.1), (4, 8, 0.6), (9, 13, 0.3)], name="Nature", score=0.9
            ),
            label(
                "bees",
                text,
                [(0, 3, 0.0), (4, 8, 1.0), (9, 13, 0.0)],
                name="Bee keeping",
                path=["nature"],
                score=0.25,
            ),
        ),
        ("A note.",),
    )


def test_exact_structure_of_a_document() -> None:
    pieces = list(render_html([bees()], true_labels={"en-1": ["nature", "food"]}))
    assert len(pieces) == 3
    assert pieces[1] == (
        '<article class="document" id="d1">\n'
        '<h2><a href="#d1">en-1</a></h2>\n'
        '<p class="summary">2 labels predicted: 1 correct, 1 extra, 1 missed.</p>\n'
        '<p class="note">A note.</p>\n'
        '<div class="columns">\n'
        '<div class="text" dir="auto" lang=""><span style="--a:2">The</span> '
        '<span style="--a:9;--b:9">hive</span> <span style="--a:4">hums</span>.</div>\n'
        '<fieldset class="labels"><legend>Labels</legend>\n'
        "<ul>\n"
        '<li><div class="predicted"><label><input type="radio" name="d1" value="a">'
        '<span class="title"><span class="name" lang="">Nature</span><span class="facts">'
        '<span class="code">nature</span><span class="level">level 1</span>'
        '<span class="verdict correct">✓ correct</span></span></span>'
        '<span class="score"><span class="bar"><span style="width:90%"></span></span>90%</span>'
        "</label>\n"
        '<ol class="words"><li><bdi lang="">hive</bdi> <small>60%</small></li>'
        '<li><bdi lang="">hums</bdi> <small>30%</small></li>'
        '<li><bdi lang="">The</bdi> <small>10%</small></li></ol>\n'
        '<p class="spread">Half of the weight is on 1 of 3 words.</p>\n'
        "</div>\n"
        "<ul>\n"
        '<li><div class="predicted"><label><input type="radio" name="d1" value="b" checked>'
        '<span class="title"><span class="name" lang="">Bee keeping</span><span class="facts">'
        '<span class="code">bees</span><span class="level">level 2</span>'
        '<span class="verdict extra">✗ extra</span></span></span>'
        '<span class="score"><span class="bar"><span style="width:25%"></span></span>25%</span>'
        "</label>\n"
        '<ol class="words"><li><bdi lang="">hive</bdi> <small>100%</small></li></ol>\n'
        '<p class="spread">Half of the weight is on 1 of 3 words.</p>\n'
        "</div>\n"
        "</li>\n"
        "</ul>\n"
        "</li>\n"
        '<li><div class="missed"><span class="title"><span class="name" lang="">food</span>'
        '<span class="facts"><span class="verdict missed">○ missed</span></span></span></div>\n'
        "</li>\n"
        "</ul>\n"
        "</fieldset>\n"
        "</div>\n"
        "</article>\n"
    )
    assert pieces[2].endswith(
        "<footer>1 document. Labels of all documents: 1 correct, 1 extra, 1 missed.</footer>\n"
        "</body>\n</html>\n"
    )


def test_everything_is_escaped() -> None:
    made = Explanation(
        HOSTILE,
        HOSTILE,
        (label(HOSTILE, HOSTILE, words(HOSTILE), name="N " + HOSTILE, path=["P " + HOSTILE]),),
        ("Note " + HOSTILE,),
    )
    page = "".join(
        render_html([made], title=HOSTILE, true_labels={HOSTILE: [HOSTILE, "T " + HOSTILE]})
    )
    assert "<script" not in page
    assert page.count("</style>") == page.count("</title>") == 1
    reader = PageReader(page)
    tags = {tag for tag, _ in reader.elements}
    assert not tags & {"script", "link", "img", "iframe", "object"}
    assert reader.texts == [HOSTILE]
    assert reader.by_class["note"] == ["Note " + HOSTILE]
    assert reader.by_class["name"] == ["P " + HOSTILE, "N " + HOSTILE, "T " + HOSTILE]
    assert reader.by_class["code"] == [HOSTILE]
    assert not [key for _, attrs in reader.elements for key in attrs if key.startswith("on")]


def test_the_page_loads_nothing_and_runs_nothing() -> None:
    page = "".join(render_html([bees()]))
    assert not re.search(r"https?:|//\w|url\(|@import|\ssrc=|<link|<script", page)
    hrefs = {attrs["href"] for _, attrs in PageReader(page).elements if "href" in attrs}
    assert hrefs == {"#d1"}
    assert "default-src 'none'" in page


def test_head_says_charset_language_and_what_shades_mean() -> None:
    page = "".join(render_html([], title="My page"))
    assert page.startswith('<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n')
    assert "<title>My page</title>" in page
    assert "<h1>My page</h1>" in page
    assert "the stronger a word is shaded, the more it speaks for that label" in page
    assert "<footer>0 documents.</footer>" in page
    assert "$" not in page


@given(st.data(), st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), max_size=40))
@example(None, "")
def test_the_text_is_reproduced_exactly(data: st.DataObject | None, text: str) -> None:
    bound = st.integers(0, len(text))
    span = st.tuples(bound, bound, st.floats(0, 1)).map(lambda w: (min(w[:2]), max(w[:2]), w[2]))
    spans = data.draw(st.lists(span, max_size=8)) if data else []
    reader = read(explanation(text, label("a", text, spans), label("b", text, words(text))))
    assert reader.texts == ([text] if text else [])


def test_line_breaks_tabs_and_runs_of_spaces_are_kept() -> None:
    text = "\n one\ttwo \r\n\r\n  three  \n"
    assert read(explanation(text, label("a", text, words(text)))).texts == [text]
    assert "white-space:pre-wrap" in "".join(render_html([]))


def test_chinese_words_are_shaded_by_character_offset() -> None:
    text = "😀用松木钉蜂箱。"
    made = explanation(text, label("a", text, [(0, 1, 0.1), (2, 4, 0.3), (4, 5, 0.2), (5, 7, 0.6)]))
    page = "".join(render_html([made]))
    assert (
        '<div class="text" dir="auto" lang="zh"><span style="--a:2">😀</span>用'
        '<span style="--a:4">松木</span><span style="--a:3">钉</span>'
        '<span style="--a:9">蜂箱</span>。</div>'
    ) in page


def test_documents_without_labels_or_text() -> None:
    reader = read(explanation("words", id="1"), explanation("", id=""), true_labels={"1": ["x"]})
    assert reader.by_class["nothing"] == [
        "No label was chosen.",
        "The document has no text.",
        "No label was chosen.",
    ]
    assert reader.by_class["summary"] == [
        "0 labels predicted: 0 correct, 0 extra, 1 missed.",
        "0 labels predicted.",
    ]
    assert "Document 2" in "".join(render_html([bees(), explanation("", id="")]))


def test_attention_without_weight_or_nearly_even_is_said() -> None:
    text = "a b c d e f"
    flat = [(start, end, 1 / 6) for start, end, _ in words(text)]
    made = explanation(text, label("x", text, flat), label("y", text, []))
    assert read(made).by_class["spread"] == [
        "Half of the weight is on 3 of 6 words. This is nearly even, so the shades say little.",
        "No word has any weight.",
    ]


def test_each_document_has_one_checked_label_and_its_own_group() -> None:
    reader = read(bees(), bees())
    radios = [attrs for tag, attrs in reader.elements if tag == "input"]
    assert [(radio["name"], radio["value"], "checked" in radio) for radio in radios] == [
        ("d1", "a", False),
        ("d1", "b", True),
        ("d2", "a", False),
        ("d2", "b", True),
    ]


def test_every_label_has_its_rule_however_many_there_are() -> None:
    text = "one two"
    many = explanation(text, *(label(f"l{n}", text, words(text)) for n in range(130)))
    page = "".join(render_html([bees(), many, many]))
    rules = re.findall(
        r":has\(\[value=(\w+)\]:checked\) \.text span\{--shade:var\(--(\w+)\)\}", page
    )
    assert rules == [(_key(n), _key(n)) for n in range(130)]
    assert len(set(rules)) == 130
    assert set(re.findall(r'value="(\w+)"', page)) == {key for key, _ in rules}
    assert [_key(n) for n in (0, 25, 26, 701, 702)] == ["a", "z", "aa", "zz", "aaa"]


def test_true_labels_are_asked_after_the_document_was_drawn() -> None:
    true: dict[str, list[str]] = {}

    def stream() -> Iterator[Explanation]:
        true["en-1"] = ["nature"]
        yield bees()

    reader = PageReader("".join(render_html(stream(), true_labels=true)))
    assert reader.by_class["summary"] == ["2 labels predicted: 1 correct, 1 extra, 0 missed."]


def test_the_taxonomy_names_missed_labels() -> None:
    taxonomy = Taxonomy.from_edges(
        [("nature", "ROOT"), ("bees", "nature"), ("owls", "nature")], names={"owls": "Owls & co"}
    )
    reader = read(bees(), true_labels={"en-1": ["owls"]}, taxonomy=taxonomy)
    assert reader.by_class["name"] == ["Nature", "Bee keeping", "Owls & co"]
    assert reader.by_class["summary"] == ["2 labels predicted: 1 correct, 1 extra, 1 missed."]


def test_documents_are_streamed() -> None:
    drawn = []

    def stream() -> Iterator[Explanation]:
        for number in range(3):
            drawn.append(number)
            yield bees()

    pieces = render_html(stream())
    next(pieces)
    assert drawn == []
    assert 'id="d1"' in next(pieces)
    assert drawn == [0]


def test_a_usual_page_stays_small(tmp_path: Path) -> None:
    text = " ".join(f"word{n}" for n in range(200))
    spans = words(text)
    labels = [label(f"label{n}", text, spans, path=["top"] if n else []) for n in range(8)]
    path = tmp_path / "page.html"
    assert write_html([explanation(text, *labels) for _ in range(50)], path) == 50
    assert path.stat().st_size < 1_500_000


def test_write_html_is_the_rendered_page(tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    true = {"en-1": ["nature"]}
    assert write_html([bees(), bees()], path, title="T", true_labels=true) == 2
    expected = "".join(render_html([bees(), bees()], title="T", true_labels=true))
    assert path.read_bytes() == expected.encode()


def test_half_surrogates_can_be_written(tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    text = "a \ud83d b"
    write_html([explanation(text, label("x", text, words(text)), id="\ud800")], path)
    assert PageReader(path.read_text(encoding="utf-8")).texts == ["a \ufffd b"]


def test_a_failing_stream_leaves_the_old_page(tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    path.write_text("old", encoding="utf-8")
    bad = explanation("abc", label("x", "abc", [(0, 9, 1.0)]))
    with pytest.raises(ValueError, match="expected words inside its 3 characters, got 0 to 9"):
        write_html([bees(), bad], path)
    assert path.read_text(encoding="utf-8") == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    path = tmp_path / "nowhere" / "page.html"
    with pytest.raises(InputError) as error:
        write_html([bees()], path)
    assert str(error.value) == f"{path}: cannot be written: its directory does not exist."


def word(text: str, start: int, end: int, weight: float, effect: float) -> WordWeight:
    return WordWeight(start, end, text[start:end], weight, effect)


def test_all_that_spoke_for_a_label_stands_beneath_it() -> None:
    text = "The hive hums in Lyon."
    predicted = PredictedLabel("bees", "Bee keeping", 0.9, 1, ("bees",))
    rival = Rival(
        PredictedLabel("wasps", "<Wasps>", 0.1234, 1, ("wasps",)),
        (word(text, 4, 8, 0.4, -1.5), word(text, 9, 13, 0.6, 0.5)),
    )
    item = LabelExplanation(
        predicted,
        (
            word(text, 0, 3, 0.0, -0.01),
            word(text, 4, 8, 0.8, 2.0),
            word(text, 9, 13, 0.2, 0.5),
            word(text, 17, 21, 0.0, -0.75),
        ),
        (BranchEffect("linear", 1.25, "n-grams"), BranchEffect("network", -0.5)),
        "",
        (rival,),
        (Example("d&7", 0.4321, "Hives <hum> at noon"),),
    )
    through = LabelExplanation(
        PredictedLabel("insects", "Insects", 0.9, 1, ("insects",)), item.weights, through="bees"
    )
    page = "".join(render_html([Explanation("1", text, (item, through))]))
    for expected in (
        '<p class="spread">Against it: <bdi lang="">Lyon</bdi>.</p>',
        '<p class="spread">What each part adds: n-grams +1.2, network −0.5.</p>',
        '<p class="spread">Not <bdi lang="">&lt;Wasps&gt;</bdi>, 12%: for it '
        '<bdi lang="">hums</bdi>; against <bdi lang="">hive</bdi>.</p>',
        '<ul class="examples"><li><b>d&amp;7</b> <small>43% alike</small> <span lang="">'
        "Hives &lt;hum&gt; at noon</span></li></ul>",
        '<p class="spread">Chosen only because <bdi lang="">Bee keeping</bdi> below it was, '
        "whose words these are.</p>",
    ):
        assert expected in page
    assert page.count("What each part adds") == 2  # beneath one label, and in the legend


def test_words_stay_readable_under_the_strongest_shade_in_both_themes() -> None:
    """4.5 to 1 (WCAG 2.2, 1.4.3), the shade being 89% opaque."""
    style = files("harnn.explain").joinpath("page.html").read_text("utf-8").partition("</style>")[0]
    glows = [tuple(map(int, each.split())) for each in re.findall(r"--glow:([\d ]+)", style)]
    light, dark, printed = glows
    assert printed == light
    pairs = {
        name: re.findall(r"#[0-9a-f]{3,6}", found)
        for name, found in re.findall(r"--(ink|paper):(light-dark\([^)]*\))", style)
    }
    for theme, glow in enumerate((light, dark)):
        ink, paper = (_rgb(pairs[name][theme]) for name in ("ink", "paper"))
        shade = [0.89 * g + 0.11 * p for g, p in zip(glow, paper, strict=True)]
        low, high = sorted((_luminance(ink), _luminance(shade)))
        assert (high + 0.05) / (low + 0.05) >= 4.5


def _rgb(written: str) -> list[int]:
    digits = written[1:] if len(written) == 7 else "".join(2 * digit for digit in written[1:])
    return [int(digits[at : at + 2], 16) for at in (0, 2, 4)]


def _luminance(colour: Sequence[float]) -> float:
    """Source: WCAG 2.2, relative luminance."""
    parts = [c / 255 for c in colour]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize(
    ("made", "through", "expected"),
    [
        (
            NameScore(0.75, 4, PredictedLabel("n", "<Nature>", 0.5, 1, ("n",))),
            "",
            "It is scored by its name: no training document has it. Its score is that of <Nature> "
            "above it, 50%, times 75%, the probability that its name gives it beside 4 other "
            "names.",
        ),
        (
            NameScore(0.75, 0, PredictedLabel("n", "Nature", 0.5, 1, ("n",))),
            "",
            "It is scored by its name: no training document has it. Its score is that of Nature "
            "above it, 50%, times 75%: no other name stands beside it, so its own decides nothing.",
        ),
        (
            NameScore(0.75, 1),
            "",
            "It is scored by its name: no training document has it. Its score is the probability "
            "that its name gives it beside 1 other name.",
        ),
        (
            NameScore(0.75, 0),
            "",
            "It is scored by its name: no training document has it. No other name stands beside "
            "it, so every text gets the same score.",
        ),
        (None, "other", "That label is scored by its name: no training document has it."),
    ],
)
def test_a_label_by_name_says_where_its_score_comes_from(
    made: NameScore | None, through: str, expected: str
) -> None:
    text = "The hive hums."
    plain = label("bees", text, [(4, 8, 1.0)])
    item = dataclasses.replace(plain, by_name=True, name_score=made, through=through)
    page = read(explanation(text, item))
    assert expected in page.by_class["spread"]
    assert item.to_dict().get("name_score") == (None if made is None else made.to_dict())
