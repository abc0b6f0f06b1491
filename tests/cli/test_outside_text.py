"""Outside text (answers, headers, cells, names of files) never steers a terminal, nor is markup."""

import json
from pathlib import Path

import pytest

from bulkup.localorg.faults.plan import FaultAction, FaultPlan, RequestFault
from bulkup.text import UNSAFE, safe_json, safe_text
from tests.cli.display.test_progress import plain, posix, terminal
from tests.stories.conftest import Bulkup, ServedOrg

__all__ = ["terminal"]

EVIL = "a\x1b[31mb\x1b]0;t\x07c\x9b1md\u202ee\u2066f[red]g[/red]:smile:h\x7f"
SHOWN = r"a\x1b[31mb\x1b]0;t\x07c\x9b1md\u202ee\u2066f[red]g[/red]:smile:h\x7f"
NAME = EVIL.replace("/", "")
NAME_SHOWN = SHOWN.replace("/", "")


def answering(path: str, data: object, *, status: int = 200) -> FaultPlan:
    fault = RequestFault(
        act=FaultAction.STATUS, path=path, times=0, status=status, body=json.dumps(data)
    )
    return FaultPlan(requests=[fault])


JOB = {
    "id": "750000000000001AAA",
    "operation": EVIL,
    "object": EVIL,
    "createdDate": EVIL,
    "state": "Failed",
    "errorMessage": EVIL,
    "externalIdFieldName": EVIL,
    "apiVersion": 60.0,
    "contentType": "CSV",
}
FIELD = {"name": EVIL, "label": EVIL, "type": EVIL, "referenceTo": [EVIL], "length": 0}
ANSWERS: dict[str, tuple[tuple[str, ...], FaultPlan]] = {
    "a job": (("status", "750000000000001AAA"), answering("*/jobs/ingest/750*", JOB)),
    "jobs": (("jobs",), answering("*/jobs/ingest*", {"done": True, "records": [JOB]})),
    "fields": (
        ("fields", "Contact"),
        answering("*/describe*", {"name": "Contact", "label": EVIL, "fields": [FIELD]}),
    ),
    "limits": (("limits",), answering("*/limits*", {EVIL: {"Max": 5, "Remaining": 1}})),
    "an error": (
        ("limits",),
        answering("*/limits*", [{"errorCode": EVIL, "message": EVIL}], status=400),
    ),
    "a user": (("doctor",), answering("*/userinfo*", {"preferred_username": EVIL})),
}


def assert_safe(text: str) -> None:
    assert not UNSAFE.search(text), ascii(text)


@pytest.mark.parametrize("what", ANSWERS)
def test_an_answer_of_salesforce_is_shown_and_not_obeyed_in_a_pipe(
    bulkup: Bulkup, served: ServedOrg, what: str
) -> None:
    arguments, faults = ANSWERS[what]
    served(faults)
    done = bulkup(*arguments)
    assert_safe(done.out)
    assert_safe(done.err)
    assert SHOWN in done.out + done.err


@pytest.mark.parametrize("what", ANSWERS)
def test_an_answer_of_salesforce_stays_what_it_is_in_json(
    bulkup: Bulkup, served: ServedOrg, what: str
) -> None:
    arguments, faults = ANSWERS[what]
    served(faults)
    done = bulkup(*arguments, "--json")
    assert_safe(done.out)
    assert EVIL in everything(done.document)


def everything(value: object) -> str:
    """All texts of a document, one after the other."""
    if isinstance(value, dict):
        return "".join(map(everything, value.values()))
    if isinstance(value, list):
        return "".join(map(everything, value))
    return str(value)


@posix
@pytest.mark.parametrize("what", ["a job", "an error"])
def test_an_answer_of_salesforce_is_shown_and_not_obeyed_on_a_terminal(
    terminal: Bulkup, served: ServedOrg, what: str
) -> None:
    arguments, faults = ANSWERS[what]
    served(faults)
    shown = plain(terminal(*arguments, columns=1000).out).replace("\r", "")
    assert_safe(shown)
    assert SHOWN in shown


def evil_file(folder: Path) -> Path:
    path = folder / f"{NAME}.csv"
    cell = EVIL.replace('"', '""')
    path.write_text(
        f'Email__c,LastName,"{EVIL}",Birthdate\na@example.com,x,y,"{cell}"\n', encoding="utf-8"
    )
    return path


UPSERT = ("--object", "Contact", "--op", "upsert", "--external-id", "Email__c")


def test_headers_cells_and_file_names_are_shown_and_not_obeyed_in_a_pipe(
    bulkup: Bulkup, served: ServedOrg, tmp_path: Path
) -> None:
    served()
    path = evil_file(tmp_path)
    checked = bulkup("check", path, *UPSERT)
    assert checked.code == 3
    assert SHOWN in checked.out
    loaded = bulkup("run", path, *UPSERT, "--drop", EVIL, "--skip-invalid")
    assert NAME_SHOWN in loaded.out + loaded.err
    for text in (checked.out, checked.err, loaded.out, loaded.err, bulkup("runs").out):
        assert_safe(text)


@posix
def test_headers_cells_and_file_names_are_shown_and_not_obeyed_on_a_terminal(
    terminal: Bulkup, served: ServedOrg, tmp_path: Path
) -> None:
    served()
    shown = plain(terminal("check", evil_file(tmp_path), *UPSERT, columns=1000).out)
    assert_safe(shown.replace("\r", ""))
    assert SHOWN in shown


def test_the_environment_is_shown_and_not_obeyed(bulkup: Bulkup) -> None:
    done = bulkup("limits", env={"BULKUP_API_VERSION": EVIL})
    assert done.code == 2
    assert_safe(done.err)
    assert "[red]g[/red]:smile:h" in done.err


def test_tabs_newlines_and_letters_stay() -> None:
    assert safe_text("a\tb\nä → 🙂 \u200d") == "a\tb\nä → 🙂 \u200d"
    assert json.loads(safe_json(json.dumps(EVIL, ensure_ascii=False))) == EVIL
