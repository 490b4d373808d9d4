"""What MLflow asks for answers: a ``PythonModel`` around a :class:`harnn.Predictor`.

Only MLflow imports this module, through ``mlflow_model.py``, the code that a model carries.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from harnn._optional import require
from harnn.answers import Prediction
from harnn.config import DataConfig
from harnn.errors import ConfigError, HarnnError, Problem
from harnn.flavours.mlflow import COLUMNS, FIELDS, MODEL
from harnn.prediction import Predictor

_PURPOSE = "Answering for MLflow"
_exceptions = require("mlflow.exceptions", extra="mlflow", purpose=_PURPOSE)
if TYPE_CHECKING:
    import pandas
    from mlflow.pyfunc.model import PythonModel
else:
    PythonModel = require("mlflow.pyfunc.model", extra="mlflow", purpose=_PURPOSE).PythonModel
    pandas = require("pandas", extra="mlflow", purpose=_PURPOSE)


def rows_of(answers: Sequence[Prediction]) -> pandas.DataFrame:
    """Return answers as a data frame with a row a document.

    Columns: ``id``; ``labels``, ``names``, ``scores``, ``levels`` and ``paths``, lists of the same
    length, in the order of :class:`harnn.Prediction`; ``notes`` and ``note_codes``.
    """
    rows = [
        {
            "id": answer.id,
            "labels": [each.label for each in answer.labels],
            "names": [each.name for each in answer.labels],
            "scores": [each.score for each in answer.labels],
            "levels": [each.level for each in answer.labels],
            "paths": [list(each.path) for each in answer.labels],
            "notes": list(answer.notes),
            "note_codes": list(answer.note_codes),
        }
        for answer in answers
    ]
    return pandas.DataFrame(rows, columns=list(COLUMNS))


def texts_of(given: Any, fields: Sequence[str], data: DataConfig) -> tuple[Any, DataConfig]:
    """Return texts as :meth:`harnn.Predictor.predict` takes them, and how to read them.

    given: what MLflow makes of any input, a data frame with the columns of the signature; or, where
    a model is asked without MLflow's checks, whatever the predictor takes. fields: columns of text;
    none: texts stand in a single column, called ``text`` or nothing.

    Raises:
        ConfigError: the first of several columns, which is the only one that MLflow passes on, is
            called something else, so that its texts may be other ones than were meant.
    """
    if not isinstance(given, pandas.DataFrame):
        return given, data
    if fields:
        known = data.id_field if data.id_field in given.columns else DataConfig.id_field
        return given, replace(data, text_fields=tuple(fields), id_field=known)
    name = given.columns[0] if len(given.columns) else "nothing"
    if str(name) not in ("text", "0"):
        what = f"got texts in the column {str(name)!r}, expected one column 'text'."
        hint = "Give its values as a list; save_model(text_fields=) names other columns."
        raise ConfigError(Problem("", what, hint))
    return given[name], data


class HarnnModel(PythonModel):
    """A model directory that answers in MLflow."""

    def load_context(self, context: Any) -> None:
        """Load the model.

        Raises:
            BundleError: see :func:`harnn.load_bundle`.
        """
        self._predictor = Predictor.load(context.artifacts[MODEL])
        self._fields: Sequence[str] = (context.model_config or {}).get(FIELDS) or ()

    def predict(
        self, context: Any, model_input: pandas.DataFrame, params: Mapping[str, Any] | None = None
    ) -> pandas.DataFrame:
        """Return a row a document, see :func:`rows_of`.

        params: see :class:`harnn.decode.DecodeOptions`; None is the model's own.

        Raises:
            MlflowException: texts or params cannot be used; a server says so with status 400.
        """
        del context
        predictor = self._predictor
        try:
            texts, data = texts_of(model_input, self._fields, predictor.bundle.config.data)
            return rows_of(predictor.predict(texts, data=data, **(params or {})))
        except (HarnnError, TypeError, ValueError) as error:
            raise _exceptions.MlflowException.invalid_parameter_value(str(error)) from None
