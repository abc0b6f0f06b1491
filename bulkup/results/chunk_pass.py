"""Goes through the chunks of a load: makes the status of every row, and counts for the totals."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bulkup.csvfile.numbered import NumberedCsv, numbered, one_line_each, write_numbers
from bulkup.duckdb_tools.engine import Database, number, quoted
from bulkup.model import FIRST_PART, Chunk, Delimiter, Part, Status
from bulkup.results.error_groups import Groups
from bulkup.results.files.prefixes import PrefixFiles, write_prefixes
from bulkup.results.inputs import Load, SentChunk
from bulkup.results.matching import Matching, differences
from bulkup.results.row_files import count_skipped, keep, load_unsent
from bulkup.results.row_status import (
    chunk_status_sql,
    count_query,
    final_status_sql,
    load_numbers,
    with_lines,
)
from bulkup.results.totals import Totals

EMPTY_FIELD = "#N/A"
"""The cell by which Salesforce empties a field."""

ROWS_AT_ONCE = 250_000
"""Rows that are put into order at once: a chunk of tiny rows has too many for the memory."""


@dataclass(slots=True, kw_only=True)
class ChunkPass:
    """Goes through the chunks and gathers the totals."""

    load: Load
    connection: Database
    work: Path
    outcome: Path | None = None
    groups: Groups = field(default_factory=Groups)
    differences: list[str] = field(default_factory=list)
    chunk_rows: dict[int, int] = field(default_factory=dict)
    succeeded: dict[int, int] = field(default_factory=dict)
    created: int = 0
    one_line_each: bool = False
    emptied: Counter[str] = field(default_factory=Counter)

    def load_later_parts(self) -> None:
        """Make the table `latest_status` of rows of later levels, and of those sent again."""
        load_unsent(self.connection, self.load.unsent)
        self.connection.execute(_LATER_STATUS)
        for part in sorted(self.load.parts.keys() - {FIRST_PART}):
            csv_file, matching = self._begin(part)
            for sent in self.load.chunks(part):
                self._match(sent, matching)
                chunk_status = chunk_status_sql(sent, csv_file, "numbers")
                # rows not sent keep the status of an earlier round, and its chunk's reason
                first = sent.chunk.round == 1
                sent_rows = "" if first else " WHERE status <> 'not_sent'"
                self.connection.execute(
                    "INSERT INTO later_status"
                    f" SELECT {sent.chunk.round}, * FROM ({chunk_status}){sent_rows}"
                )
        self.connection.execute(_LATEST_STATUS)

    def iter_chunks(self) -> Iterator[PrefixFiles]:
        """The prefixes of all rows in order, one chunk of the first part after another."""
        csv_file, matching = self._begin(FIRST_PART)
        chunks = self.load.chunks(FIRST_PART)
        lines = self._lines(csv_file)
        simple = lines is None and self._is_simple(csv_file, chunks)
        last = 0
        for index, sent in enumerate(chunks):
            self._match(sent, matching)
            chunk_status = chunk_status_sql(sent, csv_file, "numbers")
            end = None if index == len(chunks) - 1 else self._last_row(sent, csv_file)
            if simple:
                final = with_lines(chunk_status, self.load.original.source.header_lines)
                yield from self._write_prefixes(f"VIEW final_status AS {final}")
            else:
                final = final_status_sql(self._rows(lines, last, end), chunk_status)
                yield from self._write_prefixes(f"TABLE final_status AS {final}")
                self.connection.execute("DROP TABLE final_status")
            last = end or last
        if not chunks:
            final = final_status_sql(self._rows(lines, 0, None), None)
            yield from self._write_prefixes(f"TABLE final_status AS {final}")

    def totals(
        self, counts: Mapping[Status, int], files: Mapping[str, Path], explain: Callable[[str], str]
    ) -> Totals:
        """The totals of the whole load; `files` are the result files by name."""
        total, rows = sum(counts.values()), self.load.original.source.rows
        if total != rows:
            self.differences.append(f"The file has {rows:,} rows, {total:,} are accounted for")
        rounds = {sent.chunk.number: sent.chunk.round for sent in self.load.sent}
        attempts: dict[int, int] = {}
        for chunk, succeeded in self.succeeded.items():
            attempts[rounds[chunk]] = attempts.get(rounds[chunk], 0) + succeeded
        return Totals(
            counts=dict.fromkeys(Status, 0) | dict(counts),
            created=self.created,
            chunk_rows=self.chunk_rows,
            attempts=attempts,
            errors=self.groups.sorted_groups(explain),
            files=files,
            differences=tuple(self.differences),
            skipped=count_skipped(self.connection),
            emptied=self.emptied,
        )

    def _begin(self, part: Part) -> tuple[NumberedCsv, Matching]:
        csv_file = self.load.parts[part]
        matching = Matching(
            connection=self.connection,
            csv_file=csv_file,
            layout=self.load.layout,
            chunks=[sent.chunk for sent in self.load.chunks(part)],
            work=self.work,
        )
        loaded = matching.begin()
        self.one_line_each = loaded.one_line_each
        _, round_ = part
        if round_ == 1:
            self.emptied.update(self._count_emptied(part, loaded.relation))
        if csv_file.numbers is not None:
            load_numbers(self.connection, "numbers", csv_file.numbers)
        return csv_file, matching

    def _count_emptied(self, part: Part, relation: str) -> dict[str, int]:
        """Count the cells of the part's sent rows that empty a field."""
        if not _contains(self.load.parts[part].source.path, EMPTY_FIELD.encode()):
            return {}
        names = list(self.load.columns)
        counts = ", ".join(f"count(*) FILTER (c{index})" for index in range(len(names)))
        # compared before they are numbered: whole records of many columns fill the memory
        cells = ", ".join(
            f"c{index} = {quoted(EMPTY_FIELD)} AS c{index}" for index in range(len(names))
        )
        numbered_cells = (
            f"SELECT row_number() OVER () AS position, * FROM (SELECT {cells} FROM {relation})"
        )
        spans = _spans(
            sent.chunk for sent in self.load.chunks(part) if sent.otherwise is not Status.NOT_SENT
        )
        if not spans:
            return {}
        values = ", ".join(f"({first}, {last})" for first, last in spans)
        row = self.connection.execute(
            f"SELECT {counts} FROM ({numbered_cells})"
            f" SEMI JOIN (VALUES {values}) AS spans (first, last)"
            " ON position BETWEEN spans.first AND spans.last"
        ).fetchone()
        return {name: count for name, count in zip(names, row or (), strict=True) if count}

    def _match(self, sent: SentChunk, matching: Matching) -> None:
        self.differences += differences(sent, matching.match(sent))

    def _is_simple(self, csv_file: NumberedCsv, chunks: Sequence[SentChunk]) -> bool:
        """Whether the chunks hold exactly the rows of the file, and each was sent once."""
        ends = [0, *(sent.chunk.first_row + sent.chunk.rows - 1 for sent in chunks)]
        gapless = all(
            sent.chunk.first_row == end + 1 for sent, end in zip(chunks, ends, strict=False)
        )
        other = "SELECT (SELECT count(*) FROM latest_status) + (SELECT count(*) FROM unsent_rows)"
        whole = gapless and ends[-1] == self.load.original.source.rows
        return whole and csv_file.numbers is None and not number(self.connection, other)

    def _lines(self, csv_file_sent: NumberedCsv) -> str | None:
        """The table (row, line) of the user's file; None where every record takes one line."""
        csv_file = self.load.original
        path = csv_file.numbers
        if path is None:
            same = csv_file.source.path == csv_file_sent.source.path
            if self.one_line_each if same else one_line_each(csv_file):
                return None
            path = self.work / "lines.csv"
            write_numbers(path, ((row, line) for rows, lines, _ in numbered(csv_file)
                                 for row, line in zip(rows, lines, strict=True)))  # fmt: skip
        load_numbers(self.connection, "lines", path)
        return "lines"

    def _rows(self, lines: str | None, after: int, end: int | None) -> str:
        """The rows (row, line) of the user's file after one row and up to another."""
        if lines:
            up_to = "" if end is None else f" AND row <= {end}"
            return f"SELECT row, line FROM {lines} WHERE row > {after}{up_to}"
        source = self.load.original.source
        stop = (source.rows if end is None else end) + 1
        line = f"range + {source.header_lines} AS line"
        return f"SELECT range AS row, {line} FROM range({after + 1}, {stop})"

    def _last_row(self, sent: SentChunk, csv_file: NumberedCsv) -> int:
        last = sent.chunk.first_row + sent.chunk.rows - 1
        if csv_file.numbers is None:
            return last
        return number(self.connection, f"SELECT row FROM numbers WHERE position = {last}")

    def _write_prefixes(self, final_status: str) -> Iterator[PrefixFiles]:
        self.connection.execute(f"CREATE OR REPLACE TEMP {final_status}")
        mark = self.load.original.source.delimiter
        statuses, plain = self._count(mark)
        if Status.FAILED in statuses:
            self.groups.add(self.connection, "final_status WHERE status = 'failed'")
        if self.outcome:
            keep(self.connection, self.outcome)
        only = next(iter(statuses)) if len(statuses) == 1 else ""
        first, last = self.connection.execute(_SPAN).fetchall()[0]
        for start in range(first or 0, (last or -1) + 1, ROWS_AT_ONCE):
            prefixes = PrefixFiles(path=self.work / f"prefixes-{start}", status=only)
            rows = range(start, start + ROWS_AT_ONCE)
            write_prefixes(self.connection, mark, rows, prefixes, plain=plain)
            yield prefixes

    def _count(self, mark: Delimiter) -> tuple[set[str], bool]:
        """Count the rows of `final_status`; their statuses, and whether no cell needs quotes."""
        statuses, plain = set(), True
        for chunk, status, rows, created, quotes in self.connection.execute(
            count_query(mark)
        ).fetchall():
            statuses.add(status)
            plain = plain and not quotes
            if chunk:
                self.chunk_rows[chunk] = self.chunk_rows.get(chunk, 0) + rows
            if status == Status.SUCCEEDED:
                self.created += created
                self.succeeded[chunk] = self.succeeded.get(chunk, 0) + rows
        return statuses, plain


def _spans(chunks: Iterable[Chunk]) -> list[tuple[int, int]]:
    """The first and last positions of the chunks, those that follow each other as one."""
    spans = list[tuple[int, int]]()
    for chunk in chunks:
        first, last = chunk.first_row, chunk.first_row + chunk.rows - 1
        if spans and spans[-1][1] == first - 1:
            first = spans.pop()[0]
        spans.append((first, last))
    return spans


def _contains(path: Path, text: bytes) -> bool:
    """Whether the bytes occur in the file."""
    with path.open("rb") as file:
        end = b""
        while block := file.read(1 << 20):
            if text in end + block:
                return True
            end = block[-len(text) :]
    return False


_LATER_STATUS = (
    "CREATE OR REPLACE TEMP TABLE later_status (round INTEGER, row BIGINT, status VARCHAR,"
    " id VARCHAR, created VARCHAR, error VARCHAR, chunk INTEGER)"
)
_LATEST_STATUS = (
    "CREATE OR REPLACE TEMP TABLE latest_status AS SELECT * EXCLUDE (round) FROM later_status"
    " QUALIFY row_number() OVER (PARTITION BY row ORDER BY round DESC) = 1"
)
_SPAN = "SELECT min(row), max(row) FROM final_status"
