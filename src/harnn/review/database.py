"""The database: a file of SQLite, or what an SQLAlchemy URL names; opened, checked, brought up.

What is written waits for other processes that write: SQLite in WAL mode, each transaction of which
takes the lock at once, so that none fails half way.
"""

from __future__ import annotations

import os
import sqlite3
import stat
import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.exc import (
    ArgumentError,
    DBAPIError,
    NoSuchModuleError,
    SAWarning,
    SQLAlchemyError,
)

from harnn._display import printable
from harnn._files import check_writable
from harnn._places import kind_of_place
from harnn.errors import DatabaseError, InputError, MissingExtraError, Problem

_VERSION_TABLE = "harnn_schema"
"""Says which migrations a database has seen, and that it is ours."""
_SECONDS_TO_WAIT = 30
"""For others that write, and for a server to answer."""
_SECONDS_BETWEEN = 0.02
_LIBPQ = ("psycopg", "psycopg2")
"""Drivers that take a timeout; by themselves they wait for minutes."""
_LOCK_OF_MIGRATIONS = 0x6861726E6E  # "harnn"
_MIGRATING = threading.Lock()
"""Alembic gives migrations their connection by a name of its module."""
_SHOWN_TABLES = 3
_MOST_SHOWN = 300
"""Characters of what a driver says."""


class Database:
    """An open database; to be closed. Any thread may use it."""

    def __init__(self, engine: sa.Engine, shown: str) -> None:
        self._engine = engine
        self.shown = shown
        """Its place, for messages: a file, or a URL without user, password and options."""

    @classmethod
    def open(cls, place: str | Path, *, make: bool = True, reads: bool = False) -> Database:
        """Open a database and bring its tables up to this version.

        place: a file of SQLite, or an SQLAlchemy URL such as
        ``postgresql+psycopg://user:password@host/name``. make: whether an empty one, or a file that
        is not there, becomes one of ours. reads: nothing will be written; a file of SQLite that
        this user may only read is read as it is, and nothing is written beside it.

        Raises:
            DatabaseError: it cannot be opened, or is that of another program or a newer harnn, or
                of an older one and cannot be written.
            MissingExtraError: the driver of the database is not installed.
        """
        url = _url_of(place)
        is_file = url.get_backend_name() == "sqlite"
        if is_file and reads and not make and not _may_be_written(url):
            database = cls(_engine(_read_only(url)), shown_url(url))
            try:
                database._check_version()
            except BaseException:
                database.close()
                raise
            return database
        if is_file:
            _check_file(url, make=make)
        database = cls(_engine(url), shown_url(url))
        try:
            database._bring_up(make=make)
            database._let_read_and_write()
        except BaseException:
            database.close()
            raise
        return database

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """Open a transaction that sees one moment and changes nothing.

        Raises:
            DatabaseError: the database does not answer.
        """
        options: Any = {"reading": True}
        if self._engine.dialect.name != "sqlite":  # which does so by itself
            options["isolation_level"] = "REPEATABLE READ"
        with (
            self._told(),
            self._engine.connect().execution_options(**options) as connection,
            connection.begin(),
        ):
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """Open a transaction that is kept when the block ends well.

        Raises:
            DatabaseError: the database does not answer, or cannot be written.
        """
        with self._told(), self._engine.begin() as connection:
            yield connection

    def _bring_up(self, *, make: bool) -> None:
        with self.writing() as connection:
            if connection.dialect.name == "postgresql":
                lock = sa.text("SELECT pg_advisory_xact_lock(:number)")
                connection.execute(lock, {"number": _LOCK_OF_MIGRATIONS})
            script = _scripts()
            context = MigrationContext.configure(connection, opts={"version_table": _VERSION_TABLE})
            found = context.get_current_revision()
            if found == script.get_current_head():
                return
            self._check_owner(connection, found, script, make=make)
            config = _config()
            config.attributes |= {"connection": connection, "version_table": _VERSION_TABLE}
            with _MIGRATING:
                command.upgrade(config, "head")

    def _check_version(self) -> None:
        """Raises:
        DatabaseError: its tables are not those of this version.
        """
        with self.reading() as connection:
            script = _scripts()
            context = MigrationContext.configure(connection, opts={"version_table": _VERSION_TABLE})
            found = context.get_current_revision()
            if found == script.get_current_head():
                return
            self._check_owner(connection, found, script, make=False)
        what = "was written by an older harnn, and cannot be brought up to this version: "
        what += "you may only read it."
        hint = "Let somebody who may write it open it once, as harnn review status does."
        raise DatabaseError(Problem(self.shown, what, hint))

    def _let_read_and_write(self) -> None:
        """Let others read a file of SQLite while somebody writes; the file remembers it.

        For this SQLite waits for nobody, so that servers which start together would refuse.
        """
        if self._engine.dialect.name != "sqlite":
            return
        end = time.monotonic() + _SECONDS_TO_WAIT
        with self._told(), self._engine.connect() as connection:
            driver: Any = connection.connection.driver_connection
            while True:
                try:
                    driver.execute("PRAGMA journal_mode=WAL")
                    return
                except sqlite3.OperationalError as error:
                    if not _is_locked(error) or time.monotonic() > end:
                        raise
                time.sleep(_SECONDS_BETWEEN)

    def _check_owner(
        self, connection: sa.Connection, found: str | None, script: ScriptDirectory, *, make: bool
    ) -> None:
        if found is not None:
            if found not in {each.revision for each in script.walk_revisions()}:
                what = f"was written by a newer harnn (its tables are of version {found!r})."
                raise DatabaseError(Problem(self.shown, what, "Update harnn."))
            return
        tables = sorted(set(sa.inspect(connection).get_table_names()) - {_VERSION_TABLE})
        if tables:
            more = ", …" if len(tables) > _SHOWN_TABLES else ""
            names = ", ".join(map(repr, tables[:_SHOWN_TABLES]))
            what = f"is the database of another program: it has the tables {names}{more}."
            raise DatabaseError(Problem(self.shown, what, "Give an empty one, or another file."))
        if not make:
            raise DatabaseError(Problem(self.shown, "holds nothing that harnn has written."))

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Say what a database refuses without what was to be written, and without passwords."""
        try:
            yield
        except (SQLAlchemyError, sqlite3.Error) as error:
            raise DatabaseError(Problem(self.shown, f"cannot be used: {_reason(error)}.")) from None


def shown_url(url: sa.URL) -> str:
    """Return what a message says of a place: no user, no password, no options."""
    if url.get_backend_name() == "sqlite":
        return str(url.database)
    host = f"[{url.host}]" if ":" in (url.host or "") else url.host or ""
    port = f":{url.port}" if url.port else ""
    return f"{url.drivername}://{host}{port}/{url.database or ''}"


def _url_of(place: str | Path) -> sa.URL:
    """Raises:
    DatabaseError: it is no URL, or one that is not served; none of it is shown.
    """
    if not str(place).strip():
        raise DatabaseError(Problem("database", "got nothing, expected a file or a URL."))
    if isinstance(place, Path) or "://" not in place:
        return sa.URL.create("sqlite", database=str(place))
    expected = "expected a file, or a URL such as postgresql+psycopg://USER:PASSWORD@HOST/NAME."
    try:
        url = sa.make_url(place)
    except (ArgumentError, ValueError):  # of a port, for one; both show what is given
        raise DatabaseError(Problem("database", f"got a URL that is none, {expected}")) from None
    if "@" in (url.host or ""):
        what = "got a URL with more than one @; in a user or password it is written %40."
        raise DatabaseError(Problem("database", what))
    if url.get_backend_name() == "sqlite" and url.database in (None, "", ":memory:"):
        what = "got a database in memory, which other processes do not see and nobody keeps."
        raise DatabaseError(Problem("database", what, "Give the name of a file."))
    return url


def _engine(url: sa.URL) -> sa.Engine:
    """Raises:
    DatabaseError: SQLAlchemy does not know such a URL, or its options.
    MissingExtraError: the driver is not installed.
    """
    is_sqlite = url.get_backend_name() == "sqlite"
    try:
        waits = is_sqlite or url.get_driver_name() in _LIBPQ
        name = "timeout" if is_sqlite else "connect_timeout"
        given = {name: _SECONDS_TO_WAIT} if waits and name not in url.query else {}
        with warnings.catch_warnings():
            warnings.simplefilter("error", SAWarning)  # of options that are not known
            engine = sa.create_engine(
                url, hide_parameters=True, pool_pre_ping=True, connect_args=given
            )
    except ModuleNotFoundError as error:
        raise MissingExtraError(
            f"A URL of {url.drivername!r} needs the module {error.name!r}, which is not installed. "
            "Install it, or name another driver, as in postgresql+psycopg://."
        ) from None
    except NoSuchModuleError:
        what = f"got a URL of {url.drivername!r}, which SQLAlchemy does not know."
        raise DatabaseError(Problem("database", what)) from None
    except (ValueError, SAWarning) as error:
        what = f"got a URL with options that cannot be: {_reason(error)}."
        raise DatabaseError(Problem("database", what)) from None
    if engine.dialect.is_async:
        what = f"got a URL of {url.drivername!r}, an asynchronous driver."
        raise DatabaseError(Problem("database", what, "Give one that is not."))
    if is_sqlite:
        sa.event.listen(engine, "connect", _on_connect)
        sa.event.listen(engine, "begin", _on_begin)
    return engine


def _on_connect(connection: Any, _: object) -> None:
    connection.isolation_level = None  # sqlite3 begins nothing by itself: _on_begin does
    connection.execute("PRAGMA foreign_keys=ON")
    connection.execute("PRAGMA synchronous=FULL")  # what is answered outlasts a loss of power


def _on_begin(connection: sa.Connection) -> None:
    reading = connection.get_execution_options().get("reading", False)
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


def _check_file(url: sa.URL, *, make: bool) -> None:
    """Raises:
    DatabaseError: nothing can be read or written there.
    """
    path = Path(str(url.database))
    what = ""
    try:
        kind = kind_of_place(path, path)
        if kind is None and not make:
            what = "cannot be read: there is no such file."
        elif kind not in (None, stat.S_IFREG):
            what = "is no file."
        elif not path.parent.is_dir():
            what = "cannot be written: its directory does not exist."
        elif kind is not None and not os.access(path, os.R_OK | os.W_OK):
            what = "cannot be written: Permission denied."
        else:
            check_writable(path)
    except InputError as error:
        raise DatabaseError(error.problems) from None
    if what:
        raise DatabaseError(Problem(str(path), what))


def _may_be_written(url: sa.URL) -> bool:
    """Whether a file of SQLite, where there is one, and its directory can be written."""
    path = Path(str(url.database))
    if not path.is_file() or not os.access(path, os.R_OK):
        return True  # what is wrong with it is told elsewhere
    try:
        check_writable(path)
    except InputError:
        return False
    return os.access(path, os.W_OK)


def _read_only(url: sa.URL) -> sa.URL:
    """Return the address of a file of SQLite that is read as it is.

    While others have it open there is a journal beside it, through which they are seen; without
    one nobody writes, and SQLite need not make one.
    """
    path = Path(str(url.database)).absolute()
    query = {**url.query, "uri": "true", "mode": "ro"}
    if not Path(f"{path}-wal").exists():
        query["immutable"] = "1"
    return sa.URL.create("sqlite", database=f"file:{quote(str(path))}", query=query)


def _config() -> Config:
    config = Config()
    place = str(Path(__file__).parent / "migrations")
    config.set_main_option("script_location", place.replace("%", "%%"))
    return config


def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(_config())


def _is_locked(error: BaseException) -> bool:
    return isinstance(error, sqlite3.OperationalError) and "locked" in str(error)


def _reason(error: Exception) -> str:
    """Return what a driver says, its first line: others quote what was to be written."""
    cause = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    if _is_locked(cause):
        return f"others have written for more than {_SECONDS_TO_WAIT} seconds"
    lines = str(cause).strip().splitlines() or [""]
    return printable(lines[0])[:_MOST_SHOWN].rstrip(".") or type(cause).__name__
