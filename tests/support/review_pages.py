"""A server with documents to review, and people who read them in a browser."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harnn.data import Document
from harnn.review import (
    EnqueueOptions,
    ModelState,
    Prepared,
    PreparedLabel,
    Review,
    RunnerUp,
    ShownWord,
)
from harnn.serve import add_token
from harnn.serve.access import Role
from harnn.taxonomy import Taxonomy
from support.browsing import expect
from support.served import RunningServer, running

SEEN = EnqueueOptions(blind_share=0, second_share=0)
TWICE = EnqueueOptions(blind_share=0, second_share=1)
BLIND = EnqueueOptions(blind_share=1, second_share=0)
TEN = {
    **{"nature": 0.97, "food": 0.95, "farming": 0.93, "wildlife": 0.92, "beekeeping": 0.9},
    **{"gardening": 0.72, "cooking": 0.7, "home": 0.66, "vegetables": 0.65, "baking": 0.6},
}
"""Ten labels, of which three are the most specific."""
FEW = {"nature": 0.97, "food": 0.95, "farming": 0.93, "wildlife": 0.92, "beekeeping": 0.9}
TEXT = "The bees are kept in hives under the apple trees; honey is taken in July and baked."
ROLES: dict[str, Role] = {"kim": "review", "lee": "annotate", "mia": "review", "root": "admin"}


@dataclass(frozen=True)
class Desk:
    """A running server, its database, and the tokens of its people."""

    server: RunningServer
    database: Path
    taxonomy: Taxonomy
    tokens: Mapping[str, str]

    def review(self, model: str) -> Review:
        """Open the review of one of the models."""
        return Review.open(self.database, taxonomy=self.taxonomy, model=model)

    def queue(self, model: str, *documents: Prepared, options: EnqueueOptions = SEEN) -> None:
        """Queue documents, the first one as the first."""
        with self.review(model) as review:
            review.add([*documents], options=options)

    def read_again(self, model: str, person: str) -> None:
        """Let somebody decide what waits for a second reading as the first reader did."""
        with self.review(model) as review:
            for each in review.queue(person, "review", state="annotated"):
                view = review.item(each.item, person, "review")
                for label, mark in view.readings[0].marks.items():
                    action = "accept" if mark in ("accepted", "added") else "reject"
                    if mark in ("accepted", "added", "rejected"):
                        view = review.decide(
                            each.item, person, "review", view.version, action, label
                        )
                review.submit(each.item, person, "review", view.version)

    def document(
        self,
        model: str,
        title: str,
        shown: Mapping[str, float] = FEW,
        *,
        text: Mapping[str, str] | None = None,
        doubt: float = 1.0,
    ) -> Prepared:
        """Return a document with an answer."""
        fields = dict(text or {"title": title, "abstract": f"{TEXT} {title}"})
        state = ModelState(model, "a" * 64, self.taxonomy.version)
        labels = tuple(_label(label, score, fields) for label, score in shown.items())
        return Prepared(
            document=Document(title, fields),
            model=state,
            title=title,
            shown=dict(shown),
            labels=labels,
            notes=(),
            doubt=doubt,
            value=doubt,
            hint="Beekeeping 90%",
        )


def _label(label: str, score: float, fields: Mapping[str, str]) -> PreparedLabel:
    """Return what is said of a label; for beekeeping the words ``bees`` and ``honey`` spoke."""
    words = []
    for name, text in fields.items():
        for word, effect in (("bees", 1.5), ("honey", 0.8), ("apple", -0.4)):
            start = text.find(word) if label == "beekeeping" else -1
            if start >= 0:
                words.append(ShownWord(name, start, start + len(word), word, effect))
    near = (RunnerUp("birds", "Birds", 0.34, 0.5), RunnerUp("insects", "Insects", 0.12, 0.5))
    words.sort(key=lambda word: (word.field, word.start))
    return PreparedLabel(label, score, 0.5, tuple(words), near if label == "beekeeping" else ())


@contextmanager
def review_server(folder: Path, model: Path, taxonomy: Taxonomy, *names: str) -> Iterator[Desk]:
    """Run a server with one model under several names: each has documents of its own."""
    tokens = {name: add_token(folder / "tokens", name, role) for name, role in ROLES.items()}
    places = [f"{name}={model}" for name in names]
    options = ("--database", folder / "review.db", "--tokens", folder / "tokens")
    with running(folder / "log", *places, *options) as server:
        yield Desk(server, folder / "review.db", taxonomy, tokens)


class Person:
    """Somebody at the page of review, who presses keys."""

    def __init__(self, page: Any) -> None:
        self.page = page

    def press(self, *keys: str) -> None:
        """Press keys, one after the other, as fast as they come."""
        for key in keys:
            self.page.keyboard.press(key)

    def reads(self, title: str) -> None:
        """Wait until a document is shown."""
        expect(self.page.locator("#title")).to_have_text(title)
        expect(self.page.locator("#paper")).to_have_attribute("aria-busy", "false")

    @property
    def marks(self) -> dict[str, str]:
        """The classes of the marks by the names of the labels."""
        rows = self.page.locator("#tree .row")
        return dict(
            rows.evaluate_all(
                "rows => rows.map(row => [row.querySelector('.name').textContent, "
                "row.querySelector('.mark').className.replace('mark', '').trim()])"
            )
        )

    def is_at(self, name: str) -> None:
        """Wait until the cursor is on a label."""
        expect(self.page.locator("#tree [aria-selected=true] .name")).to_have_text(name)

    @property
    def at(self) -> str:
        """The name of the label under the cursor."""
        return str(self.page.locator("#tree [aria-selected=true] .name").inner_text())

    def says(self, text: str) -> None:
        """Wait until the page says something in passing."""
        expect(self.page.locator("#toast")).to_contain_text(text)

    def is_sent(self) -> None:
        """Wait until the server has all decisions."""
        expect(self.page.locator("body")).to_have_attribute("data-unsent", "0")
