"""`counterpart person grant` and `ungrant`: one contact detail of one person, shown to one other leader."""

from datetime import date

import click

from counterpart.commands.common import DAY, Tools, as_json, example, operator, pass_tools, show
from counterpart.commands.notices import notice_to
from counterpart.commands.people import find_person
from counterpart.refused import Refused
from ldap_schema.clock import london_today
from ldap_schema.errors import NotFound
from ldap_schema.grants import FIELDS, Grant
from ldap_schema.people import VISIBLE, Person
from store import ledger

ADA, BO = "ada.quill@rivers-and-coasts.example", "bo.marsh@rivers-and-coasts.example"
WORDS = {"mail": "e-mail address", "telephoneNumber": "office line", "mobile": "mobile number"}
detail_option = click.option(
    "--attribute", "detail", required=True, type=click.Choice(tuple(FIELDS)), help="The contact detail."
)


@click.command(
    epilog=example(f"counterpart person grant {ADA} \\", f"  {BO} --attribute mobile --until 2027-03-31")
)
@click.argument("owner", metavar="ADDRESS|UID")
@click.argument("viewer", metavar="VIEWER")
@detail_option
@click.option("--until", "last", type=DAY, help="Last day, inclusive; without it until `ungrant`.")
@as_json
@pass_tools
def grant(tools: Tools, owner: str, viewer: str, detail: str, last: date | None, as_json: bool) -> None:
    """Show one contact detail to one leader.

    VIEWER, an address or uid, sees it besides those whom the person shows it to, and so do their mail
    programs. Granting it anew changes the last day, which is London's. The act is written into the ledger,
    and the person is told by mail.
    """
    directory = tools.directory
    whose, whom = find_person(directory, owner), find_person(directory, viewer)
    if whose.uid == whom.uid:
        raise Refused("Owner and viewer are the same person. Nothing was changed.")
    if whom.status not in VISIBLE:
        raise Refused(f"{whom.full_name} has the status {whom.status}: they see nobody. Nothing was changed.")
    if last and last < london_today(tools.clock()):
        raise Refused(f"The last day, {last}, is over. Nothing was changed.")
    until = str(last) if last else ""
    notice = notice_to(
        tools, whose, "granted", f"{whose.uid} {tools.clock().isoformat()}",
        detail=WORDS[detail], viewer=_name_for(tools, whose, whom), last_day=until,
    )  # fmt: skip
    with tools.store.transaction() as tx:
        notice.queue(tx)
        details = {"viewer": whom.uid, "attribute": detail} | ({"last day": until} if until else {})
        ledger.append(tx, "detail granted", operator(), whose.uid, details, tools.clock())
        directory.grants.give(whose.uid, Grant(detail=detail, viewer=whom.uid, last_day=last))
    data = {"uid": whose.uid, "viewer": whom.uid, "attribute": detail, "until": until}
    words = f"{whom.full_name} sees the {detail} of {whose.full_name}{f' until {until}' if until else ''}."
    show(data, words, as_json)


@click.command(epilog=example(f"counterpart person ungrant {ADA} \\", f"  {BO} --attribute mobile"))
@click.argument("owner", metavar="ADDRESS|UID")
@click.argument("viewer", metavar="VIEWER")
@detail_option
@as_json
@pass_tools
def ungrant(tools: Tools, owner: str, viewer: str, detail: str, as_json: bool) -> None:
    """End what was granted to one leader. The act is written into the ledger.

    VIEWER still sees what the person shows to everybody, to a sector or to an organisation.
    """
    directory = tools.directory
    whose, whom = find_person(directory, owner), find_person(directory, viewer)
    given = [
        each for each in directory.grants.of(whose.uid) if (each.detail, each.viewer) == (detail, whom.uid)
    ]
    for each in given:
        with tools.store.transaction() as tx:
            details = {"viewer": whom.uid, "attribute": detail}
            ledger.append(tx, "grant ended", operator(), whose.uid, details, tools.clock())
            directory.grants.take(whose.uid, each)
    words = "is granted no longer" if given else "was not granted"
    data = {"uid": whose.uid, "viewer": whom.uid, "attribute": detail, "changed": bool(given)}
    show(data, f"The {detail} of {whose.full_name} {words} to {whom.full_name}.", as_json)


def _name_for(tools: Tools, owner: Person, viewer: Person) -> str:
    """The viewer as the owner may see them: a sealed person's name goes into no mail."""
    try:
        return tools.portal_directory.as_viewer(owner.uid).people.get(viewer.uid).full_name
    except NotFound:
        return "A leader whose entry you can't see"


COMMANDS = (grant, ungrant)
