"""A small model behind a server: in this process, or in one of its own."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from starlette.testclient import TestClient

from harnn.config import Config
from harnn.review import Database
from harnn.sample import sample
from harnn.serve import Limits, ModelPlace, ServeSettings, Service, create_app
from support.waiting import until

FAST: dict[str, dict[str, Any]] = {
    "model": {"preset": "fast", "text_vectors": "off"},
}
_READY = re.compile(r"on http://(\S+)")
_SECONDS = 60.0


def fit_model(directory: Path, **training: Any) -> Path:
    """Train a fast model on the English sample, and return its directory."""
    import harnn

    files = sample("en")
    settings = FAST | {"training": training} if training else FAST
    config = Config.from_dict(settings)
    result = harnn.fit(files.load_taxonomy(), files.train, files.valid, config)
    harnn.save_bundle(result, directory)
    return directory


@contextmanager
def client_of(
    *models: Path | str, limits: Limits | None = None, **settings: Any
) -> Iterator[TestClient]:
    """Return a client of a server in this process; models: directories, or NAME=DIR."""
    places = tuple(ModelPlace.parse(str(model)) for model in models)
    settings.setdefault("watch", False)
    chosen = ServeSettings(models=places, limits=limits or Limits(), **settings)
    chosen.check()
    service = Service(chosen)
    app = create_app(service)
    with TestClient(app, base_url="http://127.0.0.1", raise_server_exceptions=False) as client:
        yield client


class RunningServer:
    """``harnn serve`` in a process of its own."""

    def __init__(self, process: subprocess.Popen[str], log: Path, count: int = 1) -> None:
        self.process, self._log, self._count = process, log, count
        self.url = self._wait_until_ready()

    @property
    def log(self) -> str:
        """What it has written to standard error."""
        return self._log.read_text("utf-8")

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Tell it to stop; return its exit code."""
        self.process.send_signal(number)
        return self.process.wait(_SECONDS)

    def _wait_until_ready(self) -> str:
        def is_there() -> bool:
            assert self.process.poll() is None, f"The server did not start: {self.log}"
            return len(_READY.findall(self.log)) >= self._count

        until(is_there)
        return f"http://{_READY.findall(self.log)[0]}"


@contextmanager
def running(log: Path, *arguments: str | Path) -> Iterator[RunningServer]:
    """Run ``harnn serve`` with *arguments* on a port that is free; log: a file to write."""
    if "--database" in arguments:  # made here, what it draws is the same in every run
        Database.open(arguments[arguments.index("--database") + 1]).close()
    command = [sys.executable, "-m", "harnn", "serve", "--port", "0", *map(str, arguments)]
    count = int(str(arguments[arguments.index("--workers") + 1])) if "--workers" in arguments else 1
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    with log.open("w") as errors:
        process = subprocess.Popen(command, stderr=errors, text=True, env=environment)
        try:
            yield RunningServer(process, log, count)
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
            try:
                process.wait(_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


SMALL = Path(__file__).parents[1] / "golden" / "format-3" / "fast"
"""A model that need not be trained."""
