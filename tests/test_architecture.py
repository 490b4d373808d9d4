"""The house: floors, exported names, lazy imports."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import harnn

SOURCE = Path(harnn.__file__).parent
FLOORS = {
    0: {"errors", "_memory", "_optional", "_quiet", "config"},
    1: {"ranking", "taxonomy", "data", "text", "linear", "sample"},
    2: {"corpus", "blend", "model", "decode", "metrics"},
    3: {"batch", "branches", "reporting"},
    4: {"training"},
    5: {"onnx"},
    6: {"bundle"},
    7: {"explain"},
    8: {"cli"},
    9: {"__main__"},
}
FLOOR_OF = {room: floor for floor, rooms in FLOORS.items() for room in rooms}
SIDEWAYS = {
    ("_optional", "errors"),
    ("config", "errors"),
    ("data", "taxonomy"),
    ("sample", "taxonomy"),
}
"""Everything raises errors; documents are checked against labels: docs/architecture.md."""


def rooms() -> set[str]:
    return {
        path.stem
        for path in SOURCE.iterdir()
        if (path.suffix == ".py" and path.stem != "__init__") or (path / "__init__.py").exists()
    }


def imports_of(path: Path) -> set[str]:
    """Rooms of harnn that a file imports, anywhere in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module]
            if node.module == "harnn":
                names = [f"harnn.{alias.name}" for alias in node.names]
        found |= {name.split(".")[1] for name in names if name.startswith("harnn.")}
    return found


def test_every_room_has_a_floor() -> None:
    assert rooms() <= set(FLOOR_OF)


@pytest.mark.parametrize("room", sorted(rooms()))
def test_a_room_imports_only_from_floors_below(room: str) -> None:
    home = SOURCE / room
    files = [home.with_suffix(".py")] if not home.is_dir() else sorted(home.rglob("*.py"))
    for path in files:
        for other in imports_of(path) - {room, "__version__"}:
            below = FLOOR_OF[other] < FLOOR_OF[room]
            assert below or (room, other) in SIDEWAYS, f"{path.name} imports harnn.{other}"


def test_the_floors_check_sees_a_wrong_import(tmp_path: Path) -> None:
    file = tmp_path / "wrong.py"
    file.write_text("def f():\n    from harnn.cli import main\n    import harnn.bundle.card\n")
    assert imports_of(file) == {"cli", "bundle"}


def test_no_file_is_longer_than_500_lines() -> None:
    long = [p.name for p in SOURCE.rglob("*.py") if len(p.read_text().splitlines()) > 500]
    assert long == []


def test_exported_names() -> None:
    assert sorted(harnn.__all__) == harnn.__all__
    for name in harnn.__all__:
        assert getattr(harnn, name) is not None
    with pytest.raises(AttributeError, match="has no attribute 'nonsense'"):
        _ = harnn.nonsense


@pytest.mark.parametrize(
    "statement",
    [
        "import harnn",
        "import harnn.taxonomy, harnn.data, harnn.text, harnn.sample",
        "import harnn.cli.app",
    ],
)
def test_light_imports_leave_torch_out(statement: str) -> None:
    heavy = "{'torch', 'gensim', 'pyarrow', 'sklearn', 'lightning_fabric'}"
    code = f"import sys; {statement}; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_help_runs_without_torch() -> None:
    code = (
        "import sys; from harnn.cli import run; code = run(['--help']); "
        "print('torch' in sys.modules, code)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "predict" in done.stdout
    assert done.stdout.strip().endswith("False 0")
