"""``harnn report``: a page, a table and figures of an evaluation."""

from __future__ import annotations

import shlex
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from harnn._files import check_writable
from harnn._optional import require
from harnn.cli.decoding import settle_decoding
from harnn.cli.files import check_inputs, check_output, tell_written
from harnn.cli.models import Speed, open_model
from harnn.cli.options import DecodingChoice
from harnn.cli.problems import reading
from harnn.cli.screen import Console, say
from harnn.errors import InputError, Problem
from harnn.pages import counted
from harnn.report import make_report

PAGES = (".html",)
TABLES = (".csv",)


class ReportPlaces(NamedTuple):
    """What is written."""

    page: Path
    table: Path | None
    figures: Path | None

    def check(self, inputs: Sequence[Path]) -> None:
        """Refuse what could not be written, before any work is done.

        Raises:
            InputError: a place cannot be written.
            MissingExtraError: a package that draws is not installed.
        """
        check_output(self.page, PAGES, inputs)
        check_output(self.table, TABLES, inputs)
        require("jinja2", purpose="The page of a report", extra="report")
        if self.figures is not None:
            require("matplotlib", purpose="--figures", extra="report")
            check_writable(self.figures)
            if self.figures.exists() and not self.figures.is_dir():
                raise InputError(Problem(str(self.figures), "is a file, expected a directory."))
            if self.figures.is_dir():
                check_writable(self.figures / "figure")


def report(
    model: Path,
    data: list[Path],
    places: ReportPlaces,
    *,
    options: DecodingChoice,
    settings: Sequence[str],
    speed: Speed | None = None,
) -> None:
    """Evaluate a model and write its report.

    Raises:
        InputError: what is given cannot be used.
    """
    check_inputs(data, passes=2)
    places.check(data)
    predictor, knobs = open_model(model, settings, speed)
    chosen = settle_decoding(options, predictor.bundle)
    with reading(knobs, predictor.bundle) as log:
        made = make_report(
            predictor,
            data,
            directory=model,
            data=knobs,
            log=log,
            command=command_again("report", model, {"--data": data}, settings, options, speed),
            **chosen,
        )
    made.write_html(places.page)
    console = Console()
    found = made.evaluation.report
    console.print_line(
        f"{counted(found.documents, 'document')}, micro-F1 {100 * found.micro_f1:.1f}, "
        f"macro-F1 {100 * found.macro_f1:.1f}."
    )
    for sentence in made.warnings:
        say(f"Note: {sentence}")
    if places.table is not None:
        made.write_csv(places.table)
    if places.figures is not None:
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always", UserWarning)
            made.write_figures(places.figures)
        for each in told:
            say(f"Note: {each.message}")
    written = {"report": places.page, "table of all labels": places.table}
    tell_written(console.print_line, {**written, "figures": places.figures})


def command_again(
    name: str,
    model: Path,
    files: Mapping[str, Sequence[Path]],
    settings: Sequence[str],
    options: Mapping[str, object],
    speed: Speed | None,
) -> str:
    """Return the command that does the same again; files: of each option."""
    words = ["harnn", name, str(model)]
    words += [
        part for option, some in files.items() for path in some for part in (option, str(path))
    ]
    words += [part for setting in settings for part in ("--set", setting)]
    asked = {**options, **(speed or Speed())._asdict()}
    words += ["--bf16"] if asked.pop("bfloat16") else []
    for option, value in asked.items():
        if value is not None:
            words += [f"--{option.replace('_', '-')}", str(value)]
    return shlex.join(words)
