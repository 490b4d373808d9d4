"""A directory with a sentence encoder of a few kilobytes, as sentence-transformers writes it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

from harnn.network import Bert, BertShape

# fmt: off
WORDS = [
    "cat", "dog", "purring", "kitten", "leash", "oak", "timber", "forest", "bread", "soup", "the",
    "a", "of", "##s",
]
# fmt: on
CONFIG: dict[str, Any] = {
    "model_type": "bert",
    "vocab_size": 5 + len(WORDS),
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 24,
    "max_position_embeddings": 32,
    "type_vocab_size": 2,
    "hidden_act": "gelu",
    "layer_norm_eps": 1e-12,
    "pad_token_id": 0,
}


def make_tiny_encoder(directory: Path, *, seed: int = 1, **changes: Any) -> Path:
    """Write it with weights of that seed; changes: of its ``config.json``."""
    directory.mkdir(parents=True, exist_ok=True)
    config = CONFIG | changes
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        network = Bert(BertShape.from_config(config))
        for weight in network.parameters():
            torch.nn.init.normal_(weight, std=0.4)
    save_file(dict(network.state_dict()), directory / "model.safetensors")
    (directory / "config.json").write_text(json.dumps(config), encoding="utf-8")
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS]
    tokenizer = Tokenizer(
        models.WordPiece({w: n for n, w in enumerate(vocabulary)}, unk_token="[UNK]")
    )
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    tokenizer.save(str(directory / "tokenizer.json"))
    return directory
