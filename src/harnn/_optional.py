"""Import optional dependencies, or say in one sentence how to install them."""

from __future__ import annotations

import importlib
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
        raise MissingExtraError(
            f"{purpose} needs the package {package or error.name!r}, which is not installed: "
            f"pip install {package or repr(f'harnn[{extra}]')}"
        ) from None
