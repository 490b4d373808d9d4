"""A model in MLflow's form, which ``mlflow.pyfunc.load_model`` and ``mlflow models serve`` read.

    import harnn.flavours.mlflow

    harnn.flavours.mlflow.save_model("model", "for-mlflow")
    answers = mlflow.pyfunc.load_model("for-mlflow").predict(["A dripping tap."])

Nothing is pickled: by MLflow's "models from code" it runs a file of ours, which stands beside the
model directory, as it is, and the code of harnn.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

from harnn import __version__
from harnn._optional import require
from harnn.bundle import Bundle, fingerprint
from harnn.flavours.needs import requirements_of
from harnn.flavours.parts import PACKAGE, copy_model, read_alone

MODEL, FIELDS = "model", "text_fields"
"""The artifact that is the model directory, and the setting that names the columns of texts."""
COLUMNS = ("id", "labels", "names", "scores", "levels", "paths", "notes", "note_codes")
"""Of an answer, a row a document."""
_PURPOSE = "A model in MLflow's form"
_CODE = PACKAGE / "flavours" / "mlflow_model.py"
_TEXT = "Fit a new washer to the dripping kitchen tap."


def save_model(
    model: str | Path,
    path: str | Path,
    *,
    text_fields: Sequence[str] | None = None,
    pip_requirements: Sequence[str] | None = None,
    metadata: Mapping[str, Any] | None = None,
    **options: Any,
) -> None:
    """Write the model directory *model* to *path*, a new or empty directory, in MLflow's form.

    text_fields: columns that hold the texts; None: as the model was trained, ``data.text_fields``.
    Without any, texts are strings: a list, a series, or a frame with one column ``text``.
    pip_requirements: what its environment installs; None: :func:`requirements_of`. metadata: more
    beside the hashes of model and taxonomy. *options*: others of ``mlflow.pyfunc.save_model``, or
    in place of what it is told here, such as ``signature``.

    Raises:
        BundleError: see :func:`harnn.load_bundle`, :func:`requirements_of`.
        ConfigError: the model reads more than texts.
        MissingExtraError: the extra ``mlflow`` is not installed.
        mlflow.exceptions.MlflowException: *path* is not empty.
    """
    pyfunc = require("mlflow.pyfunc", extra="mlflow", purpose=_PURPOSE)
    with _described(Path(model), text_fields, pip_requirements, metadata) as given:
        pyfunc.save_model(path=str(path), **(given | options))


def log_model(
    model: str | Path,
    name: str = "model",
    *,
    text_fields: Sequence[str] | None = None,
    pip_requirements: Sequence[str] | None = None,
    metadata: Mapping[str, Any] | None = None,
    **options: Any,
) -> Any:
    """Log the model directory *model* with the active run; returns MLflow's ``ModelInfo``.

    name: of the logged model. *options*: others of ``mlflow.pyfunc.log_model``, such as
    ``registered_model_name``; the rest: see :func:`save_model`.

    Raises:
        BundleError, ConfigError, MissingExtraError: see :func:`save_model`.
    """
    pyfunc = require("mlflow.pyfunc", extra="mlflow", purpose=_PURPOSE)
    with _described(Path(model), text_fields, pip_requirements, metadata) as given:
        return pyfunc.log_model(name=name, **(given | options))


@contextmanager
def _described(
    directory: Path,
    text_fields: Sequence[str] | None,
    pip_requirements: Sequence[str] | None,
    metadata: Mapping[str, Any] | None,
) -> Iterator[dict[str, Any]]:
    """Return what MLflow is told of a model.

    It takes the model from a copy: what stands beside it stays, and places are URIs to MLflow, in
    which names may not have all signs.
    """
    pandas = require("pandas", extra="mlflow", purpose=_PURPOSE)
    bundle = read_alone(directory)
    fields = tuple(bundle.config.data.text_fields if text_fields is None else text_fields)
    example = pandas.DataFrame({name: [_TEXT] for name in fields or ("text",)})
    if pip_requirements is None:
        own = (f"{name}=={version(name)}" for name in ("mlflow-skinny", "pandas"))
        pip_requirements = [*requirements_of(directory, bundle), *own]
    given = {
        "python_model": str(_CODE),
        "code_paths": [str(PACKAGE)],
        "model_config": {FIELDS: list(fields)},
        "signature": _signature(bundle, fields),
        "input_example": example,
        "pip_requirements": list(pip_requirements),
        "metadata": _metadata(directory, bundle) | dict(metadata or {}),
    }
    with tempfile.TemporaryDirectory() as place:
        copy = Path(place) / MODEL
        copy_model(directory, copy)
        yield {"artifacts": {MODEL: str(copy)}, **given}


def _metadata(directory: Path, bundle: Bundle) -> dict[str, Any]:
    return {
        "harnn_version": __version__,
        "harnn_model": fingerprint(directory),
        "harnn_taxonomy": bundle.taxonomy.version,
        "harnn_labels": len(bundle.taxonomy),
        "harnn_decoding": bundle.decoder.describe(),
    }


def _signature(bundle: Bundle, fields: Sequence[str]) -> Any:
    """Return what goes in and comes out, by MLflow's types.

    A single column of texts has no name in it: else MLflow would refuse lists and series.
    """
    types = require("mlflow.types.schema", extra="mlflow", purpose=_PURPOSE)
    models = require("mlflow.models", extra="mlflow", purpose=_PURPOSE)
    column, string = types.ColSpec, types.DataType.string
    inputs = [column(string, name) for name in fields]
    inputs += [column(string, bundle.config.data.id_field, required=False)] if fields else []
    strings = types.Array(string)
    others = {
        "id": string,
        "scores": types.Array(types.DataType.double),
        "levels": types.Array(types.DataType.long),
        "paths": types.Array(strings),
    }
    params = {
        "strategy": string,
        "threshold": types.DataType.double,
        "top_k": types.DataType.long,
        "close": string,
        "top_1": string,
    }
    return models.ModelSignature(
        inputs=types.Schema(inputs or [column(string)]),
        outputs=types.Schema([column(others.get(name, strings), name) for name in COLUMNS]),
        params=types.ParamSchema([types.ParamSpec(*each, None) for each in params.items()]),
    )
