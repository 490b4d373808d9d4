"""The pages in a browser: keys, thresholds, hostile texts, signing in, faults, access."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harnn.serve import add_token
from support.served import SMALL, RunningServer, running

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium to open pages with")

BEES = "The bees are kept in hives under the apple trees; honey is taken in July."
HOSTILE = "<script>alert(1)</script> <img src=x onerror=alert(2)> honey & bees 'q' \" </textarea>"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as runner:
        opened = runner.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def server(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    log = tmp_path_factory.mktemp("log") / "log"
    with running(log, f"sample={model}", f"other={SMALL}") as started:
        yield started


class Opened:
    """A page, and what it said and asked for that it should not have."""

    def __init__(self, page: Any, url: str) -> None:
        self.page, self.url = page, url
        self.said: list[str] = []
        page.on("console", lambda message: self.said.append(message.text))
        page.on("pageerror", lambda error: self.said.append(str(error)))
        page.on("request", lambda asked: self._note(asked.url))

    def _note(self, address: str) -> None:
        if not address.startswith((self.url, "data:", "blob:")):
            self.said.append(f"asked for {address}")


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


def expect(found: Any) -> Any:
    return playwright.expect(found)


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


def test_what_is_slow_says_so_and_what_is_quick_does_not(show: Any) -> None:
    page = show()
    expect(page.locator("#predict")).to_be_enabled()
    page.route("**/v1/predict", lambda route: (page.wait_for_timeout(900), route.continue_()))
    page.fill("#text", BEES)
    page.press("#text", "Control+Enter")
    expect(page.locator("#waiting")).to_have_text("Predicting")
    expect(page.locator("#answer")).to_be_visible()
    assert page.is_hidden("#wait")


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


@pytest.mark.parametrize("width", [375, 736, 1090, 1280])
def test_no_width_scrolls_sideways(show: Any, width: int) -> None:
    page = show(viewport={"width": width, "height": 700})
    predict(page, BEES + " honeybees" * 3 + "x" * 300)
    expect(page.locator("#reasons table")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [375, 1280])
def test_access(show: Any, scheme: Any, width: int) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is missing")
    options = {"color_scheme": scheme, "viewport": {"width": width, "height": 900}}
    page = show(**options, bypass_csp=True)
    expect(page.locator("#predict")).to_be_enabled()
    found = axe.Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    predict(page, f"{BEES} qwxyz")
    expect(page.locator("#reasons table")).to_be_visible()
    page.mouse.move(5, 5)
    found = axe.Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


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
