"""`counterpart cohort`: leaders who did something together, as a year of the same programme."""

from collections.abc import Callable, Sequence

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
from counterpart.commands.people import find_person
from counterpart.refused import Refused
from ldap_schema.errors import AlreadyThere, NotFound
from ldap_schema.groups import Cohort
from store import ledger

ADA, BO = "ada.quill@rivers-and-coasts.example", "bo.marsh@rivers-and-coasts.example"
PEOPLE = click.argument("people", metavar="ADDRESS|UID...", nargs=-1, required=True)
NAME = click.argument("name", metavar="NAME")


@click.group(cls=InOrder)
def cohort() -> None:
    """Keep cohorts: leaders find the others of theirs, and narrow results to one."""


@cohort.command(epilog=example('counterpart cohort add leading-2026 "Leading public services, 2026"'))
@NAME
@click.argument("title", metavar="TITLE")
@as_json
@pass_tools
def add(tools: Tools, name: str, title: str, as_json: bool) -> None:
    """Make an empty cohort; one that is there already stays as it is.

    NAME stands in addresses: letters, digits, hyphens. TITLE is what leaders read.
    """
    wanted = Cohort(name, title)
    if wanted not in tools.directory.cohorts.all():
        with tools.store.transaction() as tx:
            ledger.append(tx, "cohort added", operator(), name, {"title": title[:200]}, tools.clock())
            try:
                tools.directory.cohorts.make(wanted)
            except AlreadyThere:
                raise Refused(f"There is a cohort {name} of another title. Nothing was changed.") from None
    show({"cohort": name, "title": title}, f"{title} is the cohort {name}.", as_json)


@cohort.command("list", epilog=example("counterpart cohort list"))
@as_json
@pass_tools
def list_cohorts(tools: Tools, as_json: bool) -> None:
    """List the cohorts, and how many people are in each."""
    members = tools.directory.cohorts.memberships()
    found = [
        (one.name, one.description, len(members.get(one.name, ()))) for one in tools.directory.cohorts.all()
    ]
    rows = [(name, title, str(people)) for name, title, people in found]
    data = [{"cohort": name, "title": title, "people": people} for name, title, people in found]
    show(data, table(rows, ("cohort", "title", "people")) if rows else "No cohorts.", as_json)


@cohort.command(epilog=example(f"counterpart cohort join leading-2026 {ADA} \\", f"  {BO}"))
@NAME
@PEOPLE
@as_json
@pass_tools
def join(tools: Tools, name: str, people: Sequence[str], as_json: bool) -> None:
    """Put people into a cohort; who is in it already stays in it."""
    _each(tools, name, people, "cohort joined", tools.directory.cohorts.join)
    many = counted(len(people), "person is", "people are")
    show({"cohort": name, "joined": len(people)}, f"{many} in {name}.", as_json)


@cohort.command(epilog=example(f"counterpart cohort leave leading-2026 {BO}"))
@NAME
@PEOPLE
@as_json
@pass_tools
def leave(tools: Tools, name: str, people: Sequence[str], as_json: bool) -> None:
    """Take people out of a cohort; it keeps its name when nobody is left."""
    _each(tools, name, people, "cohort left", tools.directory.cohorts.leave)
    many = counted(len(people), "person is", "people are")
    show({"cohort": name, "left": len(people)}, f"{many} not in {name} any more.", as_json)


def _each(
    tools: Tools, name: str, people: Sequence[str], event: str, act: Callable[[str, str], None]
) -> None:
    """Do it for everybody, once all are known; the first who is unknown stops it before anything is done."""
    if name not in {one.name for one in tools.directory.cohorts.all()}:
        raise Refused(
            f"There is no cohort {name}. `counterpart cohort list` names them. Nothing was changed."
        )
    found = [find_person(tools.directory, reference) for reference in people]
    for one in found:
        with tools.store.transaction() as tx:
            ledger.append(tx, event, operator(), one.uid, {"cohort": name}, tools.clock())
            try:
                act(name, one.uid)
            except NotFound:
                raise Refused(f"The cohort {name} is gone. Ask `counterpart cohort list`.") from None
