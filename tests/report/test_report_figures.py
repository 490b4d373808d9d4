"""The figures: every one is drawn of every report, whatever its names are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from harnn.errors import InputError, MissingExtraError
from harnn.report import figures
from harnn.report.icicle import column_places, f1_class, lay_out
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
