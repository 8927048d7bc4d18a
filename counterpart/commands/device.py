"""`counterpart device`: the passwords with which mail programs read the directory."""

from dataclasses import asdict
from datetime import datetime

import click

from counterpart.commands.common import InOrder, Tools, as_json, example, operator, pass_tools, show, table
from counterpart.commands.notices import notice_to
from counterpart.commands.people import find_person
from ldap_schema.credentials import Credential
from ldap_schema.passwords import new_id
from store import ledger, waiting


@click.group(cls=InOrder)
def device() -> None:
    """Give people's mail programs their own way into the directory."""


@device.command(
    epilog=example('counterpart device add ada.quill@rivers-and-coasts.example "Outlook at work"')
)
@click.argument("reference", metavar="ADDRESS|UID")
@click.argument("label")
@click.option(
    "--days", default=365, show_default=True, type=click.IntRange(1, 3650), help="How long it is good for."
)
@as_json
@pass_tools
def add(tools: Tools, reference: str, label: str, days: int, as_json: bool) -> None:
    """Make a password for one device. It is shown once, and never again."""
    directory = tools.portal_directory
    owner = find_person(directory, reference)
    id_ = new_id()
    notice = notice_to(tools, owner, "device_added_by_desk", id_, label=label)
    with tools.store.transaction() as tx:  # the directory last: no password without its entry in the ledger
        ledger.append(tx, "device added", operator(), id_, {"for": owner.uid}, tools.clock())
        notice.queue(tx)
        made = directory.credentials.issue(owner.uid, label, tools.clock(), days=days, id_=id_)
    data = asdict(made.credential) | {
        "bind_dn": made.bind_dn,
        "base_dn": made.base_dn,
        "password": made.password,
    }
    lines = [
        f"{label}, for {owner.uid}, until {_day(made.credential)}",
        f"  user name (bind DN)  {made.bind_dn}",
        f"  search base          {made.base_dn}",
        f"  password             {made.password}",
        "The password is not kept and can't be shown again.",
    ]
    show(data, "\n".join(lines), as_json)


@device.command("list", epilog=example("counterpart device list ada.quill@rivers-and-coasts.example"))
@click.argument("reference", metavar="ADDRESS|UID")
@as_json
@pass_tools
def list_devices(tools: Tools, reference: str, as_json: bool) -> None:
    """List a person's devices."""
    directory = tools.portal_directory
    found = directory.credentials.of(find_person(directory, reference).uid)
    rows = [
        (each.id, each.label, _state(each, tools.clock()), _day(each), _last_used(each)) for each in found
    ]
    text = table(rows, ("id", "label", "state", "good until", "last used")) if rows else "No devices."
    show([asdict(each) for each in found], text, as_json)


@device.command(epilog=example("counterpart device revoke ada.quill@rivers-and-coasts.example 7f3k2m9q"))
@click.argument("reference", metavar="ADDRESS|UID")
@click.argument("id")
@as_json
@pass_tools
def revoke(tools: Tools, reference: str, id: str, as_json: bool) -> None:
    """End one device's access at once, open connections included."""
    directory = tools.portal_directory
    owner = find_person(directory, reference)
    with tools.store.transaction() as tx:
        ledger.append(tx, "device removed", operator(), id, {"for": owner.uid}, tools.clock())
        waiting.settle_matter(tx, waiting.SUSPENDED_DEVICE, id, operator(), tools.clock())
        directory.credentials.revoke(id, owner.uid)
    show({"id": id, "revoked": True}, f"Device {id} has no access any more.", as_json)


def _state(credential: Credential, now: datetime) -> str:
    if credential.suspended:
        return "suspended"
    return "expired" if credential.expires and credential.expires <= now else "good"


def _day(credential: Credential) -> str:
    return credential.expires.date().isoformat() if credential.expires else "no end"


def _last_used(credential: Credential) -> str:
    return credential.last_used.strftime("%Y-%m-%d %H:%M UTC") if credential.last_used else "never"
