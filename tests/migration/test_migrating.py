"""Models taken to new editions of their taxonomy: what they answer, hold and go on with."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import harnn
from harnn.branches import Blend, Cascade
from harnn.branches.network.migrating import migrate_head
from harnn.bundle import fingerprint, fingerprint_of, load_bundle, save_bundle
from harnn.config import Config
from harnn.data import Document
from harnn.errors import BundleError, ConfigError, DocumentError, TaxonomyError
from harnn.migration import migrate, tune
from harnn.migration.rules import label_origins
from harnn.taxonomy import LabelMapper, LabelMapping, Taxonomy, diff_taxonomies
from harnn.training import is_finished
from support.small_networks import random_network, shape_of
from support.tiny_encoder import make_tiny_encoder
from support.tiny_encoders import make_encoder
from support.topics import FAST, TAXONOMY, TOPICS, WORDS, mixed_documents

SMALL = {"embedding_size": 8, "lstm_size": 8, "attention_size": 8, "fc_size": 8}
TRAIN, VALID = mixed_documents(60, 1), mixed_documents(20, 2)
TEXTS = ["a purring kitten", "timber of the forest", "", "zzz", "petal and thorn of the garden"]
EDGES = [
    ("animal", "ROOT"),
    ("plant", "ROOT"),
    ("cat", "animal"),
    ("dog", "animal"),
    ("oak", "plant"),
    ("rose", "plant"),
]
NEXT = Taxonomy.from_edges(
    [
        ("life", "ROOT"),
        ("animal", "life"),
        ("plant", "life"),
        ("pet", "animal"),
        ("fern", "plant"),
        ("oak", "plant"),
        ("rose.red", "plant"),
        ("rose.white", "plant"),
    ],
    {"rose.red": "Red rose petal", "rose.white": "White rose thorn", "fern": "Fern of the forest"},
)
"""One level more: cat and dog are pets, roses are split, ferns are new."""
CHANGES = LabelMapping.of(
    [
        ("cat", "pet"),
        ("dog", "pet"),
        ("rose", "rose.red"),
        ("rose", "rose.white"),
        ("", "fern"),
        ("", "life"),
    ]
)
NEW_LABEL = {"cat": "pet", "dog": "pet", "oak": "oak", "rose": "rose.red"}


def of_new_edition(documents: list[Document]) -> list[Document]:
    return [dataclasses.replace(x, labels=(NEW_LABEL[x.labels[0]],)) for x in documents]  # type: ignore[index]


@pytest.fixture(scope="module")
def every(tmp_path_factory: pytest.TempPathFactory) -> harnn.FitResult:
    """All branches, two networks, and a head of a transformer that is hierarchical."""
    place = tmp_path_factory.mktemp("encoders")
    whole = make_tiny_encoder(place / "whole")
    learning = make_encoder(place / "learning", [*TOPICS.values(), " ".join(WORDS)])
    config = Config.from_dict(
        {
            "text": {"vectors": "random", "min_count": 1, "text_encoder": str(whole)},
            "model": SMALL | {"text_vectors": "on", "transformer": str(learning), "members": 2},
            "training": {"epochs": 1, "precision": "32", "threads": 1},
            "transformer": {"epochs": 1, "tokens": 48, "head": "hierarchical"},
        }
    )
    return harnn.fit(TAXONOMY, TRAIN, VALID, config)


@pytest.fixture(scope="module")
def fast() -> harnn.FitResult:
    return harnn.fit(TAXONOMY, TRAIN, VALID, FAST)


def scores(bundle: harnn.Bundle, texts: Any = TEXTS) -> np.ndarray:
    return harnn.Predictor(bundle).scores(texts).values


def test_the_same_edition_answers_the_same_to_the_bit(every: harnn.FitResult) -> None:
    migrated = migrate(every, TAXONOMY).bundle
    np.testing.assert_array_equal(scores(migrated), scores(every))
    assert migrated.decoder == every.decoder
    assert migrated.label_counts.tolist() == every.label_counts.tolist()
    assert migrated.quality is not None
    assert every.quality is not None
    assert migrated.quality.to_dict() == every.quality.to_dict()
    assert migrated.contents["train"] == every.contents["train"]
    assert migrated.contents["migrated"] == fingerprint_of(every)


def test_a_migrated_model_can_be_migrated_again(fast: harnn.FitResult) -> None:
    once = tune(migrate(fast, NEXT, CHANGES).bundle, of_new_edition(VALID))
    twice = migrate(once, NEXT).bundle
    np.testing.assert_array_equal(scores(twice), scores(once))
    assert twice.contents["migrated"] == fingerprint_of(once)
    assert "tuned" not in twice.documents
    assert twice.label_counts.tolist() == once.label_counts.tolist()


def test_other_names_in_another_order_answer_the_same_to_the_bit(every: harnn.FitResult) -> None:
    named = Taxonomy.from_edges(EDGES[::-1], {"cat": "Cats and kittens", "plant": "Flora"})
    assert named.codes != TAXONOMY.codes
    migrated = migrate(every, named).bundle
    assert migrated.taxonomy.codes == TAXONOMY.codes
    assert migrated.taxonomy.names[migrated.taxonomy.index["cat"]] == "Cats and kittens"
    np.testing.assert_array_equal(scores(migrated), scores(every))


def test_other_codes_answer_the_same(every: harnn.FitResult) -> None:
    """The names tell which is which; in another order of columns sums are rounded otherwise."""
    recoded = Taxonomy.from_edges(
        [
            (f"n.{child}", "ROOT" if parent == "ROOT" else f"n.{parent}")
            for child, parent in EDGES[::-1]
        ],
        {f"n.{child}": child for child, _ in EDGES},
    )
    done = migrate(every, recoded)
    assert done.report.changes["recoded"] == len(TAXONOMY)
    at = [recoded.index[f"n.{code}"] for code in TAXONOMY.codes]
    np.testing.assert_allclose(scores(done.bundle)[:, at], scores(every), rtol=2e-5, atol=1e-6)


@pytest.mark.parametrize("seed", range(3))
def test_the_order_of_a_file_changes_nothing(fast: harnn.FitResult, seed: int) -> None:
    order = np.random.default_rng(seed).permutation(len(EDGES)).tolist()
    done = migrate(fast, Taxonomy.from_edges([EDGES[n] for n in order]))
    at = [done.bundle.taxonomy.index[code] for code in TAXONOMY.codes]
    np.testing.assert_array_equal(scores(done.bundle)[:, at], scores(fast))


def test_every_branch_goes_to_a_deeper_edition(every: harnn.FitResult, tmp_path: Path) -> None:
    done = migrate(every, NEXT, CHANGES)
    assert [x.name for x in done.bundle.ensemble.branches] == [
        x.name for x in every.ensemble.branches
    ]
    save_bundle(done.bundle, tmp_path / "new")
    loaded = load_bundle(tmp_path / "new")
    assert loaded.taxonomy.codes == NEXT.codes
    assert loaded.taxonomy.names == NEXT.names
    assert loaded.contents == done.bundle.contents
    found = scores(loaded)
    assert found.shape == (len(TEXTS), len(NEXT))
    np.testing.assert_array_equal(found, scores(done.bundle))
    blend = loaded.ensemble.blend
    assert blend is not None
    assert blend.label_counts.tolist() != loaded.label_counts.tolist()
    counts = dict(zip(NEXT.codes, loaded.label_counts.tolist(), strict=True))
    before = dict(zip(TAXONOMY.codes, every.label_counts.tolist(), strict=True))
    assert counts["pet"] == before["cat"] + before["dog"]
    assert counts["fern"] == 0
    assert counts["rose.red"] == round(before["rose"] / 2)
    assert counts["life"] == counts["animal"]  # of labels above others at least as many


def test_weights_of_a_head_beside_a_slow_reference() -> None:
    """Rows by rows: kept, merged, split, added, and labels that changed their level."""
    old = Taxonomy.from_edges(EDGES)
    mapper = LabelMapper(diff_taxonomies(old, NEXT, CHANGES))
    origins = dataclasses.replace(
        label_origins(mapper, np.array([9, 7, 5, 4, 3, 6])), hints=None, texts=()
    )
    assert origins.levels == (0, 0, 1)  # life begins with nothing
    network = random_network(shape_of("harnn", (2, 4)))
    weights = {k.removeprefix("head."): v.numpy() for k, v in network.state_dict().items()}
    found = migrate_head(weights, origins)
    shares, features = origins.shares.toarray(), weights["global_predict.weight"].shape[1]
    for column in range(len(NEXT)):
        row = sum(shares[column, c] * weights["global_predict.weight"][c] for c in range(len(old)))
        np.testing.assert_allclose(found["global_predict.weight"][column], row, atol=1e-5)
        bias = sum(shares[column, c] * weights["global_predict.bias"][c] for c in range(len(old)))
        shown = found["global_predict.bias"][column]
        assert shown == pytest.approx(bias + origins.shift[column], abs=1e-5)
    blocks = [weights["global_hidden.weight"][:, n * features : (n + 1) * features] for n in (0, 1)]
    read_once = np.concatenate([blocks[0], np.zeros_like(blocks[0]), blocks[1]], axis=1)
    np.testing.assert_array_equal(found["global_hidden.weight"], read_once)
    for level, source in enumerate(origins.levels):
        for name in ("attend.project.weight", "hidden.weight", "hidden.bias", "mixing"):
            own = weights[f"levels.{source}.{name}"]
            np.testing.assert_array_equal(found[f"levels.{level}.{name}"], own)
    place = {code: NEXT.index[code] for code in NEXT.codes}
    first = {level: part.start for level, part in enumerate(NEXT.hierarchy.level_slices)}
    for name in ("predict.weight", "attend.labels", "read_out"):
        own, new = weights[f"levels.1.{name}"], found[f"levels.2.{name}"]
        oak, pet = new[place["oak"] - first[2]], new[place["pet"] - first[2]]
        cells = {code: own[old.index[code] - 2] for code in ("cat", "dog", "oak", "rose")}
        np.testing.assert_array_equal(oak, cells["oak"])
        cat, dog = 1 + 5, 1 + 4
        np.testing.assert_allclose(
            pet, (cat * cells["cat"] + dog * cells["dog"]) / (cat + dog), atol=1e-6
        )
        for part in ("rose.red", "rose.white"):
            np.testing.assert_array_equal(new[place[part] - first[2]], cells["rose"])
    # ferns begin with what plants have, who stand on another level
    fern, plant = place["fern"] - first[2], old.index["plant"]
    through = weights["global_predict.weight"][plant] @ blocks[1]
    np.testing.assert_allclose(found["levels.2.predict.weight"][fern], through, atol=1e-5)
    mean = weights["levels.1.attend.labels"].mean(axis=0)
    np.testing.assert_allclose(found["levels.2.attend.labels"][fern], mean, atol=1e-6)
    assert not found["levels.2.read_out"][fern].any()


def test_a_network_of_mode_paper_and_no_blend_goes_along() -> None:
    config = Config.from_dict(
        {
            "text": {"vectors": "random", "min_count": 1},
            "model": SMALL | {"mode": "paper"},
            "training": {"epochs": 1, "precision": "32"},
        }
    )
    paper = harnn.fit(TAXONOMY, TRAIN, VALID, config)
    assert paper.ensemble.blend is None
    np.testing.assert_array_equal(scores(migrate(paper, TAXONOMY).bundle), scores(paper))
    assert scores(migrate(paper, NEXT, CHANGES).bundle).shape == (len(TEXTS), len(NEXT))


def test_a_level_that_is_no_more(every: harnn.FitResult) -> None:
    flat = Taxonomy.from_edges([(label, "ROOT") for label in TOPICS])
    mapping = LabelMapping.of([("animal", ""), ("plant", "")])
    done = migrate(every, flat, mapping)
    assert done.bundle.taxonomy.depth == 1
    assert done.report.levels == (2,)
    assert done.report.notes == ("Level 1 goes on as level 2 was.", "Level 1 is no more.")
    assert scores(done.bundle).shape == (len(TEXTS), 4)


def test_what_is_split_and_added_is_told_apart_by_names(fast: harnn.FitResult) -> None:
    bundle = migrate(fast, NEXT, CHANGES).bundle
    red, white, fern = scores(bundle, ["petal petal petal", "thorn thorn", "forest of the forest"])[
        :, [NEXT.index[code] for code in ("rose.red", "rose.white", "fern")]
    ]
    assert red[0] > red[1]
    assert white[1] > white[0]
    assert fern[2] > max(red[2], white[2])


def test_the_whole_chain(fast: harnn.FitResult, tmp_path: Path) -> None:
    """Predict, evaluate, explain, tune, go on."""
    save_bundle(fast, tmp_path / "old")
    done = migrate(tmp_path / "old", NEXT, CHANGES)
    assert done.bundle.contents["migrated"] == fingerprint(tmp_path / "old")
    assert "train" not in done.bundle.contents
    save_bundle(done.bundle, tmp_path / "new")
    predictor = harnn.Predictor.load(tmp_path / "new")
    (answer,) = predictor.predict(["purring kitten whiskers meow"])
    assert [label.label for label in answer.labels][:2] == ["life", "animal"]
    valid = of_new_edition(VALID)
    report = predictor.evaluate(valid)
    assert report.labels == len(NEXT)
    assert report.micro_f1 > 0.5
    assert predictor.explain("purring kitten whiskers meow").labels
    tuned = tune(done.bundle, valid)
    assert tuned.report.documents == len(valid)
    assert tuned.documents["tuned"] == len(valid)
    assert [x.labels for x in tuned.report.levels] == [1, 2, 5]
    assert not is_finished(tmp_path / "new", NEXT, of_new_edition(TRAIN), valid, FAST)
    on = harnn.fit(None, of_new_edition(TRAIN), valid, init=tmp_path / "new")
    assert on.contents["init"] == fingerprint(tmp_path / "new")
    assert "migrated" not in on.contents
    assert on.taxonomy.codes == NEXT.codes
    assert on.report.micro_f1 >= 0.9 * report.micro_f1


def test_a_network_goes_on_from_a_migrated_model(every: harnn.FitResult) -> None:
    bundle = migrate(every, NEXT, CHANGES).bundle
    config = Config.from_dict({"continuing": {"epochs": 1}})
    on = harnn.fit(None, of_new_edition(TRAIN), of_new_edition(VALID), config, init=bundle)
    assert [x.name for x in on.ensemble.branches] == [x.name for x in bundle.ensemble.branches]
    assert on.changes is not None


def test_tuning_draws_to_the_blend_that_there_is(fast: harnn.FitResult) -> None:
    """Of one document little is learned."""
    bundle = migrate(fast, NEXT, CHANGES).bundle
    tuned = tune(bundle, of_new_edition(VALID)[:1])
    before, after = bundle.ensemble.blend, tuned.ensemble.blend
    assert before is not None
    assert after is not None
    assert np.abs(after.weights - before.weights).max() < 1
    assert after.label_counts.tolist() == before.label_counts.tolist()


def test_a_tuned_model_has_figures_to_compare_later_documents_with(fast: harnn.FitResult) -> None:
    bundle = migrate(fast, NEXT, CHANGES).bundle
    assert bundle.reference is None
    given = of_new_edition(VALID)
    tuned = tune(bundle, given)
    assert tuned.reference is not None
    assert tuned.reference.documents == len(given)
    drift = harnn.measure_drift(harnn.Predictor(tuned), given)
    assert not [each.figure for each in drift.moved]


def test_documents_to_tune_on_that_say_nothing_are_refused(fast: harnn.FitResult) -> None:
    with pytest.raises(DocumentError, match=r"^there is no document to tune the model on, or none"):
        tune(fast, [Document("a", {"text": "purring"}, ())])


def test_vectors_for_a_model_that_reads_none_are_refused(
    fast: harnn.FitResult, tmp_path: Path
) -> None:
    np.savez(tmp_path / "v.npz", ids=np.array(["a"]), vectors=np.ones((1, 2), np.float32))
    with pytest.raises(ConfigError, match="the model reads none"):
        tune(fast, VALID, document_vectors=tmp_path / "v.npz")


def test_vectors_of_documents_go_along(tmp_path: Path) -> None:
    valid = [dataclasses.replace(x, id=f"v{x.id}") for x in VALID]
    ids = [x.id for x in [*TRAIN, *valid]]
    vectors = np.random.default_rng(0).normal(size=(len(ids), 6)).astype(np.float32)
    np.savez(tmp_path / "v.npz", ids=np.array(ids), vectors=vectors)
    tables = FAST.to_dict()
    tables["model"]["document_vectors"] = str(tmp_path / "v.npz")
    old = harnn.fit(TAXONOMY, TRAIN, valid, Config.from_dict(tables))
    bundle = migrate(old, NEXT, CHANGES).bundle
    tuned = tune(bundle, of_new_edition(valid), document_vectors=tmp_path / "v.npz")
    assert "document_vectors" in [x.name for x in tuned.ensemble.branches]


def test_thresholds_of_labels_go_along(fast: harnn.FitResult) -> None:
    decoder = migrate(fast, NEXT, CHANGES).bundle.decoder
    levels, labels = fast.decoder.level_thresholds, fast.decoder.label_thresholds
    assert levels is not None
    assert labels is not None
    assert decoder.level_thresholds == (levels[0], levels[0], levels[1])
    assert decoder.label_thresholds is not None
    found = dict(zip(NEXT.codes, decoder.label_thresholds, strict=True))
    before = dict(zip(TAXONOMY.codes, labels, strict=True))
    assert found["oak"] == before["oak"]
    assert found["rose.red"] == before["rose"]
    assert found["fern"] == levels[1]
    assert before["cat"] <= found["pet"] <= before["dog"] or (
        before["dog"] <= found["pet"] <= before["cat"]
    )
    assert decoder.threshold == fast.decoder.threshold


def test_mappings_that_do_not_fit_are_refused(fast: harnn.FitResult) -> None:
    with pytest.raises(TaxonomyError, match=r"^'moon' is no label of the old taxonomy\."):
        migrate(fast, NEXT, LabelMapping.of([("moon", "pet")]))


def test_an_exported_model_is_refused(every: harnn.FitResult, tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    config = Config.from_dict(
        {
            "text": {"vectors": "random", "min_count": 1},
            "model": SMALL | {"branches": "network", "text_vectors": "off"},
            "training": {"epochs": 1, "precision": "32"},
        }
    )
    save_bundle(harnn.fit(TAXONOMY, TRAIN, VALID, config), tmp_path / "whole")
    harnn.export_onnx(tmp_path / "whole", tmp_path / "light")
    with pytest.raises(BundleError) as refused:
        migrate(tmp_path / "light", NEXT)
    assert str(refused.value) == (
        f"{tmp_path}/light: was exported: network cannot be changed any more. Migrate the model "
        "that it was exported from."
    )


def test_damaged_counts_are_refused(fast: harnn.FitResult, tmp_path: Path) -> None:
    from support.sample_models import seal

    save_bundle(migrate(fast, NEXT, CHANGES).bundle, tmp_path / "new")
    path = tmp_path / "new" / "decode.json"
    plain = json.loads(path.read_text())
    for value, what in (
        ("x", "got 'x', expected a list of counts"),
        ([1], "got 1 numbers, expected 8"),
    ):
        plain["calibration"]["label_counts"] = value
        path.write_text(json.dumps(plain))
        seal(tmp_path / "new")
        with pytest.raises(BundleError, match=rf"decode\.json: label_counts: {what}\."):
            load_bundle(tmp_path / "new")


def test_a_cascade_goes_along(every: harnn.FitResult, tmp_path: Path) -> None:
    weights = np.random.default_rng(0).normal(size=(2, 7))
    early = Blend(("linear",), weights, every.label_counts, TAXONOMY.hierarchy)
    ensemble = dataclasses.replace(every.ensemble, cascade=Cascade(early, 2.0, 0.5))
    old = dataclasses.replace(every, ensemble=ensemble)
    np.testing.assert_array_equal(scores(migrate(old, TAXONOMY).bundle), scores(old))
    save_bundle(migrate(old, NEXT, CHANGES).bundle, tmp_path / "new")
    cascade = load_bundle(tmp_path / "new").ensemble.cascade
    assert cascade is not None
    assert cascade.most_doubt == 2.0
    assert cascade.blend.weights.shape == (3, 7)
