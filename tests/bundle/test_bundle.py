"""Model directories: save and load equal, damage named in exact words, predictions usable."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import harnn
from harnn.bundle import predictor as predictor_module
from harnn.bundle.predictor import documents_at_once
from harnn.bundle.storage import FILES
from harnn.config import Config
from harnn.data import Document
from harnn.errors import BundleError, ConfigError, InputError
from harnn.sample import sample

SMALL = {
    "text": {"vectors": "random", "min_count": 1, "max_length": 40},
    "model": {"embedding_size": 16, "lstm_size": 16, "attention_size": 16, "fc_size": 16},
    "training": {"epochs": 6, "precision": "32", "learning_rate": 0.01},
}
TEXTS = [
    "We fit a new washer to the dripping kitchen tap and bled the radiators.",
    "The swarm settled in the hive and the bees brought willow pollen.",
    "",
    "zzqx qqzz",
    "The choir sang. " * 60,
    "水龙头漏水",
]


@pytest.fixture(scope="module")
def result() -> harnn.FitResult:
    files = sample("en")
    return harnn.fit(files.load_taxonomy(), files.train, files.valid, Config.from_dict(SMALL))


@pytest.fixture(scope="module")
def predictor(result: harnn.FitResult) -> harnn.Predictor:
    return harnn.Predictor.from_result(result)


@pytest.fixture
def model(result: harnn.FitResult, tmp_path: Path) -> Path:
    return harnn.save_bundle(result, tmp_path / "made" / "model")


def test_save_and_load_equal(
    result: harnn.FitResult, predictor: harnn.Predictor, model: Path
) -> None:
    loaded = harnn.Predictor.load(model)
    assert np.array_equal(loaded.scores(TEXTS).values, predictor.scores(TEXTS).values)
    assert loaded.predict(TEXTS) == predictor.predict(TEXTS)
    test = sample("en").test
    assert loaded.evaluate(test).to_dict() == predictor.evaluate(test).to_dict()
    # On the validation documents the blend has seen each of them, but not for this report.
    assert result.report.to_dict() == json.loads((model / "metrics.json").read_text("utf-8"))
    files = [*FILES, "README.md", "history.jsonl", "linear.json"]
    assert sorted(p.name for p in model.iterdir()) == sorted(files)


def test_saving_again_replaces(result: harnn.FitResult, model: Path) -> None:
    (model / "leftover").touch()
    harnn.save_bundle(result, model)
    assert not (model / "leftover").exists()
    assert [p.name for p in model.parent.iterdir()] == ["model"]


def test_nothing_but_a_model_is_replaced(result: harnn.FitResult, tmp_path: Path) -> None:
    (tmp_path / "letters.txt").touch()
    with pytest.raises(InputError) as error:
        harnn.save_bundle(result, tmp_path)
    assert str(error.value) == (
        f"{tmp_path}: is a directory with other files in it (it has no config.json). "
        "Choose another place or empty it first."
    )
    assert [path.name for path in tmp_path.iterdir()] == ["letters.txt"]


def test_predictions_are_closed_and_readable(predictor: harnn.Predictor) -> None:
    taxonomy = predictor.taxonomy
    for answer in predictor.predict(TEXTS, threshold=0.1):
        chosen = {label.label: label for label in answer.labels}
        for label in answer.labels:
            column = taxonomy.index[label.label]
            for parent in taxonomy.parents(column):
                assert chosen[taxonomy.codes[parent]].score >= label.score
            assert label.path[-1] == label.label
            assert label.level == taxonomy.levels[column] >= len(label.path)
            for child, parent in itertools.pairwise(reversed(label.path)):
                assert taxonomy.index[parent] in taxonomy.parents(taxonomy.index[child])
            assert label.name == taxonomy.names[column]


def test_top_k_and_threshold(predictor: harnn.Predictor) -> None:
    assert [len(a.labels) for a in predictor.predict(TEXTS, top_k=3)] == [3] * len(TEXTS)
    assert [len(a.labels) for a in predictor.predict(TEXTS, threshold=0.0)] == [
        len(predictor.taxonomy)
    ] * len(TEXTS)
    with pytest.raises(ConfigError, match="threshold and top_k exclude each other"):
        predictor.predict(TEXTS, top_k=1, threshold=0.5)
    with pytest.raises(TypeError, match=r"got one string: predict\(\[text\]\)"):
        predictor.predict("a text")


def test_strategies_side_by_side(predictor: harnn.Predictor) -> None:
    valid = sample("en").valid
    reports = predictor.evaluate_strategies(valid, top_1="empty")
    names = [report.strategy for report in reports]
    assert names == ["threshold", "level", "label", "top_k", "f1", "deepest"]
    assert [report.used for report in reports] == [True, False, False, False, False, False]
    for report in reports:
        alone = predictor.evaluate(valid, strategy=report.strategy, top_1="empty").to_dict()
        numbers = report.to_dict()
        del numbers["strategy"], numbers["used"]
        assert numbers == pytest.approx({name: alone[name] for name in numbers})
        assert report.empty_predictions == 0


def test_notes_say_what_was_not_read(predictor: harnn.Predictor) -> None:
    notes = [answer.notes for answer in predictor.predict(TEXTS)]
    unknown = (
        "No word of the text is known to the model: the answer rests on the vector of the whole "
        "text alone."
    )
    assert notes == [
        (),
        (),
        ("The text has no words: the answer is what is most common.",),
        (unknown,),
        ("Only the first 40 of 180 words were read (text.max_length).",),
        (unknown,),
    ]


@settings(max_examples=15, deadline=None)
@given(st.permutations(range(len(TEXTS))), st.integers(1, len(TEXTS)))
def test_company_and_order_change_nothing(
    predictor: harnn.Predictor, order: list[int], count: int
) -> None:
    alone = np.concatenate([predictor.scores([text]).values for text in TEXTS])
    together = predictor.scores([TEXTS[i] for i in order[:count]]).values
    assert np.allclose(together, alone[order[:count]], atol=1e-5)


def test_streams_keep_their_order(predictor: harnn.Predictor) -> None:
    documents = (Document(f"n{i}", {"text": TEXTS[i % 6]}, None, "") for i in range(5_000))
    ids = [answer.id for answer in predictor.predict_stream(documents, top_k=1)]
    assert ids == [f"n{i}" for i in range(5_000)]


@pytest.mark.parametrize(("labels", "documents"), [(1, 2_048), (16_384, 2_048), (100_000, 335)])
def test_many_labels_are_scored_for_fewer_documents_at_once(labels: int, documents: int) -> None:
    assert documents_at_once(labels) == documents
    assert documents_at_once(10**9) == 1


def test_documents_at_once_change_no_answer(
    predictor: harnn.Predictor, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = predictor.predict(TEXTS)
    monkeypatch.setattr(predictor_module, "_MOST_SCORES", 2 * len(predictor.taxonomy))
    for found, wanted in zip(predictor.predict(TEXTS), whole, strict=True):
        assert [x.label for x in found.labels] == [x.label for x in wanted.labels]
        for one, other in zip(found.labels, wanted.labels, strict=True):
            assert one.score == pytest.approx(other.score, abs=1e-5)


def test_explanations_sum_to_one(predictor: harnn.Predictor) -> None:
    explanation = predictor.explain(TEXTS[0], top_k=5)
    assert len(explanation.labels) == 5
    for item in explanation.labels:
        assert sum(word.weight for word in item.weights) == pytest.approx(1, abs=1e-5)
        assert all(TEXTS[0][word.start : word.end] == word.word for word in item.weights)
        assert item.top(1)[0].weight == max(word.weight for word in item.weights)
    assert predictor.explain("", top_k=2).labels[0].weights == ()
    assert len(predictor.explain(TEXTS[4], top_k=1).labels[0].weights) == 40


def refuse(directory: Path) -> str:
    with pytest.raises(BundleError) as error:
        harnn.Predictor.load(directory)
    return str(error.value)


def test_no_model(tmp_path: Path) -> None:
    assert refuse(tmp_path / "x") == (
        f"{tmp_path / 'x'}: no such model directory. Train one with harnn train."
    )
    (tmp_path / "checkpoint").mkdir()
    assert refuse(tmp_path) == (
        f"{tmp_path}: training was stopped before it ended; repeat harnn train with --resume."
    )


def test_missing_files_are_all_named(model: Path) -> None:
    (model / "model.safetensors").unlink()
    (model / "decode.json").unlink()
    assert refuse(model) == (
        "2 problems in the model directory:\n"
        f"  {model / 'decode.json'}: the file is missing.\n"
        f"  {model / 'model.safetensors'}: the file is missing."
    )


def change(path: Path, **values: object) -> None:
    table = json.loads(path.read_text("utf-8"))
    path.write_text(json.dumps(table | values), encoding="utf-8")


def test_other_format_versions(model: Path) -> None:
    change(model / "config.json", format=99)
    assert refuse(model) == (
        f"{model / 'config.json'}: has model format 99, this version reads 3. "
        "Train again, or install the version of harnn that wrote it."
    )


def test_damaged_files(model: Path) -> None:
    decode = model / "decode.json"
    good = decode.read_text("utf-8")
    decode.write_text("{", encoding="utf-8")
    assert refuse(model) == (
        f"{decode}:1: is damaged: Expecting property name enclosed in double quotes."
    )
    decode.write_text(good, encoding="utf-8")
    change(decode, threshold=3)
    assert refuse(model) == f"{decode}: threshold: got 3, expected 0 to 1."
    decode.write_text(good, encoding="utf-8")
    (model / "model.safetensors").write_bytes(b"rubbish")
    assert refuse(model).startswith(f"{model / 'model.safetensors'}: is damaged: ")


def test_a_decoder_of_one_threshold_is_read(model: Path) -> None:
    alone = {"threshold": 0.3, "close": "none"}
    calibration = json.loads((model / "decode.json").read_text("utf-8"))["calibration"]
    (model / "decode.json").write_text(
        json.dumps(alone | {"calibration": calibration}), encoding="utf-8"
    )
    loaded = harnn.Predictor.load(model)
    assert loaded.bundle.decoder == harnn.Decoder(0.3, close="none")
    assert len(loaded.predict(TEXTS, strategy="f1")) == len(TEXTS)
    with pytest.raises(ConfigError) as error:
        loaded.predict(TEXTS, strategy="label")
    assert str(error.value) == (
        "The strategy label needs label_thresholds, which this model was not tuned for. "
        "It has threshold, f1."
    )


def test_thresholds_of_another_taxonomy(model: Path) -> None:
    change(model / "decode.json", label_thresholds=[0.5] * 3)
    assert refuse(model) == (
        f"{model / 'decode.json'}: label_thresholds: got 3 numbers, expected 50."
    )


def test_a_foreign_taxonomy(model: Path) -> None:
    other = harnn.Taxonomy.from_edges([("a", "ROOT"), ("b", "a")])
    version = harnn.load_bundle(model).taxonomy.version
    (model / "taxonomy.json").write_text(other.to_json(), encoding="utf-8")
    assert refuse(model) == (
        f"{model / 'taxonomy.json'}: is not the taxonomy that the model was trained with: "
        f"version {other.version[:12]}, expected {version[:12]}. Restore the file or train again."
    )


def test_a_network_of_another_shape(model: Path) -> None:
    table = json.loads((model / "config.json").read_text("utf-8"))
    table["networks"][0]["lstm_size"] += 1
    change(model / "config.json", networks=table["networks"])
    assert refuse(model).startswith(f"{model / 'model.safetensors'}: is damaged: ")
    table["networks"][0].pop("alpha")
    change(model / "config.json", networks=table["networks"])
    assert refuse(model).startswith(f"{model / 'config.json'}: the network's shape is damaged: ")


def test_the_model_card(model: Path) -> None:
    card = (model / "README.md").read_text("utf-8")
    assert "50 labels on 3\nlevels (8 / 17 / 25)" in card
    assert "250 documents" in card


def test_own_segmentation(tmp_path: Path) -> None:
    files = sample("en")
    table = json.loads(json.dumps(SMALL))
    table["training"]["epochs"] = 1
    result = harnn.fit(
        files.load_taxonomy(),
        files.train,
        files.valid,
        Config.from_dict(table),
        segment=str.split,
    )
    model = harnn.save_bundle(result, tmp_path / "m")
    with pytest.raises(BundleError, match="segment"):
        harnn.Predictor.load(model)
    loaded = harnn.Predictor.load(model, segment=str.split)
    assert len(loaded.predict(["bees and hives"], top_k=1)[0].labels) == 1
