"""Which areas the invented organisations serve, and which are neighbours, as `counterpart areas` reads it.

Areas are the gazetteer's towns. A police force serves its county, a council its county or its town; every
other fire service and every NHS trust reaches into the county beside its own: boundaries differ in life too.
"""

import csv
from collections.abc import Iterator, Mapping
from itertools import combinations
from pathlib import Path

from dev.chance import slug, words
from dev.organisations import InventedOrganisation, invent_organisations

SEED = 7  # that of the feeds


def write_areas(folder: Path, leaders: int) -> tuple[Path, Path]:
    """Write both look-ups; return the one of areas served and the one of neighbours."""
    served, neighbours = folder / "areas-served.csv", folder / "neighbouring-areas.csv"
    _write(served, ("organisation", "area", "name"), _served(leaders))
    _write(neighbours, ("area", "neighbour"), ((slug(one), slug(other)) for one, other in _neighbours()))
    return served, neighbours


def _write(path: Path, columns: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([columns, *rows])


def _served(leaders: int) -> Iterator[tuple[str, ...]]:
    counties = _counties()
    for number, organisation in enumerate(invent_organisations(SEED, leaders)):
        for town in _towns_of(organisation, counties, reaches_over=number % 2 == 0):
            yield organisation.name, slug(town), town


def _towns_of(
    organisation: InventedOrganisation, counties: Mapping[str, list[str]], *, reaches_over: bool
) -> list[str]:
    """Give the towns that an organisation named after a place serves; the others serve no area."""
    places = [place for county, towns in counties.items() for place in (county, *towns)]
    place = max((each for each in places if each in organisation.name), key=len, default="")
    county = next((name for name, towns in counties.items() if place in (name, *towns)), "")
    if not county:
        return []
    towns = counties[county] if place == county or organisation.sector == "Healthcare" else [place]
    wide = organisation.sector == "Healthcare" or (organisation.sector == "Fire and rescue" and reaches_over)
    beside = words("neighbours").get(county, [])
    return [*towns, *(counties[beside[0]][:1] if wide and beside else [])]


def _neighbours() -> Iterator[tuple[str, str]]:
    counties = _counties()
    for towns in counties.values():
        yield from combinations(towns, 2)
    for county, others in words("neighbours").items():
        for other in others:
            yield counties[county][-1], counties[other][0]


def _counties() -> dict[str, list[str]]:
    return {
        name: towns for region in words("places")["regions"] for name, towns in region["counties"].items()
    }
