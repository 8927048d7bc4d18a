"""`counterpart person confirm` and `dispute`, `counterpart sync explain`: what is said of single values."""

import click

from counterpart.commands.common import Tools, as_json, example, pass_tools, show
from counterpart.commands.people import find_person
from counterpart.commands.sync_context import context_of, told
from counterpart.refused import Refused
from ldap_schema.provenance import COVERS, disputes_of
from sync import facts
from sync.explain import explain as explained
from sync.tombstones import read_stones

ADA = "ada@rivers.example"
VALUE = click.Choice(tuple(COVERS))


@click.command(epilog=example(f"counterpart person confirm {ADA} mail telephone"))
@click.argument("reference", metavar="ADDRESS|UID")
@click.argument("values", type=VALUE, nargs=-1, required=True, metavar="VALUE...")
@as_json
@pass_tools
def confirm(tools: Tools, reference: str, values: tuple[str, ...], as_json: bool) -> None:
    """Note that the person or their office said: this is right.

    VALUE is name, post, organisation, mail, telephone or mobile. The day is shown beside the value; a feed
    that sends it again does not renew it, and another value ends it.
    """
    found = find_person(tools.directory, reference)
    facts.confirm(context_of(tools), found, values)
    data = {"uid": found.uid, "confirmed": list(values)}
    show(data, f"Confirmed today, for {found.full_name}: {', '.join(values)}.", as_json)


@click.command(
    epilog=example(
        f"counterpart person dispute {ADA} mail --says ada@r.example",
        f"counterpart person dispute {ADA} mail --close --reason INC-47",
    )
)
@click.argument("reference", metavar="ADDRESS|UID")
@click.argument("value", type=VALUE, metavar="VALUE")
@click.option("--says", default="", help="What is right, in the person's words.")
@click.option("--close", "closing", is_flag=True, help="End the dispute: the feed is right.")
@click.option("--reason", default="", help="Why it ends; kept in the ledger.")
@as_json
@pass_tools
def dispute(
    tools: Tools, reference: str, value: str, says: str, closing: bool, reason: str, as_json: bool
) -> None:
    """Keep what a person says of an HR feed's value.

    VALUE is name, post, organisation, mail, telephone or mobile. The sender reads it in every receipt until
    the feed sends what the person says, or --close ends it.
    """
    found, context = find_person(tools.directory, reference), context_of(tools)
    if closing:
        after = facts.close(context, found, value, reason)
        words = f"The {value} of {found.full_name} is no longer disputed."
    else:
        after = facts.dispute(context, found, value, says)
        words = f"Kept. The sender of {found.feed} reads it in the next receipt."
    data = {"uid": found.uid, "disputed": {of: each.says for of, each in disputes_of(after).items()}}
    show(data, words, as_json)


@click.command(epilog=example(f"counterpart sync explain {ADA}", f"counterpart sync explain {ADA} mail"))
@click.argument("reference", metavar="ADDRESS|UID")
@click.argument("value", type=VALUE, required=False, metavar="[VALUE]")
@as_json
@pass_tools
def explain(tools: Tools, reference: str, value: str | None, as_json: bool) -> int:
    """Say from which file, row and run a person's values come.

    VALUE is name, post, organisation, mail, telephone or mobile. Says also since when a value is unchanged,
    when a person last confirmed it, who disputes it and who may change it.
    """
    context = context_of(tools)
    try:
        found = find_person(tools.directory, reference)
    except Refused:
        if reference in read_stones(context).uids:
            raise Refused(f"{reference} was erased: nothing is told of them any more.") from None
        raise
    return told(explained(context, found, value or ""), as_json)


COMMANDS = (confirm, dispute)
