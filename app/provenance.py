"""Who gave a value, and when a person last said that it is right: one quiet line for a profile."""

from app.moments import day
from ldap_schema.people import Person
from ldap_schema.provenance import FEED, OWNER, Source, sources_of

# How a profile names what a source is of, in the order of the page.
NAMED = {"name": "Name", "post": "Post", "organisation": "Organisation"}


def source_lines(person: Person) -> dict[str, str]:
    """Say of each value that the viewer may see where it came from; nothing of one whose source is unknown.

    The directory conceals a detail's source with the detail, so this can't tell more than the page does.
    """
    return {of: line(each) for of, each in sources_of(person).items()}


def shared_lines(person: Person) -> list[tuple[str, str]]:
    """Give names and line of what every leader sees; what came together stands together."""
    lines, found = source_lines(person), dict[str, list[str]]()
    for of, name in NAMED.items():
        if of in lines:
            found.setdefault(lines[of], []).append(name)
    return [(_listed(names), said) for said, names in found.items()]


def _listed(names: list[str]) -> str:
    """Write "Name, post and organisation\"."""
    words = [names[0], *(name.lower() for name in names[1:])]
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1])))


def line(source: Source) -> str:
    """Write one source, e.g. "From Rivers HR, unchanged since 3 November 2026. Not confirmed yet.\""""
    said = f"Confirmed {day(source.confirmed)}" if source.confirmed else "Not confirmed yet"
    if source.by == FEED:
        return f"From {source.name or 'an HR feed'}, unchanged since {day(source.as_of)}. {said}."
    if source.by == OWNER:
        return f"Entered by themself, {day(source.as_of)}."
    entered = f"Entered by a directory manager, {day(source.as_of)}."
    return entered if source.confirmed == source.as_of else f"{entered} {said}."
