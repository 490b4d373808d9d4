"""Answers in the form of Hugging Face's text classification.

A request is ``{"inputs": "a text" or ["texts", ...], "parameters": {...}}``; the answer is a list
for each text, of ``{"label", "name", "score", "level", "path"}``, the highest score first.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harnn._tables import shown
from harnn.decode import DecodeOptions
from harnn.errors import ConfigError, DocumentError, Problem, suggest
from harnn.prediction import Predictor

MOST_TEXTS = 4_096
"""Texts of one request."""
MOST_CHARACTERS = 16 << 20
"""Of all texts of one request together."""
_FUNCTIONS = (None, "sigmoid")
_KEYS = (*(x for x in DecodeOptions.__annotations__ if x != "thresholds"), "function_to_apply")


class EndpointHandler:
    """A model that answers requests; see
    https://huggingface.co/docs/inference-endpoints/guides/custom_handler.
    """

    def __init__(self, path: str) -> None:
        """path: a model directory.

        Raises:
            BundleError: see :func:`harnn.load_bundle`.
        """
        self._predictor = Predictor.load(path)
        self._predictor.tune_process()

    def __call__(self, data: Any) -> list[list[dict[str, Any]]]:
        """Answer a request.

        Parameters are those of :class:`harnn.decode.DecodeOptions` but for ``thresholds``; without
        any, labels are chosen as the model does. Scores are probabilities already, so
        ``function_to_apply`` may be ``sigmoid`` alone.

        Raises:
            DocumentError: there are no texts, too many, or something else.
            ConfigError: unknown parameters, or values that exclude each other.
            ValueError: a parameter is out of range.
        """
        texts, parameters = read_request(data)
        answers = self._predictor.predict(texts, **parameters)
        return [[each.to_dict() for each in answer.ranked] for answer in answers]


def read_request(data: Any) -> tuple[list[str], DecodeOptions]:
    """Return the texts of a request and how their labels are chosen.

    Raises:
        DocumentError, ConfigError: see :meth:`EndpointHandler.__call__`.
    """
    if not isinstance(data, Mapping) or "inputs" not in data:
        what = f"got {shown(data)}, expected an object with inputs."
        raise DocumentError(Problem("request", what))
    return _read_texts(data["inputs"]), _read_parameters(data.get("parameters"))


def _read_texts(given: Any) -> list[str]:
    texts = [given] if isinstance(given, str) else given
    if not isinstance(texts, list):
        raise DocumentError(Problem("inputs", f"got {shown(given)}, expected a string or strings."))
    if len(texts) > MOST_TEXTS:
        what = f"got {len(texts):,} texts, expected {MOST_TEXTS:,} at most."
        raise DocumentError(Problem("inputs", what, "Send several requests."))
    problems = [
        Problem(f"inputs[{number}]", f"got {shown(text)}, expected a string.")
        for number, text in enumerate(texts)
        if not isinstance(text, str)
    ]
    if problems:
        raise DocumentError(problems)
    if (length := sum(map(len, texts))) > MOST_CHARACTERS:
        what = f"got {length:,} characters, expected {MOST_CHARACTERS:,} at most."
        raise DocumentError(Problem("inputs", what, "Send several requests."))
    return texts


def _read_parameters(given: Any) -> DecodeOptions:
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        raise ConfigError(Problem("parameters", f"got {shown(given)}, expected an object."))
    problems = [
        Problem(
            "parameters",
            f"unknown key {shown(key)}; expected {', '.join(_KEYS)}.",
            suggest(str(key)[:80], _KEYS),
        )
        for key in given
        if key not in _KEYS
    ]
    function = given.get("function_to_apply")
    if function not in _FUNCTIONS:
        what = f"function_to_apply: got {shown(function)}, expected sigmoid, or leave it out."
        problems.append(Problem("parameters", what, "Scores are probabilities as they are."))
    if problems:
        raise ConfigError(problems)
    options: DecodeOptions = {k: v for k, v in given.items() if k != "function_to_apply"}  # type: ignore[assignment]
    return options
