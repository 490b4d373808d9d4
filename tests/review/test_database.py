"""Databases that are opened, and those that are refused."""

from __future__ import annotations

import os
import re
import sqlite3
import sys
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

import harnn.review
from harnn.errors import DatabaseError, MissingExtraError
from harnn.review import Corrections, Database
from harnn.review.tables import TABLES
from support.corrections import correction


def engine_of(place: str) -> sa.Engine:
    return sa.create_engine(place if "://" in place else f"sqlite:///{place}")


def test_migrations_lead_to_the_tables(place: str) -> None:
    Database.open(place).close()
    engine = engine_of(place)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": "harnn_schema"})
        assert compare_metadata(context, TABLES) == []
    engine.dispose()


def test_a_database_is_opened_again(place: str) -> None:
    for count in range(3):
        with Corrections.open(place) as corrections:
            assert len(list(corrections.read())) == count
            corrections.add([correction()])


def test_a_database_of_corrections_alone_is_brought_up(place: str) -> None:
    with Corrections.open(place) as corrections:
        corrections.add([correction()])
    engine = engine_of(place)
    with engine.begin() as connection:
        made = [table for table in reversed(TABLES.sorted_tables) if "review" in table.name]
        for table in made:
            table.drop(connection)
        connection.execute(sa.text("UPDATE harnn_schema SET version_num = '0001'"))
    with Corrections.open(place) as corrections:
        assert len(list(corrections.read())) == 1
    assert {table.name for table in made} <= set(sa.inspect(engine).get_table_names())
    engine.dispose()


def test_a_newer_database_is_refused(place: str) -> None:
    Database.open(place).close()
    engine = engine_of(place)
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE harnn_schema SET version_num = '9999'"))
    engine.dispose()
    expected = "was written by a newer harnn (its tables are of version '9999'). Update harnn."
    with pytest.raises(DatabaseError, match=re.escape(expected)):
        Database.open(place)


def test_the_database_of_another_program_is_refused_and_stays_as_it_is(place: str) -> None:
    engine = engine_of(place)
    with engine.begin() as connection:
        for name in "dbca":
            connection.execute(sa.text(f"CREATE TABLE {name} (x INTEGER)"))
    before = Path(place).read_bytes() if "://" not in place else b""
    expected = "is the database of another program: it has the tables 'a', 'b', 'c', …. "
    with pytest.raises(DatabaseError, match=re.escape(expected + "Give an empty one")):
        Database.open(place)
    assert sorted(sa.inspect(engine).get_table_names()) == ["a", "b", "c", "d"]
    engine.dispose()
    assert not before or Path(place).read_bytes() == before


def test_what_is_read_alone_is_not_made(tmp_path: Path) -> None:
    missing, empty = tmp_path / "missing.db", tmp_path / "empty.db"
    empty.touch()
    with pytest.raises(DatabaseError, match="cannot be read: there is no such file"):
        Database.open(missing, make=False)
    with pytest.raises(DatabaseError, match="holds nothing that harnn has written"):
        Database.open(empty, make=False)
    assert [path.name for path in tmp_path.iterdir()] == ["empty.db"]


def no_database(tmp_path: Path) -> Path:
    place = tmp_path / "notes.txt"
    place.write_text("The tap drips. " * 100)
    return place


def unwritable(tmp_path: Path) -> Path:
    if os.getuid() == 0:
        pytest.skip("root may write everywhere")
    tmp_path.chmod(0o500)
    return tmp_path / "corrections.db"


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (no_database, "{place}: cannot be used: file is not a database."),
        (unwritable, "{place}: cannot be written: Permission denied."),
        (lambda tmp_path: tmp_path, "{place}: is no file."),
        (lambda _: Path("/dev/null"), "{place}: is no file."),
        (
            lambda tmp_path: tmp_path / ("x" * 300),
            "{place}: cannot be written: File name too long.",
        ),
        (
            lambda tmp_path: tmp_path / "nowhere" / "x.db",
            "{place}: cannot be written: its directory does not exist.",
        ),
    ],
)
def test_files_that_are_no_databases(
    tmp_path: Path, make: Callable[[Path], Path], expected: str
) -> None:
    place = make(tmp_path)
    with pytest.raises(DatabaseError) as caught:
        Database.open(place)
    assert str(caught.value) == expected.format(place=place)


_SECRET = "s3cret"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("", "database: got nothing, expected a file or a URL."),
        (
            f"postgresql://bob:{_SECRET}@host:port/name",
            "database: got a URL that is none, expected a file, or a URL such as "
            "postgresql+psycopg://USER:PASSWORD@HOST/NAME.",
        ),
        (
            f"postgresql://bob:a@{_SECRET}@host/name",
            "database: got a URL with more than one @; in a user or password it is written %40.",
        ),
        (
            f"nosuch://bob:{_SECRET}@host/name",
            "database: got a URL of 'nosuch', which SQLAlchemy does not know.",
        ),
        (
            "sqlite://",
            "database: got a database in memory, which other processes do not see and nobody "
            "keeps. Give the name of a file.",
        ),
        (
            "sqlite:////x.db?timeout=soon",
            "database: got a URL with options that cannot be: could not convert string to float: "
            "'soon'.",
        ),
        (
            "postgresql+psycopg_async://host/name",
            "database: got a URL of 'postgresql+psycopg_async', an asynchronous driver. Give one "
            "that is not.",
        ),
    ],
)
def test_urls_that_are_refused(url: str, expected: str) -> None:
    with pytest.raises(DatabaseError) as caught:
        Database.open(url)
    assert str(caught.value) == expected


@pytest.mark.parametrize("way", ["bob:{}@127.0.0.1:1/name", "127.0.0.1:1/name?password={}"])
def test_no_password_is_shown(way: str) -> None:
    pytest.importorskip("psycopg")
    with pytest.raises(DatabaseError) as caught:
        Database.open(f"postgresql+psycopg://{way.format(_SECRET)}")
    shown = str(caught.value)
    assert shown.startswith("postgresql+psycopg://127.0.0.1:1/name: cannot be used: connection")
    assert _SECRET not in shown
    assert "bob" not in shown


def test_a_wrong_password_is_not_shown(postgres_url: str) -> None:
    url = sa.make_url(postgres_url).set(password=_SECRET)
    with pytest.raises(DatabaseError, match="password authentication failed") as caught:
        Database.open(url.render_as_string(hide_password=False))
    assert _SECRET not in str(caught.value)


def test_a_driver_that_is_missing() -> None:
    expected = (
        "A URL of 'mysql+pymysql' needs the module 'pymysql', which is not installed. Install it, "
        "or name another driver, as in postgresql+psycopg://."
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "pymysql", None)
        with pytest.raises(MissingExtraError) as caught:
            Database.open("mysql+pymysql://host/name")
    assert str(caught.value) == expected


def test_without_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sqlalchemy", None)
    expected = (
        "A database of corrections needs the package 'sqlalchemy', which is not installed: "
        "pip install 'harnn[review]'"
    )
    with pytest.raises(MissingExtraError, match=re.escape(expected)):
        _ = harnn.review.Corrections


def test_what_cannot_be_written_tells_nothing_of_the_text(place: str) -> None:
    with Corrections.open(place) as corrections:
        engine = engine_of(place)
        with engine.begin() as connection:
            connection.execute(sa.text("DROP TABLE correction"))
        engine.dispose()
        with pytest.raises(DatabaseError, match=r"cannot be used: .*correction") as caught:
            corrections.add([correction("a secret text")])
        assert "secret" not in str(caught.value)
        assert caught.value.__suppress_context__


def test_a_database_that_others_write_for_too_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harnn.review.database._SECONDS_TO_WAIT", 0)
    place = tmp_path / "corrections.db"
    with Corrections.open(place) as corrections:
        corrections.add([correction()])
        other = sqlite3.connect(place, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        assert len(list(corrections.read())) == 1, "reading does not wait for writing"
        with pytest.raises(DatabaseError, match="others have written for more than 0 seconds"):
            corrections.add([correction()])
        other.execute("ROLLBACK")
        other.close()
        corrections.add([correction()])


def test_a_file_that_is_read_meanwhile_is_waited_for(tmp_path: Path) -> None:
    place = tmp_path / "corrections.db"
    Database.open(place).close()
    options: Any = {"isolation_level": None, "check_same_thread": False}
    with closing(sqlite3.connect(place, **options)) as other:
        other.execute("PRAGMA journal_mode=DELETE")
        other.execute("BEGIN")
        other.execute("SELECT * FROM document").fetchall()
        threading.Timer(0.3, other.execute, ["ROLLBACK"]).start()
        Database.open(place).close()
    with closing(sqlite3.connect(place)) as after:
        assert after.execute("PRAGMA journal_mode").fetchone() == ("wal",)
