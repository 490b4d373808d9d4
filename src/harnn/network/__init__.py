"""The network: tensors in, logits out; knows no files, strings or configurations."""

from harnn.network.attention import HarnnLevel, LevelOutput, PaperLevel
from harnn.network.beam import Beam
from harnn.network.constraint import MaxConstraint
from harnn.network.dropout import Dropout
from harnn.network.loss import hybrid_loss
from harnn.network.network import HarnnNetwork, HarnnOutput, NetworkShape
from harnn.network.process import tune_process
from harnn.network.recurrent import BiLSTM, BiMinGRU, reverse_within_length
from harnn.network.sampling import LabelSample, LevelSample
from harnn.network.transformer import TransformerNetwork, TransformerShape

__all__ = [
    "Beam",
    "BiLSTM",
    "BiMinGRU",
    "Dropout",
    "HarnnLevel",
    "HarnnNetwork",
    "HarnnOutput",
    "LabelSample",
    "LevelOutput",
    "LevelSample",
    "MaxConstraint",
    "NetworkShape",
    "PaperLevel",
    "TransformerNetwork",
    "TransformerShape",
    "hybrid_loss",
    "reverse_within_length",
    "tune_process",
]
