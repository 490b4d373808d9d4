"""The Dockerfile and the unit for systemd: what can be known of them without either."""

from __future__ import annotations

import fnmatch
import json
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import typer
from typer.core import TyperGroup as Group

from harnn.cli.app import app
from harnn.flavours import runtime_requirements
from support.http_servers import Handler, serving
from support.packages import HEAVY, brought_by, name_of

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


def check_serve(words: list[str]) -> None:
    """Read the words of ``harnn serve`` as the program would."""
    commands = typer.main.get_command(app)
    assert isinstance(commands, Group)
    assert words[0] == "serve"
    commands.commands["serve"].make_context("serve", list(words[1:]))


def instructions() -> list[tuple[str, str]]:
    """The instructions of the Dockerfile and what stands behind them."""
    text = (DEPLOY / "Dockerfile").read_text("utf-8").replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [(name, rest.strip()) for name, _, rest in (line.partition(" ") for line in lines)]


def last(name: str) -> str:
    return [rest for found, rest in instructions() if found == name][-1]


def health_check() -> list[str]:
    found = re.search(r"CMD (\[.*\])", last("HEALTHCHECK"))
    assert found
    words: list[str] = json.loads(found[1])
    return words


def test_the_image_is_of_a_python_that_we_support() -> None:
    found = [rest.split()[0] for name, rest in instructions() if name == "FROM"]
    assert set(found) == {"python:3.11-slim"}
    assert PROJECT["requires-python"] == ">=3.11"


def test_nobody_is_root_in_it() -> None:
    names = [name for name, _ in instructions()]
    final = names[len(names) - names[::-1].index("FROM") :]
    assert final.index("USER") > max(i for i, name in enumerate(final) if name in ("RUN", "COPY"))
    uid = last("USER")
    assert int(uid) >= 1_000
    assert any(f"--uid {uid} " in rest for name, rest in instructions() if name == "RUN")


def test_what_it_runs_is_a_command_of_ours() -> None:
    words = [*json.loads(last("ENTRYPOINT")), *json.loads(last("CMD"))]
    assert words[:3] == ["harnn", "serve", "/model"]
    assert words[words.index("--host") + 1] == "0.0.0.0"
    assert words[words.index("--port") + 1] == last("EXPOSE")
    assert f":{last('EXPOSE')}/healthz'" in health_check()[-1]
    check_serve(words[1:])


def test_what_is_copied_is_there_and_is_let_in() -> None:
    lines = (DEPLOY / "Dockerfile.dockerignore").read_text("utf-8").splitlines()
    allowed = [line[1:] for line in lines if line.startswith("!")]
    assert "*" in lines
    copied = [
        source
        for name, rest in instructions()
        if name == "COPY" and not rest.startswith("--from")
        for source in rest.split()[:-1]
    ]
    assert {"constraints.txt", "src", "pyproject.toml", "README.md", "LICENSE"} <= set(copied)
    for source in copied:
        assert (ROOT / source).exists(), source
        assert any(source == name or source.startswith(f"{name}/") for name in allowed), source
    for name in allowed:
        assert (ROOT / name).exists(), name


def requirements() -> list[str]:
    """The lines that the image installs, those of other files too."""
    lines = (DEPLOY / "requirements.txt").read_text("utf-8").splitlines()
    lines = [line for line in lines if line and not line.startswith("#")]
    (other,) = [line.split()[1] for line in lines if line.startswith("-r ")]
    assert (DEPLOY / other).resolve() == (ROOT / "src/harnn/flavours/requirements.txt")
    return [*runtime_requirements(), *(line for line in lines if not line.startswith("-r "))]


def test_its_packages_are_pinned_and_bring_no_pytorch() -> None:
    runs = [shlex.split(rest) for name, rest in instructions() if name == "RUN"]
    pip = [words for words in runs if words[0].endswith("/pip")]
    assert [words[1] for words in pip] == ["install", "install"]
    assert pip[0][-4:] == ["-c", "constraints.txt", "-r", "deploy/requirements.txt"]
    assert pip[1][-2:] == ["--no-deps", "."]
    pinned = {name_of(x) for x in (ROOT / "constraints.txt").read_text("utf-8").splitlines()}
    listed = {name_of(line) for line in requirements()}
    assert listed <= pinned
    assert not brought_by(requirements()) & HEAVY


def test_its_packages_are_those_of_the_server() -> None:
    lines = set(requirements())
    extras = PROJECT["optional-dependencies"]
    assert set(extras["zh"]) <= lines
    assert set(extras["onnx"]) - lines == {"onnx>=1.16"}, "which only export needs"
    assert set(extras["serve"]) - lines == {"harnn[review]"}
    assert {*extras["review"], *extras["languages"]} <= lines


@contextmanager
def server(status: int) -> Iterator[int]:
    """A server that answers every path with a status; yields its port."""

    class Answer(Handler):
        def answer(self) -> None:
            self.send(status if self.path == "/healthz" else 404)

    with serving(Answer) as address:
        yield int(address.rpartition(":")[2])


def test_the_health_check_tells_a_server_that_answers() -> None:
    python, option, code = health_check()
    assert (python, option) == ("python", "-c")

    def check(port: int) -> int:
        own = code.replace(":8000/", f":{port}/")
        assert own != code
        environment = {"http_proxy": "http://127.0.0.1:9", "PATH": "/usr/bin:/bin"}
        command = [sys.executable, "-I", "-c", own]
        return subprocess.run(command, capture_output=True, env=environment).returncode

    with server(200) as port:
        assert check(port) == 0
    assert check(port) == 1
    with server(503) as port:
        assert check(port) == 1


def unit() -> dict[str, dict[str, list[str]]]:
    """The settings of the unit by section; some stand several times."""
    sections: dict[str, dict[str, list[str]]] = {}
    for line in (DEPLOY / "harnn.service").read_text("utf-8").splitlines():
        if line.startswith("["):
            section = sections.setdefault(line.strip("[]"), {})
        elif line and not line.startswith("#"):
            name, sign, value = line.partition("=")
            assert sign, line
            section.setdefault(name, []).append(value)
    return sections


def test_the_unit_is_hardened() -> None:
    service = unit()["Service"]
    expected = {
        "Type": "exec",
        "DynamicUser": "yes",
        "ProtectSystem": "strict",
        "ProtectHome": "yes",
        "PrivateTmp": "yes",
        "NoNewPrivileges": "yes",
        "CapabilityBoundingSet": "",
        "KillSignal": "SIGTERM",
        "MemoryDenyWriteExecute": "yes",
        "Restart": "on-failure",
    }
    assert {name: service[name] for name in expected} == {k: [v] for k, v in expected.items()}
    assert int(service["TimeoutStopSec"][0]) > 0
    assert "User" not in service


def test_the_unit_runs_a_command_of_ours() -> None:
    service = unit()["Service"]
    program, *words = shlex.split(service["ExecStart"][0])
    readable = service["ReadOnlyPaths"][0].split()
    assert any(program.startswith(f"{place}/bin/") for place in readable)
    assert any(words[1].startswith(f"{place}/") for place in readable)
    credential, _, source = service["LoadCredential"][0].partition(":")
    assert words[words.index("--tokens") + 1] == f"${{CREDENTIALS_DIRECTORY}}/{credential}"
    assert source.startswith("/etc/")
    check_serve(words)


def analyze(*words: str) -> subprocess.CompletedProcess[str]:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed: apt-get install systemd")
    return subprocess.run(["systemd-analyze", *words], capture_output=True, text=True)


@pytest.fixture
def checkable(tmp_path: Path) -> Path:
    """The unit with a program that there is."""
    text = (DEPLOY / "harnn.service").read_text("utf-8")
    path = tmp_path / "harnn.service"
    path.write_text(text.replace("/opt/harnn/bin/harnn", "/bin/true"), "utf-8")
    return path


def test_systemd_can_read_the_unit(checkable: Path) -> None:
    done = analyze("verify", "--man=no", str(checkable))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    checkable.write_text(checkable.read_text("utf-8").replace("NoNewPriv", "NoNewXriv"), "utf-8")
    assert "'NoNewXrivileges'" in analyze("verify", str(checkable)).stderr


def test_systemd_finds_little_exposed(checkable: Path) -> None:
    """2.0 of 10 at most; a unit without any of it has 9.6."""
    if "--offline" not in analyze("--help").stdout:
        pytest.skip("this systemd-analyze cannot look at a unit that is not loaded")
    done = analyze("security", "--offline=true", "--threshold=20", "--no-pager", str(checkable))
    assert done.returncode == 0, done.stdout


def test_the_page_names_what_is_there() -> None:
    page = (ROOT / "docs" / "deploying.md").read_text("utf-8")
    for path in DEPLOY.iterdir():
        if not fnmatch.fnmatch(path.name, "*ignore"):
            assert f"deploy/{path.name}" in page
    commands = typer.main.get_command(app)
    assert isinstance(commands, Group)
    lines = re.findall(r"^ *(harnn \w[^\n]*)", page, flags=re.MULTILINE)
    assert len(lines) > 2
    for line in lines:
        command, *arguments = shlex.split(line.partition(">")[0], comments=True)[1:]
        commands.commands[command].make_context(command, arguments)
