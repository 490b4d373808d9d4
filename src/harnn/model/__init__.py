"""The network: tensors in, logits out; knows no files, strings or configurations."""

from harnn.model.attention import HarnnLevel, LevelOutput, PaperLevel
from harnn.model.loss import hybrid_loss
from harnn.model.network import HarnnNetwork, HarnnOutput, NetworkShape
from harnn.model.recurrent import BiLSTM, reverse_within_length

__all__ = [
    "BiLSTM",
    "HarnnLevel",
    "HarnnNetwork",
    "HarnnOutput",
    "LevelOutput",
    "NetworkShape",
    "PaperLevel",
    "hybrid_loss",
    "reverse_within_length",
]
