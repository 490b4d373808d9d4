"""The house: floors, exported names, lazy imports."""

from __future__ import annotations

import ast
import importlib
import inspect
import subprocess
import sys
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

import harnn

SOURCE = Path(harnn.__file__).parent
FLOORS = {
    0: {
        "errors",
        "_arrays",
        "_calls",
        "_cells",
        "_checkout",
        "_cores",
        "_delimited",
        "_encodings",
        "_display",
        "_files",
        "_frames",
        "_lazy",
        "_memory",
        "_notebook",
        "_optional",
        "_places",
        "_quiet",
        "_scratch",
        "_ray",
        "_spreadsheet_rows",
        "_spreadsheets",
        "_tables",
        "_data_settings",
        "_text_settings",
        "_transformer_settings",
        "_continuing_settings",
        "config",
    },
    1: {"_settings_toml", "counting", "languages", "pages"},
    2: {"taxonomy"},
    3: {"text", "data", "decode", "metrics", "network", "sample"},
    4: {"corpus", "converters", "answers", "evaluation"},
    5: {"acceptance", "branches", "explain", "watching"},
    6: {"bundle"},
    7: {"training", "prediction"},
    8: {"estimator", "flavours", "migration", "report", "review", "scoring", "search", "tracking"},
    9: {"hub", "serve"},
    10: {"cli"},
    11: {"__main__"},
}
"""As docs/architecture.md draws them."""
FLOOR_OF = {room: floor for floor, rooms in FLOORS.items() for room in rooms}
SIDEWAYS = {
    ("_optional", "errors"),
    ("_files", "errors"),
    ("_files", "_places"),
    ("_tables", "errors"),
    ("_scratch", "errors"),
}
_SETTINGS = (
    "_continuing_settings",
    "_data_settings",
    "_text_settings",
    "_transformer_settings",
)
SIDEWAYS |= {("config", other) for other in ("errors", "_tables", *_SETTINGS)}
SIDEWAYS |= {(own, other) for own in _SETTINGS for other in ("errors", "_tables")}
SIDEWAYS |= {("_delimited", "_encodings")}
SIDEWAYS |= {("_ray", other) for other in ("errors", "_cores", "_display", "_optional")}
SIDEWAYS |= {("_frames", "errors"), ("_frames", "_cells"), ("_spreadsheet_rows", "_cells")}
SIDEWAYS |= {("_spreadsheets", other) for other in ("errors", "_display", "_optional")}
SIDEWAYS |= {("config", "errors"), ("config", "_tables"), ("_places", "errors")}
"""Everything raises errors."""
TORCH = {"network", "training"}
"""Rooms whose every file may import torch; of other rooms, these files alone:"""
TORCH_FILES = {
    "branches/bert_graph.py",
    "branches/onnx_graph.py",
    "branches/torch_parts.py",
    "branches/network/batch.py",
    "branches/network/branch.py",
    "branches/network/graph.py",
    "branches/network/scoring.py",
    "branches/text_vectors/bert_encoder.py",
    "branches/text_vectors/branch.py",
    "branches/text_vectors/network.py",
    "branches/text_vectors/use_bfloat16.py",
    "branches/transformer/branch.py",
    "branches/transformer/hugging_face.py",
}


def rooms() -> set[str]:
    return {
        path.stem
        for path in SOURCE.iterdir()
        if (path.suffix == ".py" and path.stem != "__init__") or (path / "__init__.py").exists()
    }


@cache
def imported_by(path: Path) -> set[str]:
    """Modules that a file imports, anywhere in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module == "harnn":
            found |= {f"harnn.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


def rooms_imported_by(path: Path) -> set[str]:
    """Rooms of harnn that a file imports, also for types alone."""
    return {name.split(".")[1] for name in imported_by(path) if name.startswith("harnn.")}


def files_of(room: str) -> list[Path]:
    home = SOURCE / room
    return [home.with_suffix(".py")] if not home.is_dir() else sorted(home.rglob("*.py"))


def test_files_of_tests_have_names_of_their_own() -> None:
    """pytest cannot run two of one name together."""
    names = Counter(path.name for path in Path(__file__).parent.rglob("test_*.py"))
    assert [name for name, times in names.items() if times > 1] == []


def test_every_room_has_a_floor() -> None:
    assert rooms() == set(FLOOR_OF)


@pytest.mark.parametrize("room", sorted(rooms()))
def test_a_room_imports_only_from_floors_below(room: str) -> None:
    for path in files_of(room):
        for other in rooms_imported_by(path) - {room, "__version__"}:
            below = FLOOR_OF[other] < FLOOR_OF[room]
            assert below or (room, other) in SIDEWAYS, f"{path.name} imports harnn.{other}"


def test_the_floors_check_sees_a_wrong_import(tmp_path: Path) -> None:
    file = tmp_path / "wrong.py"
    file.write_text("def f():\n    from harnn.cli import main\n    import harnn.bundle.card\n")
    assert rooms_imported_by(file) == {"cli", "bundle"}


@pytest.mark.parametrize(
    "room", ["bundle", "answers", "explain", "evaluation", "prediction", "report"]
)
def test_nothing_between_a_text_and_its_answer_imports_training(room: str) -> None:
    assert not [path for path in files_of(room) if "training" in rooms_imported_by(path)]


def test_torch_is_imported_where_it_is_drawn() -> None:
    found = set()
    for path in SOURCE.rglob("*.py"):
        if {name.split(".")[0] for name in imported_by(path)} & {"torch", "lightning_fabric"}:
            found.add(path.relative_to(SOURCE).as_posix())
    assert {file for file in found if file.split("/")[0] not in TORCH} == TORCH_FILES


def test_rooms_that_know_all_branches() -> None:
    """Where the names of two kinds of branches stand: list, settings, trainers.

    The branch on vectors that are brought reads them as the view of that on whole texts.
    """
    names = ("linear", "network", "text_vectors", "transformer", "document_vectors")
    found = set()
    for path in SOURCE.rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        words = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)}
        if sum(name in words for name in names) > 1:
            found.add(path.relative_to(SOURCE).as_posix())
    assert found == {
        "branches/document_vectors/branch.py",
        "branches/kinds.py",
        "config.py",
        "training/fitting.py",
        "training/plan.py",
        "training/train_document_vectors.py",
    }


def test_no_file_is_longer_than_500_lines() -> None:
    long = [p.name for p in SOURCE.rglob("*.py") if len(p.read_text().splitlines()) > 500]
    assert long == []


def test_exported_names() -> None:
    assert sorted(harnn.__all__) == harnn.__all__
    for name in harnn.__all__:
        assert getattr(harnn, name) is not None
    with pytest.raises(AttributeError, match="has no attribute 'nonsense'"):
        _ = harnn.nonsense  # type: ignore[attr-defined]  # needed: type checkers see it, too


LIGHT = (
    "import harnn",
    "import harnn.taxonomy, harnn.data, harnn.text, harnn.sample",
    "import harnn.cli.app",
    "import harnn.branches, harnn.bundle, harnn.prediction",
    "import harnn.pages, harnn.evaluation, harnn.report",
    "from harnn import validate",
)
"""One after the other in a process that has nothing else."""


def test_light_imports_leave_torch_out() -> None:
    heavy = "{'torch', 'gensim', 'pyarrow', 'sklearn', 'lightning_fabric', 'jinja2', "
    heavy += "'matplotlib', 'pandas', 'tokenizers', 'transformers'}"
    lines = [f"{each}; print(sorted({heavy} & set(sys.modules)))" for each in LIGHT]
    code = "\n".join(["import sys", *lines])
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    found = dict(zip(LIGHT, done.stdout.splitlines(), strict=True))
    assert found == dict.fromkeys(LIGHT, "[]")


def test_help_runs_without_torch() -> None:
    code = (
        "import sys; from harnn.cli import run; code = run(['--help']); "
        "print('torch' in sys.modules, 'scipy' in sys.modules, code)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "predict" in done.stdout
    assert done.stdout.strip().endswith("False False 0")


def test_a_command_that_answers_loads_nothing_that_it_does_not_need() -> None:
    model = Path(__file__).parent / "golden" / "format-3" / "fast"
    unneeded = (
        "torch", "numba", "pandas", "pyarrow", "narwhals", "sklearn", "scipy.sparse.csgraph",
        "scipy.sparse.linalg", "scipy.linalg", "scipy.special", "harnn.cli.commands",
        "harnn.cli.render", "harnn.data.split", "harnn.data.survey", "harnn.evaluation.report",
        "harnn.explain.page", "harnn.metrics.bootstrap", "harnn.prediction.comparison",
        "harnn.taxonomy.reading", "harnn.taxonomy.writing", "harnn.training",
    )  # fmt: skip
    code = (
        f"import sys; from harnn.cli import run; "
        f"code = run(['predict', {str(model)!r}, '--text', 'bees']); "
        f"print([name for name in {unneeded!r} if name in sys.modules], code)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert '"labels"' in done.stdout
    assert done.stdout.splitlines()[-1] == "[] 0"


def test_names_imported_on_demand_are_no_modules() -> None:
    """A module of the package that is imported takes the place of a name that is called like it."""
    lazy = [p.parent for p in SOURCE.rglob("__init__.py") if "on_demand(" in p.read_text()]
    assert len(lazy) > 5
    for home in lazy:
        package = ".".join(home.relative_to(SOURCE.parent).parts)
        room = importlib.import_module(package)
        found = {name: getattr(room, name) for name in room.__all__}
        assert not [name for name, value in found.items() if inspect.ismodule(value)], package
        assert sorted(room.__all__) == dir(room)
        with pytest.raises(AttributeError, match=f"module '{package}' has no attribute 'nonsense'"):
            _ = room.nonsense


def test_answering_never_loads_training() -> None:
    model = Path(__file__).parent / "golden" / "format-3" / "blend"
    code = (
        f"import sys, harnn; harnn.Predictor.load({str(model)!r}).explain('bees'); "
        "print(sorted(name for name in sys.modules if name.startswith('harnn.training')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
