"""`counterpart person seal` and `unseal`: concealing somebody whose life may be in danger."""

import click

from counterpart.commands.common import Tools, as_json, counted, example, operator, pass_tools, show
from counterpart.commands.people import find_person
from ldap_schema.clock import london_today
from ldap_schema.people import SEALED_ALL, SEALED_POST, Person
from ldap_schema.seals import Concealed
from store import ledger


@click.command(
    epilog=example(
        "counterpart person seal ada.quill@rivers-and-coasts.example",
        "counterpart person seal ada.quill@rivers-and-coasts.example --post-too",
    )
)
@click.argument("reference", metavar="ADDRESS|UID")
@click.option(
    "--post-too", is_flag=True, help="Conceal also that the posts exist which the person holds alone."
)
@as_json
@pass_tools
def seal(tools: Tools, reference: str, post_too: bool, as_json: bool) -> None:
    """Conceal somebody whose life may be in danger.

    From that moment on they are there for no other leader and no mail program, their own included. Their
    posts stay listed as held, without a name; with --post-too they are concealed as well. They themselves,
    whoever acts for them, and HR feeds still see everything. The act is written into the ledger.
    """
    directory = tools.directory
    found = find_person(directory, reference)
    kind = SEALED_ALL if post_too else SEALED_POST
    with tools.store.transaction() as tx:
        ledger.append(tx, "person sealed", operator(), found.uid, {"kind": kind}, tools.clock())
        concealed = directory.seals.seal(found.uid, kind, london_today(tools.clock()))
    data = {
        "uid": found.uid,
        "sealed": kind,
        "posts": [post.id for post in concealed.posts],
        "offices": [office.id for office in concealed.offices],
    }
    show(data, _sealed(found, concealed), as_json)


@click.command(epilog=example("counterpart person unseal ada.quill@rivers-and-coasts.example"))
@click.argument("reference", metavar="ADDRESS|UID")
@as_json
@pass_tools
def unseal(tools: Tools, reference: str, as_json: bool) -> None:
    """Let a concealed person be seen as everybody is. The act is written into the ledger."""
    directory = tools.directory
    found = find_person(directory, reference)
    if found.sealed:
        with tools.store.transaction() as tx:
            ledger.append(tx, "person unsealed", operator(), found.uid, {}, tools.clock())
            directory.seals.unseal(found.uid)
    words = "is seen as everybody is" if found.sealed else "was not sealed"
    show({"uid": found.uid, "changed": bool(found.sealed)}, f"{found.full_name} {words}.", as_json)


def _sealed(person: Person, concealed: Concealed) -> str:
    lines = [f"{person.full_name} is sealed: there for no other leader and no mail program."]
    lines += [f"  post concealed as well: {post.title}" for post in concealed.posts]
    for office in concealed.offices:
        others = len(office.serves) - 1
        besides = f", and no longer for {counted(others, 'other')} whom it serves" if others else ""
        lines.append(f"  office concealed as well: {office.name}{besides}")
    return "\n".join(lines)


COMMANDS = (seal, unseal)
