"""``harnn split``."""

from __future__ import annotations

import json
from pathlib import Path

import pandas
import pytest

from harnn.cli import run
from harnn.config import DataConfig
from harnn.data import read_documents
from harnn.sample import sample
from support.topics import TOPICS

FILES = sample()


def split(*arguments: str) -> int:
    return run(["split", "--data", str(FILES.train), "-t", str(FILES.taxonomy), *arguments])


def test_split(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out, report = tmp_path / "a" / "parts", tmp_path / "parts.json"
    assert split("-o", str(out), "--json", str(report), "--test", "0.2", "--seed", "7") == 0
    shown = capsys.readouterr().out
    assert "train" in shown
    assert "seed 7\n" in shown
    assert f"The report is in {report}.\n" in shown
    assert f"The parts are in {out}/train.jsonl, {out}/valid.jsonl, {out}/test.jsonl." in shown
    written = json.loads(report.read_text())
    counts = {part["name"]: part["documents"] for part in written["parts"]}
    assert counts == {
        name: len((out / f"{name}.jsonl").read_text().splitlines()) for name in counts
    }
    assert split("-o", str(out)) == 2
    assert "exist already. Choose another directory, or replace them" in capsys.readouterr().err
    assert split("-o", str(out), "--overwrite", "--valid", "0") == 0


def test_by_date(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "all.csv"
    rows = [f"{2000 + n},text {n},beekeeping\n" for n in range(20)]
    path.write_text("year,text,labels\n" + "".join(rows))
    options = ["--data", str(path), "-o", str(tmp_path / "parts"), "--by-date", "year"]
    assert run(["split", *options]) == 0
    shown = capsys.readouterr().out
    assert "\ntrain: 2000 to 2015\nvalid: 2016 to 2017\ntest: 2018 to 2019\n" in shown
    assert "seed" not in shown
    assert (tmp_path / "parts" / "test.csv").read_text() == "year,text,labels\n" + "".join(
        rows[18:]
    )


@pytest.mark.parametrize(("encoding", "suffix"), [("cp1252", ".csv"), ("gb18030", ".jsonl")])
def test_parts_are_read_by_the_settings_of_the_whole(
    encoding: str, suffix: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [
        {"Über": f"{words} {n} é", "labels": label}
        for n in range(6)
        for label, words in TOPICS.items()
    ]
    data, parts, config = tmp_path / f"all{suffix}", tmp_path / "parts", tmp_path / "c.toml"
    if suffix == ".csv":
        lines = ["Über;labels", *(";".join(row.values()) for row in rows)]
    else:
        lines = [json.dumps(row | {"labels": [row["labels"]]}, ensure_ascii=False) for row in rows]
    data.write_bytes("".join(f"{line}\r\n" for line in lines).encode(encoding))
    config.write_text(
        f"[data]\nencoding = '{encoding}'\ntext_fields = ['Über']\n"
        "[model]\npreset = 'fast'\n[text]\nmin_count = 1\n",
        encoding="utf-8",
    )
    taxonomy = tmp_path / "t.tsv"
    taxonomy.write_text("".join(f"{label}\tROOT\n" for label in TOPICS))
    given = ["-t", str(taxonomy), "-c", str(config)]
    assert run(["split", *given, "-d", str(data), "-o", str(parts), "--test", "0.25"]) == 0
    assert "They are UTF-8 with a byte order mark, which says" in capsys.readouterr().out
    files = [str(parts / f"{name}{suffix}") for name in ("train", "valid", "test")]
    train = [
        "train",
        *given,
        "--train",
        files[0],
        "--valid",
        files[1],
        "--out",
        str(tmp_path / "m"),
    ]
    assert run(train) == 0
    for settings in (["-c", str(config)], ["--encoding", "utf-8"]):
        assert run(["evaluate", str(tmp_path / "m"), "-d", files[2], *settings]) == 0
        assert "exact match 100.0%" in " ".join(capsys.readouterr().out.split())
    texts = [
        document.full_text
        for name in files
        for document in read_documents(name, DataConfig(encoding=encoding, text_fields=("Über",)))
    ]
    assert sorted(texts) == sorted(row["Über"] for row in rows)


def test_sheets_are_divided_into_what_is_read_with_the_same_settings(tmp_path: Path) -> None:
    data, parts = tmp_path / "all.xlsx", tmp_path / "parts"
    rows = [{"text": f"日本 {n}", "labels": "a|b" if n % 2 else "a"} for n in range(20)]
    pandas.DataFrame(rows).to_excel(data, sheet_name="Notes", index=False)
    settings = ["--encoding", "cp1252", "--delimiter", ";", "--label-separator", "|"]
    settings += ["--data-sheet", "Notes"]
    assert run(["split", "-d", str(data), "-o", str(parts), *settings]) == 0
    assert run(["validate", "-d", str(parts / "train.csv"), *settings]) == 0
    config = DataConfig(encoding="cp1252", delimiter=";", label_separator="|", sheet="Notes")
    read = [
        x for n in ("train", "valid", "test") for x in read_documents(parts / f"{n}.csv", config)
    ]
    assert sorted(x.full_text for x in read) == sorted(row["text"] for row in rows)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--test", "1.5"], "test: got 1.5, expected 0 or more, and less than 1."),
        (["--group-by", "autor"], "group_by: no document has a value in 'autor'"),
        (["--config", "none.toml"], "none.toml: no such configuration file."),
        (["--json", "x.txt"], "x.txt: unknown extension '.txt', expected .json"),
    ],
)
def test_what_is_refused(
    arguments: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert split("-o", str(tmp_path / "parts"), *arguments) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "parts").exists()
