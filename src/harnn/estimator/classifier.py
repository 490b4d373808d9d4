"""The whole model as an estimator of scikit-learn."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Mapping
from numbers import Real
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, vstack
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted, check_random_state

from harnn.bundle import Bundle, load_bundle, save_bundle
from harnn.config import Close, Config, Preset, Strategy, TopOne
from harnn.data import Document
from harnn.errors import ConfigError, DocumentError, Problem, TrainingInterrupted
from harnn.estimator.decoding import (
    Output,
    check_choices,
    check_lengths,
    form_of,
    log_odds,
    mark_multi_label,
    score_sets,
    with_choices,
)
from harnn.estimator.label_sets import Form, Unknown, read_label_sets, to_form, to_tuples
from harnn.estimator.splitting import validation_rows
from harnn.estimator.stored import from_files, to_files, trained_once
from harnn.estimator.taxonomies import as_taxonomy
from harnn.estimator.texts import columns_of, read_texts
from harnn.prediction import Predictor
from harnn.taxonomy import Taxonomy
from harnn.training import Event, Stage

_LOGGER = logging.getLogger(__name__)
_MOST_SEED = 2**31 - 1


class HarnnClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """File texts under a taxonomy: :func:`harnn.fit` and :class:`harnn.Predictor` as an estimator.

    X is a list, array or column of texts, a list of dicts (named fields), or a frame whose columns
    are the fields. y is a list of label sets, one label a document, an indicator matrix (N, C) in
    the taxonomy's order, or a frame with a column for each label; ancestors are added. What the
    training tells is logged under ``harnn.estimator`` with level INFO.

    ``strategy``, ``threshold``, ``top_k``, ``close`` and ``top_1`` say how labels are chosen, as
    for :meth:`harnn.Predictor.predict`: training tunes all strategies, so that these can be
    changed with ``set_params`` without fitting again; None is what training found best.

    Args:
        taxonomy: a :class:`harnn.Taxonomy`, or the path of its file.
        preset: ``default``, ``fast`` (the linear branch alone, in seconds) or ``best``.
        settings: tables of further settings as in a configuration file, such as
            ``{"training": {"epochs": 5}}``; see :mod:`harnn.config`.
        valid: which documents choose the best epoch, the blend and the thresholds: the share of
            those given that is held back for it, above 0 and below 1, or others, as a pair (X, y).
        strategy: how labels are chosen; None here and in the next four is what training found best.
        threshold: one for all labels; stands for the strategy ``threshold``.
        top_k: so many labels of each document; stands for the strategy ``top_k``.
        close: ``up``, ``down`` or ``none``, see :class:`harnn.Decoder`.
        top_1: whether the best leaf is added: ``never``, to ``empty`` sets, or ``always``.
        output: what ``predict`` returns: ``labels`` (tuples), ``indicator`` (a dense matrix),
            ``sparse`` (a CSR matrix), or ``auto``, the form that y had.
        unknown_labels: ``error`` refuses labels that are not in the taxonomy; ``warn`` and
            ``ignore`` leave them out, with a warning or without one.
        random_state: seed of the training and the split; None: that of the settings, so that two
            fits are the same in any case.
        memory: a directory that keeps trained models for fits on the same documents with the same
            settings: a search over ways to choose labels then trains once for each fold.

    Attributes:
        bundle_: the :class:`harnn.Bundle` that was trained.
        taxonomy_: its taxonomy.
        classes_: (C,) its labels, the columns of every matrix.
        validation_rows_: rows of X that were held back; None where others were given.
        feature_names_in_: the columns of the frame that X was; only where it was one.
    """

    def __init__(
        self,
        taxonomy: Taxonomy | str | Path,
        *,
        preset: Preset = "default",
        settings: Mapping[str, Mapping[str, Any]] | None = None,
        valid: float | tuple[Any, Any] = 0.1,
        strategy: Strategy | None = None,
        threshold: float | None = None,
        top_k: int | None = None,
        close: Close | None = None,
        top_1: TopOne | None = None,
        output: Output = "auto",
        unknown_labels: Unknown = "error",
        random_state: Any = None,
        memory: str | Path | None = None,
    ) -> None:
        self.taxonomy = taxonomy
        self.preset = preset
        self.settings = settings
        self.valid = valid
        self.strategy = strategy
        self.threshold = threshold
        self.top_k = top_k
        self.close = close
        self.top_1 = top_1
        self.output = output
        self.unknown_labels = unknown_labels
        self.random_state = random_state
        self.memory = memory

    def fit(self, X: Any, y: Any, *, groups: Any = None, **others: Any) -> Self:
        """Train on texts (N) and label sets (N).

        groups: (N,), such as authors; of a group all documents are held back for validation, or
        none. Without them the same holds for documents of one text. There is no ``sample_weight``:
        the loss of a network could weigh documents, but not what is counted of them (words,
        n-grams, labels), nor what is tuned on those held back.

        Raises:
            TaxonomyError: the taxonomy cannot be read.
            DocumentError: X or y is of another kind, has unknown labels or too few documents.
            ConfigError: parameters or settings are out of range or do not fit each other.
            TypeError: there is a ``sample_weight``, or other metadata.
            KeyboardInterrupt: training was stopped.
        """
        _refuse(others)
        taxonomy = as_taxonomy(self.taxonomy)
        config = self._config(columns_of(X))
        check_choices(self, taxonomy.hierarchy)
        self._check_valid(groups)
        documents, sets, form = self._read(X, y, taxonomy, config)
        if isinstance(self.valid, tuple):
            given = self._read(*self.valid, taxonomy, config, prefix="valid: ")
            held, train, valid = None, documents, given[0]
        else:
            seed = config.training.seed
            held = validation_rows(documents, sets, self.valid, groups=groups, seed=seed)
            train = [document for document, out in zip(documents, held, strict=True) if not out]
            valid = [document for document, out in zip(documents, held, strict=True) if out]
        self._keep(self._trained(taxonomy, train, valid, config), form)
        self.validation_rows_ = None if held is None else np.flatnonzero(held)
        self._keep_columns(columns_of(X) and config.data.text_fields)
        return self

    def predict(self, X: Any) -> Any:
        """Return the labels of each document, as ``output`` says; ancestors are among them.

        Raises:
            NotFittedError: there is no model yet.
            DocumentError: some are no texts.
            ConfigError: parameters are out of range, or exclude each other.
        """
        form = form_of(self, getattr(self, "form_", "labels"))
        return to_form(self._decoded(X)[1], self.taxonomy_, form)

    def predict_proba(self, X: Any) -> NDArray[np.float32]:
        """Return the probability of each label, (N, C), in the order of ``classes_``.

        They are calibrated, and closed as ``close`` says: up, a label has at least the
        probability of its descendants. ``harnn predict`` shows the same numbers.

        Raises:
            NotFittedError, DocumentError, ConfigError: see :meth:`predict`.
        """
        return self._decoded(X)[0]

    def decision_function(self, X: Any) -> NDArray[np.float64]:
        """Return the log-odds of :meth:`predict_proba`, (N, C): above 0 where more likely than not.

        A label is not predicted at 0, but where the strategy says; for rankings both are the same.

        Raises:
            NotFittedError, DocumentError, ConfigError: see :meth:`predict`.
        """
        return log_odds(self._decoded(X)[0])

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Return the micro-F1 of the predicted sets beside *y*, both closed upward.

        On closed sets this is the hierarchical F1 too. sample_weight: (N,) of the documents.

        Raises:
            NotFittedError, DocumentError, ConfigError: see :meth:`fit` and :meth:`predict`.
        """
        return score_sets(self, self._decoded(X)[1], y, sample_weight)

    @property
    def predictor_(self) -> Predictor:
        """The model as :class:`harnn.Predictor`, which explains its answers as well.

        Raises:
            NotFittedError: there is no model yet.
        """
        check_is_fitted(self)
        decoder = with_choices(self.bundle_.decoder, self)
        return Predictor(dataclasses.replace(self.bundle_, decoder=decoder))

    def save(self, directory: str | Path) -> Path:
        """Write a model directory, which chooses labels as this estimator does.

        Raises:
            NotFittedError: there is no model yet.
            InputError: the place holds something else than a model, or cannot be written.
        """
        return save_bundle(self.predictor_.bundle, directory)

    @classmethod
    def load(cls, directory: str | Path, **parameters: Any) -> Self:
        """Read a model directory, of whatever origin; *parameters*: those it does not hold.

        A clone of the estimator has the model's taxonomy and settings.

        Raises:
            BundleError: see :func:`harnn.bundle.load_bundle`.
        """
        bundle = load_bundle(directory)
        settings = bundle.config.to_dict()
        given = {
            "preset": settings["model"].pop("preset"),
            "random_state": settings["training"].pop("seed"),
            "settings": settings,
        }
        estimator = cls(bundle.taxonomy, **(given | parameters))
        estimator._keep(bundle, "labels")
        estimator.validation_rows_ = None
        return estimator

    def __getstate__(self) -> dict[str, Any]:
        state: dict[str, Any] = dict(super().__getstate__())
        if "bundle_" in state:
            state["bundle_"] = to_files(state["bundle_"])
            state.pop("taxonomy_")
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        state = dict(state)
        if "bundle_" in state:
            state["bundle_"] = from_files(state["bundle_"])
            state["taxonomy_"] = state["bundle_"].taxonomy
        super().__setstate__(state)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.input_tags.one_d_array = True
        tags.input_tags.string = True
        tags.input_tags.dict = True
        return mark_multi_label(tags)

    def _config(self, columns: tuple[str, ...]) -> Config:
        """Return all settings; columns: of the frame that X is.

        Raises:
            ConfigError: parameters or settings are out of range, unknown, or given twice.
        """
        if not isinstance(self.settings, Mapping | None):
            what = f"is {type(self.settings).__name__}, expected tables of settings by name."
            raise ConfigError(Problem("settings", what))
        tables: dict[str, Any] = dict(self.settings or {})
        own: dict[tuple[str, str], Any] = {("model", "preset"): self.preset}
        if self.random_state is not None:
            own["training", "seed"] = _seed(self.random_state)
        problems = []
        for (section, key), value in own.items():
            table = tables.get(section, {})
            if not isinstance(table, Mapping):
                continue  # which is said below
            if key in table:
                parameter = "random_state" if key == "seed" else key
                what = f"is a parameter of its own: {parameter}."
                problems.append(Problem(f"settings: {section}.{key}", what))
            tables[section] = {**table, key: value}
        if problems:
            raise ConfigError(problems)
        config = Config.from_dict(tables, where="settings")
        if not columns or config.data.text_fields:
            return config
        return dataclasses.replace(
            config, data=dataclasses.replace(config.data, text_fields=columns)
        )

    def _check_valid(self, groups: Any) -> None:
        valid = self.valid
        if isinstance(valid, tuple):
            if len(valid) != 2:
                raise ConfigError(Problem("valid", f"has {len(valid)} parts, expected (X, y)."))
            if groups is not None:
                what = "divide what is held back, but valid says which documents are."
                raise ConfigError(Problem("groups", what, "Leave one of them out."))
        elif not isinstance(valid, Real) or not 0 < valid < 1:
            expected = "expected a share above 0 and below 1, or documents as (X, y)."
            raise ConfigError(Problem("valid", f"got {valid!r}, {expected}"))

    def _read(
        self, X: Any, y: Any, taxonomy: Taxonomy, config: Config, prefix: str = ""
    ) -> tuple[list[Document], csr_array, Form]:
        """prefix: in messages, where X and y are not those of ``fit``."""
        names = f"{prefix}X", f"{prefix}y"
        texts = read_texts(X, config.data.text_fields, name=names[0])
        sets, form = read_label_sets(y, taxonomy, unknown=self.unknown_labels, name=names[1])
        check_lengths(len(texts), sets.shape[0], prefix)
        if not texts:
            raise DocumentError(Problem(names[0], "there is no document."))
        labels = to_tuples(sets, taxonomy)
        documents = [
            dataclasses.replace(text, labels=own) for text, own in zip(texts, labels, strict=True)
        ]
        return documents, sets, form

    def _trained(
        self, taxonomy: Taxonomy, train: list[Document], valid: list[Document], config: Config
    ) -> Bundle:
        def train_now() -> Bundle:
            from harnn.training import fit  # PyTorch, which not every model needs to answer

            try:
                return fit(taxonomy, train, valid, config, listener=_log)
            except TrainingInterrupted as stop:  # a search shall not take it for a failed fit
                raise KeyboardInterrupt(str(stop)) from None

        if self.memory is None:
            return train_now()
        return trained_once(self.memory, taxonomy, (train, valid), config, train_now)

    def _keep(self, bundle: Bundle, form: Form) -> None:
        self.bundle_ = bundle
        self.taxonomy_ = bundle.taxonomy
        self.classes_ = np.array(bundle.taxonomy.codes, dtype=object)
        self.form_ = form

    def _keep_columns(self, columns: tuple[str, ...]) -> None:
        if columns:
            self.feature_names_in_ = np.array(columns, dtype=object)
        elif hasattr(self, "feature_names_in_"):
            del self.feature_names_in_

    def _decoded(self, X: Any) -> tuple[NDArray[np.float32], csr_array]:
        """Return the scores as they are shown, (N, C), and the label sets (N, C)."""
        predictor = self.predictor_
        documents = read_texts(X, self.bundle_.config.data.text_fields)
        decoder, hierarchy = predictor.bundle.decoder, self.taxonomy_.hierarchy
        blocks = predictor.score_stream(documents) if documents else [predictor.scores([])]
        decoded = [decoder.decode(block, hierarchy) for block in blocks]
        scores = np.concatenate([shown.values for shown, _ in decoded])
        return scores, csr_array(vstack([chosen for _, chosen in decoded], format="csr"))


def _refuse(others: Mapping[str, Any]) -> None:
    """Refuse metadata that training cannot use.

    Raises:
        TypeError: there is some; as scikit-learn expects it of weights that are not taken.
    """
    for name, value in others.items():
        if name != "sample_weight":
            raise TypeError(f"HarnnClassifier.fit() got an unexpected keyword argument {name!r}")
        if value is not None:
            raise TypeError(
                "sample_weight: fit cannot weigh documents: not every part of a model could. Give "
                "documents that count double twice, or leave the weights out."
            )


def _seed(random_state: Any) -> int:
    """Return the seed that scikit-learn's ``random_state`` stands for.

    Raises:
        ConfigError: it is neither a whole number nor a generator of random numbers.
    """
    if isinstance(random_state, int | np.integer):
        return int(random_state)
    try:
        return int(check_random_state(random_state).randint(_MOST_SEED))
    except ValueError:
        what = f"got {random_state!r}, expected a whole number or a numpy.random.RandomState."
        raise ConfigError(Problem("random_state", what)) from None


def _log(event: Event) -> None:
    if isinstance(event, Stage):
        _LOGGER.info("%s", event.message)
