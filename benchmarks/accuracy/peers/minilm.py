"""MiniLM fine-tuned in plain PyTorch, with one flat head: what many would do first."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits

from accuracy.peers.base import (
    Peer,
    ScoreTexts,
    Training,
    UnsuitableError,
    load_pickle,
    save_pickle,
)
from harnn.text.sentence_files import find_minilm

_BATCH = 32
_SCORED_AT_ONCE = 64
_WARMUP = 0.1
_QUANTILE = 0.95
_LEAST_TOKENS, _MOST_TOKENS = 32, 256
_LABELS = "labels.pickle"


class FineTunedMiniLM(Peer):
    """The mean of the token states under a linear layer; AdamW, a linear schedule, no hierarchy.

    It reads the tokens of 95 of 100 training texts whole, but 256 at most.
    """

    probabilities = True
    natural = 0.5

    def __init__(self, *, epochs: int, rate: float, head_rate: float) -> None:
        self.epochs = epochs
        self.rate = rate
        self.head_rate = head_rate

    def train(self, data: Training, folder: Path) -> None:
        from transformers import AutoModel, AutoTokenizer

        found = find_minilm()
        if found is None:
            raise UnsuitableError("the package with MiniLM's weights is not installed")
        torch.manual_seed(data.seed)
        torch.set_num_threads(data.threads)
        tokenizer = AutoTokenizer.from_pretrained(found[0], local_files_only=True)
        encoder = AutoModel.from_pretrained(found[0], local_files_only=True)
        head = nn.Linear(encoder.config.hidden_size, data.targets.shape[1])
        tokens = _tokens_read(tokenizer, data.texts)
        groups = [
            {"params": encoder.parameters(), "lr": self.rate},
            {"params": head.parameters(), "lr": self.head_rate},
        ]
        optimizer = torch.optim.AdamW(groups, weight_decay=0.01)
        steps = self.epochs * -(-len(data.texts) // _BATCH)
        schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, _linear(steps))
        random = np.random.default_rng(data.seed)
        encoder.train()
        for _ in range(self.epochs):
            for rows in _batches(random.permutation(len(data.texts)), _BATCH):
                batch = tokenizer(
                    [data.texts[row] for row in rows],
                    truncation=True,
                    max_length=tokens,
                    padding=True,
                    return_tensors="pt",
                )
                wanted = torch.from_numpy(data.targets[rows].toarray().astype(np.float32))
                with torch.autocast("cpu", dtype=torch.bfloat16):
                    logits = head(_mean_states(encoder, batch))
                loss = binary_cross_entropy_with_logits(logits.float(), wanted)
                # Summed over labels: with a mean over hundreds of them nothing is learned.
                (loss * wanted.shape[1]).backward()
                nn.utils.clip_grad_norm_([*encoder.parameters(), *head.parameters()], 1.0)
                optimizer.step()
                schedule.step()
                optimizer.zero_grad()
        encoder.save_pretrained(folder / "encoder")
        tokenizer.save_pretrained(folder / "encoder")
        torch.save(head.state_dict(), folder / "head.pt")
        save_pickle(folder / _LABELS, (tokens, data.targets.shape[1]))

    def load(self, folder: Path, *, threads: int) -> ScoreTexts:
        from transformers import AutoModel, AutoTokenizer

        torch.set_num_threads(threads)
        tokens, labels = load_pickle(folder / _LABELS)
        tokenizer = AutoTokenizer.from_pretrained(folder / "encoder", local_files_only=True)
        encoder = AutoModel.from_pretrained(folder / "encoder", local_files_only=True).eval()
        head = nn.Linear(encoder.config.hidden_size, labels)
        head.load_state_dict(torch.load(folder / "head.pt", weights_only=True))

        @torch.inference_mode()
        def score_texts(texts: Sequence[str]) -> NDArray[np.float32]:
            values = np.zeros((len(texts), labels), dtype=np.float32)
            by_length = np.argsort([len(text) for text in texts], kind="stable")
            for rows in _batches(by_length, _SCORED_AT_ONCE):
                batch = tokenizer(
                    [texts[row] for row in rows],
                    truncation=True,
                    max_length=tokens,
                    padding=True,
                    return_tensors="pt",
                )
                with torch.autocast("cpu", dtype=torch.bfloat16):
                    states = _mean_states(encoder, batch)
                values[rows] = head(states.float()).sigmoid().numpy()
            return values

        return score_texts


def _mean_states(encoder: nn.Module, batch: Any) -> torch.Tensor:
    """Return the mean state (B, D) of the tokens of each text."""
    states: torch.Tensor = encoder(**batch).last_hidden_state
    read = batch["attention_mask"].unsqueeze(-1).to(states.dtype)
    return (states * read).sum(1) / read.sum(1)


def _tokens_read(tokenizer: Any, texts: Sequence[str]) -> int:
    lengths = [len(ids) for ids in tokenizer(list(texts), verbose=False)["input_ids"]]
    return int(np.clip(np.quantile(lengths, _QUANTILE), _LEAST_TOKENS, _MOST_TOKENS))


def _linear(steps: int) -> Callable[[int], float]:
    """Return the rate's share at a step: up for a tenth of *steps*, then down to zero."""
    warm = max(1, round(_WARMUP * steps))
    return lambda step: min((step + 1) / warm, (steps - step) / max(1, steps - warm))


def _batches(rows: NDArray[np.int64], size: int) -> Iterator[NDArray[np.int64]]:
    for start in range(0, len(rows), size):
        yield rows[start : start + size]
