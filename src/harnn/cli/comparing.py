"""``harnn compare``: models, files of predictions, and methods that made several of them."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from glob import has_magic
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from rich.table import Table
from rich.text import Text

from harnn._tables import is_encoding, shown
from harnn.cli.comparison_tables import (
    comparison_line,
    comparison_table,
    methods_line,
    methods_parts,
    several_line,
    several_parts,
)
from harnn.cli.decoding import settle_decoding
from harnn.cli.files import JSON, check_inputs, check_output, tell_written, write_json
from harnn.cli.models import open_models, say_seen
from harnn.cli.problems import reading
from harnn.cli.screen import Console, say
from harnn.cli.taxonomies import TaxonomyChoice, find_taxonomy
from harnn.config import Config, DataConfig
from harnn.errors import ConfigError, Problem
from harnn.evaluation.paper_tables import SUFFIXES, PaperTable, write_paper_tables
from harnn.evaluation.tabulating import tables_of_comparison
from harnn.metrics import MethodsComparison, Resampling, SeveralComparison
from harnn.prediction import (
    ComparedSystem,
    ComparingOptions,
    Predictor,
    SeenDocuments,
    check_predictions,
    compare_models,
    compare_system_methods,
    compare_systems,
)

if TYPE_CHECKING:
    from harnn.taxonomy import Taxonomy

_DIGITS = re.compile(r"(\d+)")


class Written(NamedTuple):
    """Where a comparison is written besides."""

    json: Path | None
    table: Path | None

    def check(self, inputs: Sequence[Path]) -> None:
        """Refuse places that cannot be written, before any work is done.

        Raises:
            ConfigError, InputError: see :func:`harnn.cli.files.check_output`.
        """
        check_output(self.json, JSON, inputs)
        check_output(self.table, SUFFIXES, inputs)

    def write(self, values: dict[str, Any], tables: Sequence[PaperTable]) -> None:
        """Write what was found where a place is given."""
        write_json(self.json, values)
        if self.table is not None:
            write_paper_tables(self.table, tables)

    def tell(self) -> None:
        """Say where it is."""
        tell_written(Console().print_line, {"comparison": self.json, "table": self.table})


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
    thresholds: Mapping[Path, Path] = {}
    """A table of thresholds for models that shall not use their own."""


def is_file_of_predictions(path: Path) -> bool:
    """Tell files from model directories, by what is there or what it is called."""
    return path.is_file() or (not path.is_dir() and bool(path.suffix))


def read_methods(given: Sequence[str]) -> dict[str, list[Path]]:
    """Read ``NAME=DIR_OR_FILE``, where a place may be a pattern, as ``runs/paper-*``.

    Raises:
        ConfigError: it is something else, nothing is there, a place is given twice, or there are
            not two methods.
    """
    methods: dict[str, list[Path]] = {}
    for each in given:
        name, equals, place = each.partition("=")
        if not (equals and name.strip() and place):
            hint = "for example paper=runs/paper-1 or 'paper=runs/paper-*'."
            what = f"got {shown(each)}, expected NAME=DIR_OR_FILE,"
            raise ConfigError(Problem("--method", what, hint))
        found = [place]
        if has_magic(place) and not Path(place).exists():
            root = Path(place).anchor
            paths = Path(root).glob(str(Path(place).relative_to(root)))
            found = sorted(map(str, paths), key=_by_number)
            if not found:
                what = f"got {shown(each)}, but nothing is there."
                raise ConfigError(Problem("--method", what))
        methods.setdefault(name.strip(), []).extend(map(Path, found))
    places = [place.resolve() for members in methods.values() for place in members]
    twice = next((place for place in places if places.count(place) > 1), None)
    if twice is not None:
        what = f"{twice} is given twice; each model counts once."
        raise ConfigError(Problem("--method", what))
    if len(methods) < 2:
        hint = "Give two names or more, each for all its models."
        what = f"got one method, {shown(next(iter(methods)))}, and nothing to compare it with."
        raise ConfigError(Problem("--method", what, hint))
    return methods


def read_thresholds_of(given: Sequence[str], systems: Sequence[Path]) -> dict[Path, Path]:
    """Read ``DIR=FILE``: a table of thresholds for one of the models that are compared.

    Raises:
        ConfigError: it is something else, of no such model, or there are two for one.
    """
    models = [path for path in systems if not is_file_of_predictions(path)]
    tables: dict[Path, Path] = {}
    for each in given:
        parts = each.split("=")
        ways = [("=".join(parts[:at]), "=".join(parts[at:])) for at in range(1, len(parts))]
        known = [(Path(model), table) for model, table in ways if table and Path(model) in models]
        if not known:
            names = ", ".join(map(str, models)) or "there are none"
            what = f"got {shown(each)}, expected DIR=FILE with a model that is compared: {names}."
            raise ConfigError(Problem("--thresholds", what))
        model, table = known[0]
        if model in tables:
            raise ConfigError(Problem("--thresholds", f"got two tables for {model}."))
        tables[model] = Path(table)
    return tables


def compare(
    compared: Compared,
    methods: Mapping[str, Sequence[Path]],
    *,
    written: Written,
    resampling: Resampling,
    settings: Sequence[str],
) -> None:
    """Compare each system with each other one on labelled documents, or methods with methods.

    methods: the systems by the name of what made them; nothing: each stands for itself.

    Raises:
        InputError: what is given cannot be used.
    """
    paths = compared.systems
    models = [path for path in paths if not is_file_of_predictions(path)]
    _check(compared, models, written)
    taxonomy, knobs = _documents(compared, models, settings)
    opened = _open(compared, models, settings)
    if len(paths) == 2 and len(models) == 2 and not methods:
        _compare_two(paths, compared.data, opened, written, resampling)
        return
    predictors = dict(zip(models, opened, strict=True))
    systems = [ComparedSystem(str(x), *predictors.get(x, (x,))) for x in paths]
    knobs = knobs or opened[0][1]
    with reading(knobs or DataConfig(), opened[0][0].bundle if opened else None) as log:
        how: ComparingOptions = {
            "taxonomy": taxonomy,
            "data": knobs,
            "threshold": compared.threshold,
            "encoding": compared.encoding,
            "resampling": resampling,
            "log": log,
        }
        if methods:
            found = _methods_found(systems, methods, compared.data, how)
        else:
            found = _systems_found(systems, compared.data, how)
    written.write(found.comparison.to_dict(), tables_of_comparison(found.comparison))
    for name, note in found.notes:
        say(f"Note: {name}: {note}")
    _show(found.parts, found.line)
    written.tell()


class _Found(NamedTuple):
    """What a comparison found, and how it is shown."""

    comparison: SeveralComparison | MethodsComparison
    notes: Sequence[tuple[str, str]]
    """Name of a system or method and a sentence."""
    parts: Iterator[Table | Text]
    line: str


def _systems_found(
    systems: Sequence[ComparedSystem], data: list[Path], how: ComparingOptions
) -> _Found:
    """Compare each system with each other one."""
    found, notes = compare_systems(systems, data, **how)
    return _Found(found, notes, several_parts(found), several_line(found))


def _methods_found(
    systems: Iterable[ComparedSystem],
    methods: Mapping[str, Sequence[Path]],
    data: list[Path],
    how: ComparingOptions,
) -> _Found:
    """Compare methods with methods; systems: theirs, in their order."""
    each = iter(systems)
    named = {name: [next(each) for _ in members] for name, members in methods.items()}
    found, notes = compare_system_methods(named, data, **how)
    alike = "all its models answer alike, so they say nothing of other seeds."
    same = [x.name for x in found.methods if x.models > 1 and not x.seeds_differ]
    notes = (*notes, *((name, alike) for name in same))
    return _Found(found, notes, methods_parts(found), methods_line(found))


def _check(compared: Compared, models: Sequence[Path], written: Written) -> None:
    """Refuse what can be refused before any model is opened.

    Raises:
        InputError: what is given cannot be used.
    """
    if not math.isfinite(compared.threshold):
        what = f"got {compared.threshold}, expected a number."
        raise ConfigError(Problem("--file-threshold", what))
    if not is_encoding(compared.encoding):
        expected = "expected the name of an encoding, such as utf-8, cp1252 or gb18030."
        raise ConfigError(Problem("--file-encoding", f"got {shown(compared.encoding)}, {expected}"))
    check_inputs(compared.data, passes=max(1, len(models)))
    files = [path for path in compared.systems if path not in models]
    written.check([*compared.data, *files, *compared.thresholds.values()])
    for path in files:
        check_predictions(path)


def _compare_two(
    paths: Sequence[Path],
    data: list[Path],
    opened: Sequence[tuple[Predictor, DataConfig]],
    written: Written,
    resampling: Resampling,
) -> None:
    (first, first_knobs), (second, second_knobs) = opened
    known = SeenDocuments(first.bundle), SeenDocuments(second.bundle)
    with reading(first_knobs, first.bundle) as log:
        comparison = compare_models(
            first,
            second,
            data,
            data=(first_knobs, second_knobs),
            resampling=resampling,
            log=log,
            known=known,
        )
    names = [str(path) for path in paths]
    named = {"first": names[0], "second": names[1]}
    tables = tables_of_comparison(comparison, names=names)
    written.write(named | comparison.to_dict(), tables)
    console = Console()
    for name, model in zip("AB", paths, strict=True):
        console.print_line(f"{name}: {model}")
    _show(iter([comparison_table(comparison)]), comparison_line(comparison))
    for model, each in zip(paths, known, strict=True):
        say_seen(each, comparison.documents, f"{model}: ")
    written.tell()


def _show(parts: Iterator[Table | Text], line: str) -> None:
    console = Console()
    for part in parts:
        console.print(part, soft_wrap=isinstance(part, Text))
    console.print_line(line)


def _open(
    compared: Compared, models: Sequence[Path], settings: Sequence[str]
) -> list[tuple[Predictor, DataConfig]]:
    """Return the models, each choosing labels as it is told to."""
    opened = open_models(models, settings, compared.document_vectors)
    return [
        (
            predictor.with_options(
                **settle_decoding({"thresholds": compared.thresholds[path]}, predictor.bundle)
            )
            if path in compared.thresholds
            else predictor,
            knobs,
        )
        for path, (predictor, knobs) in zip(models, opened, strict=True)
    ]


def _by_number(place: str) -> list[tuple[int, str]]:
    """Put ``run-10`` after ``run-9``."""
    parts = _DIGITS.split(place)
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts]


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
