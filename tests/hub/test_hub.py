"""Models pushed to a hub and pulled from it: a hub of this machine, good, broken and hostile."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
import yaml  # type: ignore[import-untyped]

import harnn
from harnn.bundle import fingerprint, layout
from harnn.bundle.checksums import checksums_json
from harnn.cli import run
from harnn.errors import BundleError, ConfigError, HubError, MissingExtraError
from harnn.hub.client import check_names, is_model_file
from support.fake_hub import TOKEN, FakeHub, running_hub
from support.topics import FAST, TAXONOMY, documents

NAME = "ada/topics"
pytestmark = pytest.mark.filterwarnings(
    "ignore:Use 'content=<...>' to upload:DeprecationWarning"  # huggingface_hub to httpx2
)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    fitted = harnn.fit(TAXONOMY, documents(8), documents(3), FAST)
    place = harnn.save_bundle(fitted, tmp_path_factory.mktemp("hub") / "model")
    (place / "notes.txt").write_text("mine")  # no part of the model
    return place


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[FakeHub]:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_DISABLE_XET", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_TOKEN_PATH", str(tmp_path / "no token"))
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    with running_hub() as running:
        monkeypatch.setenv("HF_ENDPOINT", running.address)
        yield running


def test_what_is_pushed_is_pulled(model: Path, hub: FakeHub, tmp_path: Path) -> None:
    pushed = harnn.push_model(model, "topics", licence="apache-2.0", languages=["en", "zh"])
    assert (pushed.repository, pushed.revision, pushed.places) == (NAME, "main", ())
    assert hub.repositories[NAME].private
    hub.main(NAME)[".gitattributes"] = b"x"
    hub.main(NAME)["evil.pkl"] = b"x"
    pulled = harnn.pull_model(NAME, tmp_path / "made" / "m")
    assert pulled.commit == pushed.commit
    assert pulled.left == (".gitattributes", "evil.pkl")
    here = {path.name for path in pulled.directory.iterdir()}
    assert here == {path.name for path in model.iterdir()} - {"notes.txt"}
    for name in here - {layout.CARD}:
        assert (pulled.directory / name).read_bytes() == (model / name).read_bytes(), name
    assert fingerprint(pulled.directory) == fingerprint(model)
    assert harnn.Predictor.load(pulled.directory).predict(["barking puppy"])
    assert [path.name for path in (tmp_path / "made").iterdir()] == ["m"]


def test_the_card_tells_programs_what_it_is(model: Path, hub: FakeHub, tmp_path: Path) -> None:
    harnn.push_model(model, NAME, licence="apache-2.0", languages=["en"])
    card = hub.main(NAME)[layout.CARD].decode()
    _, front, body = card.split("---\n", 2)
    told = yaml.safe_load(front)
    assert (told["library_name"], told["license"], told["language"]) == (
        "harnn",
        "apache-2.0",
        ["en"],
    )
    assert {"harnn", "text-classification", "hierarchical"} <= set(told["tags"])
    (result,) = told["model-index"][0]["results"]
    report = json.loads((model / layout.METRICS).read_text("utf-8"))
    scores = {x["name"]: x["value"] for x in result["metrics"]}
    assert scores["micro-F1"] == round(report["micro_f1"], 4)
    assert body.strip() == (model / layout.CARD).read_text("utf-8").strip()
    pulled = harnn.pull_model(NAME, tmp_path / "m").directory
    harnn.push_model(pulled, "ada/again")
    again = hub.main("ada/again")[layout.CARD].decode()
    assert again.count("library_name: harnn") == 1
    assert "license:" not in again


def test_revisions(model: Path, hub: FakeHub, tmp_path: Path) -> None:
    harnn.push_model(model, NAME)
    other = tmp_path / "other"
    harnn.save_bundle(harnn.load_bundle(model), other)
    harnn.bundle.change_decoding(other, top_k=1)
    pushed = harnn.push_model(other, NAME, revision="v2")
    assert fingerprint(harnn.pull_model(NAME, tmp_path / "a").directory) == fingerprint(model)
    for revision in ("v2", pushed.commit):
        pulled = harnn.pull_model(NAME, tmp_path / "b", revision=revision)
        assert fingerprint(pulled.directory) == fingerprint(other)
    with pytest.raises(HubError) as error:
        harnn.pull_model(NAME, tmp_path / "c", revision="v3")
    assert str(error.value) == (
        f"{NAME}: the hub answers 404: there is no such repository, revision or file, or who asks "
        "may not see it. Set HF_TOKEN, or log in with hf auth login."
    )
    assert not (tmp_path / "c").exists()


@pytest.mark.slow
def test_an_exported_form(hub: FakeHub, tmp_path: Path) -> None:
    golden = Path(__file__).parents[1] / "golden" / "format-3" / "network"
    network = harnn.save_bundle(harnn.load_bundle(golden), tmp_path / "network", name="n")
    harnn.push_model(network, NAME, form="onnx")
    pulled = harnn.pull_model(NAME, tmp_path / "m").directory
    info = harnn.model_info(pulled)
    assert (info.exported, info.branches) == (True, ("network",))
    harnn.push_model(network, "ada/endpoint", form="huggingface")
    there = hub.main("ada/endpoint").keys()
    assert {"handler.py", "requirements.txt", "harnn/__init__.py"} <= there
    pulled = harnn.pull_model("ada/endpoint", tmp_path / "e").directory
    assert not harnn.model_info(pulled).needs_torch


def test_who_may_read_is_said_by_who_makes_it(model: Path, hub: FakeHub) -> None:
    harnn.push_model(model, "ada/open", private=False)
    assert not hub.repositories["ada/open"].private


def test_directories_that_settings_name_are_told(
    hub: FakeHub, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tables = FAST.to_dict()
    tables["text"]["vectors"] = "/home/ada/glove.txt"  # which this preset does not read
    config = harnn.Config.from_dict(tables)
    place = tmp_path / "m"
    harnn.save_bundle(harnn.fit(TAXONOMY, documents(8), documents(3), config), place)
    assert run(["push", str(place), NAME]) == 0
    told = capsys.readouterr()
    line = (
        "Note: the settings of the model name /home/ada/glove.txt, which everybody sees who reads "
    )
    line += "it."
    assert line in told.err.splitlines()
    assert f"is in {NAME}, revision main, commit " in told.out


def resealed(
    files: dict[str, bytes],
    change: Callable[[dict[str, str]], object],
    more: Mapping[str, bytes] = {},
) -> None:
    """Change the list of checksums, and files, as if they had been written so."""
    files |= more
    sums = json.loads(files[layout.CHECKSUMS])["sha256"]
    change(sums)
    files[layout.CHECKSUMS] = checksums_json(sums).encode()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda x: x.pop(layout.CHECKSUMS), "is no model of harnn: it has no checksums.json."),
        (
            lambda x: x.update({layout.CHECKSUMS: b" " * 1_048_577}),
            ": checksums.json: has 1,048,577 bytes, expected at most 1,048,576.",
        ),
        (
            lambda x: x.update({layout.ARRAYS: x[layout.ARRAYS][:-1] + b"?"}),
            ": model.safetensors: was changed after it was written (its SHA-256 differs).",
        ),
        (
            lambda x: x.pop(layout.TAXONOMY),
            ": checksums.json: names 'taxonomy.json', which the repository does not have.",
        ),
        (
            lambda x: resealed(x, lambda s: s.update({"x.pkl": "0" * 64}), {"x.pkl": b"p"}),
            ": checksums.json: names 'x.pkl', which is no file of a model.",
        ),
        (
            lambda x: resealed(x, lambda s: s.update({"../../x.json": "0" * 64})),
            ": checksums.json: names '../../x.json', which is no file of a model.",
        ),
        (
            lambda x: resealed(x, lambda s: s.update({"/etc/x.json": "0" * 64})),
            ": checksums.json: names '/etc/x.json', which is no file of a model.",
        ),
        (
            lambda x: x.update({layout.PROVENANCE: b"[]"}),
            ": provenance.json: is damaged: got [], expected an object.",
        ),
        (lambda x: x.update({layout.CHECKSUMS: b"{"}), ": checksums.json:1: is damaged"),
    ],
)
def test_what_is_wrong_never_gets_into_place(
    model: Path,
    hub: FakeHub,
    tmp_path: Path,
    change: Callable[[dict[str, bytes]], object],
    said: str,
) -> None:
    harnn.push_model(model, NAME)
    change(hub.main(NAME))
    place = tmp_path / "place"
    place.mkdir()
    with pytest.raises(BundleError) as error:
        harnn.pull_model(NAME, place / "m")
    assert f"{NAME}{said}" in str(error.value).replace(f"{NAME}: is no", f"{NAME}is no")
    assert str(tmp_path) not in str(error.value)
    assert list(place.iterdir()) == []


def test_a_model_that_is_there_is_replaced_by_a_whole_one_alone(
    model: Path, hub: FakeHub, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "m"
    harnn.push_model(model, NAME)
    assert run(["pull", NAME, "--out", str(out)]) == 0
    assert "and the SHA-256 of each file is right" in capsys.readouterr().out
    assert run(["pull", NAME, "--out", str(out)]) == 2
    assert "--overwrite" in capsys.readouterr().err
    hub.main(NAME)[layout.ARRAYS] += b"?"
    assert run(["pull", NAME, "--out", str(out), "--overwrite"]) == 2
    assert harnn.model_info(out).fingerprint == fingerprint(model)
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    (foreign / "thesis.txt").touch()
    assert run(["pull", NAME, "--out", str(foreign), "--overwrite"]) == 2
    assert [path.name for path in foreign.iterdir()] == ["thesis.txt"]


def test_the_token_is_shown_nowhere(
    model: Path,
    hub: FakeHub,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    caplog.set_level(logging.DEBUG)
    assert run(["push", str(model), NAME]) == 0
    assert run(["pull", "ada/nothing", "--out", str(tmp_path / "m")]) == 2
    hub.refuses = 403
    assert run(["push", str(model), NAME]) == 2
    monkeypatch.setenv("HF_TOKEN", f"{TOKEN}x")
    hub.refuses = 0
    assert run(["push", str(model), NAME]) == 2
    shown = capfd.readouterr()
    assert TOKEN not in shown.out + shown.err + caplog.text
    assert shown.err.splitlines()[-1] == (
        f"Error: {NAME}: the hub answers 401: it does not know who asks. Set HF_TOKEN, or log in "
        "with hf auth login."
    )


def test_a_hub_that_is_not_there(
    model: Path, tmp_path: Path, hub: FakeHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(HubError) as error:
        harnn.pull_model(NAME, tmp_path / "m")
    assert str(error.value).startswith(f"{NAME}: the hub cannot be reached: ")
    for endpoint in ("http://hub.example", "ftp://hub.example", "https://"):
        monkeypatch.setenv("HF_ENDPOINT", endpoint)
        with pytest.raises(ConfigError) as refused:
            harnn.push_model(model, NAME)
        assert str(refused.value) == (
            f"the variable HF_ENDPOINT of the environment: got {endpoint!r}: tokens are sent by "
            "https, or to this machine alone."
        )


def test_names_are_looked_at_before_anything_is_asked(model: Path) -> None:
    for repository in ("", "a/b/c", "../x", "a/..", "-a", "a b", "ä/b", "a/b\n", "a" * 97):
        with pytest.raises(ConfigError, match="the repository: got "):
            check_names(repository, "main")
    for revision in ("", "../x", "a..b", "/a", "a b", "main\n"):
        with pytest.raises(ConfigError, match="the revision: got "):
            check_names("ada/topics", revision)
    check_names("gpt2", "refs/pr/1")
    with pytest.raises(ConfigError) as error:
        harnn.push_model(model, NAME, licence="My Own", languages=["English", "zh-Hant"])
    assert [problem.where for problem in error.value.problems] == ["the licence", "the language"]


def test_names_of_files() -> None:
    assert all(map(is_model_file, [*layout.FILES, "network-1.onnx", "encoder.safetensors"]))
    strange = ("x.pkl", "a/b.json", "..json", ".json", "x.json\n", "x.py", "x.bin", "\\x.json")
    assert not any(map(is_model_file, strange))


def test_what_is_missing_is_said(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(MissingExtraError) as error:
        harnn.push_model(model, NAME)
    assert str(error.value) == (
        "Pushing a model needs the package 'huggingface_hub', which is not installed: "
        "pip install 'harnn[hub]'"
    )


def test_models_that_cannot_be_pushed(tmp_path: Path) -> None:
    golden = Path(__file__).parents[1] / "golden" / "format-3" / "network"
    with pytest.raises(BundleError, match="is so old that it keeps no checksums, by which who"):
        harnn.push_model(golden, NAME)
    with pytest.raises(BundleError, match="no such model directory"):
        harnn.push_model(tmp_path / "none", NAME)


def test_help_is_quick() -> None:
    code = (
        "import sys; from harnn.cli import run; code = run(['push', '--help']); "
        "print('huggingface_hub' in sys.modules, 'numpy' in sys.modules, code)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "--revision" in done.stdout
    assert done.stdout.splitlines()[-1] == "False False 0"
