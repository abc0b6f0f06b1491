from bulkup.check.limits import allocation
from bulkup.model import Severity

BATCHES = "DailyBulkApiBatches"


def test_a_load_that_fits_says_nothing() -> None:
    assert allocation({BATCHES: {"Max": 15_000, "Remaining": 1}}, 10_000) == ()
    assert allocation({}, 150_000_000) == ()


def test_more_than_what_is_left_is_a_warning() -> None:
    (one,) = allocation({BATCHES: {"Max": 15_000, "Remaining": 1}}, 10_001)
    assert one.severity is Severity.WARNING
    assert one.message == "The load has 10,001 rows, and 10,000 are left of the org's 24 hours"


def test_more_than_a_day_takes_is_an_error() -> None:
    (one,) = allocation({BATCHES: {"Max": 100, "Remaining": 100}}, 1_000_001)
    assert one.severity is Severity.ERROR
    assert one.code == "MORE_THAN_DAILY_LIMIT"
    assert allocation({}, 150_000_001)[0].severity is Severity.ERROR
