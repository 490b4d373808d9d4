"""What harnn weighs once it is installed, and how long it takes to be there.

    python -m build --no-isolation --outdir dist .
    python benchmarks/weight.py dist/*.whl --json runs/weight.json
    python benchmarks/weight.py dist/*.whl --only "" torch

For each extra a new virtual environment: megabytes (10^6 bytes) of what pip put into it beside
itself, the packages, and CPU seconds of ``import harnn``, of ``harnn --help``, and of a first
answer of a model of preset fast, the least of several. The row without a name has no extra. Of what
is already downloaded pip downloads nothing; installing takes minutes all the same.
"""

from __future__ import annotations

import argparse
import json
import platform
import resource
import subprocess
import sys
import tempfile
import tomllib
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
TIMES = 5
MODEL = ROOT / "tests" / "golden" / "format-3" / "fast"
LEFT_OUT = {"dev", "bench", "docs"}
"""Extras for those who work on harnn."""


@dataclass(frozen=True)
class Weight:
    """A row of the table."""

    extra: str
    megabytes: float
    packages: int
    import_seconds: float
    help_seconds: float
    answer_seconds: float


def extras() -> list[str]:
    """Return the extras that users have, as pyproject.toml lists them."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    return [name for name in project["optional-dependencies"] if name not in LEFT_OUT]


def weigh(wheel: Path, extra: str, home: Path) -> Weight:
    """Install a wheel with an extra in a new virtual environment, and measure it."""
    subprocess.run([sys.executable, "-m", "venv", home], check=True)
    before = _bytes(home)
    program, command = home / "bin" / "python", home / "bin" / "harnn"
    pip: list[str | Path] = [program, "-m", "pip"]
    what = f"{wheel.resolve()}[{extra}]" if extra else str(wheel.resolve())
    constraint = ["--constraint", str(ROOT / "constraints.txt")]
    subprocess.run([*pip, "install", "-q", "--no-compile", *constraint, what], check=True, cwd=home)
    listed = subprocess.run(
        [*pip, "list", "--format", "json"], check=True, capture_output=True, text=True
    )
    weight = _bytes(home) - before
    packages = {row["name"] for row in json.loads(listed.stdout)} - {"pip", "setuptools"}
    return Weight(
        extra=extra,
        megabytes=round(weight / 1e6, 1),
        packages=len(packages),
        import_seconds=_seconds([program, "-c", "import harnn"]),
        help_seconds=_seconds([command, "--help"]),
        answer_seconds=_seconds([command, "predict", MODEL, "--text", "bees"]),
    )


def _bytes(home: Path) -> int:
    return sum(x.lstat().st_size for x in home.rglob("*") if x.is_file() and not x.is_symlink())


def _seconds(command: list[str | Path]) -> float:
    """Return the CPU seconds of a command, user and system, the least of several."""
    found = []
    for _ in range(TIMES):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(command, check=True, capture_output=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        found.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return round(min(found), 2)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("wheel", type=Path)
    parser.add_argument("--only", nargs="+", metavar="EXTRA", help="'' is what has no extra.")
    parser.add_argument("--json", type=Path, help="Also write all numbers there.")
    options = parser.parse_args()
    names = options.only if options.only is not None else ["", *extras()]
    print("| extra | MB | packages | import | --help | answer |\n|---|---|---|---|---|---|")
    rows = []
    for name in names:
        with tempfile.TemporaryDirectory() as place:
            row = weigh(options.wheel, name, Path(place) / "venv")
        rows.append(asdict(row))
        seconds = (row.import_seconds, row.help_seconds, row.answer_seconds)
        shown = " | ".join(f"{value:.2f} s" for value in seconds)
        print(f"| {row.extra} | {row.megabytes:,.0f} | {row.packages} | {shown} |", flush=True)
    if options.json is not None:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        machine = {"python": platform.python_version(), "system": platform.platform()}
        options.json.write_text(json.dumps({"machine": machine, "rows": rows}, indent=1) + "\n")


if __name__ == "__main__":
    main()
