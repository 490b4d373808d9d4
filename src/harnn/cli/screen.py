"""The terminal's streams: what is shown there, and what happens where they fail.

Text from elsewhere (labels, names of files, messages) is shown as it stands: nothing in it is read
as markup, what a terminal would act on is made visible, and words written from right to left change
the order of nothing beside them.
"""

from __future__ import annotations

import contextlib
import errno
import io
import os
import signal
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import IO, Any, cast

import rich.console
from rich.console import ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.text import Text

from harnn._display import isolate, printable
from harnn.errors import InputError, Problem

_STOPS = ("SIGTERM", "SIGHUP")
"""Signals that stop a command like Ctrl-C; the second is not known everywhere."""
_NO_ROOM = (errno.ENOSPC, errno.EFBIG, errno.EDQUOT)


class Console(rich.console.Console):
    """A console that shows all text as it stands; one for standard error never fails."""

    def __init__(self, *, stderr: bool = False) -> None:
        stream = cast(IO[str], _Unfailing(sys.stderr)) if stderr else None
        super().__init__(file=stream, stderr=stderr, markup=False, emoji=False, highlight=False)

    def render_str(self, text: str, **options: Any) -> Text:
        return super().render_str(printable(text), **options)

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        for segment in super().render(renderable, options):
            text, style, control = segment
            yield segment if control else Segment(isolate(printable(text)), style)

    def print_line(self, text: str) -> None:
        """Print a line that is not folded."""
        self.print(text, soft_wrap=True)

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE))


class _Unfailing:
    """A stream that takes what it can: nobody's work ends because nobody reads about it."""

    def __init__(self, stream: IO[str] | None) -> None:
        self._stream = stream if stream is not None else io.StringIO()

    def write(self, text: str) -> int:
        with contextlib.suppress(OSError, ValueError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            self._stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def plain(text: str, style: str = "") -> Text:
    """Return text from elsewhere for a cell of a table."""
    return Text(printable(text), style=style)


def say(text: str) -> None:
    """Print a line to standard error, whatever becomes of it."""
    stream = _Unfailing(sys.stderr)
    stream.write(isolate(printable(text)).rstrip("\n") + "\n")
    stream.flush()


def fill_closed_descriptors() -> None:
    """Let what was closed lead nowhere, so that no file is opened in its place."""
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free


def prepare_streams() -> None:
    """Let no character be one that standard output cannot hold.

    Raises:
        InputError: standard output is closed.
    """
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None and getattr(stream, "errors", "") == "strict":
            reconfigure(errors="backslashreplace")
    if sys.stdout is None or sys.stdout.closed:
        hint = "Send it to a file or to /dev/null."
        raise InputError(Problem("standard output", "is closed.", hint))


def flush_output() -> None:
    """Hand over what was printed while errors can still be told."""
    sys.stdout.flush()


def is_of_output(error: OSError) -> bool:
    """Tell whether standard output is what cannot be written to; files are told with a name."""
    try:
        flush_output()
    except (OSError, ValueError):
        return True
    return not error.filename and error.errno in _NO_ROOM


def discard_output() -> None:
    """Let what nobody takes lead nowhere, so that nothing is tried again at the end."""
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


@contextmanager
def stopped_by_signals() -> Iterator[None]:
    """Let SIGTERM and SIGHUP stop the block like Ctrl-C, where signals can be caught.

    Those that are ignored, as under ``nohup``, stay so.
    """
    before: dict[int, Any] = {}
    if threading.current_thread() is threading.main_thread():
        for name in _STOPS:
            number = getattr(signal, name, None)
            if number is not None and signal.getsignal(number) == signal.SIG_DFL:
                before[number] = signal.signal(number, signal.default_int_handler)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
