"""Names: the list in docs/notation.md holds for the code, and what is public can be read."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

import harnn

SOURCE = Path(harnn.__file__).parent
NOTATION = Path(__file__).parents[1] / "docs" / "notation.md"
HIERARCHY_IS_MADE = {"taxonomy/graph.py", "taxonomy/hierarchy.py", "taxonomy/own_json.py"}
HIERARCHY_IS_MADE |= {"taxonomy/taxonomy.py"}


class Parameter(NamedTuple):
    file: str
    function: str
    name: str
    annotation: str


def unused_names(kind: str) -> set[str]:
    table = NOTATION.read_text(encoding="utf-8").partition("## Names that are not used")[2]
    rows = re.findall(r"^\| `(\w+)` \| (\w+)", table, flags=re.MULTILINE)
    return {name for name, found in rows if found == kind}


def trees() -> Iterator[tuple[str, ast.Module]]:
    for path in sorted(SOURCE.rglob("*.py")):
        yield path.relative_to(SOURCE).as_posix(), ast.parse(path.read_text(encoding="utf-8"))


def parameters() -> Iterator[Parameter]:
    for file, tree in trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef):
                arguments = node.args
                for each in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs):
                    kind = ast.unparse(each.annotation) if each.annotation else ""
                    yield Parameter(file, node.name, each.arg, kind)


def test_the_table_is_read() -> None:
    assert {"values", "edges", "labels"} == unused_names("parameter")
    assert "Tokenizer" not in unused_names("class")
    assert "Encoder" in unused_names("class")


def test_parameters_have_the_names_of_the_field() -> None:
    found = []
    for each in parameters():
        scores = each.name == "values" and each.annotation.startswith("NDArray[np.float32]")
        edges = each.name == "edges" and each.file not in HIERARCHY_IS_MADE
        count = each.name == "labels" and "int" in each.annotation.split(" | ")
        if scores or edges or count:
            found.append(each)
    assert found == []


def test_classes_and_modules_have_the_names_of_the_field() -> None:
    classes, modules = unused_names("class"), unused_names("module")
    found = []
    for file, tree in trees():
        found += [part for part in Path(file).with_suffix("").parts if part in modules]
        found += [n.name for n in ast.walk(tree) if isinstance(n, ast.ClassDef)]
    assert not set(found) & (classes | modules)


@pytest.mark.parametrize("name", [name for name in harnn.__all__ if name != "__version__"])
def test_what_is_exported_says_what_it_is(name: str) -> None:
    exported = getattr(harnn, name)
    text = exported.__doc__ or ""
    assert text.strip()
    assert not text.startswith(f"{name}("), "a dataclass without a docstring"


def test_sub_packages_export_what_exists() -> None:
    import importlib

    for home in sorted(SOURCE.iterdir()):
        if not (home / "__init__.py").exists():
            continue
        package = importlib.import_module(f"harnn.{home.name}")
        names = getattr(package, "__all__", [])
        missing = [name for name in names if getattr(package, name, None) is None]
        assert missing == []
        assert len(names) == len(set(names))
