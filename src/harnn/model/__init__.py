"""The network: tensors in, logits out; knows no files, strings or configurations."""

from harnn.model.attention import HarnnLevel, LevelOutput, PaperLevel
from harnn.model.beam import Beam
from harnn.model.constraint import MaxConstraint
from harnn.model.loss import hybrid_loss
from harnn.model.network import HarnnNetwork, HarnnOutput, NetworkShape
from harnn.model.recurrent import BiLSTM, BiMinGRU, reverse_within_length
from harnn.model.sampling import LabelSample, LevelSample
from harnn.model.sentences import SentenceNetwork, SentenceShape

__all__ = [
    "Beam",
    "BiLSTM",
    "BiMinGRU",
    "HarnnLevel",
    "HarnnNetwork",
    "HarnnOutput",
    "LabelSample",
    "LevelOutput",
    "LevelSample",
    "MaxConstraint",
    "NetworkShape",
    "PaperLevel",
    "SentenceNetwork",
    "SentenceShape",
    "hybrid_loss",
    "reverse_within_length",
]
