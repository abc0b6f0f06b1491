"""The result files, and the columns that stand before the source's own in each of them."""

from collections.abc import Mapping
from dataclasses import dataclass

from bulkup.model import Status


@dataclass(frozen=True, slots=True)
class ResultColumn:
    """A column's name, and the column of the table `final_status` that it is made of."""

    name: str
    expression: str


_ROW = ResultColumn("bulkup__Row", "row")
_LINE = ResultColumn("bulkup__Line", "line")
_STATUS = ResultColumn("bulkup__Status", "status")
_ID = ResultColumn("sf__Id", "id")
_CREATED = ResultColumn("sf__Created", "created")
_ERROR = ResultColumn("sf__Error", "error")

RESULT_COLUMNS: Mapping[str, tuple[ResultColumn, ...]] = {
    "results": (_ROW, _LINE, _STATUS, _ID, _CREATED, _ERROR),
    "successful": (_ID, _CREATED, _ROW, _LINE),
    "failed": (_ID, _ERROR, _ROW, _LINE),
    "unprocessed": (_ROW, _LINE),
}
"""The columns of each result file, by the file's name without its ending."""

TEXT_COLUMNS = (_ID.expression, _ERROR.expression)
"""The columns that may hold characters which have to be quoted in a CSV."""

FILE_OF_STATUS: Mapping[str, str] = {
    Status.SUCCEEDED: "successful",
    Status.FAILED: "failed",
    Status.UNPROCESSED: "unprocessed",
}
"""The file that has the rows of a status. Rows of other statuses stand in results.csv only."""
