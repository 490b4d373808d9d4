from __future__ import annotations

from pathlib import Path

import pytest

from support.served import fit_model


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fit_model(tmp_path_factory.mktemp("served") / "sample")
