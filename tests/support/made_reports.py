"""Reports to look at: of a small trained model, and of made-up scores over any taxonomy."""

from __future__ import annotations

import dataclasses
import datetime
from functools import cache
from pathlib import Path

import numpy as np
from scipy.sparse import csr_array

import harnn
from harnn.decode import Decoder, Scores
from harnn.evaluation import evaluate_closely
from harnn.metrics import Resampling, TrainingCounts
from harnn.report import DriftReport, ModelReport, Origin, make_report
from harnn.sample import sample
from harnn.taxonomy import Taxonomy
from harnn.watching import compare_figures
from support.watched import COUNTS, EDGES, made_figures

GOLDEN = Path(__file__).parents[1] / "golden" / "format-3"
FEW = Resampling(20, 1)
HOSTILE = "<script>alert(1)</script>&amp;\"'`${x}</script><!--"
BROKEN = f"{HOSTILE} \x00 \x1b[31m \ud800"
LABELS = {
    "h": HOSTILE,
    "z": "中文标签：梨酒",
    "a": "تصنيف العربية",
    "u": "line \u202e turned",
    "l": "long " * 200,
    "d": "costs $5 and $7",
}


@cache
def trained(name: str = "blend") -> harnn.Predictor:
    """A small model with a network, or ``fast`` without one."""
    return harnn.Predictor.load(GOLDEN / name)


@cache
def sample_report(name: str = "blend") -> ModelReport:
    """The report of such a model on the test documents of the sample."""
    return make_report(
        trained(name), sample("en").test, directory=GOLDEN / name, resampling=FEW, command="again"
    )


def made_report(taxonomy: Taxonomy, documents: int = 60, beginning: str = "A text") -> ModelReport:
    """A report of scores that are right more often than not; *beginning*: of every document."""
    random = np.random.default_rng(5)
    labels = len(taxonomy)
    wanted = random.random((documents, labels)) < min(0.3, 4 / labels)
    targets = taxonomy.hierarchy.close_sets(csr_array(wanted))
    noise = random.random((documents, labels)) ** (2 if labels < 100 else 40)
    values = 0.3 * targets.toarray() + 0.7 * noise
    counts = TrainingCounts(random.integers(0, 40, labels), 50)
    found = evaluate_closely(
        [Scores(tuple(f"{beginning[:40]} {row}" for row in range(documents)), values.astype("f4"))],
        targets,
        Decoder(0.5),
        taxonomy,
        training=counts,
        resampling=FEW,
    )
    return ModelReport(
        evaluation=found,
        bundle=trained("fast").bundle,
        model=Origin(beginning, "0" * 64),
        data=(Origin(f"{beginning}.jsonl", "1" * 64),),
        beginnings=dict.fromkeys(found.shown_rows, beginning),
        made=datetime.date(2026, 1, 2),
    )


@cache
def hostile_report() -> ModelReport:
    """A report of which every name and text is hard to show."""
    edges = [(code, "ROOT") for code in "hzau"] + [("l", "h"), ("d", "h"), ("d", "z")]
    return made_report(Taxonomy.from_edges(edges, names=LABELS), beginning=BROKEN)


@cache
def large_report() -> ModelReport:
    """A report of 9,162 labels on three levels."""
    edges = [(f"s{a}", "ROOT") for a in range(12)]
    edges += [(f"g{b}", f"s{b % 12}") for b in range(150)]
    edges += [(f"t{c}", f"g{c % 150}") for c in range(9_000)]
    return made_report(Taxonomy.from_edges(edges), documents=400)


def drift_report(
    names: dict[str, str] | None = None, documents: int = 300, **changes: object
) -> DriftReport:
    """The report of made-up documents of which something moved."""
    taxonomy = Taxonomy.from_edges(EDGES, names=names)
    now = made_figures(documents, 2, right=0.9, **changes)
    return DriftReport(
        drift=compare_figures(made_figures(2_000, 1, right=0.9), now, taxonomy, COUNTS),
        taxonomy=taxonomy,
        model=Origin("model", "0" * 64),
        data=(Origin("last-month.jsonl", "1" * 64),),
        against=None,
        made=datetime.date(2026, 1, 2),
        command="harnn drift model --data last-month.jsonl",
    )


@cache
def hostile_drift_report() -> DriftReport:
    """One of which every name is hard to show."""
    made = drift_report(
        {"A": HOSTILE, "B": LABELS["a"], "B0": LABELS["l"], "C": LABELS["z"], "C0": LABELS["u"]},
        shares=(0.2, 0.3, 0.5),
        empty=0.2,
        field=BROKEN,
    )
    return dataclasses.replace(
        made, model=Origin(BROKEN, ""), data=(Origin(BROKEN, ""),), against=(Origin(BROKEN, ""),)
    )
