"""The models that are served, by name; each can be replaced while requests are answered."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from harnn import review
from harnn.bundle import fingerprint, marker_of, telling_of_fixes
from harnn.bundle.load import check_files, read_settings
from harnn.errors import BundleError, Problem
from harnn.prediction import Examples, Predictor
from harnn.serve.problems import unknown_model
from harnn.serve.settings import ModelPlace
from harnn.taxonomy import LabelSearch
from harnn.watching import MovingWindow, choosing_of

_VERSION_DIGITS = 12


@dataclass(frozen=True, eq=False, slots=True)
class ServedModel:
    """A loaded model under the name that clients know."""

    name: str
    directory: Path
    hash: str
    """64 hexadecimal digits, see :func:`harnn.bundle.fingerprint`."""
    predictor: Predictor
    search: LabelSearch
    window: MovingWindow
    """Figures of the documents that it answered last."""
    made: datetime
    """When its directory was written."""
    examples: Examples | None = None
    loaded: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def version(self) -> str:
        """The beginning of its hash: the version that clients see."""
        return self.hash[:_VERSION_DIGITS]

    @property
    def state(self) -> review.ModelState:
        """What corrections say they are for."""
        return review.ModelState(self.name, self.hash, self.predictor.taxonomy.version)

    @classmethod
    def load(
        cls,
        place: ModelPlace,
        examples: Sequence[Path] = (),
        thresholds: Path | None = None,
        fixes: Path | None = None,
    ) -> ServedModel:
        """Load a model; thresholds: a table of those that its labels must reach; fixes: one of
        wrong spellings of the labels of the examples.

        Raises:
            BundleError: it cannot be read.
            ConfigError, DocumentError: see :meth:`harnn.Predictor.read_examples`, or the table is
                not one for the model.
        """
        known = fingerprint(place.directory)  # before it is read: a change meanwhile is seen
        predictor = Predictor.load(place.directory).with_options(thresholds=thresholds)
        made = (place.directory / marker_of(place.directory)).stat().st_mtime
        predictor.tune_process()
        shown = _read_examples(predictor, examples, fixes) if examples else None
        search = LabelSearch(predictor.taxonomy)
        bundle = predictor.bundle
        window = MovingWindow(
            bundle.reference,
            bundle.taxonomy.hierarchy,
            bundle.label_counts,
            choosing_of(bundle.decoder),
        )
        return cls(
            place.name,
            place.directory,
            known,
            predictor,
            search,
            window,
            datetime.fromtimestamp(made, UTC),
            shown,
        )


def check_models(places: Sequence[ModelPlace]) -> None:
    """Check that every directory holds what was written, before the first one is loaded.

    Raises:
        BundleError: everything that is missing or damaged.
    """
    problems: list[Problem] = []
    for place in places:
        try:
            check_files(place.directory)
            read_settings(place.directory)
        except BundleError as error:
            problems += error.problems
    if problems:
        raise BundleError(problems)


class Models:
    """Models by name. Whoever was given one keeps it, also when another takes its name."""

    def __init__(
        self,
        places: Sequence[ModelPlace],
        examples: Sequence[Path] = (),
        thresholds: Mapping[str, Path] = {},
        fixes: Path | None = None,
    ) -> None:
        """Load all of them; thresholds: tables by names of models; fixes: of the examples.

        Raises:
            BundleError, ConfigError, DocumentError: see :meth:`ServedModel.load`.
        """
        self._places = {place.name: place for place in places}
        self._examples, self._thresholds, self._fixes = tuple(examples), thresholds, fixes
        self._models = {place.name: self._load(place) for place in places}
        self._loading = threading.Lock()

    def __iter__(self) -> Iterator[ServedModel]:
        return iter(self._models.values())

    def __getitem__(self, name: str) -> ServedModel:
        """Raises:
        RequestError: no model is called that (404).
        """
        model = self._models.get(name)
        if model is None:
            raise unknown_model(name, list(self._models))
        return model

    @property
    def default(self) -> ServedModel:
        """The first one."""
        return next(iter(self))

    def get(self, name: str | None) -> ServedModel:
        """Return a model by its name, without one the first.

        Raises:
            RequestError: no model is called that (404).
        """
        return self.default if name is None else self[name]

    def reload(self, name: str) -> tuple[ServedModel, ServedModel]:
        """Load a model again; return the one that answered until now, and the one that does now.

        They are the same where the directory holds what it held. Other requests go on meanwhile;
        if the new one cannot be read the old one stays.

        Raises:
            RequestError: no model is called that (404).
            BundleError: it cannot be read.
        """
        with self._loading:
            old = self[name]
            if not _other(old):
                return old, old
            new = self._load(self._places[name])
            self._models = self._models | {name: new}  # one assignment: nobody sees half of it
            return old, new

    def _load(self, place: ModelPlace) -> ServedModel:
        thresholds = self._thresholds.get(place.name)
        return ServedModel.load(place, self._examples, thresholds, self._fixes)


def _read_examples(predictor: Predictor, examples: Sequence[Path], fixes: Path | None) -> Examples:
    """Raises:
    ConfigError, DocumentError: see :meth:`harnn.Predictor.read_examples`.
    """
    data = predictor.bundle.config.data
    data = replace(data, fixes="" if fixes is None else str(fixes))
    with telling_of_fixes(predictor.bundle, data):
        return predictor.read_examples(list(examples), data=data)


def _other(model: ServedModel) -> bool:
    return model.directory.is_dir() and fingerprint(model.directory) != model.hash
