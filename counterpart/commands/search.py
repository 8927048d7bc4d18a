"""`counterpart search`: finds people by name, post or organisation."""

from collections.abc import Sequence
from dataclasses import dataclass

import click

from counterpart.commands.common import Tools, as_json, counted, example, pass_tools, show, table
from counterpart.commands.people import find_person
from ldap_schema.clock import london_today
from ldap_schema.directory import Directory
from ldap_schema.people import Person
from search_index import query
from search_index.errors import IndexFailed

SHORTEST_WORD = 2
BEHIND = "The search index is missing or behind, so names were only looked for as they are written."


@click.command(
    epilog=example(
        "counterpart search chief constable northmere", "counterpart search --as ada@rivers.example quill"
    )
)
@click.argument("words", nargs=-1, required=True)
@click.option(
    "--as", "viewer", metavar="ADDRESS", help="See what this person may see, not what the jobs' account may."
)
@click.option("--sector", default="", help="Only people of this sector.")
@click.option("--region", default="", help="Only people of this region.")
@click.option(
    "--organisation",
    default="",
    metavar="NAME",
    help="Only people of the organisation of this name, code or id.",
)
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 500), help="How many at most.")
@as_json
@pass_tools
def search(
    tools: Tools,
    words: tuple[str, ...],
    viewer: str | None,
    sector: str,
    region: str,
    organisation: str,
    limit: int,
    as_json: bool,
) -> None:
    """Find people by name, post or organisation; all WORDS must fit."""
    filters = {"sector": sector, "region": region}
    if organisation:
        filters["organisation_id"] = tools.directory.organisations.find(organisation).id
    directory = tools.directory
    if viewer:
        directory = tools.portal_directory.as_viewer(find_person(tools.directory, viewer).uid)
    answer = _by_index(tools, directory, " ".join(words), filters, limit)
    found, left_out = answer or ([], ())
    if not found or not viewer:  # the jobs' account sees people of every status, whom no index holds
        asked = [word for part in words for word in part.split()]
        narrow = {name: value for name, value in filters.items() if value}
        more = {person.uid: person for person in directory.people.search(asked, narrow, limit)}
        known = {one.person.uid for one in found}
        found += [FoundPerson(person) for uid, person in more.items() if uid not in known]
        found = found[:limit]
    if answer is None:
        click.echo(BEHIND, err=True)  # now that there is an answer: a failure is one sentence of its own
    if left_out and found:
        click.echo(f"Nobody fits all words; left out: {', '.join(left_out)}.", err=True)
    data = {"total": len(found), "results": [_plain(one) for one in found], "left_out": list(left_out)}
    show(data, _text(found, limit), as_json)


@dataclass(frozen=True, slots=True)
class FoundPerson:
    """Somebody found, and why; without a reason by the directory's own filters."""

    person: Person
    why: tuple[str, ...] = ()


def _by_index(
    tools: Tools, directory: Directory, text: str, filters: dict[str, str], limit: int
) -> tuple[list[FoundPerson], Sequence[str]] | None:
    """Return whom the index finds, best first, as this account may see them, and which words it left out.

    None where it is missing, damaged or behind.
    """
    if not tools.index.usable:
        return None
    asked = query.Asked(
        text=text,
        sector=filters["sector"],
        region=filters["region"],
        organisation=filters.get("organisation_id", ""),
        most=limit,
    )
    try:
        answer = query.find(tools.index.contents(), asked, london_today(tools.clock()))
    except IndexFailed:
        return None
    people = directory.people.by_uids(hit.document.id for hit in answer.hits)
    seen = [hit for hit in answer.hits if hit.document.id in people]
    return [FoundPerson(people[hit.document.id], hit.why) for hit in seen], answer.left_out


def _plain(found: FoundPerson) -> dict[str, object]:
    person = found.person
    return {
        "uid": person.uid,
        "name": person.display_name or person.full_name,
        "post": person.title,
        "organisation": person.organisation_name,
        "matched": list(found.why),
        "status": person.status,
    }


def _text(found: list[FoundPerson], limit: int) -> str:
    if not found:
        return "Nobody was found. Try fewer or shorter words."
    keys = ("name", "post", "organisation", "uid")
    rows = [
        (*(str(plain[key]) for key in keys), "; ".join(one.why)) for one in found for plain in (_plain(one),)
    ]
    more = " There may be more: narrow the search or raise --limit." if len(found) >= limit else ""
    total = counted(len(found), "person", "people")
    return f"{table(rows, (*keys, 'found by'))}\n\n{total}.{more}"
