"""``python -m harnn`` is the program ``harnn``."""

from harnn.cli import main

if __name__ == "__main__":
    main()
