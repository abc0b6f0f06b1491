"""The same line typed again: what everybody does after an interruption, and every cron job."""

import gzip
from pathlib import Path

from bulkup.localorg.faults import FaultPlan
from tests.stories.conftest import Bulkup, ServedOrg
from tests.stories.dying import INSERT, UNWILLING, each_once, people, run_folders, times_in_org

UPSERT = ("--object", "Contact", "--op", "upsert", "--external-id", "Email__c")


def test_an_unfinished_load_typed_again_is_refused_with_the_ways_on(
    bulkup: Bulkup, served: ServedOrg, tmp_path: Path
) -> None:
    org = served(FaultPlan(requests=[UNWILLING])).org
    path = people(tmp_path / "people.csv")
    assert bulkup("run", path, *INSERT, "--retry-for", 0).code == 5
    name = run_folders()[0].name
    again = bulkup("run", path, *INSERT)
    assert again.code == 6
    assert name in again.err
    assert "0 of 12 rows succeeded so far" in again.err
    for command in (f"bulkup resume {name}", f"bulkup stop {name}", "--again"):
        assert command in again.err
    assert len(run_folders()) == 1
    assert bulkup("resume").code == 0
    assert times_in_org(org) == each_once(12)


def test_an_insert_that_was_complete_is_not_done_twice_unless_the_user_says_so(
    bulkup: Bulkup, served: ServedOrg, tmp_path: Path
) -> None:
    org = served().org
    path = people(tmp_path / "people.csv")
    assert bulkup("run", path, *INSERT).code == 0
    refused = bulkup("run", path, *INSERT, "--json")
    assert refused.code == 6
    assert refused.document["error"] == "SameLoad"
    assert "12 of 12 rows succeeded" in refused.document["message"]
    assert times_in_org(org) == each_once(12)
    assert bulkup("run", path, *INSERT, "--again").code == 0
    assert sum(times_in_org(org).values()) == 24


def test_an_upsert_that_was_complete_may_be_done_again(
    bulkup: Bulkup, served: ServedOrg, contacts: Path
) -> None:
    served()
    assert bulkup("run", contacts, *UPSERT).code == 0
    assert bulkup("run", contacts, *UPSERT).code == 0


def test_other_content_and_another_org_are_other_loads(
    bulkup: Bulkup, served: ServedOrg, tmp_path: Path
) -> None:
    served()
    path = people(tmp_path / "people.csv")
    assert bulkup("run", path, *INSERT).code == 0
    assert bulkup("run", people(tmp_path / "others.csv", 13), *INSERT).code == 0
    served()
    assert bulkup("run", path, *INSERT).code == 0


def test_a_file_that_is_packed_meanwhile_has_the_same_content(
    bulkup: Bulkup, served: ServedOrg, tmp_path: Path
) -> None:
    org = served().org
    path = people(tmp_path / "people.csv")
    packed = tmp_path / "people.csv.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    assert bulkup("run", packed, *INSERT).code == 0
    packed.write_bytes(gzip.compress(path.read_bytes(), 1))
    for file in (path, packed):
        assert bulkup("run", file, *INSERT, "--json").document["error"] == "SameLoad"
    assert times_in_org(org) == each_once(12)


def test_an_insert_given_up_while_salesforce_worked_on_it_is_not_done_again_unasked(
    bulkup: Bulkup, served: ServedOrg, tmp_path: Path
) -> None:
    org = served().org
    path = people(tmp_path / "people.csv")
    assert bulkup("run", path, *INSERT, "--no-wait").code == 0
    assert bulkup("runs", run_folders()[0].name, "--abandon").code == 0
    refused = bulkup("run", path, *INSERT, "--json")
    assert refused.document["error"] == "SameLoad"
    assert max(times_in_org(org).values(), default=1) == 1
    assert bulkup("run", path, *INSERT, "--again").code == 0
