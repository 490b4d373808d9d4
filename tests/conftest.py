"""For all tests."""

from __future__ import annotations

import os
import secrets
import signal
from collections.abc import Iterator

import pytest
from hypothesis import settings

# The same few examples every time; who explores wants new ones, and many.
settings.register_profile("repeat", derandomize=True, deadline=None, max_examples=25)
settings.register_profile("explore", deadline=None, max_examples=200, print_blob=True)
settings.load_profile("explore" if os.environ.get("HARNN_FUZZ") else "repeat")
"""The suite finds the same in every run; ``make fuzz`` looks where nobody looked yet."""


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


@pytest.fixture(autouse=True, scope="session")
def _draws_that_repeat() -> Iterator[None]:
    """Draw the same documents in every run: databases of review get one secret, not chance's."""
    by_chance = secrets.token_hex
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "secrets.token_hex", lambda size=None: "5a" * 32 if size == 32 else by_chance(size)
        )
        yield
