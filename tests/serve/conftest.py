from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import harnn
from support.served import RunningServer, fit_model, running


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fit_model(tmp_path_factory.mktemp("served") / "sample")


@pytest.fixture(scope="session")
def predictor(model: Path) -> harnn.Predictor:
    return harnn.Predictor.load(model)


@pytest.fixture(scope="session")
def server_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the log and the database of the server are."""
    return tmp_path_factory.mktemp("server")


@pytest.fixture(scope="session")
def server(model: Path, server_home: Path) -> Iterator[RunningServer]:
    """A server in a process of its own, for the clients of other programs."""
    options = ("--database", server_home / "corrections.db", "--language", "en")
    with running(server_home / "log", f"sample={model}", *options) as found:
        yield found
