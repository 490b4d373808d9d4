"""Whole commands beside whole commands: train from files, answer a file, on all cores.

    python benchmarks/commands run --only NAME ... --method METHOD ... [--documents N]
        [--set KEY=VALUE ...] [--threads N] [--output runs/commands/]
    python benchmarks/commands report runs/commands/ [--markdown FILE] [--plot FILE]

Datasets are read from HARNN_DATA (default ../shared/data). Every run writes one JSON file; a run
whose file is there is not made again. Methods and what they need: ``benchmarks/accuracy``.
"""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
# The folder that Python puts on the path would let our files hide installed modules.
sys.path[:] = [entry for entry in sys.path if Path(entry).resolve() != HERE]
sys.path.append(str(HERE.parent))

from commands.app import main  # noqa: E402  (only found after the lines above)

if __name__ == "__main__":
    sys.exit(main())
