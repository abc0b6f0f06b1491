"""Writes the sample files beside it. The seed is fixed: each run writes the same bytes.

No person in them is real: names are put together at random, addresses are at example.com and
example.org, phone numbers are of ranges kept for films.
"""

import csv
import random
import string
import sys
import unicodedata
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from io import StringIO
from pathlib import Path

SEED = 20261124
NULL = "#N/A"

FIRST_NAMES = (
    "Anaïs", "Björn", "Chloé", "Dagný", "Elif", "Fionnuala", "Grzegorz", "Hà", "Inês", "Jürgen",
    "Kateřina", "Łukasz", "María José", "Núria", "Oğuz", "Przemysław", "Renée", "Søren", "Thảo",
    "Uxía", "Vladimír", "Wanjirũ", "Xóchitl", "Yūki", "Zoë", "Alice", "Ben", "Carla", "David",
    "Emma", "Farid", "Grace", "Hannah", "Ivan", "Julia", "Kofi", "Laila", "Mei", "Noah", "Olivia",
    "Сергей", "Ελένη", "美咲", "Priya", "Tom",
)  # fmt: skip
LAST_NAMES = (
    "Müller", "O'Brien", "García Núñez", "Smith", "Šimánek", "Ångström", "D'Angelo", "Le Gall",
    "Yılmaz", "Nguyễn", "Kowalczyk", "Fernandes", "Ó Súilleabháin", "Jensen", "van der Berg",  # noqa: RUF001 -- a name as it is written
    "Õunapuu", "Martin", "Großmann", "Þórsdóttir", "Lefèvre", "Okafor", "Papadópoulos", "Иванова",
    "田中", "Brown-Peña", "Kaya", "Silva", "Meyer", "Rossi", "Novák", "Taylor, Jr.", "Wilson",
)  # fmt: skip
TITLES = (
    "Buyer", "Director, Sales", "Head of Purchasing", "VP, Marketing & Events", "Engineer",
    'Manager "Key Accounts"', "Chargé d'affaires", "Geschäftsführer", "CFO", "",
)  # fmt: skip
DEPARTMENTS = ("Sales", "Purchasing", "R&D", "Finance, Controlling", "Öffentlichkeitsarbeit", "")
STREETS = (
    "{n} Rose Lane", "{n} High Street\nFlat {m}", "Hauptstraße {n}", "{n}, rue de l'Église",
    "c/o Post Room\n{n} Station Road\nUnit {m}", "Calle Mayor, {n}, {m}º", "Storgatan {n}", "",
)  # fmt: skip
# city, postal code, country, phone of a range that nobody has
PLACES = (
    ("London", "SW1A {m}AA", "United Kingdom", "+44 20 7946 0{k}"),
    ("Berlin", "10{k}", "Germany", "+49 30 23125 {k}"),
    ("Paris", "750{m}0", "France", "+33 1 99 00 {m}0 {m}1"),
    ("Springfield", "0{m}234", "United States", "(202) 555-01{m}5"),
    ("Sydney", "20{m}0", "Australia", "+61 491 570 {k}"),
    ("Málaga", "290{m}0", "Spain", ""),
)
NOTES = (
    "", "", "", "",
    'Known as "Kit"; call after 4 pm, please.',
    "Met at the fair.\nWants:\n- a price list\n- two samples",
    "Prefers letters, not e-mail",
    "He said: \"\"Don't call\"\".",
    "Old key: 0012;34|56^78`9\tend",
    "Größe XL – “urgent” … ☎",  # noqa: RUF001 -- as people type it
    "  two spaces at the beginning and at the end  ",
)  # fmt: skip
SOURCES = ("Web", "Phone Inquiry", "Partner Referral", "Purchased List", "Other", "")
COMPANIES = (
    "Müller & Söhne GmbH", "Acme, Inc.", 'The "Blue" Shop', "Café Zoë", "Søndergård A/S",
    "O'Brien Ltd.", "Łódź Tekstyl Sp. z o.o.", "Example Works", "Grüner Hof KG",
)  # fmt: skip
INDUSTRIES = ("Banking", "Chemicals", "Consulting", "Education", "Electronics", "Energy", "")
STATUSES = ("Open - Not Contacted", "Working - Contacted")
CAMPAIGN_TYPES = ("Conference", "Webinar", "Trade Show", "Email", "Direct Mail", "")
CAMPAIGN_NAMES = (
    "Frühjahrsmesse {y}", 'Webinar "Bulk & Beyond" {y}', "Newsletter, {y}", "Été {y}",
    "Trade Show {y}; Hall 7", "Autumn mailing {y}",
)  # fmt: skip

Row = Sequence[str]
Dice = random.Random


def pick(dice: Dice, values: Sequence[str]) -> str:
    """One of the values. Only `random()` is used: it is the same in every Python."""
    return values[int(dice.random() * len(values))]


def number(dice: Dice, low: int, high: int) -> int:
    """A whole number, both ends included."""
    return low + int(dice.random() * (high - low + 1))


def chance(dice: Dice, of: float) -> bool:
    """True in so many cases of one."""
    return dice.random() < of


def day(dice: Dice, first: int, last: int) -> str:
    """A day between two years."""
    start = date(first, 1, 1)
    days = (date(last, 12, 31) - start).days
    return (start + timedelta(days=number(dice, 0, days))).isoformat()


def email(first: str, last: str, at: int) -> str:
    """An address that no two people share."""
    plain = unicodedata.normalize("NFKD", f"{first}.{last}").lower()
    local = "".join(letter for letter in plain if letter in string.ascii_lowercase + ".").strip(".")
    local = f"{local}.{at}" if local else f"person.{at}"
    return f"{local}@example.{'com' if at % 3 else 'org'}"


def filled(dice: Dice, pattern: str) -> str:
    """A pattern with its numbers."""
    return pattern.format(n=number(dice, 1, 199), m=number(dice, 1, 9), k=number(dice, 100, 999))


CONTACT = (
    "Email__c", "Salutation", "FirstName", "LastName", "Email", "Phone", "Title", "Department",
    "MailingStreet", "MailingCity", "MailingPostalCode", "MailingCountry", "Birthdate",
    "LeadSource", "HasOptedOutOfEmail", "Description",
)  # fmt: skip


def contact(dice: Dice, at: int) -> list[str]:
    """A contact, as `CONTACT` has it."""
    first, last = pick(dice, FIRST_NAMES), pick(dice, LAST_NAMES)
    city, postal_code, country, phone = PLACES[number(dice, 0, len(PLACES) - 1)]
    address = email(first, last, at)
    return [
        address,
        pick(dice, ("Mr.", "Ms.", "Dr.", "Mx.", "")),
        first if chance(dice, 0.95) else "",
        last,
        address if chance(dice, 0.9) else "",
        filled(dice, phone) if chance(dice, 0.85) else NULL,
        pick(dice, TITLES),
        pick(dice, DEPARTMENTS),
        filled(dice, pick(dice, STREETS)),
        city,
        filled(dice, postal_code),
        country,
        day(dice, 1950, 2004) if chance(dice, 0.6) else pick(dice, ("", NULL)),
        pick(dice, SOURCES),
        pick(dice, ("true", "false", "false")),
        pick(dice, NOTES),
    ]


LEAD = (
    "Email__c", "FirstName", "LastName", "Company", "Email", "Phone", "Title", "Status", "Rating",
    "Industry", "LeadSource", "Street", "City", "PostalCode", "Country", "AnnualRevenue",
    "NumberOfEmployees", "Description",
)  # fmt: skip


def lead(dice: Dice, at: int) -> list[str]:
    """A lead, as `LEAD` has it."""
    first, last = pick(dice, FIRST_NAMES), pick(dice, LAST_NAMES)
    city, postal_code, country, phone = PLACES[number(dice, 0, len(PLACES) - 1)]
    address = email(first, last, 10_000 + at)
    return [
        address,
        first,
        last,
        pick(dice, COMPANIES),
        address,
        filled(dice, phone),
        pick(dice, TITLES),
        pick(dice, STATUSES),
        pick(dice, ("Hot", "Warm", "Cold", "", NULL)),
        pick(dice, INDUSTRIES),
        pick(dice, SOURCES),
        filled(dice, pick(dice, STREETS)),
        city,
        filled(dice, postal_code),
        country,
        str(number(dice, 1, 9_999) * 100_000) if chance(dice, 0.8) else "",
        str(number(dice, 1, 20_000)) if chance(dice, 0.8) else NULL,
        pick(dice, NOTES),
    ]


CAMPAIGN = (
    "External_Id__c", "Name", "Type", "Status", "StartDate", "EndDate", "IsActive",
    "BudgetedCost", "ExpectedRevenue", "NumberSent", "ExpectedResponse", "Description",
)  # fmt: skip


def campaign(dice: Dice, at: int) -> list[str]:
    """A campaign, as `CAMPAIGN` has it."""
    year = number(dice, 2019, 2026)
    start = date(year, number(dice, 1, 9), number(dice, 1, 28))
    end = start + timedelta(days=number(dice, 1, 60))
    return [
        f"CMP-{at:05}",
        f"{pick(dice, CAMPAIGN_NAMES).format(y=year)} #{at}",
        pick(dice, CAMPAIGN_TYPES),
        pick(dice, ("Planned", "In Progress", "Completed", "Aborted")),
        start.isoformat(),
        end.isoformat() if chance(dice, 0.8) else NULL,
        pick(dice, ("true", "false")),
        str(number(dice, 1, 500) * 1000),
        str(number(dice, 1, 90) * 10_000_000) if chance(dice, 0.7) else "",
        str(number(dice, 0, 50_000)),
        f"{number(dice, 0, 9999) / 100:.2f}",
        pick(dice, NOTES),
    ]


def contact_id(at: int, *, long: bool) -> str:
    """The Id of a contact: 15 characters, or 18 with the checksum."""
    letters = string.ascii_uppercase + string.ascii_lowercase
    tail = "".join(letters[at * step % 52] for step in (3, 5, 7, 11))
    short = f"0035g{at:06}{tail}"
    return short + checksum(short) if long else short


def checksum(short: str) -> str:
    """The last three characters of an Id: which of the others are capitals."""
    alphabet = string.ascii_uppercase + "012345"
    fives = (short[at : at + 5] for at in (0, 5, 10))
    return "".join(
        alphabet[
            sum(1 << bit for bit, letter in enumerate(five) if letter in string.ascii_uppercase)
        ]
        for five in fives
    )


UPDATE = ("Id", "Title", "Phone", "HasOptedOutOfEmail", "Description")


def update(dice: Dice, at: int) -> list[str]:
    """What is to become of a contact that is there."""
    return [
        contact_id(at, long=chance(dice, 0.5)),
        pick(dice, TITLES),
        pick(dice, ("+44 20 7946 0123", NULL, "")),
        pick(dice, ("true", "false")),
        pick(dice, NOTES),
    ]


MISTAKE = ("Email__c", "FirstName", "LastName", "Email", "Birthdate", "AccountId", "DoNotCall")


def with_mistakes(dice: Dice) -> Iterator[list[str]]:
    """Sound CSV, and some rows that an org refuses."""
    for at in range(1, 41):
        first, last = pick(dice, FIRST_NAMES), pick(dice, LAST_NAMES)
        address = email(first, last, 20_000 + at)
        row = [address, first, last, address, day(dice, 1950, 2004), "", "false"]
        match at:
            case 4:
                row[2] = "Wolfeschlegelsteinhausenbergerdorff " * 3
            case 9:
                row[3] = "not-an-address"
            case 13 | 14:
                row[4] = "31.12.1999"
            case 20:
                row[5] = "001000000000000AAA"
            case 27:
                row[2] = ""
            case 33:
                row[6] = "perhaps"
            case _:
                pass
        yield row


def as_csv(
    header: Row, rows: Iterator[list[str]], *, delimiter: str = ",", ending: str = "\n"
) -> bytes:
    """The file's bytes."""
    text = StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter, lineterminator=ending)
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue().encode()


def files() -> dict[str, bytes]:
    """Each file's name and bytes."""
    dice = {name: Dice(f"{SEED} {name}") for name in ("c", "l", "p", "u", "m")}
    return {
        "contacts.csv": as_csv(CONTACT, (contact(dice["c"], at) for at in range(1, 401))),
        "leads.csv": as_csv(LEAD, (lead(dice["l"], at) for at in range(1, 301)), ending="\r\n"),
        "campaigns.csv": b"\xef\xbb\xbf"
        + as_csv(CAMPAIGN, (campaign(dice["p"], at) for at in range(1, 251)), delimiter=";"),
        "contacts-update.csv": as_csv(UPDATE, (update(dice["u"], at) for at in range(1, 201))),
        "contacts-with-mistakes.csv": as_csv(MISTAKE, with_mistakes(dice["m"])),
    }


def main() -> int:
    """Write them all."""
    folder = Path(__file__).parent
    for name, data in files().items():
        (folder / name).write_bytes(data)
        print(f"{name}: {len(data):,} bytes", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
