"""Names of a package that are imported when they are first used.

So a program loads what it needs: an answer needs neither a split nor a bootstrap.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


def on_demand(
    package: str, homes: Mapping[str, str], *, check: Callable[[], None] = lambda: None
) -> None:
    """Give a package, which calls this itself, a ``__getattr__`` and a ``__dir__``.

    They are set and not assigned in the package: where type checkers see a ``__getattr__``, any
    name is one of the package, and a wrong one is found when a program runs.

    homes: by module of the package the names that it gives, with blanks between them. None of
    them may be called like a module of the package, because Python puts that into its place.
    check: is called before one of them is imported, to say what is not installed.
    """
    home_of = {name: module for module, names in homes.items() for name in names.split()}

    def get(name: str) -> Any:
        if name not in home_of:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        check()
        return getattr(import_module(f"{package}.{home_of[name]}"), name)

    module = sys.modules[package]
    vars(module).update(__getattr__=get, __dir__=lambda: sorted(module.__all__))
