"""Show training in the terminal: a bar where there is one, else a line an epoch."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)

from harnn.bundle import EpochRow
from harnn.cli.screen import Console
from harnn.training import Event, Stage, Step


@contextmanager
def training_display(console: Console, score: str) -> Iterator[TrainingDisplay]:
    """Show a training in a block; score: the field of an epoch that chooses the best one."""
    display = TrainingDisplay(console, score)
    with display.bar:
        yield display


class TrainingDisplay:
    """A listener for :func:`harnn.fit` that writes to *console*."""

    def __init__(self, console: Console, score: str) -> None:
        self.console, self.score = console, score
        self.best = 0.0
        self.bar = Progress(
            TextColumn("epoch {task.fields[epoch]}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("loss {task.fields[loss]:.3f}"),
            TextColumn("best {task.fields[score]} {task.fields[best]:.4f}"),
            TextColumn("{task.fields[rate]:,.0f} documents/s"),
            TimeRemainingColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self.task = self.bar.add_task(
            "train", epoch=1, loss=0.0, score=score, best=0.0, rate=0.0, visible=False, total=None
        )

    def __call__(self, event: Event) -> None:
        if isinstance(event, Stage):
            self.console.print_line(event.message)
        elif isinstance(event, Step):
            self._show_step(event)
        elif isinstance(event, EpochRow):
            self._show_epoch(event)

    def _show_step(self, step: Step) -> None:
        self.bar.update(
            self.task,
            visible=True,
            total=step.steps,
            completed=step.step,
            epoch=step.epoch,
            loss=step.loss,
            best=self.best,
            rate=step.documents_per_second,
        )

    def _show_epoch(self, row: EpochRow) -> None:
        score = row.worth(self.score)
        star = " *" if score > self.best else ""
        self.best = max(self.best, score)
        self.console.print_line(
            f"epoch {row.epoch:>3}  loss {row.loss:.3f}  valid: AUPRC {row.auprc:.4f}  "
            f"micro-F1 {row.micro_f1:.4f}  macro-F1 {row.macro_f1:.4f}  "
            f"{row.seconds:.0f} s  {row.documents_per_second:,.0f} documents/s{star}"
        )
