"""Plots as SVG: a frame with axes, and marks in it. Colours come from the page's style sheet."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from harnn.pages import escape

Point = tuple[float, float]
_DASHES = ("", " d1", " d2", " d3")
_LABEL_HEIGHT = 17.0


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
    parts += [
        f'<path class="ax" d="M{left:.1f} {base:.1f}H{right:.1f}"/>',
        text((right, base + 36), x_name, "m e"),
        text((left - 8, 10), y_name, "m"),
    ]
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
    """Return names beside points in values, above them and moved apart where they would touch."""
    placed: list[tuple[float, float, str]] = []
    for x_value, y_value, name in sorted(marks, key=lambda mark: -mark[1]):
        x, y = frame.x(x_value) + 8, frame.y(y_value) - 7
        near = [top for left, top, _ in placed if abs(left - x) < 70]
        y = max(y, near[-1] + _LABEL_HEIGHT) if near else y
        placed.append((x, y, shortened(name, 14)))
    return "".join(text((x, y), name, "halo") for x, y, name in placed)


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


def shortened(name: str, most: int) -> str:
    """Return as much of a name as *most* letters of Latin script take; others are wider."""
    room = float(most)
    for place, letter in enumerate(name):
        room -= 1.0 if ord(letter) < 0x1100 else 1.8
        if room < 0 and place < len(name) - 1:
            return f"{name[: max(place - 1, 1)].rstrip()}…"
    return name
