"""Where a model comes from: told in one file, without places, and in no hash of the model."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import harnn
from harnn._calls import called, without_places
from harnn.bundle import (
    Provenance,
    ProvenanceStep,
    change_decoding,
    export_onnx,
    fingerprint,
    layout,
    model_info,
    provenance,
)
from harnn.bundle.provenance import told_contents
from harnn.cli import run
from harnn.errors import BundleError, ConfigError
from support.topics import FAST, TAXONOMY, documents

GOLDEN = Path(__file__).parents[1] / "golden" / "format-3"
MOMENT = "2026-11-28T09:30:00Z"


@pytest.fixture(scope="module")
def fitted() -> harnn.FitResult:
    with called(["train", "--train", "/home/ada/secret plans/train.jsonl", "--out=/srv/m"]):
        return harnn.fit(TAXONOMY, documents(8), documents(3), FAST)


@pytest.fixture
def model(fitted: harnn.FitResult, tmp_path: Path) -> Path:
    return harnn.save_bundle(fitted, tmp_path / "model", name="Pets & plants", version="1.4")


def record(directory: Path) -> Provenance:
    found = harnn.load_bundle(directory).provenance
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("word", "told"),
    [
        ("--train", "--train"),
        ("/home/ada/my documents/a.jsonl", "a.jsonl"),
        (r"C:\Users\ada\a.jsonl", "a.jsonl"),
        ("text.vectors=/home/ada/glove.txt", "text.vectors=glove.txt"),
        ("--out=../../models/m/", "--out=m"),
        ("postgresql://ada:secret@server/db", "postgresql://..."),
        ("--corrections=sqlite:////home/ada/db", "--corrections=sqlite://..."),
        ("training.epochs=5", "training.epochs=5"),
        ("/", "/"),
        ("", ""),
        ("x" * 300, "x" * 200 + "..."),
    ],
)
def test_words_of_a_command_tell_no_places(word: str, told: str) -> None:
    assert without_places(word) == told


def test_what_a_saved_model_tells(model: Path) -> None:
    found = record(model)
    assert (found.name, found.version, len(found.steps)) == ("Pets & plants", "1.4", 1)
    step = found.steps[0]
    assert (step.how, step.seed, step.parent) == ("train", FAST.training.seed, "")
    assert step.call == ("train", "--train", "train.jsonl", "--out=m")
    assert step.software.keys() >= {"harnn", "python", "numpy", "scipy", "safetensors"}
    assert step.machine.keys() >= {"system", "cores"}
    assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ", step.made)
    for path in model.iterdir():
        assert b"/home/ada" not in path.read_bytes(), path.name


def test_the_card_tells_it(model: Path) -> None:
    card = (model / layout.CARD).read_text("utf-8")
    origin = card.partition("## Origin\n")[2]
    assert "- name `Pets & plants`, version `1.4`" in origin
    assert "  - `harnn train --train train.jsonl --out=m`" in origin
    assert f"- SHA-256 of taxonomy: `{TAXONOMY.version}`" in origin


def test_the_card_is_called_as_the_model_is(
    fitted: harnn.FitResult, model: Path, tmp_path: Path
) -> None:
    def title(directory: Path) -> str:
        return (directory / layout.CARD).read_text("utf-8").partition("\n")[0]

    assert title(model) == "# Pets & plants 1.4"
    assert title(harnn.save_bundle(fitted, tmp_path / "fish_2")) == r"# fish\_2"
    old = harnn.load_bundle(GOLDEN / "fast")
    assert title(harnn.save_bundle(old, tmp_path / "old")) == "# A harnn model"


def test_commit_and_cores_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In the record, the card and ``harnn info``; of a training with the threads that it has."""
    commit = "0123456789abcdef" * 2 + "01234567"
    monkeypatch.setattr(provenance, "source_commit", lambda: f"{commit} and changes")
    table = FAST.to_dict() | {"training": {"threads": 1}}
    config = harnn.Config.from_dict({"model": table["model"], "training": table["training"]})
    result = harnn.fit(TAXONOMY, documents(8), documents(3), config)
    directory = harnn.save_bundle(result, tmp_path / "m")
    step = record(directory).steps[0]
    assert step.software["harnn commit"] == f"{commit} and changes"
    assert step.machine["cores"] == 1
    version = f"harnn {harnn.__version__}"
    told = f"with {version} (commit 0123456789ab and changes), on "
    assert told in step.describe()
    assert re.search(r", 1 core(,|$)", step.describe())
    card = (directory / layout.CARD).read_text("utf-8")
    assert told in card
    assert f"- software: {version}, harnn commit {commit} and changes, python " in card
    assert run(["info", str(directory)]) == 0
    assert f"{version}, harnn commit {commit} and changes, python " in capsys.readouterr().out
    monkeypatch.setattr(provenance, "source_commit", lambda: "")
    without = ProvenanceStep.now("train", threads=3)
    assert "harnn commit" not in without.software
    assert f"with {version}, on " in without.describe()
    assert ", 3 cores" in without.describe()


def test_neither_date_nor_name_changes_the_model(
    fitted: harnn.FitResult, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1795858200")
    again = harnn.save_bundle(harnn.fit(TAXONOMY, documents(8), documents(3), FAST), tmp_path / "2")
    assert record(again).steps[0].made == MOMENT
    assert record(again).steps[0].call == ()
    assert record(again).name == "2"
    assert fingerprint(again) == fingerprint(model)
    for path in model.iterdir():
        if path.name not in (layout.PROVENANCE, layout.CARD):
            assert path.read_bytes() == (again / path.name).read_bytes(), path.name


def test_a_moment_that_is_none_is_told_before_work_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "yesterday")
    with pytest.raises(ConfigError) as error:
        harnn.fit(TAXONOMY, documents(8), documents(3), FAST)
    assert str(error.value) == (
        "the variable SOURCE_DATE_EPOCH of the environment: got 'yesterday', expected seconds "
        "since 1970."
    )


def test_names_that_no_model_can_have(fitted: harnn.FitResult, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as error:
        harnn.save_bundle(fitted, tmp_path / "m", name="a\x1b[31m", version="9" * 101)
    assert [problem.where for problem in error.value.problems] == ["name", "version"]
    assert not (tmp_path / "m").exists()


def test_what_is_done_to_a_model_is_added(model: Path, tmp_path: Path) -> None:
    before = fingerprint(model)
    change_decoding(model, top_k=2)
    assert [(x.how, x.parent) for x in record(model).steps][1:] == [("decoding", before)]
    now = fingerprint(model)
    moved = harnn.migrate(model, TAXONOMY).bundle.provenance
    assert moved is not None
    assert (moved.name, [x.how for x in moved.steps]) == ("", ["train", "decoding", "migrate"])
    assert moved.steps[-1].parent == now
    trained = harnn.fit(None, documents(9), documents(3), init=model).provenance
    assert trained is not None
    assert [x.how for x in trained.steps] == ["train", "decoding", "continue"]
    assert trained.steps[-1].parent == now


def test_the_card_tells_what_was_done_since_and_keeps_what_people_wrote(model: Path) -> None:
    card = model / layout.CARD
    card.write_text(f"About us.\n{card.read_text('utf-8')}\n## Licence\n\nOurs é.\n", "utf-8")
    before = card.read_text("utf-8")
    change_decoding(model, top_k=2)
    change_decoding(model, top_k=3)
    after = card.read_text("utf-8")
    assert [x for x in after.splitlines() if x not in before.splitlines()] == [
        f"- {step.describe()}" for step in record(model).steps[1:]
    ]
    assert not [x for x in before.splitlines() if x not in after.splitlines()]
    assert after.startswith("About us.\n# ")
    assert after.endswith("\n\n## Licence\n\nOurs é.\n")


def test_hashes_of_nothing_are_not_told() -> None:
    nothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"  # of no bytes
    assert told_contents({"train": "a" * 64, "unlabelled": nothing}) == {"train": "a" * 64}


def test_an_export_tells_from_which_model(tmp_path: Path) -> None:
    network = tmp_path / "network"
    shutil.copytree(GOLDEN / "network", network)
    export_onnx(network, tmp_path / "older")
    assert harnn.load_bundle(tmp_path / "older").provenance is None
    step = ProvenanceStep.now("train", seed=1)
    (network / layout.PROVENANCE).write_text(Provenance(name="n").then(step).to_json(), "utf-8")
    export_onnx(network, tmp_path / "light")
    found = record(tmp_path / "light")
    assert (found.name, [x.how for x in found.steps]) == ("n", ["train", "export"])
    assert found.steps[-1].parent == fingerprint(network)
    card = (tmp_path / "light" / layout.CARD).read_text("utf-8")
    assert card.startswith((network / layout.CARD).read_text("utf-8"))
    assert "- exported 20" in card.partition("## Origin")[2]


def test_an_older_model_is_saved_as_it_was_and_can_be_named(tmp_path: Path) -> None:
    old = harnn.load_bundle(GOLDEN / "fast")
    plain = harnn.save_bundle(old, tmp_path / "plain")
    assert not (plain / layout.PROVENANCE).exists()
    assert "## Origin" not in (plain / layout.CARD).read_text("utf-8")
    assert record(harnn.save_bundle(old, tmp_path / "x", name="Old")).steps == ()


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda x: x.update(name=7), "is damaged: name: got 7, expected text."),
        (lambda x: x.update(steps={}), "is damaged: steps: got {}, expected a list of at most"),
        (lambda x: x["steps"].append(3), "is damaged: a step: got 3, expected call, how, machine,"),
        (
            lambda x: x["steps"][0].update(made="now"),
            "is damaged: made: got 'now', expected a ",
        ),
        (lambda x: x["steps"][0].update(how="dream"), "is damaged: how: got 'dream', expected one"),
        (lambda x: x["steps"][0].update(seed=-1), "is damaged: seed: got -1, expected a number"),
        (lambda x: x["steps"][0].update(call="x"), "is damaged: call: got 'x', expected a list of"),
        (lambda x: x["steps"][0].update(machine={"a": []}), "is damaged: machine: got {'a': []},"),
        (lambda x: x.update(format=2), "has format 2, expected 1."),
    ],
)
def test_whatever_stands_there_is_looked_at(model: Path, change: object, what: str) -> None:
    path = model / layout.PROVENANCE
    plain = json.loads(path.read_text("utf-8"))
    plain.pop("sha256")
    assert callable(change)
    change(plain)
    from harnn.bundle.provenance import _sha256_of

    path.write_text(json.dumps(plain | {"sha256": _sha256_of(plain)}), "utf-8")
    with pytest.raises(BundleError) as error:
        harnn.load_bundle(model)
    assert str(error.value).startswith(f"{path}: {what}")


def test_a_record_that_was_changed_or_is_huge(model: Path) -> None:
    path = model / layout.PROVENANCE
    path.write_text(path.read_text("utf-8").replace("1.4", "1.5"), "utf-8")
    with pytest.raises(BundleError) as error:
        harnn.load_bundle(model)
    assert str(error.value) == (
        f"{path}: was changed after it was written (its SHA-256 differs). Restore it, or remove it."
    )
    path.write_text(" " * ((1 << 20) + 1), "utf-8")
    with pytest.raises(BundleError, match="has 1,048,577 bytes, expected at most 1,048,576"):
        harnn.load_bundle(model)
    path.unlink()
    assert harnn.load_bundle(model).provenance is None


def test_info_tells_all_of_it(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["info", str(model)]) == 0
    told = capsys.readouterr().out
    assert told.startswith(f"Pets & plants 1.4\n  model      {fingerprint(model)}, format 3, ")
    assert "  branches   linear; preset fast, mode harnn\n  needs      NumPy alone\n" in told
    assert "    harnn train --train train.jsonl --out=m\n" in told
    assert run(["info", str(model), "--json"]) == 0
    plain = json.loads(capsys.readouterr().out)
    info = model_info(model)
    assert plain == json.loads(json.dumps(info.to_dict()))
    sums = json.loads((model / layout.CHECKSUMS).read_text("utf-8"))["sha256"]
    assert {x["name"]: x["sha256"] for x in plain["files"] if x["sha256"]} == sums
    assert plain["size"] == sum(path.stat().st_size for path in model.iterdir())


def test_info_of_models_with_networks(capsys: pytest.CaptureFixture[str]) -> None:
    """Read without PyTorch, and of older models it is said what they do not tell."""
    found = {name: model_info(GOLDEN / name) for name in ("network", "network-onnx", "blend-onnx")}
    assert found["network"].branches == found["network-onnx"].branches == ("network",)
    assert found["blend-onnx"].branches == ("linear", "network", "text_vectors")
    assert [x.needs_torch for x in found.values()] == [True, False, False]
    words = ["info", str(GOLDEN / "network")]
    code = (
        f"import sys; from harnn.cli import run; code = run({words!r}); "
        "heavy = {'torch', 'pandas', 'numba', 'sklearn', 'harnn.training', 'harnn.network'}; "
        "print(sorted(heavy & set(sys.modules)), code)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[] 0"
    assert "the model was made before harnn 0.2.0, or the record was removed" in done.stdout


def test_info_of_what_is_no_model_or_damaged(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["info", str(tmp_path / "x")]) == 2
    content = (model / layout.ARRAYS).read_bytes()
    (model / layout.ARRAYS).write_bytes(content[:-1] + b"?")
    assert run(["info", str(model)]) == 2
    assert capsys.readouterr().err == (
        f"Error: {tmp_path / 'x'}: no such model directory. Train one with harnn train.\n"
        f"Error: {model / layout.ARRAYS}: was changed after it was written (its SHA-256 differs). "
        "Restore it or train again.\n"
    )


def test_text_from_elsewhere_begins_no_line(
    model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A record may be anybody's."""
    evil = Provenance(name="x\nOrigin\x1b[31m").then(ProvenanceStep.now("train"))
    (model / layout.PROVENANCE).write_text(evil.to_json(), "utf-8")
    assert run(["info", str(model)]) == 0
    told = capsys.readouterr().out
    assert "\x1b" not in told
    assert told.splitlines().count("Origin") == 1
