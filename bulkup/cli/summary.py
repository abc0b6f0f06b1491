"""The end of a run, for people: what came of the rows, the errors, the files, what to type next."""

from collections import defaultdict
from collections.abc import Iterator

from rich.text import Text

from bulkup.cli import output
from bulkup.cli.output import Output
from bulkup.csvfile.records import is_own
from bulkup.model import Status
from bulkup.report.document import run_document
from bulkup.report.report import Report
from bulkup.results.totals import ErrorGroup, Totals
from bulkup.runs import registry
from bulkup.runs.plan import Plan
from bulkup.runs.state import State
from bulkup.salesforce.urls import describe_org
from bulkup.text import amount, as_argument, duration, safe_text

TOP_ERRORS = 10
MOST_OPTIONS = 200
"""Characters of `--map` and `--drop` in a hint; a longer one helps nobody."""
API_VERSION = "60.0"
HEADLINES = {
    State.COMPLETE: "Complete: every row that was sent succeeded.",
    State.PARTIAL: "Partial: some rows did not succeed.",
    State.FAILED: "Failed.",
    State.TIMEOUT: "Timed out; the jobs continue in Salesforce.",
    State.WAITING: "Sent; the jobs continue in Salesforce.",
    State.INTERRUPTED: "Interrupted.",
    State.STOPPED: "Stopped before the end.",
}
ORDER = (
    Status.SUCCEEDED,
    Status.FAILED,
    Status.UNPROCESSED,
    Status.NOT_SENT,
    Status.SKIPPED,
    Status.UNKNOWN,
    Status.PENDING,
)


def present(report: Report, screen: Output) -> None:
    """Print the report: one JSON document, or a summary on stdout and what went wrong on stderr."""
    if screen.json:
        output.document(run_document(report))
    elif not screen.quiet:
        _summary(report, screen)
    if report.error is not None and not screen.json:
        output.error(report.error)
    elif report.exit_code and screen.quiet and not screen.json:
        output.line(f"error: {_shortfall(report)}")


def _shortfall(report: Report) -> str:
    """One line for `--quiet`: how many rows did not go in, and where they are told."""
    counts = report.totals.counts
    short = sum(counts.get(s, 0) for s in ORDER if s not in {Status.SUCCEEDED, Status.SKIPPED})
    message = report.totals.files.get("results", report.run.plan.options.directory)
    total = amount(report.run.plan.source.rows, "row")
    return f"run {report.run.name}: {short:,} of {total} did not go in; see {message}"


def _summary(report: Report, screen: Output) -> None:
    plan, totals = report.run.plan, report.totals
    screen.print()
    screen.print(HEADLINES[report.state], "bold")
    if report.reason:
        screen.print(report.reason)
    target = plan.target
    key = f" by {target.external_id}" if target.external_id else ""
    jobs = amount(len(report.jobs), "job")
    screen.print(
        f"{target.operation} {target.object}{key} from {plan.source.name}: "
        f"{amount(plan.source.rows, 'row')}, {jobs}, {duration(report.seconds)}",
    )
    screen.print(f"org {describe_org(target.alias, target.instance_url, target.username)}")
    screen.table(("rows", ""), [*_counts(totals), ("total", f"{plan.source.rows:,}")])
    _errors(totals, screen)
    for difference in totals.differences:
        screen.print(f"the totals do not add up: {difference}")
    _files(totals, screen)
    for line in _next(report):
        output.prose(line)


def _counts(totals: Totals) -> list[tuple[str, str]]:
    lines = []
    for status in ORDER:
        count = totals.counts.get(status, 0)
        if status is Status.SUCCEEDED:
            created = f"  ({totals.created:,} created)" if totals.created else ""
            again = sum(rows for number, rows in totals.attempts.items() if number > 1)
            later = f"  ({again:,} on a later attempt)" if again else ""
            lines.append((str(status), f"{count:,}{created}{later}"))
        elif count:
            lines.append((str(status).replace("_", " "), f"{count:,}"))
    return lines


def _errors(totals: Totals, screen: Output) -> None:
    if not totals.errors:
        return
    screen.table(
        ("errors", "count", "rows"),
        [
            (_error_words(group), f"{group.count:,}", _rows(group))
            for group in totals.errors[:TOP_ERRORS]
        ],
    )
    if (more := len(totals.errors) - TOP_ERRORS) > 0:
        screen.print(f"and {amount(more, 'other error')}; see failed.csv")


def _error_words(group: ErrorGroup) -> Text:
    field = f" ({group.field})" if group.field else ""
    words = Text(safe_text(f"{group.code}{field}: {group.message}"))
    if group.explanation:
        words.append(safe_text(f"\n{group.explanation}"), "dim")
    return words


def _rows(group: ErrorGroup) -> str:
    shown = ", ".join(str(row) for row in group.rows[:3])
    return shown + (", …" if group.count > len(group.rows[:3]) else "")


def _files(totals: Totals, screen: Output) -> None:
    for name in ("results", "successful", "failed", "unprocessed"):
        if name in totals.files:
            path = totals.files[name]
            screen.print(f"{name:<12} {path}", soft_wrap=True)


def _stopped_early(report: Report) -> bool:
    """Whether chunks are left to send, so that `resume` goes on."""
    return registry.run_status(report.run, report.run.events()).resumable


def _load(report: Report, file: str) -> str:
    """The command that loads a file as the run's own: a result file has the columns of the source.

    Columns that `--map` and `--drop` would have to name one by one are left to the user.
    """
    plan = report.run.plan
    target = plan.target
    given = {
        "--object": target.object,
        "--op": str(target.operation),
        "--external-id": target.external_id,
        "--org": target.alias,
        "--api-version": "" if target.api_version == API_VERSION else target.api_version,
        "--assignment-rule": target.assignment_rule,
        "--blank": "null" if plan.options.blank_null else "",
    }
    words = [f"{name} {as_argument(value)}" for name, value in given.items() if value]
    columns = " ".join(_column_options(plan))
    if len(columns) > MOST_OPTIONS:
        columns = "…, with --map and --drop as before"
    return " ".join(("bulkup run", as_argument(file), *words, columns)).rstrip()


def _column_options(plan: Plan) -> Iterator[str]:
    """`--map` and `--drop` as the run had them."""
    sent: dict[str, list[str]] = defaultdict(list)
    for column in plan.columns:
        sent[column.source].append(column.name)
    for name in plan.original.header:
        if name not in sent:
            if not is_own(name):
                yield f"--drop {as_argument(name)}"
        elif [field.lower() for field in sent[name]] != [name.strip().lower()]:
            yield from (f"--map {as_argument(f'{name}={field}')}" for field in sent[name])


def _next(report: Report) -> list[str]:
    name = report.run.name
    again = sum(
        report.totals.counts.get(status, 0)
        for status in (Status.FAILED, Status.UNPROCESSED, Status.NOT_SENT)
    )
    lines = []
    if report.state is State.WAITING:
        lines.append(f"Collect the results later with: bulkup resume {name}")
    elif report.state is State.PARTIAL and again:
        if report.reason and _stopped_early(report):
            lines.append(
                "Go on, when that many failures are fine, with a higher limit: "
                f"bulkup resume {name} --max-failed N"
            )
        lines.append(f"Send what did not go in again: bulkup retry {name}")
        if "results" in report.totals.files:
            results = str(report.totals.files["results"])
            lines.append(f"Or mend the rows in results.csv and load that: {_load(report, results)}")
    if report.totals.counts.get(Status.UNKNOWN, 0):
        lines.append(
            "Nobody can tell what became of the unknown rows. Look in the org before you send them "
            f"again with: bulkup retry {name} --include-unknown"
        )
    return lines
