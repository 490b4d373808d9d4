"""Every format of word vectors, damaged: only our own errors come out, quickly."""

from __future__ import annotations

import contextlib
import gzip
import io
import random
import time
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from harnn.config import TextConfig
from harnn.errors import HarnnError
from harnn.text import Tokenizer, read_vectors
from harnn.text.word_vectors_reading import check_vectors
from support.file_mutations import MUTATIONS, check_message, mutate

ROWS = {"the": [0.5, -1.25, 3.0], "cat": [1e-3, 2.0, -7.5], "北京": [4.0, 5.0, 6.0]}
TEXT = "".join(f"{word} {' '.join(map(str, row))}\n" for word, row in ROWS.items()).encode()
BINARY = b"3 3\n" + b"".join(
    word.encode() + b" " + np.array(row, dtype="<f4").tobytes() + b"\n"
    for word, row in ROWS.items()
)
WORDS = "\n".join(ROWS).encode() + b"\n"
SLOW, LARGE = 5.0, 100 << 20
"""Seconds and bytes that no input of a few thousand bytes may take."""


def matrix(dtype: str = "<f8") -> bytes:
    stream = io.BytesIO()
    np.save(stream, np.array(list(ROWS.values()), dtype=dtype))
    return stream.getvalue()


SEEDS = {
    "glove.txt": TEXT,
    "word2vec.txt": b"3 3\n" + TEXT,
    "fasttext.vec": b"3 3\n" + TEXT.replace(b"\n", b" \n"),
    "tabs.tsv": TEXT.replace(b" ", b"\t"),
    "word2vec.bin": BINARY,
    "matrix.npy": matrix(),
    "half.npy": matrix("<f2"),
    "zipped.gz": gzip.compress(TEXT, mtime=0),
    "zipped.bin.gz": gzip.compress(BINARY, mtime=0),
}


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return Tokenizer.build(["the the cat 北京 mat"], TextConfig(min_count=1), segment=str.split)


def try_one(path: Path, tokenizer: Tokenizer) -> bool:
    """Check and read a file; tell whether it was read."""
    recognised = False
    with contextlib.suppress(HarnnError):
        check_vectors(path)
        recognised = True
    vectors = read_vectors(path, tokenizer)
    assert recognised, "refused by its head, and read all the same"
    assert np.isfinite(vectors.matrix).all()
    assert not vectors.matrix[0].any()
    return True


def test_damaged_vectors(tmp_path: Path, tokenizer: Tokenizer) -> None:
    chance = random.Random(14)
    others = list(SEEDS.values())
    read = 0
    for number in range(MUTATIONS):
        name = chance.choice(list(SEEDS))
        content = SEEDS[name]
        packed = name.endswith(".gz") and chance.random() < 0.5
        content = mutate(gzip.decompress(content) if packed else content, chance, others)
        path = tmp_path / name
        path.write_bytes(gzip.compress(content, 1) if packed else content)
        words = WORDS if chance.random() < 0.7 else mutate(WORDS, chance, others)
        if path.suffix == ".npy":
            path.with_suffix(".words").write_bytes(words)
        start = time.process_time()
        try:
            read += try_one(path, tokenizer)
        except HarnnError as error:
            check_message(error)
        except Exception as error:
            pytest.fail(f"input {number} of {name}, {content[:2_000]!r}: {error!r}")
        assert time.process_time() - start < SLOW, f"input {number} of {name}"
    assert 0.1 < read / MUTATIONS < 0.9, "the damage is too slight, or too heavy, to tell anything"


def test_damaged_headers_of_matrices(tmp_path: Path, tokenizer: Tokenizer) -> None:
    """Text for Python's own reader of literals, which raises whatever Python raises."""
    chance = random.Random(15)
    path = tmp_path / "m.npy"
    path.with_suffix(".words").write_bytes(WORDS)
    content = matrix()
    start, end = content.index(b"{"), content.index(b"}") + 1
    pieces = [b"(" * 300, b"9" * 5_000, b"-1", b"10**9", b"'<f4'", b"'|O'", b"1e999", b"\\x", b"3L"]
    pieces += [b"[('a', '<f4')]", b"True", b"None", b"1 << 99", b"lambda: 0", b"'<f3'", b"''"]
    for number in range(MUTATIONS // 3):
        text = mutate(content[start:end], chance, pieces)
        key = chance.choice((b"'<f8'", b"False", b"(3, 3)", b"3"))
        text = text.replace(key, chance.choice(pieces)) if chance.random() < 0.5 else text
        header = text.ljust(end - start)
        length = len(header).to_bytes(4, "little")
        path.write_bytes(b"\x93NUMPY\x02\x00" + length + header + content[128:])
        try:
            try_one(path, tokenizer)
        except HarnnError as error:
            check_message(error)
        except Exception as error:
            pytest.fail(f"input {number}, {text!r}: {error!r}")


@pytest.mark.parametrize("name", ["zeros", "numbers", "word", "blank", "problems"])
def test_endless_lines_are_bounded(tmp_path: Path, tokenizer: Tokenizer, name: str) -> None:
    """Files of some kilobytes that unpack to a hundred megabytes."""
    start, filling, count = {
        "zeros": (b"the 1 2 3\ncat ", b"\0" * 1_000_000, 100),
        "numbers": (b"the 1 2 3\ncat", b" 1" * 500_000, 100),
        "word": (b"the 1 2 3\n", b"x" * 1_000_000, 100),
        "blank": (b"the 1 2 3\ncat", b" " * 1_000_000, 100),
        "problems": (b"the 1 2 3\n", b"cat 1\n" * 100_000, 100),
    }[name]
    path = tmp_path / "v.txt.gz"
    with gzip.open(path, "wb", compresslevel=1) as stream:
        stream.write(start)
        for _ in range(count):
            stream.write(filling)
    begun = time.process_time()
    tracemalloc.start()
    with pytest.raises(HarnnError):
        read_vectors(path, tokenizer)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < LARGE
    assert time.process_time() - begun < 2 * SLOW
