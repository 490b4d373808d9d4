"""Plots as SVG: a frame with axes, and marks in it. Colours come from the page's style sheet."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from harnn._display import takes_no_room, whole_signs
from harnn.pages import escape

Point = tuple[float, float]
_DASHES = ("", " d1", " d2", " d3")
_LABEL_HEIGHT = 17.0
LETTER = 5.9
"""Width of a letter in the drawing's units, about: the mean of English text."""
_NARROW, _WIDE = frozenset(" !'(),.:;I[]fijlrt|"), frozenset("%@MWmw")


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """Where a plot has its axes; values are mapped to units of the drawing."""

    width: float = 520
    height: float = 340
    left: float = 44
    right: float = 70
    top: float = 26
    bottom: float = 48
    x_range: Point = (0.0, 1.0)
    y_range: Point = (0.0, 1.0)

    def x(self, value: float) -> float:
        """Return where *value* stands from the left."""
        low, high = self.x_range
        return self.left + (value - low) / (high - low) * (self.width - self.left - self.right)

    def y(self, value: float) -> float:
        """Return where *value* stands from the top."""
        low, high = self.y_range
        return (
            self.height
            - self.bottom
            - (value - low) / (high - low) * (self.height - self.top - self.bottom)
        )

    def x_of(self, place: float) -> float:
        """Return the value at a place from the left."""
        low, high = self.x_range
        return low + (place - self.left) / (self.width - self.left - self.right) * (high - low)

    def y_of(self, place: float) -> float:
        """Return the value at a place from the top."""
        low, high = self.y_range
        height = self.height - self.top - self.bottom
        return low + (self.height - self.bottom - place) / height * (high - low)


def figure(frame: Frame, title: str, parts: Iterable[str]) -> str:
    """Return the drawing; title: what it shows, for those who do not see it."""
    return (
        f'<svg class="plot" viewBox="0 0 {frame.width:g} {frame.height:g}" role="img" '
        f'aria-label="{escape(title)}">{"".join(parts)}</svg>'
    )


def axes(
    frame: Frame,
    *,
    x_ticks: Sequence[tuple[float, str]],
    y_ticks: Sequence[tuple[float, str]],
    x_name: str,
    y_name: str,
) -> str:
    """Return grid, axis, ticks and names."""
    left, right = frame.left, frame.width - frame.right
    base = frame.height - frame.bottom
    parts = [
        f'<path class="gr" d="M{left:.1f} {frame.y(value):.1f}H{right:.1f}"/>'
        f'<text class="m e" x="{left - 8:.1f}" y="{frame.y(value) + 4:.1f}">{escape(name)}</text>'
        for value, name in y_ticks
    ]
    parts += [
        f'<path class="ax" d="M{frame.x(value):.1f} {base:.1f}v4"/>'
        f'<text class="m c" x="{frame.x(value):.1f}" y="{base + 18:.1f}">{escape(name)}</text>'
        for value, name in x_ticks
    ]
    parts.append(f'<path class="ax" d="M{left:.1f} {base:.1f}H{right:.1f}"/>')
    parts += [text((right, base + 36), x_name, "m e")] if x_name else []
    parts += [text((left - 8, 10), y_name, "m")] if y_name else []
    return "".join(parts)


def text(place: Point, content: str, kind: str = "") -> str:
    """Return text at a place of the drawing; kind: classes of the style sheet."""
    known = f' class="{kind}"' if kind else ""
    return f'<text{known} x="{place[0]:.1f}" y="{place[1]:.1f}">{escape(content)}</text>'


def line(frame: Frame, points: Sequence[Point], kind: str = "") -> str:
    """Return a line through points in values."""
    if not points:
        return ""
    path = "L".join(f"{frame.x(x):.1f} {frame.y(y):.1f}" for x, y in points)
    return f'<path class="ln{kind}" d="M{path}"/>'


def dash(number: int) -> str:
    """Return the classes of the line with this number: the first coloured, the next dashed."""
    return " a" if number == 0 else _DASHES[min(number, len(_DASHES) - 1)]


def ring(frame: Frame, point: Point, title: str) -> str:
    """Return a ring around a point in values, with what it is."""
    return (
        f'<circle class="ln fs" cx="{frame.x(point[0]):.1f}" cy="{frame.y(point[1]):.1f}" r="4">'
        f"<title>{escape(title)}</title></circle>"
    )


def dot(place: Point, kind: str, title: str = "") -> str:
    """Return a filled point at a place of the drawing."""
    told = f"<title>{escape(title)}</title>" if title else ""
    return f'<circle class="{kind}" cx="{place[0]:.1f}" cy="{place[1]:.1f}" r="4">{told}</circle>'


def names_at(frame: Frame, marks: Sequence[tuple[float, float, str]]) -> str:
    """Return names beside points in values, where they touch neither a point nor each other."""
    return "".join(text((x, y), name, "halo") for x, y, name in place_names(frame, marks, 14))


def place_names(
    frame: Frame, marks: Sequence[tuple[float, float, str]], most: float
) -> list[tuple[float, float, str]]:
    """Return where names stand, each from the left on its base line, and as much as *most* letters.

    marks: points in values with their names.
    """
    points = [(frame.x(x), frame.y(y)) for x, y, _ in marks]
    taken = [(x - 5, y - 5, x + 5, y + 5) for x, y in points]
    placed = []
    for number in sorted(range(len(marks)), key=lambda number: -marks[number][1]):
        (x, y), name = points[number], shortened(marks[number][2], most)
        width = LETTER * width_of(name)
        lefts = [left for left in (x + 8, x - 8 - width) if 0 <= left <= frame.width - width]
        downs = [-7.0, 16.0, *(step * _LABEL_HEIGHT for step in (-1.5, 2, -2.5))]
        downs += [step * _LABEL_HEIGHT for step in range(3, 4 + len(marks))]
        boxes = [
            (left, y + down - 11, left + width, y + down + 3)
            for down in downs
            for left in lefts
            if 11 <= y + down <= frame.height
        ]
        free = (box for box in boxes if not any(_touch(box, other) for other in taken))
        box = next(free, (x + 8, y - 18, x + 8 + width, y - 4))
        taken.append(box)
        placed.append((box[0], box[3] - 3, name))
    return placed


def _touch(first: tuple[float, ...], second: tuple[float, ...]) -> bool:
    """Tell whether two boxes, each left, top, right and bottom, have room in common."""
    return (
        first[0] < second[2]
        and second[0] < first[2]
        and first[1] < second[3]
        and second[1] < first[3]
    )


def names_beside(frame: Frame, ends: Sequence[tuple[float, str]]) -> str:
    """Return the names of lines to their right, moved apart where they would touch.

    ends: of each line its last value and its name.
    """
    order = sorted(range(len(ends)), key=lambda number: -ends[number][0])
    placed: list[tuple[float, str]] = []
    for number in order:
        wanted = frame.y(ends[number][0]) + 4
        lowest = placed[-1][0] + _LABEL_HEIGHT if placed else wanted
        placed.append((max(wanted, lowest), ends[number][1]))
    over = placed[-1][0] - (frame.height - frame.bottom + 4) if placed else 0
    if over > 0:  # rather up than out of the frame
        bound = frame.height - frame.bottom + 4
        for place in reversed(range(len(placed))):
            y = min(placed[place][0], bound)
            placed[place] = (y, placed[place][1])
            bound = y - _LABEL_HEIGHT
    x = frame.width - frame.right + 7
    return "".join(text((x, y), shortened(name, 11)) for y, name in placed)


def shortened(name: str, most: float) -> str:
    """Return as much of a name as *most* letters take; no sign is cut in two."""
    room = most
    for place, letter in enumerate(name):
        room -= width_of(letter)
        if room < 0:
            return f"{whole_signs(name, max(place - 1, 1)).rstrip()}…"
    return name


def width_of(name: str) -> float:
    """Return how wide a text is, in letters of :data:`LETTER`, about."""
    return sum(map(_width, name))


def _width(sign: str) -> float:
    if sign < "\x7f":
        return (
            0.65 if sign in _NARROW else 1.6 if sign in _WIDE else 1.3 if sign.isupper() else 1.12
        )
    if takes_no_room(sign):
        return 0.0
    return 1.2 if sign < "\u1100" or "\u2010" <= sign <= "\u2069" else 1.9
