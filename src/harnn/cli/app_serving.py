"""The commands that answer over HTTP, and their options; as in :mod:`.app`."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

import typer

_ANSWERS, _CALLERS, _LIMITS = "What it answers and keeps", "Who may ask", "How much is taken"


def serve(
    models: Annotated[
        list[str],
        typer.Argument(
            metavar="DIR...",
            help="Model directories, as DIR or NAME=DIR; the first answers where no name is given.",
        ),
    ],
    host: Annotated[
        str,
        typer.Option(
            "--host", help="Address to listen on; 127.0.0.1 is reached from this machine alone."
        ),
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", help="0: any that is free.")] = 8000,
    workers: Annotated[
        int, typer.Option("--workers", help="Processes; each loads the models itself.")
    ] = 1,
    tokens: Annotated[
        Path | None,
        typer.Option(
            "--tokens",
            rich_help_panel=_CALLERS,
            help="Who may ask: a file that harnn token has made.",
        ),
    ] = None,
    open_to_all: Annotated[
        bool,
        typer.Option(
            "--open-to-all",
            rich_help_panel=_CALLERS,
            help="Listen beyond this machine without tokens.",
        ),
    ] = False,
    names: Annotated[
        list[str] | None,
        typer.Option(
            "--name",
            rich_help_panel=_CALLERS,
            help="A name that the server is reached by; repeatable.",
        ),
    ] = None,
    origins: Annotated[
        list[str] | None,
        typer.Option(
            "--allow-origin",
            rich_help_panel=_CALLERS,
            help="Pages of this origin may ask, as https://example.org, or * for all; repeatable.",
        ),
    ] = None,
    proxies: Annotated[
        list[str] | None,
        typer.Option(
            "--proxy",
            rich_help_panel=_CALLERS,
            help="Address or network of a proxy whose X-Forwarded-For and X-Forwarded-Proto are "
            "believed; repeatable.",
        ),
    ] = None,
    https: Annotated[
        bool,
        typer.Option(
            "--https",
            rich_help_panel=_CALLERS,
            help="Clients come by https: cookies are sent over https alone.",
        ),
    ] = False,
    secret: Annotated[
        Path | None,
        typer.Option(
            "--secret",
            rich_help_panel=_CALLERS,
            help="File of a secret, so that sessions outlast the server.",
        ),
    ] = None,
    database: Annotated[
        str | None,
        typer.Option(
            "--database",
            rich_help_panel=_ANSWERS,
            envvar="HARNN_DATABASE",
            help="Where corrections and reviews are kept: a file of SQLite, or a URL.",
        ),
    ] = None,
    languages: Annotated[
        list[str] | None,
        typer.Option(
            "--language",
            rich_help_panel=_ANSWERS,
            help="Language of the texts, for clients of Annif, as en or NAME=en; repeatable.",
        ),
    ] = None,
    examples: Annotated[
        list[Path] | None,
        typer.Option(
            "--examples",
            rich_help_panel=_ANSWERS,
            help="Labelled documents that explanations point at.",
        ),
    ] = None,
    fixes: Annotated[
        Path | None,
        typer.Option(
            "--fixes",
            rich_help_panel=_ANSWERS,
            metavar="FILE",
            help="A table of wrong spellings of labels in --examples and what is meant.",
        ),
    ] = None,
    acceptance: Annotated[
        list[str] | None,
        typer.Option(
            "--acceptance",
            rich_help_panel=_ANSWERS,
            help="What may be accepted unattended: a file that harnn acceptance has made, as FILE "
            "or NAME=FILE; repeatable.",
        ),
    ] = None,
    thresholds: Annotated[
        list[str] | None,
        typer.Option(
            "--thresholds",
            rich_help_panel=_ANSWERS,
            help="Thresholds that labels must reach: a table of harnn thresholds, as FILE or "
            "NAME=FILE; repeatable.",
        ),
    ] = None,
    watch: Annotated[
        bool,
        typer.Option(
            "--watch/--no-watch", help="Load a model directory again when it is replaced."
        ),
    ] = True,
    json_logs: Annotated[
        bool, typer.Option("--json-logs", help="Write the log as JSON lines.")
    ] = False,
    body_mb: Annotated[
        int,
        typer.Option(
            "--max-body", rich_help_panel=_LIMITS, help="MB of a request, unpacked, at most."
        ),
    ] = 16,
    documents: Annotated[
        int,
        typer.Option(
            "--max-documents", rich_help_panel=_LIMITS, help="Documents of a request at most."
        ),
    ] = 256,
    characters: Annotated[
        int,
        typer.Option(
            "--max-characters", rich_help_panel=_LIMITS, help="Characters of a document at most."
        ),
    ] = 1_000_000,
    waiting: Annotated[
        int,
        typer.Option(
            "--max-waiting",
            rich_help_panel=_LIMITS,
            help="Documents that wait in a process at most.",
        ),
    ] = 1_024,
    batch: Annotated[
        int,
        typer.Option(
            "--batch",
            rich_help_panel=_LIMITS,
            help="Documents of several requests answered together.",
        ),
    ] = 64,
    seconds: Annotated[
        float,
        typer.Option(
            "--timeout", rich_help_panel=_LIMITS, help="Seconds until a request is given up."
        ),
    ] = 30.0,
    rate: Annotated[
        int,
        typer.Option(
            "--rate",
            rich_help_panel=_LIMITS,
            help="Requests a minute of one token at most, or of one address without; 0: any.",
        ),
    ] = 0,
) -> None:
    """Answer over HTTP: predict, explain, browse the taxonomy; several models at once."""
    from harnn.cli import serving

    serving.serve(
        models,
        body_mb=body_mb,
        limits={
            "documents": documents,
            "characters": characters,
            "waiting": waiting,
            "batch": batch,
            "seconds": seconds,
            "rate": rate,
        },
        host=host,
        port=port,
        workers=workers,
        tokens=tokens,
        open_to_all=open_to_all,
        names=tuple(names or ()),
        origins=tuple(origins or ()),
        proxies=tuple(proxies or ()),
        https=https,
        secret=secret,
        database=database,
        languages=tuple(languages or ()),
        examples=tuple(examples or ()),
        fixes=fixes,
        acceptance=tuple(acceptance or ()),
        thresholds=tuple(thresholds or ()),
        watch=watch,
        json_logs=json_logs,
    )


def token(
    tokens: Annotated[Path, typer.Argument(metavar="FILE", help="The file of tokens.")],
    name: Annotated[
        str | None,
        typer.Argument(metavar="NAME", help="Whose token it is; left out: all are listed."),
    ] = None,
    role: Annotated[
        Literal["read", "annotate", "review", "admin"],
        typer.Option(
            "--role",
            help="read: ask; annotate: review documents too; review: second readings and teaching "
            "too; admin: change what is served and accepted too.",
        ),
    ] = "read",
    until: Annotated[
        datetime | None,
        typer.Option("--until", formats=["%Y-%m-%d"], help="The last day (UTC) of the token."),
    ] = None,
    remove: Annotated[bool, typer.Option("--remove", help="Withdraw the token of NAME.")] = False,
) -> None:
    """Make a token for harnn serve, and show it once; the file keeps its hash alone.

    A server that runs sees within a moment what is made or withdrawn.
    """
    from harnn.cli import serving

    if name is None:
        serving.list_tokens(tokens, remove=remove)
    elif remove:
        serving.remove_token(tokens, name)
    else:
        serving.make_token(tokens, name, role, until and until.date())


def corrections(
    database: Annotated[
        str,
        typer.Argument(
            metavar="DATABASE",
            envvar="HARNN_DATABASE",
            help="What harnn serve --database was given: a file, or a URL.",
        ),
    ],
    output: Annotated[
        Path,
        typer.Option(
            "--output", "-o", help="Documents for training: .jsonl, .csv, .tsv or .parquet."
        ),
    ],
    model: Annotated[
        str | None, typer.Option("--model", help="Corrections for this model alone, by its name.")
    ] = None,
) -> None:
    """Write what people corrected as documents for training, each with the labels given last."""
    from harnn.cli.corrections import write_corrections

    write_corrections(database, output, model)
