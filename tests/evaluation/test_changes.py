"""What became of a model: the numbers by hand, and the sentences."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest
from scipy.sparse import csr_array

from harnn.decode import Decoder, Scores
from harnn.evaluation import Changes, CorrectedAnswers, answers_of, judge_corrected
from harnn.metrics import Answers, Resampling
from harnn.taxonomy import Taxonomy
from support.topics import TAXONOMY

# columns: animal plant cat dog oak rose
TRUE = np.array([[1, 0, 1, 0, 0, 0]] * 4 + [[0, 1, 0, 0, 1, 0]] * 4, dtype=bool)
FEW = Resampling(samples=50)


def answers(chosen: np.ndarray) -> Answers:
    return Answers(csr_array(chosen), np.where(chosen, 0.9, 0.1).astype(np.float32))


def changed(*cells: tuple[int, int]) -> np.ndarray:
    found = TRUE.copy()
    for row, column in cells:
        found[row, column] ^= True
    return found


def changes(before: np.ndarray, after: np.ndarray, **options: object) -> Changes:
    return Changes.of(
        (answers(before), answers(after)),
        csr_array(TRUE),
        (Decoder(0.4), Decoder(0.5)),
        TAXONOMY,
        resampling=FEW,
        **options,  # type: ignore[arg-type]
    )


def test_labels_and_documents_are_counted() -> None:
    before = changed((0, 2), (1, 2), (7, 3))  # two cats missed, a dog too many
    after = changed((0, 2), (6, 4), (7, 3))  # one cat missed, an oak missed, the dog again
    found = changes(before, after)
    assert found.documents_changed == 2
    assert (found.labels_risen, found.labels_fallen) == (1, 1)
    (cat,), (oak,) = found.risen, found.fallen
    assert (cat.code, cat.documents, cat.found, cat.wrong) == ("cat", 4, (2, 3), (0, 0))
    np.testing.assert_allclose(cat.f1, (4 / 6, 6 / 7))
    np.testing.assert_allclose(cat.difference, 6 / 7 - 4 / 6)
    assert (oak.code, oak.found) == ("oak", (4, 3))
    lines = list(found.lines())
    assert lines == [
        "Other labels than before: 2 of 8 validation documents.",
        "F1 rose for 1 label and fell for 1.",
        "F1 rose: cat 66.7 -> 85.7; of 4 documents found 2 -> 3, wrongly given 0 -> 0",
        "F1 fell: oak 100.0 -> 85.7; of 4 documents found 4 -> 3, wrongly given 0 -> 0",
        "Labels were chosen: labels scored at least 0.4000. Now: labels scored at least 0.5000.",
        "Thresholds rest on 8 validation documents.",
    ]


FAR = "Look at answers before you replace the old model; harnn decoding can set thresholds back."


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (Decoder(0.25), Decoder(0.35), ""),
        (
            Decoder(0.25),
            Decoder(0.375),
            "The threshold of all labels moved far, from 0.250 to 0.375.",
        ),
        (
            Decoder(0.4, strategy="level", level_thresholds=(0.3, 0.2)),
            Decoder(0.4, strategy="level", level_thresholds=(0.5, 0.8)),
            "The threshold of level 2 moved far, from 0.200 to 0.800, and 1 other more than 0.1.",
        ),
        (
            Decoder(0.4, strategy="label", label_thresholds=(0.5,) * 6),
            Decoder(0.9, strategy="label", label_thresholds=(0.5,) * 5 + (0.7,)),
            "The threshold of a label moved far, from 0.500 to 0.700.",
        ),
        (
            Decoder(0.4, strategy="deepest", confidence=0.5),
            Decoder(0.9, strategy="deepest", confidence=0.25),
            "How sure each step is to be moved far, from 0.500 to 0.250.",
        ),
        (Decoder(0.1), Decoder(0.4, strategy="deepest", confidence=0.5), ""),
    ],
)
def test_a_threshold_that_moved_far_is_told_with_the_verdict(
    old: Decoder, new: Decoder, expected: str
) -> None:
    corrected = CorrectedAnswers(documents=3, as_corrected=(0, 3), micro_f1=(0.5, 1.0))
    found = changes(TRUE, TRUE, corrected=corrected, validation_corrected=1)
    said = dataclasses.replace(found, decoders=(old, new)).verdict()
    told = (
        f" {expected} Thresholds rest on 8 validation documents, 1 of them corrected, and the "
        f"model has learned from 2 corrected documents. {FAR}"
    )
    assert said.partition("+0.00).")[2] == (told if expected else "")
    assert found.to_dict()["validation_corrected"] == 1


def test_rare_labels_are_counted_and_not_named() -> None:
    true = TRUE.copy()
    true[:2, 5] = True
    found = Changes.of(
        (answers(TRUE), answers(true)),
        csr_array(true),
        (Decoder(0.5), Decoder(0.5)),
        TAXONOMY,
        resampling=FEW,
    )
    assert (found.labels_risen, found.risen) == (1, ())


def test_the_verdict() -> None:
    worse = changes(TRUE, changed((0, 2), (1, 2), (2, 2), (3, 2), (4, 4), (5, 4), (6, 4), (7, 4)))
    assert worse.is_worse
    assert worse.verdict().startswith(
        "On validation THE NEW MODEL IS WORSE THAN THE OLD ONE: AUPRC 100.00 -> "
    )
    assert "chance" not in worse.verdict()
    doubtful = changes(changed((0, 2)), changed((1, 2), (7, 3)))
    assert doubtful.is_worse
    assert "the new model is a little worse than the old one: AUPRC " in doubtful.verdict()
    assert doubtful.verdict().endswith(", which may be chance).")
    better = changes(changed((0, 2)), TRUE)
    assert not better.is_worse
    assert "the new model is better than the old one" in better.verdict()
    same = changes(TRUE, TRUE)
    assert not same.is_worse
    assert same.verdict() == (
        "On validation the new model ranks labels as well as the old one: AUPRC 100.00 -> 100.00 "
        "(95% interval +0.00 to +0.00)."
    )


def test_corrected_documents() -> None:
    found = judge_corrected((answers(changed((0, 2), (0, 4))), answers(TRUE)), csr_array(TRUE))
    assert found == CorrectedAnswers(documents=8, as_corrected=(7, 8), micro_f1=(30 / 32, 1.0))
    line = next(changes(TRUE, TRUE, corrected=found).lines())
    assert line == (
        "Of 8 corrected documents, answered just as corrected: 7 before, 8 now (micro-F1 93.8 -> "
        "100.0); the new model was trained on them, where they are no validation documents."
    )


def test_thresholds_of_levels_and_json() -> None:
    found = dataclasses.replace(
        changes(TRUE, changed((0, 2))),
        decoders=(
            Decoder(0.4, level_thresholds=(0.3, 0.2)),
            Decoder(0.4, level_thresholds=(0.5, 0.1)),
        ),
    )
    assert list(found.lines())[-2:] == [
        "Labels are chosen as before: labels scored at least 0.4000.",
        "Thresholds: all labels: 0.400 -> 0.400; level 1: 0.300 -> 0.500; level 2: 0.200 -> 0.100.",
    ]
    plain = json.loads(json.dumps(found.to_dict()))
    assert plain["is_worse"] is True
    assert plain["fallen"][0]["code"] == "cat"
    assert plain["decoding"][1]["level_thresholds"] == [0.5, 0.1]
    assert plain["corrected"] is None
    assert plain["validation"]["documents"] == 8


def test_names_act_on_no_terminal() -> None:
    taxonomy = Taxonomy.from_edges([("a\x1b[2J", "ROOT"), ("b", "ROOT")])
    true = np.array([[True, False]] * 3)
    found = Changes.of(
        (answers(~true), answers(true)),
        csr_array(true),
        (Decoder(0.5), Decoder(0.5)),
        taxonomy,
        resampling=FEW,
    )
    assert not any("\x1b" in line for line in found.lines())


def test_answers_are_those_of_the_decoder() -> None:
    scores = np.array([[0.1, 0.6, 0.7, 0.0, 0.2, 0.0]], dtype=np.float32)
    found = answers_of(Scores(("d",), scores), Decoder(0.5), TAXONOMY)
    assert found.predictions.toarray().tolist() == [[True, True, True, False, False, False]]
    assert found.scores is not None
    np.testing.assert_allclose(found.scores[0, 0], 0.7)  # closed upward
