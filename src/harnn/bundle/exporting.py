"""A model directory that predicts without PyTorch."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

from safetensors.numpy import save_file

from harnn.bundle.light_parts import onnx_file
from harnn.bundle.parts import SENTENCE, pack_linear, pack_module
from harnn.bundle.storage import ONNX, load_bundle, marker_of
from harnn.data import atomic_directory
from harnn.errors import BundleError, Problem

_COPIED = (
    "decode.json",
    "history.jsonl",
    "linear.json",
    "metrics.json",
    "README.md",
    "taxonomy.json",
    "tokenizer.json",
)


def export_onnx(
    directory: str | Path,
    output: str | Path,
    *,
    int8: bool = False,
    segment: Callable[[str], Sequence[str]] | None = None,
) -> Path:
    """Write the model of *directory* to *output* with its networks as ONNX graphs.

    What comes out is a model directory like any other, but needs NumPy and ONNX Runtime only. With
    *int8* the weights of the networks take 8 bits.

    Raises:
        BundleError: the model cannot be read, is exported already, or is to be replaced itself.
        InputError: *output* holds something else than a model, which stays as it is.
        MissingExtraError: the extra ``onnx`` is not installed.
    """
    from harnn.onnx.graph import network_graph, quantize
    from harnn.training import Ensemble

    directory, output = Path(directory), Path(output)
    if output.resolve() == directory.resolve():
        what = "is the model itself; write the exported one to another directory."
        raise BundleError(Problem(str(output), what))
    model = load_bundle(directory, segment=segment).model
    if not isinstance(model, Ensemble):
        what = "needs no PyTorch as it is: it was exported before, or has no network."
        raise BundleError(Problem(str(directory), what))
    graphs = [network_graph(network) for network in model.networks]
    if int8:
        graphs = [quantize(graph) for graph in graphs]
    arrays = pack_linear(model.linear) if model.linear is not None else {}
    if model.sentence is not None:
        arrays |= pack_module(SENTENCE, model.sentence)
    settings = json.loads((directory / "config.json").read_text(encoding="utf-8"))
    settings |= {"runtime": ONNX, "weights": "int8" if int8 else "float32"}
    output.parent.mkdir(parents=True, exist_ok=True)
    with atomic_directory(output, marker=marker_of(output)) as temporary:
        for name in _COPIED:
            if (directory / name).exists():
                shutil.copyfile(directory / name, temporary / name)
        save_file(arrays, temporary / "model.safetensors")
        for number, graph in enumerate(graphs, start=1):
            onnx_file(temporary, number).write_bytes(graph)
        text = json.dumps(settings, ensure_ascii=False, indent=1) + "\n"
        (temporary / "config.json").write_text(text, encoding="utf-8")
    return output
