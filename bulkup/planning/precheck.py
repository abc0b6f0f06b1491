"""The check before anything is sent, and what stops a load."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path

from bulkup.auth.connection import Connection
from bulkup.check.columns import Columns
from bulkup.check.hints import advice_for
from bulkup.errors import CheckFailed, Refused
from bulkup.model import Finding, ObjectInfo, Severity
from bulkup.planning.read_input import InputTable
from bulkup.planning.request import Wish, target_of
from bulkup.planning.selection import write_invalid
from bulkup.text import amount


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """What the check says. `invalid` rows are left out; `left_out` is the file that names them."""

    findings: tuple[Finding, ...]
    invalid: int = 0
    left_out: Path | None = None

    @property
    def errors(self) -> list[Finding]:
        """The findings that stop a load."""
        return [one for one in self.findings if one.severity is Severity.ERROR]


def check_load(
    wish: Wish,
    taken: InputTable,
    columns: Columns,
    info: ObjectInfo,
    connection: Connection,
    folder: Path,
    findings_csv: Path | None = None,
) -> CheckResult:
    """Check the header, and the cells and the org's allocation unless the user does not want it."""
    from bulkup.check.cells.cell_check import check
    from bulkup.check.rules import apply_overrides

    if not wish.check:
        return CheckResult(
            findings=apply_overrides(columns.findings, allow=wish.allow, strict=wish.strict)
        )
    left_out = folder / "invalid.csv" if wish.skip_invalid else None
    checked = check(
        taken.sheet,
        columns,
        info,
        target_of(wish, info),
        work=folder / "work",
        allow=wish.allow,
        strict=wish.strict,
        blank_null=wish.blank_null,
        of_load=_allocation(connection, taken.sheet.source.rows),
        findings_csv=findings_csv,
        take_invalid=partial(write_invalid, left_out) if left_out else None,
    )
    return CheckResult(findings=checked.findings, invalid=checked.invalid, left_out=left_out)


def _allocation(connection: Connection, rows: int) -> tuple[Finding, ...]:
    """What the org's limits say; nothing where the user may not see them."""
    from bulkup.check.limits import allocation
    from bulkup.salesforce.describe import limits

    try:
        return allocation(connection.patience(lambda: limits(connection.client)), rows)
    except Refused:
        return ()


def raise_if_stopping(wish: Wish, verdict: CheckResult, taken: InputTable) -> None:
    """Stop when a finding is an error that the user does not let pass.

    Raises:
        CheckFailed: with all findings.
    """
    from bulkup.check.rules import stopping

    if stops := stopping(verdict.findings, skip_invalid=wish.skip_invalid):
        found = (
            f"the check found {amount(len(verdict.errors), 'error')}"
            if wish.check
            else "; ".join(one.message for one in stops)
        )
        raise CheckFailed(
            f"{taken.file.name}: {found}; nothing was sent",
            advice_for(stops),
            findings=verdict.findings,
            rows=taken.sheet.source.rows,
        )
