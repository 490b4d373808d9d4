"""The figures: every one is drawn of every report, whatever its names are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from harnn.errors import InputError, MissingExtraError
from harnn.report import figures
from harnn.report.icicle import column_places, f1_class, lay_out
from harnn.report.svg import LETTER, Frame, place_names, shortened, width_of
from harnn.taxonomy import Hierarchy
from support.made_reports import hostile_report, sample_report

CHAIN = Hierarchy.from_edges([(2, 0), (3, 0), (4, 1), (5, 2)], [1, 1, 2, 2, 2, 3])


def test_tiles_share_their_parents_height() -> None:
    icicle = lay_out(CHAIN, np.array([30, 10, 12, 18, 5, 12]), smallest=0.01)
    tiles = {tile.column: tile for tile in icicle.tiles}
    assert (tiles[0].start, tiles[0].stop) == pytest.approx((0, 0.75))
    assert (tiles[1].start, tiles[1].stop) == pytest.approx((0.75, 1))
    assert (tiles[3].start, tiles[3].stop) == pytest.approx((0, 0.45))  # most documents first
    assert (tiles[2].start, tiles[2].stop) == pytest.approx((0.45, 0.75))
    assert (tiles[5].start, tiles[5].stop) == pytest.approx((0.45, 0.75))
    assert (tiles[4].start, tiles[4].stop) == pytest.approx((0.75, 0.875))  # room is left
    assert (icicle.grouped, icicle.without_documents, icicle.deeper) == (0, 0, 0)
    assert icicle.is_tree
    assert icicle.has_gaps


def test_small_tiles_are_put_together_and_counted() -> None:
    flat = Hierarchy.from_edges([(child, 0) for child in range(1, 60)], [1] + [2] * 59)
    support = np.array([100, 41] + [1] * 57 + [0])
    icicle = lay_out(flat, support, smallest=0.05)
    assert [(tile.column, tile.labels) for tile in icicle.tiles] == [(0, 1), (1, 1), (None, 57)]
    together = icicle.tiles[-1]
    assert (together.start, together.stop) == pytest.approx((0.41, 0.98))
    assert (icicle.grouped, icicle.without_documents) == (57, 1)
    nothing = lay_out(flat, np.zeros(60, dtype=np.int64), smallest=0.05)
    assert (nothing.tiles, nothing.without_documents) == ((), 60)
    shallow = lay_out(CHAIN, np.array([9, 0, 9, 0, 0, 9]), smallest=0.01, levels=2)
    assert shallow.deeper == 1
    assert not shallow.has_gaps


def test_classes_and_columns() -> None:
    assert [f1_class(x) for x in (0, 0.35, 0.5, 0.65, 0.8, 1)] == [1, 2, 3, 4, 5, 5]
    for levels in (1, 2, 4):
        places = column_places(levels)
        assert len(places) == levels
        assert places[-1][0] + places[-1][1] == pytest.approx(1038)


@pytest.mark.parametrize("name", figures.FIGURES)
def test_every_figure_of_every_report(name: str) -> None:
    pytest.importorskip("matplotlib")
    for report in (sample_report(), sample_report("fast"), hostile_report()):
        figure = figures.draw(report, name)
        assert len(figure.axes) == 1
        assert figures._encode(figure, "png").startswith(b"\x89PNG")


@pytest.mark.slow
def test_methods_and_files(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    report = sample_report()
    for name in figures.FIGURES:
        assert callable(getattr(report, f"plot_{name}"))
    written = report.write_figures(tmp_path / "figures")
    assert sorted(path.name for path in written) == sorted(
        f"{name}.{form}" for name in figures.FIGURES for form in ("png", "svg")
    )
    svg = (tmp_path / "figures" / "learning.svg").read_bytes()
    assert figures._encode(report.plot_learning(), "svg") == svg  # the same every time
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be made"):
        report.write_figures(tmp_path / "file")
    with pytest.raises(ValueError, match=r"Expected one of precision_recall, .*, got 'pie'"):
        figures.draw(report, "pie")


def test_without_packages_one_sentence_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import sys

    report = sample_report()
    for module, ask, message in (
        ("matplotlib", report.plot_taxonomy, r"pip install 'harnn\[report\]'$"),
        ("pandas", report.to_frame, "pip install pandas$"),
        ("jinja2", lambda: report.write_html(tmp_path / "x.html"), r"'harnn\[report\]'$"),
    ):
        with monkeypatch.context() as patch:
            for name in [n for n in sys.modules if n.partition(".")[0] == module]:
                patch.delitem(sys.modules, name)
            patch.setattr(sys, "meta_path", [_Blocked(module), *sys.meta_path])
            with pytest.raises(MissingExtraError, match=message):
                ask()
    assert list(tmp_path.iterdir()) == []


class _Blocked:
    """Let a package not be found."""

    def __init__(self, module: str) -> None:
        self.module = module

    def find_spec(self, name: str, *_rest: object) -> None:
        if name.partition(".")[0] == self.module:
            raise ModuleNotFoundError(name=name)


def test_fonts_are_chosen_by_what_they_can_write(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pytest.importorskip("matplotlib")
    from matplotlib.figure import Figure

    from harnn.report import fonts

    signs = {"own": frozenset("abc"), "han": frozenset("ab中"), "arabic": frozenset("ة")}
    monkeypatch.setattr(fonts, "_own_path", lambda: "own")
    monkeypatch.setattr(fonts, "_signs", lambda path: signs[path])
    candidates = [("Latin", "own"), ("Han", "han"), ("Arabic", "arabic")]
    monkeypatch.setattr(fonts, "_candidates", lambda: iter(candidates))
    figure = Figure()
    text = figure.text(0, 0, "a\u200d中 \u2068字")
    assert fonts.choose_fonts(figure) == "字"
    assert text.get_fontfamily() == ["DejaVu Sans", "Han"]
    plain = figure.text(0, 0, "a")
    text.set_text("abc")
    assert fonts.choose_fonts(figure) == ""
    assert plain.get_fontfamily() == ["DejaVu Sans"]


def test_characters_without_a_font_are_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pytest.importorskip("matplotlib")
    from harnn.report import fonts

    monkeypatch.setattr(fonts, "_candidates", lambda: iter(()))
    message = r"^no installed font has 7 characters of the figures \(中 文 标 梨 签 酒 ：\): boxes "
    with pytest.warns(UserWarning, match=message) as told:
        hostile_report().write_figures(tmp_path)
    assert len(told) == 1


@pytest.mark.parametrize("wide", [False, True])
def test_names_beside_points_touch_nothing(wide: bool) -> None:
    frame = Frame(right=30)
    name = "中文標籤中文標籤" if wide else "Level 1"
    marks = [(0.62, 0.75, name), (0.66, 0.76, name), (0.7, 0.755, name), (0.99, 0.01, name)]
    placed = place_names(frame, marks, 14)
    boxes = [(x, y - 11, x + LETTER * width_of(shown), y + 3) for x, y, shown in placed]
    boxes += [(frame.x(x) - 4, frame.y(y) - 4, frame.x(x) + 4, frame.y(y) + 4) for x, y, _ in marks]
    for one, first in enumerate(boxes[:4]):
        assert 0 <= first[0] <= first[2] <= frame.width
        for second in boxes[:one] + boxes[4:]:
            assert (
                first[2] <= second[0]
                or second[2] <= first[0]
                or first[3] <= second[1]
                or second[3] <= first[1]
            )


def test_names_are_shortened_by_their_width() -> None:
    assert shortened("Physics", 14) == "Physics"
    assert len(shortened("i" * 100, 10)) > len(shortened("n" * 100, 10)) > 5
    assert len(shortened("中" * 100, 10)) < 6
    family = "\U0001f468\u200d\U0001f469\u200d\U0001f467"
    assert shortened(family * 9, 8).rstrip("…") in [family * count for count in range(1, 9)]
    assert shortened("e\u0301" * 40, 10).rstrip("…").endswith("e\u0301")
    for at in (0.0, 0.3, 1.0):
        frame = Frame()
        assert frame.x_of(frame.x(at)) == pytest.approx(at)
        assert frame.y_of(frame.y(at)) == pytest.approx(at)
