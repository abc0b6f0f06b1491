"""Checks texts as files, as the tests here do."""

from functools import partial
from pathlib import Path

from bulkup.check.cells.cell_check import Checked, check
from bulkup.check.columns import resolve
from bulkup.csvfile.normalize import detect, prepare
from bulkup.csvfile.numbered import NumberedCsv
from bulkup.csvfile.source import open_source
from bulkup.model import Finding, ObjectInfo, Operation, Target
from bulkup.planning.selection import write_invalid
from tests.describes import describe


class Checker:
    """One object and operation; a folder for its files."""

    def __init__(
        self, folder: Path, name: str, operation: Operation, key: str | None = None
    ) -> None:
        self.folder = folder
        self.info: ObjectInfo = describe(name)
        self.parents: dict[str, ObjectInfo] = {}
        self.target = Target(object=name, operation=operation, external_id=key)

    def csv_file(self, text: str | bytes) -> NumberedCsv:
        path = self.folder / "rows.csv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        done = prepare(detect(path), self.folder / "run")
        source = open_source(done.path, delimiter=done.delimiter, line_ending=done.line_ending)
        return NumberedCsv(source=source, numbers=done.numbers)

    def check(
        self,
        text: str | bytes,
        *,
        allow: tuple[str, ...] = (),
        strict: bool = False,
        blank_null: bool = False,
        findings_csv: Path | None = None,
        left_out: Path | None = None,
    ) -> Checked:
        csv_file = self.csv_file(text)
        return check(
            csv_file,
            resolve(csv_file.source.header, self.info, self.target, parents=self.parents),
            self.info,
            self.target,
            work=self.folder / "work",
            allow=allow,
            strict=strict,
            blank_null=blank_null,
            findings_csv=findings_csv,
            take_invalid=partial(write_invalid, left_out) if left_out else None,
        )

    def findings(self, text: str | bytes) -> dict[tuple[str, str], Finding]:
        return {(one.code, one.column): one for one in self.check(text).findings}
