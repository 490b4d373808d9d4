from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa

from harnn.review import Database
from support.postgres import postgres

_TEMPLATE = "template_of_tests"


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    with postgres() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty database, of each kind in turn."""
    if request.param == "sqlite":
        yield str(tmp_path / "corrections.db")
        return
    url = request.getfixturevalue("postgres_url")
    with database_of(url, name_of(request)) as found:
        yield found


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def made(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database with our tables, of each kind in turn."""
    if request.param == "sqlite":
        yield str(shutil.copy(request.getfixturevalue("sqlite_template"), tmp_path / "review.db"))
        return
    url = request.getfixturevalue("postgres_template")
    with database_of(url, name_of(request), template=_TEMPLATE) as found:
        yield found


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "review.db"
    Database.open(path).close()
    return path


@pytest.fixture(scope="session")
def postgres_template(postgres_url: str) -> Iterator[str]:
    """Return the URL of the server, where a database of that name has our tables."""
    with database_of(postgres_url, _TEMPLATE) as place:
        Database.open(place).close()
        yield postgres_url


def name_of(request: pytest.FixtureRequest) -> str:
    return f"test_{abs(hash(request.node.name))}"


@contextmanager
def database_of(url: str, name: str, template: str = "template1") -> Iterator[str]:
    """Make a database on a server, and remove it in the end."""
    server = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name} TEMPLATE {template}"))
    yield sa.make_url(url).set(database=name).render_as_string(hide_password=False)
    with server.connect() as connection:
        connection.execute(sa.text(f"DROP DATABASE {name} WITH (FORCE)"))
    server.dispose()
