"""The check before anything is sent, and what stops a load."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from bulkup.auth.connection import Connection
from bulkup.check.cells.cell_check import check
from bulkup.check.cells.export import with_unclear_quotes
from bulkup.check.hints import advice_for
from bulkup.check.limits import allocation
from bulkup.check.rules import apply_overrides, stopping
from bulkup.errors import CheckFailed, InputError, Refused
from bulkup.model import Field, Finding, Severity
from bulkup.planning.column_mapping import MappedTable
from bulkup.planning.levels import check_levels, parent_links
from bulkup.planning.request import LoadRequest
from bulkup.planning.selection import write_invalid
from bulkup.runs.run_dir import RunDir
from bulkup.salesforce.describe import describe, limits
from bulkup.text import amount, as_argument


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """What the check says of `rows` rows.

    `invalid` of them are left out of the load; `left_out` is the file that names them. `levels` are
    the numbers of rows of each level, where rows have their parents in the same file.
    """

    findings: tuple[Finding, ...]
    rows: int
    invalid: int = 0
    left_out: Path | None = None
    levels: tuple[int, ...] = ()

    @property
    def errors(self) -> list[Finding]:
        """The findings that stop a load."""
        return [finding for finding in self.findings if finding.severity is Severity.ERROR]


def run_check(
    request: LoadRequest,
    mapped: MappedTable,
    org: Connection,
    run_dir: RunDir,
    findings_csv: Path | None = None,
) -> CheckResult:
    """Check the header, and unless the user does not want it the cells and the org's limits."""
    rows, columns = mapped.table.csv_file.source.rows, mapped.columns
    if not request.check:
        return _check_nothing_more(request, mapped, run_dir)
    left_out = run_dir.invalid if request.skip_invalid else None
    target, csv_file = request.target(mapped.info), mapped.table.csv_file
    links = parent_links(csv_file.source.header, columns.as_sent, target)
    levels, circles = check_levels(csv_file, links, run_dir.work)
    checked = check(
        csv_file,
        columns,
        mapped.info,
        target,
        work=run_dir.work,
        allow=request.allow,
        strict=request.strict,
        blank_null=request.blank_null,
        of_load=(*_check_limits(org, rows), *circles),
        findings_csv=findings_csv,
        take_invalid=partial(write_invalid, left_out) if left_out else None,
        quotes=mapped.table.quotes,
    )
    return CheckResult(
        findings=_propose_keys(checked.findings, mapped, org),
        rows=rows,
        invalid=checked.invalid,
        left_out=left_out,
        levels=tuple(levels),
    )


def _check_nothing_more(request: LoadRequest, mapped: MappedTable, run_dir: RunDir) -> CheckResult:
    """What is known without a look at the cells."""
    findings = apply_overrides(mapped.columns.findings, allow=request.allow, strict=request.strict)
    rows, quotes = mapped.table.csv_file.source.rows, mapped.table.quotes
    if not (quotes.unclear and request.skip_invalid) or "QUOTES_UNCLEAR" in request.allow:
        return CheckResult(findings=findings, rows=rows)
    write_invalid(run_dir.invalid, with_unclear_quotes(quotes.unclear_rows, ()))
    return CheckResult(
        findings=findings, rows=rows, invalid=len(quotes.unclear), left_out=run_dir.invalid
    )


def _propose_keys(
    findings: Sequence[Finding], mapped: MappedTable, org: Connection
) -> tuple[Finding, ...]:
    """Add to findings about Ids of parents that the cells may be keys, and how to say so."""
    references = {
        column.source: column.field
        for column in mapped.columns.as_sent
        if column.field and column.field.type == "reference"
    }
    return tuple(
        replace(finding, message=f"{finding.message}{_key_advice(finding, field, mapped, org)}")
        if finding.code == "MALFORMED_ID" and (field := references.get(finding.column))
        else finding
        for finding in findings
    )


def _key_advice(finding: Finding, reference: Field, mapped: MappedTable, org: Connection) -> str:
    """The `--map` by which cells are keys of the parent; empty where it has no key field."""
    known = {**mapped.parents, mapped.info.name: mapped.info}
    for name in reference.reference_to:
        try:
            parent = known.get(name) or org.retry(partial(describe, org.client, name))
        except (InputError, Refused):
            continue
        fields = parent.fields.values()
        key = next((field for field in fields if field.external_id), None)
        if key and reference.relationship_name:
            several = f"{name}:" if len(reference.reference_to) > 1 else ""
            target = f"{several}{reference.relationship_name}.{key.name}"
            option = as_argument(f"{finding.column}={target}")
            return f"; if it is a key of {name}, say so with --map {option}"
    return ""


def _check_limits(org: Connection, rows: int) -> tuple[Finding, ...]:
    """What the org's limits say; nothing where the user may not see them."""
    try:
        return allocation(org.retry(lambda: limits(org.client)), rows)
    except Refused:
        return ()


def raise_if_stopping(request: LoadRequest, result: CheckResult, name: str) -> None:
    """Stop when a finding is an error that the user does not let pass. `name`: the file's.

    Raises:
        CheckFailed: with all findings.
    """
    if stops := stopping(result.findings, skip_invalid=request.skip_invalid):
        what = (
            f"the check found {amount(len(result.errors), 'error')}"
            if request.check
            else "; ".join(finding.message for finding in stops)
        )
        raise CheckFailed(
            f"{name}: {what}; nothing was sent",
            advice_for(stops),
            findings=result.findings,
            rows=result.rows,
        )
