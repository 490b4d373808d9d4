"""A model for Hugging Face's Inference Endpoints: a repository with ``handler.py`` in it.

    import harnn.flavours.huggingface

    harnn.flavours.huggingface.save_model("model", "repository")

The directory is a model as well: :class:`harnn.Predictor` and all commands read it.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from harnn._files import atomic_directory
from harnn.bundle import layout, load_bundle
from harnn.errors import BundleError, Problem
from harnn.flavours.needs import requirements_of
from harnn.flavours.parts import PACKAGE, copy_code, read_alone, write_light

HANDLER, REQUIREMENTS = "handler.py", "requirements.txt"


def save_model(model: str | Path, path: str | Path, *, int8: bool = False) -> None:
    """Write the model directory *model* to *path* with what an endpoint needs to answer.

    Beside the model, which is exported if it needs PyTorch, stand ``handler.py``,
    ``requirements.txt`` and the code of harnn. int8: see :func:`harnn.export_onnx`. An earlier
    model in *path* is replaced.

    Raises:
        BundleError, ConfigError, MissingExtraError: see :func:`write_light`; or *path* is the model
            itself, or the model reads more than texts.
        InputError: *path* holds something else than a model, or cannot be written.
        OSError: the directories above *path* cannot be made.
    """
    if Path(path).resolve() == Path(model).resolve():
        what = "is the model itself; write the other form to another directory."
        raise BundleError(Problem(str(path), what))
    read_alone(model)
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    with atomic_directory(path, marker=layout.CONFIG) as repository:
        write_light(model, repository / "model", int8=int8)
        for file in (repository / "model").iterdir():
            file.rename(repository / file.name)
        (repository / "model").rmdir()
        lines = requirements_of(repository, load_bundle(repository))
        (repository / REQUIREMENTS).write_text("\n".join(lines) + "\n", encoding="utf-8")
        shutil.copyfile(PACKAGE / "flavours" / HANDLER, repository / HANDLER)
        copy_code(repository)
