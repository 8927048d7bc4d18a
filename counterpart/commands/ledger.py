"""`counterpart ledger`: shows that nothing was changed in the list of acts, and lets old ones go."""

from datetime import UTC, date, datetime, time
from pathlib import Path

import click
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from counterpart.commands.common import (
    DAY,
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
from counterpart.exit_codes import DONE, OTHER
from counterpart.refused import Refused
from store import checkpoints
from store import ledger as book


@click.group(cls=InOrder)
def ledger() -> None:
    """Verify, read and shorten the ledger, the list of what was done."""


@ledger.command(epilog=example("counterpart ledger verify", "counterpart ledger verify --noted 128:9f2c…"))
@click.option("--noted", help="A seal printed earlier: the ledger must still contain it.")
@as_json
@pass_tools
def verify(tools: Tools, noted: str | None, as_json: bool) -> int:
    """Find any change, deletion or reordering.

    Prints a seal. Noted elsewhere and given back later with --noted, it also shows that no end was cut off.
    """
    seal = book.parse_seal(noted) if noted else None
    key = checkpoint_key(tools.settings.service.ledger_key_file)
    with tools.store.reading() as tx:
        first = book.first(tx)
        if first > 1 and key is None:
            raise Refused(
                f"The ledger begins at entry {first}, after a signed checkpoint. Name the key that signed it "
                "in COUNTERPART_SERVICE_LEDGER_KEY_FILE: without it nobody can tell whether it was cut off."
            )
        verdict = checkpoints.verify(tx, key, seal)
    data = {
        "holds": verdict.holds,
        "entries": verdict.entries,
        "first": first,
        "seal": str(verdict.seal),
        "broken_at": verdict.broken_at,
        "reason": verdict.reason,
    }
    if verdict.holds:
        how_many = counted(verdict.entries - max(first - 1, 0), "entry", "entries")
        since = f" from entry {first} on, which follows a signed checkpoint" if first > 1 else ""
        show(data, f"The ledger holds: {how_many}{since}.\nSeal: {verdict.seal}", as_json)
        return DONE
    words = f"The ledger does not hold from entry {verdict.broken_at} on: {verdict.reason}."
    show(
        data,
        f"{words}\nThe entries before it are as they were written. Keep a copy and find out who wrote to it.",
        as_json,
    )
    return OTHER


@ledger.command("show", epilog=example("counterpart ledger show --last 20"))
@click.option(
    "--last", default=20, show_default=True, type=click.IntRange(1, 10_000), help="How many entries."
)
@as_json
@pass_tools
def show_latest(tools: Tools, last: int, as_json: bool) -> None:
    """Show what was done last, and by whom."""
    with tools.store.reading() as tx:
        entries = book.latest(tx, last)
        told = book.opened(tx, entries)
    data = [
        {
            "number": entry.number,
            "instant": entry.instant,
            "event": entry.event,
            "actor": entry.actor,
            "subject": entry.subject,
            "details": details,
        }
        for entry, details in zip(entries, told, strict=True)
    ]
    rows = [
        (str(entry.number), entry.instant[:19], entry.event, entry.actor, entry.subject) for entry in entries
    ]
    show(data, table(rows, ("no.", "when (UTC)", "event", "by", "about")), as_json)


@ledger.command(epilog=example("counterpart ledger checkpoint"))
@as_json
@pass_tools
def checkpoint(tools: Tools, as_json: bool) -> None:
    """Sign the ledger as it is now, so that old entries may go.

    The key is the file that COUNTERPART_SERVICE_LEDGER_KEY_FILE names. Prints a seal to be noted elsewhere.
    """
    with tools.store.transaction() as tx:
        seal = checkpoints.make(tx, _needed_key(tools), operator(), tools.clock())
    show({"seal": str(seal)}, f"Signed up to entry {seal.number}.\nSeal: {seal}", as_json)


@ledger.command(epilog=example("counterpart ledger prune --before 2026-01-01"))
@click.option("--before", type=DAY, required=True, help="Up to the newest checkpoint made before that day.")
@click.option("--yes", is_flag=True, help="Do it without asking.")
@as_json
@pass_tools
def prune(tools: Tools, before: date, yes: bool, as_json: bool) -> int:
    """Delete old entries, up to a signed checkpoint.

    What is left still verifies. Which entries were merged is kept, because pages ask for it. Runs older than
    that day can't be explained or looked up in the history any more; nothing else changes.
    """
    key = _needed_key(tools)
    if not yes and (as_json or not click.confirm("Delete them for good?", default=False)):
        click.echo("Nothing was changed. Say --yes to delete.", err=True)
        return OTHER
    moment = datetime.combine(before, time(), UTC)
    with tools.store.transaction() as tx:
        gone = checkpoints.prune(tx, key, moment, operator(), tools.clock())
    tools.store.scrub()
    show({"deleted": gone}, f"{counted(gone, 'entry', 'entries')} deleted. `ledger verify` holds.", as_json)
    return DONE


def checkpoint_key(file: str) -> Ed25519PrivateKey | None:
    """Read the key that checkpoints are signed with, if one is named."""
    return checkpoints.read_key(Path(file)) if file else None


def _needed_key(tools: Tools) -> Ed25519PrivateKey:
    key = checkpoint_key(tools.settings.service.ledger_key_file)
    if key is None:
        raise Refused(
            "No key signs checkpoints yet. Make one (`openssl genpkey -algorithm ed25519 -out FILE`) and "
            "name it in COUNTERPART_SERVICE_LEDGER_KEY_FILE. Nothing was changed."
        )
    return key
