"""How the values of shared options are read."""

import pytest
import typer

from bulkup.cli import options
from bulkup.model import JobState
from bulkup.runs.plan import MaxFailed
from tests.stories.conftest import Bulkup


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90", 90),
        ("90s", 90),
        ("15m", 900),
        ("2h", 7200),
        ("30d", 2_592_000),
        ("1.5h", 5400),
        (" 0 ", 0),
        ("2 m", 120),
    ],
)
def test_a_duration_in_seconds(text: str, seconds: float) -> None:
    assert options.duration(text) == seconds


@pytest.mark.parametrize("text", ["", "soon", "-1", "5w", "1h30m", "m", "1,5h", "٣"])
def test_what_is_no_duration_is_told_with_the_forms(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="write 90, 90s, 15m, 2h or 30d"):
        options.duration(text)


@pytest.mark.parametrize(
    ("text", "number"), [("1", 1), ("100_000_000", 100_000_000), ("1,000", 1000), (" 7 ", 7)]
)
def test_a_whole_number(text: str, number: int) -> None:
    assert options.positive(text) == number


@pytest.mark.parametrize("text", ["", "0", "-1", "1.5", "1e6", "many", "_1", "10MB"])
def test_what_is_no_whole_number_from_1_on_is_told(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="not a whole number of at least 1"):
        options.positive(text)


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("0", MaxFailed(rows=0)),
        ("100", MaxFailed(rows=100)),
        ("2%", MaxFailed(percent=2.0)),
        ("0.5 %", MaxFailed(percent=0.5)),
        ("100%", MaxFailed(percent=100.0)),
    ],
)
def test_a_limit_of_failed_rows_is_a_number_or_a_percentage(text: str, limit: MaxFailed) -> None:
    assert options.max_failed(text) == limit


@pytest.mark.parametrize("text", ["", "1.5", "-2%", "%", "two", "5%%", "150%"])
def test_what_is_neither_is_told(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="percentage"):
        options.max_failed(text)


@pytest.mark.parametrize(
    ("text", "version"), [("60", "60.0"), ("60.0", "60.0"), ("v61.0", "61.0"), ("100", "100.0")]
)
def test_an_api_version(text: str, version: str) -> None:
    assert options.api_version(text) == version


@pytest.mark.parametrize("text", ["", "6", "60.1", "sixty", "60/../61"])
def test_what_is_no_api_version_is_told(text: str) -> None:
    with pytest.raises(typer.BadParameter, match=r"60\.0"):
        options.api_version(text)


@pytest.mark.parametrize("text", ["750000000000001", "7505f00000ABCdEAAX"])
def test_a_job_id(text: str) -> None:
    assert options.job_id(text) == text


@pytest.mark.parametrize(
    "text",
    ["", "750", "7500000000000011", "003000000000001AAA", "75000000000000/", "75000000000000é"],
)
def test_what_is_no_job_id_is_told(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="begins with 750"):
        options.job_id(text)


def test_a_job_state_in_any_case() -> None:
    assert options.job_state("uploadcomplete") is JobState.UPLOAD_COMPLETE
    with pytest.raises(typer.BadParameter, match="Open, UploadComplete"):
        options.job_state("Done")


def test_a_renaming_is_parted_by_its_last_equals_sign() -> None:
    assert options.renames(["E-mail=Email", "a=b=C__c", " x = Y "]) == {
        "E-mail": ["Email"],
        "a=b": ["C__c"],
        " x ": ["Y"],
    }
    assert options.renames(None) == {}


def test_a_column_may_be_given_to_several_fields_and_the_same_twice_is_once() -> None:
    pairs = ["Mail=Email", "Mail=Email__c", "Mail=email"]
    assert options.renames(pairs) == {"Mail": ["Email", "Email__c"]}


@pytest.mark.parametrize("pair", ["Email", "=Email", "E-mail=", "E-mail= "])
def test_what_is_no_renaming_is_told(pair: str) -> None:
    with pytest.raises(typer.BadParameter, match="CSV_COLUMN=Field"):
        options.renames([pair])


LEADS = ("create", "--object", "Lead", "--op", "insert", "--org", "local")
RULE = "01Q000000000001"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((*LEADS, "--assignment-rule", "x"), "begins with 01Q"),
        ((*LEADS, "--assignment-rule", f"{RULE}A"), "begins with 01Q"),
        (
            ("create", "--object", "Contact", "--op", "insert", "--assignment-rule", RULE),
            "for Lead and Case",
        ),
        (
            ("run", "a.csv", "--object", "Contact", "--op", "insert", "--assignment-rule", RULE),
            "for Lead and Case",
        ),
        (
            ("run", "a.csv", "--object", "Lead", "--op", "insert", "--chunk-bytes", "100000001"),
            "at most 100,000,000 bytes",
        ),
        (("runs", "--prune", "abc"), "30d"),
        (("--org", "local", "run"), "behind the command: bulkup run … --org"),
        (("local", "--port", "1", "serve"), "behind the command: bulkup local serve … --port"),
    ],
)
def test_what_can_only_fail_is_refused_with_the_reason(
    bulkup: Bulkup, arguments: tuple[str, ...], words: str
) -> None:
    done = bulkup(*arguments)
    assert done.code == 2
    assert words in done.err


def test_an_assignment_rule_goes_with_leads_and_cases(bulkup: Bulkup) -> None:
    assert bulkup(*LEADS, "--assignment-rule", RULE).code == 0
    options.validate_rule(RULE, "case")
    assert options.chunk_bytes("100_000_000") == 100_000_000


def test_a_variable_is_named_only_where_the_value_stands_in_it(bulkup: Bulkup) -> None:
    close = ("close", "750000000000001AAA")
    assert "BULKUP_TIMEOUT" not in bulkup(*close, "--timeout", "5x").err
    assert "BULKUP_TIMEOUT" in bulkup(*close, env={"BULKUP_TIMEOUT": "5x"}).err


@pytest.mark.parametrize("command", [(), ("run",), ("orgs",), ("local", "serve")])
def test_help_shows_no_type_beside_a_flag_and_no_bare_seconds(
    bulkup: Bulkup, command: tuple[str, ...]
) -> None:
    told = bulkup(*command, "--help").out
    assert "<bool>" not in told
    assert "900" not in told
