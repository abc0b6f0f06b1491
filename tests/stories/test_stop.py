"""`bulkup stop`: a run is ended by its user, and what was done is kept."""

import csv
import shutil
from pathlib import Path

from bulkup.localorg.faults import FaultAction, FaultPlan, JobFault, RequestFault
from tests.stories.conftest import Bulkup, ServedOrg
from tests.stories.dying import (
    INSERT,
    balanced,
    each_once,
    names,
    people,
    run_folders,
    times_in_org,
)

UNWILLING = RequestFault(
    act=FaultAction.STATUS, method="POST", path="*/jobs/ingest*", nth=2, times=0, status=503
)
"""The org makes one job and no second one."""


def interrupted(bulkup: Bulkup, served: ServedOrg, path: Path) -> None:
    served(FaultPlan(requests=[UNWILLING]))
    options = ("--chunk-rows", 4, "--parallel", 1, "--retry-for", 0)
    assert bulkup("run", path, *INSERT, *options).code == 5


def test_a_stopped_run_is_over_and_retry_sends_the_rest(
    bulkup: Bulkup, served: ServedOrg, tmp_path: Path
) -> None:
    path = people(tmp_path / "people.csv")
    interrupted(bulkup, served, path)
    stopped = bulkup("stop", "--json")
    assert stopped.code == 1, stopped.err
    document = stopped.document
    assert document["state"] == "partial"
    assert document["rows"]["succeeded"] == 4
    assert document["rows"]["not_sent"] == 8
    assert balanced(document)
    refused = bulkup("resume", run_folders()[0].name)
    assert refused.code == 6
    assert "bulkup retry" in refused.err


def test_what_a_stopped_run_left_is_sent_by_retry_once(
    bulkup: Bulkup, served: ServedOrg, tmp_path: Path
) -> None:
    path = people(tmp_path / "people.csv")
    org = served(FaultPlan(requests=[RequestFault(
        act=FaultAction.STATUS, method="POST", path="*/jobs/ingest*", nth=2, times=1, status=503
    )])).org  # fmt: skip
    options = ("--chunk-rows", 4, "--parallel", 1, "--retry-for", 0)
    assert bulkup("run", path, *INSERT, *options).code == 5
    assert bulkup("stop").code == 1
    assert bulkup("retry").code == 0
    assert times_in_org(org) == each_once(12)


def test_a_run_without_its_source_is_stopped_with_what_salesforce_answered(
    bulkup: Bulkup, served: ServedOrg, tmp_path: Path
) -> None:
    path = people(tmp_path / "people.csv")
    interrupted(bulkup, served, path)
    path.unlink()
    stopped = bulkup("stop", "--json", "--dir", tmp_path / "out")
    assert stopped.code == 1, stopped.err
    document = stopped.document
    assert document["files"]["results"] is None
    assert document["rows"]["succeeded"] == 4
    assert document["rows"]["not_sent"] == 8
    assert balanced(document)
    with (tmp_path / "out" / "successful.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["LastName"] for row in rows} == {f"Müller {n}" for n in range(4)}
    assert all(row["sf__Id"] for row in rows)


def test_a_run_stopped_without_its_source_is_retried_when_the_source_is_back(
    bulkup: Bulkup, served: ServedOrg, tmp_path: Path
) -> None:
    path = people(tmp_path / "people.csv")
    org = served(FaultPlan(requests=[RequestFault(
        act=FaultAction.STATUS, method="POST", path="*/jobs/ingest*", nth=2, times=1, status=503
    )])).org  # fmt: skip
    options = ("--chunk-rows", 4, "--parallel", 1, "--retry-for", 0)
    assert bulkup("run", path, *INSERT, *options).code == 5
    away = path.rename(tmp_path / "away.csv")
    assert bulkup("stop").code == 1
    refused = bulkup("retry")
    assert refused.code == 6
    assert "--source" in refused.err
    assert bulkup("retry", "--source", away).code == 0
    assert times_in_org(org) == each_once(12)


def test_a_run_whose_jobs_all_ended_is_retried_after_a_stop_without_its_source(
    bulkup: Bulkup, served: ServedOrg, tmp_path: Path
) -> None:
    path = people(tmp_path / "people.csv")
    org = served(FaultPlan(jobs=[JobFault(locked=0.5)])).org
    assert bulkup("run", path, *INSERT, "--timeout", 0).code == 7
    away = path.rename(tmp_path / "away.csv")
    assert bulkup("stop").code == 1
    away.rename(path)
    assert bulkup("retry").code == 0
    assert times_in_org(org) == each_once(12)


def test_a_copy_of_a_run_is_not_stopped_beside_the_original(
    bulkup: Bulkup, served: ServedOrg, tmp_path: Path
) -> None:
    interrupted(bulkup, served, people(tmp_path / "people.csv"))
    folder = run_folders()[0]
    away = folder.rename(tmp_path / "away")
    shutil.copytree(away, folder)
    refused = bulkup("stop")
    assert refused.code == 6
    assert "--take-over" in refused.err
    assert bulkup("stop", "--take-over").code == 1


def test_stop_is_written_down_before_anything_is_aborted(
    bulkup: Bulkup, served: ServedOrg, tmp_path: Path
) -> None:
    interrupted(bulkup, served, people(tmp_path / "people.csv"))
    bulkup("stop")
    kinds = names(run_folders()[0])
    assert kinds.index("Stopping") < len(kinds) - 1
    assert kinds[-1] == "Left"
