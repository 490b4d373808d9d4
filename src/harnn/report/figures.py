"""The figures of a report, drawn with matplotlib for papers and notebooks."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from harnn._display import counted
from harnn._files import write_atomically
from harnn._optional import require
from harnn.errors import InputError, Problem
from harnn.metrics import wilson_interval
from harnn.pages import level_title
from harnn.report.fonts import choose_fonts
from harnn.report.icicle import column_places, f1_class, lay_out
from harnn.report.svg import Frame, place_names, shortened

if TYPE_CHECKING:
    from harnn.report.values import ModelReport

_PURPOSE = "Drawing figures"
_INK, _SOFT, _LINE, _ACCENT = "#1a1c1f", "#62656b", "#e1e1db", "#1d4f9c"
_CLASSES = ("#b1501c", "#e7b48f", "#e4e2d8", "#9dbee0", "#2c62a3")
_ON_CLASSES = ("#ffffff", _INK, _INK, _INK, "#ffffff")
_STYLES = ("-", "--", ":", "-.")
_SETTINGS = {
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "axes.edgecolor": _SOFT,
    "axes.labelcolor": _SOFT,
    "xtick.color": _SOFT,
    "ytick.color": _SOFT,
    "text.color": _INK,
    "svg.hashsalt": "harnn",
}
_AXES = Frame(width=420, height=290, left=0, right=0, top=0, bottom=0, y_range=(0, 1.02))
"""About the axes of a figure, in units in which letters are as wide as those of the page."""
_FEW_BARS = 6
"""Fewer are not made wider."""
_NAMED = 8
"""Characters without a font that are named."""
_DOTS = 200
"""Of PNG, an inch."""


def draw(report: ModelReport, name: str) -> Any:
    """Return one figure of :data:`FIGURES` as a ``matplotlib.figure.Figure``.

    Raises:
        MissingExtraError: matplotlib is not installed.
        ValueError: there is no such figure.
    """
    if name not in FIGURES:
        raise ValueError(f"Expected one of {', '.join(FIGURES)}, got {name!r}.")
    return _drawn(report, name)[0]


def _drawn(report: ModelReport, name: str) -> tuple[Any, str]:
    """Return a figure, and the characters in it that no installed font has."""
    with _style():
        figures = require("matplotlib.figure", purpose=_PURPOSE, extra="report")
        figure = figures.Figure(figsize=(6.0, 4.2), layout="constrained")
        axes = figure.add_subplot()
        axes.spines[["top", "right"]].set_visible(False)
        FIGURES[name](report, axes)
        return figure, choose_fonts(figure)


def write_figures(report: ModelReport, directory: str | Path) -> tuple[Path, ...]:
    """Write every figure as PNG and SVG into a directory, made where it is missing.

    Each file appears when it is complete; others of the directory stay as they are. Returns the
    files. Where no installed font has characters of names, one warning says so: they are boxes.

    Raises:
        InputError: the directory cannot be made, or files not be written there.
        MissingExtraError: matplotlib is not installed.
    """
    home = Path(directory)
    try:
        home.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        what = f"cannot be made: {error.strerror or error}."
        raise InputError(Problem(str(home), what)) from None
    written = []
    missing: set[str] = set()
    for name in FIGURES:
        figure, unknown = _drawn(report, name)
        missing.update(unknown)
        for form in ("png", "svg"):
            path = home / f"{name}.{form}"
            with write_atomically(path, "wb") as file:
                file.write(_encode(figure, form))
            written.append(path)
    if missing:
        some = " ".join(sorted(missing)[:_NAMED])
        warnings.warn(
            f"no installed font has {counted(len(missing), 'character')} of the figures ({some}"
            f"{' ...' if len(missing) > _NAMED else ''}): boxes stand for them. Install one, as "
            "Noto Sans CJK for Chinese, and draw them again.",
            stacklevel=2,
        )
    return tuple(written)


def _encode(figure: Any, form: str) -> bytes:
    buffer = io.BytesIO()
    metadata = {"Date": None} if form == "svg" else {}
    with _style():
        figure.savefig(buffer, format=form, dpi=_DOTS, metadata=metadata)
    return buffer.getvalue()


@contextmanager
def _style() -> Iterator[None]:
    matplotlib = require("matplotlib", purpose=_PURPOSE, extra="report")
    with matplotlib.rc_context(_SETTINGS), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")  # told at once
        yield


def _say(axes: Any, what: str) -> None:
    """Write a sentence in place of a figure that there is nothing for."""
    axes.set_axis_off()
    axes.text(0.5, 0.5, what, ha="center", va="center", color=_SOFT, wrap=True)


def _grid(axes: Any) -> None:
    axes.grid(axis="y", color=_LINE)
    axes.set_axisbelow(True)


def _colour(number: int) -> str:
    return _ACCENT if number == 0 else _INK


def _text(axes: Any, x: float, y: float, content: str, **options: Any) -> None:
    axes.text(x, y, content, parse_math=False, **options)


def _precision_recall(report: ModelReport, axes: Any) -> None:
    found = report.evaluation
    marks = []
    for number, (level, curve) in enumerate(
        zip(found.report.levels, found.level_curves, strict=True)
    ):
        style = _STYLES[number % len(_STYLES)]
        axes.plot(curve.recall, curve.precision, style, color=_colour(number), lw=1.2)
        point = (level.micro_recall, level.micro_precision)
        axes.plot(*point, "o", mfc="white", color=_colour(number), clip_on=False)
        marks.append((*point, level_title(level.name, level.level)))
    for x, y, name in place_names(_AXES, marks, 20):
        back = {"fc": "white", "ec": "none", "pad": 0.5, "alpha": 0.8}
        _text(axes, _AXES.x_of(x), _AXES.y_of(y), name, bbox=back)
    axes.set(xlim=(0, 1), ylim=(0, 1.02), xlabel="recall", ylabel="precision")
    _grid(axes)


def _thresholds(report: ModelReport, axes: Any) -> None:
    curve = report.evaluation.curve
    lines = (("F1", curve.f1), ("precision", curve.precision), ("recall", curve.recall))
    for number, (name, values) in enumerate(lines):
        axes.plot(
            curve.thresholds, values, _STYLES[number], color=_colour(number), lw=1.2, label=name
        )
    decoder = report.evaluation.decoder
    if decoder.strategy == "threshold":
        axes.axvline(decoder.threshold, color=_SOFT, lw=1)
        _text(axes, decoder.threshold + 0.01, 0.02, f"in use: {decoder.threshold:.2f}")
    axes.set(xlim=(0, 1), ylim=(0, 1.02), xlabel="threshold", ylabel="of all labels")
    axes.legend(frameon=False)
    _grid(axes)


def _reliability(report: ModelReport, axes: Any) -> None:
    bins = report.evaluation.report.reliability or ()
    known = [(x.mean_score, x.share_true, x.count) for x in bins if x.count]
    scores, shares, counts = (np.array(x, dtype=float) for x in zip(*known, strict=True))
    intervals = [
        wilson_interval(round(share * count), int(count))
        for share, count in zip(shares, counts, strict=True)
    ]
    bounds = np.abs(np.array(intervals).T - shares)
    axes.plot([0, 1], [0, 1], "--", color=_SOFT, lw=1)
    axes.errorbar(scores, shares, yerr=bounds, fmt="o-", color=_ACCENT, ms=4, lw=1.2)
    axes.set(xlim=(0, 1), ylim=(0, 1.02), xlabel="score", ylabel="share that was right")
    _grid(axes)


def _frequency(report: ModelReport, axes: Any) -> None:
    spread = report.evaluation.spread
    if spread is None:
        _say(axes, "The model does not say how many training documents its labels have.")
        return
    for number, each in enumerate(spread):
        if each.mean is not None and each.low is not None and each.high is not None:
            axes.plot([number, number], [each.low, each.high], color=_LINE, lw=5)
            axes.plot(number, each.mean, "o", color=_ACCENT, clip_on=False)
    names = [f"{'none' if x.name == '0' else x.name}\n{x.labels:,}" for x in spread]
    axes.set_xticks(range(len(spread)), names)
    axes.set(xlim=(-0.5, len(spread) - 0.5), ylim=(0, 1.02))
    axes.set(xlabel="training documents; labels", ylabel="F1: mean, middle half")
    _grid(axes)


def _taxonomy(report: ModelReport, axes: Any) -> None:
    found = report.evaluation
    hierarchy, f1 = found.taxonomy.hierarchy, found.labels.f1
    icicle = lay_out(hierarchy, found.labels.true, smallest=0.002)
    places = column_places(max((tile.level for tile in icicle.tiles), default=1))
    for tile in icicle.tiles:
        left, width = places[tile.level - 1]
        kind = 0 if tile.column is None else f1_class(float(f1[tile.column]))
        colour = _CLASSES[kind - 1] if kind else _LINE
        height = tile.stop - tile.start
        axes.barh(tile.start, width, height, left, align="edge", color=colour, ec="white", lw=0.4)
        if tile.column is not None and height >= 0.028:
            name = shortened(found.taxonomy.names[tile.column], int(width / 13))
            text = f"{name} {f1[tile.column]:.2f}"
            middle = tile.start + height / 2
            _text(axes, left + 6, middle, text, va="center", size=6, color=_ON_CLASSES[kind - 1])
    axes.set(xlim=(0, places[-1][0] + places[-1][1]), ylim=(1, 0))
    axes.set_axis_off()
    grouped = f"; grey: {counted(icicle.grouped, 'label')} too small" if icicle.grouped else ""
    what = f"height: documents; colour: F1, from orange (low) to blue (high){grouped}"
    axes.set_title(what, size=8)


def _confusion(report: ModelReport, axes: Any) -> None:
    found = report.evaluation
    names = found.taxonomy.names
    if not found.confusions:
        _say(axes, "No label was missed where a sibling of it was wrongly given.")
        return
    pairs = [
        f"{shortened(names[x.true], 26)} → {shortened(names[x.given], 26)}"
        for x in found.confusions
    ]
    counts = [x.documents for x in found.confusions]
    axes.barh(range(len(pairs)), counts, color=_SOFT, height=0.6)
    axes.set_yticks(range(len(pairs)), pairs)
    for label in axes.get_yticklabels():
        label.set_parse_math(False)
    axes.set_ylim(max(len(pairs), _FEW_BARS) - 0.5, -0.5)
    axes.set_xlabel("documents")
    axes.xaxis.get_major_locator().set_params(integer=True)


def _learning(report: ModelReport, axes: Any) -> None:
    bundle = report.bundle
    rows = bundle.history.rows
    if not rows:
        _say(axes, "Nothing was trained in epochs.")
        return
    lines = (("AUPRC", "auprc"), ("micro-F1", "micro_f1"), ("macro-F1", "macro_f1"))
    for number, (name, field) in enumerate(lines):
        values = [getattr(row, field) for row in rows]
        epochs = [row.epoch for row in rows]
        axes.plot(epochs, values, _STYLES[number], color=_colour(number), lw=1.2, label=name)
    kept = bundle.history.best(bundle.config.training.score)
    if kept is not None:
        axes.axvline(kept.epoch, color=_SOFT, lw=1)
    axes.set(ylim=(0, 1.02), xlabel="epoch", ylabel="on validation")
    axes.legend(frameon=False)
    axes.xaxis.get_major_locator().set_params(integer=True)
    _grid(axes)


FIGURES: dict[str, Callable[[ModelReport, Any], None]] = {
    "precision_recall": _precision_recall,
    "thresholds": _thresholds,
    "reliability": _reliability,
    "frequency": _frequency,
    "taxonomy": _taxonomy,
    "confusion": _confusion,
    "learning": _learning,
}
"""What is drawn, by name."""
