"""What harnn weighs once it is installed, and how long it takes to be there.

    python -m build --no-isolation --outdir dist .
    python benchmarks/weight.py dist/*.whl --json runs/weight.json
    python benchmarks/weight.py dist/*.whl --only "" torch

A new virtual environment, and for each extra a copy of it to which pip adds the extra: megabytes
(10^6 bytes) of what pip put there beside itself, the packages, and CPU seconds of ``import harnn``,
of ``harnn --help``, and of a first answer of a model of preset fast, the least of several. The row
without a name has no extra. Of what is already downloaded pip downloads nothing; installing takes
minutes all the same.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import shutil
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


class Home:
    """A virtual environment, and what it weighed before anything was installed."""

    def __init__(self, place: Path, empty: int | None = None) -> None:
        self.place, self.program = place, place / "bin" / "python"
        if empty is None:
            subprocess.run([sys.executable, "-m", "venv", place], check=True)
        self.empty = _bytes(place) if empty is None else empty

    def copy(self, place: Path) -> Home:
        shutil.copytree(self.place, place, symlinks=True)
        return Home(place, self.empty)

    def install(self, wheel: Path, extra: str) -> None:
        what = f"{wheel.resolve()}[{extra}]" if extra else str(wheel.resolve())
        pip: list[str | Path] = [self.program, "-m", "pip", "install", "-q", "--no-compile"]
        constraint = ["--constraint", str(ROOT / "constraints.txt")]
        subprocess.run([*pip, *constraint, what], check=True, cwd=self.place)

    def weigh(self, extra: str) -> Weight:
        listed = subprocess.run(
            [self.program, "-m", "pip", "list", "--format", "json"],
            check=True,
            capture_output=True,
            text=True,
        )
        packages = {row["name"] for row in json.loads(listed.stdout)} - {"pip", "setuptools"}
        harnn: list[str | Path] = [self.program, "-m", "harnn"]
        return Weight(
            extra=extra,
            megabytes=round((_bytes(self.place) - self.empty) / 1e6, 1),
            packages=len(packages),
            import_seconds=_seconds([self.program, "-c", "import harnn"]),
            help_seconds=_seconds([*harnn, "--help"]),
            answer_seconds=_seconds([*harnn, "predict", MODEL, "--text", "bees"]),
        )


def _bytes(home: Path) -> int:
    return sum(x.lstat().st_size for x in home.rglob("*") if x.is_file() and not x.is_symlink())


def _seconds(command: list[str | Path]) -> float:
    """Return the CPU seconds of a command, user and system, the least of several."""
    found = []
    for _ in range(TIMES):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": ""}
        subprocess.run(command, check=True, capture_output=True, env=environment)
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
    with tempfile.TemporaryDirectory() as place:
        core = Home(Path(place) / "core")
        core.install(options.wheel, "")
        for name in names:
            home = core.copy(Path(place) / (name or "none"))
            if name:
                home.install(options.wheel, name)
            row = home.weigh(name)
            shutil.rmtree(home.place)
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
