"""What a server tells of the documents that it answers."""

from __future__ import annotations

import re
import signal
from pathlib import Path

import httpx
import pytest

import harnn
from harnn.watching import TOLERANCES, MovingWindow
from support.served import SMALL, client_of, running

TEXT = "The bees swarmed, and a dripping tap was mended."
ODD = "zzqx qqzz wwxx vvvv xylophagous"


def numbers(text: str) -> dict[str, float]:
    """Return the samples by their names with labels."""
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


def test_words_labels_and_scores_are_counted(model: Path) -> None:
    with client_of(f"m={model}") as client:
        asked = {"documents": [TEXT] * 30 + [ODD] * 10}
        answers = client.post("/v1/predict", json=asked).json()["predictions"]
        text = client.get("/metrics").text
    found = numbers(text)
    assert found['harnn_words_total{model="m"}'] == 30 * 9 + 10 * 5
    assert found['harnn_unknown_words_total{model="m"}'] >= 50
    for level in (1, 2, 3):
        given = sum(each["level"] == level for answer in answers for each in answer["labels"])
        assert found[f'harnn_labels_given_total{{level="{level}",model="m"}}'] == given
        assert found[f'harnn_best_score_count{{level="{level}",model="m"}}'] == 40
    assert found['harnn_documents_by_writing_total{model="m",writing="English"}'] == 30
    assert found['harnn_documents_by_writing_total{model="m",writing="Latin"}'] == 10
    doubtful = found['harnn_doubtful_documents_total{model="m"}']
    assert doubtful == sum(
        max((each["score"] for each in answer["labels"]), default=0) < 0.5 for answer in answers
    )
    assert found['harnn_doubtful_share{model="m"}'] == doubtful / 40
    assert found['harnn_window_documents{model="m"}'] == 40
    share = found['harnn_unknown_word_share{model="m"}']
    words = (found[f'harnn_{name}_total{{model="m"}}'] for name in ("unknown_words", "words"))
    assert share == pytest.approx(next(words) / next(words))
    assert found['harnn_drift_distance{figure="unknown_words",level="",model="m"}'] >= 0
    assert "xylophagous" not in text
    assert "beekeeping" not in text


def test_there_are_no_more_series_than_levels(model: Path) -> None:
    """However many labels: figures are of levels."""
    levels = harnn.load_bundle(model).taxonomy.depth
    with client_of(f"m={model}") as client:
        client.post("/v1/predict", json={"documents": [TEXT] * 40})
        found = numbers(client.get("/metrics").text)
    drift = [name for name in found if name.startswith("harnn_drift_distance")]
    assert len(drift) == 7 + 3 * levels
    figures = {re.findall('figure="([a-z_0-9]+)"', name)[0] for name in drift}
    assert figures == TOLERANCES.keys() - {"f1"}  # all that harnn drift tells without true labels
    assert not [name for name in found if re.search(r'label="', name)]


def test_models_without_figures_have_no_distances() -> None:
    with client_of(f"m={SMALL}") as client:
        client.post("/v1/predict", json={"documents": [TEXT] * 40})
        found = numbers(client.get("/metrics").text)
    assert found['harnn_window_documents{model="m"}'] == 40
    assert not [name for name in found if name.startswith("harnn_drift_distance")]


def test_answers_come_whatever_becomes_of_the_figures(
    model: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("a secret")

    monkeypatch.setattr(MovingWindow, "add", fail)
    with client_of(f"m={model}") as client:
        assert client.post("/v1/predict", json={"documents": [TEXT]}).status_code == 200
    assert "Figures of documents cannot be counted: RuntimeError" in caplog.text
    assert "a secret" not in caplog.text


def test_notes_have_values_for_programs(model: Path) -> None:
    with client_of(f"m={model}") as client:
        (answer,) = client.post("/v1/predict", json={"documents": [ODD]}).json()["predictions"]
    (details,) = answer["note_details"]
    assert details["code"] == answer["note_codes"][0] == "unknown_words"
    assert details["text"] == answer["notes"][0]
    assert details["share"] == 1.0


@pytest.mark.slow
def test_each_of_several_processes_has_its_window(model: Path, tmp_path: Path) -> None:
    with (
        running(tmp_path / "log", f"m={model}", "--workers", "2") as server,
        httpx.Client(base_url=server.url, timeout=60) as client,
    ):
        for _ in range(4):
            client.post("/v1/predict", json={"documents": [TEXT] * 64})
        found = numbers(client.get("/metrics").text)
        assert found['harnn_words_total{model="m"}'] == 4 * 64 * 9  # all together
        windows = [name for name in found if name.startswith("harnn_window_documents")]
        assert all("pid=" in name for name in windows)
        assert sum(found[name] for name in windows) == 256
        server.stop(signal.SIGTERM)
