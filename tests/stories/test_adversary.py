"""What an audit thought of: odd answers, lost files and hasty options, none of which may harm."""

import json
from pathlib import Path
from typing import Any

import pytest

from bulkup.localorg.faults.plan import FaultAction, FaultPlan, RequestFault
from bulkup.model import Job, JobState
from bulkup.salesforce.ingest import IngestJobs
from tests.stories.conftest import Bulkup, ServedOrg

INSERT = ("--object", "Contact", "--op", "insert", "--no-check", "--json")
JOB = "*/jobs/ingest/750*"


@pytest.fixture
def people(tmp_path: Path) -> Path:
    path = tmp_path / "people.csv"
    path.write_text("LastName,Birthdate\n" + "".join(f"P{n},\n" for n in range(12)), "utf-8")
    return path


def answer(status: int, body: object, method: str, path: str, nth: int = 1) -> FaultPlan:
    one = RequestFault(
        act=FaultAction.STATUS,
        method=method,
        path=path,
        nth=nth,
        status=status,
        body=json.dumps(body),
    )
    return FaultPlan(requests=[one])


def test_an_answer_that_is_about_no_job_is_asked_for_again(
    bulkup: Bulkup, served: ServedOrg, people: Path
) -> None:
    org = served(answer(200, {"status": "maintenance"}, "GET", JOB)).org
    done = bulkup("run", people, *INSERT)
    assert done.code == 0, done.err
    assert done.document["rows"]["succeeded"] == len(org.records("Contact")) == 12


def test_a_gateway_that_knows_no_route_does_not_make_rows_unknown(
    bulkup: Bulkup, served: ServedOrg, people: Path
) -> None:
    nowhere = {"error": "Not Found", "message": "no route"}
    org = served(answer(404, nowhere, "GET", JOB)).org
    stopped = bulkup("run", people, *INSERT)
    assert stopped.code == 5
    assert stopped.document["state"] == "stopped"
    done = bulkup("resume", "--json")
    assert done.code == 0, done.err
    assert done.document["rows"]["unknown"] == 0
    assert len(org.records("Contact")) == 12


def test_a_canary_that_nobody_waits_for_holds_the_rest_back(
    bulkup: Bulkup, served: ServedOrg, people: Path
) -> None:
    org = served().org
    people.write_text(people.read_text("utf-8").replace("P1,\n", "P1,never\n"), "utf-8")
    done = bulkup("run", people, *INSERT, "--canary", 3, "--no-wait")
    assert done.code == 0, done.err
    assert done.document["state"] == "waiting"
    assert done.document["rows"]["not_sent"] == 9
    judged = bulkup("resume", "--json")
    assert judged.code == 1
    assert judged.document["rows"]["not_sent"] == 9
    assert len(org.records("Contact")) == 2


def test_results_that_the_disk_has_lost_are_fetched_again(
    bulkup: Bulkup, served: ServedOrg, people: Path, home: Path
) -> None:
    create = answer(503, [], "POST", "*/jobs/ingest*", nth=2).requests
    fetch = answer(503, [], "GET", "*/successfulResults/", nth=2).requests
    org = served(FaultPlan(requests=[*create, *fetch])).org
    pace = ("--chunk-rows", 6, "--parallel", 1, "--retry-for", 0)
    assert bulkup("run", people, *INSERT, *pace).document["state"] == "stopped"
    lost = list((home / "bulkup").rglob("results/00001-*-successful.csv"))
    assert len(lost) == 1
    lost[0].unlink()
    stopped = bulkup("resume", "--json", "--parallel", 1, "--retry-for", 0)
    assert stopped.document["state"] == "stopped"
    assert stopped.document["rows"]["pending"] == 6
    done = bulkup("resume", "--json")
    assert done.code == 0, done.err
    assert done.document["rows"]["succeeded"] == len(org.records("Contact")) == 12


def test_two_chunks_never_share_a_job_that_a_gateway_names_twice(
    bulkup: Bulkup, served: ServedOrg, people: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    org = served().org
    create, answers = IngestJobs.create, list[Job]()

    def create_or_replay(jobs: IngestJobs, *arguments: Any, **options: Any) -> Job:
        answers.append(create(jobs, *arguments, **options) if len(answers) != 1 else answers[0])
        return answers[-1]

    monkeypatch.setattr(IngestJobs, "create", create_or_replay)
    done = bulkup("run", people, *INSERT, "--chunk-rows", 4, "--parallel", 1)
    assert done.code == 0, done.err
    assert len(answers) == 4
    assert done.document["rows"]["succeeded"] == len(org.records("Contact")) == 12


def test_a_job_of_an_earlier_process_is_no_new_job(
    bulkup: Bulkup, served: ServedOrg, people: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refusal = answer(503, [], "POST", "*/jobs/ingest", nth=2)
    org = served(refusal).org
    pace = ("--chunk-rows", 6, "--parallel", 1, "--retry-for", 0)
    stopped = bulkup("run", people, *INSERT, *pace)
    assert stopped.document["state"] == "stopped"
    create, answers = (
        IngestJobs.create,
        [Job(id=stopped.document["jobs"][0]["id"], state=JobState.OPEN)],
    )

    def replay_or_create(jobs: IngestJobs, *arguments: Any, **options: Any) -> Job:
        return answers.pop() if answers else create(jobs, *arguments, **options)

    monkeypatch.setattr(IngestJobs, "create", replay_or_create)
    done = bulkup("resume", "--json", "--retry-for", 60)
    assert done.code == 0, done.err
    assert done.document["rows"]["succeeded"] == len(org.records("Contact")) == 12
