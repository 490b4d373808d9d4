"""Where the networks of a model are stored; no torch."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from harnn.branches.branch import Branch, StoredModel
from harnn.errors import BundleError, Problem
from harnn.taxonomy import Taxonomy

SETTING = "networks"
"""Their shapes, a list."""


def arrays_place(number: int) -> str:
    """Return the name of the arrays of the network that is *number*, counted from 1."""
    return f"network.{number}"


def graph_file(number: int) -> str:
    """Return the file of the exported network that is *number*, counted from 1."""
    return f"network-{number}.onnx"


def read_network(stored: StoredModel, taxonomy: Taxonomy) -> Branch | None:
    """Read the networks of a model with what is to compute them; None where there are none.

    Raises:
        BundleError, MissingExtraError: see :class:`harnn.branches.Branch`.
    """
    if stored.settings[SETTING] == []:
        return None
    if stored.light:
        from harnn.branches.network.exported import ExportedNetworkBranch

        return ExportedNetworkBranch.from_parts(stored, taxonomy)
    from harnn.branches.network.branch import NetworkBranch

    return NetworkBranch.from_parts(stored, taxonomy)


def read_shapes(stored: StoredModel) -> Iterator[tuple[int, Any]]:
    """Yield number, from 1, and plain shape of each network.

    Raises:
        BundleError: there is no list of them.
    """
    shapes = stored.settings[SETTING]
    if not isinstance(shapes, list):
        what = f"{SETTING}: got {shapes!r}, expected a list of shapes."
        raise BundleError(Problem(stored.settings_path, what))
    yield from enumerate(shapes, start=1)


def damaged_shape(stored: StoredModel, error: Exception) -> BundleError:
    """Return what to raise for a shape that is not one."""
    what = f"the network's shape is damaged: {error}."
    return BundleError(Problem(stored.settings_path, what))


def graph_path(stored: StoredModel, number: int) -> Path:
    """Return the path of an exported network."""
    return stored.directory / graph_file(number)
