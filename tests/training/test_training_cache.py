"""What is kept between trainings: the same model, without encoding anything again."""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

import harnn
from harnn.cli import run
from harnn.config import Config
from harnn.corpus import (
    ArrayCache,
    Arrays,
    Corpus,
    Tokens,
    check_vectors,
    content_hash,
    sparse_targets,
)
from harnn.errors import InputError
from harnn.sample import Sample, sample
from harnn.training import Event, Stage
from harnn.training.train_by_name import Learned
from support.branches import networks_of
from support.caches import seal
from support.sample_models import few_documents

FILES = sample("en")
TAXONOMY = FILES.load_taxonomy()
SMALL = {"embedding_size": 4, "lstm_size": 4, "attention_size": 4, "fc_size": 4}


def config(**data: object) -> Config:
    return Config.from_dict(
        {
            "data": data,
            "text": {"vectors": "random"},
            "model": SMALL,
            "training": {"epochs": 1, "precision": "32"},
        }
    )


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    return few_documents("en", tmp_path_factory.mktemp("documents"))


def fitted(files: Sample, cache: Path | None, settings: Config | None = None) -> harnn.FitResult:
    return harnn.fit(TAXONOMY, files.train, files.valid, settings or config(), cache=cache)


def entries(cache: Path) -> set[str]:
    return {path.name for path in cache.iterdir() if path.is_dir()}


def assert_same(left: harnn.FitResult, right: harnn.FitResult) -> None:
    texts = ["Willow pollen for the bees", ""]
    one, other = (harnn.Predictor.from_result(x).scores(texts).values for x in (left, right))
    assert np.array_equal(one, other)
    for ours, theirs in zip(networks_of(left), networks_of(right), strict=True):
        for name, tensor in ours.state_dict().items():
            assert torch.equal(tensor, theirs.state_dict()[name])


def test_training_again_encodes_nothing(
    files: Sample, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = tmp_path / "cache"
    without = fitted(files, None)
    first = fitted(files, cache)
    assert_same(first, without)
    assert len(entries(cache)) == 4  # tokens, and vectors of whole texts, of two splits

    def refuse(*_arguments: object, **_options: object) -> None:
        raise AssertionError("encoded again")

    with monkeypatch.context() as patch:
        patch.setattr("harnn.training.reader.TokensView", refuse)
        patch.setattr("harnn.text.UseEncoder.encode", refuse)
        nothing = Learned(None, False, "")  # names of labels are no documents, and not kept
        patch.setattr("harnn.training.labels_by_name.learn_names", lambda *_, **__: nothing)
        second = fitted(files, cache)
    assert_same(second, without)
    assert second.documents == without.documents
    assert len(entries(cache)) == 4


@pytest.mark.slow
def test_other_settings_and_documents_have_places_of_their_own(
    files: Sample, tmp_path: Path
) -> None:
    cache = tmp_path / "cache"
    fitted(files, cache)
    before = entries(cache)
    fitted(files, cache, config(label_separator="|"))
    assert len(entries(cache) - before) == 4
    other = tmp_path / "train.jsonl"
    other.write_text(FILES.train.read_text("utf-8").upper().replace("TEXT", "text"), "utf-8")
    assert content_hash(other) != content_hash(FILES.train)
    copy = tmp_path / FILES.train.name
    copy.write_bytes(FILES.train.read_bytes())
    assert content_hash(copy) == content_hash(FILES.train)
    assert content_hash(tmp_path / "missing.jsonl") is None


@pytest.mark.slow
def test_documents_in_memory(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    splits = [list(harnn.read_documents(path)) for path in (FILES.train, FILES.valid)]
    first, second = (
        harnn.fit(TAXONOMY, splits[0], splits[1], config(), cache=cache) for _ in range(2)
    )
    assert_same(first, second)
    assert len(entries(cache)) == 4
    assert content_hash(splits[0][1:]) != content_hash(splits[0])


@pytest.mark.slow
def test_what_is_skipped_is_told_each_time(tmp_path: Path) -> None:
    train = tmp_path / "train.jsonl"
    lines = FILES.train.read_text("utf-8").splitlines()
    train.write_text(
        "\n".join([*lines, '{"id": "x", "text": "a", "labels": ["nowhere"]}']), "utf-8"
    )
    told = []
    for _ in range(2):
        stages: list[Event] = []
        harnn.fit(
            TAXONOMY,
            train,
            FILES.valid,
            config(on_error="skip"),
            cache=tmp_path / "cache",
            listener=stages.append,
        )
        told.append(
            [e.message for e in stages if isinstance(e, Stage) and e.message.startswith("train:")]
        )
    assert told[0] == told[1]
    assert "1 record skipped:" in told[0][0]


@pytest.mark.slow
def test_tokens_of_a_cutter_of_the_callers_are_not_kept(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    harnn.fit(TAXONOMY, FILES.train, FILES.valid, config(), cache=cache, segment=str.split)
    assert len(entries(cache)) == 2


def test_interrupted_writing_leaves_nothing(tmp_path: Path) -> None:
    cache = ArrayCache(tmp_path / "cache")

    def interrupt() -> dict[str, np.ndarray]:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cache.get(["a"], interrupt)
    assert entries(cache.home) == set()
    empty = cache.get(["a"], lambda: {"x": np.zeros(0, dtype=np.int32)})
    assert empty is not None
    assert empty["x"].shape == (0,)
    assert cache.get(["b"], lambda: None) is None


def test_places_that_are_no_cache(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    command = ["train", "--taxonomy", str(FILES.taxonomy), "--train", str(FILES.train)]
    command += ["--valid", str(FILES.valid), "--out", str(tmp_path / "model")]
    assert run([*command, "--cache", str(tmp_path)]) == 2
    assert capsys.readouterr().err.splitlines()[-1] == (
        f"Error: {tmp_path}: is a directory with other files in it, expected a cache or a "
        "directory to be made. Choose another place."
    )
    assert not (tmp_path / "model").exists()
    with pytest.raises(InputError, match=r"notes\.txt: is a file, expected a cache"):
        ArrayCache(tmp_path / "notes.txt")


def entry_of(cache: ArrayCache) -> Path:
    [place] = entries(cache.home)
    return cache.home / place


def damage_bytes(place: Path) -> None:
    path = place / "x.npy"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


def damage_manifest(place: Path) -> None:
    (place / "manifest.json").write_text("[" * 100_000, "utf-8")


def put_a_file_there(place: Path) -> None:
    shutil.rmtree(place)
    place.write_bytes(b"x")


DAMAGE: dict[str, tuple[Callable[[Path], object], str]] = {
    "another value": (damage_bytes, "the SHA-256 of x.npy differs"),
    "no array": (
        lambda place: (place / "x.npy").write_bytes(b"nothing of the kind"),
        "the SHA-256 of x.npy differs",
    ),
    "a file is gone": (
        lambda place: (place / "x.npy").unlink(),
        "it holds other files than manifest.json says",
    ),
    "a file too many": (
        lambda place: np.save(place / "y.npy", np.zeros(1)),
        "it holds other files than manifest.json says",
    ),
    "no manifest": (
        lambda place: (place / "manifest.json").unlink(),
        "{place}/manifest.json: cannot be read: No such file or directory.",
    ),
    "deep manifest": (
        damage_manifest,
        "{place}/manifest.json: is damaged: nested too deeply.",
    ),
    "another manifest": (
        lambda place: (place / "manifest.json").write_text("{}", "utf-8"),
        "manifest.json is none",
    ),
    "a file in its place": (
        put_a_file_there,
        "{place}/manifest.json: cannot be read: Not a directory.",
    ),
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_what_is_damaged_is_made_again_and_told(kind: str, tmp_path: Path) -> None:
    cache, wanted = ArrayCache(tmp_path / "cache"), np.arange(5)
    cache.get(["a"], lambda: {"x": wanted})
    place = entry_of(cache)
    damage, reason = DAMAGE[kind]
    damage(place)
    told: list[str] = []
    found = cache.get(["a"], lambda: {"x": wanted}, tell=told.append)
    assert found is not None
    np.testing.assert_array_equal(found["x"], wanted)
    reason = reason.format(place=place)
    assert told == [f"{place}: what was kept is damaged and is made again ({reason})."]
    assert cache.get(["a"], lambda: None, tell=told.append) is not None
    assert len(told) == 1


def test_what_a_check_refuses_is_made_again(tmp_path: Path) -> None:
    cache = ArrayCache(tmp_path / "cache")
    cache.get(["a"], lambda: {"vectors": np.zeros((2, 3), np.float32)})
    told: list[str] = []

    def check(arrays: Arrays) -> None:
        check_vectors(arrays, 4, 3)

    def make() -> Arrays:
        return {"vectors": np.ones((4, 3), np.float32)}

    found = cache.get(["a"], make, check=check, tell=told.append)
    assert found is not None
    assert found["vectors"].shape == (4, 3)
    assert told == [
        f"{entry_of(cache)}: what was kept is damaged and is made again (the vectors of whole "
        "texts are damaged: float32 of shape (2, 3), expected float32 of shape (4, 3).)."
    ]


def test_remains_of_a_killed_process(tmp_path: Path) -> None:
    home = tmp_path / "cache"
    home.mkdir()
    (home / ".harnn-cache.json.0123abcd.tmp").write_text('{"for', "utf-8")
    cache = ArrayCache(home)  # killed while it wrote the marker
    assert [path.name for path in home.iterdir()] == ["harnn-cache.json"]
    left = home / f".{'0' * 32}.0123abcd.tmp"
    left.mkdir()
    np.save(left / "x.npy", np.zeros(3))
    cache = ArrayCache(home)  # killed while it wrote an entry
    assert [path.name for path in home.iterdir()] == ["harnn-cache.json"]
    assert cache.get(["a"], lambda: {"x": np.zeros(2)}) is not None


def test_an_entry_that_another_process_writes(tmp_path: Path) -> None:
    cache = ArrayCache(tmp_path / "cache")
    cache.get(["a"], lambda: {"x": np.zeros(2)})
    place = entry_of(cache)
    (place / "manifest.json").unlink()
    lock = place.with_name(f".{place.name}.lock")
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        found = cache.get(["a"], lambda: {"x": np.ones(2)})
    assert found is not None
    np.testing.assert_array_equal(found["x"], np.ones(2))
    assert not (place / "manifest.json").exists()


def corpus_arrays() -> dict[str, np.ndarray]:
    tokens = Tokens(
        np.array([2, 3, 4], np.int32), np.array([0, 2, 2, 3]), np.array([2, 0, 5], np.int64)
    )
    columns = [np.array([0, 2], np.int32), np.array([], np.int32), np.array([1], np.int32)]
    corpus = Corpus(("a", "b", "c"), sparse_targets(columns, 3), {"tokens": tokens})
    return corpus.to_arrays()


@pytest.mark.parametrize(
    ("name", "array", "problem"),
    [
        ("ids", None, "ids is missing"),
        ("ids", np.frombuffer(b'["a", "b", 3]', np.uint8), "ids is no list of strings"),
        ("ids", np.frombuffer(b"[" * 100_000, np.uint8), "ids is no list of strings"),
        ("ids", np.frombuffer(b"\xff[]", np.uint8), "ids is no list of strings"),
        ("ids", np.frombuffer(b'["a"]', np.uint8), "offsets has 4 values for 1 documents"),
        ("token_ids", np.zeros((3, 1), np.int32), "token_ids is int32 of shape (3, 1)"),
        ("token_ids", np.zeros(3, np.float32), "token_ids is float32 of shape (3,)"),
        ("token_ids", np.array([2, -3, 4], np.int32), "token_ids holds values out of range"),
        ("token_ids", np.array([2, 9, 4], np.int32), "token_ids holds values out of range"),
        (
            "offsets",
            np.array([0, 3, 2, 3]),
            "offsets does not ascend from 0 to the end of token_ids",
        ),
        (
            "offsets",
            np.array([0, 2, 2, 9]),
            "offsets does not ascend from 0 to the end of token_ids",
        ),
        (
            "label_offsets",
            np.array([1, 2, 2, 3]),
            "label_offsets does not ascend from 0 to the end of label_columns",
        ),
        ("label_columns", np.array([0, 3, 1], np.int32), "label_columns holds values out of range"),
        ("full_lengths", np.array([2, 0, 0]), "full_lengths does not fit the tokens"),
        ("full_lengths", np.array([2, 0]), "full_lengths does not fit the tokens"),
    ],
)
def test_arrays_of_no_corpus(name: str, array: np.ndarray | None, problem: str) -> None:
    arrays = corpus_arrays()
    assert len(Corpus.from_arrays(arrays, 3, word_count=5)) == 3
    if array is None:
        del arrays[name]
    else:
        arrays[name] = array
    with pytest.raises(InputError) as error:
        Corpus.from_arrays(arrays, 3, word_count=5)
    assert str(error.value) == f"the arrays of the documents are damaged: {problem}."


def test_vectors_that_are_no_numbers() -> None:
    vectors = np.zeros((2, 3), np.float32)
    check_vectors({"vectors": vectors}, 2, 3)
    with pytest.raises(InputError, match="damaged: they are missing"):
        check_vectors({}, 2, 3)
    vectors[1, 1] = np.nan
    with pytest.raises(InputError) as error:
        check_vectors({"vectors": vectors}, 2, 3)
    assert str(error.value) == (
        "the vectors of whole texts are damaged: they hold values that are no finite numbers."
    )


def put(array: np.ndarray, value: float) -> np.ndarray:
    changed = array.copy()
    changed.flat[0] = value
    return changed


WRONG: dict[str, tuple[str, Callable[[np.ndarray], np.ndarray], str]] = {
    "a word that is none": (
        "token_ids",
        lambda array: put(array, 1_000_000),
        "the arrays of the documents are damaged: token_ids holds values out of range.",
    ),
    "a label that is none": (
        "label_columns",
        lambda array: put(array, len(TAXONOMY)),
        "the arrays of the documents are damaged: label_columns holds values out of range.",
    ),
    "another type": (
        "offsets",
        lambda array: array.astype(np.float64),
        "the arrays of the documents are damaged: offsets is float64 of shape (81,).",
    ),
    "no numbers": (
        "vectors",
        lambda array: put(array, np.nan),
        "the vectors of whole texts are damaged: they hold values that are no finite numbers.",
    ),
    "fewer vectors": (
        "vectors",
        lambda array: array[1:],
        "the vectors of whole texts are damaged: float32 of shape (79, 512), expected float32 "
        "of shape (80, 512).",
    ),
}


@pytest.mark.parametrize(
    "kind",
    [pytest.param(kind, marks=[pytest.mark.slow] * (at > 0)) for at, kind in enumerate(WRONG)],
)
def test_what_no_training_wrote_is_made_again_though_its_manifest_fits(
    kind: str, files: Sample, tmp_path: Path
) -> None:
    """Sealed again after it was changed: nothing but its values tells."""
    cache = tmp_path / "cache"
    told: list[Event] = []
    first = fitted(files, cache)
    name, change, reason = WRONG[kind]
    places = [p.parent for p in cache.glob(f"*/{name}.npy") if rows_of(p.parent) == 80]
    for place in places:
        path = place / f"{name}.npy"
        np.save(path, change(np.load(path)))
        seal(place)
    assert len(places) == 1
    second = harnn.fit(
        TAXONOMY, files.train, files.valid, config(), cache=cache, listener=told.append
    )
    messages = [event.message for event in told if isinstance(event, Stage)]
    again = f"{places[0]}: what was kept is damaged and is made again ({reason})."
    assert [message for message in messages if "made again" in message] == [again]
    assert_same(second, first)


def rows_of(place: Path) -> int:
    """Return of how many documents an entry is."""
    rows = next(x for x in (place / "full_lengths.npy", place / "vectors.npy") if x.exists())
    return len(np.load(rows))


@pytest.mark.parametrize("head", [b"{'descr': '<i8', ", b"\0" * 40, b"[" * 90, b"{'descr': 1}"])
def test_a_head_that_is_no_python_is_made_again(head: bytes, tmp_path: Path) -> None:
    cache, wanted = ArrayCache(tmp_path / "cache"), np.arange(5)
    told: list[str] = []
    cache.get(["a"], lambda: {"x": wanted})
    place = entry_of(cache)
    start = b"\x93NUMPY\x01\x00" + len(head).to_bytes(2, "little")
    (place / "x.npy").write_bytes(start + head + bytes(40))
    seal(place)
    found = cache.get(["a"], lambda: {"x": wanted}, tell=told.append)
    assert found is not None
    np.testing.assert_array_equal(found["x"], wanted)
    assert len(told) == 1
    assert told[0].startswith(f"{place}: what was kept is damaged and is made again (")
