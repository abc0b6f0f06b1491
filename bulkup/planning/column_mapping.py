"""The columns of an input table held against what the org says of the object."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial

from bulkup.auth.connection import Connection
from bulkup.check.columns import Columns, resolve, sent_as
from bulkup.check.relationships import parent_object
from bulkup.errors import InputError, Refused
from bulkup.model import ObjectInfo
from bulkup.planning.read_input import InputTable
from bulkup.planning.request import LoadRequest
from bulkup.salesforce.describe import describe
from bulkup.state_dir import StateDir


@dataclass(frozen=True, slots=True, kw_only=True)
class MappedTable:
    """An input table, what each of its columns is sent as, and the object's describe.

    `parents` are the objects that relationship columns refer to, by name, as far as the user may
    see them.
    """

    table: InputTable
    columns: Columns
    info: ObjectInfo
    parents: Mapping[str, ObjectInfo]


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
    parents = _describe_parents(request, header, info, org, home)
    target = request.target(info)
    columns = resolve(header, info, target, request.renames, request.drops, parents=parents)
    if request.drop_unknown and (unknown := columns.not_loadable - request.renames.keys()):
        drops = {*request.drops, *unknown}
        columns = resolve(header, info, target, request.renames, drops, parents=parents)
    columns = replace(columns, findings=(*table.findings, *columns.findings))
    return MappedTable(table=table, columns=columns, info=info, parents=parents)


def _describe_parents(
    request: LoadRequest, header: Sequence[str], info: ObjectInfo, org: Connection, home: StateDir
) -> dict[str, ObjectInfo]:
    """The objects that relationship columns refer to; those that the user may not see are not."""
    kept = [name for name in header if name not in request.drops]
    sent = [name for _, name in sent_as(kept, request.renames) if "." in name]
    names = {parent_object(name, info) for name in sent} - {"", info.name}
    parents = {}
    for name in sorted(names):
        with suppress(InputError, Refused):
            parents[name] = org.retry(partial(describe, org.client, name, cache=home.describes))
    return parents
