"""Reads published look-ups of areas: who serves which, and which are side by side. Pure but for the file."""

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from counterpart.refused import Refused
from ldap_schema import areas
from ldap_schema.errors import BadValue
from ldap_schema.organisations import Organisation

LARGEST = 50 * 1024 * 1024  # bytes; the largest look-up of areas that is published is a tenth of it


@dataclass(frozen=True, slots=True)
class Columns:
    """What the columns of a look-up are called."""

    organisation: str
    area: str
    name: str = ""  # of the area; empty: the look-up has none
    scheme: str = ""  # of the organisations' codes: "ons" where an entry has "ons:E23000032"


@dataclass(frozen=True, slots=True)
class ServedPlan:
    """What a look-up changes, and what it says of organisations that the directory does not have."""

    changes: tuple[tuple[Organisation, Organisation], ...]  # before and after
    unknown: tuple[str, ...]


def read_rows(file: Path, wanted: Sequence[str]) -> Iterator[dict[str, str]]:
    """Yield the rows of a CSV file in UTF-8 that has these columns; raises Refused."""
    try:
        if file.stat().st_size > LARGEST:
            raise Refused(f"{file} is larger than {LARGEST:,} bytes. Nothing was changed.")
        with file.open(encoding="utf-8-sig", newline="") as opened:
            reader = csv.DictReader(opened, strict=True)
            missing = [name for name in wanted if name not in (reader.fieldnames or ())]
            if missing:
                there = ", ".join(reader.fieldnames or ()) or "none"
                raise Refused(f"{file} has no column {missing[0]!r}; it has: {there}. Nothing was changed.")
            for row in reader:
                yield {name: row[name] or "" for name in wanted}
    except OSError as error:
        raise Refused(f"{file} can't be read: {error.strerror}. Nothing was changed.") from None
    except UnicodeDecodeError:
        raise Refused(f"{file} is not written in UTF-8. Save it so; nothing was changed.") from None
    except csv.Error as error:
        raise Refused(f"{file} is no CSV file: {error}. Nothing was changed.") from None


def plan_served(
    rows: Iterable[Mapping[str, str]], columns: Columns, organisations: Sequence[Organisation]
) -> ServedPlan:
    """Say which organisations serve other areas by the look-up; those it does not name are left alone."""
    known = _by_reference(organisations)
    served: dict[str, set[areas.Area]] = {}
    unknown: dict[str, None] = {}
    for row in rows:
        reference = row[columns.organisation].strip()
        if not reference:
            continue
        coded = f"{columns.scheme}:{reference}" if columns.scheme else reference
        found = known.get(coded.casefold())
        if found is None:
            unknown[reference] = None
        else:
            served.setdefault(found.id, set()).add(_area(row, columns))
    by_id = {one.id: one for one in organisations}
    changes = [
        (by_id[id], replace(by_id[id], areas_served=tuple(map(str, sorted(each)))))
        for id, each in served.items()
        if set(map(str, each)) != set(by_id[id].areas_served)
    ]
    return ServedPlan(tuple(changes), tuple(unknown))


def pairs(rows: Iterable[Mapping[str, str]], one: str, other: str) -> list[tuple[str, str]]:
    """Return the pairs of codes of a look-up of neighbours; raises Refused for a cell that is no code."""
    try:
        return [(areas.made(row[one], "").code, areas.made(row[other], "").code) for row in rows]
    except BadValue as error:
        raise Refused(f"{error} Nothing was changed.") from None


def _area(row: Mapping[str, str], columns: Columns) -> areas.Area:
    try:
        return areas.made(row[columns.area], row[columns.name] if columns.name else "")
    except BadValue as error:
        raise Refused(f"{error} Nothing was changed.") from None


def _by_reference(organisations: Sequence[Organisation]) -> dict[str, Organisation]:
    """Index organisations by id, code, and name; what two are called means neither."""
    found: dict[str, Organisation] = {}
    twice: set[str] = set()
    for one in organisations:
        for reference in {one.id, *one.codes, one.name}:
            folded = reference.casefold()
            twice |= {folded} & found.keys()
            found[folded] = one
    return {reference: one for reference, one in found.items() if reference not in twice}
