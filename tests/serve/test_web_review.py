"""The page of review in a browser: keys, marks, undo, conflicts, blind items, lost answers."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import harnn
from support.browsing import NEEDS_CHROMIUM, Opened, check_access, chromium, expect
from support.review_pages import (
    BLIND,
    SEEN,
    TEN,
    TEXT,
    TWICE,
    Desk,
    Person,
    review_server,
)

pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytestmark = NEEDS_CHROMIUM

MODELS = (
    *("ten", "keys", "undo", "conflict", "blind", "offline", "lost", "second", "touch", "narrow"),
    *("hostile", "off", "whole", "evidence", "late", "access"),
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="module")
def desk(
    model: Path, predictor: harnn.Predictor, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Desk]:
    folder = tmp_path_factory.mktemp("review")
    with review_server(folder, model, predictor.taxonomy, *MODELS) as found:
        yield found


@pytest.fixture
def sits(browser: Any, desk: Desk) -> Iterator[Any]:
    """Let somebody sit down before the documents of a model; nothing may be said on the console."""
    opened: list[Opened] = []
    contexts: list[Any] = []

    def sit(name: str, model: str, *, quiet: bool = True, **options: Any) -> Person:
        context = browser.new_context(**{"viewport": {"width": 1440, "height": 900}} | options)
        contexts.append(context)
        bearer = {"Authorization": f"Bearer {desk.tokens[name]}"}
        assert context.request.post(f"{desk.server.url}/v1/session", headers=bearer).ok
        found = Opened(context.new_page(), desk.server.url)
        if quiet:
            opened.append(found)
        found.page.goto(f"{desk.server.url}/review?model={model}")
        return Person(found.page)

    yield sit
    said = [line for each in opened for line in each.said]
    for context in contexts:
        context.close()
    assert said == []


def labels_of(desk: Desk, model: str) -> list[tuple[str, ...]]:
    """Return the labels of the documents that are done."""
    with desk.review(model) as review:
        return [tuple(sorted(document.labels or ())) for document in review.reviewed()]


def actions_of(desk: Desk, model: str) -> list[str]:
    """Return what the log has of the documents of a model."""
    with desk.review(model) as review:
        items = [
            each.item
            for state in ("open", "done", "annotated", "disputed", "set_aside")
            for each in review.queue("kim", "review", state=state)
        ]
        return [entry.action for item in items for entry in review.log(item=item)]


def test_ten_labels_take_four_keys(sits: Any, desk: Desk) -> None:
    desk.queue("ten", desk.document("ten", "One", TEN), desk.document("ten", "Two", TEN, doubt=0.5))
    kim = sits("kim", "ten")
    kim.reads("One")
    assert kim.page.inner_text("#left") == "10 undecided of 10"
    assert kim.at == "Beekeeping"
    kim.press("a", "a", "a")
    expect(kim.page.locator("#left")).to_have_text("All decided of 10")
    right = dict.fromkeys(("Beekeeping", "Vegetables", "Baking"), "acc")
    assert kim.marks == dict.fromkeys(kim.marks, "imp") | right
    kim.press("Enter")
    kim.reads("Two")
    kim.press("1", "a", "h", "Enter")
    expect(kim.page.locator("#finished h2")).to_have_text(
        "Nothing waits. 2 of 2 documents are filed."
    )
    assert sorted(labels_of(desk, "ten")) == [
        ("baking", "beekeeping", "vegetables"),
        ("birds", "cooking", "vegetables"),
    ]


@pytest.mark.slow
def test_each_key_does_what_the_server_then_says(sits: Any, desk: Desk) -> None:
    """What the page shows before the answer is what the server answers."""
    desk.queue("keys", desk.document("keys", "One", TEN))
    kim = sits("kim", "keys")
    kim.reads("One")
    keys = ["h", "1", "x", "n", "ArrowUp", "l", "a", "ArrowLeft", "x", "u", "2", "e", "a", "u", "u"]
    held: list[Any] = []
    kim.page.route("**/v1/review/items/*/*", lambda route: held.append(route))
    for key in [*keys, "Home", "x", "ArrowDown", "ArrowDown", "a", "n", "End", "h", "ArrowUp", "l"]:
        kim.press(key)
        if kim.page.evaluate("document.activeElement.id") == "add":  # which child, is asked
            kim.press("Escape")
        at_once = kim.marks
        while held:
            held.pop(0).continue_()
            kim.page.wait_for_timeout(50)
        kim.is_sent()
        assert kim.marks == at_once, key
    assert len(actions_of(desk, "keys")) > 12


def test_undo_takes_back_decisions_and_then_the_submission(sits: Any, desk: Desk) -> None:
    desk.queue("undo", desk.document("undo", "One"), desk.document("undo", "Two", doubt=0.5))
    kim = sits("kim", "undo")
    kim.reads("One")
    before = kim.marks
    kim.press("x", "u")
    assert kim.marks == before
    kim.is_at("Beekeeping")
    kim.press("Enter")
    kim.says("5 undecided. Decide them, or set the document aside: Shift Enter.")
    kim.press("a", "Enter")
    kim.reads("Two")
    kim.press("u")
    kim.reads("One")
    kim.says("Taken back.")
    kim.is_sent()
    assert kim.marks["Beekeeping"] == "acc"
    kim.press("u")
    kim.is_sent()
    assert kim.marks == before
    kim.press("e", "Enter")
    kim.reads("Two")
    kim.press("Shift+Enter")
    expect(kim.page.locator("#finished h2")).to_have_text(
        "Nothing waits. 1 of 2 documents is filed."
    )
    assert labels_of(desk, "undo") == [()]
    waits = kim.page.locator("#finished li")
    expect(waits).to_contain_text("1 document is set aside.")
    waits.get_by_role("button").click()
    again = kim.page.get_by_role("button", name="Open it again")
    expect(again).to_be_visible()
    kim.press("a")
    kim.says("Open it again first.")
    again.click()
    expect(kim.page.locator("#notices")).to_be_empty()
    kim.press("a", "Enter")
    expect(kim.page.locator("#finished h2")).to_contain_text("2 of 2")
    assert actions_of(desk, "undo").count("undo") >= 2  # what was not on its way yet needs none


def test_two_people_do_not_overwrite_each_other(sits: Any, desk: Desk) -> None:
    desk.queue("conflict", desk.document("conflict", "One"))
    kim, lee = sits("kim", "conflict"), sits("lee", "conflict", quiet=False)
    kim.reads("One")
    lee.reads("One")
    expect(lee.page.locator("#notices")).to_contain_text("kim has this document open.")
    lee.press("x")
    refusals = lee.page.locator("#refusals")
    expect(refusals).to_contain_text("kim has had this document open since")
    expect(refusals).to_contain_text("1 decision of yours was not taken.")
    lee.press("a")
    lee.says("What you decided here was not taken. Look at both first.")
    kim.press("a", "Enter")
    kim.is_sent()
    refusals.get_by_role("button", name="See both").click()
    expect(refusals).to_be_empty()
    expect(lee.page.locator("#colhead")).to_contain_text("not kept")
    row = lee.page.locator("#tree .row", has_text="Beekeeping")
    expect(row.locator(".other").last).to_have_text(", not kept: rejected")
    lee.press("a")
    lee.says("This document is closed. Open it again first.")
    assert labels_of(desk, "conflict") == [("beekeeping",)]


def test_a_blind_item_shows_nothing_of_the_model(sits: Any, desk: Desk) -> None:
    desk.queue("blind", desk.document("blind", "One"), options=BLIND)
    kim = sits("kim", "blind")
    kim.reads("One")
    page = kim.page
    expect(page.locator("#blind")).to_contain_text("File it as if there were no model.")
    kim.press("/")
    page.keyboard.type("beek")
    expect(page.locator("#hits .row")).to_have_count(1)
    page.keyboard.press("Enter")
    kim.is_at("Beekeeping")
    kim.is_sent()
    shown = page.content()
    number = page.request.get(f"{desk.server.url}/v1/review/queue?model=blind").text()
    item = json.loads(number)["items"][0]["item"]
    hidden = (
        number + page.request.get(f"{desk.server.url}/v1/review/items/{item}?model=blind").text()
    )
    for secret in ("90%", "97%", "34%", "0.9", "0.97", "0.34", "Insects", "Birds"):
        assert secret not in shown
        assert secret not in hidden
    assert page.locator(".meter, .pct, [data-w], .rival").count() == 0
    assert page.locator("#items .mark.blind").count() == 1
    kim.press("Enter")
    kim.says("Submitted.")
    page.get_by_role("button", name="See the model’s answer").click()
    expect(page.locator("#tree .pct").first).to_be_visible()
    expect(page.locator("#notices")).to_contain_text("You have submitted this document.")


def test_decisions_wait_for_a_server_that_is_gone(sits: Any, desk: Desk) -> None:
    desk.queue(
        "offline", desk.document("offline", "One"), desk.document("offline", "Two", doubt=0.5)
    )
    kim = sits("kim", "offline", quiet=False)
    kim.reads("One")
    kim.page.wait_for_load_state("networkidle")  # the next document is there
    kim.page.context.set_offline(True)
    kim.press("x", "a", "a", "Enter")
    kim.reads("Two")
    bar = kim.page.locator("#outbox")
    expect(bar).to_contain_text(
        "The server did not answer. Your decisions are kept here and will be sent again (4)."
    )
    kim.page.context.set_offline(False)
    kim.page.reload()  # the page itself may be loaded again
    kim.reads("Two")
    kim.is_sent()
    expect(bar).to_be_hidden()
    assert labels_of(desk, "offline") == [("farming", "wildlife")]


def test_a_decision_whose_answer_was_lost_is_made_once(sits: Any, desk: Desk) -> None:
    desk.queue("lost", desk.document("lost", "One"))
    kim = sits("kim", "lost", quiet=False)
    kim.reads("One")

    lost: list[str] = []

    def lose(route: Any) -> None:
        """Lose the answer to the decision, and reach nobody after that."""
        if lost or "/decisions?" in route.request.url:
            if not lost:
                route.fetch()
            lost.append(route.request.url)
            route.abort()
        else:
            route.continue_()

    kim.page.route("**/v1/review/items/**", lose)
    kim.press("a")
    while len(lost) < 3:  # it waits five seconds then, which leaves the time to press a button
        kim.page.wait_for_timeout(20)
    expect(kim.page.locator("#outbox")).to_be_visible()
    kim.page.unroute("**/v1/review/items/**")
    kim.page.locator("#outbox button").click()
    kim.is_sent()
    assert actions_of(desk, "lost").count("accept") == 1
    assert kim.page.inner_text("#refusals") == ""


@pytest.mark.slow
def test_a_second_reading_and_a_dispute(sits: Any, desk: Desk) -> None:
    desk.queue("second", desk.document("second", "One"), options=TWICE)
    lee = sits("lee", "second")
    lee.reads("One")
    lee.press("a", "c")
    lee.page.keyboard.type("See rule <b>14</b>.")
    lee.page.keyboard.press("Control+Enter")
    lee.is_sent()
    lee.press("Enter")
    lee.is_sent()
    kim = sits("kim", "second")
    kim.reads("One")
    expect(kim.page.locator("#labels-title")).to_have_text("Labels, second reading")
    expect(kim.page.locator("#colhead")).to_have_text("yoursleemodel")
    expect(kim.page.locator("#entries")).to_contain_text("“See rule <b>14</b>.” lee")
    row = kim.page.locator("#tree .row", has_text="Beekeeping")
    expect(row.locator(".other")).to_have_text(", lee: accepted")
    kim.press("x", "x", "a", "a", "Enter")
    kim.is_sent()
    mia = sits("mia", "second")
    mia.reads("One")
    expect(mia.page.locator("#items .mark.flag")).to_have_count(1)
    expect(mia.page.locator("#notices")).to_contain_text("Two people disagree.")
    mia.page.get_by_role("button", name="Take that of lee").click()
    expect(mia.page.locator("#finished h2")).to_be_visible()
    mia.is_sent()
    assert labels_of(desk, "second") == [("beekeeping",)]


def test_by_touch_on_a_narrow_screen(sits: Any, desk: Desk) -> None:
    desk.queue("touch", desk.document("touch", "One"), desk.document("touch", "Two", doubt=0.5))
    size = {"width": 375, "height": 740}
    kim = sits("kim", "touch", viewport=size, has_touch=True, is_mobile=True)
    kim.reads("One")
    page = kim.page
    expect(page.locator("#tree")).to_be_hidden()
    page.tap("label:has-text('Labels')")
    expect(page.locator("#paper")).to_be_hidden()
    page.tap("#tree .name:text-is('Wildlife')")
    expect(page.locator("#at")).to_have_text("At Wildlife")
    page.tap("#thumb >> text=Reject")
    page.tap("#tree .name:text-is('Beekeeping')")
    page.tap("#thumb >> text=Reject")
    page.tap("#tree .name:text-is('Farming')")
    page.tap("#thumb >> text=Accept")
    assert page.evaluate("document.documentElement.scrollWidth") <= 375
    sizes = page.locator("#thumb button").evaluate_all("all => all.map(each => each.offsetHeight)")
    assert min(sizes) >= 44
    page.tap("#thumb >> text=Submit")
    kim.reads("Two")
    kim.is_sent()
    page.tap("#show-queue")
    expect(page.locator("#items .row")).to_have_count(2)
    page.keyboard.press("Escape")
    expect(page.locator("#items")).to_be_hidden()
    assert labels_of(desk, "touch") == [("farming",)]


def test_by_keyboard_on_a_narrow_screen(sits: Any, desk: Desk) -> None:
    """Keys reach what the other pane and the hidden queue hold."""
    desk.queue("narrow", desk.document("narrow", "One"), desk.document("narrow", "Two", doubt=0.5))
    kim = sits("kim", "narrow", viewport={"width": 375, "height": 740})
    kim.reads("One")
    page = kim.page
    expect(page.locator("#add")).to_be_hidden()
    kim.press("/")
    expect(page.locator("#add")).to_be_focused()
    page.keyboard.type("cycling")
    expect(page.locator("#hits .row").first).to_contain_text("Cycling")
    kim.press("Enter")
    expect(page.locator("#tree .row", has_text="Cycling")).to_be_visible()
    kim.press("g", "l")
    expect(page.locator("#by-label")).to_be_focused()
    kim.press("Escape")
    expect(page.locator("#by-label")).to_be_hidden()
    expect(page.locator("#show-queue")).to_be_focused()
    kim.press("g", "e")
    words = page.locator("#by-evidence")
    expect(words).to_be_focused()
    expect(page.locator("#evidence h2")).to_contain_text("“honey”")  # read under the queue
    expect(words).to_be_focused()
    kim.press("x", "ArrowDown")
    kim.says("The queue lies over the document. Choose one, or close the queue: Escape.")
    expect(page.locator("#evidence h2")).to_contain_text("“bees”")
    expect(words).to_be_visible()
    kim.press("Enter")
    expect(words).to_be_hidden()
    expect(page.locator("#evidence .cluster").first).to_be_focused()
    kim.press("g", "e")
    expect(words).to_be_focused()
    kim.press("Escape", "g", "d")
    expect(page.locator("body")).to_have_attribute("data-view", "item")
    kim.reads("One")
    page.click("#show-queue")
    documents = page.locator("#items")
    expect(documents).to_be_focused()
    kim.press("ArrowDown")
    kim.reads("Two")
    expect(documents).to_be_focused()
    kim.press("e", "Enter")  # chosen, not submitted
    expect(documents).to_be_hidden()
    kim.is_sent()
    assert not {"none_fits", "submit"} & set(actions_of(desk, "narrow"))
    page.click("#show-queue")
    expect(documents).to_be_focused()
    page.set_viewport_size({"width": 1440, "height": 900})  # the queue stands beside it now
    kim.press("e", "Enter")
    kim.reads("One")
    kim.is_sent()
    assert {"none_fits", "submit"} <= set(actions_of(desk, "narrow"))


HOSTILE = "<script>alert(1)</script> <img src=x onerror=alert(2)> honey & bees"


def test_foreign_and_hostile_texts_stay_texts(sits: Any, desk: Desk) -> None:
    texts = {
        "ar": {"title": "عسل النحل", "abstract": "العسل في خلايا النحل bees honey"},
        "zh": {
            "title": "荔枝\U0001f41d栽培史",
            "abstract": "荔枝的栽培\U0001f41d honey 与贸易 𠀀 bees。",
        },
        "": {"title": HOSTILE, "abstract": f"{HOSTILE} \u202eevil\u202c"},
    }
    for text in texts.values():
        desk.queue("hostile", desk.document("hostile", text["title"], text=text))
    kim = sits("kim", "hostile")
    rest = set(texts)
    while rest:  # the one before may still be shown, and its fourth word is the same
        titles = "|".join(re.escape(texts[language]["title"]) for language in rest)
        expect(kim.page.locator("#title")).to_have_text(re.compile(f"^({titles})$"))
        shown = kim.page.locator("#fields .doc")
        expect(shown.locator("[data-w='4']")).to_have_text("bees")
        language = shown.get_attribute("lang") or ""
        rest.remove(language)
        assert shown.evaluate("each => each.textContent") == texts[language]["abstract"]
        kim.reads(texts[language]["title"])
        direction = shown.evaluate("each => getComputedStyle(each).direction")
        assert direction == ("rtl" if language == "ar" else "ltr")
        kim.press("e", "Enter")
    kim.is_sent()
    assert len(labels_of(desk, "hostile")) == 3


def test_keys_rest_while_typing_and_can_be_switched_off(sits: Any, desk: Desk) -> None:
    long = {"title": "One", "abstract": f"{TEXT} " * 200}
    desk.queue("off", desk.document("off", "One", text=long))
    kim = sits("kim", "off")
    kim.reads("One")
    kim.press("/")
    kim.page.keyboard.type("axe")
    kim.press("Escape")
    assert set(kim.marks.values()) == {""}
    kim.press("Space")
    assert kim.page.locator("#paper").evaluate("each => each.scrollTop") > 100
    kim.press("?")
    expect(kim.page.locator("#help")).to_be_visible()
    kim.press("a")
    kim.page.uncheck("#single")
    kim.press("Escape")
    kim.press("a", "e", "?")
    assert set(kim.marks.values()) == {""}
    kim.page.click("#tree [data-act=a]")
    expect(kim.page.locator("#left")).to_have_text("All decided of 5")
    kim.page.click("#keys")
    kim.page.check("#single")


def test_from_a_file_to_exported_decisions_by_keyboard(
    sits: Any, desk: Desk, tmp_path: Path
) -> None:
    """Drop a CSV, queue it, decide by keys alone, save what was decided."""
    table = tmp_path / "bees.csv"
    with table.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerows([["id", "text"], ["d1", TEXT], ["d2", "The ferry left the harbour."]])
    kim = sits("root", "whole", accept_downloads=True)
    page = kim.page
    page.goto(f"{desk.server.url}/upload?model=whole")
    expect(page.locator("#models")).to_be_visible()
    page.set_input_files("#file", table)
    expect(page.locator("#predict")).to_be_focused()
    kim.press("Shift+Tab", "Enter")
    expect(page.locator("#queued")).to_contain_text("2 documents queued.")
    expect(page.locator("#queued a")).to_be_focused()
    kim.press("Enter")
    decided: dict[str, list[str]] = {}
    right = page.locator("#tree .row:has(.acc, .add)")
    for _ in range(2):
        expect(page.locator("#steps .code")).to_have_text(re.compile("d[12]"))
        name = page.inner_text("#steps .code")
        if page.locator("#blind").is_visible():  # one in ten, drawn by the server
            kim.press("/")
            page.keyboard.type("beek")
            expect(page.locator("#hits [aria-selected=true]")).to_be_visible()
        kim.press("Enter" if page.locator("#blind").is_visible() else "a")
        expect(right).not_to_have_count(0)
        while "undecided" in page.inner_text("#left"):
            kim.press("x")
        decided[name] = sorted(right.locator(".name").all_inner_texts())
        kim.press("Enter")
        other = page.locator("#steps .code").filter(has_not_text=name)
        expect(other.or_(page.locator("#finished h2")).locator("visible=true")).to_have_count(1)
    expect(page.locator("#finished h2")).to_contain_text("Nothing waits.")
    desk.read_again("whole", "mia")  # one document in ten, drawn by the server
    kim.press("g", "d")
    page.wait_for_load_state("networkidle")
    expect(page.locator("#finished h2")).to_have_text("Nothing waits. 2 of 2 documents are filed.")
    kim.press("Tab")
    expect(page.get_by_role("button", name="Download JSON lines")).to_be_focused()
    with page.expect_download() as started:
        kim.press("Enter")
    started.value.save_as(tmp_path / "reviewed.jsonl")
    lines = (tmp_path / "reviewed.jsonl").read_text("utf-8").splitlines()
    names = dict(zip(desk.taxonomy.codes, desk.taxonomy.names, strict=True))
    saved = [json.loads(line) for line in lines]
    assert decided == {each["id"]: sorted(names[code] for code in each["labels"]) for each in saved}


def test_one_decision_for_all_documents_that_share_a_word(sits: Any, desk: Desk) -> None:
    titles = [f"Orchard {number}" for number in range(3)]
    for title in titles:
        desk.queue("evidence", desk.document("evidence", title))
    kim = sits("kim", "evidence")
    kim.reads("Orchard 2")
    kim.press("g", "e")
    page = kim.page
    expect(page.locator("#evidence h2")).to_contain_text("spoke for Beekeeping in 3 documents")
    page.locator("#evidence input").first.uncheck()
    kim.press("x")
    expect(page.locator("#evidence .tag.ok")).to_have_text("2 rejected")
    assert actions_of(desk, "evidence").count("reject") == 2
    kim.press("u")
    expect(page.locator("#evidence .tag.ok")).to_have_count(0)
    assert actions_of(desk, "evidence").count("undo") == 2
    kim.press("g", "l")
    expect(page.locator("#by-label .row")).to_have_count(5)
    kim.press("Enter")
    kim.reads("Orchard 2")
    expect(page.locator("#chosen-name")).not_to_be_empty()


def test_an_order_that_comes_late_takes_nothing_away(sits: Any, desk: Desk) -> None:
    desk.queue("late", *(desk.document("late", title) for title in ("Late", "Later")))
    kim = sits("kim", "late")
    waiting: list[Any] = []
    page, address = kim.page, "**/v1/review/evidence?*"
    kim.reads("Later")
    page.route(address, lambda route: waiting.append(route))
    with page.expect_request(address):
        kim.press("g", "e")
    kim.press("g", "d")
    kim.reads("Later")
    with page.expect_response(address):
        waiting[0].continue_()
    page.unroute(address)
    with page.expect_response(address):  # nor does the word that was just picked
        kim.press("g", "e")
    kim.press("g", "d")
    page.wait_for_timeout(500)
    expect(page.locator("body")).to_have_attribute("data-view", "item")
    kim.reads("Later")
    again: list[Any] = []
    page.route("**/v1/review/queue?*", lambda route: again.append(route))
    with page.expect_request("**/v1/review/queue?*"):
        kim.press("g", "v")
    kim.press("j")  # a document is chosen before its order is there
    kim.reads("Late")
    with page.expect_response("**/v1/review/queue?*"):
        again[0].continue_()
    page.wait_for_timeout(200)
    kim.reads("Late")
    expect(page.locator("#items [aria-selected=true]")).to_contain_text("Late")
    expect(page.locator("#items [aria-selected=true]")).not_to_contain_text("Later")


def test_a_page_is_there_at_once(sits: Any, desk: Desk) -> None:
    page = sits("kim", "access").page
    page.wait_for_load_state("networkidle")
    paint = "performance.getEntriesByName('first-contentful-paint')[0].startTime"
    for _ in range(5):  # the machine may be busy with another test
        if page.evaluate(paint) < 1_000:
            break
        page.reload()
        page.wait_for_load_state("networkidle")
    assert page.evaluate(paint) < 1_000
    sizes = "performance.getEntriesByType('resource').concat(performance.getEntriesByType("
    sizes += "'navigation')).reduce((sum, each) => sum + each.decodedBodySize, 0)"
    assert page.evaluate(sizes) < 300_000


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [375, 1000, 1440])
def test_access(sits: Any, desk: Desk, scheme: Any, width: int) -> None:
    for place, options in enumerate((SEEN, TWICE, BLIND)):
        title = f"Bees {scheme} {width} {place}"
        desk.queue("access", desk.document("access", title, doubt=3 - place), options=options)
    size = {"width": width, "height": 900}
    kim = sits("kim", "access", color_scheme=scheme, viewport=size, bypass_csp=True)
    page = kim.page
    for keys in ((), ("x", "h", "?"), ("/",), ("g", "l"), ("g", "e"), ("g", "d", "j"), ("j",)):
        kim.press("Escape", *keys)
        page.wait_for_load_state("networkidle")
        check_access(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    if width == 375:
        page.check("[value=labels]")
        check_access(page)
    page.route("**/v1/review/queue*", lambda route: route.fulfill(json={"items": [], "next": None}))
    kim.press("Escape", "g", "d")
    expect(page.locator("#finished h2")).to_be_visible()
    page.wait_for_load_state("networkidle")
    check_access(page)
