"""The tables as the newest migration leaves them; a test compares both.

``document``: a document as it was received for a model, once for each. ``correction``: what
somebody said its labels are; nothing is changed or taken away, the last one counts.

``review_entry``: the log, which is only added to, and ``review_head``: how long it is. All other
tables of the review are made from it, in the same transactions, so that the queue is quick.
``review_policy``: what was accepted unattended, and from when; ``review_filed``: the documents.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects import mysql

LONG_TEXT = sa.Text().with_variant(mysql.LONGTEXT(), "mysql", "mariadb")
"""TEXT has 64 KB there."""
MOST_NAME = 255
"""Characters of names and ids."""
MOST_NUMBER = (1 << 31) - 1
"""Of rows."""
MOST_LABEL = 700
"""Characters of a label's code: more, MySQL cannot have in an index."""
MOST_WORD = 64
"""Characters of a word by which evidence is shared; more are cut off."""
KEY = ("content", "model", "model_hash", "taxonomy_hash")
"""Columns of a document, which together it is kept once for."""
_DIGEST = sa.String(64)
_MOMENT = sa.DateTime(timezone=True)

TABLES = sa.MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
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
    sa.Column("received", _MOMENT, nullable=False),
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
    sa.Column("received", _MOMENT, nullable=False),
    sqlite_autoincrement=True,
)
TAXONOMY = sa.Table(
    "review_taxonomy",
    TABLES,
    sa.Column("hash", _DIGEST, primary_key=True),
    sa.Column("text", LONG_TEXT, nullable=False),  # as Taxonomy.to_json writes it
)
ITEM = sa.Table(
    "review_item",
    TABLES,
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("document", sa.ForeignKey("document.number"), nullable=False, unique=True),
    sa.Column("model", sa.String(MOST_NAME), nullable=False),
    sa.Column("model_hash", _DIGEST, nullable=False),
    sa.Column("taxonomy_hash", _DIGEST, nullable=False),  # that of its readings
    sa.Column("title", sa.String(MOST_NAME), nullable=False),
    sa.Column("hint", sa.String(MOST_NAME), nullable=False),
    sa.Column("shown", LONG_TEXT, nullable=False),  # JSON, scores by codes
    sa.Column("evidence", LONG_TEXT, nullable=False),  # JSON, PreparedLabels
    sa.Column("notes", LONG_TEXT, nullable=False),  # JSON, an array of sentences
    sa.Column("blind", sa.Boolean, nullable=False),
    sa.Column("audit", sa.Boolean, nullable=False),
    sa.Column("second", sa.Boolean, nullable=False),
    sa.Column("doubt", sa.Float, nullable=False),
    sa.Column("value", sa.Float, nullable=False),
    sa.Column("by_doubt", sa.Float, nullable=False),  # place in the queue; of blind ones by lot
    sa.Column("by_value", sa.Float, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("kept", LONG_TEXT, nullable=False),  # JSON, labels that readings begin with
    sa.Column("labels", LONG_TEXT),  # JSON, the most specific ones, when it is done
    sa.Column("as_model", sa.Boolean),
    sa.Column("settled", _MOMENT),
    sa.Column("holder", sa.String(MOST_NAME), nullable=False),
    sa.Column("held_since", _MOMENT),
    sa.Column("held_until", _MOMENT),
    sa.Index(None, "model", "state", "by_doubt", "number"),
    sa.Index(None, "model", "state", "by_value", "number"),
    sqlite_autoincrement=True,
)
READING = sa.Table(
    "review_reading",
    TABLES,
    sa.Column("item", sa.ForeignKey("review_item.number"), primary_key=True),
    sa.Column("person", sa.String(MOST_NAME), primary_key=True),
    sa.Column("turn", sa.Integer, nullable=False),  # 1: first reading, 2: second, 3: settling
    sa.Column("blind", sa.Boolean, nullable=False),  # made without the model's answer
    sa.Column("version", sa.Integer, nullable=False),  # number of its newest entry
    sa.Column("shown", LONG_TEXT, nullable=False),  # JSON, scores by codes that it began with
    sa.Column("said", LONG_TEXT, nullable=False),  # JSON, what it says so far
    sa.Column("submitted", _MOMENT),
    sa.Column("labels", LONG_TEXT, nullable=False),  # JSON, the most specific ones
    sa.Column("as_model", sa.Boolean),  # when it is submitted: its labels are the model's
    sa.Column("seconds", sa.Float),  # from opening to submission
    sa.Index(None, "person", "submitted"),
)
LABEL = sa.Table(
    "review_label",
    TABLES,
    sa.Column("item", sa.ForeignKey("review_item.number"), primary_key=True),
    sa.Column("label", sa.String(MOST_LABEL), primary_key=True),
    sa.Column("right", sa.Boolean),  # when it is settled
    sa.Index(None, "label", "item"),
)
WORD = sa.Table(
    "review_word",
    TABLES,
    sa.Column("item", sa.ForeignKey("review_item.number"), primary_key=True),
    sa.Column("key", sa.String(32), primary_key=True),  # of word and label
    sa.Column("word", sa.String(MOST_WORD), nullable=False),
    sa.Column("label", sa.String(MOST_LABEL), nullable=False),
    sa.Column("field", sa.Text, nullable=False),  # JSON
    sa.Column("start", sa.Integer, nullable=False),
    sa.Column("end", sa.Integer, nullable=False),
    sa.Index(None, "key", "item"),
)
ENTRY = sa.Table(
    "review_entry",
    TABLES,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("moment", sa.String(32), nullable=False),  # ISO 8601: hashed as it stands here
    sa.Column("person", sa.String(MOST_NAME), nullable=False),
    sa.Column("part", sa.String(16), nullable=False),
    sa.Column("item", sa.ForeignKey("review_item.number")),
    sa.Column("action", sa.String(32), nullable=False),
    sa.Column("label", sa.String(MOST_LABEL), nullable=False),
    sa.Column("other", sa.String(MOST_LABEL), nullable=False),
    sa.Column("text", LONG_TEXT, nullable=False),  # JSON
    sa.Column("undoes", sa.Integer),
    sa.Column("together", sa.String(32), nullable=False),
    sa.Column("model_hash", _DIGEST, nullable=False),
    sa.Column("taxonomy_hash", _DIGEST, nullable=False),
    sa.Column("seen", LONG_TEXT, nullable=False),  # JSON, scores by codes
    sa.Column("before", LONG_TEXT, nullable=False),  # JSON, arrays of codes
    sa.Column("after", LONG_TEXT, nullable=False),
    sa.Column("previous", _DIGEST, nullable=False),
    sa.Column("hash", _DIGEST, nullable=False),
    sa.Index(None, "item", "number"),
    sa.Index(None, "together"),
)
HEAD = sa.Table(
    "review_head",
    TABLES,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),  # 1, the only row
    sa.Column("count", sa.Integer, nullable=False),
    sa.Column("hash", _DIGEST, nullable=False),
    sa.Column("secret", _DIGEST, nullable=False),  # key of the draw of blind documents
)
POLICY = sa.Table(
    "review_policy",
    TABLES,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),  # of its entry
    sa.Column("model", sa.String(MOST_NAME), nullable=False),
    sa.Column("model_hash", _DIGEST, nullable=False),
    sa.Column("moment", _MOMENT, nullable=False),
    sa.Column("person", sa.String(MOST_NAME), nullable=False),
    sa.Column("terms", LONG_TEXT, nullable=False),  # JSON, as the entry has it
    sa.Index(None, "model", "number"),
)
FILED = sa.Table(
    "review_filed",
    TABLES,
    sa.Column("document", sa.ForeignKey("document.number"), primary_key=True, autoincrement=False),
    sa.Column("model", sa.String(MOST_NAME), nullable=False),
    sa.Column("model_hash", _DIGEST, nullable=False),
    sa.Column("policy", sa.ForeignKey("review_policy.number"), nullable=False),
    sa.Column("entry", sa.Integer, nullable=False),
    sa.Column("moment", _MOMENT, nullable=False),
    sa.Column("level", sa.Integer, nullable=False),  # the deepest, 1 is the top
    sa.Column("labels", LONG_TEXT, nullable=False),  # JSON, scores by codes, closed upward
    sa.Column("drawn", sa.Boolean, nullable=False),  # for the audit
    sa.Index(None, "model", "entry"),
    sa.Index(None, "model", "drawn", "entry"),
)
