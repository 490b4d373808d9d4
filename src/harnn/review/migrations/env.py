"""What Alembic runs; it is given the connection that :mod:`harnn.review.database` has opened."""

from alembic import context

from harnn.review.tables import TABLES

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=TABLES,
    version_table=context.config.attributes["version_table"],
    transaction_per_migration=False,
)
context.run_migrations()
