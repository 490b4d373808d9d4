"""Models without a network: what they answer and why, and what they read."""

from __future__ import annotations

import pytest

import harnn
from support.sample_models import fit_tiny

TEXT = "This week the bees in the second hive filled a frame with willow pollen."


@pytest.fixture(scope="module")
def predictor() -> harnn.Predictor:
    return harnn.Predictor.from_result(fit_tiny(preset="fast"))


def test_explaining_without_a_network(predictor: harnn.Predictor) -> None:
    explanation = predictor.explain(TEXT, top_k=8)
    assert "beekeeping" in [item.predicted.label for item in explanation.labels]
    for item in explanation.labels:
        assert len(item.weights) == 5
        assert all(word.weight > 0 for word in item.weights)
        assert sum(word.weight for word in item.weights) == pytest.approx(1, abs=1e-5)
    bees = next(item for item in explanation.labels if item.predicted.label == "beekeeping")
    assert bees.top(1)[0].word == "bees"
    assert bees.top(1)[0].weight > 0.5
    assert predictor.explain("", top_k=1).labels[0].weights == ()


def test_words_without_any_effect_weigh_the_same(predictor: harnn.Predictor) -> None:
    weights = predictor.explain("zzqx qqzz", top_k=1).labels[0].weights
    assert [word.word for word in weights] == ["zzqx", "qqzz"]
    assert sum(word.weight for word in weights) == pytest.approx(1, abs=1e-5)


def test_without_a_network_no_text_is_cut(predictor: harnn.Predictor) -> None:
    short, long = predictor.predict(["bees", f"{'zzqx ' * 20} bees"])
    assert short.notes == ()
    assert not any("Only the first" in note for note in long.notes)
    names = ["beekeeping"]
    column = [predictor.taxonomy.index[name] for name in names]
    found = predictor.scores([f"{'the ' * 20} {TEXT}", "the " * 20]).values[:, column]
    assert found[0] > found[1]


def test_a_text_of_unknown_words_without_vectors_of_whole_texts(predictor: harnn.Predictor) -> None:
    (answer,) = predictor.predict(["zzz qqq"], top_k=3)
    assert answer.notes == ("No word of the text is known to the model: the answer is a guess.",)


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("", ("empty_text",)),
        ("!!! ...", ("empty_text",)),
        ("\u00ad\u200b", ("empty_text",)),
        ("zzqx. qqzz.", ("unknown_words",)),  # the mark is known, and no word
        ("水", ("unknown_words",)),
        ("bees", ()),
        ("zzqx bees", ()),
    ],
)
def test_notes_rest_on_the_words_of_n_grams(
    text: str, codes: tuple[str, ...], predictor: harnn.Predictor
) -> None:
    (answer,) = predictor.predict([text])
    assert answer.note_codes == codes


def test_no_text_is_cut_into_tokens(
    predictor: harnn.Predictor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError

    expected = predictor.predict([TEXT])
    monkeypatch.setattr(harnn.text.Tokenizer, "encode", refuse)
    assert predictor.predict([TEXT]) == expected
    assert len(predictor.bundle.tokenizer) == 2
    assert set(predictor.bundle.views()) == {"ngrams"}
