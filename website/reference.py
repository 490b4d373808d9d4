"""The reference of all public names, made from ``__all__`` of the package and its rooms.

The code is read, not run: no room is imported, and none of the libraries that it needs.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Self

import griffe

from website.marks import code, prose, table

PACKAGE = "harnn"
MODULES = ("config", "errors")
"""Public modules that are no packages: their classes are public."""
_SOURCE = Path(__file__).parents[1] / "src"


@dataclass(frozen=True)
class Reference:
    """The package as griffe reads it, and its public names."""

    package: griffe.Module
    exported: tuple[str, ...]
    """The names of ``harnn`` itself that are functions or classes."""
    rooms: dict[str, tuple[str, ...]]
    """The public names of every room, in the order of the alphabet."""

    @classmethod
    def read(cls, source: Path = _SOURCE) -> Self:
        """Read the package below a directory."""
        package = griffe.load(PACKAGE, search_paths=[source], resolve_aliases=True)
        assert isinstance(package, griffe.Module)
        return cls.of(package)

    @classmethod
    def of(cls, package: griffe.Module) -> Self:
        """Return the public names of a package that has been read."""
        exported = tuple(name for name in _exports(package) if not name.startswith("__"))
        rooms = {name: _names_in(each) for name, each in sorted(package.modules.items())}
        return cls(package, exported, {room: names for room, names in rooms.items() if names})

    def places(self) -> dict[str, str]:
        """Return where each public name stands: ``harnn.fit`` at ``harnn.training.fit``."""
        found = {
            f"{PACKAGE}.{room}.{name}": f"{PACKAGE}.{room}.{name}"
            for room, names in self.rooms.items()
            for name in names
        }
        for name in self.exported:
            found[f"{PACKAGE}.{name}"] = f"{PACKAGE}.{self.home_of(name)}.{name}"
        return found

    def home_of(self, name: str) -> str:
        """Return the room whose page has a name of ``harnn``."""
        wanted = self.package[name].canonical_path
        return next(
            room
            for room, names in self.rooms.items()
            if name in names and self.package[room][name].canonical_path == wanted
        )

    def overview(self) -> str:
        """Return the names of ``harnn`` and all rooms, each with its first sentence and a link."""
        names = [
            (self._link(self.home_of(name), name), _first(self.package[name]))
            for name in self.exported
        ]
        rooms = [
            (f"[{code(f'{PACKAGE}.{room}')}](reference/{room}.md)", _first(self.package[room]))
            for room in self.rooms
        ]
        lines = ["## Names of harnn", "", *table(("name", "what it is"), names)]
        return "\n".join([*lines, "## All rooms", "", *table(("room", "what it is for"), rooms)])

    def room_page(self, room: str) -> str:
        """Return the page of a room: what it is for, and a place for each of its names."""
        lines = [f"# {PACKAGE}.{room}", ""]
        for part in _text(self.package[room]).split("\n\n"):
            lines += [prose(part), ""]
        for name in self.rooms[room]:
            lines += [f"::: {PACKAGE}.{room}.{name}", ""]
        return "\n".join(lines)

    @staticmethod
    def _link(room: str, name: str) -> str:
        return f"[{code(name)}](reference/{room}.md#{PACKAGE}.{room}.{name})"


def _names_in(module: griffe.Module) -> tuple[str, ...]:
    if module.name not in MODULES:
        return _exports(module) if module.is_package or module.is_subpackage else ()
    found = [name for name, each in module.members.items() if _is_public_class(name, each)]
    return tuple(sorted(found))


def _is_public_class(name: str, each: griffe.Object | griffe.Alias) -> bool:
    if name.startswith("_") or isinstance(each, griffe.Attribute | griffe.Function):
        return False
    if isinstance(each, griffe.Alias) and not each.target_path.startswith(f"{PACKAGE}._"):
        return False
    return each.is_class


def _exports(module: griffe.Module) -> tuple[str, ...]:
    return tuple(sorted(str(name) for name in module.exports or ()))


def _text(what: griffe.Object | griffe.Alias) -> str:
    return what.docstring.value if what.docstring is not None else ""


def _first(what: griffe.Object | griffe.Alias) -> str:
    """Return the first paragraph of a docstring."""
    return prose(_text(what).partition("\n\n")[0])
