"""Where a benchmark keeps its rows, with what they were measured on."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any


def keep_rows(place: Path, rows: Sequence[Any] | Mapping[str, Any]) -> None:
    """Write rows as JSON, and the machine beside them; folders are made."""
    machine = {
        "cores": os.cpu_count(),
        "processor": platform.processor(),
        "load": os.getloadavg(),
    }
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(json.dumps({"machine": machine, "rows": rows}, indent=1) + "\n")
