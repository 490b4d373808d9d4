"""Files of other programs, damaged: only our own errors come out, and nothing is half-written."""

from __future__ import annotations

import json
import random
import time
from pathlib import Path

import pytest

from harnn.config import DataConfig
from harnn.converters import FORMATS, convert
from harnn.data import Document, write_rows
from harnn.errors import HarnnError
from support.conversions import DOCUMENTS, TAXONOMY, write_taxonomy
from support.file_mutations import MUTATIONS, check_message, mutate

SLOW = 5.0
"""Seconds that no input of a few thousand bytes may take."""
NAMES = {
    "harnn-original": ("o.json",),
    "hiclass": ("o.jsonl", "o.npz", "o.npy", "o.csv"),
    "annif": ("o.tsv", "o.csv", "o.jsonl"),
    "label-studio": ("o.json",),
    "huggingface": ("hf", "o.jsonl"),
}
VOCABULARIES = {"annif": "v.tsv", "hiagm": "v.taxonomy", "neuralclassifier": "v.taxonomy"}
FORMS = [name for name, each in FORMATS.items() if each.read is not None and name != "harnn"]


def made_files(form: str, folder: Path) -> list[list[Path]]:
    """Write good files of a format: for each way to write it the ones that are read."""
    folder.mkdir()
    given, taxonomy = folder / "documents.jsonl", write_taxonomy(folder, TAXONOMY)
    titled = Document("d", {"title": "T", "abstract": "a\n\tb"}, ("Rye", "Art"))
    write_rows([*DOCUMENTS, titled], given)
    blank = "_" if FORMATS[form].replaces_blanks else None
    found = []
    for name in NAMES.get(form, ("o.txt",)):
        place = folder / name
        vocabulary = folder / VOCABULARIES[form] if form in VOCABULARIES else None
        convert(
            given,
            place,
            source="harnn",
            target=form,
            taxonomy=taxonomy,
            taxonomy_output=vocabulary,
            blank=blank,
        )
        if form == "label-studio":
            tasks = json.loads(place.read_text())
            tasks = [{**task, "annotations": task["predictions"]} for task in tasks]
            place.write_text(json.dumps(tasks))
        beside = place.with_name(f"{name}.label-map.tsv")
        if form in ("fasttext", "libmultilabel"):
            beside.write_text("written\tlabel\nSoup\tSoup\n")
        features = place.with_name(f"{name}.features.json")
        texts = place.with_name(f"{name}.texts.npy")
        more = [each for each in (beside, features, vocabulary, texts) if each and each.exists()]
        inside = sorted(place.iterdir()) if place.is_dir() else [place]
        found.append([place, *inside, *more])
    return found


@pytest.mark.parametrize("form", FORMS)
def test_damaged_files(tmp_path: Path, form: str) -> None:
    chance = random.Random(f"{form} 16")
    ways = made_files(form, tmp_path / "in")
    contents = {file: file.read_bytes() for way in ways for file in way if file.is_file()}
    others = list(contents.values())
    out = tmp_path / "out"
    out.mkdir()
    read, tries = 0, max(40, MUTATIONS // 30)
    for number in range(tries):
        place, *files = chance.choice(ways)
        damaged = chance.choice([file for file in files if file in contents])
        content = mutate(contents[damaged], chance, others)
        damaged.write_bytes(content)
        vocabulary = next((file for file in files if file.name.startswith("v.")), None)
        taxonomy = chance.choice([vocabulary, None])
        config = DataConfig(
            line_limit=1 << 16, on_error=chance.choice(("fail", "skip", "drop-labels"))
        )
        start = time.process_time()
        try:
            done = convert(
                place,
                out / "back.jsonl",
                source=form,
                target="harnn",
                taxonomy=taxonomy,
                taxonomy_output=out / "t.json" if chance.random() < 0.2 else None,
                config=config,
            )
            read += 1
            for note in done.notes:
                assert len(note.encode()) < 1_000
        except HarnnError as error:
            check_message(error)
            assert not list(out.iterdir())
        except Exception as error:
            pytest.fail(f"input {number} of {damaged.name}, {content[:2_000]!r}: {error!r}")
        assert time.process_time() - start < SLOW, f"input {number} of {damaged.name}"
        for file in out.iterdir():
            file.unlink()
        damaged.write_bytes(contents[damaged])
    assert 0.1 < read / tries < 0.95, "the damage is too slight, or too heavy, to tell anything"
