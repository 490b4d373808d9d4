"""Models of format 3 answer as they did when they were made, for ever.

``tests/golden/format-3`` holds small models as an earlier version wrote them, of every kind: the
blend of all branches with two networks, the paper's network, the fast preset, a constrained
network, and their exports. Beside each stand its scores and what it answered. On the processor and
with the libraries that ``machine.json`` names, the scores must be the same to the last bit on one
thread; elsewhere products are rounded otherwise, and they must be close. So must those of models
that read vectors of whole texts, whose encoder sums in another order than the one of then.
"""

from __future__ import annotations

import json
import platform
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import harnn
from harnn.data import read_documents
from harnn.sample import sample

HOME = Path(__file__).parent / "golden" / "format-3"
MODELS = ["blend", "paper", "fast", "network", "blend-onnx", "network-onnx", "blend-int8"]
PLAIN = ["blend-onnx", "network-onnx", "blend-int8"]
"""What answers without PyTorch, in a process that has none."""
SCORING = """
import json, sys
from pathlib import Path
import numpy as np
import harnn
home, output, how = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
if how == "torch":
    import torch
    torch.set_num_threads(1)
texts = json.loads((home / "texts.json").read_text("utf-8"))
for name in sys.argv[4:]:
    np.save(output / f"{name}.npy", harnn.Predictor.load(home / name).scores(texts).values)
"""


@pytest.fixture(scope="module")
def scored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the scores of all models are, computed in processes that do nothing else."""
    output = tmp_path_factory.mktemp("scores")
    environment = {"OMP_NUM_THREADS": "1", "PATH": "/usr/bin:/bin"}
    for how, names in (("torch", [x for x in MODELS if x not in PLAIN]), ("plain", PLAIN)):
        command = [sys.executable, "-c", SCORING, str(HOME), str(output), how, *names]
        subprocess.run(command, check=True, env=environment)
    return output


def texts() -> list[str]:
    read: list[str] = json.loads((HOME / "texts.json").read_text("utf-8"))
    return read


def this_machine() -> dict[str, str]:
    processor = platform.processor()
    information = Path("/proc/cpuinfo")
    if information.exists():
        lines = information.read_text(encoding="utf-8").splitlines()
        names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
        processor = names[0] if names else processor
    return {"processor": processor, "torch": torch.__version__, "numpy": np.__version__}


def recorded(name: str) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((HOME / f"{name}.json").read_text("utf-8"))
    return read


@pytest.mark.parametrize("name", MODELS)
def test_scores_are_what_they_were(name: str, scored: Path) -> None:
    expected, found = (np.load(place / f"{name}.npy") for place in (HOME, scored))
    settings = json.loads((HOME / name / "config.json").read_text("utf-8"))
    here = this_machine() == json.loads((HOME / "machine.json").read_text("utf-8"))
    if here and settings["sentence"] is None:
        np.testing.assert_array_equal(found, expected)
    else:
        np.testing.assert_allclose(
            found, expected, atol=1e-5 if here or "int8" not in name else 0.01
        )


def without_younger_notes(plain: dict[str, Any]) -> dict[str, Any]:
    """Leave out what is said of notes since the files were written: values, and unknown words of
    texts of which some are known.
    """
    details, codes = plain.pop("note_details", []), plain.pop("note_codes", [])
    if codes == ["unknown_words"] and details[0]["share"] < 1:
        del plain["notes"]
    return plain


@pytest.mark.parametrize("name", MODELS)
def test_answers_are_what_they_were(name: str) -> None:
    predictor, expected = harnn.Predictor.load(HOME / name), recorded(name)
    for answer, before in zip(predictor.predict(texts()), expected["answers"], strict=True):
        plain = without_younger_notes(answer.to_dict())
        for label, old in zip(plain["labels"], before["labels"], strict=True):
            assert label.pop("score") == pytest.approx(old.pop("score"), abs=1e-3)
        assert plain == before
    valid = list(read_documents(sample("en").valid))
    report = json.loads(json.dumps(predictor.evaluate(valid).to_dict()))
    for measure in ("micro_f1", "macro_f1", "hierarchical_f1", "auprc", "lca_f1", "violations"):
        assert report[measure] == pytest.approx(expected["evaluation"][measure], abs=2e-3)


@pytest.mark.parametrize("name", MODELS)
def test_explanations_are_what_they_were(name: str) -> None:
    predictor, expected = harnn.Predictor.load(HOME / name), recorded(name)["explanations"]
    for text, before in zip(texts(), expected, strict=True):
        plain = {"notes": []} | without_younger_notes(predictor.explain(text, top_k=2).to_dict())
        assert (plain["text"], plain["notes"]) == (before["text"], before["notes"])
        for label, old in zip(plain["labels"], before["labels"], strict=True):
            assert label["label"] == old["label"]
            words = [(word["start"], word["end"]) for word in label["words"]]
            assert words == [(word["start"], word["end"]) for word in old["words"]]
            weights = [word["weight"] for word in label["words"]]
            np.testing.assert_allclose(weights, [w["weight"] for w in old["words"]], atol=1e-3)


@pytest.mark.parametrize("name", ["blend", "paper", "fast", "network"])
def test_written_again_they_are_the_same_files(name: str, tmp_path: Path) -> None:
    written = harnn.save_bundle(harnn.load_bundle(HOME / name), tmp_path / "again")
    names = sorted(path.name for path in (HOME / name).iterdir())
    made = sorted(path.name for path in written.iterdir())
    assert made == sorted([*names, "checksums.json"])  # younger than the files
    for file in names:
        found, before = ((place / file).read_bytes() for place in (written, HOME / name))
        if file == "config.json":
            assert_holds(json.loads(found), json.loads(before))
        elif file != "README.md":  # its line on each branch is known after training only
            assert found == before, file


def assert_holds(found: dict[str, Any], before: dict[str, Any]) -> None:
    """Younger settings may stand beside those of before."""
    for key, value in before.items():
        if isinstance(value, dict):
            assert_holds(found[key], value)
        else:
            assert found[key] == value, key
