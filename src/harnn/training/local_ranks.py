"""Other processes of this machine that train with this one: started, watched and ended."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from harnn._cores import threads_of
from harnn._optional import Later
from harnn.errors import RankLostError

if TYPE_CHECKING:
    import torch.distributed as dist
    from torch.distributed import FileStore  # type: ignore[attr-defined]
else:
    dist = Later("torch.distributed", "Training on several processes")

_START = (
    "import sys; sys.path[:] = {path!r}; "
    "from harnn.training.following import serve; serve({number}, {count}, {store!r})"
)
_BEGIN = "begin"
_ASKED_EVERY = 0.05
_SECONDS_TO_END = 5.0
_INTERFACE = "GLOO_SOCKET_IFNAME"


class LocalProcesses:
    """Ranks 1 and above; they find rank 0 by a file that nobody else can read, not by a port."""

    def __init__(self, count: int) -> None:
        """count: of all ranks, with this process."""
        self._count = count
        self._processes: list[subprocess.Popen[bytes]] = []
        self._directory: Path | None = None

    @property
    def _file(self) -> Path:
        assert self._directory is not None
        return self._directory / "store"

    def start(self) -> None:
        """Start them, where they are not started yet; they wait for this process."""
        if self._processes:
            return
        self._directory = Path(tempfile.mkdtemp(prefix="harnn-ranks-"))
        environment = os.environ | threads_of(self._count) | _loopback()
        for number in range(1, self._count):
            code = _START.format(
                path=sys.path, number=number, count=self._count, store=str(self._file)
            )
            process = subprocess.Popen(
                [sys.executable, "-c", code],
                stdin=subprocess.PIPE,  # closes when this process is gone, and so ends them
                stdout=subprocess.DEVNULL,
                env=environment,
                start_new_session=True,  # Ctrl-C is for this process, which ends them
            )
            self._processes.append(process)

    def wait(self, seconds: float) -> FileStore:
        """Return the store by which all find each other, once all have been there.

        Raises:
            RankLostError: one has ended, or does not come.
        """
        store, end = dist.FileStore(str(self._file), self._count), time.monotonic() + seconds  # type: ignore[attr-defined]
        keys = [f"ready/{number}" for number in range(1, self._count)]
        while not store.check(keys):
            if any(process.poll() is not None for process in self._processes):
                raise RankLostError(self.lost())
            if time.monotonic() > end:
                what = f"a process of the training did not begin within {seconds:g} seconds"
                raise RankLostError(what)
            time.sleep(_ASKED_EVERY)
        store.set(_BEGIN, "1")
        return store

    def lost(self) -> str:
        """Say which of them has ended, and how; empty where all are there."""
        end = time.monotonic() + 1  # its connection may be gone before it is
        while time.monotonic() < end:
            for number, process in enumerate(self._processes, start=1):
                code = process.poll()
                if code is not None:
                    how = f"was killed by signal {-code}" if code < 0 else f"ended with code {code}"
                    return f"rank {number} of the training (process {process.pid}) {how}"
            time.sleep(_ASKED_EVERY)
        return ""

    def end(self) -> None:
        """End those that have not ended yet."""
        for process in self._processes:
            with contextlib.suppress(OSError):
                assert process.stdin is not None
                process.stdin.close()
        for process in self._processes:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(_SECONDS_TO_END)
            process.kill()
            process.wait()
        self._processes.clear()
        if self._directory is not None:
            shutil.rmtree(self._directory, ignore_errors=True)
            self._directory = None


def store_of(path: str, number: int, count: int) -> FileStore:
    """Return the store of rank 0, which started this process, once it begins to train."""
    store = dist.FileStore(path, count)  # type: ignore[attr-defined]
    store.set(f"ready/{number}", "1")
    store.wait([_BEGIN], timedelta(days=365))
    return store


def end_with_parent() -> None:
    """End this process as soon as the one that started it closes its standard input, or ends."""

    def wait() -> None:
        with contextlib.suppress(OSError, ValueError):
            while os.read(0, 1):
                pass
        os._exit(RankLostError.exit_code)

    threading.Thread(target=wait, name="harnn-parent", daemon=True).start()


@contextmanager
def over_loopback() -> Iterator[None]:
    """Let processes find each other inside this machine, whatever its name and networks are."""
    added = _loopback()
    os.environ.update(added)
    try:
        yield
    finally:
        for name in added:
            del os.environ[name]


def _loopback() -> dict[str, str]:
    """Return, as a variable for gloo, the interface; nothing where somebody has chosen one."""
    if _INTERFACE in os.environ:
        return {}
    names = [name for _, name in socket.if_nameindex()]
    found = next((name for name in ("lo", "lo0") if name in names), None)
    return {} if found is None else {_INTERFACE: found}
