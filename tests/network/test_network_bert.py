"""The encoder of the BERT family: parity with transformers, padding, weights that do not fit."""

from __future__ import annotations

import logging
import re
import subprocess
import sys
from typing import Any

import pytest
import torch
from torch import Tensor

from harnn.network import Bert, BertShape, mean_of_states

CONFIG: dict[str, Any] = {
    "model_type": "bert",
    "vocab_size": 50,
    "hidden_size": 24,
    "num_hidden_layers": 2,
    "num_attention_heads": 3,
    "intermediate_size": 40,
    "max_position_embeddings": 16,
    "type_vocab_size": 2,
    "hidden_act": "gelu",
    "layer_norm_eps": 1e-12,
    "pad_token_id": 0,
}
IDS = torch.tensor([[2, 7, 30, 49, 3], [2, 9, 3, 0, 0]])
LENGTHS = torch.tensor([5, 3])


def shape(**changes: Any) -> BertShape:
    return BertShape.from_config(CONFIG | changes)


def encoder() -> Bert:
    with torch.random.fork_rng():
        torch.manual_seed(5)
        return Bert(shape()).eval()


@pytest.mark.parametrize(
    ("family", "activation", "padding"),
    [
        ("bert", "gelu", 0),
        ("bert", "gelu_new", 0),
        ("roberta", "relu", 1),
        ("xlm-roberta", "gelu", 1),
    ],
)
@torch.inference_mode()
def test_states_are_those_of_transformers(family: str, activation: str, padding: int) -> None:
    transformers = pytest.importorskip("transformers", reason="needs the package transformers")
    logging.getLogger("transformers").setLevel(logging.ERROR)
    changes = {"model_type": family, "hidden_act": activation, "pad_token_id": padding}
    plain = CONFIG | changes
    with torch.random.fork_rng():
        torch.manual_seed(3)
        config = transformers.AutoConfig.for_model(**plain)
        theirs = transformers.AutoModel.from_config(config).eval()
        for weight in theirs.parameters():  # ones and zeros would hide a weight that is not read
            torch.nn.init.normal_(weight, std=0.3)
    ids = torch.where(IDS == 0, padding, IDS)
    mask = (torch.arange(5) < LENGTHS[:, None]).long()
    expected = theirs(input_ids=ids, attention_mask=mask).last_hidden_state
    ours = Bert.from_weights(BertShape.from_config(config.to_dict()), theirs.state_dict())
    found = ours(ids, LENGTHS)
    assert found.std() > 0.1
    for row, length in enumerate(LENGTHS):
        torch.testing.assert_close(
            found[row, :length], expected[row, :length], atol=1e-5, rtol=1e-5
        )


@torch.inference_mode()
def test_padding_and_company_change_nothing() -> None:
    model = encoder()
    together = mean_of_states(model(IDS, LENGTHS), LENGTHS)
    alone = [
        mean_of_states(model(IDS[row : row + 1, :length]), length[None])
        for row, length in enumerate(LENGTHS)
    ]
    torch.testing.assert_close(together, torch.cat(alone), atol=1e-5, rtol=1e-5)


def test_it_learns_with_dropout_and_is_stored_as_it_was_read() -> None:
    with torch.random.fork_rng():
        torch.manual_seed(1)
        model = Bert(shape(), dropout=0.3).train()
        assert not torch.equal(model(IDS), model(IDS))
        torch.autograd.backward(model(IDS, LENGTHS)[0].square().mean())
    assert all(p.grad is not None for p in model.parameters())
    again = Bert.from_weights(model.shape, model.state_dict())
    assert again.state_dict().keys() == model.state_dict().keys()
    torch.testing.assert_close(again(IDS), model.eval()(IDS))


def renamed(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """As they stand in old files with a head for some task."""
    old = {
        f"bert.{n}".replace("Norm.weight", "Norm.gamma").replace("Norm.bias", "Norm.beta"): w.half()
        for n, w in weights.items()
    }
    return old | {"cls.predictions.bias": torch.zeros(50)}


def test_weights_of_older_names_and_other_precisions_are_read() -> None:
    model = encoder()
    found = Bert.from_weights(model.shape, renamed(model.state_dict()))
    torch.testing.assert_close(found(IDS), model(IDS), atol=2e-2, rtol=1e-2)
    assert all(p.dtype == torch.float32 for p in found.parameters())


def test_weights_that_do_not_fit_are_named() -> None:
    weights = dict(encoder().state_dict())
    word, norm = "embeddings.word_embeddings.weight", "embeddings.LayerNorm.weight"
    del weights["embeddings.LayerNorm.bias"]
    weights[word] = torch.zeros(49, 24)
    weights[norm] = torch.full((24,), float("nan"))
    for name in [n for n in weights if n.startswith("encoder.layer.1.")]:
        del weights[name]
    message = (
        f"{word} is torch.float32 of shape (49, 24), expected floating point of shape (50, 24); "
        f"{norm} holds values that are no finite numbers; embeddings.LayerNorm.bias is missing; "
        "16 more"
    )
    with pytest.raises(ValueError, match=re.escape(message)):
        Bert.from_weights(shape(), weights)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"model_type": "gpt2"},
            "model_type: got 'gpt2', expected one of bert, roberta, xlm-roberta",
        ),
        ({"model_type": None}, "model_type: got None, expected one of bert, roberta, xlm-roberta"),
        (
            {"position_embedding_type": "relative_key"},
            "position_embedding_type: got 'relative_key', expected 'absolute'",
        ),
        ({"is_decoder": True}, "is_decoder: got True, expected False"),
        (
            {"hidden_act": ["x"]},
            "hidden_act: got ['x'], expected one of gelu, gelu_new, gelu_pytorch_tanh, relu",
        ),
        ({"layer_norm_eps": "0"}, "layer_norm_eps: got '0', expected a small number"),
        ({"vocab_size": 0}, "vocab_size: got 0, expected a whole number from 1"),
        ({"hidden_size": True}, "hidden_size: got True, expected a whole number from 1"),
        (
            {"num_attention_heads": 5},
            "num_attention_heads: 5 heads do not divide a hidden_size of 24",
        ),
        ({"max_position_embeddings": 1}, "max_position_embeddings: there is no room for a token"),
        (
            {"vocab_size": 1 << 24, "hidden_size": 3 << 10},
            "it has 51,615,651,840 weights, expected at most 4,294,967,296",
        ),
    ],
)
def test_configurations_that_do_not_fit(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        shape(**change)


def test_room_for_tokens() -> None:
    assert shape().most_tokens == 16
    assert shape(model_type="roberta", pad_token_id=1).most_tokens == 14


@pytest.mark.slow
def test_loading_imports_no_compiler() -> None:
    code = (
        "import sys; from harnn.network import Bert, BertShape\n"
        "shape = BertShape(vocabulary_size=9, hidden_size=4, layers=1, heads=1, "
        "intermediate_size=4, positions=5)\n"
        "Bert.from_weights(shape, Bert(shape).state_dict())\n"
        "print('torch._dynamo' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
