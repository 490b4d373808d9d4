"""How large the columns of a Parquet file are, as its footer says.

Of a damaged footer Arrow ends the whole process when it is asked for the size of a column: it is
asked in a process of its own, which is this file as a program. Arguments: the file, and the names
of columns. A list comes out as JSON: for each group of rows the bytes that these unpack to.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

_SECONDS = 60


def read_sizes(path: Path, columns: Sequence[str]) -> list[int]:
    """Return the bytes that some columns unpack to, by group of rows; nothing where that fails."""
    program = [sys.executable, "-P", str(Path(__file__))]  # -P: modules beside it are none of its
    try:
        done = subprocess.run(
            [*program, str(path.absolute()), *columns],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_SECONDS,
            check=True,
        )
        return [int(size) for size in json.loads(done.stdout)]
    except (OSError, ValueError, subprocess.SubprocessError):
        return []


def main(path: str, columns: Sequence[str]) -> None:
    """Write the sizes to standard output."""
    import pyarrow.parquet

    metadata: Any = pyarrow.parquet.read_metadata(path)
    schema = metadata.schema
    read = [
        number
        for number in range(metadata.num_columns)
        if any(f"{schema.column(number).path}.".startswith(f"{name}.") for name in columns)
    ]
    sizes = []
    for place in range(metadata.num_row_groups):
        group = metadata.row_group(place)
        sizes.append(sum(group.column(number).total_uncompressed_size for number in read))
    sys.stdout.write(json.dumps(sizes))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
