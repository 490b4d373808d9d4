"""Documents that do not fit into memory give the same model, to the bit, and leave nothing."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import textwrap
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_array, random_array

import harnn
from harnn import _memory
from harnn._scratch import scratch_in
from harnn.cli import run
from harnn.config import Config
from harnn.errors import TrainingInterrupted
from harnn.sample import sample
from harnn.training import Event, Stage
from harnn.training.support_vectors import Documents, OrderedDocuments, train_classifier

FILES = sample("en")
TAXONOMY = FILES.load_taxonomy()
FAST = Config.from_dict({"model": {"preset": "fast", "text_vectors": "off"}})
SMALL = Config.from_dict(
    {
        "text": {"vectors": "random"},
        "model": {
            "embedding_size": 4,
            "lstm_size": 4,
            "attention_size": 4,
            "fc_size": 4,
            "text_vectors": "off",
        },
        "training": {"epochs": 1, "precision": "32"},
    }
)


def in_small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let everything be done a few texts, words, entries or cells at a time."""
    for name, size in (("_WORDS_AT_ONCE", 50), ("_KEPT_BYTES", 0), ("_PAIRS_AT_ONCE", 40)):
        monkeypatch.setattr(f"harnn.text.ngram_counting.{name}", size)
    monkeypatch.setattr("harnn.text.ngram_counting._SAMPLED_EVERY", 4)
    monkeypatch.setattr("harnn.text.ngrams._WAITING_WORDS", 30)
    monkeypatch.setattr("harnn.corpus.corpus._ENCODED_AT_ONCE", 7)
    monkeypatch.setattr("harnn.training.support_vectors._CELLS_AT_ONCE", 64)
    for place in ("decode.tuning", "decode.curves", "decode.decoder", "taxonomy.hierarchy"):
        blocks = partial(_memory.row_blocks, cells=100)
        monkeypatch.setattr(f"harnn.{place}.row_blocks", blocks)


TIMED = ("history.jsonl", "checksums.json", "provenance.json", "README.md")
"""Files that hold, or sum up, how long something took."""


def contents(result: harnn.FitResult, place: Path) -> dict[str, bytes]:
    harnn.save_bundle(result, place)
    paths = [path for path in place.iterdir() if path.is_file() and path.name not in TIMED]
    return {path.name: path.read_bytes() for path in paths}


@pytest.mark.parametrize("config", [FAST, SMALL], ids=["fast", "with a network"])
@pytest.mark.parametrize("valid", [FILES.valid, 0.2], ids=["files", "held out"])
def test_the_model_is_the_same_to_the_bit(
    config: Config, valid: Path | float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = contents(harnn.fit(TAXONOMY, FILES.train, valid, config), tmp_path / "in-memory")
    in_small_blocks(monkeypatch)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    with scratch_in(None, least=1):
        found = harnn.fit(TAXONOMY, FILES.train, valid, config, scratch=scratch)
    assert contents(found, tmp_path / "in-files") == expected
    assert not list(scratch.iterdir())


def made_vectors(rows: int = 60) -> tuple[csr_array, csr_array]:
    vectors = csr_array(
        random_array((rows, 40), density=0.2, rng=np.random.default_rng(1), dtype=np.float32)
    )
    vectors.indices = vectors.indices.astype(np.int32)
    targets = csr_array(np.random.default_rng(2).random((rows, 5)) < 0.3)
    return vectors, targets


def test_documents_are_put_in_order_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    vectors, _ = made_vectors()
    before = vectors.toarray()
    whole = OrderedDocuments.of(vectors)
    np.testing.assert_array_equal(vectors.toarray(), before)  # as it was
    monkeypatch.setattr("harnn.training.support_vectors._CELLS_AT_ONCE", 30)
    for least in (1, 1 << 20):
        taken = vectors.copy()
        with scratch_in(None, least=least):
            parts = OrderedDocuments.of(taken, taken=True)
        np.testing.assert_array_equal(parts.features, whole.features)
        for name in ("data", "indices", "indptr"):
            ours, theirs = (getattr(x.documents.entries, name) for x in (parts, whole))
            np.testing.assert_array_equal(ours, theirs)
        assert parts.documents.lengths.tobytes() == whole.documents.lengths.tobytes()
        assert parts.documents.entries is taken


def test_some_documents_are_the_same_in_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harnn.training.support_vectors._ROWS_AT_ONCE", 4)
    documents = Documents.of(made_vectors()[0])
    rows = np.array([0, 3, 4, 5, 9, 30, 59])
    with scratch_in(None, least=1):
        some = documents.only(rows)
    np.testing.assert_array_equal(some.entries.toarray(), documents.entries[rows].toarray())
    np.testing.assert_array_equal(some.lengths, documents.lengths[rows])
    assert documents.only(np.arange(60)) is documents


def test_very_many_entries_have_wide_numbers() -> None:
    """SciPy counts more than 2^31 entries in 64 bits; the solver reads columns of 32."""
    vectors, targets = made_vectors()
    expected = train_classifier(vectors, targets, None)
    wide: Any = vectors.copy()
    wide.indices = wide.indices.astype(np.int64)
    wide.indptr = wide.indptr.astype(np.int64)
    documents = OrderedDocuments.of(wide, taken=True)
    assert documents.documents.entries.indices.dtype == np.int64
    assert documents.documents.columns.dtype == np.int32
    found = train_classifier(documents, targets, None)
    np.testing.assert_array_equal(found.weights.toarray(), expected.weights.toarray())
    np.testing.assert_array_equal(found.bias, expected.bias)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("large") / "model"
    harnn.save_bundle(harnn.fit(TAXONOMY, FILES.train, FILES.valid, FAST), place)
    return place


@pytest.mark.parametrize("most", [1, 7, 1000])
def test_documents_are_evaluated_some_at_a_time(
    most: int, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    predictor = harnn.Predictor.load(model)
    expected = predictor.evaluate(FILES.test)
    compared = predictor.evaluate_strategies(FILES.test)
    monkeypatch.setattr("harnn.prediction.predictor._MOST_EVALUATED", most)
    with scratch_in(None, least=1):
        assert predictor.evaluate(FILES.test).to_dict() == expected.to_dict()
        found = predictor.evaluate_strategies(FILES.test)
    assert [x.to_dict() for x in found] == [x.to_dict() for x in compared]


def train_command(place: Path, *more: str) -> list[str]:
    given = ["--train", str(FILES.train), "--valid", str(FILES.valid)]
    given += ["--taxonomy", str(FILES.taxonomy), "--out", str(place / "model")]
    return ["train", *given, "--preset", "fast", "--set", "model.text_vectors=off", *more]


def test_a_full_disk_ends_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.posix_fallocate", full)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    with scratch_in(None, least=1_000):
        code = run(train_command(tmp_path, "--scratch", str(scratch)))
    assert code == 2
    said = " ".join(capsys.readouterr().err.split())
    assert re.search(r"scratch: has no room for \d+ MB: No space left on device\. Free some", said)
    assert not list(scratch.iterdir())
    assert not (tmp_path / "model").exists()


@pytest.mark.parametrize("command", ["train", "evaluate"])
def test_a_place_that_is_none_ends_the_command_at_once(
    command: str, tmp_path: Path, model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    missing = str(tmp_path / "missing")
    given = ["evaluate", str(model), "--data", str(FILES.test)]
    given = train_command(tmp_path) if command == "train" else given
    assert run([*given, "--scratch", missing]) == 2
    said = " ".join(capsys.readouterr().err.split())
    assert said.endswith("missing: cannot hold temporary files: No such file or directory.")
    assert not (tmp_path / "model").exists()


def test_files_stand_beside_the_model_where_no_place_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    places: list[Path | None] = []

    def note(_: Event) -> None:
        from harnn._scratch import _CURRENT

        places.append(_CURRENT.get().place)

    given = (TAXONOMY, FILES.train, FILES.valid, FAST)
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "harnn-cache.json").write_text("{}")
    harnn.fit(*given, checkpoint_directory=tmp_path / "out" / "checkpoint", listener=note)
    assert set(places) <= {tmp_path, tmp_path / "out"}
    places.clear()
    harnn.fit(*given, cache=tmp_path / "cache", listener=note)
    assert set(places) == {tmp_path / "cache"}


def test_ctrl_c_leaves_nothing(tmp_path: Path) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    stages: list[str] = []

    def stop(event: Event) -> None:
        if isinstance(event, Stage):
            stages.append(event.message)
            if event.message.startswith("training the linear branch"):
                os.kill(os.getpid(), signal.SIGINT)

    with scratch_in(None, least=1), pytest.raises(TrainingInterrupted):
        harnn.fit(TAXONOMY, FILES.train, FILES.valid, FAST, scratch=scratch, listener=stop)
    assert stages[-1].startswith("training the linear branch")
    assert not list(scratch.iterdir())


def peak_of(code: str, *, least: int, place: Path) -> dict[str, float]:
    """Run code in a process of its own; return what it reports, with its highest own memory, MB.

    What is mapped does not count: the system takes it back when others want it.
    """
    head = f"""
        import json, re, threading, time
        import numpy as np
        from harnn._scratch import scratch_in

        def own():
            status = open("/proc/self/status").read()
            return int(re.search(r"RssAnon:\\s+(\\d+)", status)[1]) / 1e3

        peak = [0.0]

        def watch():
            while True:
                peak[0] = max(peak[0], own())
                time.sleep(0.005)

        def watched(work):
            start = own()
            threading.Thread(target=watch, daemon=True).start()
            with scratch_in({str(place)!r}, least={least}):
                found = work()
            print(json.dumps(found | {{"peak": peak[0] - start}}))
    """
    program = textwrap.dedent(head) + textwrap.dedent(code)
    found = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert not found.returncode, found.stderr
    result: dict[str, float] = json.loads(found.stdout.splitlines()[-1])
    return result


NGRAMS = """
    import hashlib
    from harnn.text import NgramCounter
    from harnn.training.support_vectors import OrderedDocuments

    def count():
        generator = np.random.default_rng(1)
        spellings = np.array(["w" + np.base_repr(number * 7919, 36) for number in range(5_000)])
        counter = NgramCounter()
        for _ in range(120):
            words = generator.choice(5_000, size=(1_000, 12), p=shares)
            for row in spellings[words]:
                counter.add(" ".join(row))
        features, vectors = counter.finish(piece_sizes=(2, 5))
        size = vectors.nnz * 8 / 1e6
        documents = OrderedDocuments.of(vectors, taken=True).documents
        digest = hashlib.sha256(documents.entries.data).hexdigest()
        return {"size": size, "digest": digest}

    shares = 1 / np.arange(3, 5_003)
    shares /= shares.sum()
    watched(count)
"""


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="Linux alone tells of memory.")
def test_n_grams_take_little_memory(tmp_path: Path) -> None:
    """Of 120,000 documents; in memory the same count takes more than the bound."""
    in_files = peak_of(NGRAMS, least=1 << 20, place=tmp_path)
    in_memory = peak_of(NGRAMS, least=1 << 40, place=tmp_path)
    assert in_files["digest"] == in_memory["digest"]
    bound = in_memory["size"]  # of the n-grams themselves
    assert in_memory["peak"] > bound
    assert in_files["peak"] < bound


LABELS = """
    import hashlib
    from scipy.sparse import csr_array, random_array
    from harnn.branches import Ensemble, blend
    from harnn.branches.linear import LinearBranch, LinearClassifier
    from harnn.config import DecodeConfig
    from harnn.corpus import Corpus
    from harnn.decode import tune_decoder
    from harnn.evaluation import report_labels
    from harnn.metrics import TrainingCounts
    from harnn.taxonomy import Taxonomy

    blend._MOST_VALUES = 4_000_000
    documents, labels, words, tops = 500, 100_000, 2_000, 300
    generator = np.random.default_rng(1)
    edges = [(f"l{number:06d}", f"t{number % tops:06d}") for number in range(labels - tops)]
    edges += [(f"t{number:06d}", "ROOT") for number in range(tops)]
    taxonomy = Taxonomy.from_edges(edges)
    hierarchy = taxonomy.hierarchy
    given = {"dtype": np.float32, "rng": generator}
    weights = csr_array(random_array((words, labels), density=0.005, **given))
    vectors = csr_array(random_array((documents, words), density=0.02, **given))
    leaves = generator.integers(tops, labels, size=documents * 3)
    rows = np.repeat(np.arange(documents), 3)
    shape = (documents, labels)
    targets = hierarchy.close_sets(csr_array((np.ones(len(rows), bool), (rows, leaves)), shape))
    counts = 7 * np.asarray(targets.sum(axis=0)).ravel()

    class Features:
        def __len__(self):
            return words

    classifier = LinearClassifier(weights, np.full(labels, -1, np.float32))
    branch = LinearBranch(Features(), classifier, 1.0)
    corpus = Corpus(tuple(map(str, range(documents))), targets, {"ngrams": vectors})

    def answer():
        _, scores = Ensemble.fit([branch], corpus, hierarchy, label_counts=counts)
        settings = DecodeConfig()
        decoder = tune_decoder(
            scores.values, targets, hierarchy, label_counts=counts, settings=settings
        )
        training = TrainingCounts(counts, 7 * documents)
        report, _ = report_labels(scores, targets, decoder, taxonomy, training=training)
        digest = hashlib.sha256(scores.values)
        digest.update(repr([decoder.to_dict(), report.to_dict()]).encode())
        return {"digest": digest.hexdigest(), "dense": scores.values.nbytes / 1e6}

    watched(answer)
"""


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="Linux alone tells of memory.")
def test_scores_of_100_000_labels_need_no_dense_array(tmp_path: Path) -> None:
    """The blend, thresholds and every number of the report are those of scores in memory."""
    in_files = peak_of(LABELS, least=1 << 20, place=tmp_path)
    in_memory = peak_of(LABELS, least=1 << 40, place=tmp_path)
    assert in_files["digest"] == in_memory["digest"]
    assert in_files["peak"] < in_files["dense"] < in_memory["peak"]
