"""The drawing in the documentation is what its program draws."""

from __future__ import annotations

from pathlib import Path

import pytest

DRAWN = Path(__file__).parents[2] / "docs" / "network.svg"


def test_the_drawing_is_up_to_date(tmp_path: Path) -> None:
    from network_drawing import main

    main([str(tmp_path / "network.svg")])
    assert (tmp_path / "network.svg").read_bytes() == DRAWN.read_bytes()


def test_words_are_passed_on_with_mean_1() -> None:
    from network_drawing import PASSED_ON

    for weights in PASSED_ON:
        assert sum(weights) / len(weights) == pytest.approx(1)


def test_the_colours_are_those_of_the_pages() -> None:
    from network_drawing import COLOURS

    import harnn

    home = Path(harnn.__file__).parent
    sheets = (home / "pages" / "shared.css", home / "serve" / "web" / "web.css")
    pages = "".join(sheet.read_text(encoding="utf-8") for sheet in sheets)
    for light, dark in COLOURS.values():
        assert f"light-dark({light.replace('#ffffff', '#fff')},{dark})" in pages
