"""Vectors of whole texts take no thread from, and give none to, what else a process does."""

from __future__ import annotations

import subprocess
import sys
import threading
from typing import Any

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from harnn.text import embed_texts, text_vectors, tune_text_vectors

TEXTS = [f"The swarm settled in hive {number} and brought pollen." * 4 for number in range(140)]
COUNT = "from threadpoolctl import threadpool_info as info; f = lambda: [x['num_threads'] for x in "
COUNT += "info() if x['user_api'] == 'blas']; "


def threads_of_products() -> int:
    return text_vectors._threads_of_a_product()


@pytest.mark.parametrize("threads", [1, 2])
def test_threads_of_products_are_left_alone_by_calls_that_overlap(threads: int) -> None:
    seen: list[int] = []
    with threadpool_limits(threads, user_api="blas"):
        before = threads_of_products()
        work = [threading.Thread(target=embed_texts, args=(TEXTS[: 20 * n],)) for n in (1, 2, 3)]
        for thread in work:
            thread.start()
        while any(thread.is_alive() for thread in work):
            seen.append(threads_of_products())
            work[0].join(0.01)
        assert {*seen, threads_of_products()} == {before}


def test_threads_change_no_bit() -> None:
    found = []
    for products, workers in ((1, 1), (1, 2), (2, 2)):
        with threadpool_limits(products, user_api="blas"):
            found.append(embed_texts(TEXTS, threads=workers))
    np.testing.assert_array_equal(found[0], found[1])
    np.testing.assert_allclose(found[0], found[2], atol=1e-5)


def test_a_program_lets_products_take_one_thread_for_good() -> None:
    code = f"{COUNT} from harnn.text import tune_text_vectors; tune_text_vectors(); print(f())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[1]\n"
    before = threads_of_products()
    with threadpool_limits(before, user_api="blas"):
        tune_text_vectors()
        assert threads_of_products() == 1


def test_a_stop_is_noticed_between_two_texts() -> None:
    asked: list[Any] = []

    def stopped() -> bool:
        asked.append(1)
        return len(asked) > 3

    with pytest.raises(InterruptedError):
        embed_texts(TEXTS[:10], threads=1, stopped=stopped)
    assert len(asked) == 4
