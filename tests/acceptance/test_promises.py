"""Acceptances: cuts by level, what becomes of documents, files."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harnn.acceptance import (
    Acceptance,
    Judged,
    LabelSets,
    LevelSets,
    SetSizes,
    file_answers,
    filed_levels,
    from_json,
    judge,
    load_acceptance,
    make_acceptance,
    save_acceptance,
    to_json,
    try_acceptance,
)
from harnn.answers import PredictedLabel, Prediction
from harnn.errors import ConfigError, InputError
from harnn.taxonomy import Taxonomy
from support.promises import answer, as_scores, as_sets, line

HASH = "7f3a9c" + 58 * "0"
TREE = Taxonomy.from_edges(
    [("A", "ROOT"), ("B", "ROOT"), ("a1", "A"), ("b1", "B"), ("a11", "a1"), ("b11", "b1")]
)


def accept(found: Judged, taxonomy: Taxonomy = TREE, **targets: float) -> Acceptance:
    """Make an acceptance; targets: L1=0.9."""
    by_level = {int(name[1:]): target for name, target in targets.items()}
    return make_acceptance(found, taxonomy, by_level, model_hash=HASH, reading="point")


def falling(documents: int = 400) -> Judged:
    """Documents whose confidence and rightness fall from level to level."""
    rng = np.random.default_rng(5)
    confidence = np.cumprod(rng.beta(5, 1, (documents, 3)), axis=1).astype(np.float32)
    right = np.minimum.accumulate(rng.random((documents, 3)) < confidence**0.2, axis=1)
    confidence[rng.random(documents) < 0.3, 2] = np.nan
    return Judged(confidence, right, 0)


def test_each_level_has_its_cut() -> None:
    found = accept(line(400, range(300, 400), depth=3), L1=0.9, L2=0.95)
    first, second, third = found.levels
    assert (first.state, second.state, third.state) == ("open", "open", "no target")
    assert first.point is not None
    assert second.point is not None
    assert (first.point.precision.count, second.point.precision.count) == (333, 315)
    assert first.cut == first.point.cut < second.point.cut
    assert (third.point, third.cut, third.needed) == (None, None, None)
    cuts = np.array([first.cut, second.cut, np.inf], dtype=np.float32)
    assert found.cuts.tolist() == cuts.tolist()
    assert first.sentence() == (
        "Right 90.1% ± 3.2 on 333 validation documents; would accept 83.2%."
    )
    assert third.sentence() == "No target: nothing is accepted to this level."
    assert repr(found) == "Acceptance(1: 83.2%, 2: 78.8%, 3: no target; 400 validation documents)"


def test_what_is_shown_as_plain_values() -> None:
    found = accept(line(400, range(300, 400), depth=3), L1=0.9).to_dict(most=50)
    assert json.loads(json.dumps(found))["levels"] == found["levels"]
    first, second, _ = found["levels"]
    assert len(first["curve"]) == 50
    assert first["curve"][-1]["share"] == 1
    assert first["accepted"]["precision"]["count"] == 333
    assert (first["needed"], first["in_question"], first["state"]) == (35, 400, "open")
    assert (second["accepted"], second["needed"], second["in_question"]) == (None, None, 333)
    assert found["of_1000"] == {"filed": (833, 0, 0), "waiting": 167, "wrong": 82}


def test_a_level_has_what_is_accepted_above() -> None:
    """The curve of a level is of documents that the levels above accept, whatever their cuts."""
    rng = np.random.default_rng(3)
    confidence = np.cumprod(rng.random((1_000, 2)), axis=1).astype(np.float32)
    confidence = np.column_stack([confidence, confidence[:, 1]])
    right = np.ones((1_000, 3), dtype=np.bool_)
    right[confidence[:, 0] < 0.5] = False
    found = accept(Judged(confidence, right, 0), L1=0.98, L3=0.5)
    first, _, third = found.levels
    assert first.cut is not None
    assert third.cut is not None
    assert third.cut < 0.1 < 0.48 < first.cut
    taken = confidence[:, 0] >= np.float32(first.cut)
    assert third.curve.in_question == int(taken.sum()) == found.levels[1].curve.in_question
    assert third.point is not None
    assert third.point.precision.share >= 0.98
    alone = accept(Judged(confidence, right, 0), L3=0.5)
    assert alone.levels[2].curve.in_question == 1_000


def test_a_level_with_too_few_documents_is_never_opened() -> None:
    found = accept(line(72, []), TREE_OF_ONE, L1=0.95)
    assert found.levels[0].state == "too few documents"
    assert found.levels[0].sentence() == (
        "Too few validation documents: 72 are in question here, to show 95% takes at least 73 "
        "documents."
    )
    assert accept(line(73, []), TREE_OF_ONE, L1=0.95).levels[0].state == "open"


TREE_OF_ONE = Taxonomy.from_edges([("A", "ROOT"), ("B", "ROOT")])


def test_a_level_that_is_closed_closes_those_below_it() -> None:
    confidence = np.repeat(np.linspace(0.99, 0.5, 200)[:, np.newaxis], 3, axis=1)
    right = np.repeat(np.arange(200)[:, np.newaxis] % 2 == 0, 3, axis=1)
    found = accept(Judged(confidence.astype(np.float32), right, 0), L1=0.95, L2=0.4)
    assert [x.state for x in found.levels] == ["out of reach", "closed above", "no target"]
    assert found.levels[0].sentence() == (
        "Out of reach: no share of 73 documents or more is right often enough for 95%."
    )
    assert found.levels[1].sentence() == "Closed, because a level above it is."
    assert found.outcome() == ((0, 0, 0), 1000, 0)


def test_pausing_and_other_targets() -> None:
    found = accept(falling(), L1=0.9, L2=0.85, L3=0.8)
    assert [x.state for x in found.levels] == ["open"] * 3
    paused = found.with_paused([2])
    assert [x.state for x in paused.levels] == ["open", "paused", "closed above"]
    assert paused.paused == {2}
    assert paused.levels[1].sentence() == "Paused: its audit fell below 85%."
    assert to_json(paused.with_paused(())) == to_json(found)
    other = paused.with_targets({2: 0.85, 3: 0.7})
    assert [x.state for x in other.levels] == ["no target", "paused", "closed above"]
    assert [x.state for x in paused.with_targets({1: 0.9}).levels] == [
        "open", "no target", "no target",
    ]  # fmt: skip
    target = 0.96
    cuts = [found.with_targets({1: target}, reading=x).levels[0].cut for x in ("point", "bound")]
    assert None not in cuts
    assert cuts[0] < cuts[1]  # type: ignore[operator]


@pytest.mark.parametrize(
    ("targets", "message"),
    [
        ({4: 0.9}, "there is no level 4. The taxonomy has 3 levels; 1 is the top."),
        ({0: 0.9}, "there is no level 0. The taxonomy has 3 levels; 1 is the top."),
        ({1: 1.0}, "the target of level 1 is 1.0, expected above 0 and below 1."),
        ({1: 95}, "the target of level 1 is 95, expected above 0 and below 1."),
    ],
)
def test_targets_that_cannot_be(targets: dict[int, float], message: str) -> None:
    with pytest.raises(ConfigError, match=f"^{re.escape(message)}$"):
        make_acceptance(falling(), TREE, targets, model_hash=HASH)
    with pytest.raises(ConfigError, match="there is no level 9"):
        accept(falling(), L1=0.9).with_paused([9])


def test_documents_of_another_taxonomy() -> None:
    with pytest.raises(ValueError, match="Expected documents on 1 level"):
        accept(falling(), TREE_OF_ONE)
    with pytest.raises(ValueError, match="Expected documents on 3 levels"):
        accept(Judged(np.zeros((0, 3), np.float32), np.zeros((0, 3), np.bool_), 0))


def slow_outcome(found: Acceptance, documents: Judged) -> tuple[list[int], int]:
    """Count filed documents of each level and wrong ones, one by one."""
    filed, wrong = [0] * len(found.levels), 0
    for confidence, right in zip(documents.confidence, documents.right, strict=True):
        reached = [
            x.level for x, sure in zip(found.levels, confidence, strict=True)
            if x.cut is not None and sure >= np.float32(x.cut)
        ]  # fmt: skip
        fails = [
            x.level for x, sure in zip(found.levels, confidence, strict=True)
            if x.cut is not None and sure < np.float32(x.cut)
        ]  # fmt: skip
        reached = [level for level in reached if not fails or level < min(fails)]
        if reached:
            filed[max(reached) - 1] += 1
            wrong += not right[max(reached) - 1]
    return filed, wrong


@given(st.integers(0, 2**32), st.sets(st.sampled_from([1, 2, 3])), st.floats(0.3, 0.9))
def test_what_becomes_of_documents(seed: int, levels: set[int], target: float) -> None:
    """Also where documents have labels from the second level on alone."""
    rng = np.random.default_rng(seed)
    documents = int(rng.integers(40, 300))
    confidence = np.cumprod(rng.beta(5, 1, (documents, 3)), axis=1).astype(np.float32)
    confidence[rng.random(documents) < 0.3, 2] = np.nan
    confidence[rng.random(documents) < 0.2, 0] = np.nan
    right = np.minimum.accumulate(rng.random((documents, 3)) < confidence**0.2, axis=1)
    right = np.minimum.accumulate(right | np.isnan(confidence), axis=1)
    found = Judged(confidence, right, 0)
    made = make_acceptance(
        found, TREE, dict.fromkeys(levels, target), model_hash=HASH, reading="point"
    )
    filed, wrong = slow_outcome(made, found)
    outcome = made.outcome(documents)
    assert list(outcome.filed) == filed
    assert outcome.waiting == documents - sum(filed)
    assert outcome.wrong == wrong
    thousand = made.outcome()
    assert sum(thousand.filed) + thousand.waiting == 1_000
    assert all(abs(a * documents / 1000 - b) < documents / 1000 for a, b in zip(
        thousand.filed, filed, strict=True))  # fmt: skip


@given(st.integers(0, 2**32))
def test_a_promise_holds_for_what_is_filed_to_the_level_or_deeper(seed: int) -> None:
    rng = np.random.default_rng(seed)
    confidence = np.cumprod(rng.beta(8, 1, (300, 3)), axis=1).astype(np.float32)
    right = np.minimum.accumulate(rng.random((300, 3)) < confidence, axis=1)
    found = Judged(confidence, right, 0)
    made = accept(found, L1=0.95, L2=0.7, L3=0.7)
    deepest = filed_levels(confidence, made.cuts)
    trial = try_acceptance(made, found)
    points = [each.point for each in made.levels if each.point is not None]
    assert [(x.precision, x.share) for x in trial.levels] == [
        (point.precision, point.share) for point in points
    ]
    for each in made.levels:
        if each.point is not None:
            taken = right[deepest >= each.level, each.level - 1]
            assert taken.mean() == each.point.precision.share >= (each.target or 1)


def test_an_acceptance_tried_on_other_documents() -> None:
    made = accept(falling(), L1=0.9, L2=0.85)
    trial = try_acceptance(
        made, Judged(np.full((3, 3), 0.001, np.float32), np.ones((3, 3), bool), 0)
    )
    assert trial.to_dict() == {
        "documents": 3,
        "levels": [
            {"level": 1, "target": 0.9, "share": 0.0, "precision": None},
            {"level": 2, "target": 0.85, "share": 0.0, "precision": None},
        ],
        "outcome": {"filed": (0, 0, 0), "waiting": 3, "wrong": 0},
    }
    with pytest.raises(ValueError, match=r"Expected documents on 3 levels, got \(100, 1\)"):
        try_acceptance(made, line(100, []))


def sets() -> LabelSets:
    """Sets of three levels."""
    sizes = SetSizes(mean=1.5, median=1.0, largest=2)
    levels = (LevelSets(level=n, documents=9, threshold=0.25, sizes=sizes) for n in (1, 2, 3))
    return LabelSets(coverage=0.9, levels=tuple(levels))


def test_files(tmp_path: Path) -> None:
    made = make_acceptance(
        falling(),
        TREE,
        {1: 0.8, 2: 0.75},
        model_hash=HASH,
        options={"strategy": "level", "threshold": None, "beam": 5},
        least_training=20,
        never=["b11"],
        sets=sets(),
    ).with_paused([2])
    path = tmp_path / "acceptance.json"
    save_acceptance(made, path)
    again = load_acceptance(path)
    assert to_json(again) == to_json(made) == path.read_text("utf-8").rstrip("\n")
    assert again.options == {"strategy": "level", "beam": 5}
    assert again.never == frozenset({"b11"})
    assert (again.least_training, again.reading) == (20, "bound")
    assert again.sets == sets()
    assert again.outcome() == made.outcome()
    assert [x.state for x in again.levels] == ["open", "paused", "no target"]


DAMAGE: list[tuple[dict[str, Any], str]] = [
    ({"format": 2}, "expected format 1, got 2"),
    ({"model": "7f3a"}, "Expected `str` matching regex '^[0-9a-f]{64}$' - at `$.model`"),
    ({"documents": []}, "Expected `array` of length >= 1 - at `$.documents`"),
    ({"documents": 4}, "Expected `array`, got `int` - at `$.documents`"),
    ({"documents": [[0, [1.5]]]}, "Expected `float` <= 1.0 - at `$.documents[0][1][0]`"),
    ({"documents": [[0, [0.5, 0.6]]]}, "expected confidences that never rise from a level to the"),
    ({"documents": [[4, [0.5]]]}, "expected documents on 3 levels"),
    ({"documents": [[0, [0.5] * 4]]}, "expected documents on 3 levels"),
    ({"unanswered": 1}, "expected documents without an answer"),
    ({"reading": "best"}, "Invalid enum value 'best' - at `$.reading`"),
    ({"levels": []}, "Expected `array` of length >= 1 - at `$.levels`"),
    ({"extra": 1}, "Object contains unknown field `extra`"),
    ({"sets": {"coverage": 2, "levels": []}}, "Expected a precision above 0 and below 1, got 2"),
    ({"sets": {"coverage": 0.9, "levels": []}}, "expected sets of as many levels"),
    ({"unanswered": -1}, "Expected `int` >= 0 - at `$.unanswered`"),
]


@pytest.mark.parametrize(("change", "reason"), DAMAGE)
def test_files_that_are_damaged(tmp_path: Path, change: dict[str, Any], reason: str) -> None:
    path = tmp_path / "acceptance.json"
    plain = json.loads(to_json(accept(falling(), L1=0.8)))
    path.write_text(json.dumps(plain | change), "utf-8")
    with pytest.raises(ConfigError) as caught:
        load_acceptance(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: is no acceptance, or damaged: {reason}")
    assert message.endswith("Make it with harnn acceptance.")


@pytest.mark.parametrize(
    "change",
    [{"cut": 0.1}, {"cut": None}, {"state": "paused"}, {"target": 0.97}, {"state": "no target"}],
)
def test_cuts_that_do_not_follow(change: dict[str, Any]) -> None:
    plain = json.loads(to_json(accept(falling(), L1=0.8)))
    plain["levels"][0] |= change
    with pytest.raises(ConfigError, match="the cut of level 1 does not follow from its documents"):
        from_json(json.dumps(plain))


@pytest.mark.parametrize(
    "text", ["", "[]", "null", "[" * 100_000, "{", "\ud800", '{"format": 1e999}', "NaN"]
)
def test_what_is_no_acceptance(text: str) -> None:
    with pytest.raises(ConfigError, match=r"^is no acceptance, or damaged: "):
        from_json(text.encode("utf-8", "surrogatepass"))


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    missing = tmp_path / "none.json"
    with pytest.raises(InputError, match=r"none\.json: no such file\. Make it with harnn"):
        load_acceptance(missing)
    with pytest.raises(InputError, match="cannot be read: Is a directory"):
        load_acceptance(tmp_path)


def test_answers_of_others_are_refused() -> None:
    made = make_acceptance(falling(), TREE, {1: 0.8}, model_hash=HASH, options={"top_k": 3})
    made.check(HASH, TREE, {"top_k": 3, "close": None})

    def refused(message: str, model: str, taxonomy: Taxonomy, **options: int) -> None:
        with pytest.raises(ConfigError, match=f"^{re.escape(message)}$"):
            made.check(model, taxonomy, options)

    refused(
        "the acceptance is of the model 7f3a9c000000, this is 111111111111. Make one for it with "
        "harnn acceptance.",
        "1" * 64, TREE, top_k=3,
    )  # fmt: skip
    refused(
        f"the acceptance is of the taxonomy {TREE.version[:12]}, this is "
        f"{TREE_OF_ONE.version[:12]}. Make one for it with harnn acceptance.",
        HASH, TREE_OF_ONE, top_k=3,
    )  # fmt: skip
    refused(
        "the acceptance was made with top_k = 3, these answers with the model's own options. Ask "
        "in the same way, or make another.",
        HASH, TREE,
    )  # fmt: skip
    damaged = dataclasses.replace(made, never=frozenset({"nonsense"}))
    with pytest.raises(ConfigError, match="labels of the acceptance are not in its taxonomy"):
        damaged.check(HASH, TREE, {"top_k": 3})


def test_answers_are_filed(taxonomy: Taxonomy) -> None:
    rows = [
        {"A": 0.97, "B": 0.97, "a1": 0.95, "b1": 0.95, "c": 0.9},
        {"A": 0.97, "a1": 0.8, "a2": 0.9},
        {"A": 0.97},
        {"B": 0.3},
        {},
    ]
    sure = line(100, [], depth=3)
    made = make_acceptance(sure, taxonomy, {1: 0.5, 2: 0.5, 3: 0.5}, model_hash=HASH)
    answers = [answer(str(n), row, taxonomy) for n, row in enumerate(rows)]
    filings = file_answers(answers, made, taxonomy)
    scores = as_scores(rows, taxonomy)
    own = judge(scores, as_sets([list(r) for r in rows], taxonomy), as_sets([[]] * 5, taxonomy),
                taxonomy.hierarchy).confidence  # fmt: skip
    for filing, row, confidence in zip(filings, rows, own, strict=True):
        assert filing.level == filed_levels(confidence[np.newaxis], made.cuts)[0]
        assert {x.label for x in (*filing.accepted, *filing.waiting)} == set(row)
        assert all(x.level <= filing.level for x in filing.accepted)
        assert all(x.level > filing.level for x in filing.waiting)
        expected = float(confidence[filing.level - 1]) if filing.level else None
        assert filing.confidence == expected
    assert [x.level for x in filings] == [3, 2, 1, 1, 0]
    assert filings[1].to_dict() == {"level": 2, "labels": ["A", "a1", "a2"]}
    with pytest.raises(ValueError, match="Expected the taxonomy that the acceptance was made with"):
        file_answers(answers, made, TREE)
    foreign = Prediction("x", (PredictedLabel("nonsense", "", 0.9, 1, ("nonsense",)),))
    with pytest.raises(ValueError, match="Expected labels of the taxonomy, got 'nonsense'"):
        file_answers([foreign], made, taxonomy)
    assert file_answers([], made, taxonomy) == []


def test_labels_that_are_never_accepted_wait(taxonomy: Taxonomy) -> None:
    made = make_acceptance(
        line(100, [], depth=3), taxonomy, {1: 0.5, 2: 0.5}, model_hash=HASH, never=["a2"]
    )
    rows = [{"A": 0.97, "a1": 0.9, "a2": 0.9}, {"A": 0.97, "a1": 0.9}]
    found = file_answers([answer("x", row, taxonomy) for row in rows], made, taxonomy)
    assert [x.to_dict()["level"] for x in found] == [1, 2]


def test_a_broken_acceptance_is_never_built() -> None:
    """Whatever is changed in a file, it is read as it was or refused."""
    plain = to_json(accept(falling(60), L1=0.5, L2=0.4))
    rng = np.random.default_rng(1)
    for _ in range(150):
        place = int(rng.integers(0, len(plain)))
        changed = plain[:place] + chr(int(rng.integers(32, 127))) + plain[place + 1 :]
        try:
            found = from_json(changed)
        except ConfigError:
            continue
        assert isinstance(found.outcome().wrong, int)
        assert to_json(from_json(to_json(found))) == to_json(found)
