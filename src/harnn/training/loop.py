"""The training loop, to be read aloud.

Each epoch: train on all batches, score the validation documents, add a row to the history,
keep the weights if they are the best so far, write a checkpoint, stop on patience. In the end
the best weights are back in the network. Every stop leaves a checkpoint from which training goes
on bit for bit as if it had never stopped.

Several processes may share each batch (:mod:`harnn.training.ranks`): each walks this loop with the
same batches, of which it computes some documents, or all documents for some labels
(:mod:`harnn.training.shared_heads`), and takes what rank 0 finds in validation.
"""

from __future__ import annotations

import dataclasses
import logging
import math
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Generic, NoReturn, TypeVar

import numpy as np
import torch
from lightning_fabric import Fabric
from numpy.typing import NDArray
from torch import Tensor

from harnn._memory import row_blocks
from harnn._quiet import quiet_logger
from harnn.branches.network.batch import Batch, make_batch, parts_of
from harnn.branches.network.scoring import Network
from harnn.bundle import EpochRow, History
from harnn.config import Precision, TrainingConfig
from harnn.corpus import Corpus, shuffled_batches
from harnn.errors import ConfigError, Problem, RankLostError, TrainingInterrupted
from harnn.network import Beam, HarnnNetwork, LabelSample, at_once, hybrid_loss
from harnn.taxonomy import Taxonomy
from harnn.training.checkpoint import FILE, Checkpoint, save_checkpoint, set_random_state
from harnn.training.checkpoint_checks import check_fit
from harnn.training.data_parallel import dropping_as_one, strategy_of
from harnn.training.events import Listener, Step, ignore
from harnn.training.moment import pack_moment, random_state, unpack_moment
from harnn.training.optimizer import build_optimizer, usual_groups
from harnn.training.orders import DocumentsOrder, LabelsOrder
from harnn.training.process import choose_precision, interruptible
from harnn.training.progress import Progress, Selection
from harnn.training.ranks import Order, Ranks, Share, length_of
from harnn.training.recorder import Recorder
from harnn.training.running_average import RunningAverage
from harnn.training.sampling import LabelSampler
from harnn.training.schedule import rate_factor
from harnn.training.shared_heads import SharedHeads
from harnn.training.validating import validate

Trained = TypeVar("Trained", bound=Network)


class Trainer(Generic[Trained]):
    """Train one network on one corpus."""

    def __init__(
        self,
        network: Trained,
        taxonomy: Taxonomy,
        config: TrainingConfig,
        *,
        groups: list[dict[str, Any]] | None = None,
        validation_beam: int | None = None,
        listener: Listener = ignore,
        checkpoint_directory: Path | None = None,
        fingerprint: str = "",
        contents: Mapping[str, str] = {},
        ranks: Ranks | None = None,
        heads: SharedHeads | None = None,
        selection: Selection | None = None,
    ) -> None:
        """config: with nothing left to choose, see :func:`harnn.training.plan.resolve_training`.
        validation_beam: labels of a level whose children attend to a document between epochs;
        None: all. fingerprint: what a checkpoint belongs to. contents: kept beside it, SHA-256 of
        what the network started from. groups: of parameters, for the optimiser; each may have a
        ``factor`` of the learning rate; None: as :func:`usual_groups`. ranks: that share each
        batch; those that do not lead :meth:`follow`. None: this process alone. heads: of which
        each of *ranks* holds some labels, for networks without groups of their own; None: each
        holds all. selection: what the best epoch has most of; None: ``config.score``.

        Raises:
            RankLostError: one of them ended.
        """
        self.ranks = ranks = ranks or Ranks()
        device = ranks.device(config.device)
        kind, _, number = device.partition(":")
        precision = choose_precision(config.precision, device)
        groups = groups or usual_groups(network, config)
        self.network, self.taxonomy, self.config, self.heads = network, taxonomy, config, heads
        if ranks.leads and not ranks.alone:
            ranks.join()
            own: Precision = "32" if precision == "32-true" else "bf16"
            given = dataclasses.replace(config, device=kind, precision=own)
            ranks.send(self._order(given, groups, validation_beam))
        # The listener is told instead.
        with quiet_logger("lightning_fabric", logging.WARNING), ranks.watched():
            self.fabric = Fabric(
                accelerator=kind,
                devices=[int(number)] if number else 1,
                precision=precision,
                strategy=strategy_of(ranks, device, sums_gradients=heads is None),
            )
            if not ranks.alone:
                self.fabric.launch()  # nothing: all are there
            self.model, self.optimizer = self.fabric.setup(network, build_optimizer(groups, config))
        self.listener, self.checkpoint_directory = listener, checkpoint_directory
        self.selection = selection
        self.fingerprint, self.contents = fingerprint, dict(contents)
        self.progress = Progress()
        negatives = config.negatives
        self.sampler = LabelSampler(taxonomy.hierarchy, negatives) if negatives else None
        self.beam = None if validation_beam is None else Beam(taxonomy.hierarchy, validation_beam)
        self.best: dict[str, Tensor] = {}
        self.average = RunningAverage(network, config.average)
        self._resumed: Checkpoint | None = None
        """What labels are dealt from; None: from the network as it is."""
        self._written: tuple[Path | None, int] = (None, 0)
        """The last checkpoint, and its steps."""
        if heads is not None:
            heads.know(self._harnn, self.optimizer)
        self.recorder: Recorder | None = None
        if kind == "cuda" and network.replays and self.sampler is None and ranks.alone:
            self.recorder = Recorder(self._learn, list(network.parameters()))

    @property
    def _harnn(self) -> HarnnNetwork:
        """The network, where its labels are shared out."""
        assert isinstance(self.network, HarnnNetwork)
        return self.network

    def _order(
        self, given: TrainingConfig, groups: list[dict[str, Any]], validation_beam: int | None
    ) -> Order:
        """Return what the other ranks are given; only those with labels of their own average."""
        if self.heads is None:
            given = dataclasses.replace(given, average=0)
            return DocumentsOrder(Trainer, self.network, self.taxonomy, given, groups)
        named = self.network.named_parameters()
        fixed = tuple(name for name, parameter in named if not parameter.requires_grad)
        shape, keeps = self._harnn.shape, self.heads.keeps
        return LabelsOrder(Trainer, shape, fixed, self.taxonomy, given, validation_beam, keeps)

    def train(self, train: Corpus, valid: Corpus, *, stopped: Callable[[], bool]) -> History:
        """Train until the last epoch or until patience ends; restore the best weights.

        Raises:
            TrainingInterrupted: *stopped* answered true; the checkpoint is written.
            InterruptedError: it did within the first step.
            ConfigError: the training diverged.
            RankLostError: a process ended; the checkpoint of the last step is written, or, where
                it held labels of its own, that of the last epoch is there.
        """
        try:
            if self.heads is not None:
                self._deal(self.heads, train, valid)
            elif not self.ranks.alone:
                self.ranks.send((self._moment(), _without_ids(train)))
            self._train(train, valid, stopped)
        except RankLostError as lost:
            path, steps = self._written
            if self.heads is None:  # else rows of labels are gone, too
                steps = self.progress.steps
                path = self._save() if steps else None
            if stopped():  # the others were told to stop, too
                raise TrainingInterrupted(path, steps) from None
            raise RankLostError(lost.cause, path, steps) from None
        return self.progress.history

    def _deal(self, heads: SharedHeads, train: Corpus, valid: Corpus) -> None:
        """Give each rank the rows of its labels, and keep those of our own."""
        moment, self._resumed = self._resumed or self._moment(), None
        self.ranks.send((moment.state, _without_ids(train), _without_ids(valid)))
        own = heads.deal(moment.tensors)
        self._harnn.hold(heads.share)
        self._return_to(Checkpoint(own, moment.state))

    def follow(self, *, stopped: Callable[[], bool]) -> None:
        """Compute this rank's share of what rank 0 trains, from the moment where that stands.

        Raises:
            TrainingInterrupted, InterruptedError, ConfigError: as rank 0 does.
            EndedError: rank 0 trains no longer.
        """
        valid = None
        if self.heads is None:
            moment, train = self.ranks.receive()
        else:
            state, train, valid = self.ranks.receive()
            moment = Checkpoint(self.heads.dealt(), state)
        self._return_to(moment)
        del moment  # as large as what is trained
        self._train(train, valid, stopped)

    def _train(self, train: Corpus, valid: Corpus | None, stopped: Callable[[], bool]) -> None:
        """valid: None where rank 0 alone validates, in the others."""
        with self.ranks.working(self.config.threads):
            while not self._finished():
                with self.ranks.together():
                    self._train_epoch(train, stopped)
                self._end_epoch(valid, stopped)
            self._take_best()

    def _take_best(self) -> None:
        """Put the best weights back, of all labels."""
        if self.heads is not None:
            self.optimizer.zero_grad()  # room for what comes
            self.optimizer.state.clear()
            self.average.tensors = []
            best = {f"best/{name}": tensor for name, tensor in self.best.items()}
            self.best = {}
            whole = self.heads.gather(best, torch.empty)
            if whole:
                self._harnn.hold_all({k.removeprefix("best/"): v for k, v in whole.items()})
        elif self.ranks.leads:
            self.network.load_state_dict(self.best)

    def _finished(self) -> bool:
        history = self.progress.history
        return (
            self.progress.epoch >= self.config.epochs
            or history.epochs_since_best(self.config.score) >= self.config.patience
        )

    def _end_epoch(self, valid: Corpus | None, stopped: Callable[[], bool]) -> None:
        """Validate, keep the weights if they are the best so far, and write a checkpoint."""
        progress = self.progress
        keeps = self.ranks.leads or self.heads is not None
        with self.average.in_place():
            row = self._validate(valid, stopped)
            if row is not None:
                progress.history = progress.history.add(row)
                if keeps and progress.history.best(self.config.score) is row:
                    state = self.network.state_dict()
                    self.best = {k: v.detach().clone() for k, v in state.items()}
        if row is None:
            self._stop()
        progress.epoch += 1
        progress.start_epoch()
        self.listener(row)
        self._write_checkpoint()

    def _stop(self) -> NoReturn:
        self._write_checkpoint()
        raise TrainingInterrupted(*self._written)

    def _train_epoch(self, train: Corpus, stopped: Callable[[], bool]) -> None:
        progress, lengths = self.progress, train.tokens.lengths
        generator = np.random.default_rng([self.config.seed, progress.epoch])
        batches = shuffled_batches(lengths, self.config.batch_size, generator)
        steps = len(batches) * self.config.epochs
        factor = rate_factor(self.config.schedule, steps=steps, warmup=self.config.warmup)
        started = time.perf_counter() - progress.seconds
        parameters = [x.data for x in self.network.parameters()]
        self.ranks.level(parameters if self.heads is None else self.heads.common(self._harnn))
        self.model.train()
        for rows in batches[progress.batch :]:
            progress.rate = self.config.learning_rate * factor(progress.steps)
            batch, sample = self._batch(train, rows)
            progress.loss += self._step(batch, progress.rate, sample, stopped) * len(rows)
            self.average.update(progress.steps, len(batches))
            progress.batch += 1
            progress.steps += 1
            progress.documents += len(rows)
            progress.tokens += int(lengths[rows].sum())
            progress.positions += batch.token_ids.numel()
            progress.seconds = time.perf_counter() - started
            if not stopped():  # the terminal may be gone
                self._tell_step(steps)
            if self.ranks.agree(stopped()):
                self._stop()

    def _batch(self, train: Corpus, rows: NDArray[np.int64]) -> tuple[Batch, LabelSample | None]:
        """Return documents, and labels that are drawn, of those that this rank holds."""
        sample, columns = None, None if self.heads is None else self.heads.columns
        if self.sampler is not None:
            # Of the step alone, so that resuming draws the same.
            generator = np.random.default_rng([self.config.seed, self.progress.steps])
            sample = self.sampler.draw(train.targets[rows], generator)
            sample = sample if self.heads is None else self.heads.share.sampled(sample)
            drawn = sample.columns(self.network.shape.level_sizes).numpy()
            columns = drawn if columns is None else columns[drawn]
        return make_batch(train, rows, columns), sample

    def _step(
        self,
        batch: Batch,
        rate: float,
        sample: LabelSample | None,
        stopped: Callable[[], bool] = bool,
    ) -> float:
        """Learn from a batch, and return its loss; a stop between its parts undoes them.

        Raises:
            InterruptedError: *stopped* answered true within the first step.
            TrainingInterrupted: it did later; the checkpoint is written.
        """
        for group in self.optimizer.param_groups:
            group["lr"] = rate * group.get("factor", 1.0)
        device = self.fabric.device
        sample = None if sample is None else sample.to(device)
        most = at_once(self.network.tokens_at_once, device)
        parts = list(parts_of(*batch.token_ids.shape, most=most))
        if self.recorder is not None and len(parts) == 1:
            total = self.recorder.learn(batch)
        else:
            self.optimizer.zero_grad(set_to_none=self.recorder is None)
            total, random = 0.0, random_state(device)
            try:
                for rows in parts:
                    if rows.start and self.ranks.agree(stopped()):
                        if not self.progress.steps:
                            raise InterruptedError
                        set_random_state(Checkpoint(random, {}), device)
                        self._stop()
                    total += self._learn_part(batch, rows, sample, last=rows is parts[-1])
                total = self.ranks.total(total)
            except RankLostError:
                set_random_state(Checkpoint(random, {}), device)
                raise
        norm: Tensor | float | None
        if self.heads is not None:
            norm = self.heads.clip(self._harnn, self.config.clip_norm)
        else:
            norm = self.fabric.clip_gradients(
                self.model,
                self.optimizer,
                max_norm=self.config.clip_norm,
                error_if_nonfinite=False,
            )
        if not math.isfinite(total) or (norm is not None and not math.isfinite(norm)):
            self._refuse_to_go_on()
        self.optimizer.step()
        return total

    def _learn_part(
        self, batch: Batch, rows: slice, sample: LabelSample | None, *, last: bool
    ) -> float:
        """Return the loss of this rank's documents in a part of a batch, and add their gradients.

        last: whether the gradients of all ranks are summed now.
        """
        own = self.ranks.of(rows)
        if self.heads is not None:
            own = Share(rows.start, rows.stop, length_of(rows))
        mine = slice(own.start, own.stop)
        given = (batch.token_ids[mine], batch.lengths[mine], batch.targets[mine])
        token_ids, lengths, targets = (x.to(self.fabric.device) for x in given)
        share = own.weight / len(batch.targets)
        if self.ranks.alone or self.heads is not None:
            return float(self._learn(token_ids, lengths, targets, sample=sample, share=share))
        with (
            self.ranks.watched(),
            self.fabric.no_backward_sync(self.model, enabled=not last),
            dropping_as_one(
                self.network, rows, own, self.ranks, [self.config.seed, self.progress.steps]
            ),
        ):
            return float(self._learn(token_ids, lengths, targets, sample=sample, share=share))

    def _learn(
        self,
        token_ids: Tensor,
        lengths: Tensor,
        targets: Tensor,
        *,
        sample: LabelSample | None = None,
        share: float = 1.0,
    ) -> Tensor:
        """Return the loss of some documents, *share* of a batch, and add its gradients.

        Those of several ranks with all labels are averaged, although their losses are parts of a
        sum.
        """
        loss = share * hybrid_loss(
            self.model(token_ids, lengths, sample=sample),
            targets,
            focus=self.config.focus,
            constraint=self.network.constraint,
            weights=None if sample is None else sample.weights,
        )
        averaged = 1 if self.heads is not None else self.ranks.count
        self.fabric.backward(loss if averaged == 1 else loss * averaged)
        return loss.detach()

    def _refuse_to_go_on(self) -> NoReturn:
        """Raises:
        ConfigError: always; numbers are no longer finite.
        """
        rate = self.config.learning_rate
        what = f"the training diverged at step {self.progress.steps + 1:,}, with the peak {rate:g}."
        raise ConfigError(Problem("training.learning_rate", what, "Start again with a lower one."))

    def _tell_step(self, steps: int) -> None:
        progress = self.progress
        rate = progress.documents / max(progress.seconds, 1e-9)
        self.listener(
            Step(
                epoch=progress.epoch + 1,
                step=progress.steps,
                steps=steps,
                loss=progress.loss / progress.documents,
                documents_per_second=rate,
                learning_rate=progress.rate,
            )
        )

    def _validate(self, valid: Corpus | None, stopped: Callable[[], bool]) -> EpochRow | None:
        """Return, in all ranks, what an epoch was worth; None: a stop was asked for.

        Raises:
            ConfigError: scores are no longer finite.
        """

        def measure(scores: NDArray[np.float32]) -> EpochRow:
            if not all(np.isfinite(scores[rows]).all() for rows in row_blocks(*scores.shape)):
                self._refuse_to_go_on()
            assert valid is not None
            given = (scores, valid, self.taxonomy, self.selection)
            return interruptible(partial(self.progress.measure, *given), stopped)

        given: dict[str, Any] = {"beam": self.beam, "ranks": self.ranks, "heads": self.heads}
        return validate(self.network, valid, measure, stopped=stopped, **given)

    def _moment(self) -> Checkpoint:
        """Return where training stands."""
        own = (self.network, self.optimizer, self.average, self.best, self.fabric.device)
        state = {
            "progress": self.progress.to_dict(),
            "fingerprint": self.fingerprint,
            "contents": self.contents,
        }
        return Checkpoint(pack_moment(*own), state)

    def _write_checkpoint(self) -> None:
        """Write a checkpoint, where one is kept; all ranks do so together.

        Raises:
            InputError: it cannot be written; in other ranks LeaderFailedError.
        """
        if self.heads is not None:
            self._written = self.heads.write(self._moment(), self.checkpoint_directory)
        else:
            self._written = self.ranks.made_by_leader(self._save), self.progress.steps

    def _save(self) -> Path | None:
        """Return where the checkpoint is; None where none is kept."""
        if self.checkpoint_directory is None:
            return None
        return save_checkpoint(self._moment(), self.checkpoint_directory)

    @property
    def stopped_at(self) -> tuple[Path | None, int]:
        """The file of the last checkpoint, if one is kept, and the steps done."""
        directory = self.checkpoint_directory
        return None if directory is None else directory / FILE, self.progress.steps

    def restore(self, checkpoint: Checkpoint) -> None:
        """Go back to the moment of the checkpoint.

        Raises:
            ConfigError: it was made with other settings or data.
            BundleError: it does not fit the network.
        """
        checkpoint.check(self.fingerprint, self.checkpoint_directory)
        progress = Progress.from_dict(checkpoint.state["progress"])
        check_fit(
            checkpoint.tensors,
            self.network,
            [x for group in self.optimizer.param_groups for x in group["params"]],
            has_best=bool(progress.history.rows),
            has_average=bool(self.config.average),
            where=str(checkpoint.path),
        )
        if self.heads is None:
            self._return_to(checkpoint)
        else:
            self._resumed = checkpoint
            self._written = checkpoint.path, progress.steps

    def _return_to(self, moment: Checkpoint) -> None:
        own = (self.network, self.optimizer, self.average, self.fabric.device)
        self.best = unpack_moment(moment, *own)
        self.progress = Progress.from_dict(moment.state["progress"])


def _without_ids(corpus: Corpus) -> Corpus:
    """Return what a network learns from."""
    return dataclasses.replace(corpus, ids=(), views={"tokens": corpus.tokens})
