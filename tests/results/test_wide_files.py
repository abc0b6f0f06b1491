"""Rows of a thousand columns are matched with their results, with a key and without one."""

import csv
import re
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest

from bulkup.csvfile.numbered import NumberedCsv
from bulkup.model import FIRST_PART, Chunk, Field, ResultKind, Status
from bulkup.results.inputs import Load, SentChunk
from bulkup.results.reconcile import reconcile
from tests.results.org import source

COLUMNS = 1000
ROWS = 20
TYPES = ("string", "double", "boolean", "date", "reference", "datetime", "time", "currency")
CELLS = {"double": "912260031", "currency": "50000", "boolean": "1"}
REWRITTEN = {"double": "9.12260031E8", "currency": "50000.0", "boolean": "true"}


@pytest.mark.parametrize("types", [("string",), TYPES], ids=["text", "all types"])
@pytest.mark.parametrize("key", [None, "Column0__c"], ids=["no key", "each key twice"])
def test_rows_of_a_thousand_columns_are_matched_with_their_results(
    tmp_path: Path, types: tuple[str, ...], key: str | None
) -> None:
    columns = {
        f"Column{index}__c": Field(name=f"Column{index}__c", type=types[index % len(types)])
        for index in range(COLUMNS)
    }
    fields = list(columns.values())
    last_text = max(index for index, field in enumerate(fields) if field.type == "string")
    sent_rows, returned_rows = [], []
    for row in range(ROWS):
        cells = [CELLS.get(field.type, "") for field in fields]
        returned = [REWRITTEN.get(field.type, "") for field in fields]
        cells[0] = returned[0] = f"key {row // 2}"
        cells[last_text] = returned[last_text] = f"text {row}"
        sent_rows.append(",".join(cells))
        returned_rows.append(f'"003{row:015d}","true",' + ",".join(f'"{c}"' for c in returned))
    src = source(tmp_path / "in.csv", list(columns), sent_rows)
    Random(5).shuffle(returned_rows)
    successful = tmp_path / "successful.csv"
    header = ",".join(["sf__Id", "sf__Created", *columns])
    successful.write_text("\n".join([header, *returned_rows, ""]), encoding="utf-8")
    csv_file = NumberedCsv(source=src)
    chunk = Chunk(number=1, start=0, end=0, rows=ROWS, first_row=1)
    results = {ResultKind.SUCCESSFUL: successful}

    totals = reconcile(
        Load(
            original=csv_file,
            parts={FIRST_PART: csv_file},
            sent=[SentChunk(chunk=chunk, results=results, otherwise=Status.UNKNOWN)],
            columns=columns,
            key=key,
        ),
        to=tmp_path / "out",
        work=tmp_path / "work",
        explain=str,
    )

    assert totals.counts[Status.SUCCEEDED] == ROWS
    with (tmp_path / "out" / "results.csv").open(encoding="utf-8", newline="") as file:
        ids = [record["sf__Id"] for record in csv.DictReader(file)]
    assert ids == [f"003{row:015d}" for row in range(ROWS)]


CHILD = """
import sys
from pathlib import Path
from bulkup.duckdb_tools.engine import engine
from bulkup.model import FIRST_PART, Field
from bulkup.results.equality import row_hash_query

columns = ", ".join(f"'c{index}': 'VARCHAR'" for index in range(100))
cells = {f"c{index}": Field(name="Name") for index in range(100)}
relation = f"read_csv('{sys.argv[1]}', header = true, auto_detect = false, columns = {{{columns}}})"
with engine(Path(sys.argv[2])) as connection:
    connection.execute(f"CREATE TEMP TABLE hashes AS {row_hash_query(relation, cells, {})}")
print(Path("/proc/self/status").read_text())
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak is read from /proc")
def test_rows_of_a_hundred_columns_are_hashed_in_little_memory(tmp_path: Path) -> None:
    file = tmp_path / "wide.csv"
    header = ",".join(f"Column{index}__c" for index in range(100))
    row = ",".join(f"value {index:09}" for index in range(100))
    file.write_text("\n".join([header, *[row] * 20_000, ""]), encoding="utf-8")
    command = [sys.executable, "-c", CHILD, str(file), str(tmp_path / "work")]
    status = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    peak = re.search(r"VmHWM:\s+(\d+) kB", status)
    assert peak is not None
    assert int(peak.group(1)) < 300_000
