"""Stories of a source that is not what it was any more, or can't be read to its end."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bulkup import load
from bulkup.csvfile import normalize
from bulkup.execution.reconciliation import reconcile_run
from bulkup.localorg.faults.plan import FaultPlan, JobFault
from bulkup.planning import read_input
from bulkup.planning.column_mapping import map_columns
from tests.stories.conftest import Bulkup, Done, ServedOrg
from tests.stories.dying import INSERT, each_once, names, people, run_folders, times_in_org


def rewriting(path: Path, honest: Callable[..., Any]) -> Callable[..., Any]:
    """The same, and then the user saves the file anew."""

    def act(*arguments: Any, **more: Any) -> Any:
        done = honest(*arguments, **more)
        path.write_bytes(path.read_bytes()[::-1])
        return done

    return act


def refused(done: Done, name: str) -> None:
    assert done.code == 6, done.out + done.err
    assert done.document["error"] == name
    assert run_folders() == []


def test_a_file_saved_anew_after_it_was_read_is_not_sent(
    bulkup: Bulkup, served: ServedOrg, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    org = served().org
    path = people(tmp_path / "p.csv")
    monkeypatch.setattr(load, "map_columns", rewriting(path, map_columns))
    refused(bulkup("run", path, *INSERT, "--no-check", "--json"), "SourceChanged")
    assert times_in_org(org) == {}


@pytest.mark.parametrize("command", ["run", "check"])
def test_a_file_saved_anew_after_it_was_copied_is_not_taken_for_what_was_copied(
    bulkup: Bulkup,
    served: ServedOrg,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    command: str,
) -> None:
    org = served().org
    path = people(tmp_path / "p.csv", encoding="utf-16")
    monkeypatch.setattr(read_input, "prepare", rewriting(path, normalize.prepare))
    refused(bulkup(command, path, *INSERT, "--json"), "SourceChanged")
    assert times_in_org(org) == {}


def test_a_file_that_is_being_written_is_said_to_be_and_not_to_be_wrong(
    bulkup: Bulkup, served: ServedOrg, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    served()
    path = tmp_path / "p.csv"
    path.write_text("LastName,Birthdate\nA,2001-01-01\nB\n", encoding="utf-8")
    monkeypatch.setattr(read_input, "detect", rewriting(path, normalize.detect))
    refused(bulkup("run", path, *INSERT, "--json"), "SourceChanged")


def test_a_drive_that_fails_while_a_file_is_read_is_told_as_that(
    bulkup: Bulkup, served: ServedOrg, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError(5, "Input/output error")

    served()
    path = people(tmp_path / "p.csv")
    monkeypatch.setattr("bulkup.planning.read_input.open_source", fail)
    done = bulkup("run", path, *INSERT, "--json")
    refused(done, "SourceNotReadable")
    assert f"{path} can't be read any more: Input/output error" in done.document["message"]


@pytest.mark.parametrize(
    "where",
    ["execution.reconciliation.reconcile_run.reconcile_run", "execution.source_guard.sha256"],
)
def test_a_drive_that_fails_while_results_are_matched_leaves_a_run_to_go_on_with(
    bulkup: Bulkup,
    served: ServedOrg,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    where: str,
) -> None:
    def fail(*_: object) -> None:
        raise OSError(5, "Input/output error")

    org = served().org
    path = people(tmp_path / "p.csv")
    with monkeypatch.context() as patch:
        patch.setattr(f"bulkup.{where}", fail)
        done = bulkup("run", path, *INSERT, *NARROWED, "--json")
    assert done.code == 6, done.out
    assert done.document["error"]["error"] == "SourceNotReadable"
    assert bulkup("resume").code == 0
    assert times_in_org(org) == each_once(12)


def test_a_file_that_stays_as_it_is_is_sent_though_its_name_is_relative(
    bulkup: Bulkup, served: ServedOrg, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    org = served().org
    monkeypatch.chdir(people(tmp_path / "p.csv").parent)
    assert bulkup("run", f".{os.sep}p.csv", *INSERT).code == 0
    assert sum(times_in_org(org).values()) == 12


LOCKED = FaultPlan(jobs=[JobFault(locked=0.5)])
NARROWED = ("--drop", "FirstName")


def first_rewriting(path: Path, honest: Callable[..., Any]) -> Callable[..., Any]:
    """The user saves the file anew, and then the same."""

    def act(*arguments: Any, **more: Any) -> Any:
        path.write_bytes(path.read_bytes()[::-1])
        return honest(*arguments, **more)

    return act


@pytest.mark.parametrize("options", [(), NARROWED], ids=["as it is", "narrowed"])
@pytest.mark.parametrize("when", [first_rewriting, rewriting], ids=["before", "meanwhile"])
def test_a_file_saved_anew_before_rows_are_sent_again_ends_the_run_until_it_is_put_back(
    bulkup: Bulkup,
    served: ServedOrg,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    when: Callable[..., Any],
    options: tuple[str, ...],
) -> None:
    org = served(LOCKED).org
    path = people(tmp_path / "p.csv")
    before = path.read_bytes()
    name = "unchanged_sources" if when is first_rewriting else "next_round"
    with monkeypatch.context() as patch:
        patch.setattr("bulkup.execution.execute.FIRST_PAUSE", 0.01)
        patch.setattr(reconcile_run, name, when(path, getattr(reconcile_run, name)))
        done = bulkup("run", path, *INSERT, *options, "--json")
    assert done.code == 6, done.out
    assert done.document["state"] == "stopped"
    assert done.document["error"]["error"] == "SourceChanged"
    assert "Round" not in names()
    assert bulkup("resume").code == 6
    path.write_bytes(before)
    again = bulkup("resume", "--json")
    assert again.code == 0, again.out + again.err
    assert again.document["rows"]["succeeded"] == 12
    assert times_in_org(org) == each_once(12)


@pytest.mark.parametrize("options", [(), NARROWED], ids=["as it is", "narrowed"])
@pytest.mark.parametrize("when", [first_rewriting, rewriting], ids=["before", "meanwhile"])
def test_results_are_not_told_of_a_file_that_was_saved_anew_after_the_last_job(
    bulkup: Bulkup,
    served: ServedOrg,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    when: Callable[..., Any],
    options: tuple[str, ...],
) -> None:
    org = served().org
    path = people(tmp_path / "p.csv")
    before = path.read_bytes()
    name = "unchanged_sources" if when is first_rewriting else "reconcile_run"
    with monkeypatch.context() as patch:
        patch.setattr(reconcile_run, name, when(path, getattr(reconcile_run, name)))
        done = bulkup("run", path, *INSERT, *options, "--json")
    assert done.code == 6, done.out
    assert done.document["error"]["error"] == "SourceChanged"
    path.write_bytes(before)
    again = bulkup("resume", "--json")
    assert again.code == 0, again.out + again.err
    assert again.document["rows"]["succeeded"] == 12
    assert times_in_org(org) == each_once(12)


def test_a_file_whose_encoding_is_not_clear_is_asked_about_and_read_as_is_said(
    bulkup: Bulkup, served: ServedOrg, tmp_path: Path
) -> None:
    org = served().org
    path = tmp_path / "p.csv"
    path.write_bytes("LastName\nSmith\nPiñata\n".encode("cp1252"))
    done = bulkup("run", path, *INSERT)
    assert done.code == 2
    assert "p.csv is not UTF-8, and its encoding is not clear. Row 2, column LastName" in done.err
    assert "'Piñata'  in Windows-1252" in done.err
    assert "--encoding cp1252 or --encoding " in done.err
    assert run_folders() == []
    assert org.records("Contact") == []
    assert bulkup("run", path, *INSERT, "--encoding", "cp1252").code == 0
    assert {record["LastName"] for record in org.records("Contact")} == {"Piñata", "Smith"}
