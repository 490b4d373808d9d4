"""Draw the network: ``docs/network.svg``.

    python benchmarks/network_drawing.py [FILE]

Columns are the words of a document, all the way down; shades and scores are an example, made up to
show what each part does. The picture has a background of its own, so that any page can hold it.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple
from xml.sax.saxutils import escape

from harnn._files import write_atomically

WIDTH = 400
PANEL = 380
LEFT, STEP = 98, 40
MIDDLE = LEFT + 3 * STEP
WORDS = ("Fit", "a", "washer", "to", "the", "tap")


class Label(NamedTuple):
    """A label of the example."""

    name: str
    shades: tuple[int, ...]
    """How much it reads of each word, 1 to 4."""
    score: float


LEVELS = (
    (Label("Home", (2, 1, 3, 1, 1, 3), 0.97), Label("Food", (1, 1, 1, 1, 1, 2), 0.02)),
    (Label("Repairs", (3, 1, 3, 1, 1, 2), 0.95), Label("Garden", (2, 1, 1, 1, 1, 2), 0.03)),
    (Label("Plumbing", (1, 1, 4, 1, 1, 4), 0.93), Label("Roofing", (3, 1, 2, 1, 1, 1), 0.04)),
)
PASSED_ON = ((0.6, 0.2, 2.3, 0.2, 0.2, 2.5), (0.8, 0.1, 2.4, 0.1, 0.1, 2.5))
"""Weights of the words for the next level; their mean is 1."""
KINDS = (
    ("network", "as above", "soft edge"),
    ("linear", "words, pairs", "surface edge"),
    ("whole text", "given encoder", "surface edge"),
    ("transformer", "fine-tuned", "surface edge dashed"),
)
COLOURS = {
    "surface": ("#ffffff", "#191b1e"),
    "sunken": ("#efefeb", "#222529"),
    "strong": ("#85867e", "#777b83"),
    "ink": ("#1a1c1f", "#ececea"),
    "ink2": ("#4a4d53", "#b6b8bd"),
    "accent": ("#1d4f9c", "#8fb5f5"),
    "soft": ("#e8eef8", "#1d2a40"),
    "ok": ("#00695a", "#4cc2a8"),
    "oksoft": ("#e0f1ed", "#12302a"),
    "ev1": ("#fff4d1", "#332b14"),
    "ev2": ("#ffe8a6", "#4a3c14"),
    "ev3": ("#ffd86e", "#634f11"),
    "ev4": ("#ffc53d", "#7d610b"),
}
"""For light and for dark, those of the pages."""
TITLE = "How a document gets its labels"
STORY = (
    "The words of a document are read in both directions. On each level of the taxonomy every "
    "label attends to the words that speak for it and gets a local score; the words where the "
    "labels that fired looked weigh more on the next level. A global layer reads what all levels "
    "found. Local and global scores are mixed, blended with those of models beside the network, "
    "closed upward and cut at a threshold: Home, Repairs, Plumbing."
)


def style() -> str:
    """Return the style sheet, with a dark half."""
    light, dark = (
        "".join(f"--{name}:{pair[number]};" for name, pair in COLOURS.items()) for number in (0, 1)
    )
    fills = "".join(f".{name}{{fill:var(--{name})}}" for name in COLOURS)
    return (
        f"svg{{{light}}}@media(prefers-color-scheme:dark){{svg{{{dark}}}}}"
        "text{font:13px system-ui,-apple-system,'Segoe UI',Roboto,sans-serif;fill:var(--ink)}"
        f"{fills}"
        ".small{font-size:12px;fill:var(--ink2)}.bold{font-weight:600}.mid{text-anchor:middle}"
        ".end{text-anchor:end}.good{fill:var(--ok);font-weight:600}"
        ".line{fill:none;stroke:var(--strong);stroke-width:1.2}"
        ".edge{stroke:var(--strong);stroke-width:1}.dashed{stroke-dasharray:4 3}"
        ".flow{fill:none;stroke:var(--accent);stroke-width:1.6}"
        "#flow path{fill:var(--accent)}#line path{fill:var(--strong)}"
    )


class Drawing:
    """Marks on a page, from the top down."""

    def __init__(self) -> None:
        self.marks: list[str] = []
        self.y = 0.0
        """Where the next part begins."""

    def text(self, x: float, y: float, words: str, kind: str = "") -> None:
        self.marks.append(f'<text class="{kind}" x="{x:g}" y="{y:g}">{escape(words)}</text>')

    def box(self, x: float, y: float, width: float, height: float, kind: str) -> None:
        size = f'width="{width:g}" height="{height:g}"'
        self.marks.append(f'<rect class="{kind}" x="{x:g}" y="{y:g}" {size} rx="4"/>')

    def line(self, steps: str, kind: str = "line", *, arrow: bool = True) -> None:
        end = f' marker-end="url(#{kind})"' if arrow else ""
        self.marks.append(f'<path class="{kind}" d="{steps}"{end}/>')

    def down(self, x: float = MIDDLE) -> None:
        """Lead from here to the next part."""
        self.line(f"M{x:g} {self.y:g}v12", "flow")

    def panel(self, name: str, what: str, more: str, kind: str) -> None:
        """Say in a box of its own what one part does, a little below."""
        top = self.y + 18
        self.box(8, top, PANEL, 48, kind)
        self.text(16, top + 20, name, "bold")
        self.text(LEFT + 2, top + 20, what)
        self.text(LEFT + 2, top + 38, more, "small")
        self.y = top + 48


def column(number: int) -> float:
    """Return the middle of a word's column."""
    return LEFT + STEP * (number + 0.5)


def draw_reading(page: Drawing) -> None:
    page.text(16, 30, "Words", "bold")
    page.text(16, 76, "BiLSTM", "bold")
    page.text(16, 92, "both ways", "small")
    for number, word in enumerate(WORDS):
        x = column(number)
        page.text(x, 30, word, "mid")
        page.line(f"M{x:g} 37v12")
        page.box(x - 12, 56, 24, 18, "soft edge")
        page.box(x - 12, 80, 24, 18, "soft edge")
        if number + 1 < len(WORDS):
            page.line(f"M{x + 12:g} 65h9")
            page.line(f"M{x + STEP - 12:g} 89h-9")
    page.text(380, 81, "states", "small end")
    page.y = 102


def draw_level(page: Drawing, number: int, labels: Sequence[Label]) -> float:
    """Return the height of its middle."""
    page.down()
    top = page.y + 18
    height = 34 + 22 * len(labels)
    page.box(8, top, PANEL, height, "sunken")
    page.text(16, top + 20, f"Level {number}", "bold")
    what = (
        "how much each label reads of a word" if number == 1 else "the same, of words so weighted"
    )
    page.text(LEFT + 2, top + 20, what, "small")
    page.text(380, top + 20, "score", "small end")
    for row, label in enumerate(labels):
        y = top + 30 + 22 * row
        kind = "good" if label.score > 0.5 else "small"
        page.text(16, y + 13, label.name, kind)
        for place, shade in enumerate(label.shades):
            page.box(column(place) - 18, y, 36, 18, f"ev{shade}")
        page.text(380, y + 13, f"{label.score:.2f}", f"end {kind}")
    page.y = top + height
    return top + height / 2


def draw_passing(page: Drawing, weights: Sequence[float], level: int) -> None:
    base = page.y + 42
    page.text(16, base - 16, "passed on", "small")
    page.text(16, base - 1, f"to level {level}", "small")
    for number, weight in enumerate(weights):
        height = 12 * weight + 2
        page.box(column(number) - 9, base - height, 18, height, "accent")
    page.line(f"M{LEFT:g} {base:g}H{column(len(WORDS)) - STEP / 2:g}", arrow=False)
    page.y = base + 2


def draw_kinds(page: Drawing) -> None:
    page.line(f"M54 {page.y:g}v32", "flow")
    page.text(214, page.y + 28, "Other models read the same document", "small mid")
    top = page.y + 38
    for number, (name, what, kind) in enumerate(KINDS):
        x = 8 + number * 96
        page.box(x, top, 92, 42, kind)
        page.text(x + 46, top + 18, name, "mid")
        page.text(x + 46, top + 34, what, "small mid")
        page.y = top + 42
        page.line(f"M{x + 46:g} {page.y:g}v12", "flow")


def draw() -> str:
    """Return the picture as SVG."""
    page = Drawing()
    draw_reading(page)
    middles = []
    for number, labels in enumerate(LEVELS, start=1):
        middles.append(draw_level(page, number, labels))
        if number < len(LEVELS):
            draw_passing(page, PASSED_ON[number - 1], number + 1)
    page.panel(
        "Global",
        "one layer reads what all levels found",
        "and scores all labels: half local, half global",
        "soft",
    )
    gathered = page.y - 24
    for middle in middles:
        page.line(f"M388 {middle:g}h7", "flow", arrow=False)
    page.line(f"M395 {middles[0] - 0.8:g}V{gathered:g}h-1", "flow")
    draw_kinds(page)
    page.panel("Blend", "what each is worth, level by level", "calibrated probabilities", "sunken")
    page.down()
    page.panel(
        "Labels",
        "Home › Repairs › Plumbing",
        "above the threshold, with all that is above them",
        "oksoft",
    )
    height = page.y + 8
    marker = (
        '<marker id="{}" viewBox="0 0 6 6" refX="1" refY="3" markerWidth="6" markerHeight="6" '
        'orient="auto" markerUnits="userSpaceOnUse"><path d="M0 0L6 3L0 6z"/></marker>'
    )
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:g}" width="560" '
            'role="img" aria-labelledby="title story">',
            f'<title id="title">{TITLE}</title>',
            f'<desc id="story">{STORY}</desc>',
            f"<style>{style()}</style>",
            f"<defs>{marker.format('flow')}{marker.format('line')}</defs>",
            f'<rect class="surface" width="{WIDTH}" height="{height:g}" rx="8"/>',
            *page.marks,
            "</svg>\n",
        ]
    )


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    place = Path(__file__).parents[1] / "docs" / "network.svg"
    parser.add_argument("file", type=Path, nargs="?", default=place)
    with write_atomically(parser.parse_args(arguments).file) as file:
        file.write(draw())


if __name__ == "__main__":
    main()
