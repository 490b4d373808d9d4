"""From documents and a model to what has moved."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import harnn
from harnn.config import DataConfig
from harnn.data import Document, labelled_documents
from harnn.errors import ConfigError, DocumentError
from harnn.prediction import count_documents
from harnn.sample import sample
from harnn.watching import figures_from_dict, figures_to_dict
from support.made_reports import GOLDEN

FILES, CHINESE = sample("en"), sample("zh")


@pytest.fixture(scope="module")
def bare() -> harnn.Predictor:
    """A model of the time before models kept figures."""
    return harnn.Predictor.load(GOLDEN / "fast")


@pytest.fixture(scope="module")
def predictor(bare: harnn.Predictor) -> harnn.Predictor:
    figures = count_documents(bare, FILES.train)
    return harnn.Predictor(replace(bare.bundle, reference=figures))


@pytest.fixture(scope="module")
def documents(predictor: harnn.Predictor) -> list[Document]:
    pairs = labelled_documents(FILES.train, predictor.taxonomy, DataConfig())
    return [document for document, _ in pairs]


def moved(drift: Any) -> set[str]:
    return {each.figure for each in drift.moved}


def test_the_same_documents_are_as_before(predictor: harnn.Predictor) -> None:
    drift = harnn.measure_drift(predictor, FILES.train)
    assert (drift.before, drift.documents) == (250, 250)
    assert moved(drift) == set()
    assert all(each.change == 0 for each in drift.findings)
    assert {each.figure for each in drift.findings} >= {"f1", "unknown_words", "vectors"}


def test_random_halves_are_as_before(predictor: harnn.Predictor, documents: list[Document]) -> None:
    alarms = 0
    for seed in range(20):
        order = np.random.default_rng(seed).permutation(len(documents))
        halves = [[documents[row] for row in rows] for rows in np.split(order, 2)]
        alarms += bool(harnn.measure_drift(predictor, halves[0], against=halves[1]).moved)
    assert alarms <= 1


def test_another_language_is_seen(predictor: harnn.Predictor) -> None:
    drift = harnn.measure_drift(predictor, CHINESE.train, labelled=False)
    assert {"unknown_words", "writings", "vectors"} <= moved(drift)
    words = next(each for each in drift.findings if each.figure == "unknown_words")
    assert words.now == 1.0


def test_typing_errors_are_seen(predictor: harnn.Predictor, documents: list[Document]) -> None:
    rng = np.random.default_rng(1)
    changed = []
    for each in documents:
        words = each.full_text.split()
        for place in np.flatnonzero(rng.random(len(words)) < 0.3).tolist():
            words[place] = words[place][1:] + words[place][:1]
        changed.append(replace(each, text={"text": " ".join(words)}))
    assert "unknown_words" in moved(harnn.measure_drift(predictor, changed))


def test_labels_that_are_gone_are_seen(
    predictor: harnn.Predictor, documents: list[Document]
) -> None:
    answers = predictor.predict(documents)
    kept = [
        document
        for document, answer in zip(documents, answers, strict=True)
        if "health" not in [each.label for each in answer.labels]
    ]
    assert 100 < len(kept) < 200
    drift = harnn.measure_drift(predictor, kept)
    gone = next(each for each in drift.labels if each.label == "health")
    assert (gone.now, gone.level) == (0.0, 1)
    assert "labels" in moved(drift)


def test_labels_are_read_where_they_are(predictor: harnn.Predictor) -> None:
    def has_f1(given: Any, **options: Any) -> bool:
        drift = harnn.measure_drift(predictor, given, **options)
        return any(each.figure == "f1" for each in drift.findings)

    assert has_f1(FILES.test)
    assert not has_f1(FILES.test, labelled=False)
    assert not has_f1([Document("1", {"text": "bees"})] * 30)
    wrong = [Document("1", {"text": "bees"}, ("no such",))] * 30
    with pytest.raises(DocumentError, match="no such"):
        harnn.measure_drift(predictor, wrong)
    kept = DataConfig(on_error="drop-labels")
    assert has_f1(wrong, data=kept)


def test_labels_are_chosen_as_they_were(predictor: harnn.Predictor) -> None:
    """A model that chooses otherwise since then is measured as it was."""
    changed = predictor.bundle.decoder.with_options(threshold=0.01)
    other = harnn.Predictor(replace(predictor.bundle, decoder=changed))
    assert moved(harnn.measure_drift(other, FILES.train)) == set()


def test_models_without_figures(bare: harnn.Predictor) -> None:
    with pytest.raises(ConfigError) as caught:
        harnn.measure_drift(bare, FILES.test)
    assert str(caught.value) == (
        "the model was trained before models kept figures of their validation documents. Give "
        "those, or others that were as they should be, as against= (--against)."
    )
    drift = harnn.measure_drift(bare, FILES.test, against=FILES.valid)
    assert (drift.before, drift.documents) == (50, 45)
    migrated = replace(bare.bundle, contents={**bare.bundle.contents, "migrated": "0" * 64})
    with pytest.raises(ConfigError) as caught:
        harnn.measure_drift(harnn.Predictor(migrated), FILES.test)
    assert str(caught.value) == (
        "the model was migrated to other labels, so that the figures of its validation documents "
        "no longer fit. Give those, or others that were as they should be, as against= (--against)."
    )


def test_no_document_and_one(predictor: harnn.Predictor, tmp_path: Path) -> None:
    empty = tmp_path / "empty.txt"
    empty.write_text("\n", "utf-8")
    with pytest.raises(DocumentError) as caught:
        harnn.measure_drift(predictor, [])
    assert str(caught.value) == "there is no document."
    with pytest.raises(DocumentError) as caught:
        harnn.measure_drift(predictor, FILES.test, against=[])
    assert str(caught.value) == "there is no document to compare with."
    with pytest.raises(DocumentError):
        harnn.measure_drift(predictor, empty)
    one = harnn.measure_drift(predictor, [Document("1", {"text": "zzqx"})])
    assert not one.moved
    assert len(one.unsure) == len(one.findings)


def test_odd_texts(predictor: harnn.Predictor) -> None:
    odd = ["", "\x00\x1b[31m", "\ud800", "<script>alert(1)</script>", "水" * 50_000, "a " * 50_000]
    given = [Document(str(n), {"text": text, "\ud800": text}) for n, text in enumerate(odd * 5)]
    drift = harnn.measure_drift(predictor, given)
    json.dumps(drift.to_dict(), allow_nan=False)
    assert "empty_field" in {each.figure for each in drift.findings}


def test_nothing_of_a_text_is_kept(predictor: harnn.Predictor) -> None:
    secret = "xylophagous"
    given = [Document(secret, {"text": f"{secret} bees"}, ("beekeeping",))] * 40
    figures = count_documents(predictor, given)
    assert secret not in json.dumps(figures_to_dict(figures))
    assert secret not in json.dumps(harnn.measure_drift(predictor, given).to_dict())


def test_blocks_change_no_figure(
    predictor: harnn.Predictor, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = figures_to_dict(count_documents(predictor, FILES.test))
    monkeypatch.setattr("harnn.prediction.drifting.documents_at_once", lambda _labels: 7)
    parts = figures_to_dict(count_documents(predictor, FILES.test))
    sums = [np.array(each.pop("vectors")["sums"]) for each in (whole, parts)]
    assert sums[1] == pytest.approx(sums[0], abs=1e-4)
    assert parts == whole


FRENCH = (
    "Le robinet de la cuisine fuit depuis hier soir et le gardien de l'immeuble a promis de venir.",
    "Pour demander une subvention, il faut remplir le formulaire en entier et le déposer ici.",
    "Après la pluie, beaucoup de champs sont sous l'eau et la récolte est en partie perdue.",
)


def test_another_language_in_the_same_letters_is_named(
    predictor: harnn.Predictor, documents: list[Document]
) -> None:
    french = [Document(f"f{row}", {"text": FRENCH[row % 3]}) for row in range(60)]
    drift = harnn.measure_drift(predictor, documents[:190] + french, labelled=False)
    writing = next(each for each in drift.moved if each.figure == "writings")
    assert (writing.name, writing.before, writing.now) == ("French", 0.0, 60 / 250)


def test_figures_of_before_languages_were_told_are_compared_as_then(
    predictor: harnn.Predictor,
) -> None:
    french = [Document(f"f{row}", {"text": FRENCH[row % 3]}) for row in range(60)]
    now = count_documents(predictor, french)
    assert now.writings == {"French": 60}
    kept = {
        name: value for name, value in figures_to_dict(now).items() if name != "tells_languages"
    }
    kept["writings"] = {"Latin": 60}
    then = figures_from_dict(kept, predictor.taxonomy.hierarchy, where="reference.json")
    assert not then.tells_languages
    assert then.writing_counts(now) == now.writing_counts(then)
    older = harnn.Predictor(replace(predictor.bundle, reference=then))
    writing = next(
        each for each in harnn.measure_drift(older, french).findings if each.figure == "writings"
    )
    assert (writing.name, writing.change, writing.now) == ("Latin", 0.0, 1.0)
