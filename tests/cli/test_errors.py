"""One boundary: a mistake, a bug and ^C look different and end differently."""

import io
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from bulkup.__main__ import main
from bulkup.cli import errors, output, signals
from bulkup.cli.output import Output
from bulkup.clock import RealClock
from bulkup.errors import (
    BulkupError,
    CheckFailed,
    CredentialsError,
    InputError,
    Interrupted,
    RunError,
    SalesforceError,
    WaitTimeout,
)
from bulkup.execution.control import RunControl
from bulkup.model import Finding, Severity
from bulkup.text import amount, duration, size
from tests.stories.conftest import Bulkup

FINDING = Finding(
    severity=Severity.ERROR, code="X", message="is odd", column="Name", count=7, rows=(1, 2, 3)
)
ERRORS: list[tuple[BulkupError, int]] = [
    (InputError("m", "h"), 2),
    (CheckFailed("m", "h", findings=[FINDING], rows=9), 3),
    (CredentialsError("m", "h"), 4),
    (SalesforceError("m", "h"), 5),
    (RunError("m", "h"), 6),
    (WaitTimeout("m", "h"), 7),
    (Interrupted("m", "h"), 130),
    (Interrupted("m", "h", terminated=True), 143),
]


def ending_in(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    """Let `bulkup limits` come to this."""

    def broken(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("bulkup.cli.commands.limits.connect", broken)


@pytest.mark.parametrize(("error", "code"), ERRORS, ids=lambda value: type(value).__name__)
def test_an_error_is_a_line_a_hint_and_its_exit_code(
    bulkup: Bulkup, monkeypatch: pytest.MonkeyPatch, error: BulkupError, code: int
) -> None:
    ending_in(monkeypatch, error)
    done = bulkup("limits")
    assert done.code == code
    assert done.err.splitlines()[-2:] == ["error: m", "  h"]
    told = bulkup("limits", "--json")
    assert told.code == code
    assert told.err == ""
    is_check = isinstance(error, CheckFailed)
    assert told.document["schema"] == ("bulkup.check/1" if is_check else "bulkup.error/1")
    if not is_check:
        assert told.document["exit_code"] == code


def test_findings_are_told_before_the_error(
    bulkup: Bulkup, monkeypatch: pytest.MonkeyPatch
) -> None:
    ending_in(monkeypatch, CheckFailed("m", "", findings=[FINDING], rows=9))
    done = bulkup("limits")
    assert done.err == "error: Name: is odd (7 rows: 1, 2, 3, …) [X]\nerror: m\n"


def test_a_bug_is_one_line_and_its_traceback_without_secrets_is_in_the_log(
    bulkup: Bulkup, monkeypatch: pytest.MonkeyPatch, home: Path
) -> None:
    ending_in(monkeypatch, ZeroDivisionError("Bearer 00Dxx0000001gPL!AQplanted.secret_1"))
    done = bulkup("limits", "--json")
    assert done.code == 70
    assert done.document["error"] == "Bug"
    assert "ZeroDivisionError" in done.document["message"]
    log = home / "bulkup" / "bulkup.log"
    assert str(log) in done.document["hint"]
    text = log.read_text(encoding="utf-8")
    assert "Traceback" in text
    assert "planted" not in text + done.out + done.err


def test_a_bug_whose_log_cannot_be_written_is_told_on_stderr(
    bulkup: Bulkup, monkeypatch: pytest.MonkeyPatch, home: Path
) -> None:
    (home / "bulkup").mkdir()
    (home / "bulkup" / "bulkup.log").mkdir()
    ending_in(monkeypatch, ZeroDivisionError())
    done = bulkup("limits")
    assert done.code == 70
    assert "Traceback" in done.err


def test_an_interrupt_is_130(bulkup: Bulkup, monkeypatch: pytest.MonkeyPatch) -> None:
    ending_in(monkeypatch, KeyboardInterrupt())
    done = bulkup("limits")
    assert done.code == 130
    assert "Interrupted" in done.err
    assert bulkup("limits", "--json").document["exit_code"] == 130


def test_a_reader_that_has_gone_is_one_line_and_exit_6() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "bulkup", "fields", "Contact", "--json", "--org", "local"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    told = process.stderr.read().decode()
    process.stderr.close()
    assert told.splitlines()[0] == "error: Standard output can't be written: Broken pipe"
    assert "Traceback" not in told
    assert process.wait(20) == 6


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no disk that is always full")
@pytest.mark.parametrize(
    "arguments",
    [
        ("runs", "--json"),
        ("runs", "no-such-run", "--json"),
        ("fields", "Contact", "--org", "local"),
        ("fields", "Contact", "--org", "local", "--json"),
        ("--version",),
        ("--help",),
        ("run", "--help"),
    ],
    ids=" ".join,
)
def test_a_full_disk_behind_stdout_is_one_line_and_exit_6(arguments: tuple[str, ...]) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "bulkup", *arguments],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert "error: Standard output can't be written: No space left on device" in done.stderr
    assert "Traceback" not in done.stderr
    assert done.returncode == 6


def test_a_home_that_cannot_be_searched_is_one_line_and_exit_2(
    bulkup: Bulkup, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    home = tmp_path / "closed" / "home"
    real = Path.stat

    def stat(path: Path, **options: bool) -> os.stat_result:
        if path == home:
            raise PermissionError(13, "Permission denied", str(path))
        return real(path, **options)

    monkeypatch.setenv("BULKUP_HOME", str(home))
    monkeypatch.setattr(Path, "stat", stat)
    monkeypatch.setattr(Path, "exists", lambda path: bool(path.stat()))
    done = bulkup("runs")
    assert done.code == 2
    assert done.err.splitlines()[0] == (
        f"error: BULKUP_HOME is {home}, which can't be looked at: Permission denied"
    )


def test_a_file_of_home_that_cannot_be_read_is_one_line_and_exit_6(
    bulkup: Bulkup, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("BULKUP_HOME", str(tmp_path))
    inside = tmp_path / "runs"
    ending_in(monkeypatch, PermissionError(13, "Permission denied", str(inside)))
    done = bulkup("limits")
    assert done.code == 6
    assert done.err.splitlines()[0] == f"error: {inside} can't be used: Permission denied"
    assert bulkup("limits", "--json").document["error"] == "HomeNotUsable"


def test_a_bug_is_told_where_home_cannot_be_searched(
    bulkup: Bulkup, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    ending_in(monkeypatch, ZeroDivisionError())
    (tmp_path / "file").touch()
    monkeypatch.setenv("BULKUP_HOME", str(tmp_path / "file"))
    monkeypatch.setattr("bulkup.cli.commands.limits.state_dir.find_state_dir", lambda: None)
    monkeypatch.setattr("bulkup.cli.errors.find_state_dir", refuse_home)
    done = bulkup("limits")
    assert done.code == 70
    assert "ZeroDivisionError" in done.err
    assert "with the traceback above" in done.err


def refuse_home() -> None:
    raise InputError("BULKUP_HOME is a file")


USAGE: dict[str, tuple[tuple[str, ...], str, str]] = {
    "an unknown command": (("lod",), "No such command 'lod'", "bulkup --help"),
    "an unknown option before the command": (("--lod", "run"), "--lod", "bulkup --help"),
    "an unknown option after it": (("limits", "--lod"), "--lod", "bulkup limits --help"),
    "an unknown command of a group": (("local", "x"), "No such command 'x'", "bulkup local --help"),
    "an unknown option of a group": (("local", "--x"), "--x", "bulkup local --help"),
    "no argument": (("status",), "Missing argument 'JOB'", "bulkup status --help"),
}


@pytest.mark.parametrize("name", USAGE)
def test_wrong_usage_is_a_line_and_where_to_look(bulkup: Bulkup, name: str) -> None:
    arguments, words, hint = USAGE[name]
    done = bulkup(*arguments)
    assert done.code == 2
    first, second = done.err.splitlines()
    assert words in first
    assert second == f"  Type: {hint}"
    told = bulkup(*arguments, "--json")
    assert told.code == 2
    assert told.document["error"] == "Usage"
    assert told.document["hint"] == f"Type: {hint}"


@pytest.mark.parametrize("group", [(), ("local",)], ids=str)
def test_a_group_without_a_command_shows_its_help_and_no_error(
    bulkup: Bulkup, group: tuple[str, ...]
) -> None:
    done = bulkup(*group)
    assert done.code == 2
    assert "Usage: bulkup" in done.out
    assert "error" not in done.err


def test_help_and_version_are_0(bulkup: Bulkup) -> None:
    from bulkup import __version__

    assert bulkup("--version").out == f"bulkup {__version__}\n"
    for arguments in (("--help",), ("-h",), ("run", "-h"), ("local", "serve", "--help")):
        done = bulkup(*arguments)
        assert done.code == 0
        assert "Usage: " in done.out


@pytest.mark.skipif(os.name != "posix", reason="Windows has no SIGINT for others")
def test_control_c_while_waiting_for_a_fault_to_pass_ends_the_process_with_130(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    environment = {
        **os.environ,
        "BULKUP_INSTANCE_URL": "http://127.0.0.1:9",
        "BULKUP_ACCESS_TOKEN": "00Dxx0000001gPL!x",
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "bulkup", "limits"],
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        env=environment,
    )
    assert process.stderr is not None
    assert "waiting" in process.stderr.readline()
    process.send_signal(signal.SIGINT)
    assert process.wait(10) == 130
    assert "Traceback" not in process.stderr.read()
    process.stderr.close()


def test_an_interrupt_while_python_imports_is_one_calm_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Interrupted(ModuleType):
        def __getattr__(self, _name: str) -> None:
            raise KeyboardInterrupt

    monkeypatch.setitem(sys.modules, "bulkup.cli.app", Interrupted("bulkup.cli.app"))
    with pytest.raises(SystemExit) as caught:
        main()
    assert caught.value.code == 130
    assert capsys.readouterr().err == "error: Interrupted\n"


@pytest.mark.parametrize(("is_terminal", "written"), [(True, [b"\x1b[?25h\n"]), (False, [])])
def test_leaving_at_once_begins_a_line_for_the_shell(
    monkeypatch: pytest.MonkeyPatch, is_terminal: bool, written: list[bytes]
) -> None:
    told: list[bytes] = []
    ended: list[int] = []
    stream = io.StringIO()
    monkeypatch.setattr(stream, "isatty", lambda: is_terminal, raising=False)
    monkeypatch.setattr(sys, "__stderr__", stream)
    monkeypatch.setattr(os, "write", lambda _to, data: told.append(data))
    monkeypatch.setattr(os, "_exit", ended.append)
    with signals.handle_signals(RunControl(RealClock()), "a-run"):
        for _ in range(2):
            signal.raise_signal(signal.SIGINT)
    assert (told, ended) == (written, [130])


# What goes where.


def test_numbers_are_for_people() -> None:
    assert amount(1, "row") == "1 row"
    assert amount(1234, "row") == "1,234 rows"
    assert [size(n) for n in (0, 999, 1000, 2.5e6, 3e9)] == [
        "0 B",
        "999 B",
        "1.0 kB",
        "2.5 MB",
        "3.00 GB",
    ]
    assert [duration(n) for n in (0, 59.94, 60, 61.4, 3600, 7384)] == [
        "0.0 s",
        "59.9 s",
        "1 min 00 s",
        "1 min 01 s",
        "1 h 00 min",
        "2 h 03 min",
    ]


@pytest.mark.parametrize("columns", ["", "wide", "-3", "40"])
def test_a_table_that_is_not_on_a_terminal_has_room_whatever_the_environment_says(
    monkeypatch: pytest.MonkeyPatch, columns: str
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    assert Output().results().width >= 100
    assert Output().errors().width >= 100


def test_a_finding_of_the_whole_file_has_no_column_and_no_rows() -> None:
    whole = Finding(severity=Severity.WARNING, code="Y", message="is big")
    assert output.finding_line(whole) == "warning: is big [Y]"
    counted = Finding(severity=Severity.WARNING, code="Y", message="is empty", count=1200)
    assert output.finding_line(counted) == "warning: is empty (1,200 rows) [Y]"
    one = Finding(severity=Severity.WARNING, code="Y", message="is empty", count=1, rows=(4,))
    assert output.finding_line(one) == "warning: is empty (1 row: 4) [Y]"


def fields_as_bytes(**environment: str) -> tuple[bytes, bytes]:
    code = ["-m", "bulkup", "fields", "Contact", "--org", "local"]
    both = [
        subprocess.run(
            [sys.executable, *code, *more],
            capture_output=True,
            env={**os.environ, **environment},
            timeout=60,
            check=True,
        ).stdout
        for more in ((), ("--json",))
    ]
    return both[0], both[1]


def test_what_goes_into_a_pipe_is_utf_8_whatever_the_locale() -> None:
    table, document = fields_as_bytes(LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0")
    assert "reference → Account" in table.decode("utf-8")
    assert json.loads(document.decode("utf-8"))["object"] == "Contact"


def test_a_character_that_the_encoding_lacks_ends_no_command() -> None:
    table, document = fields_as_bytes(PYTHONIOENCODING="cp1252")
    assert b"reference \\u2192 Account" in table
    assert json.loads(document.decode("cp1252"))["object"] == "Contact"


def test_json_is_ascii_where_the_stream_is_not_utf_8(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONIOENCODING", "cp1252")
    stream = io.TextIOWrapper(io.BytesIO(), encoding="cp1252")
    monkeypatch.setattr(sys, "stdout", stream)
    output.set_streams()
    output.document({"name": "Ä → 🙂"})
    monkeypatch.undo()
    assert json.loads(stream.buffer.getvalue()) == {"name": "Ä → 🙂"}


def test_what_looks_like_a_token_is_hidden() -> None:
    for secret in ("00Dxx0000001gPLEAY!AQ4.a_b", "bearer abc123", "?code=" + "x" * 45):
        assert "[hidden]" in errors.SECRET.sub("[hidden]", f"at {secret} there")
