"""Whether the packages that were built are what people are meant to install.

    python tools/check_dist.py dist              # and with every Python that is here
    python tools/check_dist.py dist --no-install # contents and metadata alone

Contents: every file of the package that the project tracks and nothing else, with the licence.
Metadata: valid, of this version. Installed, each time in an empty virtual environment: without
PyTorch a stranger's way from ``harnn demo`` to a server.
"""

from __future__ import annotations

import argparse
import email
import json
import subprocess
import sys
import tarfile
import tempfile
import tomllib
import urllib.request
import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath

from packaging.metadata import Metadata
from packaging.requirements import Requirement

from pythons import VERSIONS, find_python

ROOT = Path(__file__).parents[1]
SOURCE = "src/harnn"
BESIDE = {
    *("CHANGELOG.md", "CITATION.cff", "CONTRIBUTING.md", "LICENSE", "MANIFEST.in", "PKG-INFO"),
    *("README.md", "SECURITY.md", "constraints.txt", "pyproject.toml", "setup.cfg"),
}
"""What the source distribution holds beside the package."""
HEAVY = ("torch", "lightning", "gensim", "nvidia", "triton")
_GOLDEN = "tests/golden/format-3/network-onnx"


def tracked_files() -> set[str]:
    """Return the files of the package that the project tracks, from ``harnn/`` on.

    Where there is no repository of git: all but what Python compiled.
    """
    found = subprocess.run(
        ["git", "ls-files", SOURCE], cwd=ROOT, capture_output=True, text=True, check=False
    )
    lines = found.stdout.splitlines()
    if found.returncode:
        files = (path for path in (ROOT / SOURCE).rglob("*") if path.is_file())
        lines = [str(path.relative_to(ROOT)) for path in files if path.suffix != ".pyc"]
    return {str(PurePosixPath(line).relative_to("src")) for line in lines}


def compare(kind: str, found: Iterable[str], expected: Iterable[str]) -> list[str]:
    """Say which files are missing and which are too many."""
    found, expected = set(found), set(expected)
    return [
        *(f"{kind}: {name} is missing." for name in sorted(expected - found)),
        *(f"{kind}: {name} does not belong there." for name in sorted(found - expected)),
    ]


def wheel_problems(wheel: Path, tracked: set[str], version: str) -> list[str]:
    """Say what is wrong with a wheel: its files and its metadata."""
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if not name.endswith("/")}
        info = f"harnn-{version}.dist-info"
        if f"{info}/METADATA" not in names:
            return [f"{wheel.name}: {info}/METADATA is missing."]
        metadata = archive.read(f"{info}/METADATA")
    own = {name for name in names if not name.startswith(f"{info}/")}
    problems = compare(wheel.name, own, tracked)
    if f"{info}/licenses/LICENSE" not in names:
        problems.append(f"{wheel.name}: the licence is missing.")
    return problems + metadata_problems(wheel.name, metadata, version)


def metadata_problems(where: str, content: bytes, version: str) -> list[str]:
    """Say what of the metadata is not valid, or not what this project says."""
    try:
        found = Metadata.from_email(content, validate=True)
    except ExceptionGroup as group:
        return [f"{where}: {error}" for error in group.exceptions]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    checks = {
        "version": (str(found.version), version),
        "licence": (found.license_expression, project["license"]),
        "Python": (str(found.requires_python), project["requires-python"]),
        "README": (found.description_content_type, "text/markdown"),
        "extras": (sorted(found.provides_extra or ()), sorted(project["optional-dependencies"])),
    }
    problems = [
        f"{where}: {name}: got {got!r}, expected {expected!r}."
        for name, (got, expected) in checks.items()
        if got != expected
    ]
    if not (email.message_from_bytes(content).get_payload() or "").strip():  # type: ignore[union-attr]
        problems.append(f"{where}: the README is missing.")
    always = [x for x in found.requires_dist or () if not _is_of_extra(x)]
    heavy = [str(x) for x in always if x.name.startswith(HEAVY)]
    return problems + [f"{where}: everybody would have to install {name}." for name in heavy]


def _is_of_extra(requirement: Requirement) -> bool:
    return "extra" in str(requirement.marker or "")


def sdist_problems(sdist: Path, tracked: set[str], version: str) -> list[str]:
    """Say what is wrong with the files of a source distribution."""
    with tarfile.open(sdist) as archive:
        paths = [PurePosixPath(member.name) for member in archive if member.isfile()]
    names = {str(PurePosixPath(*path.parts[1:])) for path in paths}
    own = {name for name in names if not name.startswith("src/harnn.egg-info/")}
    problems = compare(sdist.name, own, {f"src/{name}" for name in tracked} | BESIDE)
    if {path.parts[0] for path in paths} != {f"harnn-{version}"}:
        problems.append(f"{sdist.name}: its files do not stand in harnn-{version}/.")
    return problems


class Stranger:
    """Somebody with a new virtual environment."""

    def __init__(self, home: Path, python: Path) -> None:
        self.home = home
        subprocess.run([python, "-m", "venv", home / "venv"], check=True)
        self.bin = home / "venv" / "bin"

    def install(self, requirement: str) -> None:
        pip: list[str | Path] = [self.bin / "python", "-m", "pip", "install", "--quiet"]
        pinned = ["--constraint", str(ROOT / "constraints.txt")]
        subprocess.run([*pip, *pinned, requirement], check=True, cwd=self.home)

    def harnn(self, *words: str, code: int = 0) -> str:
        """Run a command, which ends with *code*, and return what it printed."""
        done = subprocess.run(
            [self.bin / "harnn", *words], cwd=self.home, capture_output=True, text=True
        )
        if done.returncode != code:
            raise AssertionError(
                f"harnn {' '.join(words)}: code {done.returncode}, expected {code}\n"
                f"{done.stdout}{done.stderr}"
            )
        return done.stdout + done.stderr

    def python(self, code: str) -> str:
        done = subprocess.run(
            [self.bin / "python", "-c", code],
            cwd=self.home,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout


def need(condition: bool, what: str) -> None:
    """Raises:
    AssertionError: it is not so.
    """
    if not condition:
        raise AssertionError(what)


def without_torch(stranger: Stranger, wheel: Path) -> None:
    """Walk from the demo to reasons, where nothing is installed but what harnn asks for."""
    stranger.install(str(wheel))
    heavy = stranger.python(
        "import importlib.util as u; "
        f"print([x for x in {('torch', 'gensim', 'lightning_fabric')!r} if u.find_spec(x)])"
    )
    need(heavy.strip() == "[]", f"installed beside the core: {heavy}")
    need("predict" in stranger.harnn("--help"), "harnn --help lists no commands")
    told = stranger.harnn("demo", "--out", "demo")
    need("PyTorch is not installed, so the demo has no network" in told, "the demo says nothing")
    where = "from harnn.sample import sample; s = sample('en'); "
    files = stranger.python(f"{where}print(s.taxonomy, s.train, s.valid, s.test, sep='\\n')")
    taxonomy, train, valid, test = files.split()
    given = ["--taxonomy", taxonomy, "--train", train, "--valid", valid]
    stranger.harnn("validate", "--taxonomy", taxonomy, "--data", train)
    stranger.harnn("train", *given, "--out", "fast", "--preset", "fast")
    refused = stranger.harnn("train", *given, "--out", "default", code=2)
    need("pip install 'harnn[torch]'" in refused, refused)
    answer = stranger.harnn("predict", "fast", "--text", "A dripping tap in the kitchen.")
    need(bool(json.loads(answer)["labels"]), answer)
    stranger.harnn("evaluate", "fast", "--data", test)
    stranger.harnn("explain", "fast", "--data", test, "--output", "reasons.html")
    need("trained 20" in stranger.harnn("info", "fast"), "harnn info tells no date")
    refused = stranger.harnn("export", "fast", "--output", "light", code=2)
    need("needs no PyTorch as it is" in refused, refused)


def exported_and_served(stranger: Stranger, wheel: Path) -> None:
    """Answer with an exported network, and over HTTP, still without PyTorch."""
    stranger.install(f"{wheel}[onnx,serve]")
    answer = stranger.harnn("predict", str(ROOT / _GOLDEN), "--text", "A dripping tap.")
    need(bool(json.loads(answer)["labels"]), answer)
    command: list[str | Path] = [stranger.bin / "harnn", "serve", "fast", "--port", "0"]
    server = subprocess.Popen(command, cwd=stranger.home, stderr=subprocess.PIPE, text=True)
    try:
        assert server.stderr is not None
        address = next(
            word.rstrip("/.,")
            for line in server.stderr
            for word in line.replace('"', " ").split()
            if word.startswith("http://")
        )
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(f"{address}/healthz", timeout=60) as health:
            need(health.status == 200, f"/healthz: {health.status}")
    finally:
        server.terminate()
        server.wait(60)


def install_problems(wheel: Path) -> list[str]:
    """Install the wheel with every Python that is here; say what does not work."""
    problems = []
    for version in VERSIONS:
        python = find_python(version)
        if python is None:
            print(f"Python {version}: not on this machine, skipped.", flush=True)
            continue
        with tempfile.TemporaryDirectory() as place:
            try:
                stranger = Stranger(Path(place), python)
                without_torch(stranger, wheel)
                exported_and_served(stranger, wheel)
            except (AssertionError, subprocess.CalledProcessError, StopIteration) as error:
                problems.append(f"Python {version}: {error or type(error).__name__}")
            else:
                print(f"Python {version}: works in an empty environment.", flush=True)
    return problems


def main(words: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("directory", type=Path, help="Of one wheel and one source distribution.")
    parser.add_argument("--no-install", action="store_true", help="Look at files alone.")
    options = parser.parse_args(words)
    wheels, sdists = (sorted(options.directory.glob(x)) for x in ("*.whl", "*.tar.gz"))
    if (len(wheels), len(sdists)) != (1, 1):
        print(f"{options.directory}: expected one wheel and one source distribution; make dist.")
        return 1
    wheel, version = wheels[0].resolve(), wheels[0].name.split("-")[1]
    tracked = tracked_files()
    problems = wheel_problems(wheel, tracked, version)
    problems += sdist_problems(sdists[0], tracked, version)
    if not (problems or options.no_install):
        problems = install_problems(wheel)
    for problem in problems:
        print(problem)
    if not problems:
        print(f"{wheel.name} and {sdists[0].name} are as they should be.")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
