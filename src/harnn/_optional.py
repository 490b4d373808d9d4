"""Import optional dependencies, or say in one sentence how to install them."""

from __future__ import annotations

import importlib
import importlib.util
from typing import Any

from harnn.errors import MissingExtraError


def require(module: str, *, purpose: str, extra: str = "", package: str = "") -> Any:
    """Import *module*, which the extra *extra*, or else *package*, installs.

    Raises:
        MissingExtraError: the module is not installed; names the pip command.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name is None or not (module == error.name or module.startswith(error.name + ".")):
            raise
        raise _missing(package or error.name, purpose, extra, package) from None


def check_installed(module: str, *, purpose: str, extra: str = "", package: str = "") -> None:
    """Do what :func:`require` does for a module that takes long to import, without importing it.

    Raises:
        MissingExtraError: as there.
    """
    if importlib.util.find_spec(module) is None:
        raise _missing(module, purpose, extra, package)


def _missing(name: str, purpose: str, extra: str, package: str = "") -> MissingExtraError:
    return MissingExtraError(
        f"{purpose} needs the package {name!r}, which is not installed: "
        f"pip install {package or repr(f'harnn[{extra}]')}"
    )
