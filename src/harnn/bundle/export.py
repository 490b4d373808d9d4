"""A model directory that predicts without PyTorch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from harnn._files import read_model_json
from harnn.branches import Parts
from harnn.bundle import layout
from harnn.bundle.bundle import parts_of
from harnn.bundle.load import is_light, load_bundle
from harnn.bundle.save import merge_parts, write_directory
from harnn.errors import BundleError, Problem

_COPIED = (
    layout.DECODE,
    layout.HISTORY,
    layout.METRICS,
    layout.CARD,
    layout.LABELS,
    layout.REFERENCE,
    layout.TAXONOMY,
    layout.TOKENIZER,
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
        ConfigError: it has a branch that cannot be exported.
        MissingExtraError: the extra ``onnx`` is not installed.
    """
    directory, output = Path(directory), Path(output)
    if output.resolve() == directory.resolve():
        what = "is the model itself; write the exported one to another directory."
        raise BundleError(Problem(str(output), what))
    ensemble = load_bundle(directory, segment=segment).ensemble
    settings = read_model_json(directory / layout.CONFIG)
    if is_light(settings):
        what = "needs no PyTorch as it is: it was exported before, or has no network."
        raise BundleError(Problem(str(directory), what))
    # The youngest kind first: it may refuse, and graphs of networks take their time.
    parts = merge_parts([x.to_parts(light=True, int8=int8) for x in reversed(parts_of(ensemble))])
    settings |= {"runtime": layout.ONNX, "weights": "int8" if int8 else "float32"}
    settings["checksums"] = True
    copied = {
        name: (directory / name).read_bytes() for name in _COPIED if (directory / name).exists()
    }
    files = copied | parts.files | {layout.CONFIG: layout.to_bytes(layout.to_json(settings))}
    write_directory(output, Parts(arrays=parts.arrays, files=files))
    return output
