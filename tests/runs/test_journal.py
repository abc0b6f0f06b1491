import os
from pathlib import Path

import pytest

from bulkup.clock import RealClock
from bulkup.errors import RunError
from bulkup.model import Chunk, JobState
from bulkup.runs import events
from bulkup.runs.events import (
    Aborting,
    Closed,
    Created,
    Event,
    Finished,
    RetryRound,
    RunStarted,
    Saved,
)
from bulkup.runs.journal import Journal, last_events, read
from bulkup.runs.words import TAGS, event_line, read_event

JOB = "750000000000001AAA"


def journal_with(path: Path, *events: Created | Closed | Saved) -> None:
    with Journal(path, RealClock()) as journal:
        for event in events:
            journal.append(event)


@pytest.mark.parametrize(
    "event",
    [
        Created(chunk=1, job=JOB, at="2026-11-24T10:15:00.000Z"),
        Aborting(chunk=2, job=JOB, closed=True),
        Finished(chunk=3, job=JOB, state=JobState.FAILED, processed=3, message='ü\n"x"'),
        Saved(chunk=3, job=JOB, succeeded=2, created=1, failed=1, passing=1),
        RetryRound(
            round=2,
            size=10,
            sha256="00",
            chunks=(Chunk(number=4, start=2, end=9, rows=1, first_row=1, round=2),),
        ),
    ],
)
def test_an_event_reads_back_as_it_was_written(event: Created) -> None:
    line = event_line(event)
    assert line.count(b"\n") == 1
    assert read_event(line) == event


def test_every_durable_event_has_a_tag_of_its_own_and_the_others_have_none() -> None:
    kinds = {kind for kind in vars(events).values() if isinstance(kind, type)}
    leaves = {kind for kind in kinds if issubclass(kind, Event)} - {Event, events.ChunkEvent}
    assert set(TAGS) == {kind for kind in leaves if kind.durable}
    assert len(set(TAGS.values())) == len(TAGS)


def test_events_are_on_the_disk_before_append_returns(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    with Journal(path, RealClock()) as journal:
        journal.append(Created(chunk=1, job=JOB))
        events, length = read(path)
        assert [type(event) for event in events] == [Created]
        assert length == path.stat().st_size
        assert events[0].at.endswith("Z")


def test_a_torn_last_line_is_cut_off_and_the_journal_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    journal_with(path, Created(chunk=1, job=JOB))
    with path.open("ab") as file:
        file.write(b'{"event":"Clos')
    journal_with(path, Closed(chunk=1, job=JOB))
    assert [type(event) for event in read(path)[0]] == [Created, Closed]


@pytest.mark.parametrize("bad", [b"{]\n", b'{"event":"Danced"}\n', b"[]\n", b'{"event":"Saved"}\n'])
def test_a_bad_line_in_the_middle_is_an_error_with_its_number(tmp_path: Path, bad: bytes) -> None:
    path = tmp_path / "journal.jsonl"
    good = event_line(Created(chunk=1, job=JOB))
    path.write_bytes(good + bad + good)
    with pytest.raises(RunError, match="line 2") as caught:
        read(path)
    assert caught.value.exit_code == 6


def test_after_a_failed_append_the_journal_is_whole_and_takes_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "journal.jsonl"
    real = os.write
    with Journal(path, RealClock()) as journal:
        journal.append(Created(chunk=1, job=JOB))

        def half(file: int, data: bytes) -> int:
            real(file, data[:5])
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, "write", half)
        with pytest.raises(RunError, match="No space left"):
            journal.append(Closed(chunk=1, job=JOB))
        monkeypatch.setattr(os, "write", real)
        with pytest.raises(RunError, match="No space left"):
            journal.append(Closed(chunk=1, job=JOB))
    assert [type(event) for event in read(path)[0]] == [Created]
    assert path.read_bytes().endswith(b"\n")


def test_the_last_event_of_each_chunk_is_what_counts() -> None:
    events = [
        RunStarted(process=1, version="0"),
        Created(chunk=1, job=JOB),
        Created(chunk=2, job=JOB),
        Closed(chunk=1, job=JOB),
    ]
    assert last_events(events) == {1: events[3], 2: events[2]}


def test_a_new_journal_is_in_its_folder_for_good_before_anything_is_written_to_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced = list[Path]()
    monkeypatch.setattr("bulkup.runs.journal.sync", synced.append)
    path = tmp_path / "journal.jsonl"
    with Journal(path, RealClock()):
        assert synced == [tmp_path]
    with Journal(path, RealClock()):
        assert synced == [tmp_path]
