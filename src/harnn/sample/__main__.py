"""Write letters to practise on: ``python -m harnn.sample FOLDER``; see docs/tutorial.md."""

from __future__ import annotations

import sys

from harnn.errors import HarnnError
from harnn.sample import write_letters


def main(arguments: list[str]) -> int:
    """Write the letters; return the exit code."""
    if len(arguments) != 1 or arguments[0].startswith("-"):
        print("Expected one folder: python -m harnn.sample letters", file=sys.stderr)
        return 2
    try:
        places = write_letters(arguments[0])
    except HarnnError as error:
        print(error, file=sys.stderr)
        return 2
    print(", ".join(str(place) for place in places))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
