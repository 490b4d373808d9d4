"""What is accepted unattended, and the documents that were."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0003"
down_revision = "0002"

_LONG_TEXT = sa.Text().with_variant(mysql.LONGTEXT(), "mysql", "mariadb")
_NAME, _DIGEST = sa.String(255), sa.String(64)
_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make both tables."""
    op.create_table(
        "review_policy",
        sa.Column("number", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("model", _NAME, nullable=False),
        sa.Column("model_hash", _DIGEST, nullable=False),
        sa.Column("moment", _MOMENT, nullable=False),
        sa.Column("person", _NAME, nullable=False),
        sa.Column("terms", _LONG_TEXT, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_review_policy"),
    )
    op.create_index("ix_review_policy_model_number", "review_policy", ["model", "number"])
    op.create_table(
        "review_filed",
        sa.Column("document", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("model", _NAME, nullable=False),
        sa.Column("model_hash", _DIGEST, nullable=False),
        sa.Column("policy", sa.Integer, nullable=False),
        sa.Column("entry", sa.Integer, nullable=False),
        sa.Column("moment", _MOMENT, nullable=False),
        sa.Column("level", sa.Integer, nullable=False),
        sa.Column("labels", _LONG_TEXT, nullable=False),
        sa.Column("drawn", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("document", name="pk_review_filed"),
        sa.ForeignKeyConstraint(["document"], ["document.number"], name="fk_review_filed_document"),
        sa.ForeignKeyConstraint(
            ["policy"], ["review_policy.number"], name="fk_review_filed_policy"
        ),
    )
    op.create_index("ix_review_filed_model_entry", "review_filed", ["model", "entry"])
    op.create_index(
        "ix_review_filed_model_drawn_entry", "review_filed", ["model", "drawn", "entry"]
    )
