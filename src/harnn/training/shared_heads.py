"""The label heads of a network shared out among ranks: see :mod:`harnn.network.label_share`.

Each rank holds the rows of its labels with their gradients, moments and averages. What is written
into a checkpoint, or is the model in the end, is put together by rank 0, one tensor at a time.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.distributed as dist
from numpy.typing import NDArray
from torch import Tensor

from harnn._scratch import blank, scratch_in
from harnn.branches.network.scoring import asking, each_batch
from harnn.corpus import Corpus
from harnn.network import Beam, HarnnNetwork, LabelShare
from harnn.training.checkpoint import Checkpoint, save_checkpoint
from harnn.training.ranks import Ranks, length_of

_SENT_AT_ONCE = 1 << 24
"""Numbers that pass between two ranks in one piece."""
_FILE_BYTES = 1 << 20
"""Of a tensor of a checkpoint that is put together in a file: there are many of them at once."""


class OverRanks:
    """The exchange of a share of labels, among ranks.

    All raise RankLostError where one of them is gone.
    """

    def __init__(self, ranks: Ranks) -> None:
        self._ranks = ranks

    def add_up(self, x: Tensor) -> Tensor:
        return self._reduced(x, dist.ReduceOp.SUM)

    def highest(self, x: Tensor) -> Tensor:
        return self._reduced(x, dist.ReduceOp.MAX)

    def gathered(self, x: Tensor) -> list[Tensor]:
        x = x.contiguous()
        found = [torch.empty_like(x) for _ in range(self._ranks.count)]
        with self._ranks.watched():
            dist.all_gather(found, x)
        return found

    def _reduced(self, x: Tensor, how: Any) -> Tensor:
        found = x.clone(memory_format=torch.contiguous_format)
        with self._ranks.watched():
            dist.all_reduce(found, op=how)
        return found


class SharedHeads:
    """What the ranks of a training do with labels of which each holds some."""

    def __init__(self, ranks: Ranks, level_sizes: tuple[int, ...], *, keeps: bool) -> None:
        """level_sizes: C_l of all labels; keeps: whether rank 0 writes checkpoints."""
        self.ranks, self.keeps = ranks, keeps
        self.share = LabelShare(level_sizes, ranks.number, ranks.count, OverRanks(ranks))
        parts = [np.arange(x.start, x.stop) for x in self.share.slices_of(ranks.number)]
        self.columns: NDArray[np.int64] = np.concatenate(parts)
        """(c,) of the labels that this rank holds, ascending, in 0..C."""
        self._names: list[str] = []
        self._moved: list[str] = []

    def know(self, network: HarnnNetwork, optimizer: torch.optim.Optimizer) -> None:
        """Learn by which names and numbers the tensors of a checkpoint are known."""
        names = {id(parameter): name for name, parameter in network.named_parameters()}
        self._names = list(names.values())
        groups = optimizer.param_groups
        self._moved = [names[id(x)] for group in groups for x in group["params"]]

    def common(self, network: HarnnNetwork) -> list[Tensor]:
        """Return the parameters that all ranks have alike."""
        named = network.named_parameters()
        return [x.data for name, x in named if self.share.rows(name, 0) is None]

    def clip(self, network: HarnnNetwork, most: float) -> float:
        """Shorten the gradients of all ranks to the norm *most*, and return what it was."""
        squares = [0.0, 0.0]
        learning = [(n, x) for n, x in network.named_parameters() if x.grad is not None]
        for name, parameter in learning:
            own = self.share.rows(name, 0) is not None
            assert parameter.grad is not None
            squares[own] += float(torch.linalg.vector_norm(parameter.grad)) ** 2
        norm = math.sqrt(squares[0] + self.ranks.total(squares[1]))
        found = torch.tensor(norm, device=learning[0][1].device)
        torch.nn.utils.clip_grads_with_norm_([x for _, x in learning], most, found)
        return norm

    def score(
        self,
        network: HarnnNetwork,
        corpus: Corpus,
        *,
        beam: Beam | None,
        stopped: Callable[[], bool],
    ) -> NDArray[np.float32] | None:
        """Return the scores (N, C) of all labels in rank 0, and None in the others.

        Raises:
            InterruptedError: *stopped* said so in one of them.
            InputError: there is no room for the scores; elsewhere LeaderFailedError.
        """
        shape = (len(corpus), sum(self.share.level_sizes))
        room = self.ranks.made_by_leader(lambda: blank(shape, np.float32))

        def take(rows: NDArray[np.int64], found: Tensor) -> None:
            found = found.cpu().contiguous()
            if room is None:
                self._pass(dist.send, found, 0)
                return
            every = np.empty((len(rows), shape[1]), np.float32)
            for number in range(self.ranks.count):
                slices = self.share.slices_of(number)
                if number:
                    found = torch.empty(len(rows), sum(map(length_of, slices)))
                    self._pass(dist.recv, found, number)
                for part, held in zip(slices, _side_by_side(slices), strict=True):
                    every[:, part] = found[:, held].numpy()
            room[rows] = every

        with asking(network, lambda: self.ranks.agree(stopped())):
            each_batch(network, corpus, take, beam=beam)
        return room

    def deal(self, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Give each rank, from rank 0, its rows of the tensors of a checkpoint; return our own."""
        kinds = {name: (tuple(x.shape), x.dtype) for name, x in sorted(tensors.items())}
        self.ranks.send(kinds)
        found = {}
        for name in kinds:
            tensor = tensors[name].detach().cpu().contiguous()
            if not self._is_shared(name):
                self.ranks.level([tensor])
                found[name] = tensor
                continue
            own = []
            for number, part, _ in self._pieces(name):
                if number:
                    self._pass(dist.send, tensor[part], number)
                else:
                    own.append(tensor[part])
            found[name] = torch.cat(own)
        return found

    def dealt(self) -> dict[str, Tensor]:
        """Return what rank 0 deals this rank."""
        found = {}
        for name, (shape, dtype) in self.ranks.receive().items():
            if not self._is_shared(name):
                found[name] = torch.empty(shape, dtype=dtype)
                self.ranks.level([found[name]])
                continue
            found[name] = torch.empty((self._held(name), *shape[1:]), dtype=dtype)
            for number, _, held in self._pieces(name):
                if number == self.ranks.number:
                    self._pass(dist.recv, found[name][held], 0)
        return found

    def gather(
        self, tensors: Mapping[str, Tensor], room: Callable[[tuple[int, ...]], Tensor]
    ) -> dict[str, Tensor]:
        """Return the tensors of a checkpoint with the rows of all labels; in rank 0 alone.

        room: makes a tensor of float32 that is to be filled.

        Raises:
            InputError: there is no room; elsewhere LeaderFailedError.
        """
        shared = [name for name in sorted(tensors) if self._is_shared(name)]

        def make() -> dict[str, Tensor]:
            rows = {name: max(part.stop for _, part, _ in self._pieces(name)) for name in shared}
            return {name: room((count, *tensors[name].shape[1:])) for name, count in rows.items()}

        whole = self.ranks.made_by_leader(make)
        for name in shared:
            own = tensors[name].detach().cpu().contiguous()
            for number, part, held in self._pieces(name):
                if whole is not None and number:
                    self._pass(dist.recv, whole[name][part], number)
                elif whole is not None:
                    whole[name][part] = own[held]
                elif number == self.ranks.number:
                    self._pass(dist.send, own[held], 0)
        return {} if whole is None else dict(tensors) | whole

    def write(self, moment: Checkpoint, directory: Path | None) -> tuple[Path | None, int]:
        """Write a checkpoint, of all labels, where one is kept; return where, and its steps.

        Raises:
            InputError: it cannot be written; elsewhere LeaderFailedError.
        """
        steps = int(moment.state["progress"]["steps"])
        if not self.keeps:
            return None, steps
        with scratch_in(None, least=_FILE_BYTES):
            tensors = self.gather(moment.tensors, lambda x: torch.from_numpy(blank(x, np.float32)))

        def save() -> Path:
            assert directory is not None
            return save_checkpoint(Checkpoint(tensors, moment.state), directory)

        return self.ranks.made_by_leader(save), steps

    # Which rows of a tensor, known by its name in a checkpoint, are whose

    def _parameter(self, name: str) -> str:
        """Return of which parameter a tensor is; empty: of none, or it has no rows."""
        kind, _, rest = name.partition("/")
        if kind == "average":
            return self._names[int(rest)]
        if kind == "optimizer":
            number, _, what = rest.partition("/")
            return "" if what == "step" else self._moved[int(number)]
        return rest if kind in ("weights", "best") else ""

    def _is_shared(self, name: str) -> bool:
        return self.share.rows(self._parameter(name), 0) is not None

    def _pieces(self, name: str) -> Iterator[tuple[int, slice, slice]]:
        """Yield rank by rank, of each piece of a shared tensor, whose it is and which rows.

        Those of the whole tensor, and those of the tensor that the rank holds.
        """
        for number in range(self.ranks.count):
            rows = self.share.rows(self._parameter(name), number) or ()
            for part, held in zip(rows, _side_by_side(rows), strict=True):
                yield number, part, held

    def _held(self, name: str) -> int:
        mine = (held.stop for number, _, held in self._pieces(name) if number == self.ranks.number)
        return int(max(mine))

    def _pass(self, how: Callable[..., Any], tensor: Tensor, number: int) -> None:
        """Send to, or receive from, a rank, some at a time."""
        if not tensor.numel():
            return
        with self.ranks.watched():
            for part in torch.split(tensor.view(-1), _SENT_AT_ONCE):
                how(part, number)


def _side_by_side(parts: Sequence[slice]) -> list[slice]:
    """Return where parts of a whole stand that are put beside each other."""
    ends = list(itertools.accumulate(map(length_of, parts)))
    return [slice(end - length_of(part), end) for end, part in zip(ends, parts, strict=True)]
