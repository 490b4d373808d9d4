"""A small encoder with random weights, as ``transformers`` saves one."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer
from tokenizers.models import WordPiece
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer
from tokenizers.processors import TemplateProcessing

from harnn.branches.transformer.hugging_face import build_encoder

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]


def make_encoder(directory: Path, texts: Iterable[str], *, seed: int = 1, **sizes: int) -> Path:
    """Write a BERT of two layers and 32 dimensions that knows the words of texts."""
    words = sorted({word for text in texts for word in re.findall(r"\w+|[^\w\s]", text.lower())})
    letters = sorted({letter for word in words for letter in word})
    pieces = [*SPECIAL, *words, *letters, *(f"##{letter}" for letter in letters)]
    vocabulary = {piece: number for number, piece in enumerate(dict.fromkeys(pieces))}
    tokenizer = Tokenizer(WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = BertNormalizer()
    tokenizer.pre_tokenizer = BertPreTokenizer()
    tokenizer.post_processor = TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    tokenizer.enable_truncation(max_length=7)  # which nobody asks for here
    config: dict[str, Any] = {
        "model_type": "bert",
        "vocab_size": len(vocabulary),
        "hidden_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "intermediate_size": 64,
        "max_position_embeddings": 64,
        "pad_token_id": 0,
        **sizes,
    }
    directory.mkdir()
    (directory / "config.json").write_text(json.dumps(config), encoding="utf-8")
    tokenizer.save(str(directory / "tokenizer.json"))
    with torch.random.fork_rng():
        encoder = build_encoder(config, str(directory))
        torch.manual_seed(seed)
        weights = {
            name: torch.randn_like(tensor) * 0.1 + ("LayerNorm.weight" in name)
            for name, tensor in encoder.state_dict().items()
        }
    save_file(weights, directory / "model.safetensors", metadata={"format": "pt"})
    return directory
