"""`counterpart canary`: invented people whom only mail programs find, to notice a copy of the directory."""

from dataclasses import asdict
from random import SystemRandom

import click

from counterpart.commands.common import (
    InOrder,
    Tools,
    as_json,
    counted,
    example,
    operator,
    pass_tools,
    show,
    table,
)
from counterpart.refused import Refused
from counterpart.watch.canaries import MOST_CANARIES
from counterpart.watch.invent import TooFewPeople, invent
from counterpart.watch.invent import canary as made_canary
from ldap_schema.changes import Add, Remove
from ldap_schema.people import ACTIVE, Person
from store import ledger
from sync.context import random_id

MEND_DOMAIN = (
    "Nothing was changed: COUNTERPART_WATCH_CANARY_DOMAIN is empty. Set it to a mail domain of yours whose "
    "mail somebody reads: what is sent to a canary was sent by somebody who has a copy."
)


@click.group(cls=InOrder)
def canary() -> None:
    """Keep invented people whom only mail programs find, to notice a copy.

    They appear in no page, count, chart, export or feed. A device that asks for several of them, or for one
    by the whole name or address, is suspended (`counterpart worker`).
    """


@canary.command(
    epilog=example("counterpart canary add --count 12", 'counterpart canary add "Marianne" "Thistlebank"')
)
@click.argument("names", metavar="[GIVEN FAMILY]", nargs=-1)
@click.option("--count", type=click.IntRange(1, MOST_CANARIES), help="Invent so many names instead.")
@click.option("--telephone", default="", help="A number of yours that somebody answers.")
@as_json
@pass_tools
def add(tools: Tools, names: tuple[str, ...], count: int | None, telephone: str, as_json: bool) -> None:
    """Make one with this name, or several with invented names.

    Post and organisation are those of somebody who is here. Look at invented names, and remove those that
    sound wrong.
    """
    domain = tools.settings.watch.canary_domain
    if not domain:
        raise Refused(MEND_DOMAIN)
    if bool(names) == bool(count) or len(names) not in (0, 2):
        raise Refused("Give a given and a family name, or --count. Nothing was changed.")
    directory, chance = tools.directory, SystemRandom()
    people = directory.people.everybody()
    _room(len(directory.people.canaries()), count or 1)
    try:
        wanted = [(names[0], names[1])] if names else invent(count or 1, people, chance)
    except TooFewPeople:
        raise Refused(
            f"Names for {counted(count or 1, 'canary', 'canaries')} can't be put together from the people "
            "here. Nothing was changed. Give names yourself."
        ) from None
    models = [person for person in people if person.status == ACTIVE]
    if not models:
        raise Refused("There is nobody here yet whom a canary could resemble. Nothing was changed.")
    made = [
        made_canary(given, family, chance.choice(models), random_id(), domain, telephone)
        for given, family in wanted
    ]
    with tools.store.transaction() as tx:
        for each in made:
            ledger.append(tx, "canary added", operator(), each.uid, {}, tools.clock())
        directory.write([Add(each) for each in made])
    show([asdict(each) for each in made], _text(made), as_json)


@canary.command("list", epilog=example("counterpart canary list"))
@as_json
@pass_tools
def list_canaries(tools: Tools, as_json: bool) -> None:
    """List the canaries. Whoever sees this list knows whom not to ask for: keep it to yourself."""
    found = tools.directory.people.canaries()
    show([asdict(each) for each in found], _text(found) if found else "No canaries.", as_json)


@canary.command(epilog=example("counterpart canary remove 3f9a1c0b77e2d415"))
@click.argument("uid")
@as_json
@pass_tools
def remove(tools: Tools, uid: str, as_json: bool) -> None:
    """Take one away; mail programs no longer find it."""
    directory = tools.directory
    found = [each for each in directory.people.canaries() if each.uid == uid]
    if not found:
        raise Refused(f"There is no canary {uid}. Nothing was changed. Try `counterpart canary list`.")
    with tools.store.transaction() as tx:
        ledger.append(tx, "canary removed", operator(), uid, {}, tools.clock())
        directory.write([Remove(each) for each in found])
    show({"uid": uid, "removed": True}, f"{found[0].full_name} is gone.", as_json)


def _room(there: int, wanted: int) -> None:
    if there + wanted > MOST_CANARIES:
        raise Refused(
            f"There are {counted(there, 'canary', 'canaries')} already, and {MOST_CANARIES} is the most. "
            "Nothing was changed."
        )


def _text(people: list[Person]) -> str:
    rows = [
        (each.uid, each.full_name, each.title, each.organisation_name, ", ".join(each.mail))
        for each in people
    ]
    return table(rows, ("uid", "name", "post", "organisation", "mail"))
