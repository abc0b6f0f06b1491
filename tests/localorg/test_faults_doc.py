"""docs/faults.md holds: its plans are taken, its Python runs, its tables name every key."""

import re
from dataclasses import fields
from pathlib import Path

import pytest

from bulkup.localorg.faults.parse import parse_plan
from bulkup.localorg.faults.plan import FaultAction, JobFault, RequestFault

DOC = (Path(__file__).parents[2] / "docs" / "faults.md").read_text(encoding="utf-8")
CALLS, JOBS = DOC.split("## Jobs")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", DOC, re.DOTALL)


def named(text: str) -> set[str]:
    cells = re.findall(r"^\| (`[^|]+) \|", text, re.MULTILINE)
    return {name for cell in cells for name in re.findall(r"`([^`]+)`", cell)}


def test_its_plans_are_taken() -> None:
    plans = [parse_plan(block) for block in blocks("toml")]
    assert [len(plan.requests) + len(plan.jobs) for plan in plans] == [3, 2]


def test_its_tables_name_every_key_and_act_and_no_other() -> None:
    acts = {act.value for act in FaultAction}
    assert named(CALLS) == acts | {"act"} | {one.name for one in fields(RequestFault)}
    assert named(JOBS) == {one.name for one in fields(JobFault)}


def test_its_python_runs(capsys: pytest.CaptureFixture[str]) -> None:
    (code,) = blocks("python")
    exec(code, {})  # it is ours
    url, records = capsys.readouterr().out.split("\n")[:2]
    assert url.startswith("http://127.0.0.1:")
    assert records == "[]"
