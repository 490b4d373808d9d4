"""How a label is used, asked of a server and read on the page of the label."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import harnn
from support.browsing import NEEDS_CHROMIUM, Opened, chromium, expect
from support.review_pages import FEW, TEN, Desk, review_server
from support.served import client_of


@pytest.fixture(scope="module")
def desk(
    model: Path, predictor: harnn.Predictor, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Desk]:
    with review_server(tmp_path_factory.mktemp("use"), model, predictor.taxonomy, "used") as found:
        titles = {"One": TEN, "Two": FEW, "Three": FEW}
        found.queue("used", *(found.document("used", *each) for each in titles.items()))
        yield found


def test_how_a_label_is_used(desk: Desk, model: Path) -> None:
    with client_of(f"used={model}", database=str(desk.database)) as client:
        found = client.get("/v1/review/use", params={"label": "beekeeping"}).json()
        none = client.get("/v1/review/use", params={"label": "baking", "weeks": 2}).json()
        wrong = client.get("/v1/review/use", params={"label": "beekeping"})
    assert found["documents"] == 3
    assert [each["title"] for each in found["recent"]] == ["Three", "Two", "One"]
    assert {each["state"] for each in found["recent"]} == {"open"}
    assert [week["documents"] for week in found["weeks"]] == [0] * 25 + [3]
    assert [week["documents"] for week in none["weeks"]] == [0, 1]
    assert wrong.status_code == 404
    assert wrong.json()["detail"].startswith("No label has the code 'beekeping'.")


def test_without_a_database_it_is_not_known(model: Path) -> None:
    with client_of(f"used={model}") as client:
        assert client.get("/v1/review/use", params={"label": "baking"}).status_code == 403


@NEEDS_CHROMIUM
def test_the_page_of_a_label_says_how_it_is_used(desk: Desk) -> None:
    pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with chromium() as browser:
        context: Any = browser.new_context()
        bearer = {"Authorization": f"Bearer {desk.tokens['kim']}"}
        assert context.request.post(f"{desk.server.url}/v1/session", headers=bearer).ok
        opened = Opened(context.new_page(), desk.server.url)
        page = opened.page
        page.goto(f"{desk.server.url}/taxonomy?label=beekeeping")
        recent = page.locator("section", has_text="Recent documents").locator("tbody tr")
        expect(recent).to_have_count(3)
        assert recent.first.inner_text().split() == ["Three", "90%", "undecided"]
        plot = page.get_by_role("img", name="3 documents in 26 weeks")
        expect(plot).to_be_visible()
        recent.last.get_by_role("link").click()
        expect(page.locator("#title")).to_have_text("One")
        assert opened.said == []
