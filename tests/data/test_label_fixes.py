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
        Suggestion("bee keping", 1, "A2", 20 / 21, (), "Bee keeping"),
        Suggestion("zzzz", 1, "", 0.0, ()),
    ]
    found = suggest_fixes(path, TAXONOMY, DataConfig(labels_by="code"))
    assert found == [
        Suggestion("a1", 2, "A1", 1.0, (), "Carpentry"),
        Suggestion("ab", 1, "ＡＢ", 1.0, (), "ＡＢ"),
        Suggestion("bee keping", 1, "A2", 20 / 21, (), "Bee keeping"),
        Suggestion("carpentry ", 1, "A1", 1.0, (), "Carpentry"),
        Suggestion("zzzz", 1, "", 0.0, ()),
    ]


def test_other_candidates_and_ambiguous_ones() -> None:
    topics = [(f"topic {n}", "ROOT") for n in range(5)] + [("Topic 1", "ROOT")]
    plays = ["Hamlet", "Hamlets", "Hamletting", "Hamleting"]
    known = Taxonomy.from_edges([*topics, *((play, "ROOT") for play in plays)])
    (found,) = suggest_fixes_of("TOPIC 1", known)
    assert (found.suggestion, found.candidates) == ("Topic 1", ("topic 1",))
    (found,) = suggest_fixes_of("Hamlett", known)
    assert (found.suggestion, len(found.candidates)) == ("Hamlet", 3)
    assert 0.65 < found.confidence < 1
    (found,) = suggest_fixes_of("topic 9", known)  # which one, nobody can tell
    assert (found.suggestion, found.candidates) == ("", ())


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


@pytest.mark.parametrize("suffix", [".tsv", ".csv", ".jsonl"])
def test_several_labels_in_one_cell(suffix: str, tmp_path: Path) -> None:
    labels = [["Carpentry / Joints"], ["A1; Bee keping"], ["zz; yy"], ["A2; Joints"], ["A1;A2"]]
    data = write(tmp_path / "d.jsonl", labels)
    found = suggest_fixes(data, TAXONOMY, DataConfig(label_separator="|"))
    assert [(x.label, x.suggestion, x.name, x.confidence, x.separator) for x in found] == [
        ("A1; Bee keping", '["A1", "A2"]', "Carpentry; Bee keeping", 20 / 21, ";"),
        ("A1;A2", '["A1", "A2"]', "Carpentry; Bee keeping", 1.0, ";"),
        ("A2; Joints", '["A2", "B/7"]', "Bee keeping; Joints", 1.0, ";"),
        ("zz; yy", "", "", 0.0, ""),
    ]  # the first is a path
    place = tmp_path / f"fixes{suffix}"
    write_suggestions(found, place)
    log = ReadingLog()
    pairs = labelled_documents(data, TAXONOMY, DataConfig(fixes=str(place)), log=log)
    read = [document.labels for document, _ in pairs]
    assert read == [("B/7",), ("A1", "A2"), (), ("A2", "B/7"), ("A1", "A2")]
    assert not log.warnings
    assert (log.replaced, log.removed) == (3, 1)


def test_lists_of_suggestions(tmp_path: Path) -> None:
    place = tmp_path / "fixes.jsonl"
    place.write_text('{"label": "a", "suggestion": ["A1", "Joints"]}\n')
    fixes = find_fixes(DataConfig(fixes=str(place)), CHECKER)
    assert fixes is not None
    assert dict(fixes.meant) == {"a": ("A1", "B/7")}
    place.write_text('{"label": "a", "suggestion": ["A1", "joint"]}\n')
    with pytest.raises(DocumentError) as error:
        find_fixes(DataConfig(fixes=str(place)), CHECKER)
    assert str(error.value) == (
        f"{place}:1: in 'suggestion': unknown label 'joint'. Did you mean 'Joints'?"
    )


def test_the_command_tells_of_the_separator(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    edges = tmp_path / "taxonomy.tsv"
    edges.write_text("".join(f"{label}\tROOT\n" for label in TOPICS))
    data = tmp_path / "d.csv"
    data.write_text("id,text,labels\n1,a,cat; dog\n2,b,oak; rose\n3,c,oak/rose\n4,d,cat\n")
    fixes = tmp_path / "fixes.tsv"
    command = ["validate", "-d", str(data), "-t", str(edges), "--label-separator", "|"]
    assert run([*command, "--suggest", str(fixes)]) == 2
    assert capsys.readouterr().out.splitlines()[-2:] == [
        "3 labels not in the taxonomy. 2 labels seem to be several each; in a table "
        "--label-separator ';' reads them. 1 label seems to be several; in a table "
        "--label-separator '/' reads them. Correct the column 'suggestion' and give the table with "
        f"--fixes {fixes}.",
        f"The table of suggestions is in {fixes}.",
    ]
    assert run([*command, "--fixes", str(fixes)]) == 0
    assert "3 labels replaced and 0 dropped (data.fixes)" in capsys.readouterr().out


def test_messages_and_suggestions_agree() -> None:
    known = Taxonomy.from_edges(
        [("1", "ROOT"), ("2", "ROOT"), ("3", "ROOT")],
        names={"1": "Solar coronal mass ejections", "2": "Solar flares", "3": "Mass loss"},
    )
    checker = LabelChecker(known)
    for label in ("Coronal mass ejections", "solar flair", "loss of mass", "zzz", "Sola flares"):
        (found,) = suggest_fixes_of(label, known)
        hint = f"Did you mean {found.name!r}?" if found.suggestion else ""
        assert checker.describe(label) == (f"unknown label {label!r}.", hint)
    assert checker.describe("Coronal mass ejections")[1] == (
        "Did you mean 'Solar coronal mass ejections'?"
    )


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
    other.write_text('{"label": 12, "suggestion": "A1"}\n{"label": "a", "suggestion": {"A1": 1}}\n')
    with pytest.raises(DocumentError, match=r"'suggestion' is {'A1': 1}, expected a label"):
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
    assert dict(fixes.meant) == {
        "a": ("F",),
        "b": ("S1",),
        "c": ("S",),
        "d": ("F",),
        "e": (),
        "f": ("F1",),
    }
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
    said = capsys.readouterr().out.splitlines()[-2:]
    assert said == [
        "2 labels not in the taxonomy. 1 label has no suggestion; as long as that cell "
        "is empty --fixes drops the label. Correct the column 'suggestion' and give the table with "
        f"--fixes {fixes}.",
        f"The table of suggestions is in {fixes}.",
    ]
    assert fixes.read_text() == (
        "label\tcount\tsuggestion\tname\tconfidence\tcandidates\n"
        "???\t8\t\t\t\t\ncatt\t8\tcat\tcat\t0.86\t\n"
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
    assert LabelFixes({"a": ()}, {}).apply(
        Document("1", {"text": "t"}, None), ReadingLog()
    ) == Document("1", {"text": "t"}, None)
    with pytest.raises(ConfigError, match="expected a string"):
        Config.from_dict({"data": {"fixes": 5}})
