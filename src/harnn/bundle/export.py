"""A model directory that predicts without PyTorch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from harnn._files import read_model_json
from harnn.branches import Parts
from harnn.bundle import layout
from harnn.bundle.bundle import parts_of
from harnn.bundle.card import with_origin
from harnn.bundle.fingerprint import fingerprint
from harnn.bundle.load import is_light, load_bundle
from harnn.bundle.provenance import ProvenanceStep
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
    bundle = load_bundle(directory, segment=segment)
    settings = read_model_json(directory / layout.CONFIG)
    if is_light(settings):
        what = "needs no PyTorch as it is: it was exported before, or has no network."
        raise BundleError(Problem(str(directory), what))
    # The youngest kind first: it may refuse, and graphs of networks take their time.
    parts = merge_parts(
        [x.to_parts(light=True, int8=int8) for x in reversed(parts_of(bundle.ensemble))]
    )
    settings |= {"runtime": layout.ONNX, "weights": "int8" if int8 else "float32"}
    settings["checksums"] = True
    provenance = bundle.provenance
    if provenance is not None:
        step = ProvenanceStep.now("export", parent=fingerprint(directory))
        provenance = provenance.then(step)
    copied = {
        name: (directory / name).read_bytes() for name in _COPIED if (directory / name).exists()
    }
    texts = {layout.CONFIG: layout.to_json(settings)}
    if provenance is not None:
        texts[layout.PROVENANCE] = provenance.to_json()
        card = copied.get(layout.CARD, b"").decode("utf-8", "replace")
        texts[layout.CARD] = with_origin(card, provenance)
    files = copied | parts.files | {name: layout.to_bytes(text) for name, text in texts.items()}
    write_directory(output, Parts(arrays=parts.arrays, files=files))
    return output
