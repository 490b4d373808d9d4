"""Time the padded two-way LSTM against PyTorch's packed one, as ratios within one run.

    python benchmarks/recurrent.py [--threads 1] [--output FILE]

Both read the same batches of ragged lengths, forward and backward. Prints a Markdown table and
writes JSON: documents/s, medians of five.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from harnn._files import write_atomically
from harnn.network import BiLSTM, tune_process

B, E, H = 32, 100, 256
REPEATS = 5


def packed_reader(lstm: nn.LSTM) -> Callable[[Tensor, Tensor], Tensor]:
    def read(x: Tensor, lengths: Tensor) -> Tensor:
        packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
        return pad_packed_sequence(lstm(packed)[0], batch_first=True)[0]

    return read


def padded_reader(lstm: BiLSTM) -> Callable[[Tensor, Tensor], Tensor]:
    def read(x: Tensor, lengths: Tensor) -> Tensor:
        output: Tensor = lstm(x, lengths, torch.arange(x.shape[1]) < lengths[:, None])
        return output

    return read


def documents_per_second(
    read: Callable[[Tensor, Tensor], Tensor], x: Tensor, lengths: Tensor, *, bfloat16: bool
) -> float:
    seconds = []
    for _ in range(REPEATS + 1):
        started = time.perf_counter()
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=bfloat16):
            output = read(x, lengths)
        torch.autograd.backward(output.float().sum())
        seconds.append(time.perf_counter() - started)
    return len(x) / statistics.median(seconds[1:])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--output", type=Path, default=Path("runs/recurrent.json"))
    chosen = parser.parse_args()
    chosen.output.parent.mkdir(parents=True, exist_ok=True)
    tune_process(chosen.threads)
    torch.manual_seed(0)
    rows = []
    print(
        "| tokens | packed | padded | ratio | padded bfloat16 | ratio |\n|---|---|---|---|---|---|"
    )
    for T in (64, 150, 256):
        x = torch.randn(B, T, E, requires_grad=True)
        lengths = torch.randint(T * 3 // 4, T + 1, (B,))
        lengths[0] = T
        packed = packed_reader(nn.LSTM(E, H, batch_first=True, bidirectional=True))
        padded = padded_reader(BiLSTM(E, H))
        base = documents_per_second(packed, x, lengths, bfloat16=False)
        full = documents_per_second(padded, x, lengths, bfloat16=False)
        half = documents_per_second(padded, x, lengths, bfloat16=True)
        rows.append({"tokens": T, "packed": base, "padded": full, "padded_bfloat16": half})
        print(
            f"| {T} | {base:.0f} | {full:.0f} | {full / base:.1f} | {half:.0f} "
            f"| {half / base:.1f} |",
            flush=True,
        )
    with write_atomically(chosen.output) as file:
        json.dump({"threads": chosen.threads, "rows": rows}, file, indent=1)


if __name__ == "__main__":
    main()
