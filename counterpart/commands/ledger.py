"""`counterpart ledger`: shows that nothing was changed in the list of acts."""

import json

import click

from counterpart.commands.common import InOrder, Tools, as_json, counted, example, pass_tools, show, table
from counterpart.exit_codes import DONE, OTHER
from store import ledger as book


@click.group(cls=InOrder)
def ledger() -> None:
    """Verify and read the ledger, the list of what was done."""


@ledger.command(epilog=example("counterpart ledger verify", "counterpart ledger verify --noted 128:9f2c…"))
@click.option("--noted", help="A seal printed earlier: the ledger must still contain it.")
@as_json
@pass_tools
def verify(tools: Tools, noted: str | None, as_json: bool) -> int:
    """Find any change, deletion or reordering.

    Prints a seal. Noted elsewhere and given back later with --noted, it also shows that no end was cut off.
    """
    seal = book.parse_seal(noted) if noted else None
    with tools.store.reading() as tx:
        verdict = book.verify(tx, seal)
    data = {
        "holds": verdict.holds,
        "entries": verdict.entries,
        "seal": str(verdict.seal),
        "broken_at": verdict.broken_at,
        "reason": verdict.reason,
    }
    if verdict.holds:
        show(
            data,
            f"The ledger holds: {counted(verdict.entries, 'entry', 'entries')}.\nSeal: {verdict.seal}",
            as_json,
        )
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
    data = [
        {
            "number": entry.number,
            "instant": entry.instant,
            "event": entry.event,
            "actor": entry.actor,
            "subject": entry.subject,
            "details": json.loads(entry.details),
        }
        for entry in entries
    ]
    rows = [
        (str(entry.number), entry.instant[:19], entry.event, entry.actor, entry.subject) for entry in entries
    ]
    show(data, table(rows, ("no.", "when (UTC)", "event", "by", "about")), as_json)
