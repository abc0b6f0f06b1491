"""The words on the disk: kept, so that a later bulkup reads what an earlier one wrote."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest

import bulkup
from bulkup.errors import RunError
from bulkup.runs import run_dir
from bulkup.runs.events import Event
from bulkup.runs.place import Place
from bulkup.runs.run_dir import Run, open_run, write_plan
from bulkup.runs.words import TAGS, WORDS, event_line, read_event

FIXTURES = Path(__file__).parents[1] / "data" / "runs-0.1.0"
KEPT = ("finished", "interrupted", "retry-round")
OF_CHUNK = "at chunk job"
GOLDEN = {
    "Plan": "run created version source original sheet target columns chunks options dialect key "
    "original_numbers numbers settled changes retry_of retry_of_events machine place levels "
    "format journalled",
    "Place": "system boot device inode generation",
    "Source": "path name size sha256 encoding delimiter line_ending header start rows "
    "header_lines marks",
    "Target": "object operation external_id assignment_rule alias instance_url org_id username "
    "api_version",
    "Column": "source name field reference parent_key",
    "Field": "name label type length precision scale digits nillable defaulted_on_create "
    "createable updateable external_id id_lookup unique case_sensitive calculated auto_number "
    "restricted_picklist picklist_values reference_to relationship_name polymorphic",
    "Chunk": "number start end rows first_row round level",
    "Options": "directory parallel chunk_bytes chunk_rows retry_for row_retries canary "
    "max_failed blank_null",
    "Level": "source numbers",
    "MaxFailed": "rows percent",
    "Dialect": "encoding delimiter line_ending skip_lines unclear_quotes",
    "Created": OF_CHUNK,
    "Uploaded": OF_CHUNK,
    "Closing": OF_CHUNK,
    "Closed": OF_CHUNK,
    "Aborting": f"{OF_CHUNK} closed",
    "Discarded": OF_CHUNK,
    "Finished": f"{OF_CHUNK} state closed processed failed message",
    "Saved": f"{OF_CHUNK} succeeded created failed passing unprocessed unknown rest",
    "Lost": f"{OF_CHUNK} reason",
    "Began": "at process version place",
    "Round": "at round size sha256 chunks level",
    "Left": "at state seconds api_calls error message",
    "Superseded": "at by",
    "Stopping": "at",
    "Planned": "at",
    "Abandoned": "at",
}
"""What is on the disks of users. Words may be added here, and none may be changed or removed."""


def kept_run(name: str, to: Path, **changes: object) -> Path:
    """A copy of a run directory that 0.1.0 left, with words of its plan changed."""
    folder = to / name
    folder.mkdir()
    for file in ("plan.json", "journal.jsonl"):
        (folder / file).write_bytes((FIXTURES / name / "run" / file).read_bytes())
    plan = folder / "plan.json"
    document = {**json.loads(plan.read_bytes()), **changes}
    plan.write_text(json.dumps(document), encoding="utf-8")
    return folder


def test_every_word_on_the_disk_is_what_it_always_was() -> None:
    written = {
        TAGS.get(kind, kind.__name__) if issubclass(kind, Event) else kind.__name__: set(
            words.values()
        )
        for kind, words in WORDS.items()
    }
    assert written == {name: set(words.split()) for name, words in GOLDEN.items()}


@pytest.mark.parametrize("kind", WORDS, ids=lambda kind: kind.__name__)
def test_every_field_that_is_written_has_a_word(kind: type) -> None:
    assert list(WORDS[kind]) == list(dict.fromkeys(WORDS[kind]))
    assert set(WORDS[kind]) == {field.name for field in dataclasses.fields(kind)}
    assert len(set(WORDS[kind].values())) == len(WORDS[kind])


def test_every_durable_event_has_words() -> None:
    assert set(TAGS) <= set(WORDS)


@pytest.mark.parametrize("name", KEPT)
def test_a_run_of_version_0_1_0_is_read_whole(name: str, tmp_path: Path) -> None:
    folder = kept_run(name, tmp_path)
    run = open_run(folder)
    document = json.loads((FIXTURES / name / "run" / "plan.json").read_bytes())
    assert run.plan.format == 1
    assert run.plan.machine == document["machine"]
    assert run.plan.place is None
    assert run.last_place(run.events()) is None
    lines = (FIXTURES / name / "run" / "journal.jsonl").read_bytes().splitlines(keepends=True)
    for line in lines:
        assert_kept(json.loads(line), json.loads(event_line(read_event(line))))


def assert_kept(old: object, new: object) -> None:
    """All that 0.1.0 wrote stands in what is written now, which may have more words."""
    if isinstance(old, dict):
        assert isinstance(new, dict)
        for word, value in old.items():
            assert_kept(value, new[word])
    elif isinstance(old, list):
        assert isinstance(new, list)
        assert len(new) == len(old)
        for old_item, new_item in zip(old, new, strict=True):
            assert_kept(old_item, new_item)
    else:
        assert new == old


@pytest.mark.parametrize("name", KEPT)
def test_a_plan_is_read_as_it_was_written(name: str, tmp_path: Path) -> None:
    plan = open_run(kept_run(name, tmp_path)).plan
    folder = tmp_path / "other"
    folder.mkdir()
    written = write_plan(folder, dataclasses.replace(plan, format=2))
    read = open_run(folder).plan
    assert read == written.plan
    assert isinstance(read.place, Place)
    words = json.loads((folder / "plan.json").read_bytes())
    old = json.loads((FIXTURES / name / "run" / "plan.json").read_bytes())
    assert_kept(as_seen_from_afar(old, tmp_path / name), {**words, "format": 1})


def as_seen_from_afar(document: dict[str, Any], folder: Path) -> dict[str, Any]:
    """The plan with the paths that are relative to its run directory made absolute."""

    def move(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: move(item) for key, item in value.items()}
        if isinstance(value, str) and value.startswith(("prepared/", "settled.csv")):
            return str(folder / value)
        return value

    return {key: move(value) for key, value in document.items()}


@pytest.mark.parametrize(
    "changes",
    [{"format": 3, "version": "0.9.0"}, {"format": 2, "version": "99.0.0"}, {"format": 0}],
)
def test_a_plan_that_this_version_cannot_finish_names_the_one_that_can(
    changes: dict[str, object], tmp_path: Path
) -> None:
    folder = kept_run("finished", tmp_path, **changes)
    with pytest.raises(RunError) as caught:
        open_run(folder)
    assert caught.value.name == "PlanFormat"
    maker = changes.get("version", "0.1.0")
    assert caught.value.message == (
        f"Run finished was made by bulkup {maker}, and this is {bulkup.__version__}"
    )
    assert caught.value.hint == f"Finish it with bulkup {maker}."


@pytest.mark.parametrize(
    ("made_by", "this", "is_read"),
    [
        ("0.2.0", "0.2.0", True),
        ("0.2.0", "0.10.0", True),
        ("0.10.0", "0.2.0", False),
        ("0.2.1", "0.2.0", False),
        ("0.2.0.dev1", "0.2.0", True),
    ],
)
def test_versions_are_compared_by_their_numbers(
    made_by: str, this: str, is_read: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = kept_run("finished", tmp_path, version=made_by)
    monkeypatch.setattr(run_dir, "__version__", this)
    if is_read:
        assert isinstance(open_run(folder), Run)
    else:
        with pytest.raises(RunError):
            open_run(folder)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '"plan"',
        '{"format": 1}',
        '{"format": 1, "version": "0"}',
        '{"format": [1]}',
        "[" * 100_000,
    ],
)
def test_a_damaged_plan_is_refused_as_such(text: str, tmp_path: Path) -> None:
    (tmp_path / "plan.json").write_text(text, encoding="utf-8")
    with pytest.raises(RunError) as caught:
        open_run(tmp_path)
    assert caught.value.name == "PlanDamaged"
