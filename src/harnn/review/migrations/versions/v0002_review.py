"""Documents in review, what people decide of them, and the log."""

import secrets

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0002"
down_revision = "0001"

_LONG_TEXT = sa.Text().with_variant(mysql.LONGTEXT(), "mysql", "mariadb")
_NAME, _LABEL, _DIGEST = sa.String(255), sa.String(700), sa.String(64)
_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the tables, and the head of an empty log."""
    op.create_table(
        "review_taxonomy",
        sa.Column("hash", _DIGEST, nullable=False),
        sa.Column("text", _LONG_TEXT, nullable=False),
        sa.PrimaryKeyConstraint("hash", name="pk_review_taxonomy"),
    )
    _make_items()
    _make_readings()
    _make_log()


def _make_items() -> None:
    op.create_table(
        "review_item",
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("document", sa.Integer, nullable=False),
        sa.Column("model", _NAME, nullable=False),
        sa.Column("model_hash", _DIGEST, nullable=False),
        sa.Column("taxonomy_hash", _DIGEST, nullable=False),
        sa.Column("title", _NAME, nullable=False),
        sa.Column("hint", _NAME, nullable=False),
        sa.Column("shown", _LONG_TEXT, nullable=False),
        sa.Column("evidence", _LONG_TEXT, nullable=False),
        sa.Column("notes", _LONG_TEXT, nullable=False),
        sa.Column("blind", sa.Boolean, nullable=False),
        sa.Column("audit", sa.Boolean, nullable=False),
        sa.Column("second", sa.Boolean, nullable=False),
        sa.Column("doubt", sa.Float, nullable=False),
        sa.Column("value", sa.Float, nullable=False),
        sa.Column("by_doubt", sa.Float, nullable=False),
        sa.Column("by_value", sa.Float, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("kept", _LONG_TEXT, nullable=False),
        sa.Column("labels", _LONG_TEXT),
        sa.Column("as_model", sa.Boolean),
        sa.Column("settled", _MOMENT),
        sa.Column("holder", _NAME, nullable=False),
        sa.Column("held_since", _MOMENT),
        sa.Column("held_until", _MOMENT),
        sa.PrimaryKeyConstraint("number", name="pk_review_item"),
        sa.ForeignKeyConstraint(["document"], ["document.number"], name="fk_review_item_document"),
        sa.UniqueConstraint("document", name="uq_review_item_document"),
        sqlite_autoincrement=True,
    )
    for column in ("by_doubt", "by_value"):
        columns = ["model", "state", column, "number"]
        op.create_index(f"ix_review_item_{'_'.join(columns)}", "review_item", columns)
    op.create_table(
        "review_label",
        sa.Column("item", sa.Integer, nullable=False),
        sa.Column("label", _LABEL, nullable=False),
        sa.Column("right", sa.Boolean),
        sa.PrimaryKeyConstraint("item", "label", name="pk_review_label"),
        sa.ForeignKeyConstraint(["item"], ["review_item.number"], name="fk_review_label_item"),
    )
    op.create_index("ix_review_label_label_item", "review_label", ["label", "item"])
    op.create_table(
        "review_word",
        sa.Column("item", sa.Integer, nullable=False),
        sa.Column("key", sa.String(32), nullable=False),
        sa.Column("word", sa.String(64), nullable=False),
        sa.Column("label", _LABEL, nullable=False),
        sa.Column("field", sa.Text, nullable=False),
        sa.Column("start", sa.Integer, nullable=False),
        sa.Column("end", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("item", "key", name="pk_review_word"),
        sa.ForeignKeyConstraint(["item"], ["review_item.number"], name="fk_review_word_item"),
    )
    op.create_index("ix_review_word_key_item", "review_word", ["key", "item"])


def _make_readings() -> None:
    op.create_table(
        "review_reading",
        sa.Column("item", sa.Integer, nullable=False),
        sa.Column("person", _NAME, nullable=False),
        sa.Column("turn", sa.Integer, nullable=False),
        sa.Column("blind", sa.Boolean, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("shown", _LONG_TEXT, nullable=False),
        sa.Column("said", _LONG_TEXT, nullable=False),
        sa.Column("submitted", _MOMENT),
        sa.Column("labels", _LONG_TEXT, nullable=False),
        sa.Column("as_model", sa.Boolean),
        sa.Column("seconds", sa.Float),
        sa.PrimaryKeyConstraint("item", "person", name="pk_review_reading"),
        sa.ForeignKeyConstraint(["item"], ["review_item.number"], name="fk_review_reading_item"),
    )
    columns = ["person", "submitted"]
    op.create_index("ix_review_reading_person_submitted", "review_reading", columns)


def _make_log() -> None:
    op.create_table(
        "review_entry",
        sa.Column("number", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("moment", sa.String(32), nullable=False),
        sa.Column("person", _NAME, nullable=False),
        sa.Column("part", sa.String(16), nullable=False),
        sa.Column("item", sa.Integer),
        sa.Column("action", sa.String(32), nullable=False),
        sa.Column("label", _LABEL, nullable=False),
        sa.Column("other", _LABEL, nullable=False),
        sa.Column("text", _LONG_TEXT, nullable=False),
        sa.Column("undoes", sa.Integer),
        sa.Column("together", sa.String(32), nullable=False),
        sa.Column("model_hash", _DIGEST, nullable=False),
        sa.Column("taxonomy_hash", _DIGEST, nullable=False),
        sa.Column("seen", _LONG_TEXT, nullable=False),
        sa.Column("before", _LONG_TEXT, nullable=False),
        sa.Column("after", _LONG_TEXT, nullable=False),
        sa.Column("previous", _DIGEST, nullable=False),
        sa.Column("hash", _DIGEST, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_review_entry"),
        sa.ForeignKeyConstraint(["item"], ["review_item.number"], name="fk_review_entry_item"),
    )
    op.create_index("ix_review_entry_item_number", "review_entry", ["item", "number"])
    op.create_index("ix_review_entry_together", "review_entry", ["together"])
    head = op.create_table(
        "review_head",
        sa.Column("number", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("count", sa.Integer, nullable=False),
        sa.Column("hash", _DIGEST, nullable=False),
        sa.Column("secret", _DIGEST, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_review_head"),
    )
    row = {"number": 1, "count": 0, "hash": "0" * 64, "secret": secrets.token_hex(32)}
    op.bulk_insert(head, [row])
