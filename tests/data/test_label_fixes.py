"""Wrong spellings of labels: suggested, corrected, applied everywhere."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

import harnn
from harnn.cli import run
from harnn.config import Config, DataConfig
from harnn.data import (
    Document,
    LabelFixes,
    ReadingLog,
    labelled_documents,
    split_documents,
    suggest_fixes,
    survey_documents,
    write_suggestions,
)
from harnn.data.label_checker import LabelChecker
from harnn.data.label_suggestions import Suggestion
from harnn.data.reading import find_fixes
from harnn.errors import ConfigError, DocumentError, find_similar, suggest
from harnn.taxonomy import Taxonomy
from support.topics import FAST, TOPICS, flat

TAXONOMY = Taxonomy.from_edges(
    [("A1", "ROOT"), ("A2", "ROOT"), ("B/7", "A1"), ("ＡＢ", "A1")],
    names={"A1": "Carpentry", "A2": "Bee keeping", "B/7": "Joints"},
)

CHECKER = LabelChecker(TAXONOMY)


def write(path: Path, labels: list[list[str]]) -> Path:
    rows = [{"id": str(n), "text": f"t {n}", "labels": each} for n, each in enumerate(labels)]
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    return path


def table(path: Path, *rows: str) -> DataConfig:
    path.write_text("label\tsuggestion\n" + "".join(f"{row}\n" for row in rows), encoding="utf-8")
    return DataConfig(fixes=str(path))


def test_suggestions(tmp_path: Path) -> None:
    labels = [["A1", "a1"], ["bee keping"], ["a1"], ["carpentry "], ["zzzz"], ["ab"], ["A1"]]
    path = write(tmp_path / "d.jsonl", labels)
    assert suggest_fixes(path, TAXONOMY) == [  # the others are read, with a warning
        Suggestion("bee keping", 1, "A2", 20 / 21, ()),
        Suggestion("zzzz", 1, "", 0.0, ()),
    ]
    found = suggest_fixes(path, TAXONOMY, DataConfig(labels_by="code"))
    assert found == [
        Suggestion("a1", 2, "A1", 1.0, ()),
        Suggestion("ab", 1, "ＡＢ", 1.0, ()),
        Suggestion("bee keping", 1, "A2", 20 / 21, ()),
        Suggestion("carpentry ", 1, "A1", 1.0, ()),
        Suggestion("zzzz", 1, "", 0.0, ()),
    ]


def test_other_candidates_and_ambiguous_ones() -> None:
    known = Taxonomy.from_edges([(f"topic {n}", "ROOT") for n in range(5)] + [("Topic 1", "ROOT")])
    (found,) = suggest_fixes_of("TOPIC 1", known)
    assert (found.suggestion, found.candidates) == ("Topic 1", ("topic 1",))
    (found,) = suggest_fixes_of("topic 9", known)
    assert len(found.candidates) == 3
    assert 0.65 < found.confidence < 1


def suggest_fixes_of(label: str, taxonomy: Taxonomy) -> list[Suggestion]:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = write(Path(folder) / "d.jsonl", [[label]])
        return suggest_fixes(path, taxonomy, DataConfig(labels_by="code"))


@pytest.mark.parametrize("suffix", [".tsv", ".csv", ".jsonl"])
def test_what_is_suggested_can_be_given(suffix: str, tmp_path: Path) -> None:
    data = write(tmp_path / "d.jsonl", [["a1", "A1"], ["carpentry "], ["zzzz"], ["7;8"]])
    place = tmp_path / f"fixes{suffix}"
    strict = DataConfig(labels_by="code")
    assert write_suggestions(suggest_fixes(data, TAXONOMY, strict), place) == 0
    log = ReadingLog()
    pairs = labelled_documents(data, TAXONOMY, DataConfig(fixes=str(place)), log=log)
    assert [document.labels for document, _ in pairs] == [("A1",), ("A1",), (), ()]
    assert (log.replaced, log.removed, log.emptied) == (2, 2, 2)
    assert log.describe_fixes() == "2 labels replaced and 2 dropped (data.fixes)"


def test_labels_that_tsv_cannot_hold(tmp_path: Path) -> None:
    found = [Suggestion("a\tb", 1, "", 0.0, ())]
    assert write_suggestions(found, tmp_path / "fixes.tsv") == 1
    assert write_suggestions(found, tmp_path / "fixes.csv") == 0


def test_fixes_are_applied_to_documents_in_memory(tmp_path: Path) -> None:
    config = table(tmp_path / "fixes.tsv", "x\tA1", "A2\tB/7")
    given = [Document("1", {"text": "a"}, ("x", "A1", "A2")), Document("2", {"text": "b"}, ("A1",))]
    pairs = labelled_documents(given, TAXONOMY, config)
    assert [document.labels for document, _ in pairs] == [("A1", "B/7"), ("A1",)]


def test_fixes_in_splits_and_surveys(tmp_path: Path) -> None:
    data = write(tmp_path / "d.jsonl", [["x"], ["A2"]] * 10)
    config = table(tmp_path / "fixes.tsv", "x\tA1")
    for taxonomy in (TAXONOMY, None):
        split = split_documents(data, taxonomy=taxonomy, config=config)
        assert split.summaries[0].labels == 2
        survey = survey_documents(data, taxonomy=taxonomy, config=config)
        assert survey.ok
        assert (survey.replaced, survey.removed) == (10, 0)
        assert dict(survey.most_frequent) == {"A1": 10, "A2": 10}


def test_tables_that_are_refused(tmp_path: Path) -> None:
    place = tmp_path / "fixes.tsv"
    config = table(place, "x\tA3", "y\tA1", "y\tA2", "\tA1", "z\tA2")
    with pytest.raises(DocumentError) as error:
        find_fixes(config, CHECKER)
    assert [str(problem) for problem in error.value.problems] == [
        f"{place}:4: label 'y' is in the table twice, first at {place}:3.",
        f"{place}:5: has nothing in 'label'.",
    ]
    with pytest.raises(DocumentError) as error:
        find_fixes(table(place, "x\tA3", "y\tjoint"), CHECKER)
    assert [str(problem) for problem in error.value.problems] == [
        f"{place}:2: in 'suggestion': unknown label 'A3'.",
        f"{place}:3: in 'suggestion': unknown label 'joint'. Did you mean 'Joints'?",
    ]
    place.write_text("label\tmeant\nx\tA1\n")
    with pytest.raises(DocumentError, match="the table has no column 'suggestion', found 'label'"):
        find_fixes(config, CHECKER)
    with pytest.raises(DocumentError, match="no such file"):
        find_fixes(DataConfig(fixes="none.tsv"), CHECKER)
    assert find_fixes(DataConfig(), CHECKER) is None
    other = tmp_path / "fixes.jsonl"
    other.write_text('{"label": 12, "suggestion": "A1"}\n{"label": "a", "suggestion": ["A1"]}\n')
    with pytest.raises(DocumentError, match=r"'suggestion' is \['A1'\], expected a label"):
        find_fixes(DataConfig(fixes=str(other)), CHECKER)


def test_suggestions_are_read_as_labels_of_documents_are(tmp_path: Path) -> None:
    taxonomy = Taxonomy.from_edges(
        [("F", "ROOT"), ("F1", "F"), ("S", "ROOT"), ("S1", "S")],
        names={"F": "Food", "F1": "Other", "S": "Sport", "S1": "Other"},
    )
    notations = tuple("7-9" if code == "S" else "" for code in taxonomy.codes)
    taxonomy = dataclasses.replace(taxonomy, notations=notations)
    place = tmp_path / "fixes.tsv"
    config = table(place, "a\tFood", "b\tSport > Other", "c\t7-9", "d\tfood  ", "e\t", "f\tF1")
    fixes = find_fixes(config, LabelChecker(taxonomy))
    assert fixes is not None
    assert dict(fixes.meant) == {"a": "F", "b": "S1", "c": "S", "d": "F", "e": "", "f": "F1"}
    log = ReadingLog()
    document = fixes.apply(Document("1", {"text": "x"}, ("b", "e", "a", "S1")), log)
    assert document.labels == ("S1", "F")
    assert (log.replaced, log.removed) == (2, 1)
    with pytest.raises(DocumentError) as error:
        find_fixes(table(place, "a\tother", "b\tFod"), LabelChecker(taxonomy))
    assert [str(problem) for problem in error.value.problems] == [
        f"{place}:2: in 'suggestion': label 'other' can mean 2 labels ('F1': Food > Other; 'S1': "
        "Sport > Other). Write its code, or its path.",
        f"{place}:3: in 'suggestion': unknown label 'Fod'. Did you mean 'Food'?",
    ]
    with pytest.raises(DocumentError, match="unknown label 'Food'"):
        find_fixes(table(place, "a\tFood"), LabelChecker(taxonomy, "code"))


def test_models_do_not_know_of_fixes(tmp_path: Path) -> None:
    config = table(tmp_path / "fixes.tsv", "kat\tcat")
    labels = [[{"cat": "kat"}.get(label, label)] for label in TOPICS] * 6
    data = write(tmp_path / "d.jsonl", labels)
    whole = Config(data=config, model=FAST.model, text=FAST.text)
    result = harnn.fit(flat(), data, 0.3, whole, cache=tmp_path / "cache")
    assert result.label_counts[flat().index["cat"]] > 0
    place = harnn.save_bundle(result, tmp_path / "model")
    stored = json.loads((place / "config.json").read_text())["settings"]["data"]
    assert "fixes" not in stored
    predictor = harnn.Predictor.load(place)
    with pytest.raises(DocumentError, match="unknown label 'kat'"):
        predictor.evaluate(data)
    assert predictor.evaluate(data, data=config).documents == 24
    # another table under the same name is another training
    table(tmp_path / "fixes.tsv", "kat\tdog")
    other = harnn.fit(flat(), data, 0.3, whole, cache=tmp_path / "cache")
    assert other.label_counts[flat().index["cat"]] == 0


def test_commands(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    edges = tmp_path / "taxonomy.tsv"
    edges.write_text("".join(f"{label}\tROOT\n" for label in TOPICS))
    data = write(tmp_path / "d.jsonl", [["catt"], ["dog", "???"], ["oak"], ["rose"]] * 8)
    fixes = tmp_path / "fixes.tsv"
    check = ["validate", "-d", str(data), "-t", str(edges)]
    assert run([*check, "--suggest", str(fixes)]) == 2
    said = capsys.readouterr().out.splitlines()[-1]
    assert said == (
        f"2 labels not in the taxonomy: {fixes}. 1 label has no suggestion; as long as that cell "
        "is empty --fixes drops the label. Correct the column 'suggestion' and give the table with "
        f"--fixes {fixes}."
    )
    assert fixes.read_text() == (
        "label\tcount\tsuggestion\tconfidence\tcandidates\n???\t8\t\t\t\ncatt\t8\tcat\t0.86\t\n"
    )
    assert run([*check, "--fixes", str(fixes)]) == 0
    assert "8 labels replaced and 8 dropped (data.fixes)" in capsys.readouterr().out
    model = tmp_path / "model"
    train = ["train", "--train", str(data), "--valid", "0.25", "-t", str(edges), "-o", str(model)]
    train += ["--preset", "fast", "--fixes", str(fixes), "--set", "text.min_count=1"]
    assert run(train) == 0
    assert "dropped (data.fixes)" in capsys.readouterr().err
    assert run([*train, "--resume"]) == 0
    assert "holds the finished model" in capsys.readouterr().err
    assert run(["evaluate", str(model), "-d", str(data), "--fixes", str(fixes)]) == 0
    assert "8 labels replaced and 8 dropped (data.fixes)." in capsys.readouterr().err
    assert run(["evaluate", str(model), "-d", str(data)]) == 2
    assert run([*train, "--fixes", "none.tsv", "--overwrite"]) == 2
    assert "none.tsv: no such file." in capsys.readouterr().err
    assert run(["validate", "-d", str(data), "--suggest", str(fixes)]) == 2
    assert "--suggest: needs a taxonomy" in capsys.readouterr().err


def test_find_similar() -> None:
    assert find_similar("carpentri", ["Carpentry", "Beekeeping"]) == [("Carpentry", 16 / 18)]
    assert suggest("carpentri", ["Carpentry"]) == "Did you mean 'Carpentry'?"
    assert find_similar("zzz", ["Carpentry"]) == []


def test_settings() -> None:
    assert LabelFixes({"a": ""}, {}).apply(
        Document("1", {"text": "t"}, None), ReadingLog()
    ) == Document("1", {"text": "t"}, None)
    with pytest.raises(ConfigError, match="expected a string"):
        Config.from_dict({"data": {"fixes": 5}})
