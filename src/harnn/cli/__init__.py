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
    import click
    from typer.main import get_command

    from harnn.cli.app import app
    from harnn.errors import HarnnError

    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        get_command(app).main(
            args=list(arguments) if arguments is not None else None,
            prog_name="harnn",
            standalone_mode=False,
        )
    except HarnnError as error:
        print(f"Error: {error}", file=sys.stderr)
        return error.exit_code
    except click.ClickException as error:
        error.show()
        return 2
    except click.exceptions.Exit as error:
        return error.exit_code
    except (KeyboardInterrupt, click.Abort):
        print("Interrupted.", file=sys.stderr)
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        print(f"Error: {where}{error.strerror or error}.", file=sys.stderr)
        return 2
    return 0
