"""Tensors behind the JSON of a message."""

from __future__ import annotations

import json
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harnn.serve.problems import RequestError
from harnn.serve.routes.binary_tensors import as_plain_json, pack_strings, unpack_strings


def test_an_element_is_its_length_and_itself() -> None:
    assert pack_strings(["a水", ""]) == b"\x04\0\0\0a\xe6\xb0\xb4\0\0\0\0"


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]))))
def test_what_is_packed_is_unpacked(texts: list[str]) -> None:
    assert unpack_strings(pack_strings(texts), "text") == texts


def message(*sizes: object) -> bytes:
    inputs = [
        {"name": f"i{n}", "datatype": "BYTES", "parameters": {"binary_data_size": size}}
        for n, size in enumerate(sizes)
    ]
    return json.dumps({"inputs": inputs}).encode()


def test_tensors_are_put_into_the_json() -> None:
    first, second = pack_strings(["a", "b"]), pack_strings(["c"])
    head = message(len(first), len(second))
    plain = json.loads(as_plain_json(head + first + second, str(len(head))))
    assert [each["data"] for each in plain["inputs"]] == [["a", "b"], ["c"]]
    assert [each["parameters"] for each in plain["inputs"]] == [{}, {}]


def test_what_is_no_json_is_left_for_its_reader() -> None:
    assert as_plain_json(b"{]more", "2") == b"{]"
    deep = b"[" * 100_000
    assert as_plain_json(deep, str(len(deep))) == deep
    assert as_plain_json(b'{"inputs": [1, {"parameters": null}]}', "37")


HEAD = message(9)


@pytest.mark.parametrize(
    ("body", "header", "what"),
    [
        (
            b"{}",
            "3",
            "Got the header inference-header-content-length: 3, expected the length of the JSON in "
            "the body.",
        ),
        (
            b"{}",
            "-1",
            "Got the header inference-header-content-length: -1, expected the length of the JSON "
            "in the body.",
        ),
        (HEAD, str(len(HEAD)), "Input 'i0': its binary_data_size does not fit the body."),
        (
            message(True) + b"1",
            str(len(message(True))),
            "Input 'i0': its binary_data_size does not fit the body.",
        ),
        (
            HEAD + struct.pack("<I", 6) + b"12345",
            str(len(HEAD)),
            "Input 'i0': element 1 ends too early.",
        ),
        (
            HEAD + struct.pack("<I", 5) + b"\xff1234",
            str(len(HEAD)),
            "Input 'i0': element 1 is no text in UTF-8.",
        ),
        (
            HEAD + struct.pack("<I", 5) + b"12345" + b"67",
            str(len(HEAD)),
            "2 bytes behind the last tensor are too many.",
        ),
    ],
)
def test_lengths_that_do_not_fit(body: bytes, header: str, what: str) -> None:
    with pytest.raises(RequestError) as caught:
        as_plain_json(body, header)
    assert (caught.value.status, caught.value.detail) == (400, what)
