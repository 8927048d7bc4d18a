"""`counterpart person erase` and `export`: the end of somebody's data, and all of it for them to have."""

import click

from counterpart.commands.common import Tools, as_json, counted, example, operator, pass_tools, show
from counterpart.commands.people import find_person
from counterpart.commands.sync_context import context_of
from counterpart.exit_codes import DONE
from counterpart.refused import Refused
from ldap_schema.clock import london_today
from ldap_schema.people import Person
from store import ledger
from sync import erasures, merges
from sync.context import PLANNED
from sync.erasing import expired
from sync.export import export_text, gather


@click.command(
    epilog=example(
        "counterpart person erase ada@rivers.example --reason INC-47",
        "counterpart person erase --expired --yes",
        "counterpart person erase --replay",
    )
)
@click.argument("reference", metavar="[ADDRESS|UID]", required=False)
@click.option("--expired", "old", is_flag=True, help="Everybody who left longer ago than the retention.")
@click.option("--replay", is_flag=True, help="Everybody erased before, whom a restore brought back.")
@click.option("--reason", default="", help="Why; kept in the ledger.")
@click.option("--yes", is_flag=True, help="Do it without asking.")
@as_json
@pass_tools
def erase(
    tools: Tools, reference: str | None, old: bool, replay: bool, reason: str, yes: bool, as_json: bool
) -> int:
    """Erase a person for good; nothing brings them back.

    Entry, tenures, offices, delegations, mail programs and grants go, and the key under which ledger, plans
    and receipts tell of them. Marks stay, so that no old file lists them again. It asks first.
    """
    if sum((reference is not None, old, replay)) != 1:
        raise click.UsageError("Give a person, --expired or --replay.")
    context = context_of(tools)
    if replay:
        again = erasures.replay(context)
        show({"erased": again}, f"{counted(len(again), 'person', 'people')} erased again.", as_json)
        return DONE
    people = _expired(tools) if old else [find_person(tools.directory, str(reference))]
    reason = reason.strip() or (
        f"left more than {tools.settings.sync.retention_months} months ago" if old else ""
    )
    if not reason:
        raise Refused("Say why with --reason; it is kept in the ledger. Nothing was changed.")
    if not as_json:
        for each in people:
            click.echo(f"  - {each.display_name or each.full_name}  ({each.uid}, {each.status})")
    if people and not (yes or _agreed("Erase for good?", as_json=as_json)):
        click.echo("Nothing was changed. Say --yes to erase.", err=True)
        return PLANNED
    for each in people:
        erasures.erase(context, each, reason)
    data = {"erased": [each.uid for each in people]}
    show(data, f"{counted(len(people), 'person', 'people')} erased.", as_json)
    return DONE


def _expired(tools: Tools) -> list[Person]:
    months, today = tools.settings.sync.retention_months, london_today(tools.clock())
    return expired(tools.directory.people.everybody(), today, months)


def _agreed(question: str, *, as_json: bool) -> bool:
    """Ask, where somebody can be asked."""
    return not as_json and click.confirm(question, default=False)


@click.command(epilog=example("counterpart person export ada@rivers.example --json > ada.json"))
@click.argument("reference", metavar="ADDRESS|UID")
@as_json
@pass_tools
def export(tools: Tools, reference: str, as_json: bool) -> None:
    """Give a person everything that is held about them.

    The record with where each value came from, posts, offices, delegations, mail programs, rows of receipts
    and what the ledger says of them. Who others are is not told. The act is written into the ledger.
    """
    found = find_person(tools.directory, reference)
    devices = tools.portal_directory.credentials.of(found.uid)
    held = gather(context_of(tools), found)
    data = {
        **held,
        "mail programs": [
            {"label": each.label, "last used": each.last_used, "ends": each.expires} for each in devices
        ],
    }
    with tools.store.transaction() as tx:
        ledger.append(tx, "person exported", operator(), found.uid, {}, tools.clock())
    show(data, export_text(data), as_json)


@click.command(epilog=example("counterpart person merge 4f1c 9a77 --reason 'one person, HR says'"))
@click.argument("keep", metavar="KEEP")
@click.argument("drop", metavar="DROP")
@click.option("--reason", default="", help="How you know; kept in the ledger.")
@click.option("--yes", is_flag=True, help="Do it without asking.")
@as_json
@pass_tools
def merge(tools: Tools, keep: str, drop: str, reason: str, yes: bool, as_json: bool) -> int:
    """Make two entries of one person one.

    KEEP and DROP are addresses or uids. KEEP gets DROP's posts with their feeds' keys, offices, delegations,
    cohorts and what it lacks itself; DROP's uid answers with KEEP from then on. DROP's roles, sign-ins and
    mail programs end. It can't be undone, and asks first.
    """
    context, kept = context_of(tools), find_person(tools.directory, keep)
    if completed := merges.unfinished(context, kept):
        words = f"{kept.full_name} is one entry: the merge of {completed} had been cut off, and is complete."
        show({"uid": kept.uid, "dropped": completed}, words, as_json)
        return DONE
    dropped = find_person(tools.directory, drop)
    if not as_json:
        for mark, each in (("~", kept), ("-", dropped)):
            click.echo(f"  {mark} {each.display_name or each.full_name}  ({each.uid}, {each.status})")
    if not (yes or _agreed("Are they one person?", as_json=as_json)):
        click.echo("Nothing was changed. Say --yes to merge.", err=True)
        return PLANNED
    merges.merge(context, kept, dropped, reason)
    show(
        {"uid": kept.uid, "dropped": dropped.uid}, f"{kept.full_name} is one entry now: {kept.uid}.", as_json
    )
    return DONE


COMMANDS = (erase, export, merge)
