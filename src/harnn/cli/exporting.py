"""``harnn export``: a model in the form of another program."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from harnn._files import atomic_directory
from harnn._optional import check_installed
from harnn.bundle import export_onnx
from harnn.cli.files import check_directory
from harnn.cli.screen import Console

Form = Literal["onnx", "mlflow", "huggingface"]
_MLFLOW_MARKER = "MLmodel"
_READ_BY: dict[Form, str] = {
    "onnx": "harnn predict and harnn evaluate read it without PyTorch.",
    "mlflow": "mlflow.pyfunc.load_model and mlflow models serve read it, without PyTorch.",
    "huggingface": "It is a repository for an Inference Endpoint, and a model that harnn predict "
    "reads without PyTorch.",
}


def export(model: Path, output: Path, *, form: Form, int8: bool, overwrite: bool) -> None:
    """Write the model for prediction without PyTorch.

    Raises:
        ConfigError, InputError: *output* is taken, or cannot be written.
        BundleError, MissingExtraError: see :func:`harnn.export_onnx`; or MLflow is not installed.
    """
    marker = _MLFLOW_MARKER if form == "mlflow" else None
    check_directory(output, overwrite=overwrite, option="--output", marker=marker)
    write: dict[Form, Callable[..., object]] = {
        "onnx": export_onnx,
        "mlflow": _to_mlflow,
        "huggingface": _to_hugging_face,
    }
    write[form](model, output, int8=int8)
    before, after = map(_megabytes, (model, output))
    Console().print_line(
        f"The exported model is in {output}/: {after:,.1f} MB ({model}/ has {before:,.1f} MB). "
        f"{_READ_BY[form]}"
    )


def _to_mlflow(model: Path, output: Path, *, int8: bool) -> None:
    # A command that writes files here sends nothing anywhere, and has no bar for copying them.
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    for module in ("mlflow", "pandas"):
        check_installed(module, purpose="--format mlflow", extra="mlflow")
    from harnn.flavours.mlflow import save_model
    from harnn.flavours.parts import read_alone, write_light

    read_alone(model)
    output.parent.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as place,
        atomic_directory(output, marker=_MLFLOW_MARKER) as temporary,
    ):
        light = Path(place) / "model"
        write_light(model, light, int8=int8)
        save_model(light, temporary)


def _to_hugging_face(model: Path, output: Path, *, int8: bool) -> None:
    from harnn.flavours.huggingface import save_model

    save_model(model, output, int8=int8)


def _megabytes(home: Path) -> float:
    return sum(path.stat().st_size for path in home.rglob("*") if path.is_file()) / 1e6
