"""The commands of `counterpart person` about the sign-ins that open a person's record."""

from collections.abc import Mapping

import click

from counterpart.commands.common import Tools, as_json, example, operator, pass_tools, show
from counterpart.commands.notices import notice_to
from counterpart.commands.people import find_person
from counterpart.refused import Refused
from saml.held_keys import keys_of
from saml.linking import Linking, provider_of
from saml.provider import Provider
from saml.registry import Registry
from store import ledger, waiting


@click.command(
    epilog=example(
        "counterpart person link ada@rivers.example --matter 12 --reason INC-4711",
        "counterpart person link ada@rivers.example --reason INC-4711 \\\n"
        "      --key 'rivers|subject-id|np-7@rivers.example'",
    )
)
@click.argument("reference", metavar="ADDRESS|UID")
@click.option("--matter", type=int, help="Number of the unknown sign-in that waits on the desk.")
@click.option("--key", help="The key itself, as `person show` lists it: provider|kind|value.")
@click.option("--reason", required=True, help="How you know that it is theirs; kept in the ledger.")
@as_json
@pass_tools
def link(
    tools: Tools, reference: str, matter: int | None, key: str | None, reason: str, as_json: bool
) -> None:
    """Link a sign-in to a person's record.

    As after a move to another organisation. Sign-ins of the same provider, and of providers that don't
    speak for the person's organisation, are cut off; sessions that they began end within a minute. The person
    is told by mail.
    """
    if (matter is None) == (key is None):
        raise click.UsageError("Give --matter or --key.")
    found = find_person(tools.directory, reference)
    known = {each.id: each for each in Registry(tools.store).all()}
    notice = notice_to(tools, found, "linked", f"{found.uid} {tools.clock().isoformat()}")
    with tools.store.transaction() as tx:
        if matter is not None:
            key = waiting.settle(tx, matter, operator(), tools.clock()).details.get("federated_id")
        wanted = _known_key(key, known)
        told = {"provider": provider_of(wanted), "reason": reason[:300]}
        ledger.append(
            tx, "sign-in linked by a manager", operator(), found.uid, told, tools.clock(), about=found.uid
        )
        notice.queue(tx)
        linked = Linking(tools.directory).replace(found.uid, wanted, known)
    words = f"{found.full_name} signs in through {provider_of(wanted)} from now on."
    show({"uid": found.uid, "federated_ids": keys_of(linked)}, words, as_json)


@click.command(
    epilog=example(
        "counterpart person unlink ada@rivers.example --reason INC-4711 \\\n"
        "      --key 'rivers|subject-id|np-7@rivers.example'",
    )
)
@click.argument("reference", metavar="ADDRESS|UID")
@click.option("--key", required=True, help="The key, as `person show` lists it.")
@click.option("--reason", required=True, help="Why it no longer opens the record; kept in the ledger.")
@as_json
@pass_tools
def unlink(tools: Tools, reference: str, key: str, reason: str, as_json: bool) -> None:
    """Cut a sign-in off from a person's record.

    Sessions that it began end within a minute. After the last one, mail does not introduce the person again:
    only `person link` or the desk opens the record.
    """
    found = find_person(tools.directory, reference)
    with tools.store.transaction() as tx:
        told = {"provider": provider_of(key), "reason": reason[:300]}
        ledger.append(
            tx, "sign-in cut off by a manager", operator(), found.uid, told, tools.clock(), about=found.uid
        )
        left = Linking(tools.directory).remove(found.uid, key)
    words = f"{found.full_name} can't sign in through that any more."
    show({"uid": found.uid, "federated_ids": keys_of(left)}, words, as_json)


COMMANDS = (link, unlink)


def _known_key(key: str | None, known: Mapping[str, Provider]) -> str:
    """The key, if it is one by which its provider knows people."""
    if not key:
        raise Refused("That matter is no sign-in that can be linked. Nothing was changed.")
    id_, _, rest = key.partition("|")
    kind, _, value = rest.partition("|")
    provider = known.get(id_)
    if provider is None or not value:
        raise Refused(f"{key!r} is not provider|kind|value with a registered provider. Nothing was changed.")
    if kind not in (provider.identity_attribute, provider.next_identity_attribute):
        raise Refused(
            f"The people of {id_} are known by {provider.identity_attribute}, not by {kind!r}. "
            "Nothing was changed."
        )
    return key
