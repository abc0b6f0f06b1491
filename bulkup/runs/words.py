"""The words of plan.json and journal.jsonl: they stay, whatever Python's names become.

Each class that is written has a table from its fields to the words on the disk. A field that is
renamed gets `name=word` there.
"""

import os
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, get_args, get_type_hints
from urllib.parse import unquote_to_bytes

import msgspec

from bulkup.check.column import Column
from bulkup.model import Chunk, Field, Source, Target
from bulkup.runs import events
from bulkup.runs.events import Event
from bulkup.runs.place import Place
from bulkup.runs.plan import Dialect, Level, MaxFailed, Options, Plan

TAGS: Mapping[type[Event], str] = {
    events.Created: "Created",
    events.Uploaded: "Uploaded",
    events.Closing: "Closing",
    events.Closed: "Closed",
    events.Aborting: "Aborting",
    events.Discarded: "Discarded",
    events.Finished: "Finished",
    events.Saved: "Saved",
    events.Lost: "Lost",
    events.Planned: "Planned",
    events.RunStarted: "Began",
    events.RetryRound: "Round",
    events.RunPaused: "Left",
    events.Superseded: "Superseded",
    events.Stopping: "Stopping",
    events.Abandoned: "Abandoned",
}
"""The kinds of durable events, as `event` says in a journal and in JSON."""

_URI = "file://"
_NOT_UTF8 = re.compile("[\ud800-\udfff]")
"""Surrogates: what Python has in a file name for bytes that are not UTF-8, and JSON can't hold."""

OF_CHUNK = "at chunk job"


def _words(*fields: str) -> dict[str, str]:
    pairs = [item.partition("=") for text in fields for item in text.split()]
    return {name: word or name for name, _, word in pairs}


WORDS: Mapping[type, Mapping[str, str]] = {
    Plan: _words(
        "run created version machine place source original csv_file=sheet target columns chunks",
        "options dialect key original_numbers numbers unsent=settled changes retry_of",
        "retry_of_events levels format journalled",
    ),
    Place: _words("system boot device inode generation"),
    Source: _words(
        "path name size sha256 encoding delimiter line_ending header start rows header_lines marks"
    ),
    Target: _words(
        "object operation external_id assignment_rule alias instance_url org_id username",
        "api_version",
    ),
    Column: _words("source name field reference parent_key"),
    Field: _words(
        "name label type length precision scale digits nillable defaulted_on_create createable",
        "updateable external_id id_lookup unique case_sensitive calculated auto_number",
        "restricted_picklist picklist_values reference_to relationship_name polymorphic",
    ),
    Chunk: _words("number start end rows first_row round level"),
    Options: _words(
        "directory parallel chunk_bytes chunk_rows retry_for row_retries canary max_failed",
        "blank_null",
    ),
    Level: _words("source numbers"),
    MaxFailed: _words("rows percent"),
    Dialect: _words("encoding delimiter line_ending skip_lines unclear_quotes"),
    events.Created: _words(OF_CHUNK),
    events.Uploaded: _words(OF_CHUNK),
    events.Closing: _words(OF_CHUNK),
    events.Closed: _words(OF_CHUNK),
    events.Aborting: _words(OF_CHUNK, "closed"),
    events.Discarded: _words(OF_CHUNK),
    events.Finished: _words(OF_CHUNK, "state closed processed failed message"),
    events.Saved: _words(OF_CHUNK, "succeeded created failed passing unprocessed unknown rest"),
    events.Lost: _words(OF_CHUNK, "reason"),
    events.Planned: _words("at"),
    events.RunStarted: _words("at process version place"),
    events.RetryRound: _words("at round size sha256 chunks level"),
    events.RunPaused: _words("at state seconds api_calls error message"),
    events.Superseded: _words("at by"),
    events.Stopping: _words("at"),
    events.Abandoned: _words("at"),
}
"""Of each class that is written, its fields and their words on the disk."""

_KINDS = {tag: kind for kind, tag in TAGS.items()}


def event_document(event: Event) -> dict[str, Any]:
    """The durable event as plain values, its kind under `event`."""
    return {"event": TAGS[type(event)], **_encode(event)}


def event_line(event: Event) -> bytes:
    """The durable event as one line of JSON with a newline at the end."""
    return msgspec.json.encode(event_document(event)) + b"\n"


def read_event(line: bytes) -> Event:
    """The event of one line.

    Raises:
        ValueError: the line is no event (`msgspec.ValidationError` and its kin are ValueErrors).
    """
    document = msgspec.json.decode(line)
    if not isinstance(document, dict) or document.get("event") not in _KINDS:
        raise ValueError("not an event")
    kind = _KINDS[document["event"]]
    return msgspec.convert(_rename(document, kind), kind)


def plan_text(plan: Plan, folder: Path) -> bytes:
    """The plan as JSON. Paths in the run directory are written from there, so that it can move."""

    def encode_path(value: Any) -> str:
        if isinstance(value, Path):
            text = str(value.relative_to(folder) if value.is_relative_to(folder) else value)
            return value.as_uri() if _NOT_UTF8.search(text) else text
        raise NotImplementedError(type(value))

    return msgspec.json.format(msgspec.json.encode(_encode(plan), enc_hook=encode_path))


def plan_of(document: Any, folder: Path) -> Plan:
    """The plan of a decoded plan.json.

    Raises:
        ValueError: it is no plan.
    """

    def decode_path(kind: type, value: Any) -> Any:
        if issubclass(kind, Path):
            if value.startswith(_URI):
                return Path(os.fsdecode(unquote_to_bytes(value.removeprefix(_URI))))
            return folder / value
        raise NotImplementedError(kind)

    return msgspec.convert(_rename(document, Plan), Plan, dec_hook=decode_path)


def _encode(value: Any) -> Any:
    """The value with words in place of fields."""
    if words := WORDS.get(type(value)):
        return {word: _encode(getattr(value, name)) for name, word in words.items()}
    return [_encode(item) for item in value] if isinstance(value, tuple) else value


def _rename(data: Any, kind: type) -> Any:
    """Decoded JSON of an object of this kind, or of a list of them, with fields for words."""
    if isinstance(data, list):
        return [_rename(item, kind) for item in data]
    if not isinstance(data, dict):
        return data
    return {
        name: _rename(data[word], inner) if inner else data[word]
        for name, word, inner in _fields(kind)
        if word in data
    }


@cache
def _fields(kind: type) -> tuple[tuple[str, str, type | None], ...]:
    """Each field's name, its word, and the class of the table that it holds, if any."""
    hints = get_type_hints(kind)
    return tuple(
        (name, word, next((inner for inner in _classes(hints[name]) if inner in WORDS), None))
        for name, word in WORDS[kind].items()
    )


def _classes(hint: Any) -> Iterator[type]:
    """The classes that a type hint is made of."""
    if parts := get_args(hint):
        for part in parts:
            yield from _classes(part)
    elif isinstance(hint, type):
        yield hint
