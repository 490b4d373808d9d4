"""The encoder of whole texts with products in bfloat16: near, in any threads, where it is used."""

from __future__ import annotations

import threading
from dataclasses import replace

import numpy as np
import pytest
import torch
from threadpoolctl import threadpool_limits

from harnn.branches.branch import StoredModel
from harnn.branches.text_vectors import encoders, use_bfloat16
from harnn.branches.text_vectors.use_bfloat16 import Bfloat16UseEncoder
from harnn.text import UseEncoder

TEXTS = [
    f"Une chatte dort sur le canapé {number}. 一只猫在沙发上睡觉。" * 3 for number in range(70)
]


def test_vectors_turn_but_little() -> None:
    fast, exact = Bfloat16UseEncoder.open(), UseEncoder.open()
    assert fast.record == replace(exact.record, bfloat16=True)
    assert fast.languages == exact.languages
    found, expected = fast.encode(["", *TEXTS]), exact.encode(["", *TEXTS])
    assert not found[0].any()
    assert np.einsum("nd,nd->n", found, expected)[1:].min() > 0.99999
    alone = np.concatenate([fast.encode([text]) for text in TEXTS[:3]])
    np.testing.assert_allclose(alone, found[1:4], atol=1e-5)


def test_threads_change_nothing_and_are_given_back() -> None:
    fast, before = Bfloat16UseEncoder.open(), torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        with threadpool_limits(1, user_api="blas"):
            work = [
                threading.Thread(target=fast.encode, args=(TEXTS,), kwargs={"threads": n})
                for n in (1, 2)
            ]
            for thread in work:
                thread.start()
            for thread in work:
                thread.join()
            one, two = (fast.encode(TEXTS, threads=n) for n in (1, 2))
        np.testing.assert_array_equal(one, two)
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(before)


def test_a_stop_is_noticed_and_threads_are_given_back() -> None:
    before = torch.get_num_threads()
    with pytest.raises(InterruptedError):
        Bfloat16UseEncoder.open().encode(TEXTS, stopped=lambda: True)
    assert torch.get_num_threads() == before
    assert use_bfloat16._one_thread_each._callers == 0


@pytest.mark.parametrize("native", [True, False])
def test_where_it_is_used(native: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harnn.network.computes_bfloat16", lambda: native)
    kind = Bfloat16UseEncoder if native else UseEncoder
    opened = encoders.open_encoder("use", 0)
    assert type(opened) is kind
    record = {"sentence_encoder": opened.record.to_dict()}
    stored = StoredModel(directory=None, arrays={}, settings=record, light=False)  # type: ignore[arg-type]
    assert type(encoders.read_encoder(stored)) is kind
    assert type(encoders.read_encoder(replace(stored, light=True))) is UseEncoder
    measured = {"sentence_encoder": replace(opened.record, bfloat16=False).to_dict()}
    for settings in ({}, measured):  # of float32
        assert type(encoders.read_encoder(replace(stored, settings=settings))) is UseEncoder
