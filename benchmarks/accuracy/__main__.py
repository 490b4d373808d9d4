"""Run any configuration of ours and any peer on any dataset, then report.

    python benchmarks/accuracy run --only NAME ... --method METHOD ... [--seeds 1 2 3]
        [--set KEY=VALUE ...] [--threads N] [--output runs/accuracy/]
    python benchmarks/accuracy report runs/accuracy/ [--markdown FILE] [--plot FILE]

Datasets are read from HARNN_DATA (default ../shared/data). Every run writes one JSON file; a run
whose file is there is not made again. The peers come with ``pip install "harnn[bench]"``.
"""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
# The folder that Python puts on the path would let our files hide installed modules.
sys.path[:] = [entry for entry in sys.path if Path(entry).resolve() != HERE]
sys.path.append(str(HERE.parent))

from accuracy.app import main  # noqa: E402  (only found after the lines above)

if __name__ == "__main__":
    sys.exit(main())
