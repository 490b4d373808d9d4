"""The page in a browser: sorting, finding, the map, keys, widths, and access."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harnn.report import DriftReport, ModelReport
from harnn.taxonomy import Taxonomy
from support.made_reports import (
    drift_report,
    hostile_drift_report,
    hostile_report,
    large_report,
    made_report,
    sample_report,
)

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium to open pages with")


FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467"
SIGNS = (FAMILY, "e\u0301\u0302", "\U0001f1e9\U0001f1ea", "𠀀")


def huge_taxonomy() -> Taxonomy:
    edges = [(f"s{a}", "ROOT") for a in range(300)]
    return Taxonomy.from_edges([*edges, *((f"t{c}", f"s{c % 300}") for c in range(20_000))])


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as runner:
        opened = runner.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("pages")
    names = dict(zip("abcd", (sign * (2_000 // len(sign)) for sign in SIGNS), strict=True))
    long = Taxonomy.from_edges([("a", "ROOT"), ("b", "a"), ("c", "ROOT"), ("d", "c")], names=names)
    one = Taxonomy.from_edges([("only", "ROOT")])
    reports: dict[str, ModelReport | DriftReport] = {
        "sample": sample_report(),
        "hostile": hostile_report(),
        "large": large_report(),
        "long": made_report(long),
        "one": made_report(one, documents=4),  # one of them has the label
        "huge": made_report(huge_taxonomy(), documents=100),
        "drift": drift_report(unknown=0.3, shares=(0.2, 0.3, 0.5), writing="Han", documents=90),
        "hostile drift": hostile_drift_report(),
    }
    for name, report in reports.items():
        report.write_html(folder / f"{name}.html")
    return {name: (folder / f"{name}.html").as_uri() for name in reports}


@pytest.fixture
def show(browser: Any, places: dict[str, str]) -> Iterator[Any]:
    """Open a page; at the end nothing may have been said on the console or asked of a network."""
    said: list[str] = []
    contexts = []

    def opened(name: str, **options: Any) -> Any:
        context = browser.new_context(**{"viewport": {"width": 1440, "height": 900}} | options)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda asked: said.extend(foreign(asked.url)))
        page.goto(places[name])
        return page

    yield opened
    for context in contexts:
        context.close()
    assert said == []


def foreign(address: str) -> list[str]:
    """Return an address that is neither the page itself nor made by it."""
    return [] if address.startswith(("file:", "blob:")) else [address]


def column(page: Any, number: int) -> list[str]:
    found: list[str] = page.locator(f"#rows tr > :nth-child({number})").all_inner_texts()
    return found


def test_sort_find_and_turn_pages(show: Any) -> None:
    page = show("large")
    assert page.locator("#count").inner_text() == "9,162 labels"
    assert page.locator("#page").inner_text() == "Page 1 of 367"
    assert len(column(page, 1)) == 25
    support = [int(text.replace(",", "")) for text in column(page, 4)]
    assert support == sorted(support, reverse=True)
    page.click("th[data-key=precision] button")
    assert page.get_attribute("th[data-key=precision]", "aria-sort") == "descending"
    shown = [float(text) for text in column(page, 5)]
    assert shown == sorted(shown, reverse=True)
    page.click("th[data-key=precision] button")
    assert [float(text) for text in column(page, 5)] == [0.0] * 25
    page.click("th[data-key=name] button")
    assert column(page, 1)[:2] == ["g0", "g1"]
    page.click("#after")
    assert page.locator("#page").inner_text() == "Page 2 of 367"
    page.fill("#find", "T89")
    playwright.expect(page.locator("#count")).to_have_text("111 of 9,162 labels")
    page.select_option("#level", "1")
    assert page.locator("#count").inner_text() == "No label is called that."
    assert column(page, 1) == []
    assert page.is_hidden("#pages")


def test_the_csv_of_what_is_shown(show: Any, tmp_path: Path) -> None:
    page = show("hostile", accept_downloads=True)
    page.fill("#find", "alert")
    playwright.expect(page.locator("#count")).to_have_text("1 of 6 labels")
    with page.expect_download() as started:
        page.click("#csv")
    target = tmp_path / "labels.csv"
    started.value.save_as(target)
    with target.open(encoding="utf-8", newline="") as file:
        header, row = csv.reader(file)
    assert header[:3] == ["label", "name", "level"]
    assert (row[0], "<script>alert(1)</script>" in row[1]) == ("h", True)


def test_the_map_fills_with_a_label_by_mouse_and_keys(show: Any) -> None:
    page = show("sample")
    tiles = page.locator("#icicle [data-at]")
    before = tiles.count()
    tiles.first.click()
    name = page.locator("#trail").inner_text()
    assert name == tiles.first.get_attribute("aria-label").partition(":")[0]  # both isolated
    assert tiles.count() < before
    assert float(tiles.first.locator("rect").get_attribute("height")) > 200
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    assert page.locator("#trail").inner_text().startswith(f"{name} › ")
    page.keyboard.press("Escape")
    assert page.locator("#trail").inner_text() == name
    page.click("#back")
    assert page.is_hidden("#zoomed")
    assert tiles.count() == before
    assert page.evaluate("document.activeElement.dataset.at !== undefined")
    assert page.locator("#icicle [tabindex='0']").count() == 1


def test_long_names_are_opened_and_cut_between_signs(show: Any) -> None:
    page = show("long", viewport={"width": 375, "height": 700})
    for width in (375, 1440):
        page.set_viewport_size({"width": width, "height": 700})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    height = "document.documentElement.scrollHeight"
    before = page.evaluate(height)
    assert before < 20_000
    first = page.locator("#rows details").first
    whole = first.locator("> :last-child")
    assert whole.is_hidden()
    first.locator("summary").focus()
    page.keyboard.press("Enter")
    assert whole.is_visible()
    assert len(whole.inner_text()) > 1_500
    page.fill("#find", FAMILY * 100)  # what is not shown is found
    playwright.expect(page.locator("#count")).to_have_text("1 of 4 labels")
    page.fill("#find", "")
    for tile in range(2):
        page.locator("#icicle [data-at]").nth(tile).click()
        shown = page.locator("#trail").inner_text().strip("\u2066\u2067\u2068\u2069")
        for name in shown.split(" › "):
            kept = name.strip("\u2068\u2069").rstrip("…")
            assert any(kept == sign * (len(kept) // len(sign)) for sign in SIGNS), kept
        page.click("#back")


def test_counts_of_one_in_the_script(show: Any) -> None:
    page = show("one")
    assert page.locator("#count").inner_text() == "1 label"
    tile = page.locator("#icicle [data-at]").first
    tile.click()
    assert str(tile.get_attribute("aria-label")).endswith(", 1 document")


def test_everything_stays_usable_with_20_000_labels(show: Any) -> None:
    page = show("huge")
    assert page.locator("#count").inner_text() == "20,000 labels"
    assert "20,000 labels with most documents here; all 20,300" in page.inner_text("#labels")
    assert page.evaluate("document.querySelectorAll('*').length") < 6_000
    page.fill("#find", "t777")
    playwright.expect(page.locator("#count")).to_have_text("11 of 20,000 labels")


@pytest.mark.slow
def test_everything_is_reached_with_tab(show: Any) -> None:
    page = show("sample")
    reached = []
    for _ in range(40):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.id || document.activeElement.href"))
    assert reached[0].endswith("#main")
    for name in ("theme", "find", "level", "csv", "after"):
        assert name in reached


@pytest.mark.parametrize("name", ["sample", "hostile", "drift", "hostile drift"])
def test_no_width_scrolls_sideways(show: Any, name: str) -> None:
    page = show(name, viewport={"width": 375, "height": 700})
    for width in (375, 736, 1090, 1440):
        page.set_viewport_size({"width": width, "height": 700})
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_nothing_is_cut_off_tables_of_documents_and_plots_on_a_narrow_screen(show: Any) -> None:
    page = show("sample", viewport={"width": 375, "height": 700})
    tables = page.locator(".scroll:has(.quote)")
    assert tables.count() == 4
    for table in tables.all():
        assert table.evaluate("each => each.scrollWidth - each.clientWidth") == 0
    outside = page.locator("svg.plot:not(#icicle) text").evaluate_all(
        "all => all.map(each => each.getBoundingClientRect())"
        ".filter(box => box.left < 0 || box.right > 375).length"
    )
    assert outside == 0
    clipped = page.locator("svg.plot:not(#icicle)").evaluate_all(
        "all => all.filter(each => getComputedStyle(each).overflow !== 'visible').length"
    )
    assert clipped == 0
    documents = page.locator("#worst td[data-of='Here']").first
    shown = documents.evaluate("each => getComputedStyle(each, '::before').content")
    assert shown == '"Here: "'


@pytest.mark.slow
def test_without_javascript_it_can_be_read(show: Any) -> None:
    page = show("large", java_script_enabled=False)
    assert len(column(page, 1)) == 25
    assert page.is_hidden("#tools")
    assert page.locator("#icicle g").count() > 100
    assert "Without JavaScript the 25 labels" in page.locator("#labels").inner_text()


@pytest.mark.slow
def test_light_and_dark(show: Any) -> None:
    colours = {}
    for scheme in ("light", "dark"):
        page = show("sample", color_scheme=scheme)
        background = "getComputedStyle(document.documentElement).backgroundColor"
        colours[scheme] = page.evaluate(background)
        other = {"light": "dark", "dark": "light"}[scheme]
        while page.locator("#theme").inner_text() != f"Theme: {other}":
            page.click("#theme")
        colours[f"{scheme}, changed"] = page.evaluate(background)
    assert colours["light"] == colours["dark, changed"] == "rgb(255, 255, 255)"
    assert colours["dark"] == colours["light, changed"] == "rgb(25, 27, 30)"


def test_the_page_of_a_drift_on_a_narrow_screen(show: Any) -> None:
    page = show("drift", viewport={"width": 375, "height": 700})
    tables = page.locator(".scroll:has(.told)")
    assert tables.count() == 2
    for table in tables.all():
        assert table.evaluate("each => each.scrollWidth - each.clientWidth") == 0
    texts = page.locator("svg.plot text")
    outside = texts.evaluate_all(
        "all => all.map(each => each.getBoundingClientRect())"
        ".filter(box => box.left < 0 || box.right > 375).length"
    )
    assert outside == 0
    smallest = texts.evaluate_all(
        "all => Math.min(...all.map(each => each.getBoundingClientRect().height))"
    )
    assert smallest > 8
    shown = page.locator("td[data-of='Before']").first
    assert shown.evaluate("each => getComputedStyle(each, '::before').content") == '"Before: "'


def test_the_page_of_a_drift_by_keyboard(show: Any) -> None:
    page = show("drift")
    reached = []
    for _ in range(10):
        page.keyboard.press("Tab")
        reached.append(
            page.evaluate(
                "document.activeElement.getAttribute('aria-label') || document.activeElement.hash"
            )
        )
    assert reached[:9] == [
        "#main",
        "#drift",
        "#drift-labels",
        "#drift-shapes",
        "#drift-figures",
        "#drift-unsure",
        "#how",
        "Labels that moved",
        "All figures",
    ]
    page.locator("nav a").nth(3).focus()
    page.keyboard.press("Enter")
    top = page.locator("#drift-figures").evaluate("each => each.getBoundingClientRect().top")
    assert 0 <= top < 900


def test_the_page_of_a_drift_in_print_and_in_the_dark(show: Any) -> None:
    page = show("drift", color_scheme="dark")
    background = "getComputedStyle(document.documentElement).backgroundColor"
    assert page.evaluate(background) == "rgb(25, 27, 30)"
    page.emulate_media(media="print")
    assert page.is_hidden(".toc")
    assert page.evaluate("getComputedStyle(document.documentElement).colorScheme") == "light"
    assert page.locator(".moved li").first.evaluate(
        "each => getComputedStyle(each).breakInside"
    ) == ("avoid")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["sample", "hostile", "long", "drift", "hostile drift"])
def test_access(show: Any, name: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is missing")
    for scheme in ("light", "dark"):
        found = axe.Axe().run(show(name, color_scheme=scheme))
        assert found.violations_count == 0, found.generate_report()
