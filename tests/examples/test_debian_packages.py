"""The example that files the packages of a Debian machine under their tags."""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from debian_packages import packages
from harnn import Taxonomy

EXAMPLE = Path(__file__).parents[2] / "examples" / "debian_packages"
LISTS = """\
Package: shelf
Version: 1.0
Description: keeps books in order
Description-md5: aa
Tag: implemented-in::c++, works-with::image:raster,
 works-with::text, special::not-yet-tagged, no tag at all

Package: libshelf1
Source: shelf (1.0)
Description: keeps books in order (library)
Description-md5: bb

Package: lamp
Description: a light
 It shines.
 .
 And goes out: by itself.
Tag: use::viewing

Package: shelf
Description: an older one
Tag: use::viewing
Package-Type: odd

Package: silent
"""


def test_packages_are_read_once_with_their_source_their_words_and_their_tags() -> None:
    long_texts = {("libshelf1", "bb"): "keeps books in order\nBy size.", ("shelf", "zz"): "stale"}
    found = packages.read_packages(LISTS.splitlines(keepends=True), long_texts)
    assert [tuple(package) for package in found] == [
        (
            "lamp",
            "lamp",
            "lamp: a light\nIt shines.\n\nAnd goes out: by itself.",
            ("use::viewing",),
        ),
        ("libshelf1", "shelf", "libshelf1: keeps books in order\nBy size.", ()),
        (
            "shelf",
            "shelf",
            "shelf: keeps books in order",
            ("implemented-in::c++", "works-with::image:raster", "works-with::text"),
        ),
    ]


def test_what_is_written_is_a_taxonomy_and_documents_with_and_without_labels(
    tmp_path: Path,
) -> None:
    packages.write(tmp_path, packages.read_packages(LISTS.splitlines(keepends=True), {}))
    taxonomy = Taxonomy.from_file(tmp_path / "taxonomy.tsv")
    found = dict(zip(taxonomy.codes, taxonomy.levels.tolist(), strict=True))
    assert found == {
        "implemented-in": 1,
        "implemented-in::c++": 2,
        "use": 1,
        "use::viewing": 2,
        "works-with": 1,
        "works-with::image": 2,
        "works-with::image:raster": 3,
        "works-with::text": 2,
    }
    lines = (tmp_path / "tagged.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["id"] for line in lines] == ["lamp", "shelf"]
    assert json.loads((tmp_path / "untagged.jsonl").read_text(encoding="utf-8")) == {
        "id": "libshelf1",
        "source": "shelf",
        "text": "libshelf1: keeps books in order (library)",
    }


def test_a_machine_without_apt_is_told_so(tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, EXAMPLE / "packages.py", tmp_path / "out"],
        env={**os.environ, "PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.stderr == (
        "apt-get can't be run: No such file or directory. This example needs Debian's apt.\n"
    )
    assert run.returncode == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_the_packages_of_this_machine_are_tagged(tmp_path: Path) -> None:
    harnn = shutil.which("harnn", path=Path(sys.executable).parent)
    if shutil.which("apt-cache") is None or harnn is None:
        pytest.skip("no apt-cache, or no harnn beside this Python")
    listed = subprocess.run(["apt-cache", "dumpavail"], capture_output=True, check=False)
    if listed.stdout.count(b"\nTag: ") < 10_000:
        pytest.skip("apt has no lists with tags here: apt-get update loads them")
    out = tmp_path / "debian"
    run = subprocess.run(
        [EXAMPLE / "run.sh", out],
        env={**os.environ, "HARNN": harnn, "PYTHON": sys.executable},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    scores = json.loads((out / "scores.json").read_text(encoding="utf-8"))
    assert (
        scores["micro_f1"] > 0.65
    )  # the tags of every document by how often each is right alone: .4
    with (out / "suggested.csv").open(encoding="utf-8", newline="") as file:
        suggested = {row["id"]: row["labels"].split(";") for row in csv.DictReader(file)}
    untagged = (out / "untagged.jsonl").read_text(encoding="utf-8").splitlines()
    assert len(suggested) == len(untagged)
    libraries = [labels for name, labels in suggested.items() if name.endswith("-dev")]
    assert sum("role::devel-lib" in labels for labels in libraries) > len(libraries) / 2
    assert "<h1>" in (out / "reasons.html").read_text(encoding="utf-8")
