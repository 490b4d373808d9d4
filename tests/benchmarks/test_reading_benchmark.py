"""The benchmark of reading: all forms hold the same, and both readers read all of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import harnn

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
DOCUMENTS = ["documents.jsonl", "documents.json", "documents.csv", "documents.tsv"]
DOCUMENTS += ["documents.parquet"]


def test_all_forms_hold_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pyarrow")
    import reading

    monkeypatch.setattr(reading, "LABELS", 50)
    reading.write_files(tmp_path, 20)
    found = [
        [(d.id, dict(d.text), d.labels) for d in harnn.read_documents(tmp_path / name)]
        for name in DOCUMENTS
    ]
    assert len(found[0]) == 20
    assert all(documents == found[0] for documents in found)
    for name in reading.BARE:
        expected = 20 if name in DOCUMENTS else 50
        for reader in reading.READERS.values():
            assert reader(tmp_path / name) == expected


@pytest.mark.slow
def test_a_table_and_a_report(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    output = tmp_path / "reading.json"
    script = [sys.executable, str(BENCHMARKS / "reading.py"), "--documents", "30"]
    done = subprocess.run(
        [*script, "--output", str(output), "--repeats", "1"],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    lines = done.stdout.splitlines()
    assert lines[0].startswith("| file | a second | peak MB | beside |")
    assert [line.split(" | ")[0].removeprefix("| ") for line in lines[2:]] == [
        *DOCUMENTS,
        "taxonomy.tsv",
    ]
    files = json.loads(output.read_text("utf-8"))["files"]
    assert files["documents.csv"]["harnn"]["items"] == 30
    assert files["taxonomy.tsv"]["bare"]["peak_megabytes"] > 1
