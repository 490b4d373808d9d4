"""The training loop, to be read aloud.

Each epoch: train on all batches, score the validation documents, add a row to the history,
keep the weights if they are the best so far, write a checkpoint, stop on patience. In the end
the best weights are back in the network. Every stop leaves a checkpoint from which training goes
on bit for bit as if it had never stopped.

Several processes may share each batch (:mod:`harnn.training.ranks`): each walks this loop with the
same batches, of which it computes some documents, and takes what rank 0 finds in validation.
"""

from __future__ import annotations

import dataclasses
import logging
import math
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Generic, NamedTuple, NoReturn, TypeVar

import numpy as np
import torch
from lightning_fabric import Fabric
from numpy.typing import NDArray
from torch import Tensor

from harnn._quiet import quiet_logger
from harnn.branches.network.batch import Batch, make_batch, parts_of
from harnn.branches.network.scoring import Network, asking, score_corpus
from harnn.bundle import EpochRow, History
from harnn.config import Precision, TrainingConfig
from harnn.corpus import Corpus, shuffled_batches
from harnn.errors import ConfigError, Problem, RankLostError, TrainingInterrupted
from harnn.network import (
    Beam,
    HarnnNetwork,
    LabelSample,
    at_once,
    hybrid_loss,
    rows_of_batch,
    tune_process,
)
from harnn.taxonomy import Taxonomy
from harnn.training.checkpoint import (
    FILE,
    Checkpoint,
    pack_optimizer,
    save_checkpoint,
    set_random_state,
    unpack_optimizer,
)
from harnn.training.checkpoint_checks import check_fit
from harnn.training.events import Listener, Step, ignore
from harnn.training.optimizer import build_optimizer, usual_groups
from harnn.training.process import choose_precision, interruptible
from harnn.training.progress import Progress, Selection
from harnn.training.ranks import Ranks, Share
from harnn.training.recorder import Recorder
from harnn.training.sampling import LabelSampler
from harnn.training.schedule import rate_factor

Trained = TypeVar("Trained", bound=Network)


class _Order(NamedTuple):
    """What other ranks are given to train together."""

    network: Network
    taxonomy: Taxonomy
    config: TrainingConfig
    groups: list[dict[str, Any]]
    """Of the network's own parameters, also when both were sent."""

    def follow(self, ranks: Ranks, stopped: Callable[[], bool]) -> None:
        """Train it as rank 0 does.

        Raises:
            as :meth:`Trainer.follow`.
        """
        tune_process(self.config.threads)
        trainer = Trainer(self.network, self.taxonomy, self.config, groups=self.groups, ranks=ranks)
        trainer.follow(stopped=stopped)


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
        selection: Selection | None = None,
    ) -> None:
        """config: with nothing left to choose, see :func:`harnn.training.plan.resolve_training`.
        validation_beam: labels of a level whose children attend to a document between epochs;
        None: all. fingerprint: what a checkpoint belongs to. contents: kept beside it, SHA-256 of
        what the network started from. groups: of parameters, for the optimiser; each may have a
        ``factor`` of the learning rate; None: as :func:`usual_groups`. ranks: that share each
        batch; those that do not lead :meth:`follow`. None: this process alone. selection: what the
        best epoch has most of; None: ``config.score``.

        Raises:
            RankLostError: one of them ended.
        """
        self.ranks = ranks = ranks or Ranks()
        device = ranks.device(config.device)
        kind, _, number = device.partition(":")
        precision = choose_precision(config.precision, device)
        groups = groups or usual_groups(network, config)
        self.network, self.taxonomy, self.config = network, taxonomy, config
        if ranks.leads and not ranks.alone:
            ranks.join()
            own: Precision = "32" if precision == "32-true" else "bf16"
            given = dataclasses.replace(config, device=kind, average=0, precision=own)
            ranks.send(_Order(network, taxonomy, given, groups))
        # The listener is told instead.
        with quiet_logger("lightning_fabric", logging.WARNING), ranks.watched():
            self.fabric = Fabric(
                accelerator=kind,
                devices=[int(number)] if number else 1,
                precision=precision,
                strategy=ranks.strategy(device),
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
        self.average: list[Tensor] = []
        """Of the parameters over the last steps, in their order; empty where none is kept."""
        self.recorder: Recorder | None = None
        if kind == "cuda" and network.replays and self.sampler is None and ranks.alone:
            self.recorder = Recorder(self._learn, list(network.parameters()))

    def train(self, train: Corpus, valid: Corpus, *, stopped: Callable[[], bool]) -> History:
        """Train until the last epoch or until patience ends; restore the best weights.

        Raises:
            TrainingInterrupted: *stopped* answered true; the checkpoint is written.
            InterruptedError: it did within the first step.
            ConfigError: the training diverged.
            RankLostError: a process ended; the checkpoint of the last step is written.
        """
        try:
            if not self.ranks.alone:
                self.ranks.send((self._moment(), _without_ids(train)))
            self._train(train, lambda: self._validate(valid, stopped), stopped)
        except RankLostError as lost:
            steps = self.progress.steps
            path = self._write_checkpoint() if steps else None
            if stopped():  # the others were told to stop, too
                raise TrainingInterrupted(path, steps) from None
            raise RankLostError(lost.cause, path, steps) from None
        self.network.load_state_dict(self.best)
        return self.progress.history

    def follow(self, *, stopped: Callable[[], bool]) -> None:
        """Compute this rank's share of what rank 0 trains, from the moment where that stands.

        Raises:
            TrainingInterrupted, InterruptedError, ConfigError: as rank 0 does.
            EndedError: rank 0 trains no longer.
        """
        moment, train = self.ranks.receive()
        self._return_to(moment)

        def validate() -> NoReturn:
            raise AssertionError("only rank 0 validates")

        self._train(train, validate, stopped)

    def _train(
        self, train: Corpus, validate: Callable[[], EpochRow], stopped: Callable[[], bool]
    ) -> None:
        with self.ranks.working(self.config.threads):
            while not self._finished():
                with self.ranks.together():
                    self._train_epoch(train, stopped)
                self._end_epoch(validate)

    def _finished(self) -> bool:
        history = self.progress.history
        return (
            self.progress.epoch >= self.config.epochs
            or history.epochs_since_best(self.config.score) >= self.config.patience
        )

    def _end_epoch(self, validate: Callable[[], EpochRow]) -> None:
        """Validate, keep the weights if they are the best so far, and write a checkpoint."""
        progress = self.progress
        try:
            with self._averaged():
                row = self.ranks.share(validate)
                progress.history = progress.history.add(row)
                if self.ranks.leads and progress.history.best(self.config.score) is row:
                    state = self.network.state_dict()
                    self.best = {k: v.detach().clone() for k, v in state.items()}
        except InterruptedError:
            self._stop()
        progress.epoch += 1
        progress.start_epoch()
        self.listener(row)
        self._write_checkpoint()

    def _stop(self) -> NoReturn:
        raise TrainingInterrupted(self._write_checkpoint(), self.progress.steps)

    def _train_epoch(self, train: Corpus, stopped: Callable[[], bool]) -> None:
        progress, lengths = self.progress, train.tokens.lengths
        generator = np.random.default_rng([self.config.seed, progress.epoch])
        batches = shuffled_batches(lengths, self.config.batch_size, generator)
        steps = len(batches) * self.config.epochs
        factor = rate_factor(self.config.schedule, steps=steps, warmup=self.config.warmup)
        started = time.perf_counter() - progress.seconds
        self.ranks.level([x.data for x in self.network.parameters()])
        self.model.train()
        for rows in batches[progress.batch :]:
            progress.rate = self.config.learning_rate * factor(progress.steps)
            batch, sample = self._batch(train, rows)
            progress.loss += self._step(batch, progress.rate, sample, stopped) * len(rows)
            self._update_average(len(batches))
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
        if self.sampler is None:
            return make_batch(train, rows), None
        # Of the step alone, so that resuming draws the same.
        generator = np.random.default_rng([self.config.seed, self.progress.steps])
        sample = self.sampler.draw(train.targets[rows], generator)
        columns = sample.columns(self.network.shape.level_sizes).numpy()
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
            total, random = 0.0, self._random_state()
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
        mine = slice(own.start, own.stop)
        given = (batch.token_ids[mine], batch.lengths[mine], batch.targets[mine])
        token_ids, lengths, targets = (x.to(self.fabric.device) for x in given)
        share = own.weight / len(batch.targets)
        if self.ranks.alone:
            return float(self._learn(token_ids, lengths, targets, sample=sample, share=share))
        with (
            self.ranks.watched(),
            self.fabric.no_backward_sync(self.model, enabled=not last),
            self._dropping_as_one(rows, own),
        ):
            return float(self._learn(token_ids, lengths, targets, sample=sample, share=share))

    @contextmanager
    def _dropping_as_one(self, part: slice, own: Share) -> Iterator[None]:
        """Drop what one process would drop of these documents, where that can be known.

        On a GPU, and in an encoder's own attention, each rank draws for itself: rank 0 from the
        state that is kept, the others from the step.
        """
        if isinstance(self.network, HarnnNetwork) and self.fabric.device.type == "cpu":
            with rows_of_batch(own.start - part.start, own.stop - part.start, _length(part)):
                yield
            return
        if not self.ranks.leads:
            drawn = [self.config.seed, self.ranks.number, self.progress.steps, part.start]
            torch.manual_seed(int(np.random.SeedSequence(drawn).generate_state(1)[0]))
        yield

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

        Those of several ranks are averaged, although their losses are parts of a sum.
        """
        loss = share * hybrid_loss(
            self.model(token_ids, lengths, sample=sample),
            targets,
            focus=self.config.focus,
            constraint=self.network.constraint,
            weights=None if sample is None else sample.weights,
        )
        self.fabric.backward(loss if self.ranks.alone else loss * self.ranks.count)
        return loss.detach()

    def _refuse_to_go_on(self) -> NoReturn:
        """Raises:
        ConfigError: always; numbers are no longer finite.
        """
        rate = self.config.learning_rate
        what = f"the training diverged at step {self.progress.steps + 1:,}, with the peak {rate:g}."
        raise ConfigError(Problem("training.learning_rate", what, "Start again with a lower one."))

    def _update_average(self, steps_an_epoch: int) -> None:
        """Move the average towards the parameters, so far that it spans ``average`` epochs."""
        if not self.config.average:
            return
        now = [parameter.detach() for parameter in self.network.parameters()]
        if not self.average:
            self.average = [tensor.clone() for tensor in now]
            return
        # At first the average spans no more than the steps there have been.
        span = min(self.config.average * steps_an_epoch, self.progress.steps / 2 + 1)
        torch._foreach_lerp_(self.average, now, 1 / max(span, 1))

    @contextmanager
    def _averaged(self) -> Iterator[None]:
        """Put the average in place of the parameters for a while."""
        parameters = [parameter.data for parameter in self.network.parameters()]
        kept = [tensor.clone() for tensor in parameters] if self.average else []
        for tensor, average in zip(parameters, self.average, strict=False):
            tensor.copy_(average)
        try:
            yield
        finally:
            for tensor, own in zip(parameters, kept, strict=False):
                tensor.copy_(own)

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

    def _validate(self, valid: Corpus, stopped: Callable[[], bool]) -> EpochRow:
        with asking(self.network, stopped):
            scores = score_corpus(self.network, valid, beam=self.beam)
        if not np.isfinite(scores).all():
            self._refuse_to_go_on()
        return interruptible(
            partial(self.progress.measure, scores, valid, self.taxonomy, self.selection), stopped
        )

    def _random_state(self) -> dict[str, Tensor]:
        found = {"random/cpu": torch.random.get_rng_state()}
        if self.fabric.device.type == "cuda":
            found["random/cuda"] = torch.cuda.get_rng_state(self.fabric.device)
        return found

    def _moment(self) -> Checkpoint:
        """Return where training stands."""
        tensors = {f"weights/{k}": v for k, v in self.network.state_dict().items()}
        tensors |= {f"best/{k}": v for k, v in self.best.items()}
        tensors |= {f"average/{number:04}": v for number, v in enumerate(self.average)}
        tensors |= pack_optimizer(self.optimizer)
        tensors |= self._random_state()
        state = {
            "progress": self.progress.to_dict(),
            "fingerprint": self.fingerprint,
            "contents": self.contents,
        }
        return Checkpoint(tensors, state)

    def _write_checkpoint(self) -> Path | None:
        """Return where it is; None where none is kept."""
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
        self._return_to(checkpoint)

    def _return_to(self, moment: Checkpoint) -> None:
        self.network.load_state_dict(moment.part("weights"))
        self.best = moment.part("best")
        average = sorted(moment.part("average").items())
        self.average = [tensor.to(self.fabric.device) for _, tensor in average]
        unpack_optimizer(self.optimizer, moment.part("optimizer"))
        set_random_state(moment, self.fabric.device)
        self.progress = Progress.from_dict(moment.state["progress"])


def _without_ids(corpus: Corpus) -> Corpus:
    """Return what a network learns from."""
    return dataclasses.replace(corpus, ids=(), views={"tokens": corpus.tokens})


def _length(part: slice) -> int:
    return int(part.stop - part.start)
