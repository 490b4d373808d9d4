"""Estimators in files and pickles."""

from __future__ import annotations

import io
import pickle
import pickletools
import subprocess
import sys
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
from sklearn.base import clone

import harnn
from harnn import HarnnClassifier
from harnn.bundle import layout
from harnn.errors import BundleError
from harnn.estimator.stored import from_files, to_files
from support.texts import make_texts
from support.topics import TAXONOMY

NEW = [*make_texts(10, seed=3)[0], "", "zzqx"]
GOLDEN = Path(__file__).parents[1] / "golden" / "format-3"


@pytest.fixture(params=["linear", "blend"])
def fitted(request: pytest.FixtureRequest) -> HarnnClassifier:
    model: HarnnClassifier = request.getfixturevalue(request.param)
    return model


@pytest.mark.slow
def test_pickles_give_the_same_bits_in_another_process(
    linear: HarnnClassifier, blend: HarnnClassifier, tmp_path: Path
) -> None:
    """One without a network never imports PyTorch for it."""
    (tmp_path / "given.pickle").write_bytes(
        pickle.dumps([NEW, *map(pickle.dumps, (linear, blend))])
    )
    code = (
        "import pickle, sys; from pathlib import Path; home = Path(sys.argv[1])\n"
        "texts, *models = pickle.loads((home / 'given.pickle').read_bytes())\n"
        "found = []\n"
        "for data in models:\n"
        "    model = pickle.loads(data)\n"
        "    found.append((model.predict_proba(texts), model.predict(texts)))\n"
        "    found.append('torch' in sys.modules)\n"
        "(home / 'found.pickle').write_bytes(pickle.dumps(found))"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True)
    first, torch_first, second, torch_second = pickle.loads(
        (tmp_path / "found.pickle").read_bytes()
    )
    for (proba, sets), model in ((first, linear), (second, blend)):
        assert (proba == model.predict_proba(NEW)).all()
        assert sets == model.predict(NEW)
    assert (torch_first, torch_second) == (False, True)


def test_a_pickle_holds_nothing_of_torch(fitted: HarnnClassifier) -> None:
    data = pickle.dumps(fitted, protocol=2)  # names what it builds in one piece
    names = {str(arg).split()[0] for op, arg, _ in pickletools.genops(data) if op.name == "GLOBAL"}
    rooms = {".".join(name.split(".")[:2]) for name in names if name.startswith("harnn")}
    assert rooms == {"harnn.estimator", "harnn.taxonomy"}
    assert not [name for name in names if name.startswith(("torch", "scipy", "sklearn"))]


def test_joblib(fitted: HarnnClassifier) -> None:
    buffer = io.BytesIO()
    joblib.dump(fitted, buffer)
    again = joblib.load(buffer)
    assert (again.predict_proba(NEW) == fitted.predict_proba(NEW)).all()
    assert again.get_params().keys() == fitted.get_params().keys()
    assert again.taxonomy_ == TAXONOMY
    assert (again.classes_ == fitted.classes_).all()


@pytest.mark.slow
def test_joblib_processes(linear: HarnnClassifier) -> None:
    found = joblib.Parallel(n_jobs=2)(joblib.delayed(_proba)(linear) for _ in range(2))
    assert all((proba == linear.predict_proba(NEW)).all() for proba in found)


def _proba(model: HarnnClassifier) -> Any:
    return model.predict_proba(NEW)


def test_one_that_is_not_fitted() -> None:
    again = pickle.loads(pickle.dumps(HarnnClassifier(TAXONOMY, preset="fast", threshold=0.3)))
    assert again.threshold == 0.3
    assert not hasattr(again, "bundle_")


def test_a_directory(fitted: HarnnClassifier, tmp_path: Path) -> None:
    place = fitted.save(tmp_path / "model")
    again = HarnnClassifier.load(place)
    assert (again.predict_proba(NEW) == fitted.predict_proba(NEW)).all()
    assert again.predict(NEW) == fitted.predict(NEW)
    other = HarnnClassifier.load(place, threshold=0.0, output="indicator")
    assert other.predict(NEW).all()


def test_a_clone_of_what_was_read_trains_the_same(linear: HarnnClassifier, tmp_path: Path) -> None:
    again = clone(HarnnClassifier.load(linear.save(tmp_path / "model")))
    assert again.fit(*make_texts(80)).predict(NEW) == linear.predict(NEW)
    assert (again.predict_proba(NEW) == linear.predict_proba(NEW)).all()


@pytest.mark.parametrize("name", ["fast", "network", "paper", "blend"])
def test_models_of_any_origin(name: str) -> None:
    model = HarnnClassifier.load(GOLDEN / name)
    predictor = harnn.Predictor.load(GOLDEN / name)
    answers = predictor.predict(NEW)
    assert model.predict(NEW) == [tuple(x.label for x in answer.labels) for answer in answers]
    again = pickle.loads(pickle.dumps(model))
    assert (again.predict_proba(NEW) == model.predict_proba(NEW)).all()
    assert again.get_params()["settings"] == model.get_params()["settings"]


def test_bytes_that_are_no_model(linear: HarnnClassifier) -> None:
    files = to_files(linear.bundle_)
    assert files.keys() >= set(layout.FILES) | {layout.CHECKSUMS}
    damaged = bytearray(files[layout.ARRAYS])
    damaged[-1] ^= 1
    with pytest.raises(BundleError, match=r"model\.safetensors"):
        from_files(files | {layout.ARRAYS: bytes(damaged)})
    with pytest.raises(BundleError):
        from_files({name: data for name, data in files.items() if name != layout.TOKENIZER})
    for name in ("../x", "/tmp/x", "a/b", "..", ""):
        with pytest.raises(BundleError, match="is no name of a model's file"):
            from_files(files | {name: b""})


def test_arrays_stay_as_they_were(linear: HarnnClassifier) -> None:
    before = linear.predict_proba(NEW)
    pickle.dumps(linear)
    assert np.array_equal(linear.predict_proba(NEW), before)
