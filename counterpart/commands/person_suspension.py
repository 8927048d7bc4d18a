"""`counterpart person suspend` and `restore`: stopping somebody's access at once, and giving it back."""

import click

from counterpart.commands.common import Tools, as_json, example, operator, pass_tools, show
from counterpart.commands.people import find_person
from counterpart.refused import Refused
from ldap_schema.changes import Update
from ldap_schema.clock import london_today
from ldap_schema.people import ACTIVE, HELD, VISIBLE, Person
from store import ledger
from sync.standing import become

REASON = click.option("--reason", required=True, help="Why; kept in the ledger.")


@click.command(epilog=example("counterpart person suspend ada.quill@rivers.example --reason INC-4711"))
@click.argument("reference", metavar="ADDRESS|UID")
@REASON
@as_json
@pass_tools
def suspend(tools: Tools, reference: str, reason: str, as_json: bool) -> None:
    """Stop somebody's access, and hide them, until they are restored.

    They can't sign in, sessions end within a minute, mail programs stop at once, and nobody else finds them.
    Nothing is deleted, and no HR feed lifts it. The act is written into the ledger.
    """
    found = find_person(tools.directory, reference)
    if found.status not in (*VISIBLE, HELD):
        raise Refused(
            f"{found.full_name} is {found.status}, so there is no access to suspend. Nothing was changed."
        )
    changed = _become(tools, found, HELD, "person suspended", reason)
    words = "is suspended: hidden, signed out within a minute, mail programs stopped"
    _show(found, HELD, changed, words, as_json)


@click.command(epilog=example("counterpart person restore ada.quill@rivers.example --reason INC-4711"))
@click.argument("reference", metavar="ADDRESS|UID")
@REASON
@as_json
@pass_tools
def restore(tools: Tools, reference: str, reason: str, as_json: bool) -> None:
    """Give a suspended person their access back. The act is written into the ledger.

    Others find them again, they can sign in, and their mail programs work. Whoever left meanwhile leaves
    with the next two files of their HR feed that lack them.
    """
    found = find_person(tools.directory, reference)
    if found.status not in (*VISIBLE, HELD):
        raise Refused(f"{found.full_name} is {found.status} and not suspended. Nothing was changed.")
    changed = found.status == HELD and _become(tools, found, ACTIVE, "person restored", reason)
    _show(found, ACTIVE if changed else found.status, changed, "can sign in and is found", as_json)


def _become(tools: Tools, found: Person, status: str, event: str, reason: str) -> bool:
    """Change the status, the directory last; False if it is so already, and nothing is written."""
    if not reason.strip():
        raise Refused("Say why with --reason; it is kept in the ledger. Nothing was changed.")
    if found.status == status:
        return False
    with tools.store.transaction() as tx:
        told = {"reason": reason.strip()[:300]}
        ledger.append(tx, event, operator(), found.uid, told, tools.clock(), about=found.uid)
        today = london_today(tools.clock())
        tools.directory.write([Update(found, become(found, status, today))])
    return True


def _show(found: Person, status: str, changed: bool, words: str, as_json: bool) -> None:
    data = {"uid": found.uid, "status": status, "changed": changed}
    show(data, f"{found.full_name} {words}{'' if changed else ', as before'}.", as_json)


COMMANDS = (suspend, restore)
