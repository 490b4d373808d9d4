"""Run a command and write what it took: ``python measure.py OUTPUT.json COMMAND ...``.

A program of its own that imports next to nothing: Linux counts the memory of the process that
starts another into the peak of the other, so a large one must not start what is measured.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path


def main(output: str, command: list[str]) -> int:
    """Run *command*; return its exit code."""
    started = time.perf_counter()
    child = subprocess.Popen(command)
    _, status, usage = os.wait4(child.pid, 0)
    cost = {
        "seconds": time.perf_counter() - started,
        "cpu_seconds": usage.ru_utime + usage.ru_stime,
        "peak_mb": usage.ru_maxrss / 1024,
    }
    child.returncode = os.waitstatus_to_exitcode(status)
    Path(output).write_text(json.dumps(cost), encoding="utf-8")
    return child.returncode if child.returncode >= 0 else 128 - child.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
