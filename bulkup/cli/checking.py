"""The check before anything is sent, and what stops a load."""

from dataclasses import dataclass
from pathlib import Path

from bulkup.cli.connect import Connection
from bulkup.cli.intake import Taken
from bulkup.cli.output import amount
from bulkup.cli.passing import way_on
from bulkup.cli.wish import Wish, target_of
from bulkup.columns import Columns
from bulkup.errors import CheckFailed, Refused
from bulkup.model import Finding, ObjectInfo, Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the check says. `invalid` rows are left out; `left_out` is the file that names them."""

    findings: tuple[Finding, ...]
    invalid: int = 0
    left_out: Path | None = None

    @property
    def errors(self) -> list[Finding]:
        """The findings that stop a load."""
        return [one for one in self.findings if one.severity is Severity.ERROR]


def looked_into(
    wish: Wish,
    taken: Taken,
    columns: Columns,
    info: ObjectInfo,
    connection: Connection,
    folder: Path,
    findings_csv: Path | None = None,
) -> Verdict:
    """Check the header, and the cells and the org's allocation unless the user does not want it."""
    from bulkup.findings import weigh
    from bulkup.rows.check import check

    if not wish.check:
        return Verdict(findings=weigh(columns.findings, allow=wish.allow, strict=wish.strict))
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
        left_out=left_out,
    )
    return Verdict(findings=checked.findings, invalid=checked.invalid, left_out=left_out)


def _allocation(connection: Connection, rows: int) -> tuple[Finding, ...]:
    """What the org's limits say; nothing where the user may not see them."""
    from bulkup.allocation import allocation
    from bulkup.salesforce.describe import limits

    try:
        return allocation(connection.patience(lambda: limits(connection.client)), rows)
    except Refused:
        return ()


def refuse_errors(wish: Wish, verdict: Verdict, taken: Taken) -> None:
    """Stop when a finding is an error that the user does not let pass.

    Raises:
        CheckFailed: with all findings.
    """
    from bulkup.findings import stopping

    if stops := stopping(verdict.findings, skip_invalid=wish.skip_invalid):
        found = (
            f"the check found {amount(len(verdict.errors), 'error')}"
            if wish.check
            else "; ".join(one.message for one in stops)
        )
        raise CheckFailed(
            f"{taken.file.name}: {found}; nothing was sent",
            way_on(stops),
            findings=verdict.findings,
            rows=taken.sheet.source.rows,
        )
