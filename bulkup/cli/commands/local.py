"""`bulkup local`: the built-in stand-in org, as a server for any client."""

import os
import signal
from pathlib import Path
from typing import Annotated

import typer

from bulkup import state_dir
from bulkup.cli import output
from bulkup.cli.errors import Boundary, Command, exit_code
from bulkup.cli.options import Json
from bulkup.errors import InputError, Interrupted, NotWritable, RunError
from bulkup.localorg import server
from bulkup.localorg.faults.parse import FaultPlanError, read_plan
from bulkup.localorg.faults.plan import FaultPlan
from bulkup.localorg.server import Running
from bulkup.report.document import local_document

LOOK_SECONDS = 0.2

SERVE_EXAMPLES = """\
Examples:

  bulkup local serve

  bulkup local serve --port 8080 --faults plan.toml
"""

app = typer.Typer(
    cls=Boundary,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="The built-in stand-in org: the same HTTP requests, no Salesforce.",
)


@app.command("serve", cls=Command, epilog=SERVE_EXAMPLES)
def serve(
    port: Annotated[
        int, typer.Option("--port", metavar="N", min=0, max=65535, help="0 takes a free one.")
    ] = 0,
    faults: Annotated[
        Path | None,
        typer.Option(
            "--faults",
            metavar="PLAN.toml",
            show_default=False,
            help="Faults to order; docs/faults.md.",
        ),
    ] = None,
    json: Json = False,
) -> int:
    """Serve the local org on this machine, in the foreground, until ^C."""
    home = state_dir.find_state_dir()
    home.make()
    running = start(home.localorg, port=port, announce=True, faults=_read(faults))
    server_app = running.server_app
    with running:
        if json:
            output.document(
                local_document(
                    running.url,
                    running.token,
                    os.getpid(),
                    client_id=server_app.client_id if server_app else None,
                    client_secret=server_app.secret if server_app else None,
                )
            )
        else:
            output.result(running.url)
            output.line("Any client can use it with:")
            output.line(f"  export BULKUP_INSTANCE_URL={running.url}")
            output.line(f"  export BULKUP_ACCESS_TOKEN={running.token}")
            if server_app:
                output.line(f"Client credentials: {server_app.client_id}, {server_app.secret}")
            output.line("^C ends it; its records are kept. `--org local` uses it as well.")
        return _until_told(running)


RESET_EXAMPLES = """\
Examples:

  bulkup local reset
"""


@app.command("reset", cls=Command, epilog=RESET_EXAMPLES)
def reset() -> int:
    """Empty the local org: its records and its jobs."""
    try:
        server.reset(state_dir.find_state_dir().localorg)
    except server.OrgInUse as error:
        raise in_use(error) from error
    output.line("the local org is empty")
    return 0


def _until_told(running: Running) -> int:
    """Serve until ^C or a request to terminate; the exit code says which."""
    text: list[int] = []
    kinds = [signal.SIGINT, signal.SIGTERM]
    before = {kind: signal.signal(kind, lambda number, _: text.append(number)) for kind in kinds}
    try:
        while not text and not running.wait(LOOK_SECONDS):
            pass
    finally:
        for kind, handler in before.items():
            signal.signal(kind, handler)
    output.line("stopped; the records are kept")
    return exit_code(Interrupted("Stopped", terminated=signal.SIGTERM in text))


def _read(path: Path | None) -> FaultPlan | None:
    try:
        return read_plan(path) if path else None
    except FaultPlanError as error:
        raise InputError(str(error), "See docs/faults.md.", name="FaultPlanError") from error


def start(
    directory: Path,
    *,
    port: int = 0,
    announce: bool = False,
    faults: FaultPlan | None = None,
) -> Running:
    """Serve the org in this directory.

    Raises:
        RunError: another process has it, or it can't be read or written. InputError: the port is
            taken, or a describe file of the user's own is wrong.
    """
    try:
        return server.serve(directory, port=port, announce=announce, faults=faults)
    except server.OrgInUse as error:
        raise in_use(error) from error
    except server.DescribeError as error:
        raise InputError(
            str(error),
            "Write it anew with: bulkup fields OBJECT --json --raw; or take it away.",
            name="BadDescribe",
        ) from error
    except server.AppsError as error:
        raise InputError(
            str(error), "docs/local-org.md says what stands there.", name="BadApps"
        ) from error
    except server.DatabaseError as error:
        raise RunError(
            f"The local org's records in {directory} can't be read: {error}",
            "Empty it with: bulkup local reset",
            name="LocalOrgDamaged",
        ) from error
    except OSError as error:
        if error.filename is not None:  # a file, not the port
            raise NotWritable(directory, error) from error
        raise InputError(
            f"Port {port} can't be used: {error.strerror}",
            "Name another with --port.",
            name="PortInUse",
        ) from error


def in_use(error: Exception) -> RunError:
    """The error for an org that another process has."""
    words = str(error)
    return RunError(
        words[:1].upper() + words[1:],
        "Wait for the other command, or run one org for all of them: bulkup local serve",
        name="LocalOrgInUse",
    )
