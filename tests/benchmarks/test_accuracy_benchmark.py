"""The comparison with peers: its decisions, its evaluation, and one run from end to end."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy.sparse import csr_array

from harnn.decode import best_or_nearly
from harnn.metrics import prf
from harnn.taxonomy import Taxonomy

if TYPE_CHECKING:
    from accuracy.decisions import Scored

EDGES = "animal\tROOT\nplant\tROOT\ncat\tanimal\ndog\tanimal\ntree\tplant\nmoss\tplant\n"


def small_case(seed: int = 0) -> tuple[Taxonomy, np.ndarray, csr_array]:
    rng = np.random.default_rng(seed)
    taxonomy = Taxonomy.from_edges(
        [tuple(line.split("\t")) for line in EDGES.splitlines() if line]  # type: ignore[misc]
    )
    raw = rng.normal(size=(40, len(taxonomy))).astype(np.float32).round(1)
    wanted = csr_array(raw + rng.normal(size=raw.shape) > 1)
    return taxonomy, raw, taxonomy.hierarchy.close_sets(wanted)


def scored_case(seed: int) -> tuple[Taxonomy, Scored]:
    from accuracy.decisions import Scored, best_paths
    from accuracy.reading import terminal_columns

    taxonomy, raw, targets = small_case(seed)
    values = taxonomy.hierarchy.propagate(raw)
    terminal = terminal_columns(targets, taxonomy, 0.5)
    return taxonomy, Scored(values, best_paths(raw, terminal, taxonomy, targets), targets)


@pytest.mark.parametrize("seed", range(4))
def test_every_micro_rule_reaches_the_best_of_all_thresholds(seed: int) -> None:
    from accuracy.decisions import Rule, tune_micro

    taxonomy, scored = scored_case(seed)
    row, column = scored.targets.nonzero()
    candidates = [*np.unique(scored.values[row, column]), scored.values.max() + 1]
    for rule, reached in tune_micro(scored):
        f1 = prf(rule.apply(scored, taxonomy), scored.targets).micro.f1
        assert f1 == pytest.approx(reached)
        others = [
            prf(Rule("", t, rule.best).apply(scored, taxonomy), scored.targets).micro.f1
            for t in candidates[: -1 if rule.best == "empty" else None]
        ]
        assert reached == pytest.approx(max(others))


@pytest.mark.parametrize("seed", range(4))
def test_the_rule_chosen_is_the_best_or_nearly(seed: int) -> None:
    from accuracy import evaluation
    from accuracy.decisions import tune_micro

    taxonomy, scored = scored_case(seed)
    rules = tune_micro(scored)
    chosen = [rule.apply(scored, taxonomy) for rule, _ in rules]
    expected = rules[best_or_nearly(chosen, scored.targets)]
    assert evaluation.choose_rule(rules, scored, taxonomy) is expected


def test_thresholds_per_label_reach_the_best_f1_of_each_label() -> None:
    from accuracy.decisions import tune_each

    _, scored = scored_case(1)
    thresholds, f1, highest = tune_each(scored)
    true = scored.targets.toarray()
    for label in range(true.shape[1]):
        values = scored.values[:, label]
        best = max(
            2
            * np.sum((values >= t) & true[:, label])
            / (np.sum(values >= t) + true[:, label].sum())
            for t in values
        )
        chosen = values >= thresholds[label]
        reached = 2 * np.sum(chosen & true[:, label]) / (chosen.sum() + true[:, label].sum())
        assert f1[label] == pytest.approx(best)
        assert reached == pytest.approx(best)
        assert not (values >= highest[label]).any()


def test_chosen_labels_are_closed_upward() -> None:
    from accuracy.decisions import tune_macro

    taxonomy, scored = scored_case(2)
    rule, _ = tune_macro(scored, taxonomy, natural=0.0)
    chosen = rule.apply(scored, taxonomy)
    closed = taxonomy.hierarchy.close_sets(chosen)
    np.testing.assert_array_equal(closed.toarray(), chosen.toarray())


def test_documents_end_at_their_most_specific_labels() -> None:
    from accuracy.reading import terminal_columns

    taxonomy, _, targets = small_case(5)
    ends = np.zeros(len(taxonomy))
    for row in range(targets.shape[0]):
        columns = targets.indices[targets.indptr[row] : targets.indptr[row + 1]]
        ends[taxonomy.most_specific(columns)] += 1
    shares = ends / np.maximum(targets.sum(axis=0), 1)
    for share in (1e-9, 0.5, 1.0):
        expected = np.flatnonzero(shares >= share)
        assert terminal_columns(targets, taxonomy, share).tolist() == expected.tolist()


def test_margins_are_moved_into_the_range_of_scores_in_their_order() -> None:
    from accuracy.evaluation import _between_0_and_1

    margins = np.array([[-3.0, 0.5], [2.0, -1.0]], dtype=np.float32)
    moved = _between_0_and_1(margins)
    assert moved.min() == 0
    assert moved.max() == 1
    assert (np.argsort(moved, axis=None) == np.argsort(margins, axis=None)).all()
    probabilities = np.array([[0.25, 0.75]], dtype=np.float32)
    assert _between_0_and_1(probabilities) is probabilities


def test_pareto_front_keeps_what_no_other_beats() -> None:
    from accuracy.report import pareto_front

    points = [(3.0, 0.5), (1.0, 0.4), (2.0, 0.3), (4.0, 0.9), (4.0, 0.8)]
    assert pareto_front(points) == [(1.0, 0.4), (3.0, 0.5), (4.0, 0.9)]


@pytest.mark.slow
def test_one_run_and_its_report(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from accuracy.app import main

    output = tmp_path / "runs"
    arguments = ["run", "--data", str(data), "--only", "tiny", "--output", str(output)]
    assert main([*arguments, "--method", "linear-svc", "--keep-scores"]) == 0
    assert capsys.readouterr().out.startswith("tiny")
    path = output / "tiny--linear-svc--seed1.json"
    row = json.loads(path.read_text(encoding="utf-8"))
    assert row["micro"]["test"]["micro_f1"] == pytest.approx(1.0)
    assert row["macro"]["test"]["macro_f1"] == pytest.approx(1.0)
    assert row["training"]["seconds"] > 0
    assert row["model_mb"] > 0
    written = path.stat().st_mtime_ns
    assert main([*arguments, "--method", "linear-svc"]) == 0  # it is there: nothing to do
    assert path.stat().st_mtime_ns == written

    path.write_text(json.dumps({**row, "micro": None}), encoding="utf-8")
    assert main(["evaluate", str(output), "--data", str(data)]) == 0
    assert json.loads(path.read_text(encoding="utf-8")) == row

    skipped = {**row, "method": "m", "label": "m", "skipped": "one path only."}
    (output / "tiny--m--seed1.json").write_text(json.dumps(skipped), encoding="utf-8")
    table = tmp_path / "table.md"
    assert main(["report", str(output), "--markdown", str(table)]) == 0
    text = table.read_text(encoding="utf-8")
    assert "### tiny" in text
    assert "| linear-svc | 100.0 | 100.0 | 100.0 | 100.0 | 100.0 / 100.0 |" in text
    assert "- m on tiny: one path only." in text


def test_the_plot_is_a_picture(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="the plot needs matplotlib, in the extra bench")
    from accuracy.report import plot

    rows = [
        {
            "dataset": dataset,
            "label": method,
            "ours": method == "harnn",
            "training": {"seconds": seconds},
            "micro": {"test": {"auprc": auprc}},
        }
        for dataset in ("one", "two")
        for method, seconds, auprc in (("harnn", 10.0, 0.9), ("peer", 2.0, 0.8))
    ]
    plot(rows, tmp_path / "plot.png", cost="seconds")
    assert (tmp_path / "plot.png").read_bytes().startswith(b"\x89PNG")


def test_a_missing_peer_is_named_with_the_way_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from accuracy import app

    monkeypatch.setattr(app, "how_to_install", lambda name: "pip install it")
    with pytest.raises(SystemExit) as stopped:
        app.main(["run", "--method", "napkinxc-br", "pecos-flat", "--output", str(tmp_path)])
    assert str(stopped.value) == (
        "napkinxc-br is not installed: pip install it\npecos-flat is not installed: pip install it"
    )
