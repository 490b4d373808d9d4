"""What is built is checked: files, metadata, and the interpreters that are found."""

from __future__ import annotations

import importlib.util
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path
from types import ModuleType

import pytest

import harnn

ROOT = Path(__file__).parents[1]
TRACKED = {"harnn/__init__.py", "harnn/py.typed"}


def tool(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / "tools" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


pythons = tool("pythons")
check_dist = tool("check_dist")


def project() -> dict[str, object]:
    text = (ROOT / "pyproject.toml").read_text("utf-8")
    found: dict[str, object] = tomllib.loads(text)["project"]
    return found


def metadata(version: str, more: str = "", *, body: str = "# harnn") -> str:
    extras = project()["optional-dependencies"]
    assert isinstance(extras, dict)
    lines = "".join(f"Provides-Extra: {extra}\n" for extra in extras)
    return (
        f"Metadata-Version: 2.4\nName: harnn\nVersion: {version}\nLicense-Expression: Apache-2.0\n"
        f"Requires-Python: >=3.11\nDescription-Content-Type: text/markdown\n{lines}{more}\n{body}\n"
    )


def make_wheel(place: Path, names: set[str], text: str, *, licence: bool = True) -> Path:
    path = place / "harnn-0.2.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(name, "")
        archive.writestr("harnn-0.2.0.dist-info/METADATA", text)
        if licence:
            archive.writestr("harnn-0.2.0.dist-info/licenses/LICENSE", "")
    return path


def test_a_wheel_as_it_should_be(tmp_path: Path) -> None:
    more = 'Requires-Dist: numpy>=1\nRequires-Dist: torch>=2; extra == "torch"\n'
    wheel = make_wheel(tmp_path, TRACKED, metadata("0.2.0", more))
    assert check_dist.wheel_problems(wheel, TRACKED, "0.2.0") == []


def test_what_is_wrong_with_a_wheel_is_named(tmp_path: Path) -> None:
    names = {"harnn/__init__.py", "tests/test_x.py"}
    text = metadata("0.1.0", "Requires-Dist: torch>=2\n", body="")
    wheel = make_wheel(tmp_path, names, text, licence=False)
    assert check_dist.wheel_problems(wheel, TRACKED, "0.2.0") == [
        f"{wheel.name}: harnn/py.typed is missing.",
        f"{wheel.name}: tests/test_x.py does not belong there.",
        f"{wheel.name}: the licence is missing.",
        f"{wheel.name}: version: got '0.1.0', expected '0.2.0'.",
        f"{wheel.name}: the README is missing.",
        f"{wheel.name}: everybody would have to install torch>=2.",
    ]
    wheel = make_wheel(tmp_path, TRACKED, metadata("no version"))
    (problem,) = check_dist.wheel_problems(wheel, TRACKED, "0.2.0")
    assert "'no version' is invalid for 'version'" in problem


def test_a_source_distribution(tmp_path: Path) -> None:
    path, empty = tmp_path / "harnn-0.2.0.tar.gz", tmp_path / "empty"
    empty.touch()
    names = {*check_dist.BESIDE, *(f"src/{name}" for name in TRACKED)}
    names = names - {"LICENSE"} | {"tests/test_x.py", "src/harnn.egg-info/PKG-INFO"}
    with tarfile.open(path, "w:gz") as archive:
        for name in names:
            archive.add(empty, f"harnn-0.2.0/{name}")
    assert check_dist.sdist_problems(path, TRACKED, "0.2.0") == [
        "harnn-0.2.0.tar.gz: LICENSE is missing.",
        "harnn-0.2.0.tar.gz: tests/test_x.py does not belong there.",
    ]


def test_only_an_interpreter_that_runs_that_version_is_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = ".".join(map(str, sys.version_info[:2]))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "pyenv"))
    shim = tmp_path / "python3.99"
    shim.write_text("#!/bin/sh\nexit 127\n")
    shim.chmod(0o755)
    assert pythons.find_python("3.99") is None
    assert pythons.find_python(version) is None
    home = tmp_path / "pyenv" / "versions" / f"{version}.0" / "bin"
    home.mkdir(parents=True)
    (home / f"python{version}").symlink_to(sys.executable)
    assert pythons.find_python(version) == home / f"python{version}"


def test_versions_are_told_alike() -> None:
    told = (ROOT / "CITATION.cff").read_text("utf-8")
    assert f"\nversion: {harnn.__version__}\n" in told
    classifiers = project()["classifiers"]
    assert isinstance(classifiers, list)
    named = [x.rpartition(" ")[2] for x in classifiers if ":: Python :: 3." in x]
    assert named == list(pythons.VERSIONS)
    assert project()["requires-python"] == f">={pythons.VERSIONS[0]}"


def test_all_data_of_the_package_is_asked_for() -> None:
    """Whatever lies in the package without being code has a pattern in pyproject.toml."""
    text = (ROOT / "pyproject.toml").read_text("utf-8")
    patterns = tomllib.loads(text)["tool"]["setuptools"]["package-data"]["harnn"]
    home = ROOT / "src" / "harnn"
    asked = {path for pattern in patterns for path in home.glob(pattern)}
    data = {x for x in home.rglob("*") if x.is_file() and x.suffix != ".py"}
    data = {x for x in data if x.parent.name != "__pycache__"}
    assert data - asked == set()
