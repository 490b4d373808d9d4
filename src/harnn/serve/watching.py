"""Look whether model directories were replaced, and load what stands there now."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from harnn.errors import HarnnError
from harnn.serve.logs import LOG
from harnn.serve.service import Service

_SECONDS = 2.0
"""Between two looks."""


@asynccontextmanager
async def watch_models(service: Service) -> AsyncIterator[None]:
    """Look every two seconds, as long as the block lasts, where the settings say so."""
    if not service.settings.watch:
        yield
        return
    looking = asyncio.create_task(_look(service))
    try:
        yield
    finally:
        looking.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await looking


async def _look(service: Service) -> None:
    failed: dict[str, str] = {}
    while True:
        await asyncio.sleep(_SECONDS)
        for name in [model.name for model in service.models]:
            try:
                old, new = await service.reload(name)
            except (HarnnError, OSError) as error:
                if failed.get(name) != str(error):  # told once
                    LOG.error("%s stays at %s: %s", name, service.models[name].version, error)
                failed[name] = str(error)
                continue
            failed.pop(name, None)
            if new is not old:
                LOG.info("%s: %s answers now, %s did before", name, new.version, old.version)
