"""A load against what the org takes in a day."""

from collections.abc import Mapping

from bulkup.check.rules import finding
from bulkup.model import Finding

BATCH_ROWS = 10_000
"""Salesforce cuts a job into batches of so many rows and counts them [bulk_common_limits]."""

DAILY_ROWS = 150_000_000
"""Rows that an org takes in 24 rolling hours [bulk_common_limits]."""

_BATCHES = "DailyBulkApiBatches"


def allocation(limits: Mapping[str, Mapping[str, int]], rows: int) -> tuple[Finding, ...]:
    """Check a load of so many rows against the org's limits. No finding where they are unknown.

    `limits` is the answer of the `limits` call: `{"DailyBulkApiBatches": {"Max", "Remaining"}}`.
    """
    batches = limits.get(_BATCHES, {})
    maximum = min(DAILY_ROWS, batches.get("Max", DAILY_ROWS // BATCH_ROWS) * BATCH_ROWS)
    left = min(maximum, batches.get("Remaining", DAILY_ROWS // BATCH_ROWS) * BATCH_ROWS)
    if rows > maximum:
        message = f"The load has {rows:,} rows, and the org takes {maximum:,} in 24 hours"
        return (finding("MORE_THAN_DAILY_LIMIT", message, count=rows),)
    if rows > left:
        message = f"The load has {rows:,} rows, and {left:,} are left of the org's 24 hours"
        return (finding("MORE_THAN_REMAINING_LIMIT", message, count=rows),)
    return ()
