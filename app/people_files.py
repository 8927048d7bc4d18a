"""A list of people as a file: CSV for spreadsheets (RFC 4180), cards for address books (RFC 6350)."""

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from app.vcard import vcard
from ldap_schema.people import Person

COLUMNS = (
    "Name", "Given name", "Family name", "Post", "Organisation", "Sector", "Region", "Office line", "Mobile",
    "E-mail", "Page",
)  # fmt: skip
# What a spreadsheet takes for the beginning of a formula, also after spaces.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%")
BYTE_ORDER_MARK = "\ufeff"  # by which spreadsheets know that accents are UTF-8


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of file: how it is written, and how browsers know it."""

    write: Callable[[Sequence[tuple[Person, str]]], str]
    mimetype: str
    suffix: str


def as_csv(people: Sequence[tuple[Person, str]]) -> str:
    """Write people, each with the address of their page, as a table; no cell is a formula."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for person, address in people:
        cells = (
            person.display_name or person.full_name, person.given_name, person.family_name, person.title,
            person.organisation_name, person.sector, person.region, _numbers(person.telephone),
            _numbers(person.mobile), "; ".join(person.mail), address,
        )  # fmt: skip
        writer.writerow(map(cell, cells))
    return BYTE_ORDER_MARK + text.getvalue()


def as_vcards(people: Sequence[tuple[Person, str]]) -> str:
    """Write people as cards, one after the other."""
    return "".join(vcard(person, address) for person, address in people)


KINDS = {"csv": Kind(as_csv, "text/csv", "csv"), "vcard": Kind(as_vcards, "text/vcard", "vcf")}


def cell(text: str) -> str:
    """Return a value as a cell that no spreadsheet calculates, on one line and without control characters."""
    plain = " ".join("".join(each if each.isprintable() else " " for each in text).split())
    return f"'{plain}" if plain.startswith(FORMULA) else plain


def _numbers(numbers: Sequence[str]) -> str:
    """Write numbers as they are dialled at home, "020 7946 0000": a plus would begin a formula."""
    return "; ".join(
        f"0{number[4:]}" if number.startswith("+44 ") else number.replace("+", "00", 1) for number in numbers
    )
