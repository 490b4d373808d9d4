"""Networks for prediction without PyTorch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harnn.blend import Blend
from harnn.bundle.parts import SENTENCE, Arrays, under
from harnn.errors import BundleError, Problem
from harnn.linear import LinearBranch
from harnn.onnx import OnnxEnsemble, OnnxNetwork, PlainSentence
from harnn.taxonomy import Taxonomy


def onnx_file(directory: Path, number: int) -> Path:
    """Return the file of the network that is *number*, counted from 1."""
    return directory / f"network-{number}.onnx"


def read_branches(
    directory: Path,
    settings: dict[str, Any],
    arrays: Arrays,
    *,
    taxonomy: Taxonomy,
    linear: LinearBranch | None,
    blend: Blend | None,
) -> OnnxEnsemble:
    """Put a model together from its directory and the parts that are read already.

    Raises:
        BundleError, MissingExtraError: see below.
        ValueError: the branches do not belong together.
    """
    path = str(directory / "model.safetensors")
    return OnnxEnsemble(
        linear=linear,
        networks=_read_networks(directory, settings["networks"], taxonomy),
        sentence=_read_sentence(under(SENTENCE, arrays), labels=len(taxonomy), where=path),
        blend=blend,
    )


def _read_networks(directory: Path, shapes: Any, taxonomy: Taxonomy) -> tuple[OnnxNetwork, ...]:
    """Read the exported networks of a model.

    Raises:
        BundleError: files are missing or damaged, or the number of labels is another.
        MissingExtraError: ONNX Runtime is not installed.
    """
    config = str(directory / "config.json")
    if not isinstance(shapes, list):
        raise BundleError(Problem(config, f"networks: got {shapes!r}, expected a list of shapes."))
    networks = []
    for number, shape in enumerate(shapes, start=1):
        path = onnx_file(directory, number)
        try:
            sizes, constrained = tuple(shape["level_sizes"]), bool(shape.get("max_constraint"))
            if (labels := sum(sizes)) != len(taxonomy):
                what = f"the network has {labels:,} labels, the taxonomy {len(taxonomy):,}."
                raise BundleError(Problem(config, what))
            edges = taxonomy.edges if constrained else None
            networks.append(OnnxNetwork(path.read_bytes(), level_sizes=sizes, edges=edges))
        except OSError as error:
            raise BundleError(Problem(str(path), f"cannot be read: {error}.")) from None
        except (TypeError, KeyError) as error:
            what = f"the network's shape is damaged: {error}."
            raise BundleError(Problem(config, what)) from None
        except ValueError as error:
            raise BundleError(Problem(str(path), f"is damaged: {error}.")) from None
    return tuple(networks)


def _read_sentence(
    arrays: dict[str, NDArray[Any]], *, labels: int, where: str
) -> PlainSentence | None:
    """Make the network on whole texts from its arrays; None where there are none.

    Raises:
        BundleError: arrays are missing or do not fit together, or the number of labels is another.
    """
    if not arrays:
        return None
    try:
        network = PlainSentence(
            **{
                f"{layer}_{part}": np.asarray(arrays[f"{layer}.{part}"], dtype=np.float32)
                for layer in ("hidden", "predict")
                for part in ("weight", "bias")
            }
        )
    except (KeyError, ValueError) as error:
        raise BundleError(Problem(where, f"the sentence branch is damaged: {error}.")) from None
    if network.labels != labels:
        what = f"the sentence branch has {network.labels:,} labels, the taxonomy {labels:,}."
        raise BundleError(Problem(where, what))
    return network
