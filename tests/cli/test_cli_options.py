"""How documents and taxonomies are read, how labels are chosen, and how problems are shown."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

import harnn
from harnn.cli import program, run
from harnn.cli.help_groups import options_of
from harnn.cli.settings import gather_settings
from harnn.config import Config
from harnn.sample import sample

MODELS = Path(__file__).parents[1] / "golden" / "format-3"
MODEL = str(MODELS / "fast")
FILES = sample("en")


def failing(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    assert run([str(argument) for argument in arguments]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    return shown.err


def test_options_that_stand_for_settings_are_taken_literally() -> None:
    for value in (
        ";",
        "\t",
        " ",
        "#",
        '"',
        "'",
        "\\",
        "5",
        "none",
        "true",
        "[1]",
        "a=b",
        "\x7f",
        "蜜",
    ):
        config = Config.read(None, gather_settings([], label_separator=value))
        assert config.data.label_separator == value
    assert gather_settings(["a.b=1"], encoding=None) == ["a.b=1"]
    assert Config.read(None, gather_settings(None, label_separator="")).data.label_separator == ""
    later = gather_settings(["data.encoding=cp1252"], encoding="latin-1")
    assert Config.read(None, later).data.encoding == "latin-1"


def test_documents_as_other_programs_write_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = tmp_path / "data.csv"
    text = "id;text;labels\n1;Bienenstöcke und Honig;beekeeping|plumbing\n"
    data.write_bytes(text.encode("cp1252"))
    reading = ["--encoding", "cp1252", "--delimiter", ";", "--label-separator", "|"]
    given = ["--data", str(data), *reading]
    assert run(["predict", MODEL, *given]) == 0
    assert json.loads(capsys.readouterr().out)["id"] == "1"
    assert run(["evaluate", MODEL, *given]) == 0
    assert "1 document; hierarchical" in capsys.readouterr().out
    assert run(["validate", "--taxonomy", str(FILES.taxonomy), *given]) == 0
    assert "beekeeping 1" in capsys.readouterr().out
    assert run(["compare", MODEL, MODEL, "--samples", "2", *given]) == 0
    assert "1 document; " in capsys.readouterr().out
    page = tmp_path / "page.html"
    assert run(["explain", MODEL, "-o", str(page), *given]) == 0
    assert "Bienenstöcke" in page.read_text("utf-8")
    trained = ["train", "--train", str(data), "--valid", str(data), "--preset", "fast"]
    trained += ["--taxonomy", str(FILES.taxonomy), "--out", str(tmp_path / "model"), *reading]
    assert run(trained) == 0
    capsys.readouterr()
    config = harnn.load_bundle(tmp_path / "model").config.data
    assert (config.encoding, config.delimiter, config.label_separator) == ("cp1252", ";", "|")
    assert "data.encoding: got 'foo', expected" in failing(
        capsys, "predict", MODEL, "--text", "x", "--encoding", "foo"
    )


def test_a_configuration_says_how_documents_are_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, config = tmp_path / "data.csv", tmp_path / "c.toml"
    data.write_bytes("nr;words\n7;Bienenstöcke und Honig\n".encode("cp1252"))
    config.write_text(
        "[data]\nid_field = 'nr'\ntext_fields = ['words']\nencoding = 'latin-1'\n"
        "line_limit = 5000\n[training]\nepochs = 3\n"
    )
    predict = ["predict", MODEL, "--data", str(data), "-c", str(config)]
    assert run(predict) == 0
    assert json.loads(capsys.readouterr().out)["id"] == "7"
    missing = "has no column 'nrr'"  # an option is stronger than the file
    assert missing in failing(capsys, *predict, "--set", "data.id_field=nrr")
    page = tmp_path / "page.html"
    assert run(["explain", MODEL, "--data", str(data), "-c", str(config), "-o", str(page)]) == 0
    assert "Bienenstöcke" in page.read_text("utf-8")
    for command in (["evaluate", MODEL], ["compare", MODEL, MODEL], ["split", "-o", str(tmp_path)]):
        told = failing(capsys, *command, "--data", data, "-c", config)
        assert "has no column 'labels', found 'nr', 'words'" in told
    errors = ["errors", "--model", MODEL, "-o", str(tmp_path / "e.tsv"), "--data", str(data)]
    assert "has no column 'labels', found" in failing(capsys, *errors, "-c", config)
    config.write_text("[data]\nencodign = 'latin-1'\n")
    assert "unknown key data.encodign. Did you mean 'encoding'?" in failing(capsys, *predict)


def test_columns_of_another_table_than_in_training(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = tmp_path / "data.csv"
    data.write_text("Headline,Body\nBees,Honey and wax\n")
    told = failing(capsys, "predict", MODEL, "--data", data, "--set", "data.text_fields=words")
    assert told.endswith(
        "has no column 'words', found 'Headline', 'Body'. Set data.text_fields to what holds the "
        "text (--text-field, once for each).\n"
    )


def test_forms_of_a_taxonomy(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    taxonomy = tmp_path / "paths.txt"
    taxonomy.write_text("food\nfood::baking\nfood::baking::bread\n", encoding="utf-8")
    data = tmp_path / "data.jsonl"
    data.write_text(
        '{"id": "1", "text": "x", "labels": ["food::baking::bread"]}\n', encoding="utf-8"
    )
    validate = ["validate", "--taxonomy", str(taxonomy), "--data", str(data)]
    assert run([*validate, "--separator", "::"]) == 0
    assert "taxonomy: 3 labels on 3 levels (1 / 1 / 1)" in capsys.readouterr().out
    nested = tmp_path / "nested.json"
    nested.write_text(json.dumps({"a": {"x": {}}, "b": {"x": {}}}), encoding="utf-8")
    validate = ["validate", "--taxonomy", str(nested), "--data", str(data)]
    assert run(validate) == 2
    first = capsys.readouterr()
    assert "taxonomy: 3 labels on 2 levels (2 / 1), 2 edges, a DAG" in first.out
    assert "Note: " in first.err
    assert run([*validate, "--by-path"]) == 2
    second = capsys.readouterr()
    assert "taxonomy: 4 labels on 2 levels (2 / 2), 2 edges, a tree" in second.out
    alone = "says how to read a taxonomy, but none is given with --taxonomy."
    assert failing(capsys, "validate", "--data", data, "--separator", ">", "--by-path") == (
        f"Error: --separator and --by-path: {alone}\n"
    )
    assert failing(capsys, "validate", "--data", data, "--labels", data) == (
        f"Error: --labels: {alone}\n"
    )


def test_devices(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    model = str(MODELS / "network")
    for command in (
        ["predict", model, "--text", "bees"],
        ["evaluate", model, "--data", str(FILES.test)],
        ["explain", model, "--data", str(FILES.test), "-o", str(tmp_path / "x.jsonl")],
    ):
        assert run([*command, "--device", "cpu"]) == 0
        capsys.readouterr()
        assert failing(capsys, *command, "--device", "gpu") == (
            "Error: device: got 'gpu', expected auto, cpu, cuda, cuda:NUMBER or mps.\n"
        )


def test_a_model_that_is_to_choose_otherwise(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = tmp_path / "model"
    shutil.copytree(MODELS / "fast", model)
    assert run(["decoding", str(model)]) == 0
    before = capsys.readouterr().out
    assert before == (
        f"{model} chooses labels scored at least 0.2699, and the best leaf with its ancestors; "
        "close up.\n"
    )
    changed = ["decoding", str(model), "--threshold", "0.3", "--close", "none"]
    assert run(changed) == 0
    said = capsys.readouterr()
    assert said.out == f"{model} now chooses labels scored at least 0.3000; close none.\n"
    assert said.err == (
        "Until now it chose labels scored at least 0.2699, and the best leaf with its ancestors; "
        "close up.\n"
    )
    assert run(["decoding", str(model)]) == 0
    assert capsys.readouterr().out == (
        f"{model} chooses labels scored at least 0.3000; close none.\n"
    )
    given = {"threshold": 0.3, "close": "none"}
    texts = ["bees and hives", "a dripping tap"]
    literal = harnn.Predictor.load(MODELS / "fast").predict(texts, **given)  # type: ignore[arg-type]
    assert harnn.Predictor.load(model).predict(texts) == literal
    assert failing(capsys, "decoding", model, "--threshold", "0.3", "--strategy", "f1") == (
        "Error: threshold stands for the strategy threshold, got the strategy f1; give one of "
        "them.\n"
    )
    assert failing(capsys, "decoding", tmp_path / "none", "--top-k", "3") == (
        f"Error: {tmp_path / 'none'}: no such model directory. Train one with harnn train.\n"
    )


@pytest.mark.parametrize(
    ("size", "said"),
    [
        ("group", "got 'group', expected LEVEL=NUMBER, as subgroup=8364."),
        ("group=-1", "got 'group=-1', expected LEVEL=NUMBER, as subgroup=8364."),
        ("group=²", "got 'group=²', expected LEVEL=NUMBER, as subgroup=8364."),
        ("group=0", "got 'group=0', expected 1 to 10,000,000 labels."),
        ("group=10000001", "got 'group=10000001', expected 1 to 10,000,000 labels."),
        (f"g={'9' * 5_000}", f"got 'g={'9' * 77}..., expected 1 to 10,000,000 labels."),
    ],
)
def test_sizes(size: str, said: str, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    out = tmp_path / "taxonomy.json"
    arguments = ("taxonomy", "--data", FILES.train, "-o", out, "--size", size)
    assert failing(capsys, *arguments) == f"Error: --size: {said}\n"
    assert not out.exists()


def test_problems_come_first_and_not_all_of_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = tmp_path / "data.jsonl"
    rows = [{"id": f"{i}", "text": f"text {i}", "labels": [f"none{i}"]} for i in range(1_517)]
    lines = [*map(json.dumps, rows), '{"id": "x", "labels": []}', "{"]
    data.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    assert run(["validate", "--taxonomy", str(FILES.taxonomy), "--data", str(data)]) == 2
    shown = capsys.readouterr().out.splitlines()
    problems = [i for i, line in enumerate(shown) if line.startswith("Problem: ")]
    warnings = [i for i, line in enumerate(shown) if line.startswith("Warning: ")]
    tables = next(i for i, line in enumerate(shown) if line.startswith("files"))
    assert problems[0] == 0
    assert len(problems) == 7
    assert max(problems) < min([*warnings, tables])
    assert len(shown) < 60
    assert "... and 1,512 more like this." in [line.strip() for line in shown]
    assert shown[-1] == "1,519 problems to mend."
    for command in (["evaluate", MODEL], ["compare", MODEL, MODEL]):
        lines = failing(capsys, *command, "--data", data).splitlines()
        assert lines[0] == "Error: 1,519 problems in the documents:"
        assert len(lines) == 1 + 5 + 1 + 2
        assert lines[6].strip() == "... and 1,512 more like this."
        skipped = failing(capsys, *command, "--data", data, "--on-error", "skip").splitlines()
        assert skipped[0] == "1,519 records skipped:"
        assert skipped[1:-1] == lines[1:]
        assert skipped[-1].startswith("Error: there is no document to ")


def test_labels_that_are_dropped_are_counted_and_listed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = tmp_path / "data.jsonl"
    rows = [
        {"id": "1", "text": "bees", "labels": ["beekeeping", "retired"]},
        {"id": "2", "text": "taps", "labels": ["retired", "old"]},
    ]
    data.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    assert run(["evaluate", MODEL, "--data", str(data), "--on-error", "drop-labels"]) == 0
    shown = capsys.readouterr()
    assert "2 documents; " in shown.out
    assert (
        "3 labels dropped that the taxonomy does not have; 1 document has none left:\n"
        "  'retired' 2, 'old' 1\n"
    ) in shown.err


def test_what_trains_takes_the_same_settings(capsys: pytest.CaptureFixture[str]) -> None:
    """``train``, ``tune`` and ``sweep``: every option of the first but those of one model."""
    commands = {name: program().commands[name] for name in ("train", "tune", "sweep")}
    options = {name: {x.name for x in options_of(each)} for name, each in commands.items()}
    of_one_model = {
        "out", "folds", "init", "corrections", "json_output", "name", "model_version", "processes",
        "address", "resume", "overwrite",
    }  # fmt: skip
    assert options["train"] - options["sweep"] == of_one_model - {"json_output"}
    assert options["train"] - options["tune"] == of_one_model - {"out", "resume"} | {
        "cache",
        "table",
    }
    assert "no presets" in failing(
        capsys, "sweep", "--train", FILES.train, "--valid", FILES.valid, "--taxonomy",
        FILES.taxonomy, "--mode", "paper", "--preset", "fast",
    )  # fmt: skip


def test_the_seed_of_a_sweep(tmp_path: Path) -> None:
    files = ("--train", FILES.train, "--valid", FILES.valid, "--taxonomy", FILES.taxonomy)
    model = ("--preset", "fast", "--set", "model.text_vectors=off", "--seed", "5")
    found = tmp_path / "sweep.json"
    assert run([*map(str, ("sweep", *files, *model, "--seeds", 2, "--json", found))]) == 0
    assert json.loads(found.read_text("utf-8"))["seeds"] == [5, 6]
