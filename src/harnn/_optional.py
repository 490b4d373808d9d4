"""Import optional dependencies, or say in one sentence how to install them."""

from __future__ import annotations

import importlib
import importlib.util
from typing import Any

from harnn.errors import MissingExtraError

TORCH = "torch"
"""The extra of networks."""
_OF_TORCH = ("torch", "lightning_fabric", "gensim")
_CPU = f"uv pip install 'harnn[{TORCH}]' --torch-backend cpu"
"""PyTorch without what GPUs need, a fifth of the space."""


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
    if not is_installed(module):
        raise _missing(module, purpose, extra, package)


def check_torch(purpose: str) -> None:
    """Make sure, without importing it, that what networks are computed with is installed.

    Raises:
        MissingExtraError: PyTorch is not.
    """
    check_installed("torch", purpose=purpose, extra=TORCH)


def is_installed(module: str) -> bool:
    """Whether a module, not one within a package, could be imported; it is not."""
    return importlib.util.find_spec(module) is not None


def lacking(module: str) -> str:
    """Say that a command needs a module that is missing where nothing else was said of it."""
    package = module.partition(".")[0]
    if package in _OF_TORCH:
        return str(_missing(package, "This command", TORCH))
    return (
        f"this command needs the module {module!r}, which is not installed: pip install harnn. "
        "What only answers, with models that were exported, needs less: see docs/deploying.md."
    )


def command_for(extra: str) -> str:
    """Return what installs an extra, and for that of networks how to have it small."""
    command = f"pip install {f'harnn[{extra}]'!r}"
    return f"{command} (for a CPU alone: {_CPU})" if extra == TORCH else command


class Later:
    """A module of the extra ``torch`` that is imported when something of it is first used."""

    def __init__(self, module: str, purpose: str) -> None:
        self._module, self._purpose = module, purpose

    def __getattr__(self, name: str) -> Any:
        return getattr(require(self._module, purpose=self._purpose, extra=TORCH), name)


def _missing(name: str, purpose: str, extra: str, package: str = "") -> MissingExtraError:
    command = f"pip install {package}" if package else command_for(extra)
    return MissingExtraError(
        f"{purpose} needs the package {name!r}, which is not installed: {command}"
    )
