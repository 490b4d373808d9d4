"""What mattered in a study, as a picture: a bar a setting, and the trials' scores by its values."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from harnn._files import write_atomically
from harnn._optional import require
from harnn._places import check_suffix
from harnn.errors import ConfigError
from harnn.search.space import Choice, Range
from harnn.search.trials import Trial
from harnn.search.tuning import Tuned

SUFFIXES = (".svg", ".png")
_PURPOSE, _EXTRA = "A picture of what mattered", "report"
_MOST_SETTINGS = 12
"""With a row of their own."""
_DOTS = 160
"""Of PNG, an inch."""
_BAR, _POINT, _BEST = "#4878a8", "#9aa7b4", "#c0392b"
_STYLE = {
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "svg.hashsalt": "harnn",
    "svg.fonttype": "path",
}


def write_importance(tuned: Tuned, path: str | Path, *, score: str = "score") -> None:
    """Draw what the differences between trials come from (``.svg`` or ``.png``).

    The share of each setting stands beside the scores of all finished trials by its values, so that
    one sees what the best values are, too. score: what trials are judged by, for the axis.

    Raises:
        ConfigError: another suffix, or nothing is known of what mattered.
        MissingExtraError: matplotlib is not installed.
        InputError: the file cannot be written.
    """
    path = Path(path)
    check_suffix(path, SUFFIXES)
    form = path.suffix.lower()[1:]
    figure = draw_importance(tuned, score=score)
    drawn = io.BytesIO()
    with _matplotlib().rc_context(_STYLE):
        metadata = {"Date": None} if form == "svg" else None
        figure.savefig(drawn, format=form, dpi=_DOTS, metadata=metadata)
    with write_atomically(path, "wb") as file:
        file.write(drawn.getvalue())


def draw_importance(tuned: Tuned, *, score: str = "score") -> Any:
    """Return the same as a ``matplotlib.figure.Figure``.

    Raises:
        ConfigError, MissingExtraError: see :func:`write_importance`.
    """
    if not tuned.importance:
        what = "of fewer than four finished trials, or trials of the same score, nothing is known."
        raise ConfigError(f"The picture of what mattered: {what}")
    ranked = sorted(tuned.importance.items(), key=lambda pair: -pair[1])[:_MOST_SETTINGS]
    finished = [trial for trial in tuned.trials if trial.state == "finished"]
    figures = require("matplotlib.figure", purpose=_PURPOSE, extra=_EXTRA)
    with _matplotlib().rc_context(_STYLE):
        figure = figures.Figure(figsize=(7.5, 0.7 + 1.25 * len(ranked)), layout="constrained")
        axes = figure.subplots(len(ranked), 2, squeeze=False, width_ratios=(1, 1.3))
        for (name, share), (bar, points) in zip(ranked, axes, strict=True):
            _draw_bar(bar, name, share, most=ranked[0][1])
            _draw_points(points, name, finished, tuned)
        axes[0][0].set_title("share of the differences", fontsize=9, loc="left")
        axes[0][1].set_title(f"{score} of each trial, the best in red", fontsize=9, loc="left")
    return figure


def _draw_bar(axes: Any, name: str, share: float, *, most: float) -> None:
    axes.barh([0], [share], height=0.5, color=_BAR)
    axes.text(share, 0, f" {share:.0%}", va="center", ha="left")
    axes.text(0, 0.36, name, va="bottom", ha="left")
    axes.set(xlim=(0, 1.25 * most), ylim=(-0.5, 0.9), yticks=[], xticks=[])
    axes.spines["bottom"].set_visible(False)


def _draw_points(axes: Any, name: str, trials: Sequence[Trial], tuned: Tuned) -> None:
    """Draw the scores of trials by the value of a setting; words stand beside each other."""
    shown = [trial for trial in trials if name in trial.settings]
    values = [trial.settings[name] for trial in shown]
    tried = None if tuned.space is None else tuned.space.tried.get(name)
    places, words = _places(values, as_words=isinstance(tried, Choice))
    best = None if tuned.best is None else tuned.best.number
    order = sorted(range(len(shown)), key=lambda at: shown[at].number == best)
    colors = [_BEST if shown[at].number == best else _POINT for at in order]
    axes.scatter([places[at] for at in order], [shown[at].score for at in order], c=colors, s=18)
    if words:
        axes.set_xticks(range(len(words)), words)
        axes.set_xlim(-0.5, len(words) - 0.5)
    elif isinstance(tried, Range) and tried.log:
        axes.set_xscale("log")
    axes.margins(y=0.15)


def _places(values: Sequence[Any], *, as_words: bool) -> tuple[list[float], list[str]]:
    """Return where values stand on an axis, and, where it has words, these."""
    numbers = [x for x in values if isinstance(x, int | float) and not isinstance(x, bool)]
    if len(numbers) == len(values) and not as_words:
        return [float(x) for x in numbers], []
    ordered = sorted({*values}, key=lambda x: (x, "") if x in numbers else (0, _word(x)))
    words = [_word(x) for x in ordered]
    return [float(words.index(_word(x))) for x in values], words


def _word(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _matplotlib() -> Any:
    return require("matplotlib", purpose=_PURPOSE, extra=_EXTRA)
