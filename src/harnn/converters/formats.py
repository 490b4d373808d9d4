"""The formats by name: the one table of what can be converted from and to what."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from harnn.converters import (
    annif,
    aws,
    doccano,
    fasttext,
    harnn_files,
    harnn_original,
    hiagm,
    hiclass,
    huggingface,
    label_studio,
    libmultilabel,
    libsvm,
    neuralclassifier,
)
from harnn.converters.annif_subjects import VOCABULARIES, write_vocabulary
from harnn.converters.parts import Input, Output, Reading
from harnn.converters.taxonomies import (
    WriteTaxonomy,
    write_own_taxonomy,
    write_parent_first,
    write_parent_first_tree,
)
from harnn.errors import ConfigError, Problem, suggest


@dataclass(frozen=True, slots=True)
class Format:
    """A format of documents: how it is read and written, and what becomes of a taxonomy."""

    name: str
    summary: str
    read: Callable[[Input], Reading] | None
    """None where it holds no texts."""
    write: Callable[[Output], None]
    check: Callable[[Path], None] | None = None
    """Refuses a place under whose name nothing is written, before any work is done; None: any."""
    write_taxonomy: WriteTaxonomy = write_own_taxonomy
    taxonomy_suffixes: tuple[str, ...] = (".json", ".tsv")
    """Of the place of the taxonomy; nothing: any."""
    learns: bool = False
    """Without a taxonomy it is learned from the documents, which are then read twice."""
    beside: tuple[str, ...] = ()
    """Endings of files that are written beside the documents."""
    writes_directories: bool = False
    """The documents may be a directory."""
    replaces_blanks: bool = False
    """Something else may stand for a blank in labels."""


_ALL = (
    Format(
        "harnn",
        "our own: .jsonl, .csv, .tsv, .parquet and what else harnn reads",
        harnn_files.read,
        harnn_files.write,
        harnn_files.check,
    ),
    Format(
        "harnn-original",
        "index records of the HARNN paper's code: title, abstract and a list of numbers a level",
        harnn_original.read,
        harnn_original.write,
        harnn_original.check,
        learns=True,
        beside=harnn_original.BESIDE,
    ),
    Format(
        "neuralclassifier",
        "Tencent NeuralNLP-NeuralClassifier: doc_label as paths A--B, doc_token",
        neuralclassifier.read,
        neuralclassifier.write,
        write_taxonomy=write_parent_first,
        taxonomy_suffixes=(),
        learns=True,
    ),
    Format(
        "hiagm",
        "HiAGM, HTCInfoMax, HPT, HiTin: token, and label with all above it",
        hiagm.read,
        hiagm.write,
        write_taxonomy=write_parent_first_tree,
        taxonomy_suffixes=(),
    ),
    Format(
        "libmultilabel",
        "LibMultiLabel: lines of id, labels and text",
        libmultilabel.read,
        libmultilabel.write,
        replaces_blanks=True,
    ),
    Format(
        "libsvm",
        "LIBSVM, multi-label: numbers of labels, and of words with their counts; written only",
        None,
        libsvm.write,
        beside=libsvm.BESIDE,
    ),
    Format(
        "fasttext",
        "fastText: lines of __label__ words and text",
        fasttext.read,
        fasttext.write,
        replaces_blanks=True,
    ),
    Format(
        "annif",
        "Annif: .tsv, .csv, .jsonl, or a directory of .txt and .tsv; vocabulary as .tsv, .ttl, .nt",
        annif.read,
        annif.write,
        annif.check,
        write_taxonomy=write_vocabulary,
        taxonomy_suffixes=VOCABULARIES,
        writes_directories=True,
    ),
    Format(
        "aws",
        "Amazon Comprehend, multi-label: CSV of A|B and text, without a header",
        aws.read,
        aws.write,
    ),
    Format(
        "hiclass",
        "HiClass: x and y as .jsonl, arrays as .npz or .npy, or .csv with a column a level",
        hiclass.read,
        hiclass.write,
        learns=True,
    ),
    Format(
        "label-studio",
        "Label Studio: exported annotations of a Taxonomy in, tasks with predictions out",
        label_studio.read,
        label_studio.write,
        label_studio.check,
        write_taxonomy=label_studio.write_labelling_config,
        taxonomy_suffixes=(".xml",),
        learns=True,
    ),
    Format(
        "doccano",
        "doccano: JSON lines of text and label (or labels)",
        doccano.read,
        doccano.write,
    ),
    Format(
        "huggingface",
        "Hugging Face datasets: a directory of save_to_disk, or .jsonl with its features beside",
        huggingface.read,
        huggingface.write,
        huggingface.check,
        writes_directories=True,
    ),
)
FORMATS: Mapping[str, Format] = {each.name: each for each in _ALL}


def find_format(name: str, where: str) -> Format:
    """Return the format of a name; where: the option that names it, for messages.

    Raises:
        ConfigError: there is none, with the list of those there are.
    """
    found = FORMATS.get(name)
    if found is None:
        what = f"got {name!r}, expected one of {', '.join(FORMATS)}."
        raise ConfigError(Problem(where, what, suggest(name, list(FORMATS))))
    return found
