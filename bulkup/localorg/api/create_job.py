"""The job that a create call asks for."""

from collections.abc import Mapping, Sequence

from bulkup.localorg.data import ids
from bulkup.localorg.data.objects import OrgObject
from bulkup.localorg.http.messages import Refusal
from bulkup.localorg.jobs.store import Job
from bulkup.localorg.jobs.upload_reader import DELIMITERS, ENDINGS

_OPERATIONS = ("insert", "delete", "hardDelete", "update", "upsert")
_KNOWN = frozenset(
    {
        "object",
        "operation",
        "externalIdFieldName",
        "contentType",
        "columnDelimiter",
        "lineEnding",
        "assignmentRuleId",
    }
)


def new_job(
    given: Mapping[str, object], objects: Mapping[str, OrgObject], version: str, now: float
) -> Job:
    """The job that this JSON asks for. Raises Refusal in Salesforce's words."""
    unknown = sorted(set(given) - _KNOWN)
    if unknown:
        raise Refusal(400, "JSON_PARSER_ERROR", f'Unrecognized field "{unknown[0]}"')
    for name in ("object", "operation"):
        if not isinstance(given.get(name), str) or not given[name]:
            raise invalid(name, given.get(name))
    object_ = objects.get(str(given["object"]).lower())
    if object_ is None:
        message = f"InvalidJob : Unable to find object: {given['object']}"
        raise Refusal(400, "INVALIDJOB", message)
    operation = _one_of(given, "operation", _OPERATIONS, "")
    _one_of(given, "contentType", ("CSV",), "CSV")
    return Job(
        object=object_.name,
        operation=operation,
        key=_key(object_, operation, given.get("externalIdFieldName")),
        delimiter=_one_of(given, "columnDelimiter", tuple(DELIMITERS), "COMMA"),
        ending=_one_of(given, "lineEnding", tuple(ENDINGS), "LF"),
        version=version,
        rule=_rule(object_, given.get("assignmentRuleId")),
        created=now,
        modified=now,
    )


def invalid(name: str, value: object) -> Refusal:
    """The refusal of a property's value."""
    shown = "" if value is None else value
    return Refusal(400, "API_ERROR", f"Invalid value: '{shown}' supplied for property: '{name}'")


def _one_of(given: Mapping[str, object], name: str, allowed: Sequence[str], preset: str) -> str:
    value = given.get(name, preset)
    if value not in allowed:
        raise invalid(name, value)
    return str(value)


def _key(object_: OrgObject, operation: str, name: object) -> str | None:
    if operation != "upsert":
        if name:  # unconfirmed, and surely a mistake
            raise invalid("externalIdFieldName", name)
        return None
    if not isinstance(name, str) or not name:
        raise invalid("externalIdFieldName", name)
    field = object_.fields.get(name.lower())
    if field is None or not (field.key or field.name == "Id"):
        message = (
            f"InvalidJob : Field name provided, {name} does not match an External ID, "
            f"Salesforce Id, or indexed field for {object_.name}"
        )
        raise Refusal(400, "INVALIDJOB", message)
    return field.name


def _rule(object_: OrgObject, rule: object) -> str | None:
    if rule is None:
        return None
    whole = ids.whole(str(rule))
    if object_.name not in {"Lead", "Case"} or whole is None:
        raise invalid("assignmentRuleId", rule)
    return whole
