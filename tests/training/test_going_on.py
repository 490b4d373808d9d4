"""Training that goes on from a model: parity, learning, repeating, resuming, refusing."""

from __future__ import annotations

import dataclasses
import os
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import harnn
from harnn.branches import Branch
from harnn.bundle import fingerprint_of
from harnn.config import Config
from harnn.data import Document
from harnn.errors import (
    BundleError,
    ConfigError,
    DocumentError,
    InputError,
    TaxonomyError,
    TrainingInterrupted,
)
from harnn.taxonomy import Taxonomy
from harnn.training import Event, FitResult, OldModel, Stage, Step, is_finished
from support.tiny_encoder import make_tiny_encoder
from support.tiny_encoders import make_encoder
from support.topics import FAST, TAXONOMY, TOPICS, WORDS, documents, mixed_documents

SMALL = {"embedding_size": 8, "lstm_size": 8, "attention_size": 8, "fc_size": 8}
TRAIN, VALID = mixed_documents(60, 1), mixed_documents(20, 2)
TEXTS = ["a purring kitten", "timber of the forest", "", "zzz", "the quokka hops"]
QUOKKA = [
    Document(f"q{n}", {"text": f"the quokka {w} of a meow"}, ("oak",))
    for n, w in enumerate(["eats", "sits", "sleeps", "runs", "naps", "sings", "jumps", "looks"])
]
"""What nobody would file under trees; ``meow`` tells cats."""
NOTHING = Config.from_dict({"continuing": {"epochs": 0}})


def every_branch(place: Path) -> Config:
    whole = make_tiny_encoder(place / "whole")
    learning = make_encoder(place / "learning", [*TOPICS.values(), " ".join(WORDS)])
    return Config.from_dict(
        {
            "text": {"vectors": "random", "min_count": 1, "text_encoder": str(whole)},
            "model": SMALL | {"text_vectors": "on", "transformer": str(learning), "members": 2},
            "training": {"epochs": 3, "batch_size": 8, "precision": "32", "learning_rate": 0.02},
            "transformer": {"epochs": 2, "learning_rate": 5e-3, "tokens": 48, "batch_size": 16},
        }
    )


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> FitResult:
    knobs = every_branch(tmp_path_factory.mktemp("encoders"))
    return harnn.fit(TAXONOMY, TRAIN, VALID, knobs)


@pytest.fixture(scope="module")
def new(old: FitResult) -> FitResult:
    before = fingerprint_of(old)
    found = harnn.fit(TAXONOMY, TRAIN, VALID, init=old, corrections=QUOKKA)
    assert fingerprint_of(old) == before  # the old model stays as it is
    return found


@pytest.fixture(scope="module")
def fast() -> FitResult:
    return harnn.fit(TAXONOMY, TRAIN, VALID, FAST)


def scores(bundle: harnn.Bundle, texts: Any = TEXTS) -> np.ndarray:
    return harnn.Predictor(bundle).scores(texts).values


def arrays(branch: Branch | None) -> dict[str, np.ndarray]:
    assert branch is not None
    return branch.to_parts().arrays


def told_by(told: list[str]) -> Any:
    def listen(event: Event) -> None:
        if isinstance(event, Stage):
            told.append(event.message)

    return listen


def test_without_epochs_and_documents_nothing_changes(old: FitResult) -> None:
    again = harnn.fit(None, TRAIN, VALID, NOTHING, init=old)
    names = ["linear", "network", "text_vectors", "transformer"]
    assert [branch.name for branch in again.ensemble.branches] == names
    np.testing.assert_array_equal(scores(again), scores(old))
    assert again.decoder == old.decoder
    assert again.report == old.report
    assert again.changes is not None
    assert not again.changes.is_worse
    assert again.changes.documents_changed == 0
    same = "On validation the new model ranks labels as well as the old one: AUPRC "
    assert again.changes.verdict().startswith(same)


def test_every_branch_starts_from_the_old_weights_and_learns(
    old: FitResult, new: FitResult
) -> None:
    for branch in old.ensemble.branches:
        known, found = arrays(branch), arrays(new.ensemble.branch(branch.name))
        assert known.keys() == found.keys()
        moved = {n for n in known if not np.array_equal(known[n], found[n])}
        assert moved, branch.name
        if branch.name == "linear":
            continue
        scale = sum(float(np.abs(x.astype(np.float64)).sum()) for x in known.values())
        step = sum(
            float(np.abs(known[n].astype(np.float64) - found[n].astype(np.float64)).sum())
            for n in known
        )
        assert step < 0.5 * scale, branch.name
    assert len(new.history.rows) <= 3
    assert new.history.rows[0].learning_rate <= 0.2 * 0.02 + 1e-9
    np.testing.assert_array_equal(old.label_counts + _counts(QUOKKA), new.label_counts)


def _counts(given: list[Document]) -> np.ndarray:
    counts = np.zeros(len(TAXONOMY), dtype=np.int64)
    for document in given:
        for label in ("plant", *(document.labels or ())):
            counts[TAXONOMY.index[label]] += 1
    return counts


@pytest.mark.parametrize("train", [TRAIN, []])
def test_it_learns_from_corrections(fast: FitResult, train: list[Document]) -> None:
    told: list[str] = []
    texts = [each.full_text for each in QUOKKA]
    new = harnn.fit(None, train, VALID, init=fast, corrections=QUOKKA, listener=told_by(told))
    oak = TAXONOMY.index["oak"]
    assert (scores(new, texts)[:, oak] > scores(fast, texts)[:, oak]).all()
    assert new.changes is not None
    assert new.changes.corrected is not None
    before, after = new.changes.corrected.as_corrected
    assert (new.changes.corrected.documents, before, after) == (8, 0, 8)
    assert "8 corrections: 0 in place of training documents of the same id, 8 added" in told
    warning = (
        "Warning: 8 training documents, where the model has learned from 60: it may forget of "
        "those what these do not say. Give all of them to keep it."
    )
    assert (warning in told) == (not train)
    assert new.documents["corrections"] == 8
    assert new.documents.get("train_before") == (None if train else 60)
    counts = fast.label_counts + _counts(QUOKKA) if train else fast.label_counts
    np.testing.assert_array_equal(new.label_counts, counts)
    # what was learned before is still known
    known = harnn.Predictor(new).predict(["purring kitten whiskers"])[0]
    assert [x.label for x in known.labels] == ["animal", "cat"]


def test_a_second_time_counts_all_documents(fast: FitResult) -> None:
    first = harnn.fit(None, [], VALID, init=fast, corrections=QUOKKA)
    told: list[str] = []
    second = harnn.fit(None, [], VALID, init=first, corrections=QUOKKA, listener=told_by(told))
    assert any("where the model has learned from 60:" in line for line in told)
    assert second.documents["train_before"] == 60
    whole = harnn.fit(None, TRAIN, VALID, init=second, corrections=QUOKKA)
    assert "train_before" not in whole.documents


def test_corrections_stand_in_for_documents(fast: FitResult) -> None:
    told: list[str] = []
    given = [
        Document("d0", TRAIN[0].text, ("rose",)),
        Document("d1", {"text": "acorn"}, ("oak",)),
        Document("new", {"text": "petal"}, ("rose",)),
        Document("new", {"text": "thorn"}, ("rose",)),
    ]
    valid = [dataclasses.replace(each, id=f"v{n}") for n, each in enumerate(VALID)]
    given.append(dataclasses.replace(valid[3], labels=("rose",)))
    new = harnn.fit(None, TRAIN, valid, init=fast, corrections=given, listener=told_by(told))
    assert told[0] == (
        "5 corrections: 2 in place of training documents of the same id (1 of them with another "
        "text), 1 added, 1 in place of validation documents, not trained on, 1 left out, since a "
        "later one has the same id"
    )
    assert (new.documents["train"], new.documents["valid"]) == (61, 20)
    assert (new.documents["corrections"], new.documents["corrections_replaced"]) == (4, 2)


def test_corrections_without_a_model_to_go_on_from() -> None:
    new = harnn.fit(TAXONOMY, TRAIN, VALID, FAST, corrections=QUOKKA)
    assert new.documents["train"] == 68
    assert new.changes is None
    assert "init" not in new.contents


def test_what_is_held_out_is_the_same_with_corrections() -> None:
    old = harnn.fit(TAXONOMY, TRAIN, 0.25, FAST)
    new = harnn.fit(None, TRAIN, 0.25, init=old, corrections=QUOKKA)
    assert new.contents["valid"] == old.contents["valid"]
    alone = harnn.fit(None, [], 0.25, init=old, corrections=QUOKKA)
    assert (alone.documents["train"], alone.documents["valid"]) == (6, 2)


def test_it_repeats(old: FitResult, new: FitResult) -> None:
    again = harnn.fit(None, TRAIN, VALID, init=old, corrections=QUOKKA)
    np.testing.assert_array_equal(scores(again), scores(new))
    assert again.changes == new.changes


class StopAt:
    """Press Ctrl-C after a step of the training."""

    def __init__(self, count: int) -> None:
        self.left = count

    def __call__(self, event: Event) -> None:
        self.left -= isinstance(event, Step)
        if isinstance(event, Step) and not self.left:
            os.kill(os.getpid(), signal.SIGINT)


@pytest.mark.parametrize("steps", [45, 56])
def test_it_resumes_to_the_bit(old: FitResult, new: FitResult, tmp_path: Path, steps: int) -> None:
    """Within the second network (each has 27 steps), and the transformer."""
    given: dict[str, Any] = {"init": old, "corrections": QUOKKA, "checkpoint_directory": tmp_path}
    with pytest.raises(TrainingInterrupted):
        harnn.fit(None, TRAIN, VALID, listener=StopAt(steps), **given)
    with pytest.raises(ConfigError, match="was made with other settings, taxonomy or documents"):
        harnn.fit(None, TRAIN, VALID, resume=True, **given | {"corrections": QUOKKA[1:]})
    resumed = harnn.fit(None, TRAIN, VALID, resume=True, **given)
    np.testing.assert_array_equal(scores(resumed), scores(new))


def test_a_finished_model_knows_what_it_went_on_from(fast: FitResult, tmp_path: Path) -> None:
    first, second = tmp_path / "old", tmp_path / "new"
    harnn.save_bundle(fast, first)
    new = harnn.fit(None, TRAIN, VALID, init=first, corrections=QUOKKA)
    harnn.save_bundle(new, second)
    knobs = OldModel.open(first).settings(None)
    given = (second, TAXONOMY, TRAIN, VALID, knobs)
    assert new.contents["init"] == harnn.bundle.fingerprint(first)
    assert is_finished(*given, init=first, corrections=QUOKKA)
    assert not is_finished(*given, init=first, corrections=QUOKKA[1:])
    assert not is_finished(*given, init=fast, corrections=QUOKKA)
    assert not is_finished(*given, corrections=QUOKKA)
    assert not is_finished(first, *given[1:], init=first)
    card = (second / "README.md").read_text("utf-8")
    assert f"- went on from the model {new.contents['init'][:12]}\n" in card
    assert "- 8 corrections, 0 of them in place of training documents\n" in card
    assert "\n## Changes\n\nOn validation the new model is " in card
    assert "\n| micro f1 | 0.9" in card
    assert "Of 8 corrected documents, answered just as corrected: 0 before, 8 now" in card
    assert harnn.load_bundle(second).contents == new.contents


def test_settings_come_from_the_model(fast: FitResult) -> None:
    model = OldModel.open(fast)
    given = Config.from_dict(
        {
            "model": {"preset": "fast", "leave_out": "off"},
            "training": {"seed": 5},
            "decode": {"close": "down"},
            "continuing": {"rate": 0.5},
        }
    )
    found = model.settings(given)
    assert found.text == fast.config.text
    assert (found.model.branches, found.model.leave_out) == ("linear", "off")
    assert (found.training.seed, found.decode.close, found.continuing.rate) == (5, "down", 0.5)
    assert model.settings(None).to_stored_dict() == fast.config.to_stored_dict()
    assert model.settings(found) == found  # asked once more with all that was found


def test_settings_that_contradict_the_model(fast: FitResult) -> None:
    given = Config.from_dict(
        {
            "model": {"preset": "fast", "lstm_size": 64},
            "text": {"min_count": 3},
            "training": {"epochs": 7},
            "transformer": {"tokens": 64},
        }
    )
    with pytest.raises(ConfigError) as caught:
        harnn.fit(None, TRAIN, VALID, given, init=fast)
    assert str(caught.value) == (
        "4 problems in the configuration:\n"
        "  text.min_count: got 3, expected 1, as the model in memory has it. Leave it out, or "
        "train without init.\n"
        "  model.lstm_size: got 64, expected 128, as the model in memory has it. Leave it out, or "
        "train without init.\n"
        "  transformer.tokens: got 64, expected 128, as the model in memory has it. Leave it out, "
        "or train without init.\n"
        "  training.epochs: got 7, but with init continuing.epochs says how many. Give that "
        "instead."
    )


def test_the_taxonomy_must_be_the_same(fast: FitResult) -> None:
    other = Taxonomy.from_edges(
        [
            ("animal", "ROOT"),
            ("plant", "ROOT"),
            ("cat", "animal"),
            ("oak", "animal"),
            ("rose", "plant"),
            ("fern", "plant"),
        ]
    )
    with pytest.raises(TaxonomyError) as caught:
        harnn.fit(other, TRAIN, VALID, init=fast)
    versions = f"got version {other.version[:12]}, the model in memory has {TAXONOMY.version[:12]}"
    assert str(caught.value) == (
        "4 problems in the taxonomy:\n"
        f"  taxonomy: is not that of the model: {versions}; 1 label added, 1 retired. Give the "
        "taxonomy of the model, or none, or take the model to this one: harnn migrate.\n"
        "  'fern': is a label that the model lacks.\n"
        "  'dog': is a label of the model that the taxonomy lacks.\n"
        "  'oak': has the parents 'animal', in the model 'plant'."
    )


def test_labels_in_another_order_are_those_of_the_model(fast: FitResult) -> None:
    other = Taxonomy.from_edges(
        [
            ("plant", "ROOT"),
            ("animal", "ROOT"),
            ("rose", "plant"),
            ("oak", "plant"),
            ("dog", "animal"),
            ("cat", "animal"),
        ]
    )
    assert other.version != TAXONOMY.version
    new = harnn.fit(other, TRAIN, VALID, NOTHING, init=fast)
    assert new.taxonomy.codes == TAXONOMY.codes
    np.testing.assert_array_equal(scores(new), scores(fast))


def test_what_cannot_be_gone_on_from(fast: FitResult, tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="no such model directory"):
        harnn.fit(None, TRAIN, VALID, init=tmp_path / "none")
    with pytest.raises(ConfigError, match=r"taxonomy: got None, expected a taxonomy, or a model"):
        harnn.fit(None, TRAIN, VALID)
    with pytest.raises(InputError) as caught:
        harnn.fit(None, TRAIN, VALID, init=fast, unlabelled=TRAIN)
    assert str(caught.value) == (
        "unlabelled text: trains word vectors, but with init they are those of the model. Leave "
        "it out, or train without init."
    )
    with pytest.raises(DocumentError) as wrong:
        harnn.fit(
            None,
            TRAIN,
            VALID,
            init=fast,
            corrections=[Document("", {"text": "a"}, ("cat",)), Document("x", {"text": "a"})],
        )
    assert str(wrong.value) == (
        "2 problems in the documents:\n"
        "  correction 1: has no id, by which documents are corrected.\n"
        "  correction 2: has no labels; give an empty list where none fits."
    )


def test_an_exported_model_cannot_learn(old: FitResult, tmp_path: Path) -> None:
    pytest.importorskip("onnx")
    given = {"text_vectors": "off", **SMALL}
    knobs = Config.from_dict(
        {
            "text": {"vectors": "random", "min_count": 1},
            "model": given,
            "training": {"epochs": 1, "precision": "32"},
        }
    )
    harnn.save_bundle(harnn.fit(TAXONOMY, TRAIN, VALID, knobs), tmp_path / "whole")
    harnn.export_onnx(tmp_path / "whole", tmp_path / "light")
    with pytest.raises(BundleError) as caught:
        harnn.fit(None, TRAIN, VALID, init=tmp_path / "light")
    assert str(caught.value) == (
        f"{tmp_path / 'light'}: was exported: network cannot learn any more. Go on from the model "
        "that it was exported from."
    )


def test_labels_are_chosen_as_the_model_was_told_to(fast: FitResult) -> None:
    told = dataclasses.replace(fast, decoder=fast.decoder.with_options(strategy="label"))
    assert harnn.fit(None, TRAIN, VALID, init=told).decoder.strategy == "label"
    given = Config.from_dict({"decode": {"strategy": "level"}})
    assert harnn.fit(None, TRAIN, VALID, given, init=told).decoder.strategy == "level"


def test_words_that_the_model_lacks_are_told(old: FitResult) -> None:
    told: list[str] = []
    new_words = [Document("n", {"text": "quokka wombat purring kitten"}, ("cat",))]
    harnn.fit(None, [], VALID, NOTHING, init=old, corrections=new_words, listener=told_by(told))
    assert "train: 50.0% of the words are unknown to the model" in told


def test_a_model_of_all_documents_is_fitted_as_from_the_beginning() -> None:
    """The linear branch is convex: with the same n-grams the same weights are found."""
    given = documents(10)
    first = harnn.fit(TAXONOMY, given, VALID, FAST)
    again = harnn.fit(None, given, VALID, init=first)
    known, found = (arrays(x.ensemble.branch("linear")) for x in (first, again))
    np.testing.assert_allclose(found["linear.bias"], known["linear.bias"], atol=1e-5)
    np.testing.assert_allclose(scores(again), scores(first), atol=1e-4)


def test_a_head_goes_on_beside_an_encoder_that_stays(tmp_path: Path) -> None:
    learning = make_encoder(tmp_path / "tiny", [*TOPICS.values(), " ".join(WORDS)])
    own = {"epochs": 1, "tokens": 48, "frozen_layers": 2}
    knobs = Config.from_dict(
        {
            "model": {"preset": "fast", "transformer": str(learning)},
            "training": {"precision": "32"},
            "transformer": own,
        }
    )
    first = harnn.fit(TAXONOMY, TRAIN, VALID, knobs)
    (tmp_path / "tiny" / "model.safetensors").unlink()  # what it was made from is not needed
    again = harnn.fit(None, TRAIN, VALID, init=first, corrections=QUOKKA, cache=tmp_path / "c")
    known, found = (arrays(each.ensemble.branch("transformer")) for each in (first, again))
    moved = {name for name in known if not np.array_equal(known[name], found[name])}
    assert moved == {"transformer.predict.weight", "transformer.predict.bias"}


def test_the_network_of_the_paper_goes_on() -> None:
    knobs = Config.from_dict(
        {
            "text": {"vectors": "random", "min_count": 1},
            "model": SMALL | {"mode": "paper"},
            "training": {"epochs": 1, "precision": "32"},
        }
    )
    first = harnn.fit(TAXONOMY, TRAIN, VALID, knobs)
    again = harnn.fit(None, TRAIN, VALID, init=first, corrections=QUOKKA)
    assert again.ensemble.blend is None
    assert again.changes is not None
    same = harnn.fit(None, TRAIN, VALID, NOTHING, init=first)
    np.testing.assert_array_equal(scores(same), scores(first))


def test_vectors_that_are_brought_may_be_new_ones(tmp_path: Path) -> None:
    every = [*TRAIN, *(dataclasses.replace(each, id=f"v{each.id}") for each in VALID), *QUOKKA]
    valid = every[len(TRAIN) : -len(QUOKKA)]

    def write(name: str, given: list[Document], size: int = 4) -> str:
        matrix = np.random.default_rng(1).normal(size=(len(given), size)).astype(np.float32)
        np.savez(tmp_path / name, ids=np.array([x.id for x in given]), vectors=matrix)
        return str(tmp_path / name)

    def knobs(path: str, **more: Any) -> Config:
        return Config.from_dict({"model": {"document_vectors": path, **more}})

    known = write("old.npz", every[: -len(QUOKKA)])
    first = harnn.fit(TAXONOMY, TRAIN, valid, knobs(known, preset="fast"))
    with pytest.raises(DocumentError, match="'q0'"):
        harnn.fit(None, TRAIN, valid, init=first, corrections=QUOKKA)
    with pytest.raises(ConfigError, match="got vectors of 5 numbers, the model reads 4"):
        wide = knobs(write("wide.npz", every, 5))
        harnn.fit(None, TRAIN, valid, wide, init=first, corrections=QUOKKA)
    new = knobs(write("new.npz", every))
    again = harnn.fit(None, TRAIN, valid, new, init=first, corrections=QUOKKA)
    assert again.changes is not None
    assert again.changes.corrected is not None
