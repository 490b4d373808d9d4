"""``harnn train --init DIR --corrections F``."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

import harnn
from harnn.cli import run
from harnn.review import Correction, Corrections, EnqueueOptions, ModelState, Review
from support.topics import FAST, TAXONOMY, TOPICS, documents

WRONG = "the quokka says meow"


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("models") / "old"
    return harnn.save_bundle(harnn.fit(TAXONOMY, documents(4), documents(2), FAST), place)


class Place:
    """A directory with documents and corrections."""

    def __init__(self, home: Path, model: Path) -> None:
        self.home, self.model, self.out = home, model, home / "new"
        for name, count in (("train", 4), ("valid", 2)):
            rows = [(x.id, x.full_text, x.labels) for x in documents(count)]
            self.write(f"{name}.jsonl", rows)
        self.write(
            "fixed.jsonl",
            [
                ("q1", WRONG, ("oak",)),
                ("cat3", TOPICS["cat"], ("dog",)),
            ],
        )

    def write(self, name: str, rows: list[tuple[str, str, tuple[str, ...] | None]]) -> None:
        lines = [json.dumps({"id": i, "text": t, "labels": list(x or ())}) for i, t, x in rows]
        (self.home / name).write_text("\n".join(lines) + "\n", encoding="utf-8")

    def train(self, *more: str | Path, data: bool = True) -> int:
        given = ["--train", self.home / "train.jsonl"] if data else []
        given += ["--valid", self.home / "valid.jsonl", "--out", self.out]
        return run(["train", *map(str, given), *map(str, more)])

    def go_on(self, *more: str | Path, data: bool = True) -> int:
        return self.train("--init", self.model, *more, data=data)


@pytest.fixture
def place(tmp_path: Path, model: Path) -> Place:
    return Place(tmp_path, model)


def test_from_corrections_to_a_model_and_what_changed(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    fixed, written = place.home / "fixed.jsonl", place.home / "changes.json"
    assert place.go_on("--corrections", fixed, "--json", written) == 0
    shown = capsys.readouterr()
    said = (
        "2 corrections: 1 in place of training documents of the same id (1 of them with another "
        "text), 1 added"
    )
    assert said in shown.err.splitlines()
    assert "CHANGES: A is the model that training went on from, B the new one" in shown.out
    assert "Of 2 corrected documents, answered just as corrected: 0 before, " in shown.out
    found = json.loads(written.read_text("utf-8"))
    assert found["changes"]["corrected"]["documents"] == 2
    assert found["documents"]["corrections"] == 2
    assert found["contents"]["init"] == harnn.bundle.fingerprint(place.model)
    assert found["report"]["documents"] == 8
    # and once more: nothing is left to do
    assert place.go_on("--corrections", fixed, "--resume") == 0
    assert "holds the finished model of these settings and documents" in capsys.readouterr().err
    assert place.train("--resume", "--preset", "fast", "--taxonomy", _taxonomy(place.home)) == 2
    assert "holds a finished model of other settings" in capsys.readouterr().err


def _taxonomy(home: Path, *more: str) -> Path:
    path = home / "taxonomy.tsv"
    edges = ["animal\tROOT", "plant\tROOT", "cat\tanimal", "dog\tanimal", "oak\tplant"]
    path.write_text("\n".join([*edges, "rose\tplant", *more]) + "\n", encoding="utf-8")
    return path


def test_corrections_alone_from_a_database(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    ours = ModelState("old", harnn.bundle.fingerprint(place.model), TAXONOMY.version)
    text = {"text": WRONG}
    given = Correction(
        document=harnn.Document("", text, ("oak",)), model=ours, source="annif-learn", sender="bob"
    )
    other = dataclasses.replace(
        given,
        document=harnn.Document("7", {"text": "else"}, ("x",)),
        model=ModelState("else", "a" * 64, "b" * 64),
    )
    kept = place.home / "kept.db"
    with Corrections.open(kept) as corrections:
        corrections.add([other])
    assert place.go_on("--corrections", kept, data=False) == 2
    assert capsys.readouterr().err.splitlines()[-1] == (
        f"Error: --corrections: there are no corrections for this taxonomy "
        f"({TAXONOMY.version[:12]}); there are 1 for others."
    )
    with Corrections.open(kept) as corrections:
        corrections.add([dataclasses.replace(given, document=harnn.Document("", text, ("cat",)))])
        corrections.add([given])
    assert place.go_on("--corrections", kept, data=False) == 0
    shown = capsys.readouterr()
    left = "1 correction for other taxonomies left out: harnn corrections writes those of one model"
    assert left in shown.err.splitlines()
    assert "Warning: 1 training document, where the model has learned from 16: " in shown.err
    answer = harnn.Predictor.load(place.out).predict([WRONG])[0]
    assert [x.label for x in answer.labels] == ["plant", "oak"]
    assert place.go_on("--corrections", f"sqlite:///{kept}", "--overwrite", data=False) == 0


def test_what_was_settled_in_review_counts(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    ours = ModelState("old", harnn.bundle.fingerprint(place.model), TAXONOMY.version)
    document = harnn.Document("w", {"text": WRONG})
    kept = place.home / "review.db"
    options = EnqueueOptions(blind_share=0, second_share=0)
    with Review.open(kept, taxonomy=TAXONOMY, model="old") as review:
        predictor = harnn.Predictor.load(place.model)
        (number,) = review.enqueue(predictor, [document], model=ours, options=options).added
        view = review.decide(number, "ann", "review", 0, "none_fits")
        view = review.decide(number, "ann", "review", view.version, "add", "oak")
        assert review.submit(number, "ann", "review", view.version).view.state == "done"
    superseded = Correction(
        document=dataclasses.replace(document, labels=("cat",)), model=ours, source="annif-learn"
    )
    with Corrections.open(kept) as corrections:
        corrections.add([superseded])
    assert place.go_on("--corrections", kept, data=False) == 0
    shown = capsys.readouterr()
    assert "1 document settled in review" in shown.err.splitlines()
    answer = harnn.Predictor.load(place.out).predict([WRONG])[0]
    assert [x.label for x in answer.labels] == ["plant", "oak"]


def test_a_model_is_replaced_in_its_place(place: Place) -> None:
    harnn.save_bundle(harnn.load_bundle(place.model), place.out)
    before = harnn.bundle.fingerprint(place.out)
    command: list[str | Path] = ["--init", place.out, "--corrections", place.home / "fixed.jsonl"]
    assert place.train(*command) == 2
    assert harnn.bundle.fingerprint(place.out) == before
    assert place.train(*command, "--overwrite") == 0
    assert harnn.load_bundle(place.out).contents["init"] == before


def test_what_is_refused(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    fixed = str(place.home / "fixed.jsonl")
    nothing = (
        "Error: --train: there is nothing to train on. Give files with --train, or a model with "
        "--init and --corrections for it."
    )
    grown = _taxonomy(place.home, "fern\tplant")
    for arguments, expected in (
        (["--corrections", fixed], nothing),
        (["--init", str(place.model)], nothing),
    ):
        assert place.train(*arguments, data=False) == 2
        assert capsys.readouterr().err.strip() == expected
    for more, expected in (
        (["--set", "model.lstm_size=9"], "Error: model.lstm_size: got 9, expected 128, as "),
        (["--set", "continuing.rate=0"], "Error: continuing.rate: got 0.0, expected more than 0 "),
        (["--set", "continuing.epoch=1"], "unknown key"),
        (["--taxonomy", str(grown)], "2 problems in the taxonomy:\n  taxonomy: is not that of "),
        (["--corrections", str(place.home / "no.jsonl")], "no.jsonl: no such file"),
        (["--corrections", "mysq://x"], "mysq"),
        (["--json", str(place.home / "x.txt")], "x.txt"),
        (["--unlabelled", fixed], "Error: unlabelled text: trains word vectors, but with init "),
        (["--folds", "2", "--train", fixed], "Error: --init: cannot be given with --folds. Leave"),
    ):
        assert place.go_on(*more) == 2, more
        assert expected in capsys.readouterr().err
        assert not place.out.exists()


@pytest.mark.parametrize("text", ["", "水龙头漏水", "\x1b[2J\x00 " * 50, "word " * 20_000])
def test_strange_corrections(place: Place, text: str, capsys: pytest.CaptureFixture[str]) -> None:
    place.write("odd.jsonl", [("odd\x1b[2J", text, ("rose",))])
    assert place.go_on("--corrections", place.home / "odd.jsonl") == 0
    shown = capsys.readouterr()
    assert "\x1b[2J" not in shown.out + shown.err


def test_reviewed_documents_may_say_more(place: Place) -> None:
    rows = [{"id": "q", "text": WRONG, "labels": ["oak"], "review": {"by": "ann", "at": 1}}]
    path = place.home / "reviewed.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)) + "\n", encoding="utf-8")
    assert place.go_on("--corrections", path) == 0
