"""What training makes of labels that no document has."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.special import logit

import harnn
from harnn.branches import Ensemble, with_labels_by_name
from harnn.branches.by_name import Relation
from harnn.config import Config
from harnn.corpus import Corpus
from harnn.data import Document
from harnn.decode import Decoder, Scores
from harnn.errors import ConfigError
from harnn.migration.tuning import tune
from harnn.taxonomy import Taxonomy
from harnn.training import Event, Stage, going_on
from harnn.training.labels_by_name import with_thresholds_by_name
from harnn.training.train_by_name import LabelMoments, learn_names
from support.tiny_encoders import make_encoder

SIZE = 24
FAMILIES = 5
CHILDREN = 8


def made_taxonomy(*, named: bool = True) -> Taxonomy:
    """Return families of labels; the name of each has a word of its family and one of its own."""
    edges = [(f"f{n}", "ROOT") for n in range(FAMILIES)]
    edges += [(f"f{n}.{m}", f"f{n}") for n in range(FAMILIES) for m in range(CHILDREN)]
    names = {code: f"{word_of(code.partition('.')[0])} {word_of(code)}" for code, _ in edges}
    return Taxonomy.from_edges(edges, names if named else {})


def word_of(code: str) -> str:
    """Return a word that stands for a label."""
    return "".join("abcdefghij"[int(x)] * 2 for x in code if x.isdigit()) + "word"


def vector_of(text: str) -> NDArray[np.float64]:
    """Return the normalised sum of the vectors of words."""
    words = [np.random.default_rng(list(x.encode())).normal(size=SIZE) for x in text.split()]
    found = np.sum(words, axis=0) if words else np.zeros(SIZE)
    return np.asarray(found / max(float(np.linalg.norm(found)), 1e-9))


def encode(texts: Sequence[str]) -> NDArray[np.float32]:
    """Add up the vectors of words."""
    return np.array([vector_of(text) for text in texts], dtype=np.float32).reshape(-1, SIZE)


def made_documents(
    taxonomy: Taxonomy, count: int, seed: int, *, told: bool = True
) -> tuple[NDArray[np.float32], csr_array, NDArray[np.float32]]:
    """Return vectors, targets and scores of documents of one leaf each.

    told: whether their words are those of the name; scores: what a blend would say of families.
    """
    random, hierarchy = np.random.default_rng(seed), taxonomy.hierarchy
    leaves = random.choice(hierarchy.leaves, count)
    closed = [hierarchy.close_upward([leaf]) for leaf in leaves]
    offsets = np.cumsum([0, *map(len, closed)])
    cells = (np.ones(offsets[-1], dtype=np.bool_), np.concatenate(closed), offsets)
    targets = csr_array(cells, shape=(count, len(taxonomy)))
    noise = random.integers(0, 50, (count, 2))
    names = [taxonomy.names[leaf] if told else "" for leaf in leaves]
    texts = [f"{name} n{a} n{b}" for name, (a, b) in zip(names, noise.tolist(), strict=True)]
    scores = np.where(targets.toarray(), 0.8, 0.05).astype(np.float32)
    return encode(texts), targets, scores


def learned(*, told: bool = True, named: bool = True, count: int = 400) -> Any:
    taxonomy = made_taxonomy(named=named)
    train, targets, _ = made_documents(taxonomy, 800, 1, told=told)
    vectors, true, scores = made_documents(taxonomy, count, 2, told=told)
    return learn_names(
        LabelMoments.of(train, targets),
        encode,
        taxonomy,
        np.asarray(targets.sum(axis=0)),
        vectors=vectors,
        scores=scores,
        targets=true,
        seed=1,
    )


def test_names_that_tell_are_learned() -> None:
    found = learned()
    assert found.pays
    assert isinstance(found.relation, Relation)
    held_out = found.relation.held_out
    assert held_out.auprc > 2 * held_out.auprc_without_names
    assert held_out.pairs == pytest.approx(held_out.expected, rel=0.25)
    assert found.relation.weights[1] > 0


def test_names_that_tell_nothing_do_not_pay() -> None:
    found = learned(told=False)
    assert not found.pays
    assert found.why_not.startswith("on 800 pairs of a validation document and a label that was")


def test_codes_are_no_names() -> None:
    found = learned(named=False)
    assert found == (None, False, "only 0 labels with documents have a name")


def test_the_order_of_the_labels_changes_nothing() -> None:
    first, edges = made_taxonomy(), []
    for child, parent in [(code, code.partition(".")[0]) for code in first.codes][::-1]:
        edges.append((child, "ROOT" if child == parent else parent))
    other = Taxonomy.from_edges(edges, dict(zip(first.codes, first.names, strict=True)))
    place = [first.index[code] for code in other.codes]
    train, targets, _ = made_documents(first, 800, 1)
    vectors, true, scores = made_documents(first, 400, 2)
    found = learn_names(
        LabelMoments.of(train, targets[:, place]),
        encode,
        other,
        np.asarray(targets.sum(axis=0))[place],
        vectors=vectors,
        scores=scores[:, place],
        targets=true[:, place],
        seed=1,
    ).relation
    expected = learned().relation
    assert found is not None
    np.testing.assert_allclose(found.weights, expected.weights, rtol=1e-3)
    np.testing.assert_allclose(found.matrix, expected.matrix, rtol=1e-3, atol=1e-5)


def test_few_documents_teach_nothing() -> None:
    found = learned(count=10)
    few = "only 20 pairs of a validation document and a label that can be held out"
    assert found == (None, False, few)


def test_the_map_solves_both_ridge_regressions() -> None:
    taxonomy = made_taxonomy()
    vectors, targets, _ = made_documents(taxonomy, 200, 3)
    counts = np.asarray(targets.sum(axis=0))
    columns = np.flatnonzero(counts)
    names = encode([taxonomy.names[column] for column in columns])
    found = LabelMoments.of(vectors, targets).map_to(names, counts, columns)
    x, s = vectors.astype(np.float64), names.astype(np.float64)
    weights = counts[columns] ** -0.5
    y = targets.toarray()[:, columns] * weights
    left = x.T @ x + 10 * np.eye(SIZE)
    right = s.T @ s + 10 * weights.mean() * np.eye(SIZE)
    slow = np.linalg.solve(np.kron(left, right), (x.T @ y @ s).ravel()).reshape(SIZE, SIZE)
    np.testing.assert_allclose(found, slow, rtol=1e-3, atol=1e-6)


def test_moments_do_not_depend_on_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    vectors, targets, _ = made_documents(made_taxonomy(), 50, 4)
    whole = LabelMoments.of(vectors, targets)
    module = "harnn.training.train_by_name.row_blocks"
    monkeypatch.setattr(module, lambda rows, _: (slice(n, n + 7) for n in range(0, rows, 7)))
    parts = LabelMoments.of(vectors, targets)
    np.testing.assert_allclose(parts.texts, whole.texts, rtol=1e-10)
    np.testing.assert_allclose(parts.labels, whole.labels, rtol=1e-10)


@pytest.mark.parametrize("model", [{"text_vectors": "off"}, {"mode": "paper"}])
def test_names_need_vectors_of_whole_texts(model: dict[str, Any]) -> None:
    message = "got 'on', but without vectors of whole texts no label is found by its name."
    with pytest.raises(ConfigError, match=re.escape(message)):
        Config.from_dict({"model": {"labels_without_examples": "on", **model}})


def texts_of(taxonomy: Taxonomy, count: int, seed: int) -> list[Document]:
    random = np.random.default_rng(seed)
    found = []
    for number in range(count):
        leaf = int(random.choice(taxonomy.hierarchy.leaves))
        words = f"{taxonomy.names[leaf]} n{random.integers(50)}"
        found.append(Document(f"{seed}-{number}", {"text": words}, (taxonomy.codes[leaf],)))
    return found


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """Return a model that never saw two of its labels, and what was told of its training."""
    return train_without_two(tmp_path_factory.mktemp("by-name"), "on")


def train_without_two(home: Path, wanted: str) -> tuple[Path, list[str]]:
    taxonomy = made_taxonomy()
    encoder = make_encoder(home / "encoder", taxonomy.names, type_vocab_size=2)
    model = {"preset": "fast", "text_vectors": "on", "labels_without_examples": wanted}
    config = Config.from_dict(
        {"model": model, "text": {"text_encoder": str(encoder), "min_count": 1}}
    )
    told: list[str] = []

    def listen(event: Event) -> None:
        if isinstance(event, Stage):
            told.append(event.message)

    train, valid = seen(taxonomy, 300, 1), seen(taxonomy, 120, 2)
    result = harnn.fit(taxonomy, train, valid, config, listener=listen)
    return harnn.save_bundle(result, home / "model"), told


def seen(taxonomy: Taxonomy, count: int, seed: int) -> list[Document]:
    hidden = ("f1.2", "f3.0")
    return [x for x in texts_of(taxonomy, count, seed) if x.labels and x.labels[0] not in hidden]


def test_what_a_model_went_on_from_is_judged_with_its_labels_by_name(
    trained: tuple[Path, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen_by: list[tuple[Ensemble, Any, Any]] = []

    def watched(task: Any, known: Ensemble, corpus: Any) -> Any:
        seen_by.append((known, corpus, as_new(task, known, corpus)))
        return seen_by[-1][2]

    as_new = going_on._as_new
    monkeypatch.setattr(going_on, "_as_new", watched)
    taxonomy = made_taxonomy()
    still = Config.from_dict({"continuing": {"epochs": 0}})
    train, valid = seen(taxonomy, 300, 1), seen(taxonomy, 120, 2)
    changes = harnn.fit(None, train, valid, still, init=trained[0]).changes
    assert changes is not None
    ((known, corpus, scores),) = seen_by
    assert known.by_name is not None
    assert np.array_equal(scores.values, known.filled(scores.values, corpus))
    columns = known.by_name.columns
    plain = np.delete(scores.values, columns, axis=1)
    assert scores.values[:, columns].any()
    assert plain.any()


def test_a_model_scores_labels_that_it_never_saw(trained: tuple[Path, list[str]]) -> None:
    directory, told = trained
    bundle = harnn.load_bundle(directory)
    by_name = bundle.ensemble.by_name
    assert by_name is not None
    assert [bundle.taxonomy.codes[column] for column in by_name.columns] == ["f1.2", "f3.0"]
    assert any(
        x.startswith("2 of 2 labels without a training document are scored by name; on ")
        for x in told
    )
    card = (directory / "README.md").read_text("utf-8")
    assert "- 2 labels without a training document, 2 of them scored by their names: on " in card
    thresholds = bundle.decoder.label_thresholds
    assert thresholds is not None
    assert {thresholds[column] for column in by_name.columns} == {bundle.decoder.threshold}


@pytest.mark.parametrize("wanted", ["auto", "on"])
def test_labels_by_name_that_would_drown_the_others_are_left_out(
    wanted: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harnn.training.train_by_name._LEAST_LABELS", 2)
    monkeypatch.setattr("harnn.training.labels_by_name._MOST", -1.0)
    directory, told = train_without_two(tmp_path, wanted)
    bundle = harnn.load_bundle(directory)
    said = next(x for x in told if "of a validation document, " in x)
    if wanted == "on":
        assert bundle.ensemble.by_name is not None
        assert said.startswith("labels by name are many: they would be ")
    else:
        assert bundle.ensemble.by_name is None
        start = "labels without a training document are not scored by their names: they would be "
        assert said.startswith(start)
        assert said.endswith("(model.labels_without_examples=on scores them nevertheless)")
        scores = harnn.Predictor(bundle).scores(["word"]).values[0]
        assert scores[[bundle.taxonomy.codes.index(x) for x in ("f1.2", "f3.0")]].max() < 0.5


def test_answers_say_which_labels_rest_on_their_names(trained: tuple[Path, list[str]]) -> None:
    predictor = harnn.Predictor.load(trained[0])
    (answer,) = predictor.predict([f"{word_of('f1')} {word_of('f1.2')}"], threshold=0.0)
    assert "labels_by_name" in answer.note_codes
    note = answer.notes[answer.note_codes.index("labels_by_name")]
    names = [predictor.taxonomy.names[predictor.taxonomy.index[x]] for x in ("f1.2", "f3.0")]
    assert note == (
        "Scored by their names alone, without a training document: "
        f"f1.2 ({names[0]}), f3.0 ({names[1]})."
    )
    (seen,) = predictor.predict([f"{word_of('f1')} {word_of('f1.3')}"], top_k=1)
    assert "labels_by_name" not in seen.note_codes


def test_other_labels_have_the_scores_that_they_had(trained: tuple[Path, list[str]]) -> None:
    predictor = harnn.Predictor.load(trained[0])
    bundle = predictor.bundle
    by_name = bundle.ensemble.by_name
    assert by_name is not None
    texts = [document.text for document in texts_of(bundle.taxonomy, 20, 5)]
    plain = dataclasses.replace(bundle.ensemble, by_name=None)
    before = harnn.Predictor(dataclasses.replace(bundle, ensemble=plain)).scores(texts).values
    now = predictor.scores(texts).values
    others = np.setdiff1d(np.arange(len(bundle.taxonomy)), by_name.columns)
    assert (now[:, others] == before[:, others]).all()
    assert (now[:, by_name.columns] != before[:, by_name.columns]).any()


def test_explanations_say_that_a_label_was_told_by_its_name(
    trained: tuple[Path, list[str]],
) -> None:
    predictor = harnn.Predictor.load(trained[0])
    found = predictor.explain(f"{word_of('f1')} {word_of('f1.2')} n7", threshold=0.0)
    by_label = {x.predicted.label: x for x in found.labels}
    assert by_label["f1.2"].by_name
    assert by_label["f1.2"].to_dict()["by_name"] is True
    assert not by_label["f1.3"].by_name
    assert "by_name" not in by_label["f1.3"].to_dict()
    effects = {x.branch: x.effect for x in by_label["f1.2"].branches}
    assert effects["linear"] != 0  # it speaks for f1 above it
    assert effects["text_vectors"] != 0
    made = by_label["f1.2"].name_score
    assert made is not None
    assert (made.siblings, made.parent and made.parent.label) == (CHILDREN - 1, "f1")
    assert made.parent is not None
    score = by_label["f1.2"].predicted.score
    assert made.likely * made.parent.score == pytest.approx(score, abs=1e-4)
    assert by_label["f1.2"].to_dict()["name_score"]["parent"]["label"] == "f1"
    assert by_label["f1.3"].name_score is None


def test_no_branch_is_asked_a_second_time_for_the_scores_of_an_explanation(
    trained: tuple[Path, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the branches said is at hand; a second pass would take as long as the answer."""
    predictor = harnn.Predictor.load(trained[0])
    asked: list[int] = []
    whole = Ensemble.score

    def counted(ensemble: Ensemble, corpus: Corpus) -> Scores:
        asked.append(len(corpus))
        return whole(ensemble, corpus)

    monkeypatch.setattr(Ensemble, "score", counted)
    found = predictor.explain(f"{word_of('f1')} {word_of('f1.2')} n7", threshold=0.0)
    assert any(label.by_name for label in found.labels)
    assert asked == [1]


def test_words_for_a_label_by_name_are_also_those_for_the_label_above_it(
    trained: tuple[Path, list[str]],
) -> None:
    """The score is that of f1, which *family* speaks for, times what the other word makes."""
    predictor = harnn.Predictor.load(trained[0])
    family, own = word_of("f1"), word_of("f1.2")
    text = f"{family} {own} n7"
    found = predictor.explain(text, threshold=0.0)
    (item,) = [x for x in found.labels if x.predicted.label == "f1.2"]
    effects = {weight.word: weight.effect for weight in item.weights}
    column = predictor.taxonomy.index["f1.2"]
    texts = [text, f"{own} n7", f"{family} n7", f"{family} {own}"]
    odds = logit(predictor.scores(texts).values[:, column].astype(float))
    # nearly: siblings' scores, which are a part of it, are held as they are
    expected = odds[0] - odds[1:]
    assert [effects[family], effects[own], effects["n7"]] == pytest.approx(
        expected, rel=0.3, abs=0.1
    )
    assert effects[family] > 1


def test_labels_that_a_new_edition_adds_are_scored(trained: tuple[Path, list[str]]) -> None:
    bundle = harnn.load_bundle(trained[0])
    counts = bundle.label_counts.copy()
    counts[bundle.taxonomy.index["f2.4"]] = 0  # as if it had come with the edition
    found = with_labels_by_name(bundle.ensemble, bundle.taxonomy, counts).by_name
    assert found is not None
    codes = [bundle.taxonomy.codes[column] for column in found.columns]
    assert codes == ["f1.2", "f2.4", "f3.0"]
    known = bundle.ensemble.by_name
    assert known is not None
    place = np.searchsorted(found.siblings.columns, known.siblings.columns)
    np.testing.assert_allclose(found.vectors[place], known.vectors, atol=1e-4)


def test_a_migrated_model_finds_added_labels_by_name(trained: tuple[Path, list[str]]) -> None:
    old = harnn.load_bundle(trained[0])
    edges = [(f"f{n}", "ROOT") for n in range(FAMILIES)]
    edges += [(f"f{n}.{m}", f"f{n}") for n in range(FAMILIES) for m in range(CHILDREN + (n == 4))]
    new = Taxonomy.from_edges(
        edges, {c: f"{word_of(c.partition('.')[0])} {word_of(c)}" for c, _ in edges}
    )
    migrated = harnn.migrate(old, new).bundle
    by_name = migrated.ensemble.by_name
    assert by_name is not None
    assert [new.codes[column] for column in by_name.columns] == ["f1.2", "f3.0", "f4.8"]
    documents = [
        Document(str(n), {"text": f"{word_of('f4')} {word_of('f4.8')} n{n}"}, ("f4.8",), f"m:{n}")
        for n in range(12)
    ]
    predictor = harnn.Predictor(migrated)
    siblings = [new.index[f"f4.{m}"] for m in range(CHILDREN + 1)]
    best = predictor.scores([x.text for x in documents]).values[:, siblings].argmax(axis=1)
    assert (best == CHILDREN).all()
    tuned = tune(migrated, [*documents, *texts_of(new, 60, 7)])
    assert tuned.ensemble.by_name is not None
    assert tuned.ensemble.by_name.columns.tolist() == by_name.columns.tolist()


def test_exported_models_score_them_too(trained: tuple[Path, list[str]], tmp_path: Path) -> None:
    pytest.importorskip("onnx")
    harnn.export_onnx(trained[0], tmp_path / "light")
    texts = [f"{word_of('f1')} {word_of('f1.2')}", "n1 n2"]
    light, plain = (harnn.Predictor.load(x) for x in (tmp_path / "light", trained[0]))
    assert light.bundle.ensemble.by_name is not None
    found, expected = light.scores(texts).values, plain.scores(texts).values
    np.testing.assert_allclose(found, expected, atol=0.02)  # whose encoder was in bfloat16


def test_a_model_that_did_not_learn_names_stays_as_it_is(trained: tuple[Path, list[str]]) -> None:
    bundle = harnn.load_bundle(trained[0])
    plain = dataclasses.replace(bundle.ensemble, by_name=None)
    found = with_labels_by_name(plain, bundle.taxonomy, bundle.label_counts)
    assert isinstance(found, Ensemble)
    assert found.by_name is None


def test_thresholds_stay_where_no_label_is_scored_by_name() -> None:
    decoder = Decoder(0.4, label_thresholds=(0.1, 0.2))
    plain: Any = type("Plain", (), {"by_name": None})()
    assert with_thresholds_by_name(decoder, plain) is decoder
