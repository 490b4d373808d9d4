"""What the README says can be typed."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.core import TyperGroup as Group

from harnn.cli import run
from harnn.cli.app import app
from harnn.config import Config
from harnn.sample import sample

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
QUICK: dict[str, dict[str, Any]] = {
    "text": {"vectors": "random"},
    "model": {"embedding_size": 8, "lstm_size": 8, "attention_size": 8, "fc_size": 8},
    "training": {"epochs": 1},
}


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)


def test_every_page_is_listed_and_every_link_leads_somewhere() -> None:
    more = README.partition("## More")[2]
    listed = set(re.findall(r"\]\(docs/([\w.-]+\.md)\)", more))
    assert listed == {page.name for page in (ROOT / "docs").glob("*.md")}
    for name in re.findall(r"\]\((?!http)([^)#]+)\)", README):
        assert (ROOT / name).is_file(), name


def test_the_pages_on_encoders_lead_to_each_other_and_can_be_typed() -> None:
    """Their options and settings are there; the files that they name need not be."""
    commands = typer.main.get_command(app)
    assert isinstance(commands, Group)
    for name, other in (("encoders.md", "text-encoders.md"), ("text-encoders.md", "encoders.md")):
        page = (ROOT / "docs" / name).read_text(encoding="utf-8")
        assert f"]({other})" in page
        lines = re.findall(r"^ *(harnn [^\n]*)", page, flags=re.MULTILINE)
        assert lines
        for line in lines:
            command, *arguments = shlex.split(line, comments=True)[1:]
            context = commands.commands[command].make_context(command, arguments)
            settings = context.params.get("settings") or []
            Config.read(None, [x for x in settings if not x.startswith("data.")])


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the files that the README names, and a few documents in them."""
    files = sample("en")
    for name, count in (("train", 80), ("valid", 20), ("test", 6)):
        lines = getattr(files, name).read_text("utf-8").splitlines(keepends=True)
        (tmp_path / f"{name}.jsonl").write_text("".join(lines[:count]), "utf-8")
    shutil.copy(files.taxonomy, tmp_path / "taxonomy.tsv")
    shutil.copy(files.labels, tmp_path / "labels.tsv")
    (tmp_path / "new.txt").write_text("The bees swarmed.\nA dripping tap.\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_python_lines_run(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (code,) = blocks("python")
    quick = code.replace('"valid.jsonl")', '"valid.jsonl", quick)')
    assert quick != code
    exec(compile(quick, "README.md", "exec"), {"quick": Config.from_dict(QUICK)})
    assert (folder / "model" / "model.safetensors").exists()


def test_the_commands_run(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = [
        part
        for table, keys in QUICK.items()
        for key, value in keys.items()
        for part in ("--set", f"{table}.{key}={value}")
    ]
    lines = [line for block in blocks("sh") for line in block.splitlines()]
    commands = [line for line in lines if line.startswith("harnn ")]
    assert len(commands) >= 6
    for line in commands:
        words = shlex.split(line)[1:]
        if "<" in words:
            at = words.index("<")
            with Path(words[at + 1]).open() as stream:
                monkeypatch.setattr("sys.stdin", stream)
                assert run(words[:at]) == 0, line
            continue
        assert run(words + (settings if words[0] == "train" else [])) == 0, line
    assert (folder / "reasons.html").exists()


def test_the_make_targets_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    named = re.findall(r"^make (\w+)", "\n".join(blocks("sh")), flags=re.MULTILINE)
    assert named
    for target in named:
        assert re.search(rf"^{target}:", makefile, flags=re.MULTILINE)


def test_links_lead_somewhere() -> None:
    for link in re.findall(r"\]\(([^)#]+)\)", README):
        assert link.startswith("https://") or (ROOT / link).exists(), link
