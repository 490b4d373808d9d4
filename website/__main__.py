"""Build the site: ``python -m website``."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from website.built import problems
from website.formulas import convert_all
from website.prepare import prepare
from website.reference import Reference

ROOT = Path(__file__).parents[1]
_COMPLAINT = re.compile(r"^(?:griffe|mkdocstrings|mkdocs_autorefs|autorefs): .+")
"""What the makers of the reference say, which strict building does not count."""


def main() -> int:
    """Build ``site/`` strictly; return 0, or 1 where anything is wrong."""
    reference = Reference.read()
    prepare(ROOT / "docs", ROOT / "build" / "pages", reference)
    command = [sys.executable, "-m", "zensical", "build", "--strict", "--clean"]
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    said = (done.stdout + done.stderr).splitlines()
    if done.returncode:
        print("\n".join(said), file=sys.stderr)
        return 1
    convert_all(ROOT / "site")
    found = [*filter(_COMPLAINT.match, said), *problems(ROOT / "site", reference)]
    for each in found:
        print(f"Problem: {each}", file=sys.stderr)
    if not found:
        print(f"The site is in site/: {sum(1 for _ in _pages())} pages.")
    return 1 if found else 0


def _pages() -> Iterator[Path]:
    return (ROOT / "site").rglob("*.html")


if __name__ == "__main__":
    raise SystemExit(main())
