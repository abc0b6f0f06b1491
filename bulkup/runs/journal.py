"""The journal: one event a line, appended and fsynced before anything else happens.

A last line without a newline is a torn write and is cut off. A bad line anywhere else is an
error with its number. After a failed append the file is cut back and the journal takes no more.
"""

import os
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Self

from bulkup.clock import Clock
from bulkup.errors import NotWritable, RunError
from bulkup.files import sync, write_private
from bulkup.runs.events import ChunkEvent, Event, Lost, Planned, Saved, stamped
from bulkup.runs.words import event_line, read_event


def read(path: Path) -> tuple[list[Event], int]:
    """Read the events of a journal, and the number of bytes that are whole lines.

    Raises:
        RunError: a line before the last is damaged, or the file can't be read.
    """
    try:
        whole = path.read_bytes()
    except FileNotFoundError:
        whole = b""
    except OSError as error:
        raise RunError(
            f"{path} can't be read: {error.strerror or error}",
            "Nothing was sent. Set the rights of the file.",
            name="JournalDamaged",
        ) from error
    length = whole.rfind(b"\n") + 1
    events = []
    for number, line in enumerate(whole[:length].splitlines(), start=1):
        try:
            events.append(read_event(line))
        except (ValueError, RecursionError) as error:
            where = f"{path}, line {number}: the journal is damaged there"
            raise journal_damaged(path, where) from error
    return events, length


def journal_damaged(path: Path, what: str) -> RunError:
    """The error for a journal of which something is not there any more."""
    return RunError(
        what,
        "Nothing was sent. What the jobs did can be seen in Salesforce under Setup, "
        f"Bulk Data Load Jobs; give the run up with: bulkup runs {path.parent.name} --abandon",
        name="JournalDamaged",
    )


class Journal:
    """An open journal. Safe for several threads; `events` is all that was ever written."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self.events, length = read(path)
        self._clock = clock
        self._lock = threading.Lock()
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0)
        is_new = not path.exists()
        try:
            self._file = os.open(path, flags, 0o600)
            os.ftruncate(self._file, length)
            if is_new:
                sync(path.parent)
        except OSError as error:
            raise NotWritable(path.parent, error) from error
        self._length = os.lseek(self._file, length, os.SEEK_SET)
        self.broken = ""

    def __enter__(self) -> Self:
        """Return the journal."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the file."""
        os.close(self._file)

    def append(self, event: Event) -> None:
        """Write the event, durably.

        Raises:
            RunError: it can't be written. No event is accepted afterwards.
        """
        event = stamped(event, self._clock.stamp())
        line = event_line(event)
        with self._lock:
            if self.broken:
                raise self._error()
            try:
                self._write(line)
            except OSError as error:
                self.broken = error.strerror or str(error)
                with suppress(OSError):  # then the next reader cuts the torn line off
                    os.ftruncate(self._file, self._length)
                raise self._error() from error
            self.events.append(event)

    def _write(self, line: bytes) -> None:
        rest = line
        while rest:
            rest = rest[os.write(self._file, rest) :]
        os.fsync(self._file)
        self._length += len(line)

    def _error(self) -> RunError:
        return RunError(
            f"The run's journal can't be written: {self.broken}",
            "Make room on the disk, then type: bulkup resume",
            name="JournalNotWritable",
        )


def begin(path: Path, at: str) -> None:
    """Make the journal of a run whose plan is about to be written, at that moment.

    Raises:
        RunError: the disk did not take it.
    """
    write_private(path, event_line(Planned(at=at)))


def begin_anew(path: Path, event: Event, clock: Clock) -> Path:
    """Replace a damaged journal by one of a single event; return the copy of the damaged one.

    There is a journal at every moment: without one, the run would be sent from the beginning.
    The caller holds the run.

    Raises:
        RunError: the disk did not take it.
    """
    aside = damaged_copy(path)
    write_private(aside, path.read_bytes() if path.exists() else b"")
    write_private(path, event_line(stamped(event, clock.stamp())))
    return aside


def is_begun(events: Sequence[Event]) -> bool:
    """Whether a process has ever worked on the run."""
    return not all(isinstance(event, Planned) for event in events)


def damaged_copy(path: Path) -> Path:
    """Where `begin_anew` keeps the damaged journal, if there was one."""
    return path.with_suffix(".damaged")


def last_events(events: Sequence[Event]) -> dict[int, ChunkEvent]:
    """Return the last event of each chunk that has any."""
    return {event.chunk: event for event in events if isinstance(event, ChunkEvent)}


def over(events: Sequence[Event]) -> set[int]:
    """Return the chunks for which nothing is left to do."""
    return {n for n, event in last_events(events).items() if isinstance(event, Saved | Lost)}
