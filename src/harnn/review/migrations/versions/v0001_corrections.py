"""Documents and their corrections."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0001"
down_revision = None

_LONG_TEXT = sa.Text().with_variant(mysql.LONGTEXT(), "mysql", "mariadb")


def upgrade() -> None:
    """Make both tables."""
    op.create_table(
        "document",
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("id", sa.String(255), nullable=False),
        sa.Column("text", _LONG_TEXT, nullable=False),
        sa.Column("content", sa.String(64), nullable=False),
        sa.Column("model", sa.String(255), nullable=False),
        sa.Column("model_hash", sa.String(64), nullable=False),
        sa.Column("taxonomy_hash", sa.String(64), nullable=False),
        sa.Column("received", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sender", sa.String(255), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_document"),
        sa.UniqueConstraint(
            "content", "model", "model_hash", "taxonomy_hash", name="uq_document_content"
        ),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "correction",
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("document", sa.Integer, nullable=False),
        sa.Column("labels", _LONG_TEXT, nullable=False),
        sa.Column("source", sa.String(255), nullable=False),
        sa.Column("sender", sa.String(255), nullable=False),
        sa.Column("person", sa.String(255), nullable=False),
        sa.Column("received", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_correction"),
        sa.ForeignKeyConstraint(["document"], ["document.number"], name="fk_correction_document"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_correction_document", "correction", ["document"])
