"""The page Acceptance in a browser: targets by keyboard, audits, conflicts, access."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import harnn
from harnn.acceptance import save_acceptance
from harnn.bundle import fingerprint
from harnn.review import ModelState, Terms
from harnn.serve import add_token
from support.acceptance_pages import Archive
from support.acceptances import made_acceptance
from support.browsing import NEEDS_CHROMIUM, Opened, check_access, chromium, expect
from support.served import RunningServer, running

pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytestmark = NEEDS_CHROMIUM
SURE = {"nature": 0.999, "farming": 0.998, "beekeeping": 0.997}
HOSTILE = "<img src=x onerror=alert(1)> & 'pears'"
MODELS = ("fresh", "audited", "busy")


@dataclass(frozen=True)
class Office:
    """A server with three models, of which one was audited; its people."""

    server: RunningServer
    archives: dict[str, Archive]
    tokens: dict[str, str]


@pytest.fixture(scope="module")
def office(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    folder = tmp_path_factory.mktemp("acceptance")
    taxonomy, known = harnn.Predictor.load(model).taxonomy, fingerprint(model)
    acceptance = made_acceptance(taxonomy, known, 2_400)
    save_acceptance(acceptance, folder / "acceptance.json")
    people = {"root": "admin", "kim": "annotate"}
    tokens = {name: add_token(folder / "tokens", name, role) for name, role in people.items()}  # type: ignore[arg-type]
    archives = {
        name: Archive(
            folder / "review.db", taxonomy, ModelState(name, known, taxonomy.version), acceptance
        )
        for name in MODELS
    }
    audit(archives["audited"])
    options: list[str | Path] = ["--database", folder / "review.db"]
    options += ["--tokens", folder / "tokens"]
    options += [x for name in MODELS for x in ("--acceptance", f"{name}={folder}/acceptance.json")]
    models = (f"{name}={model}" for name in MODELS)
    with running(folder / "log", *models, *options) as server:
        yield Office(server, archives, tokens)
    for archive in archives.values():
        archive.close()


def audit(archive: Archive) -> None:
    """Let 60 documents be read, of which 20 are wrong on the third level, and one be set aside."""
    archive.put(Terms(targets={1: 0.95, 2: 0.9, 3: 0.8}, audit_share=1))
    titles = [HOSTILE, "岭南荔枝栽培史", "عسل النحل", *(f"Filed {n}" for n in range(60))]
    items = archive.file([archive.document(title, SURE) for title in titles])
    archive.read(items[:20], "vegetables")
    archive.read(items[20:60], "beekeeping")
    archive.review.set_aside(items[60], "kim", "annotate", 0)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as opened:
        yield opened


@pytest.fixture
def show(browser: Any, office: Office) -> Iterator[Any]:
    """Open the page of a model for somebody; at the end nothing strange may have been said."""
    opened: list[Opened] = []

    def shown(model: str, who: str = "root", **options: Any) -> Any:
        context = browser.new_context(**{"viewport": {"width": 1440, "height": 900}} | options)
        url = office.server.url
        headers = {"Authorization": f"Bearer {office.tokens[who]}"}
        assert context.request.post(f"{url}/v1/session", headers=headers).status == 201
        found = Opened(context.new_page(), url)
        found.page.goto(f"{url}/acceptance?model={model}")
        expect(found.page.locator("#all")).to_be_visible()
        opened.append(found)
        return found.page

    yield shown
    said = [line for each in opened for line in each.said if "409 (Conflict)" not in line]
    for each in opened:
        each.page.context.close()
    assert said == []


def test_targets_are_tried_and_put_in_force_by_keyboard(show: Any, office: Office) -> None:
    page = show("fresh")
    expect(page.locator("#in-force")).to_have_text(
        "No policy is in force: everything waits for people."
    )
    expect(page.locator("#put")).to_be_disabled()
    expect(page.locator("#flow")).to_have_text("1,000 wait for a person from the top")
    page.focus("#levels input")
    page.keyboard.press("Space")  # the first level has a target
    expect(page.locator("#changed")).to_have_text("Changed, not in force")
    promise = page.locator("#promise-1")
    expect(promise).to_contain_text("would accept")
    share = page.locator("#levels .lv").first.locator(".big b")
    at_95 = share.inner_text()
    page.keyboard.press("Tab")
    expect(page.locator("#target-1")).to_be_focused()
    for _ in range(6):
        page.keyboard.press("ArrowRight")
    expect(page.locator("#levels .lv").first.locator("output")).to_have_text("98%")
    expect(share).not_to_have_text(at_95)
    expect(page.locator("#levels .lv").first.locator("svg .pt")).to_be_visible()
    expect(page.locator("#flow li").first).to_contain_text("filed to level 1")
    page.focus("#put")
    page.keyboard.press("Enter")
    expect(page.locator("#in-force")).to_contain_text("by root: level 1 98%, level 2 no target")
    expect(page.locator("#in-force")).to_be_focused()
    now = office.archives["fresh"].policies.in_force()
    assert now is not None
    assert (now.terms.targets, now.person) == ({1: 0.98}, "root")


def test_discard_goes_back_to_what_is_in_force(show: Any) -> None:
    page = show("audited")
    value = page.locator("#levels .lv").first.locator("output")
    before = value.inner_text()
    page.locator("#target-1").press("Home")
    expect(value).to_have_text("50%")
    page.locator("#audit-share").press("Home")
    page.uncheck("#pause")
    page.click("#discard")
    expect(value).to_have_text(before)
    expect(page.locator("#pause")).to_be_checked()
    expect(page.locator("#audit-share-is")).to_have_text("100%")
    expect(page.locator("#changed")).to_have_text("")


def test_what_audits_found(show: Any) -> None:
    page = show("audited")
    third = page.locator("#levels .lv").nth(2)
    expect(third.locator(".aud")).to_have_text("pausedRight 66.7% ± 11.6, from 60 audited")
    expect(third.locator(".promise")).to_have_text("Paused: its audit fell below 80%.")
    first = page.locator("#levels .lv").first
    expect(first.locator(".aud")).to_contain_text("Right 100% ±")
    page.select_option("#level", "3")
    expect(page.locator("#audit-facts")).to_contain_text("63 drawn at random from 63 accepted")
    expect(page.locator("#course svg.broad")).to_have_attribute(
        "aria-label", "Level 3: right by audit, from 60 to 60 documents, now 67%; the target is 80%"
    )
    expect(page.locator("#audited-facts")).to_contain_text("20 of 60 were wrong.")
    page.click("#audited-more")
    expect(page.locator("#audited tr")).to_have_count(20)
    row = page.locator("#audited tr").filter(has_text=HOSTILE)
    expect(row.locator("td").first).to_have_text("Beekeeping")
    expect(row.locator(".tag")).to_have_text("wrong: Vegetables")
    expect(page.locator("#warnings .note").first).to_contain_text("Level 3 is below its target.")
    expect(page.locator("#audit-next")).to_have_text("Audit the next 2")
    page.click("#audited-more")
    expect(page.locator("#audited tr")).to_have_count(6)


@pytest.mark.slow
def test_a_paused_level_is_opened_again_on_purpose(show: Any, office: Office) -> None:
    archive = office.archives["busy"]
    audit(archive)
    page = show("busy")
    page.locator("#resume-3").press("Enter")
    expect(page.locator("#resume-3")).to_be_focused()
    expect(page.locator("#resume-3")).to_have_text("Leave level 3 paused")
    expect(page.locator("#changed")).to_have_text("Changed, not in force")
    archive.put(Terms(targets={1: 0.9}), person="ada")  # meanwhile
    page.click("#put")
    expect(page.locator("#trouble")).to_contain_text("ada put another policy in force at")
    expect(page.locator("#trouble")).to_contain_text("Your changes are kept here.")
    expect(page.locator("#in-force")).to_contain_text("by ada: level 1 90%")
    page.click("#put")
    expect(page.locator("#in-force")).to_contain_text("by root: level 1 95%, level 2 90%")
    now = archive.policies.in_force()
    assert now is not None
    assert (now.person, now.paused) == ("root", frozenset())


def test_who_may_not_change_it_may_try(show: Any) -> None:
    page = show("audited", "kim")
    expect(page.locator("#put")).to_be_hidden()
    expect(page.locator("#in-force")).to_contain_text("administrators put them in force")
    expect(page.locator("[id^=resume-]")).to_have_count(0)
    page.locator("#target-1").press("Home")
    expect(page.locator("#discard")).to_be_visible()


@pytest.mark.slow
def test_without_curves_the_page_says_what_to_do(browser: Any, model: Path, tmp_path: Path) -> None:
    with running(tmp_path / "log", model, "--database", tmp_path / "review.db") as server:
        page = browser.new_page()
        page.goto(f"{server.url}/acceptance")
        expect(page.locator("#trouble")).to_contain_text(
            "Nothing is accepted. This server knows no curves of its model; make them with harnn "
            "acceptance"
        )
        assert page.is_hidden("#all")
        page.close()


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 375])
def test_access(show: Any, width: int, scheme: str) -> None:
    size = {"width": width, "height": 900}
    page = show("audited", viewport=size, color_scheme=scheme, bypass_csp=True)
    expect(page.locator("#audited tr").first).to_be_visible()
    check_access(page)
    page.locator("#target-1").press("Home")
    expect(page.locator("#changed")).to_have_text("Changed, not in force")
    check_access(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_forced_colours_keep_what_is_filed_apart(show: Any) -> None:
    page = show("audited", forced_colors="active", reduced_motion="reduce")
    style = "getComputedStyle(document.querySelector('#flow li')).borderStyle"
    assert page.evaluate(style) == "solid"
