"""Where somebody sits who reviews: whose documents, who it is, and what they may do."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import datetime
from typing import Annotated, Any, Concatenate, ParamSpec, TypeVar

from fastapi import Depends

from harnn.errors import DatabaseError
from harnn.review import ItemView, Part, Policies, Review
from harnn.serve.access import Caller
from harnn.serve.asking import Annotator, ModelName, ServiceHere
from harnn.serve.logs import LOG
from harnn.serve.models import ServedModel
from harnn.serve.problems import RequestError
from harnn.serve.service import Service

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Desk:
    """The documents of a model in review, before one of those who read them."""

    service: Service
    served: ServedModel
    review: Review
    caller: Caller

    @property
    def person(self) -> str:
        """What the log calls the reader."""
        return self.caller.name

    @property
    def part(self) -> Part:
        """The most that the reader may do."""
        return "review" if self.caller.may("review") else "annotate"

    @property
    def policies(self) -> Policies | None:
        """What is accepted unattended; None: nothing can be, people read everything."""
        try:
            return self.service.policies_of(self.served)
        except RequestError:
            return None

    async def heed(self, view: ItemView) -> None:
        """Pause the levels whose audit says so, once a document of it is read.

        Where the database does not answer any more that happens before the next one is filed.
        """
        policies = self.policies if view.audit else None
        if policies is not None:
            try:
                await asyncio.to_thread(policies.check_audits)
            except DatabaseError as error:
                LOG.error("%s", error)

    async def do(
        self,
        act: Callable[Concatenate[Review, P], T],
        *given: P.args,
        **named: P.kwargs,
    ) -> T:
        """Run a method of the review, which waits for the disk, in a thread."""
        return await asyncio.to_thread(act, self.review, *given, **named)


async def _desk(service: ServiceHere, caller: Annotator, model: ModelName = None) -> Desk:
    served = service.models.get(model)
    return Desk(service, served, service.review_of(served), caller)


DeskHere = Annotated[Desk, Depends(_desk)]
"""The desk of the caller, for the parameters of routes; needs the role ``annotate``."""


def plain(value: Any) -> Any:
    """Return frozen values as JSON has them."""
    if is_dataclass(value):
        return {each.name: plain(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {key: plain(each) for key, each in value.items()}
    if isinstance(value, tuple | list):
        return [plain(each) for each in value]
    return value
