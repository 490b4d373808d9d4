"""Damaged settings and command lines: every mistake is one of a user's, said in words.

``HARNN_FUZZ`` is the number of inputs. Every input comes from its number, which a failure names.
"""

from __future__ import annotations

import io
import os
import random
import re
import sys
from pathlib import Path

import pytest

from harnn._display import printable
from harnn.cli import run
from harnn.cli.settings import gather_settings
from harnn.config import Config
from harnn.errors import ConfigError
from support.file_mutations import mutate

COUNT = int(os.environ.get("HARNN_FUZZ", "250"))
SETTINGS = [
    "training.epochs=5",
    "training.learning_rate=0.0025",
    "training.device=auto",
    "model.mode=paper",
    "model.preset=best",
    "model.dropout=0.5",
    "text.vectors=none",
    "text.lowercase=false",
    "data.text_fields=['title', \"abstract\"]",
    "data.label_separator= ",
    "data.encoding=utf-8",
    "decode.threshold=none",
    "decode.top_k=3",
]
PREFIXES = ["training.seed=", "data.", "model.alpha =", "=", ".", "text.vectors="]
TOML = """# All of it
[data]
text_fields = ["title", "abstract"]
label_separator = ";"
[text]
min_count = 1
vectors = 'word2vec'
[model]
members = 2
dropout = 5e-1
max_constraint = false
[training]
epochs = 5
learning_rate = 0.0025
seed = 13
[decode]
threshold = 0.5
close = "up"
"""
COMMANDS = [
    "predict model --data data.jsonl --output out.csv --top-k 3 --resume",
    "predict model --text text --threshold 0.5 --strategy level --beam 3 --bf16 --device cpu",
    "evaluate model --data data.jsonl --json out.json --set data.id_field=key --strategies",
    "explain model --data data.jsonl --output out.html --close down --top-1 empty",
    "compare model model --data data.jsonl --samples 10 --seed 3 --on-error skip",
    "validate --data data.jsonl --test data.jsonl --taxonomy none.tsv --labels none --by-path",
    "validate --data data.jsonl --config settings.toml --json out.json --encoding cp1252",
    "taxonomy --data data.jsonl --output out.json --size group=12 --delimiter ; --set a.b=1",
    "train --train data.jsonl --valid data.jsonl --out out --taxonomy none.tsv --preset fast",
    "train --train - --valid data.jsonl --out out --separator > --taxonomy none.tsv --mode paper",
    "export model --output out --format onnx --int8 --overwrite",
    "decoding model --threshold 0.3 --close none",
    "--version",
]
SHOWN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


def damaged(text: str, chance: random.Random) -> str:
    return os.fsdecode(mutate(os.fsencode(text), chance)) if chance.random() < 0.9 else text


def check_shown(error: ConfigError) -> None:
    """What is said can be shown, is short, and says where each problem is."""
    text = printable(str(error))
    assert SHOWN.search(text) is None
    assert len(text) < 100_000
    assert all(problem.where for problem in error.problems)


def test_settings() -> None:
    for number in range(COUNT * 45 // 100):
        chance = random.Random(number)
        given = [damaged(chance.choice(SETTINGS), chance) for _ in range(chance.choice((1, 1, 3)))]
        if chance.random() < 0.2:
            given.append(chance.choice(PREFIXES) + damaged(chance.choice(SETTINGS), chance))
        try:
            config = Config.read(None, given)
        except ConfigError as error:
            check_shown(error)
        except Exception as error:
            raise AssertionError(f"number {number}: {given!r:.500}") from error
        else:
            assert Config.from_dict(config.to_dict()) == config, f"number {number}"


def test_options_are_taken_as_they_are() -> None:
    """Whatever stands in an option is the value, or is refused; it is never something else."""
    for number in range(COUNT // 10):
        chance = random.Random(number)
        value = damaged(chance.choice(["a;b", "|", "utf-8", "none", "'", '"""', "\\u0041"]), chance)
        try:
            found = Config.read(None, gather_settings([], label_separator=value)).data
        except ConfigError as error:
            check_shown(error)
        else:
            assert found.label_separator == value, f"number {number}"


def test_toml(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    for number in range(COUNT * 40 // 100):
        chance = random.Random(number)
        content = mutate(TOML.encode(), chance, [setting.encode() for setting in SETTINGS])
        path.write_bytes(content)
        try:
            Config.read(path)
        except ConfigError as error:
            check_shown(error)
        except Exception as error:
            raise AssertionError(f"number {number}: {content!r:.500}") from error


@pytest.mark.slow
def test_command_lines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Nothing that they name is there but documents and settings, so none of them works long."""
    monkeypatch.chdir(tmp_path)
    for number in range(COUNT * 5 // 100):
        Path("data.jsonl").write_text('{"id": "1", "text": "a", "labels": ["b"]}\n', "utf-8")
        Path("settings.toml").write_text(TOML, "utf-8")
        chance = random.Random(number)
        words = chance.choice(COMMANDS).split()
        for _ in range(chance.choice((1, 1, 2))):
            at = chance.randrange(len(words))
            words[at : at + 1] = chance.choice(
                [[damaged(words[at], chance)], [], [words[at]] * 2, [words[-1]], ["-"], [""]]
            ) or [""]
            words = [word.replace("\0", "") for word in words]
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"a text\n")))
        try:
            code = run(words)
        except Exception as error:
            raise AssertionError(f"number {number}: {words!r:.500}") from error
        captured = capfd.readouterr()
        assert code in (0, 2), f"number {number}: {words!r:.500}"
        assert SHOWN.search(captured.out + captured.err) is None, f"number {number}"
        assert "Traceback" not in captured.err
        if code == 2 and "No problem found." not in captured.out:
            assert captured.err or "to mend" in captured.out, f"number {number}: {words!r:.500}"
