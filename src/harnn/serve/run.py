"""Run a server: the socket, the processes, the signals."""

from __future__ import annotations

import os
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import uvicorn
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import Multiprocess

from harnn import review
from harnn._cores import threads_of
from harnn.errors import HarnnError, InputError, Problem
from harnn.serve.accepting import Acceptances
from harnn.serve.access import TokensFile
from harnn.serve.admission import Shared
from harnn.serve.app import create_app
from harnn.serve.door import Door
from harnn.serve.logs import LOG, start_log
from harnn.serve.metrics import MULTIPROCESS, forget_process
from harnn.serve.models import check_models
from harnn.serve.service import Service
from harnn.serve.settings import ServeSettings

_STOPS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
"""SIGHUP: the terminal is closed. Models are watched, so that nothing needs it to load them."""
_SECONDS_TO_STOP = 60
_SECONDS_TO_BE_SILENT = 60
"""After which one of several processes is taken for dead: uvicorn's five are too few for what it
imports on a busy machine, so that it would be started anew for ever."""
_BACKLOG = 2_048


def serve(settings: ServeSettings) -> None:
    """Answer requests until the process is told to stop (SIGTERM, SIGINT), and then what came.

    Raises:
        BundleError, ConfigError, DatabaseError, MissingExtraError: before anything is loaded, as
            far as it can be seen then.
        InputError: nobody can listen there.
    """
    settings.check()
    if settings.tokens is not None:
        TokensFile(settings.tokens)
    shared = Shared.new(settings)
    check_models(settings.models)
    Acceptances(settings.acceptance_places).check_models(settings.models)
    if settings.database is not None:
        review.Corrections.open(settings.database).close()
    with _listening(settings) as (listener, place):
        settings = replace(settings, port=place[1])
        _say_how_to_ask(settings)
        if settings.workers == 1:
            _serve_alone(settings, shared, listener)
        else:
            _serve_together(settings, shared, listener)


def _serve_alone(settings: ServeSettings, shared: Shared, listener: socket.socket) -> None:
    start_log(settings.json_logs)
    service = Service(settings)
    _say_ready(settings, service)
    server = uvicorn.Server(_config(create_app(service, shared)))
    with _stopping(server):
        server.run([listener])


@contextmanager
def _stopping(server: uvicorn.Server) -> Iterator[None]:
    """Let signals end a server, and nothing else: when it has ended it raises them again."""

    def stop(*_: object) -> None:
        server.should_exit = True

    before = {number: signal.signal(number, stop) for number in _STOPS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _serve_together(settings: ServeSettings, shared: Shared, listener: socket.socket) -> None:
    start_log(settings.json_logs)
    _share_threads(settings.workers)
    with tempfile.TemporaryDirectory(prefix="harnn-serve-") as directory:
        os.environ[MULTIPROCESS] = directory
        together = replace(shared, directory=Path(directory))
        config = _config(partial(worker_app, settings, together), workers=settings.workers)
        supervisor = _Supervisor(config, [listener])
        supervisor.run()
        del os.environ[MULTIPROCESS]
    if any(process.exitcode == STARTUP_FAILURE for process in supervisor.processes):
        raise InputError("No process could start; why is said above.")


class _Supervisor(Multiprocess):
    """Several processes, one of which is started again where it dies."""

    def keep_subprocess_alive(self) -> None:
        """Start again what has died, or has not answered for a minute; signals are heeded."""
        end = time.monotonic() + _SECONDS_TO_BE_SILENT
        while any(each.process.is_alive() and not each.ping(1) for each in self.processes):
            self.handle_signals()
            if self.should_exit.is_set() or time.monotonic() > end:
                break
        before = {each.pid for each in self.processes}
        super().keep_subprocess_alive()
        for pid in before - {each.pid for each in self.processes}:
            forget_process(pid)

    def handle_hup(self) -> None:
        """Stop, as a single process does."""
        self.handle_term()


def worker_app(settings: ServeSettings, shared: Shared) -> Any:
    """Return the application of one of several processes, or end it with one line."""
    start_log(settings.json_logs)
    try:
        service = Service(settings)
        app = create_app(service, shared)
    except HarnnError as error:
        LOG.error("Error: %s", error)
        sys.exit(STARTUP_FAILURE)
    _say_ready(settings, service)
    return app


def _config(app: Any, **more: Any) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        factory=isinstance(app, partial),
        http=Door,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,  # the application does that, for those that the settings trust
        lifespan="on",
        ws="none",
        backlog=_BACKLOG,
        timeout_graceful_shutdown=_SECONDS_TO_STOP,
        **more,
    )


@contextmanager
def _listening(settings: ServeSettings) -> Iterator[tuple[socket.socket, tuple[str, int]]]:
    """Return a socket that listens, and its address.

    Raises:
        InputError: nobody can listen there.
    """
    place = f"{settings.host}:{settings.port}"
    try:
        found = socket.getaddrinfo(
            settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
        family, kind, protocol, _, address = found[0]
        listener = socket.socket(family, kind, protocol)
    except OSError as error:
        raise InputError(Problem(place, f"cannot be listened on: {error.strerror}.")) from None
    with listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(address)
            listener.listen(_BACKLOG)
        except OSError as error:
            raise InputError(Problem(place, f"cannot be listened on: {error.strerror}.")) from None
        listener.set_inheritable(True)
        yield listener, listener.getsockname()[:2]


def _say_how_to_ask(settings: ServeSettings) -> None:
    """Tell who sits at a terminal what to do once the models are loaded."""
    if settings.json_logs or not sys.stderr.isatty():
        return
    token = "" if settings.tokens is None else "-H 'Authorization: Bearer TOKEN' "
    names = ", ".join(model.name for model in settings.models)
    sys.stderr.write(
        f"Loading {names}. Ctrl-C stops the server. To ask it:\n"
        f"  curl '{_address(settings)}/v1/predict' {token}-H 'Content-Type: application/json' "
        """-d '{"documents": ["A text."]}'\n"""
    )


def _say_ready(settings: ServeSettings, service: Service) -> None:
    names = ", ".join(f"{model.name} ({model.version})" for model in service.models)
    LOG.info("Serving %s on %s", names, _address(settings))


def _address(settings: ServeSettings) -> str:
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return f"http://{host}:{settings.port}"


def _share_threads(workers: int) -> None:
    """Give each process its share of the cores, where nobody has said otherwise."""
    for name, share in threads_of(workers).items():
        os.environ.setdefault(name, share)
