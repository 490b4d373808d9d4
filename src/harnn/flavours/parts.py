"""What every flavour is made of: a model without PyTorch, and the code that reads it."""

from __future__ import annotations

import shutil
from pathlib import Path

import harnn
from harnn.branches.document_vectors.bringing import reads_document_vectors
from harnn.bundle import Bundle, export_onnx, layout, load_bundle
from harnn.bundle.load import check_files, is_light, read_settings
from harnn.errors import ConfigError, Problem

PACKAGE = Path(harnn.__file__).parent
"""The code of harnn."""


def read_alone(directory: str | Path) -> Bundle:
    """Read a model that answers from texts alone.

    Raises:
        BundleError: see :func:`harnn.load_bundle`.
        ConfigError: it reads vectors of documents, which nobody sends.
    """
    bundle = load_bundle(directory)
    if reads_document_vectors(bundle.ensemble):
        what = "reads vectors of documents beside their texts, which no request brings along."
        raise ConfigError(Problem(str(directory), what, "Train one without document_vectors."))
    return bundle


def write_light(directory: str | Path, output: Path, *, int8: bool = False) -> None:
    """Write a model to *output*, a new directory, so that it answers without PyTorch.

    int8: see :func:`harnn.export_onnx`. A model that needs no export is copied as it is.

    Raises:
        BundleError, InputError, MissingExtraError: see :func:`harnn.export_onnx`.
        ConfigError: as there; or *int8* is asked of a model that is not to be exported.
    """
    check_files(Path(directory))
    if not is_light(read_settings(Path(directory))[1]):
        export_onnx(directory, output, int8=int8)
        return
    if int8:
        what = "was exported before, or has no network: its weights stay as they are."
        raise ConfigError(Problem(str(directory), what, "Leave int8 out."))
    copy_model(directory, output)


def copy_model(directory: str | Path, output: Path) -> None:
    """Copy the files of a model to *output*, a new directory, and nothing else that lies there.

    Raises:
        BundleError: there is no model, or it is damaged.
    """
    written = read_settings(Path(directory))[0]  # None in older models
    names = {*(written or ()), layout.CHECKSUMS, layout.CARD, layout.PROVENANCE}
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
