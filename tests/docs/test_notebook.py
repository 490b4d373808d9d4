"""docs/notebook.ipynb runs, and its outputs are those that it shows."""

from __future__ import annotations

import copy
import re
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("nbclient")
pytest.importorskip("ipykernel")
pytest.importorskip("pandas")

from support import notebooks
from support.typed_pages import DOCS

PLACE = DOCS / "notebook.ipynb"
_LEARNED = re.compile(r"[+-]?\d+\.\d+|\d+%")
_MOST_OFF = {"%": 8.0, ".": 0.06}
"""What learned numbers may differ by from machine to machine: shares in percent, others."""


def without_numbers(text: str) -> str:
    return re.sub(r" +#", " #", _LEARNED.sub("#", text))


def assert_nearly(found: str, shown: str) -> None:
    """Compare text to the letter, numbers with a decimal point or a percent sign nearly."""
    assert without_numbers(found) == without_numbers(shown)
    for ours, theirs in zip(_LEARNED.findall(found), _LEARNED.findall(shown), strict=True):
        most = _MOST_OFF["%" if theirs.endswith("%") else "."]
        expected = float(theirs.rstrip("%"))
        assert float(ours.rstrip("%")) == pytest.approx(expected, abs=most, rel=0.1), shown


@pytest.fixture(scope="module")
def notebook() -> Any:
    return notebooks.read(PLACE)


@pytest.mark.slow
def test_it_runs_and_shows_what_it_showed(notebook: Any, tmp_path: Path) -> None:
    again = notebooks.execute(copy.deepcopy(notebook), tmp_path)
    for new, old in zip(again.cells, notebook.cells, strict=True):
        if old.cell_type == "code":
            found, shown = notebooks.texts_of(new), notebooks.texts_of(old)
            assert len(found) == len(shown), old.source
            for each, other in zip(found, shown, strict=True):
                assert_nearly(each, other)


def test_numbers_that_differ_are_seen() -> None:
    assert_nearly("F1 0.61, 62%, effect +1.0", "F1 0.60, 60%, effect +1.1")
    for wrong in ("F1 0.71, 60%", "F1 0.60, 70%", "F2 0.60, 60%"):
        with pytest.raises(AssertionError):
            assert_nearly(wrong, "F1 0.60, 60%")


def test_every_cell_was_run_in_order_and_shows_something(notebook: Any) -> None:
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    assert len(code) > 12
    for cell in code:
        assert cell.outputs, cell.source
        assert {output.output_type for output in cell.outputs} <= {"stream", "execute_result"}
        assert all(output.get("name", "stdout") == "stdout" for output in cell.outputs)
        assert cell.metadata == {}


def test_it_knows_no_machine(notebook: Any) -> None:
    text = PLACE.read_text(encoding="utf-8")
    assert not re.search(r"(?<![\w.:/])/(?:home|tmp|root|work|usr|Users)/", text)
    assert set(notebook.metadata) == {"kernelspec", "language_info"}
    assert set(notebook.metadata.language_info) == {"name"}


def test_links_lead_somewhere(notebook: Any) -> None:
    text = "".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    links = re.findall(r"\]\(([^)#]+)", text)
    assert links
    assert [link for link in links if not (DOCS / link).is_file()] == []
