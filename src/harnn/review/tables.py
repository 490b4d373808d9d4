"""The tables as the newest migration leaves them; a test compares both.

``document``: a document as it was received for a model, once for each. ``correction``: what
somebody said its labels are; nothing is changed or taken away, the last one counts.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects import mysql

LONG_TEXT = sa.Text().with_variant(mysql.LONGTEXT(), "mysql", "mariadb")
"""TEXT has 64 KB there."""
MOST_NAME = 255
"""Characters of names and ids."""
KEY = ("content", "model", "model_hash", "taxonomy_hash")
"""Columns of a document, which together it is kept once for."""
_DIGEST = sa.String(64)

TABLES = sa.MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
    }
)

DOCUMENT = sa.Table(
    "document",
    TABLES,
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("id", sa.String(MOST_NAME), nullable=False),  # as its sender calls it, or nothing
    sa.Column("text", LONG_TEXT, nullable=False),  # JSON, an object of the fields in their order
    sa.Column("content", _DIGEST, nullable=False),  # SHA-256 of id and text
    sa.Column("model", sa.String(MOST_NAME), nullable=False),
    sa.Column("model_hash", _DIGEST, nullable=False),
    sa.Column("taxonomy_hash", _DIGEST, nullable=False),
    sa.Column("received", sa.DateTime(timezone=True), nullable=False),
    sa.Column("sender", sa.String(MOST_NAME), nullable=False),
    sa.UniqueConstraint(*KEY),
    sqlite_autoincrement=True,
)
CORRECTION = sa.Table(
    "correction",
    TABLES,
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("document", sa.ForeignKey("document.number"), nullable=False, index=True),
    sa.Column("labels", LONG_TEXT, nullable=False),  # JSON, an array of codes
    sa.Column("source", sa.String(MOST_NAME), nullable=False),
    sa.Column("sender", sa.String(MOST_NAME), nullable=False),
    sa.Column("person", sa.String(MOST_NAME), nullable=False),
    sa.Column("received", sa.DateTime(timezone=True), nullable=False),
    sqlite_autoincrement=True,
)
