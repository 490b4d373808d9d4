"""What every flavour is made of: a model without PyTorch, and the code that reads it."""

from __future__ import annotations

import shutil
from pathlib import Path

import harnn
from harnn.bundle import export_onnx, layout
from harnn.bundle.load import check_files, is_light, read_settings

PACKAGE = Path(harnn.__file__).parent
"""The code of harnn."""


def needs_export(directory: str | Path) -> bool:
    """Whether a model is computed with PyTorch as it is.

    Raises:
        BundleError: there is no model, or it is damaged.
    """
    check_files(Path(directory))
    return not is_light(read_settings(Path(directory))[1])


def write_light(directory: str | Path, output: Path, *, int8: bool = False) -> None:
    """Write a model to *output*, a new directory, so that it answers without PyTorch.

    int8: see :func:`harnn.export_onnx`; a model that needs no export is copied as it is.

    Raises:
        BundleError, ConfigError, InputError, MissingExtraError: see :func:`harnn.export_onnx`.
    """
    if needs_export(directory):
        export_onnx(directory, output, int8=int8)
        return
    written = read_settings(Path(directory))[0]  # None in older models
    names = {*(written or ()), layout.CHECKSUMS, layout.CARD}
    output.mkdir()
    for path in Path(directory).iterdir():
        if path.is_file() and (written is None or path.name in names):
            shutil.copyfile(path, output / path.name)


def copy_code(output: Path) -> None:
    """Copy the package harnn into the directory *output*.

    Raises:
        OSError: it cannot be written.
    """
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(PACKAGE, output / PACKAGE.name, ignore=ignored)
