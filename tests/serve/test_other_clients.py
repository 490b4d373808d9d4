"""The clients of other programs, as they are, against a server that runs."""

from __future__ import annotations

import json
import re
import shlex
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import requests
from huggingface_hub import InferenceClient
from huggingface_hub.errors import HfHubHTTPError

import harnn
from harnn.sample import sample
from harnn.taxonomy.writing.labelling_config import labelling_config_text
from support.sample_models import TEXTS
from support.served import RunningServer


@pytest.fixture
def url(server: RunningServer) -> str:
    return server.url


def test_hugging_face_client(url: str, predictor: harnn.Predictor) -> None:
    client = InferenceClient(model=f"{url}/models/sample")
    for top_k in (None, 3):
        found = client.text_classification(TEXTS[0], top_k=top_k)
        (expected,) = predictor.predict([TEXTS[0]], top_k=top_k)
        shown = sorted(expected.labels, key=lambda each: -each.score)
        assert [(each.label, each.score) for each in found] == [
            (each.label, round(each.score, 6)) for each in shown
        ]
    with pytest.raises(HfHubHTTPError, match="expected sigmoid"):
        client.text_classification("a", function_to_apply="softmax")


@pytest.mark.skipif(
    find_spec("tritonclient") is None,
    reason="needs tritonclient[http], no dependency because it wants older ml_dtypes and greenlet",
)
@pytest.mark.parametrize("binary", [False, True])
def test_triton_client(url: str, predictor: harnn.Predictor, binary: bool) -> None:
    import tritonclient.http as triton

    client = triton.InferenceServerClient(url.removeprefix("http://"))
    assert client.is_server_live()
    assert client.is_server_ready()
    (version,) = client.get_model_metadata("sample")["versions"]
    assert client.is_model_ready("sample", version)
    assert not client.is_model_ready("sample", "1")
    texts = triton.InferInput("text", [len(TEXTS)], "BYTES")
    given = np.array([text.encode() for text in TEXTS], dtype=np.object_)
    texts.set_data_from_numpy(given, binary_data=binary)
    names = ("labels", "scores", "codes")
    outputs = [triton.InferRequestedOutput(name, binary_data=binary) for name in names]
    answer = client.infer("sample", [texts], version, outputs, parameters={"top_k": 2})
    expected = predictor.predict(TEXTS, top_k=2)
    found = [json.loads(text) for text in answer.as_numpy("labels")]
    assert found == [each.to_dict() for each in expected]
    ((scores, _),) = predictor.predict_with_scores(TEXTS)
    np.testing.assert_allclose(answer.as_numpy("scores"), scores.values, atol=6e-7)
    codes = [code.decode() if binary else code for code in answer.as_numpy("codes")]
    assert codes == list(predictor.taxonomy.codes)
    plain = client.infer("sample", [texts])
    assert [each["name"] for each in plain.get_response()["outputs"]] == ["labels"]
    with pytest.raises(triton.InferenceServerException, match="greater than or equal to 1"):
        client.infer("sample", [texts], parameters={"top_k": 0})
    client.close()


def predicted(url: str, config: str) -> Any:
    """Ask as label_studio/ml/api_connector.py of Label Studio 1.23 does, with its timeouts."""
    with requests.Session() as session:
        health = session.get(f"{url}/label-studio/health", timeout=(1, 1))
        assert health.json()["status"] == "UP"
        body = {"project": "1.17", "schema": config, "hostname": "", "extra_params": None}
        session.post(f"{url}/label-studio/setup", json=body, timeout=(1, 3)).raise_for_status()
        tasks = [{"id": n, "data": {"text": text}} for n, text in enumerate(TEXTS)]
        asked: Any = {"tasks": tasks, "project": "1.17", "label_config": config, "params": {}}
        answer = session.post(f"{url}/label-studio/predict", json=asked, timeout=(1, 100))
        answer.raise_for_status()
        return answer.json()["results"]


@pytest.mark.skipif(
    find_spec("label_studio_sdk") is None,
    reason="needs label-studio-sdk, no dependency because it brings 130 MB",
)
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")
def test_label_studio_takes_the_results(url: str) -> None:
    from label_studio_sdk.label_interface import LabelInterface

    flat = "".join(f'<Choice value="{code}"/>' for code in ("home", "nature", "repairs"))
    choices = f'<Choices name="c" toName="t" choice="multiple">{flat}</Choices>'
    configs = (
        labelling_config_text(sample("en").load_taxonomy()),
        f'<View><Text name="t" value="$text"/>{choices}</View>',
    )
    for config in configs:
        found = predicted(url, config)
        interface = LabelInterface(config)
        assert [interface.validate_prediction(each, return_errors=True) for each in found] == [
            []
        ] * len(TEXTS)
        assert any(each["result"] for each in found)
        spoiled = json.loads(json.dumps(found[0]).replace("home", "moon"))
        assert interface.validate_prediction(spoiled, return_errors=True)


PAGE = (Path(__file__).parents[2] / "docs" / "other-clients.md").read_text(encoding="utf-8")


def typed(language: str, word: str, url: str) -> str:
    """Return the example of the page that has *word* in it, for the server that runs."""
    blocks = re.findall(rf"```{language}\n(.*?)```", PAGE, flags=re.DOTALL)
    (found,) = (block for block in blocks if word in block)
    found = re.sub(r"/models/model\b", "/models/sample", found).replace('"model", [', '"sample", [')
    return found.replace("127.0.0.1:8000", url.removeprefix("http://"))


def test_the_examples_of_the_page(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    curl = typed("sh", "/infer", url)
    address, body = shlex.split(curl)[2], shlex.split(curl)[4]
    answer = requests.post(address, data=body, timeout=60).json()
    assert [each["name"] for each in answer["outputs"]] == ["labels", "scores", "codes"]
    exec(typed("python", "InferenceClient", url), {})
    assert len(capsys.readouterr().out.splitlines()) == 3
    if find_spec("tritonclient") is not None:
        exec(typed("python", "tritonclient", url), {})
        assert capsys.readouterr().out.startswith("[{'label': ")
