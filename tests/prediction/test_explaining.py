"""What is explained beside the predicted labels: whose evidence it is, and what came next."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import harnn
from harnn.decode import Decoder, Scores
from harnn.errors import ConfigError
from harnn.prediction.explaining import _choose
from harnn.taxonomy import Taxonomy

HOME = Path(__file__).parents[1] / "golden" / "format-3"
TAXONOMY = Taxonomy.from_edges(
    [
        ("animal", "ROOT"),
        ("plant", "ROOT"),
        ("cat", "animal"),
        ("dog", "animal"),
        ("bird", "animal"),
        ("lynx", "cat"),
        ("moss", "plant"),
    ]
)


def choose(
    scores: dict[str, float], **options: object
) -> tuple[dict[str, str], dict[str, list[str]]]:
    """Return whose evidence stands for each label chosen, and the rivals of each."""
    values = np.array([[scores.get(code, 0.001) for code in TAXONOMY.codes]], dtype=np.float32)
    decoder, own = Decoder(0.5, **options), Scores(("1",), values)  # type: ignore[arg-type]
    chosen = decoder.choose(values, TAXONOMY.hierarchy).indices.tolist()
    asked = _choose(own, decoder, TAXONOMY.hierarchy, sorted(chosen))
    names = TAXONOMY.codes
    return (
        {names[a]: names[b] for a, b in asked.evidence.items()},
        {names[a]: [names[x] for x in some] for a, some in asked.rivals.items()},
    )


def test_an_ancestor_that_stands_by_itself_has_its_own_evidence() -> None:
    evidence, _ = choose({"animal": 0.6, "cat": 0.7})
    assert evidence == {"animal": "animal", "cat": "cat"}


def test_an_ancestor_that_holds_through_a_label_below_has_that_ones() -> None:
    evidence, _ = choose({"animal": 0.4, "cat": 0.3, "lynx": 0.8, "dog": 0.6})
    assert evidence == {"animal": "lynx", "cat": "lynx", "dog": "dog", "lynx": "lynx"}


def test_the_best_leaf_that_was_added_speaks_for_its_ancestors() -> None:
    evidence, _ = choose({"cat": 0.2, "lynx": 0.3}, top_1="empty")
    assert evidence == {"animal": "lynx", "cat": "lynx", "lynx": "lynx"}


def test_rivals_are_siblings_that_came_next_of_most_specific_labels() -> None:
    _, rivals = choose({"animal": 0.9, "cat": 0.8, "dog": 0.2, "bird": 0.3, "lynx": 0.02})
    assert rivals == {"cat": ["bird", "dog"]}
    _, rivals = choose({"animal": 0.9, "plant": 0.3})
    assert rivals == {"animal": ["plant"]}  # of top labels the other top ones
    _, rivals = choose({"animal": 0.9, "cat": 0.8, "dog": 0.005})
    assert rivals == {"cat": []}
    assert choose({})[1] == {}


def test_an_explanation_in_plain_values() -> None:
    predictor = harnn.Predictor.load(HOME / "fast")
    plain = predictor.explain("The bees filled the hive.", top_k=2).to_dict()
    for label in plain["labels"]:
        assert {"label", "name", "score", "level", "path", "words", "branches"} <= set(label)
        assert [set(word) for word in label["words"]] == [
            {"word", "start", "end", "weight", "effect"}
        ] * len(label["words"])
        assert [each["branch"] for each in label["branches"]] == ["linear"]
        for rival in label.get("rivals", ()):
            assert len(rival["words"]) <= 10
            assert rival["label"] not in [x["label"] for x in plain["labels"]]
    assert any(label.get("rivals") for label in plain["labels"])


def test_nothing_is_asked_where_no_label_was_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    predictor = harnn.Predictor.load(HOME / "fast")

    def refuse(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr("harnn.prediction.explaining.word_effects", refuse)
    assert predictor.explain("The bees.", threshold=1.0).labels == ()


def test_the_nearest_examples_of_a_label_come_first() -> None:
    predictor = harnn.Predictor.load(HOME / "fast")
    codes = {x.label for x in predictor.predict(["The bees filled the hive."], top_k=2)[0].labels}
    other = next(code for code in predictor.taxonomy.codes if code not in codes)
    documents = [
        harnn.Document("far", {"text": "The pollen of a willow."}, tuple(codes), ""),
        harnn.Document("same", {"text": "The bees filled the hive."}, tuple(codes), ""),
        harnn.Document("none", {"text": "zzqx"}, tuple(codes), ""),
        harnn.Document("near", {"text": f"Bees in a hive. {'Long. ' * 60}"}, tuple(codes), ""),
        harnn.Document("other", {"text": "The bees filled the hive."}, (other,), ""),
    ]
    examples = predictor.read_examples(documents)
    assert len(examples) == 5
    for label in predictor.explain("The bees filled the hive.", top_k=2, examples=examples).labels:
        found = label.examples
        assert found[0].id == "same" if label.predicted.label in codes else "other"
        assert "none" not in [example.id for example in found]
        assert list(found) == sorted(found, key=lambda x: -x.similarity)
        assert found[0].similarity == pytest.approx(1, abs=1e-5)
        assert all(len(example.text) <= 162 for example in found)
        plain = label.to_dict()["examples"][0]
        assert plain == {"id": "same", "similarity": 1.0, "text": "The bees filled the hive."}
    vectors = predictor._encode([documents[0]]).views["ngrams"]
    assert examples.nearest(vectors, predictor.taxonomy.index[other], count=0) == ()


def test_examples_need_n_grams() -> None:
    predictor = harnn.Predictor.load(HOME / "network")
    with pytest.raises(ConfigError) as caught:
        predictor.read_examples([harnn.Document("1", {"text": "x"}, (), "")])
    expected = "examples are compared by n-grams, and this model has no branch that reads any."
    assert str(caught.value) == expected
