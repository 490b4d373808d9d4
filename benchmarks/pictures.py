"""Take the pictures of review, and of a label, that docs/pages.md shows, and many more to look at.

``PYTHONPATH=src:tests python benchmarks/pictures.py DIR``: a server with a small model, documents,
people who decide; all screens at three widths, light and dark, go to DIR. With ``--docs`` those
alone that the documentation shows, which are written into docs/pictures too, with 128 colours.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from PIL import Image

import harnn
from harnn.data import Document
from harnn.review import EnqueueOptions, ModelState, Review
from harnn.sample import sample
from support.browsing import chromium, expect
from support.review_pages import BLIND, SEEN, TWICE, Desk, Person, review_server
from support.served import fit_model

TITLES = {
    "en-095": "Wax moth, earwigs and ants: questions from the autumn meeting of the bee club",
    "en-082": "Notes from plot 31: pumpkins that sulk, and tomatoes warmed by the sun",
    "en-080": "The creamery held to ransom",
    "en-014": "Nest boxes for the swifts of Tanner’s Row",
    "en-098": "A night on the up line",
    "en-083": "An overflow at number 22",
    "en-018": "A warning from the post office",
}
ARABIC = (
    "خلايا النحل في البستان",
    "يصف هذا الكتاب تربية النحل بين أشجار التفاح: متى يُقطف العسل honey، وكيف تُحمى الخلايا bees من "
    "العثّ والنمل في الشتاء، وما يقوله أهل القرية عن أول قطفة في تموز.",
)
WIDTHS = {1440: 900, 1280: 800, 375: 812}


def documents() -> Iterator[tuple[Document, EnqueueOptions]]:
    """Yield documents in English, Chinese and Arabic, and how each is read."""
    lines = sample("en").test.read_text("utf-8").splitlines()
    texts = {each["id"]: each["text"] for each in map(json.loads, lines)}
    for place, (name, title) in enumerate(TITLES.items()):
        options = (SEEN, SEEN, TWICE, BLIND)[place % 4]
        yield Document(name, {"title": title, "abstract": texts[name]}), options
    chinese = json.loads(sample("zh").test.read_text("utf-8").splitlines()[0])
    yield Document("zh-015", {"title": "粗陶盖锅与乡村面包", "abstract": chinese["text"] * 3}), SEEN
    yield Document("ar-001", {"title": ARABIC[0], "abstract": ARABIC[1]}), SEEN


def fill(desk: Desk, model: Path) -> None:
    """Queue the documents with the answers of a real model; ``lee`` has read some."""
    predictor = harnn.Predictor.load(model)
    state = ModelState("sample", "a" * 64, predictor.taxonomy.version)
    lines = sample("en").train.read_text("utf-8").splitlines()
    known = {each["id"]: each for each in map(json.loads, lines)}
    about_bees = [name for name, each in known.items() if "beekeeping" in each["labels"]]
    read = [name for name in known if name not in about_bees][:30]
    with desk.review("sample") as review:

        def add(name: str, text: dict[str, str], options: EnqueueOptions) -> None:
            review.enqueue(predictor, [Document(name, text)], model=state, options=options)

        for place, name in enumerate(read):
            add(name, {"text": known[name]["text"]}, (SEEN, SEEN, BLIND)[place % 3])
        for item in review.queue("lee", "annotate"):
            decide(review, item.item, set(known[item.id]["labels"]))
        for document, options in documents():
            add(document.id, dict(document.text), options)
        for name in about_bees[:10]:
            add(name, {"text": known[name]["text"]}, SEEN)
        for item in review.queue("lee", "annotate"):
            if item.second:
                decide(review, item.item, None)


def decide(review: Review, number: int, right: set[str] | None) -> None:
    """Let ``lee`` read a document; right: its labels, else those of the model."""
    view = review.item(number, "lee", "annotate")
    for code in sorted(right or ()):
        view = review.decide(number, "lee", "annotate", view.version, "add", code)
    action = "accept" if right is None else "reject"
    while view.undecided:
        code = view.undecided[-1]
        view = review.decide(number, "lee", "annotate", view.version, action, code)
    if not any(label.mark in ("accepted", "added") for label in view.labels):
        view = review.decide(number, "lee", "annotate", view.version, "none_fits")
    review.submit(number, "lee", "annotate", view.version)


class Camera:
    """Somebody who signs in at a width and a theme, and takes pictures."""

    def __init__(self, browser: Any, desk: Desk, folder: Path) -> None:
        self.browser, self.desk, self.folder = browser, desk, folder

    def sit(self, name: str, width: int, scheme: str, **options: Any) -> Person:
        """Return somebody at the page."""
        size = {"width": width, "height": WIDTHS[width]}
        touch = {"has_touch": True, "is_mobile": True} if width == 375 else {}
        context = self.browser.new_context(viewport=size, color_scheme=scheme, **touch, **options)
        bearer = {"Authorization": f"Bearer {self.desk.tokens[name]}"}
        context.request.post(f"{self.desk.server.url}/v1/session", headers=bearer)
        page = context.new_page()
        page.goto(f"{self.desk.server.url}/review")
        expect(page.locator("#fields .doc").first).to_be_visible(timeout=15_000)
        return Person(page)

    def take(self, person: Person, name: str) -> None:
        """Take a picture as soon as nothing loads."""
        person.page.wait_for_load_state("networkidle")
        person.page.wait_for_timeout(200)
        person.page.screenshot(path=self.folder / f"{name}.png")

    def take_evidence(self, kim: Person, name: str) -> None:
        """Take a picture of the documents that share a word."""
        honey = kim.page.locator("#by-evidence .row", has_text="honey").first
        honey.evaluate("row => row.click()")  # on a narrow screen it is out of sight
        expect(kim.page.locator("#evidence h2")).to_contain_text("honey", timeout=30_000)
        self.take(kim, name)

    def walk(self, width: int, scheme: str) -> None:
        """Go through all screens."""
        kim = self.sit("kim", width, scheme)
        end = f"{width}-{scheme}"
        count = kim.page.locator("#items .row").count()
        for place in range(count):
            self.take(kim, f"document-{place}-{end}")
            if width == 375:
                kim.page.tap("label:has-text('Labels')")
                self.take(kim, f"labels-{place}-{end}")
                kim.page.tap("label:has-text('Text')")
            if place < count - 1:
                kim.press("j")
        if width == 375:
            kim.page.tap("label:has-text('Labels')")
        kim.press("/")
        kim.page.keyboard.type("be")
        self.take(kim, f"add-{end}")
        kim.press("Escape", "?")
        self.take(kim, f"keys-{end}")
        kim.press("Escape", "g", "l")
        if width == 375:
            kim.page.tap("#show-queue")
        self.take(kim, f"by-label-{end}")
        kim.press("Escape", "g", "e")
        self.take_evidence(kim, f"evidence-{end}")
        kim.page.route(
            "**/v1/review/queue*", lambda route: route.fulfill(json={"items": [], "next": None})
        )
        kim.press("g", "d")
        self.take(kim, f"finished-{end}")
        kim.page.context.close()

    def show_work(self) -> None:
        """Take the picture of a document that is half decided."""
        kim = self.sit("kim", 1280, "light")
        kim.page.locator("#items .row", has_text="Wax moth").click()
        expect(kim.page.locator("#title")).to_contain_text("Wax moth")
        kim.press("a", "ArrowDown", "ArrowDown", "h", "End", "x", "Home", "ArrowDown", "ArrowDown")
        kim.is_sent()
        self.take(kim, "work")
        kim.press("g", "e")
        self.take_evidence(kim, "evidence")
        kim.page.goto(f"{self.desk.server.url}/taxonomy?label=farming")
        expect(kim.page.locator("section", has_text="Recent documents")).to_be_attached()
        self.take(kim, "taxonomy")
        kim.page.context.close()


def keep(picture: Path, name: str, width: int) -> None:
    """Write a picture small, as the documentation shows it."""
    image = Image.open(picture).convert("RGB")
    image = image.resize(
        (width, round(image.height * width / image.width)), Image.Resampling.LANCZOS
    )
    place = Path(__file__).parents[1] / "docs" / "pictures" / f"{name}.png"
    few = image.quantize(128, Image.Quantize.MAXCOVERAGE, kmeans=1, dither=Image.Dither.NONE)
    few.save(place, optimize=True)
    print(place, place.stat().st_size)


def main() -> None:
    """Take all pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--docs", action="store_true")
    parser.add_argument("--model", type=Path, help="that of the sample; else it is trained")
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        home = Path(scratch)
        model = given.model or fit_model(home / "model")
        taxonomy = harnn.Predictor.load(model).taxonomy
        with review_server(home, model, taxonomy, "sample") as desk, chromium() as browser:
            fill(desk, model)
            camera = Camera(browser, desk, given.folder)
            for width in () if given.docs else WIDTHS:
                for scheme in ("light", "dark"):
                    camera.walk(width, scheme)
            camera.show_work()
    if given.docs:
        keep(given.folder / "work.png", "review", 960)
        keep(given.folder / "evidence.png", "review-evidence", 960)
        keep(given.folder / "taxonomy.png", "taxonomy", 960)


if __name__ == "__main__":
    main()
