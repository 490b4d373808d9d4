"""Notebooks as tests run them.

``PYTHONPATH=src:tests python -m support.notebooks docs/notebook.ipynb`` writes their outputs anew.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient

import harnn

_SECONDS = 600
_METADATA = {
    "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"},
    "language_info": {"name": "python"},
}


def read(path: Path) -> Any:
    """Return a notebook."""
    return nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]


def execute(notebook: Any, folder: Path) -> Any:
    """Run all cells in a folder, with this harnn; return the notebook with their outputs."""
    source = Path(harnn.__file__).resolve().parents[1]
    client = NotebookClient(
        notebook,
        timeout=_SECONDS,
        resources={"metadata": {"path": str(folder)}},
        record_timing=False,
        coalesce_streams=True,
    )
    return client.execute(env=os.environ | {"PYTHONPATH": str(source)})


def texts_of(cell: Any) -> list[str]:
    """Return what a cell has printed, and the plain text of what it is worth."""
    return [
        x["text"] if x["output_type"] == "stream" else x["data"]["text/plain"] for x in cell.outputs
    ]


def main(path: Path) -> None:
    notebook = read(path)
    with tempfile.TemporaryDirectory() as folder:
        notebook = execute(notebook, Path(folder))
    notebook.metadata = nbformat.from_dict(_METADATA)  # type: ignore[no-untyped-call]
    nbformat.write(notebook, path)  # type: ignore[no-untyped-call]


if __name__ == "__main__":
    main(Path(sys.argv[1]))
