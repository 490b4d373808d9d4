"""Which branches a model does without: what is lost by it, what stays, and who is told."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.special import expit
from sklearn.metrics import average_precision_score

import harnn
from harnn.branches import Blend
from harnn.branches.blend import Outputs
from harnn.branches.kinds import prior_of
from harnn.branches.leaving_out import LeftOut, needless_branches, read_left_out
from harnn.bundle.card import model_card
from harnn.config import Config
from harnn.data import Document
from harnn.decode import error_of_micro_f1, tune_threshold
from harnn.errors import BundleError
from harnn.taxonomy import Hierarchy
from harnn.training import Event, Stage, is_finished
from support.topics import TAXONOMY, TOPICS

LEVELS = np.array([1, 1, 2, 2, 2])
HIERARCHY = Hierarchy.from_edges(np.array([[2, 0], [3, 0], [4, 1]]), LEVELS)
COUNTS = np.array([40, 30, 9, 3, 5])


def fit(outputs: Outputs, targets: Any) -> NDArray[np.float32]:
    priors = {name: prior_of(name) for name in outputs}
    return Blend.fit(outputs, targets, HIERARCHY, label_counts=COUNTS, priors=priors)[1]


def made(
    *names: str, documents: int = 600, seed: int = 0
) -> tuple[dict[str, NDArray[np.float32]], csr_array[Any]]:
    """Return what branches say, each with noise of its own or, named ``*``, those of the first."""
    generator = np.random.default_rng(seed)
    true = 3 * generator.normal(size=(documents, len(LEVELS)))
    targets = HIERARCHY.close_sets(csr_array(generator.random(true.shape) < expit(true - 2)))
    outputs: dict[str, NDArray[np.float32]] = {}
    for name in names:
        own = true + 3 * generator.normal(size=true.shape)
        copied = name.startswith("*")
        first = next(iter(outputs.values()), own)
        outputs[name.removeprefix("*")] = (first if copied else own).astype(np.float32)
    return outputs, targets


def left(outputs: Outputs, targets: Any) -> list[str]:
    return [each.branch for each in needless_branches(outputs, targets, HIERARCHY, fit)]


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["linear", "network", "text_vectors", "transformer"], []),
        (["linear", "*network", "text_vectors", "*transformer"], ["transformer", "network"]),
        (["linear", "*text_vectors"], ["text_vectors"]),
        (["network", "*text_vectors"], ["text_vectors"]),
        (["text_vectors", "*transformer"], ["transformer"]),
        (["linear", "*document_vectors"], []),  # somebody brought them
        (["document_vectors", "*network"], ["network"]),
        (["network"], []),
        (["linear"], []),
    ],
)
def test_what_says_nothing_new_is_left_out(names: list[str], expected: list[str]) -> None:
    assert left(*made(*names)) == expected


def test_what_is_dearer_goes_first_and_the_cheapest_stays() -> None:
    """Of two that say the same either can be done without; of three the cheapest one stays."""
    outputs, targets = made("linear", "network")
    same = dict.fromkeys(("network", "text_vectors", "transformer"), outputs["network"])
    assert left({**outputs, **same}, targets) == ["transformer", "text_vectors"]
    assert left(same, targets) == ["transformer", "text_vectors"]


def test_what_was_kept_is_looked_at_again() -> None:
    """Beside the network whole texts are worth something; without it they are not."""
    outputs, targets = made("linear", "network", "text_vectors")

    def blended(some: Outputs, targets: Any) -> NDArray[np.float32]:
        scores = fit(outputs, targets)
        return 1 - scores if some.keys() == {"linear", "network"} else scores

    found = needless_branches(outputs, targets, HIERARCHY, blended)
    assert [each.branch for each in found] == ["network", "text_vectors"]


@pytest.mark.parametrize("seed", range(4))
def test_all_that_is_lost_is_small(seed: int) -> None:
    names = ("linear", "*network", "*text_vectors", "transformer")
    outputs, targets = made(*names, seed=seed)
    found = needless_branches(outputs, targets, HIERARCHY, fit)
    true, worth = targets.toarray(), []
    gone = {each.branch for each in found}
    for some in (outputs, {x: y for x, y in outputs.items() if x not in gone}):
        closed = HIERARCHY.propagate(fit(some, targets))
        f1 = tune_threshold(closed, targets).micro_f1
        worth.append((f1, average_precision_score(true, closed, average="micro")))
    closed_by_all = HIERARCHY.propagate(fit(outputs, targets))
    lost = [before - after for before, after in zip(*worth, strict=True)]
    assert found
    assert found[-1][1:] == pytest.approx(lost, abs=1e-9)
    chosen = csr_array(closed_by_all >= tune_threshold(closed_by_all, targets).threshold)
    assert max(lost) <= error_of_micro_f1(chosen, targets) / 10


def test_of_few_documents_nothing_can_be_told(monkeypatch: pytest.MonkeyPatch) -> None:
    names = ("linear", "*network")
    assert left(*made(*names, documents=500)) == ["network"]
    assert left(*made(*names, documents=499)) == []
    monkeypatch.setattr("harnn.branches.leaving_out._MOST_CELLS", 499 * len(LEVELS))
    assert left(*made(*names, documents=600)) == []  # as where labels are very many


def test_of_many_documents_some_are_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harnn.branches.leaving_out._MOST_CELLS", 550 * len(LEVELS))
    outputs, targets = made("linear", "*network", documents=2_000)
    sizes = []

    def counted(outputs: Outputs, targets: Any) -> NDArray[np.float32]:
        sizes.append(targets.shape[0])
        return fit(outputs, targets)

    assert needless_branches(outputs, targets, HIERARCHY, counted)
    assert sizes == [550, 550]


def test_documents_without_labels_do_no_harm() -> None:
    outputs, _ = made("linear", "network")
    assert left(outputs, csr_array((600, len(LEVELS)), dtype=bool)) == ["network"]


def test_what_it_brought_is_said() -> None:
    assert LeftOut("network", -0.00126, 0.0003).describe() == (
        "the branch network, which brought micro-F1 -0.13, AUPRC +0.03 points on validation"
    )


def documents(count: int, seed: int) -> list[Document]:
    random = np.random.default_rng(seed)
    labels = [str(random.choice(list(TOPICS))) for _ in range(count)]
    return [
        Document(f"d{n}", {"text": TOPICS[label]}, (label,), f"m:{n}")
        for n, label in enumerate(labels)
    ]


SMALL = {"embedding_size": 4, "lstm_size": 4, "attention_size": 4, "fc_size": 4}


def config(**model: Any) -> Config:
    return Config.from_dict(
        {
            "text": {"vectors": "random"},
            "model": SMALL | {"text_vectors": "off"} | model,
            "training": {"epochs": 1, "precision": "32"},
        }
    )


def names_of(bundle: harnn.Bundle) -> Sequence[str]:
    return [branch.name for branch in bundle.ensemble.branches]


def test_a_model_whose_network_is_not_needed(tmp_path: Path) -> None:
    """N-grams alone are never wrong here."""
    given = (TAXONOMY, documents(60, 1), documents(500, 2))
    said: list[Event] = []
    result = harnn.fit(*given, config(), listener=said.append)
    assert names_of(result) == ["linear"]
    (line,) = (e.message for e in said if isinstance(e, Stage) and e.message.startswith("left"))
    start = "left out: the branch network, which brought micro-F1 "
    assert line.startswith(start)
    assert line.endswith(" points on validation (model.leave_out=off keeps it)")
    card = model_card(result)
    assert f"- {start}" in card
    assert len(result.history.rows) == 1
    place = harnn.save_bundle(result, tmp_path / "model")
    assert is_finished(place, *given, config())
    predictor = harnn.Predictor.load(place)
    assert predictor.bundle.ensemble.left_out == result.ensemble.left_out
    assert repr(predictor).startswith("Predictor(linear without network for ")
    assert "<td>left out</td><td>the branch network, which brought" in predictor._repr_html_()
    again = harnn.save_bundle(predictor.bundle, tmp_path / "again")
    assert (again / "config.json").read_bytes() == (place / "config.json").read_bytes()
    texts = [*TOPICS.values(), "", "zzqx"]
    alike = harnn.Predictor(result).predict(texts)
    assert [str(x) for x in predictor.predict(texts)] == [str(x) for x in alike]
    assert [x.labels[-1].label for x in predictor.predict(list(TOPICS.values()))] == list(TOPICS)

    assert names_of(harnn.fit(*given, config(leave_out="off"))) == ["linear", "network"]


@pytest.mark.parametrize(
    "damaged",
    [
        {},
        ["network"],
        [{"branch": "zzz", "micro_f1": 0.1, "auprc": 0.1}],
        [{"branch": ["network"], "micro_f1": 0.1, "auprc": 0.1}],
        [{"branch": "network", "auprc": 0.1}],
        [{"branch": "network", "micro_f1": 0.1, "auprc": 1.1}],
        [{"branch": "network", "micro_f1": float("nan"), "auprc": 0.1}],
    ],
)
def test_what_was_left_out_is_looked_at_when_it_is_read(damaged: Any) -> None:
    with pytest.raises(BundleError) as error:
        read_left_out(damaged, where="config.json")
    (said,) = error.value.problems
    assert said.where == "config.json"
    assert said.what.startswith("left_out: got ")
    assert said.what.endswith(", expected branches and what each brought.")


def test_a_stored_name_is_that_of_model_directories() -> None:
    given = (LeftOut("text_vectors", 0.0, -0.25), LeftOut("network", 1, -1))
    plain = [each.to_dict() for each in given]
    assert plain[0] == {"branch": "sentence", "micro_f1": 0.0, "auprc": -0.25}
    assert read_left_out(json.loads(json.dumps(plain)), where="") == given
    assert read_left_out([], where="") == ()
