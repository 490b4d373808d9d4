"""Steps from one form of the tables to the next, for Alembic; a step is never changed again."""
