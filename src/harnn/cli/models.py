"""Open a model as commands are told to."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from harnn.bundle import Bundle, load_bundle
from harnn.cli.screen import say
from harnn.config import Config, DataConfig
from harnn.errors import ConfigError, DatabaseError, Problem, suggest
from harnn.prediction import Predictor, load_predictors

if TYPE_CHECKING:
    from harnn.prediction import SeenDocuments


class Speed(NamedTuple):
    """How and where networks are computed, and the vectors of documents that they read."""

    beam: int | None = None
    bfloat16: bool = False
    device: str | None = None
    document_vectors: Path | None = None


def open_model(
    model: Path, settings: Sequence[str], speed: Speed | None = None
) -> tuple[Predictor, DataConfig]:
    """Return a model, and its settings for reading documents with *settings* over them.

    Raises:
        ConfigError: settings of something else, or what the model cannot do.
        BundleError: it cannot be read.
    """
    speed = speed or Speed()
    _check(settings)
    predictor = Predictor.load(model, **speed._asdict())
    predictor.tune_process()
    return predictor, _reading(predictor.bundle, settings)


def open_models(
    models: Sequence[Path], settings: Sequence[str], document_vectors: Path | None
) -> list[tuple[Predictor, DataConfig]]:
    """Do for models that are compared what :func:`open_model` does for one.

    document_vectors: for those that read some.

    Raises:
        ConfigError: as there; or no model reads the vectors.
        BundleError: one cannot be read.
    """
    _check(settings)
    predictors = load_predictors(models, document_vectors=document_vectors)
    for predictor in predictors:
        predictor.tune_process()
    return [(predictor, _reading(predictor.bundle, settings)) for predictor in predictors]


def open_bundle(model: Path, settings: Sequence[str]) -> tuple[Bundle, DataConfig]:
    """Do for a model that is asked for no answer what :func:`open_model` does.

    Raises:
        ConfigError: settings of something else.
        BundleError: it cannot be read.
    """
    _check(settings)
    bundle = load_bundle(model)
    return bundle, _reading(bundle, settings)


def choose_name(names: Sequence[str], given: str | None, things: str) -> str:
    """Return the name of the model that is meant, of those that a database has *things* for.

    Raises:
        DatabaseError: there is none, or not the one given, or several.
    """
    shown = ", ".join(names)
    if not names:
        raise DatabaseError(f"There are no {things} yet.")
    if given is None and len(names) > 1:
        what = f"there are {things} for {len(names)} models, whose labels may differ: {shown}."
        raise DatabaseError(Problem("", what, "Choose one with --model."))
    if given is not None and given not in names:
        what = f"there are no {things} for {given!r}; there are some for {shown}."
        raise DatabaseError(Problem("--model", what, suggest(given, names)))
    return names[0] if given is None else given


def _check(settings: Sequence[str]) -> None:
    """Raises:
    ConfigError: settings that cannot be read, or of something else than documents.
    """
    for setting in settings:
        if setting.partition("=")[0].strip().partition(".")[0] != "data":
            what = f"got {setting!r}; a trained model takes settings of [data] only."
            raise ConfigError(Problem("--set", what))
    Config.read(None, settings)


def _reading(bundle: Bundle, settings: Sequence[str]) -> DataConfig:
    """Return how a model reads documents, with *settings* over it."""
    changed, tables = Config.read(None, settings).to_dict(), bundle.config.to_dict()
    for setting in settings:
        key = setting.partition("=")[0].partition(".")[2].strip()
        tables["data"][key] = changed["data"][key]
    return Config.from_dict({"data": tables["data"]}).data


def say_seen(known: SeenDocuments, documents: int, where: str = "") -> None:
    """Say what a model knows of the documents that it was asked for."""
    for seen in known.found():
        say(f"Note: {where}{seen.sentence(documents)}")
