"""A repository for an Inference Endpoint: asked in a process of its own, as a stranger would."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import harnn
from harnn.cli import run
from harnn.errors import BundleError, ConfigError, DocumentError, HarnnError, InputError
from harnn.flavours import endpoint
from harnn.flavours.endpoint import EndpointHandler, read_request
from harnn.flavours.huggingface import save_model

MODELS = Path(__file__).parents[1] / "golden" / "format-3"

EXPORTED = MODELS / "network-onnx"
TEXTS = ["Willow pollen for the bees", "", "蜜蜂 🐝", "the hive " * 300]
ASK = """
import importlib.util, json, sys
path = sys.argv[1]
spec = importlib.util.spec_from_file_location("handler", f"{path}/handler.py")
handler = importlib.util.module_from_spec(spec)
spec.loader.exec_module(handler)
ask = handler.EndpointHandler(path)
answers = [ask(request) for request in json.load(sys.stdin)]
import harnn
print(json.dumps([harnn.__file__, "torch" in sys.modules, answers]))
"""


def ask(repository: Path, requests: list[Any]) -> tuple[str, bool, list[Any]]:
    """Ask the handler that stands in a directory, in a process that knows nothing of ours."""
    done = subprocess.run(
        [sys.executable, "-I", "-B", "-c", ASK, str(repository)],
        input=json.dumps(requests),
        capture_output=True,
        text=True,
        check=True,
        cwd="/",
    )
    where, torch, answers = json.loads(done.stdout)
    return where, torch, answers


@cache
def predictor() -> harnn.Predictor:
    return harnn.Predictor.load(EXPORTED)


def expected(texts: list[str], **options: Any) -> list[list[dict[str, Any]]]:
    return [
        [each.to_dict() for each in sorted(answer.labels, key=lambda x: -x.score)]
        for answer in predictor().predict(texts, **options)
    ]


def test_the_written_file_answers_as_the_predictor(repository: Path, tmp_path: Path) -> None:
    place = repository.rename(tmp_path / "elsewhere")
    try:
        where, torch, answers = ask(
            place,
            [
                {"inputs": TEXTS},
                {"inputs": TEXTS[0], "parameters": {"top_k": 3}},
                {"inputs": TEXTS[:2], "parameters": {"threshold": 0.2, "top_k": None}},
                {"inputs": TEXTS[0], "parameters": {"function_to_apply": "sigmoid"}},
                {"inputs": []},
            ],
        )
    finally:
        place.rename(repository)
    assert Path(where) == place / "harnn" / "__init__.py"
    assert not torch
    assert answers == [
        expected(TEXTS),
        expected(TEXTS[:1], top_k=3),
        expected(TEXTS[:2], threshold=0.2),
        expected(TEXTS[:1]),
        [],
    ]
    assert len(answers[1][0]) == 3
    assert [x["score"] for x in answers[1][0]] == sorted(
        (x["score"] for x in answers[1][0]), reverse=True
    )


def test_what_a_repository_holds(repository: Path) -> None:
    lines = (repository / "requirements.txt").read_text("utf-8").splitlines()
    assert "onnxruntime" in {line.partition("==")[0] for line in lines}
    assert not {line.partition("==")[0] for line in lines} & {"torch", "gensim", "harnn"}
    assert not list(repository.rglob("__pycache__"))
    ours = predictor().scores(TEXTS).values
    assert (harnn.Predictor.load(repository).scores(TEXTS).values == ours).all()


def test_a_model_of_pytorch_is_exported_first(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = tmp_path / "model"
    words = ["export", str(MODELS / "network"), "-o", str(model), "--format", "huggingface"]
    assert run([*words, "--int8"]) == 0
    said = capsys.readouterr().out
    assert "It is a repository for an Inference Endpoint, and a model that harnn predict" in said
    settings = json.loads((model / "config.json").read_text("utf-8"))
    assert (settings["runtime"], settings["weights"]) == ("onnx", "int8")
    assert run(words) == 2
    assert capsys.readouterr().err == (
        f"Error: {model}: exists already. Choose another --output, or replace it with --overwrite."
        "\n"
    )
    (model / "private.txt").write_text("a note", "utf-8")
    save_model(model, tmp_path / "again")
    assert not (tmp_path / "again" / "private.txt").exists()
    assert (tmp_path / "again" / "README.md").exists()


def test_models_that_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError) as error:
        save_model(EXPORTED, tmp_path / "out", int8=True)
    assert str(error.value) == (
        f"{EXPORTED}: was exported before, or has no network: its weights stay as they are. "
        "Leave int8 out."
    )
    monkeypatch.setattr("harnn.flavours.parts.reads_document_vectors", lambda _: True)
    with pytest.raises(ConfigError) as error:
        save_model(EXPORTED, tmp_path / "out")
    assert str(error.value) == (
        f"{EXPORTED}: reads vectors of documents beside their texts, which no request brings "
        "along. Train one without document_vectors."
    )
    assert not list(tmp_path.iterdir())


def test_places_that_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="is the model itself; write the other form to"):
        save_model(MODELS / "fast", MODELS / "." / "fast")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("mine")
    with pytest.raises(InputError, match="is a directory with other files in it"):
        save_model(MODELS / "fast", tmp_path / "full")
    with pytest.raises(BundleError, match="no such model directory"):
        save_model(tmp_path / "nothing", tmp_path / "out")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["full"]


@pytest.mark.parametrize(
    ("request_", "kind", "message"),
    [
        (None, DocumentError, "request: got null, expected an object with inputs."),
        ([], DocumentError, "request: got [], expected an object with inputs."),
        ({"input": "x"}, DocumentError, "expected an object with inputs."),
        ({"inputs": 3}, DocumentError, "inputs: got 3, expected a string or strings."),
        ({"inputs": {"text": "x"}}, DocumentError, "expected a string or strings."),
        ({"inputs": ["a", None, 5]}, DocumentError, "inputs[1]: got "),
        ({"inputs": "a", "parameters": []}, ConfigError, "parameters: got [], expected an object."),
        (
            {"inputs": "a", "parameters": {"topk": 1}},
            ConfigError,
            "parameters: unknown key 'topk'; expected strategy, threshold, top_k, close, top_1, "
            "function_to_apply. Did you mean 'top_k'?",
        ),
        (
            {"inputs": "a", "parameters": {"function_to_apply": "softmax"}},
            ConfigError,
            "parameters: function_to_apply: got 'softmax', expected sigmoid, or leave it out. "
            "Scores are probabilities as they are.",
        ),
    ],
)
def test_requests_that_are_refused(request_: Any, kind: type[HarnnError], message: str) -> None:
    with pytest.raises(kind) as error:
        read_request(request_)
    assert message.replace("null", "None") in str(error.value)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"top_k": 1, "threshold": 0.5}, "threshold and top_k exclude each other"),
        ({"top_k": 0}, "top_k: got 0, expected null or a whole number of at least 1."),
        ({"top_k": True}, "top_k: got True"),
        ({"threshold": "x"}, "threshold: got 'x', expected 0 to 1."),
        ({"threshold": 1e400}, "threshold: got inf, expected 0 to 1."),
        ({"strategy": "best"}, "strategy: got 'best', expected one of threshold, level, label,"),
        ({"strategy": ["label"]}, "strategy: got ['label'], expected one of threshold,"),
        ({"close": {}}, "close: got {}, expected one of up, down, none."),
    ],
)
def test_parameters_out_of_range(parameters: dict[str, Any], message: str) -> None:
    handler = EndpointHandler(str(MODELS / "fast"))
    with pytest.raises((HarnnError, ValueError)) as error:
        handler({"inputs": "bees", "parameters": parameters})
    assert message in str(error.value)


def test_requests_that_are_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(DocumentError) as error:
        read_request({"inputs": ["a"] * 4_097})
    assert str(error.value) == (
        "inputs: got 4,097 texts, expected 4,096 at most. Send several requests."
    )
    monkeypatch.setattr(endpoint, "MOST_CHARACTERS", 10)
    assert read_request({"inputs": "0123456789"}) == (["0123456789"], {})
    with pytest.raises(DocumentError) as error:
        read_request({"inputs": ["01234", "567890"]})
    assert str(error.value) == (
        "inputs: got 11 characters, expected 10 at most. Send several requests."
    )
