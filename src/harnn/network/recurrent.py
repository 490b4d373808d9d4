"""Bidirectional recurrences that read padded batches without seeing the padding."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from harnn.network.on_gpu import first_padding


def reverse_within_length(x: Tensor, lengths: Tensor) -> Tensor:
    """Reverse each document within its own length; padding stays where it is.

    Args:
        x: (B, T, D).
        lengths: (B,) real tokens of each document.
    """
    documents, tokens, _ = x.shape
    steps = torch.arange(tokens, device=x.device)  # (T,)
    mirrored = lengths[:, None] - 1 - steps  # (B, T)
    index = torch.where(mirrored >= 0, mirrored, steps)
    rows = torch.arange(documents, device=x.device)[:, None] * tokens
    return _Mirror.apply(x, (rows + index).flatten())  # type: ignore[no-any-return, no-untyped-call]


class _Mirror(torch.autograd.Function):
    """Move rows by a permutation that is its own inverse: the gradient moves the same way."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, index: Tensor) -> Tensor:
        ctx.save_for_backward(index)
        return x.flatten(0, 1).index_select(0, index).view(x.shape)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        (index,) = ctx.saved_tensors
        (of_moved,) = gradients
        return of_moved.flatten(0, 1).index_select(0, index).view(of_moved.shape), None


class BiLSTM(nn.Module):
    """Read documents in both directions; outputs at padding are zero.

    Two one-way LSTMs, the second over each document reversed within its own length. This equals
    a packed bidirectional LSTM, but stays on PyTorch's fused path for padded batches, which is
    several times faster on a CPU (``benchmarks/recurrent.py``).
    """

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__()
        self.forward_lstm = nn.LSTM(input_size, hidden_size, batch_first=True)
        self.backward_lstm = nn.LSTM(input_size, hidden_size, batch_first=True)
        for lstm in (self.forward_lstm, self.backward_lstm):
            _initialise(lstm, hidden_size)

    def forward(self, x: Tensor, lengths: Tensor, mask: Tensor) -> Tensor:
        """Return (B, T, 2H) from x (B, T, E), lengths (B,) and mask (B, T)."""
        ahead, _ = self.forward_lstm(x)  # (B, T, H)
        back, _ = self.backward_lstm(reverse_within_length(x, lengths))  # (B, T, H)
        both = torch.cat([ahead, reverse_within_length(back, lengths)], dim=2)  # (B, T, 2H)
        full = first_padding(lengths)
        both[:, full:] *= mask[:, full:, None].to(both.dtype)
        return both


def _initialise(lstm: nn.LSTM, hidden_size: int) -> None:
    """Orthogonal recurrent weights, Xavier input weights, forget gates open (bias 1)."""
    for name, parameter in lstm.named_parameters():
        if name.startswith("weight_hh"):
            for gate in parameter.data.chunk(4):
                nn.init.orthogonal_(gate)
        elif name.startswith("weight_ih"):
            for gate in parameter.data.chunk(4):
                nn.init.xavier_uniform_(gate)
        else:
            nn.init.zeros_(parameter)
            if name.startswith("bias_ih"):
                parameter.data[hidden_size : 2 * hidden_size] = 1.0


class BiMinGRU(nn.Module):
    """A gated recurrence whose gates do not read the state: h_t = (1 - z_t) h_{t-1} + z_t c_t.

    With z_t = sigmoid(W_z x_t + b_z) and c_t = W_c x_t + b_c all products are made at once; what is
    left of the recurrence is one interpolation a step, in both directions together (Feng et al.
    2024, arXiv 2410.01201, section 3.1: minGRU).
    """

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__()
        self.project = nn.Linear(input_size, 4 * hidden_size)
        nn.init.xavier_uniform_(self.project.weight)
        nn.init.zeros_(self.project.bias)

    def forward(self, x: Tensor, lengths: Tensor, mask: Tensor) -> Tensor:
        """Return (B, T, 2H) from x (B, T, E), lengths (B,) and mask (B, T)."""
        documents = len(x)
        # Each (B, T, H): gates and candidates, ahead and back.
        z_ahead, z_back, c_ahead, c_back = self.project(x).chunk(4, dim=2)
        gates = torch.cat([z_ahead, reverse_within_length(z_back, lengths)])
        candidates = torch.cat([c_ahead, reverse_within_length(c_back, lengths)])
        states: Tensor = _Interpolate.apply(torch.sigmoid(gates), candidates)  # type: ignore[no-untyped-call]
        back = reverse_within_length(states[documents:], lengths)
        both = torch.cat([states[:documents], back], dim=2)  # (B, T, 2H)
        return both * mask[:, :, None].to(both.dtype)


class _Interpolate(torch.autograd.Function):
    """All h_t (B, T, H) of gates z and candidates c (B, T, H), from h_0 = 0."""

    @staticmethod
    def forward(ctx: Any, gates: Tensor, candidates: Tensor) -> Tensor:
        z, c = (x.transpose(0, 1).contiguous() for x in (gates, candidates))  # (T, B, H)
        states = torch.empty_like(c)
        state = torch.zeros_like(c[0])
        for step in range(len(c)):
            state = torch.lerp(state, c[step], z[step], out=states[step])
        ctx.save_for_backward(z, c, states)
        return states.transpose(0, 1)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor]:
        z, c, states = ctx.saved_tensors
        of_states = gradients[0].transpose(0, 1).clone(memory_format=torch.contiguous_format)
        for step in range(len(c) - 2, -1, -1):
            # What the next state hands back: (1 - z) of its own gradient.
            after = of_states[step + 1]
            of_states[step].add_(after).addcmul_(after, z[step + 1], value=-1)
        before = torch.cat([torch.zeros_like(states[:1]), states[:-1]])
        of_gates = of_states * (c - before)
        return of_gates.transpose(0, 1), (of_states * z).transpose(0, 1)


ENCODERS: dict[str, type[BiLSTM] | type[BiMinGRU]] = {"lstm": BiLSTM, "mingru": BiMinGRU}
"""By the name of ``model.encoder``."""
