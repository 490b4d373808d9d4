"""``harnn score``: an archive of documents, partition by partition."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from harnn._display import counted
from harnn.cli.answer_bar import AnswerBar, answer_bar
from harnn.cli.decoding import settle_decoding
from harnn.cli.models import Speed, open_bundle
from harnn.cli.options import DecodingChoice
from harnn.cli.screen import Console, say
from harnn.errors import DocumentError, Problem, problem_lines
from harnn.scoring import Crew, ScorerSettings, ScoringProgress, ScoringSummary, score_archive
from harnn.scoring.archive import ANSWERS, FAILED, check_place
from harnn.scoring.scored import Form


def score(
    model: Path,
    given: Sequence[str],
    out: Path,
    *,
    form: Form,
    partition: int | None,
    crew: Crew,
    threads: int | None,
    resume: bool,
    options: DecodingChoice,
    settings: Sequence[str],
    speed: Speed,
    acceptance: Path | None = None,
) -> None:
    """Answer an archive into a directory; see :func:`harnn.scoring.score_archive`.

    Raises:
        DocumentError: in the end, where some documents have no answer and ``on_error`` is not skip.
        HarnnError: as there.
    """
    crew.check()
    check_place(out, resume=resume)
    bundle, knobs = open_bundle(model, settings)
    chosen = settle_decoding(options, bundle)
    scorer = ScorerSettings(
        model=model,
        decoding=chosen,
        speed=speed._asdict(),
        data=knobs,
        acceptance=acceptance,
        threads=threads,
    )
    with answer_bar(Console(stderr=True), lambda: None) as bar:
        watch = _Watch(bar)
        try:
            summary = score_archive(
                scorer,
                given,
                out,
                form=form,
                partition=partition,
                crew=crew,
                resume=resume,
                listener=watch,
            )
        except BaseException:
            bar.stop()
            if watch.kept:
                say(
                    f"What is finished is kept in {out}; repeat the command with --resume to go on."
                )
            raise
    _tell(summary, out)
    missing = _missing(summary, out)
    if summary.broken_files or (summary.failed and knobs.on_error != "skip"):
        raise DocumentError(Problem("", *missing))
    if summary.failed:
        say(" ".join(missing))


class _Watch:
    """Shows how far a scoring is."""

    def __init__(self, bar: AnswerBar) -> None:
        self._bar = bar
        self._done: int | None = None

    @property
    def kept(self) -> bool:
        """Whether there is something that a stopped scoring goes on with."""
        return bool(self._done)

    def __call__(self, progress: ScoringProgress) -> None:
        if progress.state == "planning":
            self._bar.tell(f"{progress.done:,} of {counted(progress.total, 'file')} divided")
        elif self._done is None:
            self._bar.expect(progress.total)
            self._bar.start_at(progress.kept)
            if progress.kept:
                say(f"Going on after {counted(progress.kept, 'document')}.")
            self._done = progress.done
        else:
            self._bar.advance(progress.done - self._done)
            self._done = progress.done


def _tell(summary: ScoringSummary, out: Path) -> None:
    for line in problem_lines(summary.warnings, "Warning: "):
        say(line)
    if summary.changed_partitions:
        what = "was made again: its documents changed."
        if summary.changed_partitions > 1:
            what = "were made again: their documents changed."
        say(f"{counted(summary.changed_partitions, 'partition')} {what}")
    if summary.empty_files:
        say(f"{counted(summary.empty_files, 'file')} without a document.")
    console = Console()
    seconds = f"{summary.seconds:,.0f} seconds, {summary.rate:,.0f} documents/s"
    answered = f"{counted(summary.documents, 'document')} answered ({seconds})"
    console.print_line(f"{answered}; the answers are in {out / ANSWERS}/.")


def _missing(summary: ScoringSummary, out: Path) -> tuple[str, str]:
    """Say what has no answer, and where it is told."""
    failed = counted(summary.failed, "document")
    what = f"{failed} could not be answered" if summary.failed else "all documents are answered"
    if summary.broken_files:
        joined = "and" if summary.failed else "but"
        what += f" {joined} {counted(summary.broken_files, 'file')} could not be read to the end"
    return f"{what}.", f"Which and why is in {out / FAILED}/."
