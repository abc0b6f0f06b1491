"""`bulkup stop`: end a run now, and keep what was done."""

from datetime import UTC, datetime

from bulkup import load, state_dir
from bulkup.cli import options
from bulkup.cli.commands.resume import RunName, SourceOption, TakeOver
from bulkup.cli.output import Output
from bulkup.cli.session import connector, finish, terminal_session
from bulkup.load import Changes
from bulkup.runs import registry

EXAMPLES = """\
Examples:

  bulkup stop

  bulkup stop 20261124T101500-contacts-upsert
"""


def stop(
    run: RunName = None,
    source: SourceOption = None,
    take_over: TakeOver = False,
    org: options.Org = None,
    directory: options.Directory = None,
    timeout: options.Timeout = None,
    retry_for: options.OptionalRetryFor = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
    no_color: options.NoColor = False,
) -> int:
    """End an unfinished run: abort its jobs, fetch what was done, write the result files."""
    output = Output(json=json, quiet=quiet, verbose=verbose, no_color=no_color)
    home = state_dir.find_state_dir()
    now = datetime.now(UTC)
    chosen = registry.find_run(home, run) if run else registry.find_run_to_resume(home, now)
    changes = Changes(source=source, directory=directory, retry_for=retry_for, timeout=timeout)
    report = load.stop(
        chosen,
        changes,
        connector(org, output, home),
        terminal_session(home, output),
        take_over=take_over,
    )
    return finish(report, output)
