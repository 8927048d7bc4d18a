"""`counterpart delegate`: who may act for whom, in what and until when."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date

import click

from counterpart.commands.common import (
    DAY,
    InOrder,
    Tools,
    as_json,
    example,
    operator,
    pass_tools,
    show,
    table,
)
from counterpart.commands.notices import notice_to
from counterpart.commands.people import find_person
from counterpart.refused import Refused
from ldap_schema.changes import Add, Remove
from ldap_schema.clock import london_today
from ldap_schema.credentials import Credential
from ldap_schema.delegations import DEVICES, Delegation
from ldap_schema.errors import NotFound
from ldap_schema.passwords import new_id
from ldap_schema.people import VISIBLE, Person
from store import ledger

SCOPES = (DEVICES,)  # what a delegate can do so far; the directory has names for more
ADA, BO = "ada.quill@rivers-and-coasts.example", "bo.marsh@rivers-and-coasts.example"


@click.group(cls=InOrder)
def delegate() -> None:
    """Let somebody look after a leader's mail programs, for a time."""


@delegate.command(
    epilog=example(f"counterpart delegate add {ADA} \\", f"  {BO} --scope devices --until 2027-03-31")
)
@click.argument("leader", metavar="LEADER")
@click.argument("delegate", metavar="DELEGATE")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    required=True,
    type=click.Choice(SCOPES),
    help="In what: devices (their mail programs).",
)
@click.option("--from", "first", type=DAY, help="First day; today if not given.")
@click.option("--until", "last", type=DAY, required=True, help="Last day, inclusive.")
@as_json
@pass_tools
def add(
    tools: Tools,
    leader: str,
    delegate: str,
    scopes: Sequence[str],
    first: date | None,
    last: date,
    as_json: bool,
) -> None:
    """Let DELEGATE act for LEADER, both given by address or uid.

    Days are London's. The act is written into the ledger, and LEADER is told by mail.
    """
    directory = tools.directory
    for_whom, who = (_seen(find_person(directory, each)) for each in (leader, delegate))
    today = london_today(tools.clock())
    made = Delegation(
        id=new_id(),
        leader=for_whom.uid,
        delegate=who.uid,
        scopes=tuple(each for each in SCOPES if each in scopes),
        first_day=first or today,
        last_day=last,
    )
    _check(made, today)
    notice = notice_to(tools, for_whom, "delegated", made.id, delegate=who.full_name, days=_days(made))
    with tools.store.transaction() as tx:
        details = {"delegation": made.id, "delegate": made.delegate, "scopes": ", ".join(made.scopes)}
        days = {"first day": str(made.first_day), "last day": str(made.last_day)}
        ledger.append(tx, "delegation added", operator(), made.leader, details | days, tools.clock())
        notice.queue(tx)
        directory.write([Add(made)])
    whom, what = f"{who.full_name} may act for {for_whom.full_name}", ", ".join(made.scopes)
    show(asdict(made), f"{whom} in {what}, {_days(made)} ({made.id}).", as_json)


@delegate.command("list", epilog=example("counterpart delegate list", f"counterpart delegate list {ADA}"))
@click.argument("reference", metavar="[ADDRESS|UID]", required=False)
@as_json
@pass_tools
def list_delegations(tools: Tools, reference: str | None, as_json: bool) -> None:
    """List all delegations, or those by and to one person."""
    directory, today = tools.directory, london_today(tools.clock())
    found = directory.delegations.all()
    if reference is not None:
        uid = find_person(directory, reference).uid
        found = [each for each in found if uid in (each.leader, each.delegate)]
    people = directory.people.by_uids(uid for each in found for uid in (each.leader, each.delegate))

    def name(uid: str) -> str:
        return people[uid].full_name if uid in people else uid

    rows = [
        (
            each.id,
            name(each.leader),
            name(each.delegate),
            ", ".join(each.scopes),
            _days(each),
            _state(each, today),
        )
        for each in found
    ]
    headings = ("id", "for", "by", "in", "days", "today")
    data = [asdict(each) | {"stands": each.stands(today)} for each in found]
    show(data, table(rows, headings) if rows else "No delegations.", as_json)


@delegate.command(epilog=example("counterpart delegate revoke 7f3k2m9qx4c5v6b7"))
@click.argument("id")
@as_json
@pass_tools
def revoke(tools: Tools, id: str, as_json: bool) -> None:
    """End a delegation at once. The act is written into the ledger.

    Mail programs that the delegate added are the leader's and go on working. They are named, because the
    delegate may know their passwords.
    """
    directory = tools.directory
    try:
        found = directory.delegations.get(id)
    except NotFound:
        raise Refused(
            f"There is no delegation {id}. Nothing was changed. `counterpart delegate list` names them."
        ) from None
    with tools.store.transaction() as tx:
        details = {"delegation": found.id, "delegate": found.delegate}
        ledger.append(tx, "delegation revoked", operator(), found.leader, details, tools.clock())
        directory.write([Remove(found)])
    left = _devices_made(tools, found)
    ended = f"The delegation {id} has ended."
    warning = f"{ended} {_still_work(left, found.leader)}" if left else ended
    show({"id": id, "revoked": True, "devices": [each.id for each in left]}, warning, as_json)


def _devices_made(tools: Tools, ended: Delegation) -> list[Credential]:
    """Return the leader's mail programs that the delegate added."""
    held = tools.portal_directory.credentials.of(ended.leader)
    with tools.store.reading() as tx:
        makers = ledger.actors(tx, "device added", [each.id for each in held])
    return [each for each in held if makers.get(each.id) == ended.delegate]


def _still_work(devices: Sequence[Credential], leader: str) -> str:
    named = "\n".join(f"  counterpart device revoke {leader} {each.id}   ({each.label})" for each in devices)
    return (
        f"Mail programs that they added go on working, and they may know the passwords. To end one:\n{named}"
    )


def _seen(person: Person) -> Person:
    if person.status not in VISIBLE:
        raise Refused(
            f"{person.full_name} has the status {person.status}: others don't see them, and they neither act "
            "nor are acted for. Nothing was changed."
        )
    return person


def _check(made: Delegation, today: date) -> None:
    if made.leader == made.delegate:
        raise Refused("Leader and delegate are the same person. Nothing was changed.")
    if made.last_day is not None and made.last_day < max(today, made.first_day or today):
        raise Refused(
            f"The last day, {made.last_day}, is before the first day or today, so that the delegation would "
            "never stand. Nothing was changed."
        )


def _days(each: Delegation) -> str:
    since = f"from {each.first_day}" if each.first_day else ""
    until = f"until {each.last_day}" if each.last_day else ""
    return " ".join(part for part in (since, until) if part) or "always"


def _state(each: Delegation, today: date) -> str:
    if each.stands(today):
        return "stands"
    return "ended" if each.last_day and each.last_day < today else "to come"
