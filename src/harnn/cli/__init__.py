"""The terminal: translation only. ``main`` is the program ``harnn``."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the program and exit: 0 done, 2 bad input or usage, 130 interrupted."""
    sys.exit(run(arguments))


def run(arguments: Sequence[str] | None = None) -> int:
    """Run the program and return its exit code; errors of users print no traceback."""
    import typer
    from typer.main import get_command

    from harnn.cli.app import app
    from harnn.errors import HarnnError

    signal.signal(signal.SIGTERM, signal.default_int_handler)
    usage_error = typer.BadParameter.__base__  # typer carries a click of its own, or not
    try:
        code = get_command(app).main(
            args=list(arguments) if arguments is not None else None,
            prog_name="harnn",
            standalone_mode=False,
        )
    except HarnnError as error:
        print(f"Error: {error}", file=sys.stderr)
        return error.exit_code
    except (KeyboardInterrupt, typer.Abort):
        print("Interrupted.", file=sys.stderr)
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        print(f"Error: {where}{error.strerror or error}.", file=sys.stderr)
        return 2
    except Exception as error:
        if usage_error is None or not isinstance(error, usage_error):
            raise
        error.show()  # type: ignore[attr-defined]
        return 2
    return code if isinstance(code, int) else 0
