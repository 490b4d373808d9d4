"""A model in MLflow's form, asked by MLflow itself: in Python, by its protocol, by its server."""

from __future__ import annotations

import importlib.util
import io
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import harnn
from harnn.cli import run
from harnn.errors import BundleError, MissingExtraError

pandas = pytest.importorskip("pandas")
pytest.importorskip("mlflow")

MODELS = Path(__file__).parents[1] / "golden" / "format-3"
EXPORTED = MODELS / "network-onnx"
TEXTS = ["Willow pollen for the bees", "", "蜜蜂 🐝", "the hive " * 300]
pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # MLflow's, of its libraries
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore:Operation with range is deprecated"),
    pytest.mark.filterwarnings("ignore:.*Any type hint is inferred"),
]


@pytest.fixture(scope="module", autouse=True)
def _quiet() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
        patch.setenv("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
        yield


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the command writes, moved to another place."""
    place = tmp_path_factory.mktemp("mlflow")
    words = ["export", str(EXPORTED), "--output", str(place / "written")]
    assert run([*words, "--format", "mlflow"]) == 0
    return (place / "written").rename(place / "moved")


@pytest.fixture(scope="module")
def loaded(saved: Path) -> Any:
    import mlflow

    return mlflow.pyfunc.load_model(str(saved))


def rows(answers: list[harnn.Prediction]) -> list[dict[str, Any]]:
    return [
        {
            "id": answer.id,
            "labels": [x.label for x in answer.labels],
            "names": [x.name for x in answer.labels],
            "scores": [x.score for x in answer.labels],
            "levels": [x.level for x in answer.labels],
            "paths": [list(x.path) for x in answer.labels],
            "notes": list(answer.notes),
            "note_codes": list(answer.note_codes),
        }
        for answer in answers
    ]


@cache
def predictor() -> harnn.Predictor:
    return harnn.Predictor.load(EXPORTED)


def expected(texts: Any, **options: Any) -> list[dict[str, Any]]:
    return rows(predictor().predict(texts, **options))


@pytest.mark.parametrize(
    "given",
    [
        TEXTS,
        pandas.Series(TEXTS),
        pandas.Series(TEXTS, name="text"),
        pandas.DataFrame({"text": TEXTS}),
        pandas.DataFrame({"text": TEXTS, "more": range(4)}, index=[7, 7, 3, 1]),
        np.array(TEXTS),
    ],
)
def test_answers_are_those_of_the_predictor(loaded: Any, given: Any) -> None:
    assert loaded.predict(given).to_dict(orient="records") == expected(TEXTS)


@pytest.mark.parametrize(
    "params",
    [
        {"top_k": 3},
        {"threshold": 0.2},
        {"threshold": 1},
        {"strategy": "f1", "top_1": "always"},
        {"close": "none"},
    ],
)
def test_params(loaded: Any, params: dict[str, Any]) -> None:
    assert loaded.predict(TEXTS, params=params).to_dict(orient="records") == expected(
        TEXTS, **params
    )


@pytest.mark.parametrize(
    ("given", "params", "message"),
    [
        (["a"], {"top_k": 0}, "top_k: got 0, expected null or a whole number of at least 1."),
        (["a"], {"strategy": "best"}, "strategy: got 'best', expected one of threshold, level, "),
        (["a"], {"top_k": 1, "threshold": 0.5}, "threshold and top_k exclude each other"),
        (["a"], {"top_k": "many"}, "Invalid parameters found"),
        ([1], {}, "Incompatible input types"),
        (pandas.DataFrame({"text": ["a", None]}), {}, "row 2 of the column: holds nothing, expec"),
        (
            pandas.DataFrame({"id": ["7"], "text": ["a"]}),
            {},
            "got texts in the column 'id', expected one column 'text'. Give its values as a list; "
            "save_model(text_fields=) names other columns.",
        ),
    ],
)
def test_what_is_refused(loaded: Any, given: Any, params: Any, message: str) -> None:
    from mlflow.exceptions import MlflowException

    with pytest.raises(MlflowException) as error:
        loaded.predict(given, params=params)
    assert message in str(error.value)
    assert error.value.error_code == "INVALID_PARAMETER_VALUE" or params == {}


def test_no_text_has_no_answer(loaded: Any) -> None:
    assert len(loaded.predict(pandas.DataFrame({"text": pandas.Series([], dtype=object)}))) == 0


def test_what_is_written(saved: Path, loaded: Any) -> None:
    signature, metadata = loaded.metadata.signature, loaded.metadata.metadata
    assert [str(each.type) for each in signature.inputs] == ["DataType.string"]
    assert signature.outputs.input_names() == list(rows([harnn.Prediction("1", ())])[0])
    assert [param.name for param in signature.params] == [
        *("strategy", "threshold", "top_k", "close", "top_1"),
    ]
    bundle = harnn.load_bundle(EXPORTED)
    assert metadata["harnn_taxonomy"] == bundle.taxonomy.version
    assert metadata["harnn_labels"] == 50
    assert len(metadata["harnn_model"]) == 64
    assert not [path for path in saved.rglob("*") if path.suffix in (".pkl", ".pickle")]
    assert not [path for path in saved.rglob("*.pyc") if path.parent.name != "__pycache__"]
    lines = (saved / "requirements.txt").read_text("utf-8").split()
    names = {line.partition("==")[0] for line in lines}
    assert {"mlflow-skinny", "pandas", "onnxruntime", "numpy"} <= names
    assert not names & {"mlflow", "torch", "gensim", "harnn"}
    example = json.loads((saved / "serving_input_example.json").read_text("utf-8"))
    assert example["dataframe_split"]["columns"] == ["text"]


PROTOCOL: list[dict[str, Any]] = [
    {"dataframe_split": {"columns": ["text"], "data": [[text] for text in TEXTS]}},
    {"dataframe_records": [{"text": text} for text in TEXTS]},
    {"inputs": TEXTS},
    {"instances": TEXTS},
]


@pytest.mark.parametrize("request_", PROTOCOL)
def test_the_scoring_protocol(saved: Path, request_: dict[str, Any]) -> None:
    from mlflow.models import validate_serving_input

    given = json.dumps({**request_, "params": {"top_k": 2}})
    answers = validate_serving_input(str(saved), given)
    assert answers.to_dict(orient="records") == expected(TEXTS, top_k=2)


def test_the_server_of_mlflow(loaded: Any) -> None:
    from fastapi.testclient import TestClient
    from mlflow.pyfunc import scoring_server

    client = TestClient(scoring_server.init(loaded))
    assert client.get("/ping").status_code == 200
    for each in PROTOCOL:
        answer = client.post("/invocations", json={**each, "params": {"threshold": 0.2}})
        assert (answer.status_code, answer.json()) == (
            200,
            {"predictions": expected(TEXTS, threshold=0.2)},
        )
    text = io.StringIO()
    pandas.DataFrame({"text": TEXTS[:1]}).to_csv(text, index=False)
    answer = client.post(
        "/invocations", content=text.getvalue(), headers={"Content-Type": "text/csv"}
    )
    assert answer.json() == {"predictions": expected(TEXTS[:1])}
    answer = client.post("/invocations", json={"inputs": ["a"], "params": {"top_k": -1}})
    assert answer.status_code == 400
    assert "top_k: got -1" in answer.json()["message"]


LOAD = """
import json, sys, warnings
warnings.simplefilter("ignore")
import mlflow
model = mlflow.pyfunc.load_model(sys.argv[1])
answers = model.predict(json.loads(sys.argv[2])).to_dict(orient="records")
import harnn
print(json.dumps([harnn.__file__, "torch" in sys.modules, answers]))
"""


@pytest.mark.slow
def test_in_another_process_it_runs_the_code_that_it_carries(saved: Path) -> None:
    command = [sys.executable, "-I", "-B", "-c", LOAD, str(saved), json.dumps(TEXTS)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd="/")
    where, torch, answers = json.loads(done.stdout)
    assert Path(where) == saved / "code" / "harnn" / "__init__.py"
    assert not torch
    assert answers == expected(TEXTS)


def test_named_fields(tmp_path: Path) -> None:
    import mlflow

    from harnn.flavours.mlflow import save_model

    save_model(
        MODELS / "fast", tmp_path / "out", text_fields=("title", "abstract"), metadata={"by": "me"}
    )
    model = mlflow.pyfunc.load_model(str(tmp_path / "out"))
    assert model.metadata.metadata["by"] == "me"
    assert model.metadata.signature.inputs.required_input_names() == ["title", "abstract"]
    records: list[dict[str, Any]] = [
        {"title": "Bees", "abstract": "A hive."},
        {"title": "Taps", "abstract": None},
    ]
    ids: list[dict[str, Any]] = [{"id": "a"}, {"id": "b"}]
    predictor = harnn.Predictor.load(MODELS / "fast")
    config = harnn.config.DataConfig(text_fields=("title", "abstract"))
    nothing: list[dict[str, Any]] = [{}, {}]
    for own in (nothing, ids):
        frame = pandas.DataFrame([a | b for a, b in zip(own, records, strict=True)])
        found = model.predict(frame).to_dict(orient="records")
        assert found == rows(predictor.predict(frame, data=config))
    assert [each["id"] for each in found] == ["a", "b"]


def test_it_is_logged_with_a_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a tracking server: what MLflow is told."""
    import mlflow

    from harnn.flavours.mlflow import log_model

    told: dict[str, Any] = {}
    monkeypatch.setattr(mlflow.pyfunc, "log_model", lambda **given: told.update(given))
    log_model(MODELS / "fast", "mine", pip_requirements=["numpy"], registered_model_name="ours")
    assert (told["name"], told["registered_model_name"]) == ("mine", "ours")
    assert list(told["artifacts"]) == ["model"]
    assert told["pip_requirements"] == ["numpy"]


@pytest.mark.slow  # MLflow makes a data base of its own
def test_it_is_registered(tmp_path: Path) -> None:
    import mlflow

    from harnn.flavours.mlflow import log_model

    before = mlflow.get_tracking_uri()
    mlflow.set_tracking_uri(f"sqlite:///{tmp_path}/mlflow.db")
    try:
        mlflow.create_experiment("ours", artifact_location=str(tmp_path / "artifacts"))
        mlflow.set_experiment("ours")
        with mlflow.start_run():
            log_model(MODELS / "fast", registered_model_name="topics")
        found = mlflow.pyfunc.load_model("models:/topics/1").predict(TEXTS)
    finally:
        mlflow.set_tracking_uri(before)
    ours = harnn.Predictor.load(MODELS / "fast").predict(TEXTS)
    assert found.to_dict(orient="records") == rows(ours)


def test_a_model_of_pytorch_is_exported_by_the_command_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from harnn.flavours.mlflow import save_model

    words = ["export", str(MODELS / "network"), "-o", str(tmp_path / "out"), "--format", "mlflow"]
    assert run([*words, "--int8"]) == 0
    assert "mlflow.pyfunc.load_model and mlflow models serve read it" in capsys.readouterr().out
    carried = tmp_path / "out" / "artifacts" / "model"
    assert json.loads((carried / "config.json").read_text("utf-8"))["weights"] == "int8"
    assert run(words) == 2
    assert capsys.readouterr().err == (
        f"Error: {tmp_path / 'out'}: exists already. Choose another --output, or replace it with "
        "--overwrite.\n"
    )
    assert run([*words, "--overwrite"]) == 0
    assert json.loads((carried / "config.json").read_text("utf-8"))["weights"] == "float32"
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "a.txt").write_text("mine")
    refused = ["export", str(MODELS / "fast"), "-o", str(tmp_path / "mine"), "--format", "mlflow"]
    assert run([*refused, "--overwrite"]) == 2
    assert "it has no MLmodel" in capsys.readouterr().err
    save_model(MODELS / "network", tmp_path / "as-it-is")
    assert "torch==" in (tmp_path / "as-it-is" / "requirements.txt").read_text("utf-8")


def test_names_of_directories_are_no_uris(tmp_path: Path) -> None:
    import mlflow

    model = tmp_path / "model #1?v=50%25"
    shutil.copytree(MODELS / "fast", model)
    words = ["export", str(model), "--output", str(tmp_path / "not" / "yet"), "--format", "mlflow"]
    assert run(words) == 0
    assert len(mlflow.pyfunc.load_model(str(tmp_path / "not" / "yet")).predict(["a"])) == 1


def test_the_command_asks_for_mlflow_before_it_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr("importlib.util.find_spec", lambda x: None if x == "mlflow" else find(x))
    words = ["export", str(MODELS / "none"), "-o", str(tmp_path / "out"), "--format", "mlflow"]
    assert run(words) == 2
    assert capsys.readouterr().err == (
        "Error: --format mlflow needs the package 'mlflow', which is not installed: "
        "pip install 'harnn[mlflow]'\n"
    )


def test_nothing_is_half_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    words = ["export", str(MODELS / "none"), "-o", str(tmp_path / "out"), "--format", "mlflow"]
    assert run(words) == 2
    assert run([*words[:3], str(tmp_path / "not" / "yet"), *words[4:]]) == 2
    monkeypatch.setattr(
        "harnn.flavours.mlflow.requirements_of", lambda *_: (_ for _ in ()).throw(BundleError("x"))
    )
    assert run([words[0], str(MODELS / "fast"), *words[2:]]) == 2
    assert not list(tmp_path.iterdir())


def test_without_mlflow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from harnn.flavours.mlflow import save_model

    monkeypatch.setitem(sys.modules, "mlflow.pyfunc", None)
    with pytest.raises(MissingExtraError) as error:
        save_model(MODELS / "fast", tmp_path / "out")
    assert str(error.value) == (
        "A model in MLflow's form needs the package 'mlflow.pyfunc', which is not installed: "
        "pip install 'harnn[mlflow]'"
    )
