"""Files of all kinds against a small org: every field of results.csv is held against the truth."""

import csv
from collections import Counter, defaultdict
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bulkup.csvfile.numbered import NumberedCsv
from bulkup.model import FIRST_PART, Chunk, Delimiter, Field, LineEnding, Status
from bulkup.results.inputs import Load
from bulkup.results.reconcile import reconcile
from tests.results.org import (
    Fate,
    Org,
    boolean,
    cells_of,
    java_double,
    quote,
    short_or_long,
    source,
)

NAMES = {
    "Email__c": Field(name="Email__c", type="string"),
    "Code__c": Field(name="Code__c", type="string", case_sensitive=True),
    "Number__c": Field(name="Number__c", type="double"),
    "AccountId": Field(name="AccountId", type="reference"),
    "DoNotCall": Field(name="DoNotCall", type="boolean"),
    "Owner.Email": None,
    "When__c": Field(name="When__c", type="datetime"),
}
TEXT = st.text(alphabet='ab,;"\n é\\#|\u2028\U0001f600', max_size=5)
CELLS = {
    "Email__c": st.sampled_from(["a@b.c", "A@B.C", "", "x", 'q"', "y y", "é"]) | TEXT,
    "Code__c": st.sampled_from(["k1", "K1", "k2"]) | TEXT,
    "Number__c": st.sampled_from(
        [
            "1",
            "1.0",
            "912260031",
            "9.12260031E8",
            "0",
            "",
            "#N/A",
            "x",
            "12345678",
            "1e3",
            "1000",
            "-0",
        ]
    ),
    "AccountId": st.sampled_from(
        ["001000000000001AAA", "001000000000001", "", "001000000000002", "001000000000002AAB"]
    ),
    "DoNotCall": st.sampled_from(["true", "TRUE", "1", "0", "False", "", "maybe"]),
    "Owner.Email": TEXT,
    "When__c": st.sampled_from(["2026-11-24T04:05:06Z", "2026-11-24T05:05:06+01:00", "", "soon"]),
}


def stamp(cell: str, random: Random) -> str:
    try:
        at = datetime.fromisoformat(cell)
    except ValueError:
        return cell
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z") if at.tzinfo else cell


ANEW = {
    "Number__c": java_double,
    "AccountId": short_or_long,
    "DoNotCall": boolean,
    "When__c": stamp,
}


def means(name: str, cell: str) -> str:
    if name == "AccountId":
        return cell[:15] if len(cell) == 18 else cell
    if name == "DoNotCall":
        return {"1": "true", "0": "false"}.get(cell, cell.lower())
    if name == "When__c":
        return stamp(cell, Random(0))
    if name == "Number__c":
        try:
            return str(float(cell) + 0.0)
        except ValueError:
            return cell
    return cell


@st.composite
def raw_records(draw: st.DrawFn, names: list[str], delimiter: Delimiter) -> list[str]:
    rows = draw(st.lists(st.tuples(*(CELLS[name] for name in names)), min_size=1, max_size=12))
    rows += draw(st.lists(st.sampled_from(rows), max_size=4))
    quoted = draw(st.booleans())
    records = []
    for row in rows:
        cells = []
        for cell in row:
            special = cell.startswith('"') or delimiter.char in cell or "\n" in cell
            lonely = len(row) == 1 and not cell
            cells.append(quote(cell) if quoted or special or lonely else cell)
        records.append(delimiter.char.join(cells))
    return records


def table(path: Path, delimiter: Delimiter) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file, delimiter=delimiter.char))


@settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_every_field_of_results_csv_is_the_truth(data: st.DataObject) -> None:
    names = data.draw(st.lists(st.sampled_from(sorted(NAMES)), min_size=1, max_size=4, unique=True))
    delimiter = data.draw(st.sampled_from([Delimiter.COMMA, Delimiter.SEMICOLON, Delimiter.TAB]))
    ending = data.draw(st.sampled_from(LineEnding))
    key = data.draw(st.sampled_from([None, names[0]]))
    records = data.draw(raw_records(names, delimiter))
    cut = data.draw(st.integers(1, len(records)))
    org_random = Random(data.draw(st.integers(0, 10_000)))
    with TemporaryDirectory() as folder:
        room = Path(folder)
        src = source(
            room / "in.csv", names, records, delimiter, ending, ended=data.draw(st.booleans())
        )
        rows = [cells_of(record, delimiter) for record in records]
        rewritten = {at: ANEW[name] for at, name in enumerate(names) if name in ANEW}
        org = Org(
            random=org_random,
            folder=room,
            header=names,
            rewritten=rewritten,
            dropping=data.draw(st.sampled_from([0.0, 0.2])),
        )
        spans = [(0, cut), (cut, len(rows))] if cut < len(rows) else [(0, cut)]
        sent, truth = [], list[Fate]()
        for number, (begin, end) in enumerate(spans, 1):
            chunk = Chunk(number=number, start=0, end=0, rows=end - begin, first_row=begin + 1)
            one, fates = org.load(chunk, rows[begin:end], src)
            sent.append(one)
            truth += fates
        csv_file = NumberedCsv(source=src)
        totals = reconcile(
            Load(
                original=csv_file,
                parts={FIRST_PART: csv_file},
                sent=sent,
                key=key,
                columns={name: NAMES[name] for name in names},
            ),
            to=room / "out",
            work=room / "work",
            explain=str.lower,
        )
        written = table(room / "out" / "results.csv", delimiter)
        assert [row[6:] for row in written[1:]] == [list(row) for row in rows]
        assert [row[0] for row in written[1:]] == [str(at) for at in range(1, len(rows) + 1)]
        assert [int(row[1]) for row in written[1:]] == lines_of(records)
        said: dict[tuple[str, ...], Counter[Fate]] = defaultdict(Counter)
        known: dict[tuple[str, ...], Counter[Fate]] = defaultdict(Counter)
        for at, (row, fate, line) in enumerate(zip(rows, truth, written[1:], strict=True)):
            same = (str(at < cut), *map(means, names, row))
            known[same][fate] += 1
            said[same][(line[2], line[3], line[4], line[5])] += 1
        assert said == known
        assert totals.counts[Status.SUCCEEDED] == sum(f[0] == "succeeded" for f in truth)
        assert totals.created == sum(f[2] == "true" for f in truth)
        assert sum(totals.counts.values()) == len(rows)
        assert sum(group.count for group in totals.errors) == totals.counts[Status.FAILED]
        for name, status, before in (
            ("successful", "succeeded", 4),
            ("failed", "failed", 4),
            ("unprocessed", "unprocessed", 2),
        ):
            apart = table(room / "out" / f"{name}.csv", delimiter)[1:]
            assert [row[before:] for row in apart] == [
                row[6:] for row in written[1:] if row[2] == status
            ]


def lines_of(records: list[str]) -> list[int]:
    at, lines = 2, []
    for record in records:
        lines.append(at)
        at += record.count("\n") + 1
    return lines
