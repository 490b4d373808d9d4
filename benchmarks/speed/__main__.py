"""Measure speed and memory beside a naive port and the machine's own limits, in one run.

    python benchmarks/speed run [--only PART ...] [--threads N] [--output runs/speed.json]
    python benchmarks/speed report runs/speed.json [--markdown FILE] [--plot FILE]

Every measurement is a process of its own, so that its peak memory is its own. Lengths of documents
are read from HARNN_DATA (default ../shared/data) where it is there.
"""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
# The folder that Python puts on the path would let our files hide installed modules.
sys.path[:] = [entry for entry in sys.path if Path(entry).resolve() != HERE]
sys.path.append(str(HERE.parent))

from speed.app import main  # noqa: E402  (only found after the lines above)

if __name__ == "__main__":
    sys.exit(main())
