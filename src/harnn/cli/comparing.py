"""``harnn compare``: two models, or several of them and of files of predictions."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from rich.text import Text

from harnn._tables import is_encoding, shown
from harnn.cli.files import JSON, check_inputs, check_output, write_json
from harnn.cli.models import open_models
from harnn.cli.problems import reading
from harnn.cli.render import several_line, several_parts
from harnn.cli.screen import Console, say
from harnn.cli.taxonomies import TaxonomyChoice, find_taxonomy
from harnn.config import Config, DataConfig
from harnn.errors import ConfigError, Problem
from harnn.metrics import Resampling
from harnn.prediction import ComparedSystem, check_predictions, compare_systems

if TYPE_CHECKING:
    from harnn.taxonomy import Taxonomy


class Compared(NamedTuple):
    """What is compared, and on what."""

    systems: Sequence[Path]
    """Model directories and files of predictions."""
    data: list[Path]
    taxonomy: TaxonomyChoice
    threshold: float
    """From which score on a label of a file of scores is chosen."""
    document_vectors: Path | None = None
    """For the models that read some."""
    encoding: str = "utf-8"
    """Of files of predictions."""


def is_file_of_predictions(path: Path) -> bool:
    """Tell files from model directories, by what is there or what it is called."""
    return path.is_file() or (not path.is_dir() and bool(path.suffix))


def compare_several(
    compared: Compared,
    *,
    json_output: Path | None,
    resampling: Resampling,
    settings: Sequence[str],
) -> None:
    """Compare each system with each other one on labelled documents.

    Raises:
        InputError: what is given cannot be used.
    """
    if not math.isfinite(compared.threshold):
        what = f"got {compared.threshold}, expected a number."
        raise ConfigError(Problem("--file-threshold", what))
    if not is_encoding(compared.encoding):
        expected = "expected the name of an encoding, such as utf-8, cp1252 or gb18030."
        raise ConfigError(Problem("--file-encoding", f"got {shown(compared.encoding)}, {expected}"))
    paths = compared.systems
    models = [path for path in paths if not is_file_of_predictions(path)]
    check_inputs(compared.data, passes=max(1, len(models)))
    check_output(json_output, JSON, [*compared.data, *(set(paths) - set(models))])
    for path in paths:
        if path not in models:
            check_predictions(path)
    taxonomy, knobs = _documents(compared, models, settings)
    opened = open_models(models, settings, compared.document_vectors)
    predictors = dict(zip(models, opened, strict=True))
    systems = [ComparedSystem(str(x), *predictors.get(x, (x,))) for x in paths]
    knobs = knobs or opened[0][1]
    with reading(knobs or DataConfig(), opened[0][0].bundle if opened else None) as log:
        found = compare_systems(
            systems,
            compared.data,
            taxonomy=taxonomy,
            data=knobs,
            threshold=compared.threshold,
            encoding=compared.encoding,
            resampling=resampling,
            log=log,
        )
    write_json(json_output, found.comparison.to_dict())
    for name, note in found.notes:
        say(f"Note: {name}: {note}")
    console = Console()
    for part in several_parts(found.comparison):
        console.print(part, soft_wrap=isinstance(part, Text))
    console.print_line(several_line(found.comparison))


def _documents(
    compared: Compared, models: Sequence[Path], settings: Sequence[str]
) -> tuple[Taxonomy | None, DataConfig | None]:
    """Return taxonomy and settings of the documents where no model has them.

    Raises:
        ConfigError: both a model and a taxonomy are given, or neither.
    """
    if models:
        if compared.taxonomy.is_given:
            what = "a model among those compared has its own taxonomy."
            raise ConfigError(Problem("--taxonomy", what, "Leave it and its options out."))
        return None, None
    taxonomy = find_taxonomy(compared.taxonomy, tells=False)
    if taxonomy is None:
        what = "files of predictions alone do not say what the taxonomy is."
        raise ConfigError(Problem("", what, "Give it with --taxonomy."))
    return taxonomy, Config.read(None, settings).data
