"""The network: tensors in, logits out; knows no files, strings or configurations."""

from harnn.network.attention import HarnnLevel, LevelOutput, PaperLevel
from harnn.network.beam import Beam
from harnn.network.bert import Bert, BertShape, mean_of_states
from harnn.network.constraint import MaxConstraint
from harnn.network.dropout import Dropout, rows_of_batch
from harnn.network.head import HarnnOutput, HeadShape, HierarchicalHead, MeanHead
from harnn.network.label_share import Exchange, LabelShare
from harnn.network.loss import hybrid_loss
from harnn.network.network import HarnnNetwork, NetworkShape
from harnn.network.on_gpu import at_once, exact_float32
from harnn.network.process import computes_bfloat16, tune_process
from harnn.network.recurrent import BiLSTM, BiMinGRU, reverse_within_length
from harnn.network.sampling import LabelSample, LevelSample
from harnn.network.transformer import FrozenNetwork, TransformerNetwork, TransformerShape

__all__ = [
    "Beam",
    "Bert",
    "BertShape",
    "BiLSTM",
    "BiMinGRU",
    "Dropout",
    "Exchange",
    "FrozenNetwork",
    "HarnnLevel",
    "HarnnNetwork",
    "HarnnOutput",
    "HeadShape",
    "HierarchicalHead",
    "LabelSample",
    "LabelShare",
    "LevelOutput",
    "LevelSample",
    "MaxConstraint",
    "MeanHead",
    "NetworkShape",
    "PaperLevel",
    "TransformerNetwork",
    "TransformerShape",
    "at_once",
    "computes_bfloat16",
    "exact_float32",
    "hybrid_loss",
    "mean_of_states",
    "reverse_within_length",
    "rows_of_batch",
    "tune_process",
]
