"""Processes of this machine that answer messages, one at a time, until nobody asks any more.

What passes between a process and who asks is pickled; a process is started here, so what comes from
it is ours.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from typing import IO, Any, cast

from harnn._cores import threads_of
from harnn.errors import HarnnError

_SECONDS_TO_END = 5.0
_START = "import sys; sys.path[:] = {path!r}; from {module} import {name}; {name}()"


class WorkerError(HarnnError):
    """A process that answers documents ended too early."""


class Process:
    """One process; whoever makes it ends it."""

    def __init__(self, serve: Callable[[], None], environment: dict[str, str]) -> None:
        """serve: what the process does, a function of a module, such as one that calls
        :func:`serve_messages`. environment: see :func:`share_of`.
        """
        code = _START.format(path=sys.path, module=serve.__module__, name=serve.__name__)
        self._process = subprocess.Popen(
            [sys.executable, "-c", code],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
            start_new_session=True,  # Ctrl-C is for this process, which ends them
        )

    @property
    def pid(self) -> int:
        """Its number."""
        return self._process.pid

    def poll(self) -> int | None:
        """Return what it ended with, or None."""
        return self._process.poll()

    def send(self, message: Any) -> None:
        """Ask.

        Raises:
            WorkerError: the process ended.
            Exception: what the process said last.
        """
        try:
            pipe = cast(IO[bytes], self._process.stdin)
            pipe.write(pickle.dumps(message))
            pipe.flush()
        except OSError:
            self.receive()  # it may have said why
            raise self._ended() from None

    def receive(self) -> Any:
        """Wait for the answer.

        Raises:
            WorkerError: the process ended.
            Exception: what the process could not do.
        """
        try:
            reply = pickle.load(cast(IO[bytes], self._process.stdout))
        except (EOFError, OSError, ValueError, pickle.UnpicklingError):
            raise self._ended() from None
        if isinstance(reply, BaseException):
            raise reply
        return reply

    def stop(self) -> None:
        """Tell it to end."""
        self._process.terminate()

    def end(self) -> None:
        """Wait until it has ended, or end it."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_SECONDS_TO_END)
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            with contextlib.suppress(OSError):  # of what could not be sent
                cast(IO[bytes], pipe).close()

    def _ended(self) -> WorkerError:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_SECONDS_TO_END)
        code = self._process.returncode
        killed = code is not None and code < 0
        how = f"was killed by signal {-code}" if killed else "ended too early"
        hint = "Where memory is short, take fewer workers: each holds the model."
        return WorkerError(f"a process that answers documents {how}. {hint}")


def share_of(processes: int, threads: int | None = None) -> dict[str, str]:
    """Return the environment of one of some processes, with its share of the threads.

    threads: that it has instead.
    """
    return dict(os.environ) | threads_of(processes, threads)


def serve_messages(begin: Callable[[Any], Callable[[Any], Any]]) -> None:
    """Answer what comes on standard input, until it ends: the work of one process.

    begin: is given the first message, which has no answer, when the second is there, and returns
    what answers the others. What either raises is the answer.
    """
    reader, writer = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever else is printed shall not be taken for an answer
    with contextlib.suppress(EOFError, OSError):  # whoever asks is gone
        first = pickle.load(reader)
        answer: Callable[[Any], Any] | None = None
        while True:
            message = pickle.load(reader)
            try:
                answer = answer or begin(first)
                reply = answer(message)
            except Exception as error:
                reply = that_can_be_sent(error)
            writer.write(pickle.dumps(reply))
            writer.flush()


def that_can_be_sent(error: Exception) -> Exception:
    """Return an error that arrives in another process."""
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:
        return HarnnError(f"{type(error).__name__}: {error}")
    return error
