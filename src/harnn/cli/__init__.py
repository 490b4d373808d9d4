"""The terminal: translation only. ``main`` is the program ``harnn``."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence
from functools import cache
from typing import Any


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the program and exit: 0 done, 2 bad input or usage, 3 a process lost, 130 interrupted."""
    try:
        from harnn._cores import share_cores
        from harnn.cli.screen import fill_closed_descriptors

        fill_closed_descriptors()
        share_cores()
        code = run(arguments)
    except KeyboardInterrupt:  # while modules are imported
        if sys.stderr is not None:
            sys.stderr.write("Interrupted.\n")
        code = 130
    sys.exit(code)


def run(arguments: Sequence[str] | None = None) -> int:
    """Run the program and return its exit code; errors of users print no traceback."""
    import typer

    from harnn._calls import called
    from harnn.cli import screen
    from harnn.errors import HarnnError

    usage_error = typer.BadParameter.__base__  # typer carries a click of its own, or not
    try:
        with screen.stopped_by_signals():
            screen.prepare_streams()
            words = sys.argv[1:] if arguments is None else list(arguments)
            with called(words):
                code = _invoke(words)
            screen.flush_output()
            return code
    except HarnnError as error:
        screen.say(f"Error: {error}")
        return error.exit_code
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] == "harnn":
            raise
        from harnn._optional import lacking

        screen.say(f"Error: {lacking(error.name)}")
        return 2
    except (KeyboardInterrupt, typer.Abort):
        screen.say("Interrupted.")
        return 130
    except BrokenPipeError:
        screen.discard_output()
        return 0
    except OSError as error:
        screen.say(f"Error: {_describe_failure(error)}")
        return 2
    except Exception as error:
        if usage_error is None or not isinstance(error, usage_error):
            raise
        screen.say(_describe_usage(error))
        return 2


@cache
def program() -> Any:
    """Return the program with all its commands, as typer has it; made once, which takes a while."""
    from typer.main import get_command

    from harnn.cli.app import app
    from harnn.cli.help_groups import group_help

    found = get_command(app)
    group_help(found)
    return found


def _invoke(arguments: list[str]) -> int:
    """Run one command without what typer does around it, which hides broken pipes."""
    import typer

    from harnn.cli.completing import VARIABLE

    command = program()
    try:
        if VARIABLE in os.environ:  # the shell asks what may stand here
            command.main(arguments, prog_name="harnn")
        with command.make_context("harnn", arguments) as context:
            command.invoke(context)
    except typer.Exit as done:
        return done.exit_code
    except SystemExit as stopped:  # what rich makes of a broken pipe when it shows help
        if isinstance(stopped.__context__, BrokenPipeError):
            raise stopped.__context__ from None
        if isinstance(stopped.code, int):  # what was asked about completion is answered
            return stopped.code
        raise
    return 0


def _describe_failure(error: OSError) -> str:
    from harnn.cli import screen

    what = error.strerror or error
    if error.filename:
        return f"{error.filename}: {what}."
    if screen.is_of_output(error):
        screen.discard_output()
        return f"standard output: cannot be written: {what}."
    return f"{what}."


def _describe_usage(error: Any) -> str:
    text = io.StringIO()
    error.show(file=text)
    return text.getvalue()
