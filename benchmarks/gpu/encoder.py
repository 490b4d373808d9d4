"""How much of what a device can multiply a fine-tuned encoder uses.

Operations are counted from the sizes of its matrices: 2 for each weight of a layer and token, and
4 T D a token for the attention over T tokens (Q K^T and A V, D numbers a state), in the forward
pass; twice as many in the backward pass. Embeddings, norms and the head count nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from gpu.steps import LEVEL_SIZES, compare, timed_row
from harnn.branches.network.batch import Batch
from harnn.branches.transformer.encoder import read_encoder
from harnn.branches.transformer.hugging_face import load_encoder
from harnn.network import Bert, BertShape, TransformerNetwork, TransformerShape

TOKENS = 256
BATCHES = {"cuda": (32, 512), "cpu": (1,)}
"""As it is fine-tuned with, and one that fills a large device."""


def operations(config: dict[str, Any], documents: int, tokens: int) -> float:
    """Return the floating-point operations of one forward pass."""
    D, inner = config["hidden_size"], config["intermediate_size"]
    weights = 4 * D * D + 2 * D * inner
    each = 2 * weights + 4 * tokens * D
    return float(config["num_hidden_layers"] * each * documents * tokens)


def measure(device: str, limit: float) -> dict[str, Any]:
    """Time passes through MiniLM; limit: TFLOP/s in bfloat16 of the device."""
    files = read_encoder("on")
    config = dict(files.config)
    encoder = load_encoder(files.directory, config)
    plain = Bert.from_weights(BertShape.from_config(config), encoder.state_dict())
    shape = TransformerShape(
        hidden_size=config["hidden_size"], level_sizes=LEVEL_SIZES, tokens=TOKENS, windows=1,
        before=(101,), after=(102,), padding_id=0, dropout=0.1,
    )  # fmt: skip
    network = TransformerNetwork(encoder, shape).to(device).train()
    plain = plain.to(device, torch.bfloat16)
    found: dict[str, Any] = {"limit": limit}
    for documents in BATCHES[device.partition(":")[0]]:
        ids = torch.randint(1_000, 20_000, (documents, TOKENS - 2), device=device)
        lengths = torch.full((documents,), TOKENS - 2, device=device)
        full = torch.randint(1_000, 20_000, (documents, TOKENS), device=device)
        forward = operations(config, documents, TOKENS) / 1e12
        targets = (torch.rand(documents, sum(LEVEL_SIZES)) < 0.02).float()
        training = compare(network, Batch(ids.cpu(), lengths.cpu(), targets), device)
        rows = {
            "training": _rated(training["plain"], 3 * forward, limit),
            "forward": _row(_inference(network, ids, lengths), device, forward, limit),
            "own Bert, forward, bfloat16 weights": _row(_bare(plain, full), device, forward, limit),
        }
        if device.startswith("cuda"):
            rows["training, recorded"] = _rated(training["recorded"], 3 * forward, limit)
            found[f"gradient_difference of {documents}"] = training["gradient_difference"]
            compiled: Any = torch.compile(plain)
            rows["own Bert, compiled"] = _row(_bare(compiled, full), device, forward, limit)
        found[str(documents)] = rows
        print(rows)
    return found


def _row(work: Callable[[], object], device: str, count: float, limit: float) -> dict[str, Any]:
    return _rated(timed_row(work, device), count, limit)


def _rated(row: dict[str, Any], count: float, limit: float) -> dict[str, Any]:
    """Add the TFLOP/s of as many operations, in tera, and their share of the limit."""
    rate = count / row["ms"] * 1e3
    return row | {"tflops": rate, "share": rate / limit}


def _inference(network: TransformerNetwork, ids: Tensor, lengths: Tensor) -> Callable[[], None]:
    def work() -> None:
        network.eval()
        with torch.inference_mode(), torch.autocast(ids.device.type, torch.bfloat16):
            network(ids, lengths)

    return work


def _bare(network: nn.Module, ids: Tensor) -> Callable[[], None]:
    def work() -> None:
        with torch.inference_mode():
            network(ids)

    return work
