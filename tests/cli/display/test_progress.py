"""What a person sees while a load goes on: bars on a terminal, plain lines elsewhere."""

import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console
from rich.progress import Task, TaskID

from bulkup.cli import watch_job
from bulkup.cli.display.progress import Lines, show_progress
from bulkup.cli.display.progress_bars import Amount, Bars, JobBar
from bulkup.cli.output import Output
from bulkup.localorg.faults.plan import FaultAction, FaultPlan, RequestFault
from bulkup.model import Chunk, Job, JobState
from bulkup.runs.events import (
    Aborting,
    Closed,
    Closing,
    Created,
    Discarded,
    Event,
    Finished,
    JobPolled,
    Lost,
    RetryRound,
    RetryWait,
    Saved,
    Uploaded,
    UploadProgress,
)
from tests.stories.conftest import Bulkup, Done, ServedOrg

UPSERT = ("--object", "Contact", "--op", "upsert", "--external-id", "Email__c")
posix = pytest.mark.skipif(os.name != "posix", reason="pseudo-terminals are POSIX's")

Terminal = Callable[..., Done]


@pytest.fixture
def terminal() -> Terminal:
    """The command with stdout and stderr on a pseudo-terminal; `out` is what it shows."""

    def run(*arguments: object, columns: int = 100, no_color: bool = False) -> Done:
        import pty

        ours, theirs = pty.openpty()
        environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": str(columns)}
        if not no_color:
            environment.pop("NO_COLOR", None)
        process = subprocess.Popen(
            [sys.executable, "-m", "bulkup", *map(str, arguments)],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env=environment,
        )
        os.close(theirs)
        shown: list[bytes] = []
        reader = threading.Thread(target=read_all, args=(ours, shown))
        reader.start()
        code = process.wait(60)
        reader.join()
        os.close(ours)
        return Done(code, b"".join(shown).decode("utf-8"), "")

    return run


def read_all(handle: int, shown: list[bytes]) -> None:
    while True:
        try:
            block = os.read(handle, 1 << 16)
        except OSError:  # Linux's way to say that the other side is closed
            return
        if not block:
            return
        shown.append(block)


def plain(text: str) -> str:
    """Without what steers a terminal."""
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text)


COLOUR = re.compile(r"\x1b\[[0-9;]*3[0-9](;[0-9;]*)?m")


# On a terminal.


@posix
def test_a_terminal_shows_two_bars_a_line_for_each_job_and_a_summary(
    terminal: Terminal, served: ServedOrg, contacts: Path
) -> None:
    served()
    done = terminal("run", contacts, *UPSERT, "--chunk-rows", 10)
    assert done.code == 0, done.out
    seen = plain(done.out)
    assert "sent" in seen
    assert re.search(r"processed +━+ 20 of 20 rows", seen)
    assert seen.count("ended, 10 succeeded") == 2
    assert "created\n" not in seen.replace("\r", "")  # a step that the bars show anyway
    assert "Complete: every row" in seen
    assert COLOUR.search(done.out)
    assert done.out.rfind("\x1b[?25h") > done.out.rfind("\x1b[?25l")  # the cursor is back


@posix
def test_status_with_wait_draws_the_same_bar(
    terminal: Terminal, bulkup: Bulkup, served: ServedOrg, contacts: Path
) -> None:
    served()
    job = bulkup("create", *UPSERT).out.strip()
    bulkup("upload", job, contacts)
    bulkup("close", job)
    done = terminal("status", job, "--wait")
    assert done.code == 0
    assert re.search(r"JobComplete +━+ 20 of 20 rows", plain(done.out))


@posix
@pytest.mark.parametrize("way", ["option", "environment"])
def test_no_color_leaves_the_bars_and_takes_the_colour(
    terminal: Terminal, served: ServedOrg, contacts: Path, way: str
) -> None:
    served()
    options = ("--no-color",) if way == "option" else ()
    done = terminal("run", contacts, *UPSERT, *options, no_color=way == "environment")
    assert "20 of 20 rows" in plain(done.out)
    assert not COLOUR.search(done.out)


@posix
def test_verbose_on_a_terminal_draws_no_bars_and_quiet_shows_nothing(
    terminal: Terminal, served: ServedOrg, contacts: Path
) -> None:
    served()
    verbose = terminal("run", contacts, *UPSERT, "--verbose")
    assert "\x1b[?25l" not in verbose.out
    assert "PUT /services/data/" in verbose.out
    quiet = terminal("run", contacts, *UPSERT, "--quiet")
    assert quiet == Done(0, "", "")


# Elsewhere.

LINE = re.compile(r"^(GET|POST|PUT|PATCH) /services/\S+ (\d{3}) \d+ ms$")


def test_verbose_logs_method_path_status_and_time_and_never_a_header_or_a_body(
    bulkup: Bulkup, served: ServedOrg, contacts: Path
) -> None:
    token = served().token
    done = bulkup("run", contacts, *UPSERT, "--verbose")
    logged = [line for line in done.err.splitlines() if LINE.match(line)]
    assert {line.split()[0] for line in logged} == {"GET", "POST", "PUT", "PATCH"}
    assert any(line.startswith("PUT ") and " 201 " in line for line in logged)
    told = done.out + done.err
    assert token not in told
    assert token.partition("!")[2] not in told
    for secret in ("Bearer", "uthorization", "c3@example.com", "Content-"):
        assert secret not in told


def test_a_request_without_an_answer_is_logged_with_a_dash(
    bulkup: Bulkup, served: ServedOrg
) -> None:
    served(FaultPlan(requests=[RequestFault(act=FaultAction.LOST, method="POST")]))
    done = bulkup("create", "--object", "Contact", "--op", "insert", "--verbose")
    assert re.search(r"^POST /services/data/v60.0/jobs/ingest/? - \d+ ms$", done.err, re.MULTILINE)


def test_watching_a_job_without_a_terminal_says_how_far_it_is(
    bulkup: Bulkup, served: ServedOrg, contacts: Path
) -> None:
    served()
    job = bulkup("create", *UPSERT).out.strip()
    bulkup("upload", job, contacts)
    bulkup("close", job)
    done = bulkup("status", job, "--wait", "--json")
    assert f"job {job}: 20 rows processed" in done.err
    assert bulkup("status", job, "--wait", "--json", "--quiet").err == ""


# Event by event.


def chunk(number: int = 1, *, round: int = 1, rows: int = 10) -> Chunk:  # noqa: A002 -- its name in Chunk
    return Chunk(
        number=number, start=0, end=100, rows=rows, first_row=1 + rows * (number - 1), round=round
    )


def job(state: JobState, processed: int | None = None, failed: int | None = None) -> Job:
    return Job(id="750A", state=state, processed=processed, failed=failed)


WORDS: list[tuple[Event, str]] = [
    (Created(chunk=1, job="750A"), "job 750A (1 of 2): created"),
    (Uploaded(chunk=1, job="750A"), "job 750A (1 of 2): uploaded 10 rows, 120 B"),
    (Closing(chunk=1, job="750A"), ""),
    (Closed(chunk=1, job="750A"), "job 750A (1 of 2): closed; Salesforce is processing"),
    (Aborting(chunk=1, job="750A", closed=True), "job 750A (1 of 2): aborting"),
    (
        Discarded(chunk=1, job="750A"),
        "job 750A (1 of 2): never closed, the chunk begins again",
    ),
    (
        JobPolled(chunk=1, job="750A", seen=job(JobState.IN_PROGRESS, 4, 1)),
        "job 750A (1 of 2): 4 of 10 rows processed, 1 failed",
    ),
    (RetryWait(seconds=1.5, reason="busy"), "waiting 1.5 s: busy"),
    (
        Lost(chunk=2, job="750B", reason="the job is gone"),
        "job 750B (2 of 2): the job is gone; its rows are unknown",
    ),
]


@pytest.mark.parametrize(("event", "words"), WORDS, ids=lambda value: type(value).__name__)
def test_each_change_is_one_line(event: Event, words: str) -> None:
    said: list[str] = []
    lines = Lines(say=said.append, chunks={1: chunk(1), 2: chunk(2)}, header=20)
    lines(event)
    assert said == ([words] if words else [])


def test_the_same_count_is_said_once() -> None:
    said: list[str] = []
    lines = Lines(say=said.append, chunks={1: chunk()})
    for done in (None, 0, 4, 4, 10):
        lines(JobPolled(chunk=1, job="750A", seen=job(JobState.IN_PROGRESS, done)))
    assert said == [
        "job 750A: 4 of 10 rows processed",
        "job 750A: 10 of 10 rows processed",
    ]


def test_one_row_of_a_job_of_unknown_size_is_one_row() -> None:
    said: list[str] = []
    Lines(say=said.append, chunks={1: chunk(rows=0)})(
        JobPolled(chunk=1, job="750A", seen=job(JobState.JOB_COMPLETE, 1))
    )
    assert said == ["job 750A: 1 row processed"]


def the_round() -> RetryRound:
    again = (chunk(3, round=2, rows=2), chunk(4, round=2, rows=3))
    return RetryRound(round=2, size=500, sha256="", chunks=again)


def test_a_further_round_says_how_many_rows_go_again_and_names_its_jobs() -> None:
    said: list[str] = []
    lines = Lines(say=said.append, chunks={1: chunk()})
    lines(the_round())
    lines(Saved(chunk=3, job="750C", succeeded=1, failed=1, unprocessed=2, unknown=3))
    lines(Saved(chunk=1, job="750A", succeeded=1234))
    assert said == [
        "round 2: 5 rows failed with a temporary error, sent again",
        "job 750C (round 2): ended, 1 succeeded, 1 failed, 2 unprocessed, 3 unknown",
        "job 750A: ended, 1,234 succeeded",
    ]


def test_a_job_that_failed_says_why_beside_the_bars_too() -> None:
    said: list[str] = []
    lines = Lines(say=said.append, chunks={1: chunk()}, live=True)
    for event in (
        Created(chunk=1, job="750A"),
        JobPolled(chunk=1, job="750A", seen=job(JobState.IN_PROGRESS, 4)),
        Finished(chunk=1, job="750A", state=JobState.FAILED, message="InvalidBatch : Nope"),
        Finished(chunk=1, job="750A", state=JobState.JOB_COMPLETE),
    ):
        lines(event)
    assert said == ["job 750A: Failed: InvalidBatch : Nope"]


def drawn(bars: Bars | JobBar) -> str:
    console = Console(width=100)
    with console.capture() as capture:
        console.print(bars._progress.get_renderable())
    return capture.get()


def test_bars_count_bytes_and_rows_of_all_chunks() -> None:
    bars = Bars(Console(quiet=True), {1: chunk(1), 2: chunk(2)}, header=20)
    assert "0 B of 240 B" in drawn(bars)
    bars(UploadProgress(chunk=1, job="750A", bytes=60))
    assert "60 B of 240 B" in drawn(bars)
    bars(Discarded(chunk=1, job="750A"))
    assert "0 B of 240 B" in drawn(bars)
    bars(Uploaded(chunk=1, job="750A"))
    assert "120 B of 240 B" in drawn(bars)
    bars(JobPolled(chunk=1, job="750A", seen=job(JobState.IN_PROGRESS, 4)))
    assert "4 of 20 rows" in drawn(bars)
    bars(Saved(chunk=1, job="750A", succeeded=10))
    bars(Lost(chunk=2, job="750B", reason="gone"))
    assert "240 B of 240 B" in drawn(bars)
    assert "20 of 20 rows" in drawn(bars)


def test_bars_grow_by_a_further_round() -> None:
    bars = Bars(Console(quiet=True), {1: chunk()}, header=20)
    bars(Saved(chunk=1, job="750A", succeeded=5, failed=5, passing=5))
    bars(the_round())
    assert "10 of 15 rows" in drawn(bars)
    assert "120 B of 360 B" in drawn(bars)


def test_bytes_have_a_speed_once_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    task = Task(TaskID(1), "sent", 4000, 2000, _get_time=lambda: 2.0, fields={"unit": "bytes"})
    assert str(Amount().render(task)) == "2.0 kB of 4.0 kB"
    monkeypatch.setattr(Task, "speed", 1000.0)
    assert str(Amount().render(task)) == "2.0 kB of 4.0 kB, 1.0 kB/s"


def test_the_bar_of_one_job_shows_its_state_and_has_a_total_only_at_the_end() -> None:
    bar = JobBar(Console(quiet=True))
    bar(Closed(chunk=1, job="750A"))
    bar(JobPolled(chunk=1, job="750A", seen=job(JobState.IN_PROGRESS, 4)))
    assert re.search(r"InProgress.* 4 rows", drawn(bar))
    bar(JobPolled(chunk=1, job="750A", seen=job(JobState.JOB_COMPLETE, 9)))
    assert re.search(r"JobComplete.* 9 of 9 rows", drawn(bar))


def listener_of(screen: Output) -> object:
    with show_progress(screen, [chunk()], 20) as listener:
        return listener


def test_who_listens_depends_on_the_terminal_and_on_quiet(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert isinstance(listener_of(Output()), Lines)
    with show_progress(Output(quiet=True), [chunk()], 20) as listener:
        listener(Created(chunk=1, job="750A"))
    with watch_job._shown(Output(quiet=True)) as listener:
        listener(JobPolled(chunk=1, job="750A", seen=job(JobState.IN_PROGRESS, 4)))
    assert capsys.readouterr() == ("", "")
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    assert isinstance(listener_of(Output()), Bars)
    assert isinstance(listener_of(Output(verbose=True)), Lines)
    with watch_job._shown(Output()) as bar:
        assert isinstance(bar, JobBar)
