"""A PostgreSQL server of our own, where one is installed; it listens on this machine alone."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

_USER = "postgres"
_SECONDS = 60


@contextmanager
def postgres() -> Iterator[str]:
    """Return the URL, with a password, of an empty database; skips the test where none is there."""
    programs = _programs()
    if programs is None:
        pytest.skip("PostgreSQL is not installed (apt-get install postgresql)")
    pytest.importorskip("psycopg", reason="psycopg is not installed (pip install psycopg[binary])")
    home = Path(tempfile.mkdtemp(prefix="harnn-postgres-"))
    password, port = secrets.token_hex(8), _free_port()
    secret = home / "password"
    secret.write_text(password)
    if os.getuid() == 0:  # it refuses to run as root
        shutil.chown(home, _USER)
        shutil.chown(secret, _USER)
    data, log = home / "data", home / "log"
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c fsync=off -k {home}"
    make: list[str | Path] = [
        programs / "initdb",
        "-D",
        data,
        "-U",
        "harnn",
        "-A",
        "scram-sha-256",
        "-E",
        "UTF8",
    ]
    control: list[str | Path] = [programs / "pg_ctl", "-D", data, "-w", "-t", str(_SECONDS)]
    try:
        _run(*make, "--locale=C", "--no-sync", f"--pwfile={secret}")
        _run(*control, "-l", log, "-o", options, "start")
        try:
            yield f"postgresql+psycopg://harnn:{password}@127.0.0.1:{port}/postgres"
        finally:
            _run(*control, "-m", "immediate", "stop")
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _programs() -> Path | None:
    """Return the directory of the newest server's programs."""
    found = shutil.which("initdb")
    if found:
        return Path(found).resolve().parent
    places = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    return max((each.parent for each in places), default=None)


def _run(*command: str | Path) -> None:
    user = _USER if os.getuid() == 0 else None
    done = subprocess.run(
        list(map(str, command)),
        user=user,
        group=user,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,  # the server inherits them: a pipe would never end
        stderr=subprocess.DEVNULL,
        timeout=_SECONDS,
        cwd="/",
    )
    assert done.returncode == 0, f"{command[0]} failed"


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
