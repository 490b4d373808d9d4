"""Fitted estimators that tests only read."""

from __future__ import annotations

import pytest

from harnn import HarnnClassifier
from support.sample_models import SMALL
from support.texts import make_texts
from support.topics import TAXONOMY


@pytest.fixture(scope="session")
def linear() -> HarnnClassifier:
    """Without a network."""
    return HarnnClassifier(TAXONOMY, preset="fast").fit(*make_texts(80))


@pytest.fixture(scope="session")
def blend() -> HarnnClassifier:
    """A linear branch and a small network."""
    settings = SMALL | {"model": SMALL["model"] | {"text_vectors": "off"}}
    return HarnnClassifier(TAXONOMY, settings=settings).fit(*make_texts(80))
