"""Tables for papers: what each form writes and escapes, to the letter."""

from __future__ import annotations

import csv
import dataclasses
import io
from pathlib import Path

import numpy as np
import pytest
from scipy.sparse import csr_array

from harnn.errors import ConfigError
from harnn.evaluation import (
    Column,
    PaperTable,
    PValue,
    StrategyMetrics,
    table_of_folds,
    table_of_report,
    table_of_seeds,
    table_of_strategies,
    write_paper_tables,
)
from harnn.evaluation.paper_tables import p_text
from harnn.metrics import Report, evaluate
from harnn.taxonomy import Taxonomy

TABLE = PaperTable(
    title="A & B",
    columns=(
        Column("level", "level", "text"),
        Column("labels", "labels", "count"),
        Column("micro-F1", "micro_f1"),
        Column("over seeds", "seeds", "spread"),
        Column("B \u2212 A", "difference", "difference"),
        Column("95%", "difference", "span"),
        Column("p", "p", "p"),
    ),
    rows=(
        (
            r"a|b_{1}\ 50% $#~^<>",
            1234,
            0.71449,
            (0.5, 0.0125),
            -0.1653,
            (-0.2, 0.001),
            PValue(0.04),
        ),
        ("all", 3, 1.0, (0.25, None), 0.0, None, PValue(2 / 1001, 2 / 1001)),
    ),
    notes=("45 documents.",),
)
CAPTION = (
    "A & B: in percent, rounded to one digit behind the point, differences and their intervals to "
    "two; mean \u00b1 standard deviation (n \u2212 1). 45 documents."
)


def made_report() -> Report:
    taxonomy = Taxonomy.from_levels({"top": ["A", "B"], "": ["c", "d"]}, [("c", "A"), ("d", "B")])
    scores = np.array([[0.9, 0.2, 0.7, 0.1], [0.4, 0.8, 0.3, 0.6], [0.6, 0.5, 0.2, 0.7]], "f4")
    true = csr_array(np.array([[1, 0, 1, 0], [0, 1, 0, 1], [1, 0, 1, 0]], bool))
    return evaluate(scores, csr_array(scores >= 0.5), true, taxonomy)


def test_markdown() -> None:
    assert TABLE.to_markdown() == (
        "| level | labels | micro-F1 | over seeds | B \u2212 A | 95% | p |\n"
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: |\n"
        r"| a\|b\_{1}\\ 50% \$\#\~^\<\> | 1,234 | 71.4 | 50.0 " + "\u00b1 1.2 | \u221216.53 | "
        "\u221220.00 to +0.10 | 0.040 |\n"
        r"| all | 3 | 100.0 | 25.0 | +0.00 |  | \<0.002 |" + f"\n\n{CAPTION}\n"
    )


def test_latex() -> None:
    caption = CAPTION.replace("&", r"\&").replace("\u00b1", r"$\pm$").replace("\u2212", "$-$")
    assert TABLE.to_latex() == (
        "% \\usepackage{booktabs}\n\\begin{table}\n\\centering\n"
        f"\\caption{{{caption}}}\n"
        "\\begin{tabular}{lrrrrrr}\n\\toprule\n"
        r"level & labels & micro-F1 & over seeds & B $-$ A & 95\% & p \\" + "\n\\midrule\n"
        r"a\textbar{}b\_\{1\}\textbackslash{} 50\% \$\#\textasciitilde{}\textasciicircum{}"
        r"\textless{}\textgreater{} & 1,234 & 71.4 & 50.0 $\pm$ 1.2 & $-$16.53 & "
        r"$-$20.00 to +0.10 & 0.040 \\" + "\n"
        r"all & 3 & 100.0 & 25.0 & +0.00 &  & \textless{}0.002 \\" + "\n"
        "\\bottomrule\n\\end{tabular}\n\\end{table}\n"
    )


def test_csv_is_not_rounded() -> None:
    rows = list(csv.reader(io.StringIO(TABLE.to_csv())))
    assert rows == [
        ["level", "labels", "micro_f1", "seeds", "seeds_sd", "difference", "difference_low",
         "difference_high", "p"],
        [r"a|b_{1}\ 50% $#~^<>", "1234", "0.71449", "0.5", "0.0125", "-0.1653", "-0.2", "0.001",
         "0.04"],
        ["all", "3", "1.0", "0.25", "", "0.0", "", "", str(2 / 1001)],
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("p_value", "least", "expected"),
    [
        (None, 0.0, "-"),
        (0.04, 0.0, "0.040"),
        (2 / 1001, 2 / 1001, "<0.002"),
        (4 / 1001, 2 / 1001, "0.004"),
        (2 / 1501, 2 / 1501, "<0.002"),  # not <0.001
        (2 / 10001, 2 / 10001, "<0.0002"),
        (0.05, 2 / 10001, "0.0500"),
        (1e-7, 0.0, "<0.001"),
        (1.0, 1.0, "1.000"),  # one sample tells nothing
    ],
)
def test_p_values_say_where_they_stop(p_value: float | None, least: float, expected: str) -> None:
    assert p_text(p_value, least) == expected


def test_a_report_has_a_line_a_level() -> None:
    report = made_report()
    table = table_of_report(report, name="model on test.jsonl")
    assert [row[0] for row in table.rows][-1] == "all"
    assert len(table.rows) == len(report.levels) + 1
    rows = list(csv.DictReader(io.StringIO(table.to_csv())))
    for row, level in zip(rows, report.levels, strict=False):
        for name in ("micro_f1", "macro_f1", "auprc"):
            assert float(row[name]) == getattr(level, name)
        assert row["hierarchical_f1"] == row["exact_match"] == ""
    assert float(rows[-1]["hierarchical_f1"]) == report.hierarchical_f1


def test_seeds_have_mean_and_deviation() -> None:
    first = made_report()
    levels = tuple(dataclasses.replace(x, micro_f1=x.micro_f1 / 2) for x in first.levels)
    second = dataclasses.replace(first, micro_f1=first.micro_f1 / 2, levels=levels)
    table = table_of_seeds([first, second], seeds=[1, 2], name="test")
    rows = list(csv.DictReader(io.StringIO(table.to_csv())))
    for row, value in zip(rows, [*(x.micro_f1 for x in first.levels), first.micro_f1], strict=True):
        assert float(row["micro_f1"]) == pytest.approx(0.75 * value)
        assert float(row["micro_f1_sd"]) == pytest.approx(value * 0.5 / 2**0.5)
        assert float(row["macro_f1_sd"]) == 0
    assert "2 seeds: 1, 2." in table.caption()
    with pytest.raises(ValueError, match=r"^Expected two or more reports with the same levels\.$"):
        table_of_seeds([first])
    folds = table_of_folds([first, second], name="test")
    assert folds.rows == table.rows
    assert "2 folds, each answered by a model of the others." in folds.caption()


def test_strategies() -> None:
    found = StrategyMetrics(
        strategy="level", used=True, micro_f1=0.5, macro_f1=0.25, hierarchical_f1=0.75,
        mean_predicted=2.345, empty_predictions=7,
    )  # fmt: skip
    table = table_of_strategies([found])
    assert "| level | 50.0 | 25.0 | 75.0 | 2.35 | 7 |" in table.to_markdown()
    assert table.notes == ("The model uses level.",)


def test_files(tmp_path: Path) -> None:
    for suffix, text in (
        (".md", TABLE.to_markdown() + "\n" + TABLE.to_markdown()),
        (".tex", TABLE.to_latex() + "\n" + TABLE.to_latex()),
        (".csv", TABLE.to_csv()),
    ):
        write_paper_tables(tmp_path / f"t{suffix}", [TABLE, TABLE])
        assert (tmp_path / f"t{suffix}").read_text("utf-8") == text
    with pytest.raises(ConfigError, match=r"unknown extension '\.html', expected \.md, \.tex or"):
        write_paper_tables(tmp_path / "t.html", [TABLE])
    with pytest.raises(ConfigError, match=r"there is no table to write\.$"):
        write_paper_tables(tmp_path / "t.csv", [])
    with pytest.raises(ValueError, match=r"^Expected rows of 1 cells\.$"):
        PaperTable(title="", columns=(Column("a", "a"),), rows=((1.0, 2.0),))
