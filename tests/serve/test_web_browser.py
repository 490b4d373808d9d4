"""The pages in a browser: keys, thresholds, hostile texts, signing in, faults, access."""

from __future__ import annotations

import csv
import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import harnn
from harnn.config import Config
from harnn.data import Document
from harnn.serve import add_token
from harnn.taxonomy import Taxonomy
from support.browsing import NEEDS_CHROMIUM, Opened, check_access, chromium, expect
from support.served import FAST, SMALL, RunningServer, running

pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytestmark = NEEDS_CHROMIUM

BEES = "The bees are kept in hives under the apple trees; honey is taken in July."
HOSTILE = "<script>alert(1)</script> <img src=x onerror=alert(2)> honey & bees 'q' \" </textarea>"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as opened:
        yield opened


def fit_wide_model(directory: Path) -> None:
    """Train a model of 1,500 labels below one, with several parents and hostile names."""
    edges = [("top", "ROOT"), ("side", "ROOT"), ("deep", "side")]
    edges += [(f"n{n}", "top") for n in range(1_500)]
    edges += [("n7", "deep"), ("n8", "side"), ("n12", "deep"), ("n12", "side")]
    names = {
        "n7": HOSTILE,
        "n8": "عسل النحل",
        "n9": "荔枝栽培",
        "n10": "Crème brûlée",
        "side": "Side",
    }
    bare = Taxonomy.from_edges(edges, names=names)
    others = tuple(("burnt cream",) if code == "n10" else () for code in bare.codes)
    taxonomy = dataclasses.replace(bare, alternatives=others)
    documents = [
        Document(str(n), {"text": f"word{n % 5} and more {n}"}, (f"n{n % 5}",), "")
        for n in range(40)
    ]
    result = harnn.fit(taxonomy, documents[:30], documents[30:], Config.from_dict(FAST))
    harnn.save_bundle(result, directory)


@pytest.fixture(scope="module")
def server(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    folder = tmp_path_factory.mktemp("pages")
    fit_wide_model(folder / "wide")
    places = (f"sample={model}", f"other={SMALL}", f"wide={folder / 'wide'}")
    with running(folder / "log", *places) as started:
        yield started


@pytest.fixture
def show(browser: Any, server: RunningServer) -> Iterator[Any]:
    """Open a page; at the end nothing may have been said on the console or asked of others."""
    opened: list[Opened] = []
    contexts: list[Any] = []

    def shown(path: str = "/", at: RunningServer = server, **options: Any) -> Any:
        context = browser.new_context(**{"viewport": {"width": 1440, "height": 900}} | options)
        contexts.append(context)
        found = Opened(context.new_page(), at.url)
        opened.append(found)
        found.page.goto(at.url + path)
        return found.page

    yield shown
    said = [line for each in opened for line in each.said]
    for context in contexts:
        context.close()
    assert said == []


def predict(page: Any, text: str) -> None:
    expect(page.locator("#predict")).to_be_enabled()
    page.fill("#text", text)
    page.press("#text", "Control+Enter")
    expect(page.locator("#answer")).to_be_visible()


def test_predict_by_keyboard_alone(show: Any) -> None:
    page = show()
    expect(page.locator("#text")).to_be_focused()
    page.keyboard.type(BEES)
    page.keyboard.press("Control+Enter")
    tree = page.locator("#labels")
    expect(tree).to_be_focused()
    current = page.locator("#labels [aria-selected=true]")
    expect(current).to_contain_text("Beekeeping")
    assert tree.get_attribute("aria-activedescendant") == current.get_attribute("id")
    expect(page.locator("#why-title")).to_have_text("Why Beekeeping?")
    expect(page.locator("#doc [data-w='4']").first).to_have_text("honey")
    expect(page.locator("#status")).to_contain_text("labels given")
    assert int(current.get_attribute("aria-level")) > 1
    page.keyboard.press("ArrowLeft")  # the parent
    expect(current).not_to_contain_text("Beekeeping")
    assert current.get_attribute("aria-expanded") == "true"
    page.keyboard.press("ArrowLeft")
    assert current.get_attribute("aria-expanded") == "false"
    page.keyboard.press("ArrowRight")
    assert current.get_attribute("aria-expanded") == "true"
    page.keyboard.press("ArrowRight")
    assert int(current.get_attribute("aria-level")) > 1
    page.keyboard.press("Home")
    expect(current).to_have_attribute("aria-posinset", "1")
    page.keyboard.press("End")
    expect(current).to_have_class("row off")
    expect(page.locator("#reasons")).to_contain_text("Show in the taxonomy")


def test_answers_are_those_of_the_interface(show: Any, server: RunningServer) -> None:
    page = show()
    predict(page, BEES)
    answer = page.request.post(f"{server.url}/v1/predict", data={"documents": [BEES]}).json()
    given = answer["predictions"][0]["labels"]
    rows = page.locator("#labels .row:not(.off)")
    assert rows.count() == len(given) == int(page.locator("#count").inner_text())
    assert sorted(rows.locator(".name").all_inner_texts()) == sorted(x["name"] for x in given)


def test_a_code_that_is_only_the_path_is_not_repeated(browser: Any, tmp_path: Path) -> None:
    (tmp_path / "paths.txt").write_text("Animals > Cats > Lions\nPlants > Oaks\n", "utf-8")
    taxonomy = Taxonomy.from_file(tmp_path / "paths.txt")
    given = {"Animals > Cats > Lions": "a lion roars", "Plants > Oaks": "acorns of an oak"}
    documents = [
        Document(str(n), {"text": f"{text} {n}"}, (label,), "")
        for n in range(10)
        for label, text in given.items()
    ]
    result = harnn.fit(taxonomy, documents[:14], documents[14:], Config.from_dict(FAST))
    harnn.save_bundle(result, tmp_path / "model")
    with running(tmp_path / "log", tmp_path / "model") as server:
        page = browser.new_context().new_page()
        page.goto(server.url)
        predict(page, "a lion roars")
        lions = page.locator("#labels .row", has_text="Lions")
        expect(lions.locator(".label")).to_have_text("Lions")
        page.goto(f"{server.url}/taxonomy?label=Animals+>+Cats")
        expect(page.locator("h1", has_text="Cats")).to_have_text("Cats")
        expect(page.locator("tbody th", has_text="Lions")).to_have_text("Lions")
        page.fill("#find", "lions")
        found = page.locator("#found .row .label").first
        expect(found).to_have_text("LionsAnimals \u203a Cats")
        page.close()


@pytest.mark.parametrize("width", [375, 320])
def test_no_page_is_cut_off_the_navigation(show: Any, width: int) -> None:
    page = show("/upload", viewport={"width": width, "height": 700})
    expect(page.locator("#only-model, #models").first).to_be_attached()
    page.evaluate(
        "const count = document.getElementById('open-count');"
        "count.hidden = false; count.textContent = '1,234';"
    )
    for link in page.locator(".nav a").all():
        box = link.bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width, link.inner_text()
        assert box["height"] >= 24
    assert page.locator(".nav").evaluate("nav => nav.scrollWidth - nav.clientWidth") == 0


@pytest.mark.parametrize("width", [375, 1280])
def test_tab_goes_as_the_page_is_read(show: Any, width: int) -> None:
    """From the text to the labels, and from these to the reasons of one, which stand last."""
    page = show(viewport={"width": width, "height": 900})
    predict(page, BEES)
    page.locator("#reasons a").last.wait_for()
    page.locator("#reading").focus()
    places = []
    for _ in range(20):
        page.keyboard.press("Tab")
        places.append(
            page.evaluate("document.activeElement.closest('section')?.ariaLabel ?? 'why'")
        )
        if page.evaluate("document.activeElement.textContent") == "Show in the taxonomy":
            break
    assert [*dict.fromkeys(places)] == ["Document", "Labels", "why"]
    labels, why = page.locator(".side").bounding_box(), page.locator("#why").bounding_box()
    if width == 375:
        assert why["y"] >= labels["y"] + labels["height"]
    else:
        assert why["x"] < labels["x"]


def test_the_threshold_greys_labels_and_moves_none(show: Any) -> None:
    page = show()
    predict(page, BEES)
    names = page.locator("#labels .name").all_inner_texts()
    slider = page.locator("#threshold")
    slider.focus()
    page.keyboard.press("End")
    assert page.is_checked("[value=one]")
    assert page.locator("#rule").inner_text() == "one threshold: 99%"
    high = page.locator("#labels .row:not(.off)").count()
    assert high == int(page.locator("#count").inner_text()) < len(names)
    assert page.locator("#rug line:not(.out)").count() == high
    page.keyboard.press("Home")
    assert page.locator("#labels .row.off").count() == 0
    assert page.locator("#labels .name").all_inner_texts() == names
    page.keyboard.press("End")
    page.uncheck("#below")
    assert page.locator("#labels .row.off").count() == 0
    assert page.locator("#labels .row").count() == high
    page.check("[value=own]")
    assert page.locator("#labels .row").count() > high


def test_pointing_at_a_label_paints_its_words(show: Any) -> None:
    page = show()
    predict(page, f"{BEES} The ferry sailed to the harbour.")
    expect(page.locator("#doc [data-w]").first).to_be_visible()
    painted = "[...document.querySelectorAll('#doc [data-w]')].map(e => e.textContent).join()"
    before = page.evaluate(painted)
    page.locator("#labels .row:not([aria-selected=true]):not(.off)").last.hover()
    page.mouse.move(5, 5)
    assert page.evaluate(painted) == before
    other = page.locator("#labels .row.off").first
    other.click()
    expect(page.locator("#why-title")).to_have_text(f"Why {other.locator('.name').inner_text()}?")
    expect(page.locator("#reasons table")).to_be_visible()


NATURE = {"label": "nature", "name": "Nature", "score": 0.5, "level": 1, "path": ["nature"]}


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (
            {"likely": 0.75, "siblings": 4, "parent": NATURE},
            "Its score is that of Nature above it, 50%, times 75%, the probability that its name "
            "gives it beside 4 other names.",
        ),
        (
            {"likely": 0.75, "siblings": 0, "parent": NATURE},
            "Its score is that of Nature above it, 50%, times 75%: no other name stands beside it, "
            "so its own decides nothing.",
        ),
        (
            {"likely": 0.75, "siblings": 1, "parent": None},
            "Its score is the probability that its name gives it beside 1 other name.",
        ),
        (
            {"likely": 0.75, "siblings": 0},
            "No other name stands beside it, so every text gets the same score.",
        ),
    ],
)
def test_a_label_by_name_says_where_its_score_comes_from(
    show: Any, made: dict[str, Any], expected: str
) -> None:
    page = show()

    def as_if_by_name(route: Any) -> None:
        answer = route.fetch().json()
        for label in answer["explanation"]["labels"]:
            label |= {"by_name": True, "name_score": made, "through": ""}
        route.fulfill(json=answer)

    page.route("**/v1/explain", as_if_by_name)
    predict(page, BEES)
    start = "It is scored by its name: no training document has it. "
    expect(page.locator("#reasons > p").first).to_have_text(start + expected)


def test_the_painted_words_are_taken_out(show: Any, server: RunningServer) -> None:
    page = show()
    text = f"\U0001f41d {BEES} The ferry sailed from one harbour to another on a calm day."
    predict(page, text)
    expect(page.locator("#doc [data-w='4']").first).to_be_visible()
    painted = page.locator("#doc [data-w]:not([data-w='-'])").count()
    page.get_by_role("button", name="Take the painted words out").click()
    said = page.locator("#reasons [role=status]")
    expect(said).to_contain_text(f"Without the {painted} painted words the score goes from")
    rest = page.evaluate(
        "[...document.querySelector('#doc').childNodes]"
        ".filter(e => !(e.dataset?.w > 0)).map(e => e.textContent).join('')"
    )
    asked = {"documents": [rest], "options": {"top_k": 50}}
    answer = page.request.post(f"{server.url}/v1/predict", data=asked).json()
    labels = answer["predictions"][0]["labels"]
    (score,) = [each["score"] for each in labels if each["label"] == "beekeeping"]
    shown = f"{round(100 * score)}%" if score >= 0.005 else "<1%"
    assert f" to {shown}. Without as many words drawn at random it is" in said.inner_text()


@pytest.mark.parametrize(
    ("text", "direction"),
    [
        (HOSTILE, "ltr"),
        ("العسل في خلايا النحل bees and honey", "rtl"),
        ("荔枝的栽培 honey 与贸易\U0001f41d\U0001f41d 𠀀 bees.", "ltr"),
        ("\u202eevil\u202c honey\u0000 bees \ufeff", "ltr"),
    ],
)
def test_foreign_and_hostile_texts_stay_texts(show: Any, text: str, direction: str) -> None:
    page = show()
    predict(page, text)
    expect(page.locator("#doc span").first).to_be_visible()
    assert page.evaluate("document.querySelector('#doc').textContent") == text
    assert page.locator("#doc :not(span)").count() == 0
    assert page.evaluate("getComputedStyle(document.querySelector('#doc')).direction") == direction
    words = page.locator("#doc span").all_inner_texts()
    assert any(word.strip() in ("honey", "bees") for word in words)


@pytest.mark.slow
def test_ten_thousand_words(show: Any) -> None:
    page = show(viewport={"width": 375, "height": 700})
    text = f"{BEES} {'lorem ipsum dolor sit ' * 2_500}".strip()
    predict(page, text)
    expect(page.locator("#facts")).to_contain_text("10,015 words")
    expect(page.locator("#reasons table")).to_be_visible(timeout=20_000)
    expect(page.locator("#reasons")).to_contain_text("Explained are the first 256 words.")
    assert page.evaluate("document.querySelector('#doc').textContent") == text
    assert page.evaluate("document.documentElement.scrollWidth") <= 375
    assert page.evaluate("document.documentElement.scrollHeight") < 6_000


def test_an_empty_text_is_not_asked(show: Any) -> None:
    page = show()
    expect(page.locator("#predict")).to_be_enabled()
    assert page.locator("#waiting").inner_text() == (
        "The labels will stand here, with the words that spoke for each."
    )
    page.fill("#text", " \n ")
    page.press("#text", "Control+Enter")
    expect(page.locator("#trouble")).to_have_text("There is no text yet. Paste one, then predict.")
    assert page.is_hidden("#answer")


def test_notes_of_an_answer(show: Any) -> None:
    page = show()
    predict(page, "qwxyz vbnmq")
    expect(page.locator("#notes .note")).to_be_visible()


@pytest.mark.slow
def test_another_model(show: Any) -> None:
    page = show()
    predict(page, BEES)
    page.select_option("#model", "other")
    expect(page.locator("#answer")).to_be_visible()
    expect(page).to_have_url(f"{page.url.partition('?')[0]}?model=other")
    page.reload()
    expect(page.locator("#model")).to_have_value("other")


def test_a_file(show: Any, tmp_path: Path) -> None:
    page = show()
    expect(page.locator("#predict")).to_be_enabled()
    right, wrong = tmp_path / "bees.txt", tmp_path / "latin.txt"
    right.write_text(BEES, "utf-8")
    wrong.write_bytes("Über Bienen".encode("latin-1"))
    page.set_input_files("#file", right)
    expect(page.locator("#doc")).to_have_text(BEES)
    page.set_input_files("#file", wrong)
    expect(page.locator("#trouble")).to_contain_text("latin.txt: this is no UTF-8 text.")
    expect(page.locator("#doc")).to_have_text(BEES)


@pytest.mark.slow
def test_what_is_slow_says_so_and_what_is_quick_does_not(show: Any) -> None:
    page = show()
    expect(page.locator("#predict")).to_be_enabled()
    page.route("**/v1/predict", lambda route: (page.wait_for_timeout(900), route.continue_()))
    page.fill("#text", BEES)
    page.press("#text", "Control+Enter")
    expect(page.locator("#waiting")).to_have_text("Predicting")
    expect(page.locator("#answer")).to_be_visible()
    assert page.is_hidden("#wait")


@pytest.mark.slow
def test_a_server_that_is_gone(browser: Any, model: Path, tmp_path: Path) -> None:
    page = browser.new_page()
    with running(tmp_path / "log", model) as started:
        page.goto(started.url)
        expect(page.locator("#predict")).to_be_enabled()
    page.fill("#text", BEES)
    page.press("#text", "Control+Enter")
    trouble = page.locator("#trouble")
    expect(trouble).to_contain_text("The server did not answer. Your text is kept here.")
    assert page.input_value("#text") == BEES
    trouble.get_by_role("button", name="Try again").click()
    expect(trouble).to_contain_text("The server did not answer.")
    page.close()


@pytest.mark.slow
def test_a_refusal_says_why(browser: Any, model: Path, tmp_path: Path) -> None:
    page = browser.new_page()
    with running(tmp_path / "log", model, "--max-characters", "20") as started:
        page.goto(started.url)
        expect(page.locator("#predict")).to_be_enabled()
        page.fill("#text", BEES)
        page.press("#text", "Control+Enter")
        expect(page.locator("#trouble")).to_contain_text("at most 20 are taken. Your text is kept")
    page.close()


def test_sign_in_and_out(browser: Any, model: Path, tmp_path: Path) -> None:
    tokens = tmp_path / "tokens"
    token = add_token(tokens, "Kim <b>", "read")
    context = browser.new_context()
    page = context.new_page()
    with running(tmp_path / "log", model, "--tokens", tokens) as started:
        page.goto(started.url)
        dialog = page.locator("#sign-in")
        expect(dialog).to_be_visible()
        page.keyboard.press("Escape")
        expect(dialog).to_be_visible()
        page.keyboard.type("wrong")
        page.keyboard.press("Enter")
        expect(page.locator("#sign-in-error")).to_have_text("Nobody has this token.")
        page.fill("#token", "mit Leerzeichen ü")
        page.keyboard.press("Enter")
        expect(page.locator("#sign-in-error")).to_contain_text("no blanks")
        page.fill("#token", token)
        page.keyboard.press("Enter")
        expect(dialog).to_be_hidden()
        expect(page.locator("#whose")).to_have_text("Kim <b>")
        assert page.input_value("#token") == ""
        predict(page, BEES)
        assert token not in page.content()
        assert page.evaluate("document.cookie") == ""
        page.reload()  # the session goes on
        predict(page, BEES)
        context.clear_cookies()
        page.click("#edit")
        page.press("#text", "Control+Enter")
        expect(dialog).to_be_visible()  # and what was asked is asked again
        page.fill("#token", token)
        page.keyboard.press("Enter")
        expect(page.locator("#reasons table")).to_be_visible()
        page.click("#sign-out")
        expect(dialog).to_be_visible()
        assert page.input_value("#text") == ""
    context.close()


@pytest.mark.slow
def test_the_theme_is_kept(show: Any) -> None:
    page = show(color_scheme="light")
    colour = "getComputedStyle(document.documentElement).backgroundColor"
    light = page.evaluate(colour)
    while page.get_attribute("#theme", "aria-label") != "Theme: dark":
        page.click("#theme")
    dark = page.evaluate(colour)
    assert dark != light
    page.reload()
    assert page.evaluate(colour) == dark


@pytest.mark.parametrize(
    "width", [375, *(pytest.param(width, marks=pytest.mark.slow) for width in (736, 1090, 1280))]
)
def test_no_width_scrolls_sideways(show: Any, width: int) -> None:
    page = show(viewport={"width": width, "height": 700})
    predict(page, BEES + " honeybees" * 3 + "x" * 300)
    expect(page.locator("#reasons table")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def named(page: Any, name: str) -> Any:
    """Return the row of the tree that has a name."""
    return page.locator("#tree .row", has=page.get_by_text(name, exact=True)).first


def test_the_taxonomy_by_keyboard(show: Any) -> None:
    page = show("/taxonomy")
    expect(page.locator("#find")).to_have_attribute("placeholder", "Search 50 labels")
    current = page.locator("#tree [aria-selected=true]")
    expect(current).to_have_count(1)
    page.focus("#tree")
    page.keyboard.press("ArrowRight")
    expect(current).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("ArrowRight")
    expect(current).to_have_attribute("aria-level", "2")
    name = current.locator(".name").inner_text()
    expect(page.locator("#page h1")).to_contain_text(name)
    assert "label=" in page.url
    page.keyboard.press("ArrowLeft")
    expect(current).to_have_attribute("aria-level", "1")
    page.keyboard.press("/")
    expect(page.locator("#find")).to_be_focused()
    page.keyboard.type("beek")
    expect(page.locator("#size")).to_contain_text("1 label, best first")
    assert page.locator("#found em").first.inner_text() == "Beek"
    page.keyboard.press("ArrowDown")
    expect(page.locator("#found")).to_be_focused()
    expect(page.locator("#page h1")).to_contain_text("Beekeeping")
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    expect(page.locator("#found")).to_be_hidden()
    expect(current).to_contain_text("Beekeeping")


@pytest.mark.slow
def test_what_is_typed_before_the_models_are_known_is_looked_for(show: Any) -> None:
    page = show("/upload")
    page.route("**/v1/models", lambda route: (page.wait_for_timeout(500), route.continue_()))
    page.goto(page.url.replace("/upload", "/taxonomy"))
    page.fill("#find", "beek")
    expect(page.locator("#size")).to_contain_text("1 label, best first")


def test_the_page_of_a_label(show: Any, server: RunningServer) -> None:
    page = show("/taxonomy?label=beekeeping")
    expect(page.locator("#page h1")).to_have_text("Beekeeping beekeeping")
    assert page.locator(".parents li").all_inner_texts() == [
        "Nature › Wildlife",
        "Nature › Farming",
    ]
    label = page.request.get(f"{server.url}/v1/label?label=beekeeping").json()
    validation = label["validation"]
    assert page.locator(".facts dd").first.inner_text().split("\n") == [
        f"{validation['f1']:.2f}",
        f"{validation['low']:.2f} to {validation['high']:.2f}",
    ]
    expect(page.locator("#tree [aria-selected=true]")).to_contain_text("Beekeeping")
    current = page.locator("#tree [aria-selected=true] .f1")
    assert current.last.inner_text().split()[-1] == f"{validation['f1']:.2f}"
    assert page.locator(".lead").inner_text() == label["description"]
    page.click(".parents >> text=Farming")
    expect(page.locator("#page h1")).to_be_focused()
    expect(page.locator("#page h1")).to_have_text("Farming farming")
    expect(page).to_have_title("Farming · harnn")
    expect(page.locator("#page table").first).to_contain_text("Beekeeping")
    page.go_back()
    expect(page.locator("#page h1")).to_have_text("Beekeeping beekeeping")


def test_of_many_ways_to_a_label_one_is_shown(show: Any) -> None:
    page = show("/taxonomy?model=wide&label=n12")
    expect(page.locator("#page h1")).to_have_text("n12")
    assert page.locator(".parents > li").all_inner_texts() == ["top", "and 2 more ways"]
    page.click(".parents summary")
    assert page.locator(".parents details li").all_inner_texts() == ["Side", "Side › deep"]
    check_access(page)


def test_links_in_tables_are_large_enough_for_fingers(show: Any) -> None:
    """24 by 24 pixels (WCAG 2.2, 2.5.8), in rows that are as high as before."""
    links = "#page :is(td, th) a"
    sizes = f"""[...document.querySelectorAll('{links}')].map((link) => {{
        const box = link.getBoundingClientRect();
        return [box.width, box.height, link.closest('tr').offsetHeight];
    }})"""
    kinds: tuple[dict[str, Any], ...] = (
        {"viewport": {"width": 375, "height": 700}},
        {"has_touch": True, "is_mobile": True, "viewport": {"width": 820, "height": 1100}},
    )
    for options in kinds:
        page = show("/taxonomy?label=nature", **options)
        expect(page.locator(links).first).to_be_visible()
        found = page.evaluate(sizes)
        assert len(found) > 1
        wrong = [each for each in found if each[0] < 24 or not 24 <= each[1] < 36]  # one line
        assert not wrong
    desk = show("/taxonomy?label=nature")
    expect(desk.locator(links).first).to_be_visible()
    assert (
        desk.locator(links).first.evaluate("(link) => getComputedStyle(link).display") == "inline"
    )
    rows = [height for _, _, height in desk.evaluate(sizes)]
    assert max(rows) <= 34  # a line of text and its margins


def test_a_label_that_does_not_exist(browser: Any, server: RunningServer) -> None:
    page = browser.new_page()
    page.goto(f"{server.url}/taxonomy?label=%3Cb%3Ebees")
    expect(page.locator("#page")).to_contain_text("No label has the code '<b>bees'.")
    page.close()


def test_of_many_rows_those_in_sight_are_made_alone(show: Any) -> None:
    page = show("/taxonomy?model=wide")
    named(page, "top").locator(".twist").click()
    expect(page.locator("#tree")).to_have_class("rows tree virtual")
    assert page.locator("#tree .row").count() < 80
    first = page.locator("#tree [aria-level='2']").first
    assert first.get_attribute("aria-setsize") == "1500"
    page.focus("#tree")
    page.keyboard.press("End")
    current = page.locator("#tree [aria-selected=true]")
    expect(current).to_contain_text("Side")
    expect(current).to_be_in_viewport()
    page.keyboard.press("ArrowUp")
    expect(current).to_have_attribute("aria-posinset", "1500")
    page.keyboard.press("PageUp")
    expect(current).to_be_in_viewport()
    assert page.locator("#tree .row").count() < 80
    page.fill("#find", "n1")
    expect(page.locator("#size")).to_contain_text("labels, best first")
    page.focus("#found")
    page.keyboard.press("End")
    expect(page.locator("#found [aria-selected=true]")).to_contain_text("n1")
    assert page.locator("#found .row").count() < 80
    page.fill("#find", "zzz")
    expect(page.locator("#size")).to_have_text("No label is called that.")
    expect(page.locator("#found")).to_be_hidden()
    page.goto(page.url.partition("?")[0] + "?model=wide&label=top")
    expect(page.locator("#page tbody tr")).to_have_count(200)
    page.get_by_role("button", name="Show more of 1,300").click()
    expect(page.locator("#page tbody tr")).to_have_count(400)


@pytest.mark.parametrize(
    ("words", "marks", "code"),
    [("creme BRULEE", ["Crème", "brûlée"], "n10"), ("burnt", ["burnt"], "n10"),
     ("alert(1)", ["alert(1)"], "n7"), ("栽培", ["栽培"], "n9"), ("النحل", ["النحل"], "n8")],
)  # fmt: skip
def test_search_marks_what_it_found(show: Any, words: str, marks: list[str], code: str) -> None:
    page = show("/taxonomy?model=wide", viewport={"width": 375, "height": 700})
    page.fill("#find", words)
    expect(page.locator("#size")).to_contain_text("1 label, best first")
    assert page.locator("#found em").all_inner_texts() == marks
    page.press("#find", "Enter")
    expect(page.locator("#page h1 .code")).to_have_text(f" {code}")
    assert page.evaluate("document.documentElement.scrollWidth") <= 375


def test_a_wide_table_of_children_scrolls_by_itself(show: Any) -> None:
    page = show("/taxonomy?model=wide&label=top", viewport={"width": 375, "height": 700})
    expect(page.locator("#page table").first).to_be_visible()
    page.evaluate("document.querySelector('#page th').style.minWidth = '600px'")
    assert page.locator("#page .scroll").first.evaluate("each => each.scrollWidth") >= 600
    assert page.evaluate("document.documentElement.scrollWidth") <= 375


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [375, 1280])
def test_access_of_the_taxonomy(show: Any, scheme: Any, width: int) -> None:
    options = {"color_scheme": scheme, "viewport": {"width": width, "height": 900}}
    page = show("/taxonomy?model=wide&label=top", **options, bypass_csp=True)
    expect(page.locator("#page table").first).to_be_visible()
    named(page, "top").locator(".twist").click()
    expect(page.locator("#tree")).to_have_class("rows tree virtual")
    check_access(page)
    page.fill("#find", "n1")
    expect(page.locator("#found .row").first).to_be_visible()
    check_access(page)


ROWS = [BEES, "qwxyz vbnmq", "荔枝 honey", HOSTILE, ""]
TABLE = "".join(f"{json.dumps({'id': f'd{n}', 'text': ROWS[n % 5]})}\n" for n in range(300))


def upload(page: Any, name: str, content: str) -> None:
    expect(page.locator("#models, #only-model").locator("visible=true")).to_have_count(1)
    payload = {"name": name, "mimeType": "text/plain", "buffer": content.encode()}
    page.set_input_files("#file", payload)


def test_a_file_is_shown_answered_and_saved(
    show: Any, server: RunningServer, tmp_path: Path
) -> None:
    page = show("/upload", accept_downloads=True, viewport={"width": 375, "height": 700})
    upload(page, "autumn <b>.jsonl", TABLE)
    expect(page.locator("#file-facts")).to_contain_text("300 documents")
    expect(page.locator("#file-name")).to_have_text("autumn <b>.jsonl")
    assert page.locator("#rows tr").count() == 5
    assert HOSTILE in page.inner_text("#rows")
    expect(page.locator("#predict")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#left")).to_have_text("Done")
    assert page.inner_text("#done") == "300"
    expect(page.locator("#notes-rows tr")).to_have_count(20)
    assert page.locator("#notes-rows th").first.inner_text() == "line 2"
    page.locator("#notes-more button").click()
    expect(page.locator("#notes-rows tr")).to_have_count(40)
    assert page.evaluate("document.documentElement.scrollWidth") <= 375
    saved = {}
    for name in ("json", "csv"):
        with page.expect_download() as started:
            page.click(f"#{name}")
        started.value.save_as(tmp_path / name)
        saved[name] = started.value.suggested_filename
    assert [*saved.values()] == ["autumn <b>-answers.jsonl", "autumn <b>-answers.csv"] or [
        *saved.values()
    ] == ["autumn _b_-answers.jsonl", "autumn _b_-answers.csv"]
    answer = page.request.post(
        f"{server.url}/v1/file/predict?name=a.jsonl",
        data=TABLE.encode(),
        headers={"Content-Type": "application/octet-stream"},
    )
    lines = (tmp_path / "json").read_text("utf-8")
    assert lines == answer.text()
    with (tmp_path / "csv").open(encoding="utf-8", newline="") as file:
        rows = [*csv.DictReader(file)]
    for row, line in zip(rows, map(json.loads, lines.splitlines()), strict=True):
        labels = line["labels"]
        assert row["id"] == line["id"]
        assert row["labels"] == ";".join(label["label"] for label in labels)
        scores = row["scores"].split(";") if row["scores"] else []
        assert [*map(float, scores)] == [label["score"] for label in labels]
        assert row["notes"] == " ".join(line.get("notes", []))
        assert row["note_codes"] == ";".join(line.get("note_codes", []))


@pytest.mark.slow
def test_a_run_is_stopped_and_keeps_what_it_has(show: Any) -> None:
    page = show("/upload")
    upload(page, "many.txt", f"{BEES}\n" * 60_000)
    expect(page.locator("#file-facts")).to_contain_text("60,000 documents", timeout=20_000)
    page.click("#predict")
    expect(page.locator("#stop")).to_be_focused()
    expect(page.locator("#done")).not_to_have_text("0")
    page.keyboard.press("Enter")
    expect(page.locator("#left")).to_have_text("Stopped")
    assert 0 < int(page.inner_text("#done").replace(",", "")) < 60_000
    expect(page.locator("#downloads")).to_be_visible()


def test_a_file_that_cannot_be_read(browser: Any, server: RunningServer) -> None:
    page = browser.new_page()
    page.goto(f"{server.url}/upload")
    upload(page, "old.csv", "id,text\na,b,c\nd\n")
    trouble = page.locator("#trouble")
    expect(trouble).to_contain_text("old.csv:2: has 3 cells, expected 2 (id, text).")
    expect(trouble).to_contain_text("old.csv was not filed.")
    assert page.is_hidden("#file-card")
    upload(page, "old.doc", "x")
    expect(trouble).to_contain_text("'old.doc' is called like no file of documents")
    page.close()


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [375, 1280])
def test_access_of_the_upload(show: Any, scheme: Any, width: int) -> None:
    options = {"color_scheme": scheme, "viewport": {"width": width, "height": 900}}
    page = show("/upload", **options, bypass_csp=True)
    upload(page, "a.jsonl", TABLE)
    page.click("#predict")
    expect(page.locator("#left")).to_have_text("Done")
    check_access(page)


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [375, 1280])
def test_access(show: Any, scheme: Any, width: int) -> None:
    options = {"color_scheme": scheme, "viewport": {"width": width, "height": 900}}
    page = show(**options, bypass_csp=True)
    expect(page.locator("#predict")).to_be_enabled()
    check_access(page)
    predict(page, f"{BEES} qwxyz")
    expect(page.locator("#reasons table")).to_be_visible()
    check_access(page)


@pytest.mark.slow
def test_forced_colours_and_reduced_motion(show: Any) -> None:
    page = show(forced_colors="active", reduced_motion="reduce")
    predict(page, BEES)
    expect(page.locator("#doc [data-w='4']").first).to_be_visible()
    style = "getComputedStyle(document.querySelector('{}')).{}"
    painted = page.evaluate(style.format('#doc [data-w="4"]', "backgroundColor"))
    plain = page.evaluate(style.format("#doc span:not([data-w])", "backgroundColor"))
    assert painted != plain
    assert page.evaluate(style.format("#labels [aria-selected=true]", "outlineStyle")) == "solid"
