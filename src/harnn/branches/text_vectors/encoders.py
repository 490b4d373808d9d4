"""The encoder of a model: opened for a training, stored by its name and hashes, found again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from harnn.branches.branch import Arrays, Parts, StoredModel
from harnn.branches.text_vectors.table_encoder import TableEncoder
from harnn.corpus import ArrayCache
from harnn.errors import BundleError, InputError, Problem
from harnn.text import (
    EncoderRecord,
    TextEncoder,
    UseEncoder,
    never,
    open_tokenizer,
    require_minilm,
)
from harnn.text.sentence_files import MINILM_SHA256, WEIGHTS

if TYPE_CHECKING:
    from harnn.branches.text_vectors.bert_encoder import BertEncoder

SETTING = "sentence_encoder"
"""Where a model remembers it; the first models do not, and mean ``use``."""
_TABLES: dict[str, NDArray[np.float16]] = {}
"""The one made last, by the SHA-256 of its encoder's weights: folds need it again."""
_NEEDS = "needs the encoder of whole texts that it was trained with"


def open_encoder(
    name: str,
    tokens: int,
    *,
    layers: tuple[int, ...] = (),
    cache: ArrayCache | None = None,
    stopped: Callable[[], bool] = never,
) -> TextEncoder:
    """Return an encoder by its name in :class:`harnn.text.EncoderChoice`.

    layers: of an encoder of the BERT family, whose states are read; none: the last one's alone.
    cache: where the table of ``static`` is kept for the next training.

    Raises:
        MissingExtraError: it is not installed.
        InputError: its directory is missing or damaged.
        InterruptedError: *stopped* said so.
    """
    if name == "use":
        return _use()
    if name == "static":
        return _table(tokens, cache, stopped)
    if name == "minilm":
        return _minilm(tokens, layers)
    from harnn.branches.text_vectors.bert_encoder import BertEncoder

    place = Path(name).absolute()
    return BertEncoder.open(place, name="path", source=str(place), tokens=tokens, layers=layers)


def _use() -> TextEncoder:
    from harnn.network import computes_bfloat16

    if not computes_bfloat16():
        return UseEncoder.open()
    from harnn.branches.text_vectors.use_bfloat16 import Bfloat16UseEncoder

    return Bfloat16UseEncoder.open()


def _minilm(tokens: int, layers: tuple[int, ...] = ()) -> BertEncoder:
    from harnn.branches.text_vectors.bert_encoder import BertEncoder

    directory, source = require_minilm()
    encoder = BertEncoder.open(
        directory, name="minilm", source=source, tokens=tokens, layers=layers
    )
    if encoder.record.sha256[WEIGHTS] != MINILM_SHA256:
        what = "is not what its package says: it was changed after it was installed."
        raise InputError(Problem(str(directory / WEIGHTS), what, "Install the package again."))
    return encoder


def _table(tokens: int, cache: ArrayCache | None, stopped: Callable[[], bool]) -> TableEncoder:
    from harnn.branches.text_vectors.bert_encoder import token_table

    source = _minilm(tokens)
    made_of = ["token table", source.record.to_dict()]

    def make() -> Arrays:
        weights = source.record.sha256[WEIGHTS]
        if weights not in _TABLES:
            _TABLES.clear()
            _TABLES[weights] = token_table(source, stopped)
        return {"table": _TABLES[weights]}

    kept = make() if cache is None else cache.get(made_of, make, check=_check_table)
    assert kept is not None
    table = np.asarray(kept["table"])
    content = source.files.tokenizer()
    record = replace(source.record, name="static", size=table.shape[1])
    rules = open_tokenizer(content, tokens, len(table), source.record.source)
    return TableEncoder(record, table, rules, content)


def _check_table(arrays: Arrays) -> None:
    """Raises:
    InputError: they are no table.
    """
    table = arrays.get("table")
    if (
        table is None
        or table.dtype != np.float16
        or table.ndim != 2
        or not np.isfinite(table).all()
    ):
        raise InputError("they are no table of tokens")


@runtime_checkable
class _Stored(Protocol):
    """An encoder of which a model keeps more than its record."""

    def to_parts(self, *, light: bool, int8: bool) -> Parts:
        """As :meth:`harnn.branches.Branch.to_parts`."""


def store_encoder(encoder: TextEncoder, *, light: bool, int8: bool = False) -> Parts:
    """Return what a model keeps of its encoder; light: to be computed without PyTorch.

    Raises:
        MissingExtraError: a light form needs packages that are not installed.
    """
    parts = encoder.to_parts(light=light, int8=int8) if isinstance(encoder, _Stored) else Parts()
    return Parts(parts.arrays, {SETTING: encoder.record.to_dict()}, parts.files)


def encodes_with_torch(settings: Mapping[str, Any]) -> bool:
    """Whether the encoder that a model remembers is, or can be (``--bf16``), PyTorch's work."""
    plain = settings.get(SETTING)
    return not (isinstance(plain, dict) and plain.get("name") == "static")


def read_encoder(stored: StoredModel) -> TextEncoder:
    """Return the encoder that a model was trained with.

    Raises:
        BundleError: what is remembered is damaged, or the encoder is missing or another one.
        MissingExtraError: it is not installed.
    """
    plain = stored.settings.get(SETTING)
    if plain is None:  # made in float32, and measured so
        return UseEncoder.open()
    try:
        record = EncoderRecord.from_dict(plain)
    except ValueError as error:
        what = f"{SETTING} is damaged: {error}."
        raise BundleError(Problem(stored.settings_path, what)) from None
    if record.name == "static":
        return TableEncoder.read(stored, record)
    if stored.light and record.name in ("minilm", "path"):
        from harnn.branches.text_vectors.onnx_encoder import OnnxEncoder

        return OnnxEncoder.read(stored, record)
    where = str(stored.directory)
    name = record.source if record.name == "path" else record.name
    try:
        plainly = record.name == "use" and not record.bfloat16
        if stored.light or plainly:  # without PyTorch, or as the model was measured
            encoder: TextEncoder = UseEncoder.open()
        else:
            encoder = open_encoder(name, record.tokens, layers=record.layers)
    except InputError as error:
        raise BundleError(
            [Problem(where, f"{_NEEDS}: {problem}") for problem in error.problems]
        ) from None
    if difference := record.difference(encoder.record):
        what = f"was trained with the encoder {record.source}, and here is another: {difference}."
        raise BundleError(Problem(where, what, "Install that one, or train again."))
    return encoder
