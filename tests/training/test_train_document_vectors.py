"""A branch on vectors that somebody brings: looked up by ids, checked before any work."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest
from numpy.typing import NDArray

import harnn
from harnn.cli import run
from harnn.config import Config
from harnn.corpus import DocumentVectors, read_document_vectors
from harnn.data import Document
from harnn.errors import ConfigError, HarnnError, InputError
from harnn.metrics import micro_auprc
from harnn.training import is_finished
from support.topics import TAXONOMY, TOPICS

LABELS = list(TOPICS)


def documents(count: int, name: str) -> list[Document]:
    """Texts that say nothing of the label, which vectors alone know."""
    return [
        Document(f"{name}{n}", {"text": f"text {n % 3}"}, (LABELS[n % 4],), f"m:{n}")
        for n in range(count)
    ]


TRAIN, VALID, TEST = documents(60, "train"), documents(20, "valid"), documents(20, "test")


def vectors(given: list[Document], *, size: int = 8, seed: int = 1) -> NDArray[np.float32]:
    random = np.random.default_rng(seed)
    centres = np.random.default_rng(0).normal(size=(4, size))
    rows = [centres[LABELS.index((document.labels or ("",))[0])] for document in given]
    return np.asarray(rows + random.normal(size=(len(given), size)) * 0.2, dtype=np.float32)


def write(path: Path, given: list[Document], matrix: NDArray[Any] | None = None) -> Path:
    matrix = vectors(given) if matrix is None else matrix
    np.savez(path, ids=np.array([document.id for document in given]), vectors=matrix)
    return path


def config(path: Path | str, **model: Any) -> Config:
    return Config.from_dict({"model": {"preset": "fast", "document_vectors": str(path)} | model})


@pytest.fixture(scope="module")
def given(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("vectors") / "all.npz", [*TRAIN, *VALID])


@pytest.fixture(scope="module")
def model(given: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    result = harnn.fit(TAXONOMY, TRAIN, VALID, config(given))
    names = [branch.name for branch in result.ensemble.branches]
    assert names == ["linear", "document_vectors"]
    return harnn.save_bundle(result, tmp_path_factory.mktemp("models") / "model")


def test_it_knows_what_the_vectors_tell(model: Path, tmp_path: Path) -> None:
    of_test = write(tmp_path / "test.npz", TEST)
    predictor = harnn.Predictor.load(model, document_vectors=of_test)
    corpus = predictor.encode_labelled(TEST)
    assert micro_auprc(predictor.score_corpus(corpus).values, corpus.targets) > 0.95
    card = (model / "README.md").read_text("utf-8")
    assert "a network on vectors of documents, of 8 numbers, that were brought (SHA-256 " in card


def test_the_length_of_a_vector_does_not_matter(model: Path) -> None:
    ids = tuple(document.id for document in TEST)
    one, other = (DocumentVectors(ids, vectors(TEST) * np.float32(x)) for x in (1, 64))
    first, second = (harnn.Predictor.load(model, document_vectors=x) for x in (one, other))
    np.testing.assert_array_equal(first.scores(TEST).values, second.scores(TEST).values)


def test_an_exported_model_answers_the_same(model: Path, tmp_path: Path) -> None:
    pytest.importorskip("onnx")
    light = harnn.export_onnx(model, tmp_path / "light")
    of_test = write(tmp_path / "test.npz", TEST)
    ours, theirs = (
        harnn.Predictor.load(place, document_vectors=of_test).scores(TEST).values
        for place in (model, light)
    )
    np.testing.assert_allclose(ours, theirs, atol=1e-6)


def test_other_vectors_are_another_training(model: Path, given: Path) -> None:
    assert is_finished(model, TAXONOMY, TRAIN, VALID, config(given))
    kept = given.read_bytes()
    write(given, [*TRAIN, *VALID], vectors([*TRAIN, *VALID], seed=2))
    assert not is_finished(model, TAXONOMY, TRAIN, VALID, config(given))
    given.write_bytes(kept)


def test_all_forms_say_the_same(tmp_path: Path) -> None:
    npz = write(tmp_path / "a.npz", TEST)
    matrix, ids = vectors(TEST), [document.id for document in TEST]
    np.save(tmp_path / "b.npy", matrix)
    (tmp_path / "b.ids.txt").write_text("\n".join(ids), encoding="utf-8")
    table = pyarrow.table({"id": ids, "vector": matrix.tolist()})
    pyarrow.parquet.write_table(table, tmp_path / "c.parquet")
    every = [read_document_vectors(x) for x in (npz, tmp_path / "b.npy", tmp_path / "c.parquet")]
    assert len({found.sha256 for found in every}) == 1
    np.testing.assert_allclose(
        every[0].of(["test3"])[0], matrix[3] / np.linalg.norm(matrix[3]), rtol=1e-6
    )


def refused(path: Path) -> str:
    with pytest.raises(HarnnError) as error:
        harnn.fit(TAXONOMY, TRAIN, VALID, config(path))
    assert error.value.exit_code == 2
    return str(error.value).replace(str(path.parent), "DIR")


def test_what_is_wrong_is_said_before_any_work(tmp_path: Path) -> None:
    every, path = [*TRAIN, *VALID], tmp_path / "v.npz"
    assert refused(path) == "DIR/v.npz: no such file."
    said = refused(write(path, TRAIN))
    assert "has no vector for the document 'valid0'." in said
    assert "more like this" in said
    assert "the id 'train0' is repeated." in refused(write(path, [*every, TRAIN[0]]))
    matrix = vectors(every)
    matrix[3, 2] = np.nan
    assert refused(write(path, every, matrix)) == (
        "DIR/v.npz: the vector of 'train3' holds NaN or infinite numbers."
    )
    assert refused(write(path, every, matrix[:5])) == "DIR/v.npz: got 80 ids for 5 vectors."
    assert refused(write(path, every, matrix[:, 0])) == (
        "DIR/v.npz: vectors: got float32 of shape (80,), expected numbers of shape "
        "(documents, size)."
    )
    np.savez(path, vectors=matrix)
    assert refused(path) == "DIR/v.npz: there is no array 'ids' in it."
    np.savez(path, ids=np.array([{"a": 1}], dtype=object), vectors=matrix)
    assert "DIR/v.npz: cannot be read as vectors: " in refused(path)
    path.write_text("no archive")
    assert "DIR/v.npz: cannot be read as vectors: " in refused(path)
    other = path.rename(tmp_path / "v.txt")
    assert refused(other) == ("DIR/v.txt: expected vectors of documents in .npz, .npy or .parquet.")


@pytest.mark.parametrize("name", ["v.npz", "v.npy", "v.parquet"])
def test_more_than_fits_is_refused_unread(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / name
    ids, matrix = [document.id for document in TEST], vectors(TEST)
    if name.endswith("npz"):
        write(path, TEST)
    elif name.endswith("npy"):
        np.save(path, matrix)
        (tmp_path / "v.ids.txt").write_text("\n".join(ids), encoding="utf-8")
    else:
        pyarrow.parquet.write_table(pyarrow.table({"id": ids, "vector": matrix.tolist()}), path)
    monkeypatch.setattr("harnn.corpus.document_vectors._MOST_BYTES", 100)
    with pytest.raises(InputError, match=r"unpacks to [\d,]+ bytes, more than 100\."):
        read_document_vectors(path)


def test_vectors_that_nobody_wants_are_told_of(tmp_path: Path) -> None:
    path, told = write(tmp_path / "v.npz", [*TRAIN, *VALID, *TEST]), list[str]()
    harnn.fit(TAXONOMY, TRAIN, VALID, config(path), listener=lambda x: told.append(str(vars(x))))
    assert any("of 20 vectors there is no document in this training" in each for each in told)


def test_predictions_need_vectors_that_fit(model: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as error:
        harnn.Predictor.load(model)
    assert str(error.value) == (
        f"{model}: this model reads vectors of documents that are brought from elsewhere; give "
        "those of these documents: --document-vectors, or document_vectors in Python."
    )
    small = write(tmp_path / "small.npz", TEST, vectors(TEST, size=3))
    with pytest.raises(ConfigError, match=r"got vectors of 3 numbers, the model reads 8\."):
        harnn.Predictor.load(model, document_vectors=small)
    golden = Path(__file__).parents[1] / "golden" / "format-3" / "fast"
    with pytest.raises(ConfigError, match="the model reads none"):
        harnn.Predictor.load(golden, document_vectors=small)


@pytest.fixture
def files(tmp_path: Path) -> dict[str, str]:
    """The documents, their vectors and the options of a training."""
    for name, split in (("train", TRAIN), ("valid", VALID)):
        lines = [{"id": x.id, "text": x.text["text"], "labels": x.labels} for x in split]
        text = "\n".join(json.dumps(line) for line in lines)
        (tmp_path / f"{name}.jsonl").write_text(text, encoding="utf-8")
    pairs = [("animal", "ROOT"), ("plant", "ROOT")]
    pairs += [("cat", "animal"), ("dog", "animal"), ("oak", "plant"), ("rose", "plant")]
    edges = "".join(f"{code}\t{parent}\n" for code, parent in pairs)
    (tmp_path / "taxonomy.tsv").write_text(edges, encoding="utf-8")
    return {
        "train": f"--train={tmp_path / 'train.jsonl'}",
        "valid": f"--valid={tmp_path / 'valid.jsonl'}",
        "taxonomy": f"--taxonomy={tmp_path / 'taxonomy.tsv'}",
        "data": f"--data={tmp_path / 'valid.jsonl'}",
        "vectors": f"--document-vectors={write(tmp_path / 'v.npz', [*TRAIN, *VALID])}",
    }


def test_the_commands_take_them(
    files: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, data, given = str(tmp_path / "model"), files["data"], files["vectors"]
    trained = [files[name] for name in ("train", "valid", "taxonomy", "vectors")]
    assert run(["train", *trained, "--preset=fast", f"--out={out}"]) == 0
    capsys.readouterr()
    assert run(["predict", out, data, given]) == 0
    answers = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [each["id"] for each in answers] == [document.id for document in VALID]
    assert run(["evaluate", out, data, given]) == 0
    assert run(["predict", out, "--text=x", given]) == 2
    assert "has no vector for the document '1'." in capsys.readouterr().err
    assert run(["evaluate", out, data]) == 2
    page, table = tmp_path / "page.jsonl", tmp_path / "errors.jsonl"
    assert run(["explain", out, data, f"--output={page}", given]) == 0
    explained = [json.loads(line) for line in page.read_text("utf-8").splitlines()]
    alone, together = (
        [label["score"] for each in some for label in each["labels"]]
        for some in (explained, answers)
    )
    assert alone == pytest.approx(together, abs=2e-6)
    assert run(["errors", f"--model={out}", data, f"--output={table}", given]) == 0
    html = tmp_path / "report.html"
    assert run(["report", out, data, f"--output={html}", given, "--close=none"]) == 0
    again = f"--close none --document-vectors {given.partition('=')[2]}"
    assert again in html.read_text("utf-8")


def test_models_that_read_them_are_compared_with_others(
    files: dict[str, str], model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plain = Config.from_dict({"model": {"preset": "fast"}})
    other = harnn.save_bundle(harnn.fit(TAXONOMY, TRAIN, VALID, plain), tmp_path / "other")
    data, given = files["data"], files["vectors"]
    few = ("--samples=5", data)
    assert run(["compare", str(model), str(other), *few, given]) == 0
    two = capsys.readouterr().out
    assert run(["compare", str(model), str(other), str(model), *few, given]) == 0
    assert "A: " in two
    capsys.readouterr()
    assert run(["compare", str(other), str(model), *few]) == 2
    assert capsys.readouterr().err.startswith(f"Error: {model}: this model reads vectors of doc")
    assert run(["compare", str(other), str(other), *few, given]) == 2
    nobody = "got vectors of documents, but no model reads any."
    assert capsys.readouterr().err == f"Error: {nobody}\n"
    small = write(tmp_path / "small.npz", VALID, vectors(VALID, size=3))
    assert run(["compare", str(other), str(model), *few, f"--document-vectors={small}"]) == 2
    assert capsys.readouterr().err == (
        f"Error: {small}: got vectors of 3 numbers, the model reads 8.\n"
    )
    answers = tmp_path / "a.jsonl"
    answers.write_text("")
    sets = [str(answers), str(answers), files["taxonomy"]]
    assert run(["compare", *sets, *few, given]) == 2
    assert nobody in capsys.readouterr().err


def test_scores_of_folds_need_no_vectors(
    files: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folds, table = str(tmp_path / "folds"), f"--output={tmp_path / 'errors.tsv'}"
    trained = [files[name] for name in ("train", "valid", "taxonomy", "vectors")]
    command = ["train", *trained, "--preset=fast", "--folds=2", f"--out={folds}"]
    assert run(command) == 0
    assert run([*command, "--resume"]) == 0
    data = files["train"].replace("train", "data", 1)
    assert run(["errors", folds, data, table]) == 0
    capsys.readouterr()
    assert run(["errors", folds, data, table, files["vectors"]]) == 2
    assert capsys.readouterr().err == (
        "Error: --document-vectors: is for --model: scores of folds are there already and need no "
        "vectors. Leave it out.\n"
    )
