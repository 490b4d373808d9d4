"""A trained model for a new edition of its taxonomy, with all weights that still have a label."""

from typing import TYPE_CHECKING

from harnn._lazy import on_demand

if TYPE_CHECKING:
    from harnn.migration.migrating import Migrated, migrate
    from harnn.migration.report import MigrationReport
    from harnn.migration.review import list_documents
    from harnn.migration.tuning import tune

on_demand(
    __name__,
    {
        "migrating": "Migrated migrate",
        "report": "MigrationReport",
        "review": "list_documents",
        "tuning": "tune",
    },
)

__all__ = ["Migrated", "MigrationReport", "list_documents", "migrate", "tune"]
