"""The page of review in a browser: keys, marks, undo, conflicts, blind items, lost answers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import harnn
from support.browsing import NEEDS_CHROMIUM, Opened, chromium, expect
from support.review_pages import (
    TEN,
    Desk,
    Person,
    review_server,
)

pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytestmark = NEEDS_CHROMIUM

MODELS = (
    "ten",
    "keys",
    "undo",
    "conflict",
    "blind",
    "offline",
    "lost",
    "second",
    "touch",
    "hostile",
    "empty",
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


def test_ten_labels_take_four_keys(sits: Any, desk: Desk) -> None:
    desk.queue("ten", desk.document("ten", "One", TEN), desk.document("ten", "Two", doubt=0.5))
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
    kim.is_sent()
    assert labels_of(desk, "ten") == [("baking", "beekeeping", "vegetables")]


def test_each_key_does_what_the_server_then_says(sits: Any, desk: Desk) -> None:
    """What the page shows before the answer is what the server answers."""
    desk.queue("keys", desk.document("keys", "One", TEN))
    kim = sits("kim", "keys")
    kim.reads("One")
    keys = ["h", "1", "x", "n", "ArrowUp", "l", "a", "ArrowLeft", "x", "u", "2", "e", "a", "u", "u"]
    for key in [*keys, "Home", "x", "ArrowDown", "ArrowDown", "a", "n", "End", "h", "ArrowUp", "l"]:
        held: list[Any] = []
        kim.page.route("**/v1/review/items/**", lambda route, held=held: held.append(route))
        kim.press(key)
        at_once = kim.marks
        kim.page.unroute("**/v1/review/items/**")
        for route in held:
            route.continue_()
        kim.is_sent()
        kim.page.wait_for_load_state("networkidle")
        assert kim.marks == at_once, key
