"""What convert refuses, says, and leaves behind."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harnn.config import DataConfig
from harnn.converters import FORMATS, convert, find_format, from_hiclass, to_hiclass
from harnn.data import Document, ReadingLog, write_rows
from harnn.errors import ConfigError, DocumentError, HarnnError, InputError, TaxonomyError
from harnn.taxonomy import Taxonomy
from support.conversions import DOCUMENTS, TAXONOMY, back, to, write_taxonomy

ROOT = Path(__file__).parents[2]


def error_of(kind: type[HarnnError], do: Callable[..., Any], *given: Any, **options: Any) -> str:
    with pytest.raises(kind) as caught:
        do(*given, **options)
    return str(caught.value)


def files_in(folder: Path) -> set[str]:
    return {each.name for each in folder.iterdir()}


# --- formats -----------------------------------------------------------------------------------


def test_formats_are_one_table_and_all_are_on_the_page() -> None:
    page = (ROOT / "docs" / "converting.md").read_text(encoding="utf-8")
    for name, each in FORMATS.items():
        assert each.name == name
        assert f"| `{name}` |" in page
        assert len(f"{name} {each.summary}") < 110


def test_unknown_formats_are_refused_with_the_list() -> None:
    assert error_of(ConfigError, find_format, "hi-agm", "target") == (
        f"target: got 'hi-agm', expected one of {', '.join(FORMATS)}. Did you mean 'hiagm'?"
    )


def test_what_formats_cannot_do_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    none, out = tmp_path / "none", tmp_path / "out.txt"
    wrong = {"source": "libsvm", "target": "aws", "blank": "a b"}
    assert error_of(ConfigError, convert, none, out, **wrong) == (
        "3 problems in the configuration:\n"
        "  libsvm: holds no texts, so that no documents can be read from it.\n"
        "  aws: takes labels with blanks as they are.\n"
        "  blank: got 'a b', expected something without blanks."
    )
    assert error_of(ConfigError, convert, none, out, source="aws", target="harnn") == (
        f"{out}: unknown extension '.txt', expected .jsonl, .ndjson, .csv or .tsv "
        "(each also with .gz or .zst), or .parquet."
    )
    assert error_of(ConfigError, convert, none, out, source="aws", target="label-studio") == (
        f"{out}: unknown extension '.txt', expected .json."
    )
    assert error_of(ConfigError, convert, [], out, source="aws", target="doccano") == (
        "data: there are no files to read."
    )
    assert error_of(InputError, convert, "-", out, source="hiclass", target="doccano") == (
        "standard input: can be read only once, but without a taxonomy hiclass is read twice. "
        "Write it to a file first."
    )
    assert error_of(InputError, convert, none, tmp_path, source="aws", target="doccano") == (
        f"{tmp_path}: is a directory, expected a file."
    )
    taken = tmp_path / "taken"
    taken.mkdir()
    (taken / "thesis.tex").touch()
    assert error_of(InputError, convert, none, taken, source="aws", target="annif") == (
        f"{taken}: is a directory with files in it. Choose another place or empty it first."
    )
    assert error_of(InputError, convert, none, taken, source="aws", target="huggingface") == (
        f"{taken}: is a directory with other files in it (it has no dataset_info.json). "
        "Choose another place or empty it first."
    )
    special = Path("/dev/stdout")
    assert error_of(InputError, convert, none, special, source="aws", target="libsvm") == (
        "/dev/stdout: libsvm writes other files beside the documents: expected a file."
    )
    assert files_in(tmp_path) == {"taken"}


def test_places_that_are_read_are_not_written(tmp_path: Path) -> None:
    given = tmp_path / "d.jsonl"
    write_rows(DOCUMENTS, given)
    taxonomy = write_taxonomy(tmp_path)
    options: dict[str, Any] = {"source": "harnn", "target": "harnn", "taxonomy": taxonomy}
    message = "is read by this command, so it cannot be written. Choose another place."
    assert error_of(InputError, convert, given, given, **options) == f"{given}: {message}"
    out = tmp_path / "o.jsonl"
    assert error_of(InputError, convert, given, out, **options, taxonomy_output=taxonomy) == (
        f"{taxonomy}: {message}"
    )
    place = tmp_path / "x.json"
    assert (
        error_of(
            InputError,
            convert,
            given,
            place,
            **{**options, "target": "doccano"},
            taxonomy_output=place,
        )
        == f"{place}: is to hold both the documents and the taxonomy. Choose two places."
    )
    labels = tmp_path / "o.svm.label-map.tsv"
    labels.write_text("x\n")
    assert (
        error_of(
            InputError,
            convert,
            [given, labels],
            tmp_path / "o.svm",
            source="harnn",
            target="libsvm",
        )
        == f"{labels}: {message}"
    )


def test_a_taxonomy_must_be_there_to_be_written(tmp_path: Path) -> None:
    place = tmp_path / "t.json"
    assert error_of(
        ConfigError, to, tmp_path, "aws", "o.csv", DOCUMENTS, taxonomy_output=place
    ) == (
        f"{place}: there is no taxonomy to write: none is given, and harnn does not tell one. "
        "Give one with taxonomy (--taxonomy)."
    )
    assert error_of(ConfigError, to, tmp_path, "harnn-original", "o.json", DOCUMENTS) == (
        "harnn-original: numbers labels by the levels of a taxonomy, but none is given. "
        "Give it with --taxonomy."
    )
    assert files_in(tmp_path) == {"documents.jsonl"}


def test_labels_without_a_taxonomy_stand_alone(tmp_path: Path) -> None:
    path, done = to(tmp_path, "neuralclassifier", "o.json", DOCUMENTS[:1])
    assert json.loads(path.read_text())["doc_label"] == ["Soup"]
    said = "No taxonomy is given: labels are written without those above them."
    assert done.notes[0] == said
    _, done = to(tmp_path, "hiagm", "o.json", DOCUMENTS[:1])
    assert done.notes[0] == said


# --- labels ------------------------------------------------------------------------------------


def test_labels_are_held_to_the_taxonomy(tmp_path: Path) -> None:
    taxonomy = write_taxonomy(tmp_path)
    documents = [*DOCUMENTS, Document("x", {"text": "y"}, ("Soap", "Art"))]
    message = error_of(
        DocumentError, to, tmp_path, "doccano", "o.jsonl", documents, taxonomy=taxonomy
    )
    given = tmp_path / "documents.jsonl"
    assert message == f"{given}:4: unknown label 'Soap'. Did you mean 'Soup'?"
    assert files_in(tmp_path) == {"documents.jsonl", "taxonomy.json"}
    log = ReadingLog()
    config = DataConfig(on_error="drop-labels")
    path, done = to(
        tmp_path, "doccano", "o.jsonl", documents, taxonomy=taxonomy, config=config, log=log
    )
    assert json.loads(path.read_text().splitlines()[-1])["label"] == ["Art"]
    assert (done.documents, dict(log.dropped)) == (4, {"Soap": 1})
    log = ReadingLog()
    config = DataConfig(on_error="skip")
    _, done = to(
        tmp_path, "doccano", "o.jsonl", documents, taxonomy=taxonomy, config=config, log=log
    )
    assert (done.documents, log.skipped) == (3, 1)


def test_unknown_paths_are_unknown_labels(tmp_path: Path) -> None:
    taxonomy = write_taxonomy(tmp_path)
    path = tmp_path / "d.json"
    path.write_text('{"doc_label": ["Food--Art", "Food--Soup"], "doc_token": ["a"]}\n')
    message = error_of(DocumentError, back, tmp_path, "neuralclassifier", path, taxonomy=taxonomy)
    assert message == f"{path}:1: unknown label 'Food > Art'."


REFUSED = [
    (
        "fasttext",
        "Hot soup",
        "has a blank in it, which ends a label. Say what is to stand for a blank: --blank _",
    ),
    (
        "libmultilabel",
        "a\u3000b",
        "has a blank in it, which ends a label. Say what is to stand for a blank: --blank _",
    ),
    (
        "aws",
        "A|B",
        "is empty or has '|' in it, which separates labels. Give another separator: "
        "--label-separator",
    ),
    (
        "neuralclassifier",
        "A--B",
        "or one above it has '--' in it or '-' at an end. Paths are separated by --; without "
        "--taxonomy labels are written alone.",
    ),
    ("hiclass", "", "is empty, which fills paths up."),
]


@pytest.mark.parametrize(("form", "label", "why"), REFUSED)
def test_labels_that_a_format_would_break_are_refused(
    tmp_path: Path, form: str, label: str, why: str
) -> None:
    documents = [Document("a", {"text": "x"}, ("good", label)), Document("b", {"text": "x"}, ())]
    message = error_of(DocumentError, to, tmp_path, form, "o.txt", documents)
    assert message == f"{tmp_path / 'documents.jsonl'}:1: label {label!r} {why}"
    assert files_in(tmp_path) == {"documents.jsonl"}
    config = DataConfig(on_error="skip")
    _, done = to(tmp_path, form, "o.txt", documents, config=config)
    assert done.documents == 1


@pytest.mark.parametrize("form", ["fasttext", "libmultilabel", "libsvm"])
def test_labels_that_no_map_can_hold_are_refused(tmp_path: Path, form: str) -> None:
    documents = [Document("a", {"text": "x"}, ("a\tb",))]
    blank = None if form == "libsvm" else "_"
    assert error_of(DocumentError, to, tmp_path, form, "o.txt", documents, blank=blank) == (
        f"{tmp_path / 'documents.jsonl'}:1: label 'a\\tb' has a tab or a line break in it, which "
        "the map of labels cannot hold."
    )


def test_labels_that_would_become_one_are_refused(tmp_path: Path) -> None:
    documents = [Document("a", {"text": "x"}, ("a b", "a_b", " "))]
    where = tmp_path / "documents.jsonl"
    message = error_of(DocumentError, to, tmp_path, "fasttext", "o.txt", documents, blank="_")
    assert message == (
        f"{where}:1: label 'a_b' would be written as 'a_b', as 'a b' is. "
        "Choose something else for blanks."
    )
    message = error_of(
        DocumentError,
        to,
        tmp_path,
        "fasttext",
        "o.txt",
        [Document("a", {"text": ""}, (" ",))],
        blank="",
    )
    assert message == (
        f"{where}:1: label ' ' would be written as '', which is none. "
        "Choose something else for blanks."
    )


def test_texts_that_a_format_would_break_are_refused(tmp_path: Path) -> None:
    where = tmp_path / "documents.jsonl"
    documents = [
        Document("a", {"text": "so __label__x it is"}, ("A",)),
        Document("b", {"text": "\n"}, None),
    ]
    assert error_of(DocumentError, to, tmp_path, "fasttext", "o.txt", documents) == (
        "2 problems in the documents:\n"
        f"  {where}:1: a word of the text begins with '__label__', which makes it a label.\n"
        f"  {where}:2: has neither labels nor text, which would be an empty line."
    )
    empty = [Document("b", {"text": ""}, None)]
    for form in ("libsvm", "aws"):
        assert error_of(DocumentError, to, tmp_path, form, "o.txt", empty) == (
            f"{where}:1: has neither labels nor text, which would be an empty line."
        )
    assert error_of(DocumentError, to, tmp_path, "annif", "o.tsv", empty).endswith("empty line.")
    tab = [Document("a\tb", {"text": "x"}, ())]
    assert error_of(DocumentError, to, tmp_path, "libmultilabel", "o.txt", tab) == (
        f"{where}:1: the id 'a\\tb' is empty or has a tab or a line break in it."
    )
    assert files_in(tmp_path) == {"documents.jsonl"}


# --- readers -----------------------------------------------------------------------------------

DAMAGED = [
    (
        "libmultilabel",
        "o.txt",
        "a\tb\tc\na\tb\n",
        ":2: has 2 columns, expected 3 as in the lines before it, separated by tabs.",
    ),
    (
        "libmultilabel",
        "o.txt",
        "abc\n",
        ":1: has 1 column, expected two (labels and text) or three "
        "(id, labels and text), separated by tabs.",
    ),
    (
        "aws",
        "o.csv",
        "A,b,c\n",
        ":1: has 3 columns, expected 2: labels and text. Text with a comma "
        "in it stands in quotation marks.",
    ),
    (
        "annif",
        "o.tsv",
        "text\thttp://a\n",
        ":1: found 'http://a', expected URIs in angle brackets.",
    ),
    ("annif", "o.csv", "document_id,body\n", ":1: the header has no column 'text'."),
    ("annif", "o.csv", "text\na,b\n", ":2: has 2 cells, expected 1."),
    ("annif", "o.csv", "text,text\na,b\n", ":1: the header has two columns 'text'."),
    (
        "annif",
        "o.jsonl",
        '{"text": "x", "subjects": ["a"]}\n',
        ":1: 'subjects' is something else, expected a list of objects with a 'uri' or 'label'.",
    ),
    (
        "doccano",
        "o.jsonl",
        '{"text": "x", "label": [[0, 3, "A"]]}\n',
        ":1: 'label' holds spans of "
        "the text, which are no labels of a document. Export a project of text classification.",
    ),
    (
        "doccano",
        "o.jsonl",
        '{"text": "x", "annotations": [{"label": 3}]}\n',
        ":1: has "
        "'annotations', which tell numbers of labels and not their names. Export with the names of "
        "labels.",
    ),
    (
        "hiagm",
        "o.json",
        '{"token": "a b", "label": ["A"]}\n',
        ":1: 'token' is a string, expected a list of strings.",
    ),
    ("hiagm", "o.json", '{"label": [3]}\n', None),
    (
        "hiclass",
        "o.jsonl",
        '{"x": "a", "y": [["", "B"]]}\n',
        ":1: a path in 'y' has an empty label above another.",
    ),
    (
        "hiclass",
        "o.jsonl",
        '{"x": "a", "y": ["B"]}\n',
        ":1: 'y' is something else, expected a list of lists of strings.",
    ),
    (
        "label-studio",
        "o.json",
        '[{"data": {"text": "a"}, "annotations": [{"result": [{"value": {"taxonomy": [[7]]}}]}]}]',
        ':1: labels are [[7]], expected paths such as [["A", "B"]].',
    ),
    (
        "neuralclassifier",
        "o.json",
        '{"doc_label": ["A--"], "doc_token": []}\n',
        ":1: empty label. Give the taxonomy, so that labels are known by it.",
    ),
]


@pytest.mark.parametrize(("form", "name", "content", "message"), DAMAGED)
def test_damage_is_told_with_file_and_line(
    tmp_path: Path, form: str, name: str, content: str, message: str | None
) -> None:
    path = tmp_path / name
    path.write_text(content)
    said = error_of(DocumentError, back, tmp_path, form, path)
    if message is None:
        assert said == (
            "2 problems in the documents:\n"
            f"  {path}:1: 'label' holds a whole number, expected strings.\n"
            f"  {path}:1: has no words, expected a list of strings in 'token'."
        )
    else:
        assert said == f"{path}{message}"
    assert files_in(tmp_path) == {name}


def test_maps_of_labels_are_checked(tmp_path: Path) -> None:
    path = tmp_path / "o.txt"
    path.write_text("__label__a b\n")
    place = tmp_path / "o.txt.label-map.tsv"
    place.write_text("written\tlabel\na\n")
    assert error_of(DocumentError, back, tmp_path, "fasttext", path) == (
        f"{place}:2: expected two columns, written and label, separated by a tab. "
        "Remove the file if the documents hold the labels themselves."
    )


def test_data_sets_are_checked(tmp_path: Path) -> None:
    folder = tmp_path / "hf"
    folder.mkdir()
    assert error_of(DocumentError, back, tmp_path, "huggingface", folder) == (
        f"{folder / 'dataset_info.json'}: no such file. "
        "Expected a directory that Dataset.save_to_disk has written."
    )
    (folder / "dataset_info.json").write_text("{}")
    (folder / "state.json").write_text('{"_data_files": [{"filename": "../../etc/passwd"}]}')
    assert error_of(DocumentError, back, tmp_path, "huggingface", folder) == (
        f"{folder / 'state.json'}: '_data_files' is something else, expected names of files "
        "beside it."
    )
    (folder / "state.json").write_text('{"_data_files": [{"filename": "a.arrow"}]}')
    (folder / "a.arrow").write_bytes(b"no arrow")
    said = error_of(DocumentError, back, tmp_path, "huggingface", folder)
    assert said.startswith(f"{folder / 'a.arrow'}: is damaged or not an Arrow stream (")
    (folder / "state.json").write_text('{"_indices_data_files": [{"filename": "i.arrow"}]}')
    assert error_of(DocumentError, back, tmp_path, "huggingface", folder).endswith(
        "chooses rows by indices, which are not read. Call flatten_indices() before saving."
    )
    (folder / "dataset_dict.json").write_text('{"splits": ["train"]}')
    (folder / "train").mkdir()
    assert error_of(DocumentError, back, tmp_path, "huggingface", folder) == (
        f"{folder}: holds several splits (train). Give those that are meant, as {folder / 'train'}."
    )


def test_arrays_of_hiclass_are_checked() -> None:
    assert error_of(DocumentError, from_hiclass, ["a"], []) == (
        "got 1 texts and 0 lists of paths, expected as many."
    )
    assert error_of(DocumentError, from_hiclass, ["a", "b"], [[["A"]], [["", "B"]]]) == (
        "document 1: a path in 'y' has an empty label above another."
    )
    unknown = [Document("a", {"text": "x"}, ("Soap",))]
    assert error_of(TaxonomyError, to_hiclass, unknown, TAXONOMY).startswith("label 'Soap' is not")


# --- what is left behind -----------------------------------------------------------------------


def test_nothing_is_written_where_the_last_document_is_bad(tmp_path: Path) -> None:
    taxonomy = write_taxonomy(tmp_path)
    documents = [*DOCUMENTS, Document("x", {"text": "y"}, ("Nobody knows",))]
    out = tmp_path / "out"
    out.mkdir()
    for form in FORMATS:
        name = "o.json" if form in ("label-studio", "harnn-original") else "o.jsonl"
        place = out / ("v.xml" if form == "label-studio" else "v.tsv")
        with pytest.raises(DocumentError, match="unknown label"):
            to(
                tmp_path,
                form,
                f"out/{name}",
                documents,
                taxonomy=taxonomy,
                taxonomy_output=place,
            )
        assert files_in(out) == set(), form


def test_taxonomies_in_tsv_say_what_they_lose(tmp_path: Path) -> None:
    named = Taxonomy.from_edges([("a", "ROOT"), ("b", "a")], {"a": "Alpha"}, {"b": "Beta."})
    out = tmp_path / "t.tsv"
    documents = [Document("x", {"text": "y"}, ("b",))]
    place = write_taxonomy(tmp_path, named)
    _, done = to(tmp_path, "aws", "o.csv", documents, taxonomy=place, taxonomy_output=out)
    assert Taxonomy.from_file(out) == named
    assert done.notes[:2] == (
        "names are lost in the taxonomy (1 label 'a').",
        "descriptions are lost in the taxonomy (1 label 'b').",
    )
    blank = write_taxonomy(tmp_path, Taxonomy.from_edges([("a ", "ROOT")]))
    documents = [Document("x", {"text": "y"}, ())]
    assert (
        error_of(
            TaxonomyError,
            to,
            tmp_path,
            "aws",
            "p.csv",
            documents,
            taxonomy=blank,
            taxonomy_output=out,
        )
        == f"{out}: the label 'a ' begins or ends with a blank, which TSV does not keep. "
        "Write .json."
    )
    top = write_taxonomy(tmp_path, Taxonomy.from_edges([("Root", "ROOT")]))
    options: dict[str, Any] = {"taxonomy": top, "taxonomy_output": tmp_path / "t.taxonomy"}
    assert error_of(TaxonomyError, to, tmp_path, "hiagm", "p.json", documents, **options) == (
        f"{tmp_path / 't.taxonomy'}: a label is called 'Root', which is the name of the top in "
        "this format. Rename the label."
    )
    assert not (tmp_path / "p.json").exists()


@pytest.mark.parametrize(
    "form",
    [
        pytest.param(each, marks=() if each in ("fasttext", "label-studio") else pytest.mark.slow)
        for each in FORMATS
    ],
)
def test_documents_stream_through_every_format(tmp_path: Path, form: str) -> None:
    """Memory does not grow with the number of documents, there or back."""
    count, size = 1_200, 8_000
    text = {"text": "x" * size}
    given = tmp_path / "d.jsonl"
    write_rows((Document(f"d{n}", text, ("Soup",)) for n in range(count)), given)
    name = "o.json" if form in ("label-studio", "harnn-original") else "o.jsonl"
    path, taxonomy = tmp_path / name, write_taxonomy(tmp_path)

    def peak(data: Path, place: Path, source: str, target: str) -> int:
        tracemalloc.start()
        try:
            done = convert(data, place, source=source, target=target, taxonomy=taxonomy)
            assert done.documents == count
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    assert peak(given, path, "harnn", form) < count * size / 2
    if FORMATS[form].read is not None:
        assert peak(path, tmp_path / "back.jsonl", form, "harnn") < count * size / 2
