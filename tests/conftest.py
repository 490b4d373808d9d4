"""For all tests."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True, scope="session")
def _heeded_interrupts() -> Iterator[None]:
    """Heed SIGINT as in a terminal, where a shell that started the tests behind ignores it."""
    before = signal.getsignal(signal.SIGINT)
    if before == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(autouse=True, scope="session")
def _encoders_that_all_have() -> Iterator[None]:
    """Let ``auto`` mean the same on every machine: MiniLM is not installed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("harnn.text.encoder_choice.find_minilm", lambda: None)
        for place in ("plan_transformer", "check_encoders"):  # for model.transformer=auto
            patch.setattr(f"harnn.training.{place}.missing_commands", lambda: ["pip install it"])
        yield
