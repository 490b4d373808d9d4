"""Fine-tune a pretrained transformer encoder, with checkpoints like those of the networks."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn

from harnn.branches.transformer import TransformerBranch
from harnn.branches.transformer.branch import as_tokens, round_weights
from harnn.branches.transformer.encoder import EncoderFiles, padding_id, size_of
from harnn.branches.transformer.hugging_face import (
    build_encoder,
    layer_numbers,
    load_encoder,
    recompute_states,
)
from harnn.branches.transformer.pieces import (
    VIEW,
    PiecesView,
    PieceTokenizer,
    read_piece_tokenizer,
)
from harnn.bundle import History
from harnn.config import Config, TrainingConfig
from harnn.corpus import Corpus
from harnn.network import FrozenNetwork, TransformerNetwork, TransformerShape
from harnn.training.events import BranchStarted, Stage
from harnn.training.frozen_states import freeze
from harnn.training.loop import Trainer
from harnn.training.old_model import encoder_checkpoint
from harnn.training.plan_transformer import head_fields, is_frozen
from harnn.training.reader import Split
from harnn.training.task import Task, TrainedBranch


def train_transformer(task: Task) -> TrainedBranch:
    """Fine-tune the encoder that ``model.transformer`` names.

    Raises:
        TrainingInterrupted: a stop was asked for; the checkpoint is written.
        InterruptedError: it was, before the first step.
        MissingExtraError: the library ``transformers`` is not installed.
        ConfigError: the encoder cannot be used, or the training diverged.
    """
    config, old = task.config, _old_branch(task)
    files = task.encoder if old is None else _files_of(old)
    assert files is not None
    tokenizer = read_piece_tokenizer(files.tokenizer, str(files.directory))
    shape = (
        shape_of(files, tokenizer, config, task.taxonomy.hierarchy.level_sizes)
        if old is None
        else old.network.shape
    )
    view = PiecesView(tokenizer, shape.pieces)
    train, valid = (_read(task, name, split, view) for name, split in task.splits.items())
    number = encoder_checkpoint(config.model, task.old)
    checkpoint = task.checkpoints.of(number)
    with torch.random.fork_rng():
        torch.manual_seed(config.training.seed)
        frozen = is_frozen(files, config.transformer)
        network = _build(task, files, shape, from_checkpoint=checkpoint is not None and not frozen)
        learner: TransformerNetwork | FrozenNetwork = network
        learned, validated = train, valid
        if frozen:
            round_weights(network.encoder)  # as it is stored
            learner, learned, validated = freeze(task, network, files, train, valid)
        elif config.transformer.recompute:
            recompute_states(network.encoder)
            network.replays = False
        pace = task.pace(training_settings(config))
        settings = dataclasses.replace(pace, negatives=task.plan.negatives)
        trainer = Trainer(
            learner,
            task.taxonomy,
            settings,
            groups=parameter_groups(learner, config),
            listener=task.listener,
            checkpoint_directory=task.checkpoints.place(number),
            fingerprint=task.fingerprint,
            ranks=None if frozen else task.ranks,
            selection=task.selection,
        )
        if checkpoint is not None:
            trainer.restore(checkpoint)
        device, precision = trainer.fabric.device.type, trainer.fabric._precision.precision
        what = "training a head on" if frozen else "fine-tuning"
        task.listener(Stage(f"{what} {files.name} on {device}, precision {precision}"))
        task.listener(BranchStarted("transformer"))
        history = trainer.train(learned, validated, stopped=task.stopped)
    round_weights(network.eval())
    if old is None:
        origin = {"name": files.name, "sha256": files.sha256, "licence": files.licence}
    else:
        origin = dict(old.origin)
    return TrainedBranch(
        branch=TransformerBranch(network, tokenizer, files.tokenizer, files.config, origin),
        summary=_summary(config, files, origin, history, train.truncated),
        valid_views={VIEW: valid.tokens},
        history=history,
        contents={"transformer": origin["sha256"]},
        stopped_at=trainer.stopped_at,
        finish=lambda: _to_memory(network),
    )


def _old_branch(task: Task) -> TransformerBranch | None:
    """Return the branch that is gone on from."""
    return None if task.old is None else task.old.find(TransformerBranch)


def _files_of(branch: TransformerBranch) -> EncoderFiles:
    """Return what a branch keeps of its encoder, whose directory may be gone."""
    return EncoderFiles(
        name=branch.origin["name"],
        directory=Path(branch.origin["name"]),
        config=branch.encoder_config,
        tokenizer=branch.tokenizer_json,
        licence=branch.origin["licence"],
    )


def _build(
    task: Task, files: EncoderFiles, shape: TransformerShape, *, from_checkpoint: bool
) -> TransformerNetwork:
    """Return the network as it begins; from_checkpoint: its weights come from there."""
    old = _old_branch(task)
    if old is not None:
        return copy.deepcopy(old.network).requires_grad_(True)  # what was frozen may learn now
    if from_checkpoint:
        encoder = build_encoder(files.config, str(files.directory))
    else:
        encoder = load_encoder(files.directory, files.config)
    network = TransformerNetwork(encoder, shape)
    network.set_label_priors(torch.from_numpy(task.train.corpus.label_priors))
    return network


def shape_of(
    files: EncoderFiles,
    tokenizer: PieceTokenizer,
    config: Config,
    level_sizes: tuple[int, ...],
) -> TransformerShape:
    """Return the numbers that shape the network."""
    before, after = tokenizer.around
    return TransformerShape(
        hidden_size=size_of(files.config, "hidden_size"),
        level_sizes=level_sizes,
        tokens=config.transformer.tokens,
        windows=config.transformer.windows,
        before=before,
        after=after,
        padding_id=padding_id(files.config),
        dropout=config.transformer.dropout,
        **head_fields(config),
    )


def training_settings(config: Config) -> TrainingConfig:
    """Return the settings of the training loop for the encoder."""
    own = config.transformer
    return dataclasses.replace(
        config.training,
        epochs=own.epochs,
        batch_size=own.batch_size,
        learning_rate=own.learning_rate,
        schedule="one-cycle",
        warmup=own.warmup,
        weight_decay=own.weight_decay,
        average=own.average,
        patience=own.patience,
    )


def parameter_groups(
    network: TransformerNetwork | FrozenNetwork, config: Config
) -> list[dict[str, Any]]:
    """Return the parameters that learn, those of each layer at its own rate.

    Biases and gains are not decayed. Frozen layers take no gradients from now on.
    """
    own = config.transformer
    numbers = layer_numbers(network.encoder) if isinstance(network, TransformerNetwork) else {}
    last = max(numbers.values(), default=0)
    groups: dict[tuple[float, bool], list[nn.Parameter]] = {}
    for name, parameter in network.named_parameters():
        number = numbers.get(name.removeprefix("encoder."))
        if number is None:
            factor = own.head_rate
        elif own.frozen_layers and number <= own.frozen_layers:
            parameter.requires_grad_(False)
            continue
        else:
            factor = own.layer_decay ** (last - number)
        groups.setdefault((factor, parameter.ndim > 1), []).append(parameter)
    return [
        {
            "params": parameters,
            "factor": factor,
            "weight_decay": own.weight_decay if decayed else 0.0,
        }
        for (factor, decayed), parameters in groups.items()
    ]


def _read(task: Task, name: str, split: Split, view: PiecesView) -> Corpus:
    pieces = task.reader.read(split, view)
    corpus = as_tokens(split.corpus.with_views({VIEW: pieces}))
    message = f"{name}: {len(pieces.ids):,} pieces of words for the encoder"
    if corpus.truncated:
        message += (
            f"; {corpus.truncated:,} documents with more than {view.limit:,} were cut "
            "(transformer.tokens, transformer.windows)"
        )
    task.listener(Stage(message))
    return corpus


def _to_memory(network: TransformerNetwork) -> None:
    network.cpu()


def _summary(
    config: Config, files: EncoderFiles, origin: Mapping[str, str], history: History, cut: int
) -> str:
    best, own = history.best(config.training.score), config.transformer
    read = f"{own.tokens} tokens" if own.windows == 1 else f"{own.windows} x {own.tokens} tokens"
    what = f"a transformer encoder fine-tuned from {files.name}"
    if is_frozen(files, own):
        what = f"a head trained on the transformer encoder {files.name}"
    head = "" if own.head == "mean" else ", with attention for each level"
    return (
        f"{what} (SHA-256 {origin['sha256'][:12]}, licence {files.licence}){head}, epoch "
        f"{best.epoch if best else 0} of {len(history.rows)}; {cut:,} documents cut at {read}"
    )
