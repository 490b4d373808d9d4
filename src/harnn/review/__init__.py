"""What people say of answers, kept in a database. Needs the extra ``review``.

:class:`Corrections` holds the labels that people gave documents, and with which model they were
answered; a training set is made of them.
"""

from typing import TYPE_CHECKING, Any

from harnn._lazy import on_demand
from harnn._optional import require

if TYPE_CHECKING:
    from harnn.review.corrections import (
        Correction,
        Corrections,
        ModelState,
        training_documents,
    )
    from harnn.review.database import Database

_get, __dir__ = on_demand(
    __name__,
    {
        "corrections": "Correction Corrections ModelState training_documents",
        "database": "Database",
    },
)


def __getattr__(name: str) -> Any:
    if name in __all__:
        for module in ("sqlalchemy", "alembic"):
            require(module, purpose="A database of corrections", extra="review")
    return _get(name)


__all__ = ["Correction", "Corrections", "Database", "ModelState", "training_documents"]
