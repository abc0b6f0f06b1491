"""Salesforce's Ids as SQL: their shape, their checksum, and the objects that prefixes tell."""

from bulkup.model import Field, ObjectInfo

SHAPE = "[0-9A-Za-z]{15}(?:[0-9A-Za-z]{3})?"

# Prefixes that are the same in every org [Salesforce help: standard field record Id prefix].
STANDARD = {
    "Account": "001",
    "Contact": "003",
    "User": "005",
    "Opportunity": "006",
    "Lead": "00Q",
    "Campaign": "701",
    "CampaignMember": "00v",
    "Case": "500",
    "Group": "00G",
    "RecordType": "012",
}
_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"


def prefixes(field: Field, info: ObjectInfo) -> tuple[str, ...]:
    """The prefixes that Ids of this field begin with; none where one object's is not known."""
    if field.type == "id":
        return (info.key_prefix,) if info.key_prefix else ()
    known = {**STANDARD, info.name: info.key_prefix}
    result = tuple(known.get(name, "") for name in field.reference_to)
    return result if all(result) else ()


def wrong_checksum(cell: str) -> str:
    """SQL: whether an 18-character Id's last three characters do not fit the rest.

    Each tells which of five characters are capitals: the groups are put in front of their
    checks, and one pattern looks at all three.
    """
    groups = " || ".join(
        f"substr({cell}, {1 + 5 * at}, 5) || substr({cell}, {16 + at}, 1)" for at in range(3)
    )
    return f"strlen({cell}) = 18 AND NOT regexp_full_match({groups}, '(?:{_CHECKED}){{3}}')"


def _checked(number: int) -> str:
    letters = "".join("[A-Z]" if number >> bit & 1 else "[0-9a-z]" for bit in range(5))
    return letters + _ALPHABET[number]


_CHECKED = "|".join(_checked(number) for number in range(32))


def whole(short: str) -> str:
    """The 18 characters of an Id of 15."""
    return short + "".join(
        _ALPHABET[
            sum(1 << bit for bit, char in enumerate(short[at : at + 5]) if "A" <= char <= "Z")
        ]
        for at in (0, 5, 10)
    )


def restore(value: str) -> str:
    """The Id that 18 characters stand for, in whatever case they are; empty where none does.

    Each of the last three characters tells which of five are capitals.
    """
    short, checks = value[:15], value[15:].upper()
    if len(value) != len("001000000000001AAA") or not set(checks) <= set(_ALPHABET):
        return ""
    capitals = [_ALPHABET.index(checks[at // 5]) >> at % 5 & 1 for at in range(15)]
    chars = [c.upper() if up else c.lower() for c, up in zip(short, capitals, strict=True)]
    restored = whole("".join(chars))
    return restored if restored.endswith(checks) else ""


def prefixes_shown(field: Field) -> str:
    """The objects that a field's Ids are of, in words."""
    return " or ".join(field.reference_to) or "those of the object that is loaded"
