"""For all tests."""

from __future__ import annotations

import gc
import os
import secrets
import signal
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import settings

# The same few examples every time; who explores wants new ones, and many.
settings.register_profile("repeat", derandomize=True, deadline=None, max_examples=25)
settings.register_profile("explore", deadline=None, max_examples=200, print_blob=True)
settings.load_profile("explore" if os.environ.get("HARNN_FUZZ") else "repeat")
"""The suite finds the same in every run; ``make fuzz`` looks where nobody looked yet."""


def pytest_collection() -> None:
    """Look for nothing to free among modules and tests, which all stay."""
    gc.disable()


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.enable()


@pytest.fixture(autouse=True, scope="session")
def _heeded_interrupts() -> Iterator[None]:
    """Heed signals as in a terminal, where what started the tests behind it ignores them.

    A shell ignores SIGINT so, and nohup SIGHUP, and with them every process that a test starts.
    """
    usual: dict[int, Any] = {
        signal.SIGINT: signal.default_int_handler,
        signal.SIGHUP: signal.SIG_DFL,
    }
    ignored = [number for number in usual if signal.getsignal(number) == signal.SIG_IGN]
    for number in ignored:
        signal.signal(number, usual[number])
    yield
    for number in ignored:
        signal.signal(number, signal.SIG_IGN)


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
