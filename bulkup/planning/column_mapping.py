"""The columns of an input table held against what the org says of the object."""

from dataclasses import dataclass, replace

from bulkup.auth.connection import Connection
from bulkup.check.columns import Columns, resolve
from bulkup.model import ObjectInfo
from bulkup.planning.read_input import InputTable
from bulkup.planning.request import LoadRequest
from bulkup.salesforce.describe import describe
from bulkup.state_dir import StateDir


@dataclass(frozen=True, slots=True, kw_only=True)
class MappedTable:
    """An input table, what each of its columns is sent as, and the object's describe."""

    table: InputTable
    columns: Columns
    info: ObjectInfo


def map_columns(
    request: LoadRequest, table: InputTable, org: Connection, home: StateDir
) -> MappedTable:
    """Ask the org for the object and find the field of each column.

    The findings about the file itself are added to those about its columns.

    Raises:
        InputError: the org does not know the object.
    """
    info = org.retry(lambda: describe(org.client, request.object, cache=home.describes))
    header = table.csv_file.source.header
    columns = resolve(header, info, request.target(info), request.renames, request.drops)
    columns = replace(columns, findings=(*table.findings, *columns.findings))
    return MappedTable(table=table, columns=columns, info=info)
