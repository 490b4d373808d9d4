"""The interpreters of this machine that harnn is made for; ``python tools/pythons.py test``.

Runs the quick tests with each of them, in a virtual environment of its own (``.venv-3.12``), and
says which are absent.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

VERSIONS = ("3.11", "3.12", "3.13")
ROOT = Path(__file__).parents[1]


def find_python(version: str) -> Path | None:
    """Return an interpreter of a version, as ``3.12``; None where there is none.

    Looked for on the PATH and among those that pyenv has installed.
    """
    return next((path for path in _candidates(version) if _is(path, version)), None)


def _candidates(version: str) -> Iterator[Path]:
    if (found := shutil.which(f"python{version}")) is not None:
        yield Path(found)
    home = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    yield from sorted(home.glob(f"versions/{version}.*/bin/python{version}"), reverse=True)


def _is(path: Path, version: str) -> bool:
    """Whether a program is that interpreter; what pyenv puts on the PATH may run none."""
    code = "import sys; print('.'.join(map(str, sys.version_info[:2])))"
    try:
        done = subprocess.run([path, "-c", code], capture_output=True, text=True, timeout=60)
    except OSError:
        return False
    return done.returncode == 0 and done.stdout.strip() == version


def test_with(python: Path, version: str) -> bool:
    """Run the quick tests with an interpreter, and say whether they pass."""
    home = ROOT / f".venv-{version}"
    subprocess.run([python, "-m", "venv", home], check=True)
    program = home / "bin" / "python"
    install: list[str | Path] = [
        program,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--constraint",
        "constraints.txt",
    ]
    subprocess.run([*install, "--editable", ".[dev]"], check=True, cwd=ROOT)
    tests: list[str | Path] = [
        program,
        "-m",
        "pytest",
        "-q",
        "-n",
        "2",
        "--dist",
        "loadfile",
        "-m",
        "not slow",
    ]
    done = subprocess.run(tests, cwd=ROOT, env={**os.environ, "OMP_NUM_THREADS": "1"})
    return done.returncode == 0


def main() -> int:
    found = {version: find_python(version) for version in VERSIONS}
    failed = []
    for version, python in found.items():
        if python is None:
            print(f"Python {version}: not on this machine, skipped.", flush=True)
        elif not test_with(python, version):
            failed.append(version)
    if all(python is None for python in found.values()):
        print(f"None of {', '.join(VERSIONS)} is on this machine.")
        return 1
    for version in failed:
        print(f"Python {version}: tests fail.")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
