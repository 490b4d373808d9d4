"""What a program sets for its process changes no number."""

from __future__ import annotations

import torch

from harnn.network import tune_process


def test_float32_products_stay_in_float32() -> None:
    before = torch.get_float32_matmul_precision()
    tune_process()
    assert torch.get_float32_matmul_precision() == before == "highest"


def test_threads_are_set_where_they_are_given() -> None:
    before = torch.get_num_threads()
    try:
        tune_process(1)
        assert torch.get_num_threads() == 1
        tune_process(0)
        assert torch.get_num_threads() == 1
    finally:
        torch.set_num_threads(before)
