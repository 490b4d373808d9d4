"""What a finished model is compared by, and what a stopped training is refused for."""

from __future__ import annotations

import dataclasses
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import harnn
from harnn.cli import run
from harnn.config import Config
from harnn.data import Document
from harnn.errors import ConfigError, TrainingInterrupted
from harnn.taxonomy import Taxonomy
from harnn.text import text_vectors_installed
from harnn.training import Event, FitResult, Stage, Step, fit, is_finished
from support.topics import FAST, TOPICS, documents, flat

SIZES = {"embedding_size": 4, "lstm_size": 4, "attention_size": 4, "fc_size": 4}
TRAIN, VALID = documents(4), documents(2)
MORE = [Document("u", {"text": "purring and barking"}), Document("v", {"text": "a petal"})]


def network(vectors: str = "word2vec", **model: Any) -> Config:
    return Config.from_dict(
        {
            "text": {"vectors": vectors, "min_count": 1, "vectors_epochs": 1},
            "model": SIZES | {"branches": "network", "text_vectors": "off"} | model,
            "training": {"epochs": 1, "batch_size": 8, "precision": "32"},
        }
    )


def edited(given: list[Document]) -> list[Document]:
    return [dataclasses.replace(given[0], text={"text": "something else"}), *given[1:]]


def test_unlabelled_documents_count_for_a_network(tmp_path: Path) -> None:
    given = (flat(), TRAIN, VALID, network())
    result = fit(*given, unlabelled=MORE)
    assert result.contents.keys() == {"train", "valid", "unlabelled"}
    place = harnn.save_bundle(result, tmp_path / "model")
    assert is_finished(place, *given, unlabelled=MORE)
    assert not is_finished(place, *given, unlabelled=edited(MORE))
    assert not is_finished(place, *given)
    older = {name: each for name, each in result.contents.items() if name != "unlabelled"}
    old = harnn.save_bundle(dataclasses.replace(result, contents=older), tmp_path / "old")
    assert is_finished(old, *given, unlabelled=edited(MORE))


def test_unlabelled_documents_do_not_count_where_none_are_read(tmp_path: Path) -> None:
    given = (flat(), TRAIN, VALID, FAST)
    place = harnn.save_bundle(fit(*given, unlabelled=MORE), tmp_path / "model")
    assert is_finished(place, *given)


def test_a_pipe_of_unlabelled_documents_is_not_read_to_compare(tmp_path: Path) -> None:
    given = (flat(), TRAIN, VALID, network())
    place = harnn.save_bundle(fit(*given, unlabelled=MORE), tmp_path / "model")
    os.mkfifo(tmp_path / "pipe.jsonl")  # opening it would wait for a writer
    assert is_finished(place, *given, unlabelled=tmp_path / "pipe.jsonl")


@pytest.mark.parametrize("form", ["text", "matrix"])
def test_files_of_word_vectors_count(form: str, tmp_path: Path) -> None:
    words = ["purring", "barking", "petal"]
    text, matrix = tmp_path / "v.txt", tmp_path / "m.npy"
    text.write_text("".join(f"{word} 1 0 0 0.5\n" for word in words))
    np.save(matrix, np.eye(3, 4, dtype=np.float32))
    words_file = tmp_path / "m.txt"
    words_file.write_text("\n".join(words))
    changed, path = (text, text) if form == "text" else (words_file, matrix)
    given = (flat(), TRAIN, VALID, network(str(path)))
    place = harnn.save_bundle(fit(*given), tmp_path / "model")
    assert is_finished(place, *given)
    changed.write_text(changed.read_text().replace("petal", "thorn"))
    assert not is_finished(place, *given)


def test_words_of_a_dictionary_count(tmp_path: Path) -> None:
    pytest.importorskip("jieba", reason="jieba is not installed")
    words = tmp_path / "words.txt"
    words.write_text("机器学习\n", encoding="utf-8")
    text = {"segmenter": "jieba", "min_count": 1, "user_dictionary": str(words)}
    config = Config.from_dict({"model": {"preset": "fast"}, "text": text})
    chinese = [Document(str(n), {"text": "机器学习方法"}, ("cat",)) for n in range(3)]
    given = (flat(), chinese, chinese, config)
    place = harnn.save_bundle(fit(*given), tmp_path / "model")
    assert is_finished(place, *given)
    words.write_text("机器学习\n量子\n", encoding="utf-8")  # in no text
    assert not is_finished(place, *given)


def named(name: str) -> Taxonomy:
    edges = [(label, "ROOT") for label in TOPICS]
    return Taxonomy.from_edges(edges, names={"cat": name})


def test_names_of_labels_count(tmp_path: Path) -> None:
    """They are training documents of the linear branch."""
    config = Config.from_dict({"model": {"preset": "fast"}, "text": {"min_count": 1}})
    place = harnn.save_bundle(fit(named("purring"), TRAIN, VALID, config), tmp_path / "model")
    assert is_finished(place, named("purring"), TRAIN, VALID, config)
    assert not is_finished(place, named("barking"), TRAIN, VALID, config)

    said: list[str] = []

    def listen(event: Event) -> None:
        said.append(event.message if isinstance(event, Stage) else "")
        if said[-1].startswith("fitting the blend"):
            os.kill(os.getpid(), 15)

    options: dict[str, Any] = {"checkpoint_directory": tmp_path / "c", "listener": listen}
    with pytest.raises(TrainingInterrupted):
        fit(named("purring"), TRAIN, VALID, config, **options)
    with pytest.raises(TrainingInterrupted):
        fit(named("barking"), TRAIN, VALID, config, resume=True, **options)
    again = "linear branch: made again, because of what was kept: "
    assert any(line.startswith(again) and "was made of other" in line for line in said)


def stopped_in_the_second_network(home: Path, config: Config) -> None:
    steps: list[Step] = []

    def stop(event: Event) -> None:
        if isinstance(event, Step):
            steps.append(event)
            if len(steps) == 3:  # the first one has two
                os.kill(os.getpid(), 15)

    with pytest.raises(TrainingInterrupted):
        fit(flat(), TRAIN, VALID, config, unlabelled=MORE, checkpoint_directory=home, listener=stop)
    (home / "network-2" / "checkpoint.safetensors").unlink()


def test_networks_of_one_model_start_from_the_same(tmp_path: Path) -> None:
    config = network(members=2)
    stopped_in_the_second_network(tmp_path, config)
    options: dict[str, Any] = {"checkpoint_directory": tmp_path, "resume": True}
    with pytest.raises(ConfigError) as error:
        fit(flat(), TRAIN, VALID, config, unlabelled=edited(MORE), **options)
    assert str(error.value) == (
        f"{tmp_path}: the first networks were trained with other word vectors or unlabelled "
        "documents. Resume with the same ones, or train without --resume."
    )
    result = fit(flat(), TRAIN, VALID, config, unlabelled=MORE, **options)
    whole = fit(flat(), TRAIN, VALID, config, unlabelled=MORE)
    assert result.contents == whole.contents
    one, two = (harnn.Predictor(each).scores(["a petal"]).values for each in (result, whole))
    np.testing.assert_array_equal(one, two)


def trained_without_words(text: str, listen: Any) -> FitResult:
    given = [Document(str(n), {"text": text}, (label,)) for n, label in enumerate(TOPICS)]
    config = Config.from_dict(
        {
            "text": {"vectors": "word2vec"},
            "model": SIZES | {"text_vectors": "on" if text_vectors_installed() else "off"},
            "training": {"epochs": 1},
        }
    )
    return fit(flat(), given, given[:1], config, listener=listen)


@pytest.mark.parametrize("text", ["", "!", "only"])
def test_few_words_or_none_end_in_a_model(text: str, tmp_path: Path) -> None:
    said: list[str] = []
    result = trained_without_words(text, lambda event: said.append(str(event)))
    assert np.isfinite(harnn.Predictor(result).scores(["purring"]).values).all()
    told = any(
        "there are no words to train word vectors on: they begin at random" in x for x in said
    )
    assert told == (text != "only")
    card = (harnn.save_bundle(result, tmp_path / "m") / "README.md").read_text()
    assert ("word vectors: random" in card) == told


def test_one_document_ends_in_a_model() -> None:
    one = [Document("a", {"text": "purring"}, ("cat",))]
    for config in (FAST, network()):
        result = fit(flat(), one, one, config)
        assert np.isfinite(harnn.Predictor(result).scores(["purring"]).values).all()


def test_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [{"id": x.id, "text": x.full_text, "labels": x.labels} for x in TRAIN]
    train, more = tmp_path / "train.jsonl", tmp_path / "more.jsonl"
    train.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    more.write_text('{"text": "purring"}\n')
    edges = tmp_path / "taxonomy.tsv"
    edges.write_text("".join(f"{label}\tROOT\n" for label in TOPICS))
    command = ["train", "--train", str(train), "--valid", str(train), "-t", str(edges)]
    command += ["-o", str(tmp_path / "model"), "--unlabelled", str(more)]
    for name, value in (SIZES | {"branches": '"network"', "text_vectors": '"off"'}).items():
        command += ["--set", f"model.{name}={value}"]
    command += ["--set", "training.epochs=1", "--set", "text.vectors_epochs=1"]
    assert run(command) == 0
    assert run([*command, "--resume"]) == 0
    assert "holds the finished model" in capsys.readouterr().err
    more.write_text('{"text": "barking"}\n')
    assert run([*command, "--resume"]) == 2
    assert "holds a finished model of other settings" in capsys.readouterr().err
