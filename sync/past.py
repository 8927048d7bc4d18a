"""What the command line asks about runs that are over: undo, history, drift."""

from collections.abc import Mapping

from ldap_schema.clock import london_today
from ldap_schema.directory import Directory
from ldap_schema.feeds import FeedPart
from ldap_schema.organisations import Organisation
from store import ledger
from store.models import LedgerEntry
from sync.closing import APPLIED_EVENT, UNDONE_EVENT
from sync.context import DONE, OTHER, PLANNED, Result, SyncContext
from sync.drift import Drift, Live, find_drift
from sync.holds import APPROVED_EVENT, HELD_EVENT, REJECTED_EVENT
from sync.render import printable, undo_text
from sync.reorganising import BACK_EVENT as MAP_BACK
from sync.reorganising import EVENT as MAP
from sync.resume import ABANDONED
from sync.state import people_and_tenures
from sync.undo_run import PlannedUndo, apply_undo, plan_undo

_EVENTS = (APPLIED_EVENT, UNDONE_EVENT, ABANDONED, HELD_EVENT, APPROVED_EVENT, REJECTED_EVENT, MAP, MAP_BACK)


def undo_run(context: SyncContext, run: str, apply: bool, reason: str, width: int = 80) -> Result:
    """Show what takes a run back; with `apply`, a named account and a reason, write it."""
    planned = apply_undo(context, run, reason) if apply else plan_undo(context, run)
    data = _undo_data(planned, apply)
    changes = bool(planned.saved.plan.changes)
    text = undo_text(planned.saved.plan, planned.receipt, apply, width)
    return Result(exit_code=PLANNED if changes and not apply else DONE, text=text, data=data)


def _undo_data(planned: PlannedUndo, applied: bool) -> dict[str, object]:
    receipt = planned.receipt
    return {
        "run": planned.saved.run,
        "undoes": receipt.undoes,
        "status": receipt.status,
        "feed": receipt.feed,
        "part": receipt.part,
        "changes": receipt.changes,
        "kept": list(receipt.kept),
        "applied": applied and receipt.status != "planned",
    }


def history(context: SyncContext, feed: str = "", most: int = 100) -> Result:
    """List what was done to feeds, the latest first: runs with their counts, holds, decisions, undos."""
    with context.store.reading() as tx:
        entries = ledger.of_events(tx, _EVENTS, f"feed:{feed}" if feed else "", most)
        told = ledger.opened(tx, entries)
    data = [_act(each, details) for each, details in zip(entries, told, strict=True)]
    undone = {each["undoes"]: each["run"] for each in data if "undoes" in each}
    for each in data:
        if "undoes" not in each and each.get("run") in undone:
            each["undone_by"] = undone[each["run"]]
    text = "\n".join(map(_history_line, data)) or "No feed was applied yet."
    return Result(exit_code=DONE, text=text, data={"runs": data})


def _act(entry: LedgerEntry, told: Mapping[str, str]) -> dict[str, str]:
    details = {name.replace(" ", "_"): value for name, value in told.items()}
    return {
        "at": entry.instant,
        "event": entry.event.removeprefix("feed "),
        "by": entry.actor,
        "feed": entry.subject.removeprefix("feed:"),
        **details,
    }


def _history_line(act: dict[str, str]) -> str:
    rows = "rows_"
    what = (
        f"{_minute(act['at'])}  {act['event']:<9} {act.get('run', '')}  {act['feed']} / {act.get('part', '')}"
    )
    what += f", as of {act['as_of']}" if act.get("as_of") else ""
    counts = [
        f"{value} {name.removeprefix(rows).replace('_', ' ')}"
        for name, value in act.items()
        if name.startswith(rows)
    ]
    what += f": {', '.join(counts)}" if counts else ""
    what += f"; undoes {act['undoes']}" if act.get("undoes") else ""
    what += f"; undone by {act['undone_by']}" if act.get("undone_by") else ""
    return what + (f"; by {act['by']}: {printable(act['reason'])}" if act.get("reason") else "")


def _minute(instant: str) -> str:
    return instant[:16].replace("T", " ")


def drift(context: SyncContext, feed: str = "") -> Result:
    """List which of a feed's records, or of all feeds', are not as the feed left them; exit 1 if any is."""
    data: list[dict[str, str]] = []
    organisations = {each.id: each for each in context.directory.organisations.all()}
    for part in context.directory.feeds.parts(feed or None):
        live = _live(context.directory, part, organisations)
        found = find_drift(live, london_today(context.clock()))
        data += [{"feed": part.feed, "part": part.part, **_drift_data(context, each)} for each in found]
    lines = [
        f"{each['feed']} / {each['part']}: {printable(each['who'])}: {each['what']}"
        + (f" (last written {_minute(each['at'])} by {each['by']})" if each["at"] else "")
        for each in data
    ]
    text = "\n".join(lines) or "Every record is as its feed left it."
    return Result(exit_code=OTHER if data else DONE, text=text, data={"drift": data})


def _drift_data(context: SyncContext, found: Drift) -> dict[str, str]:
    by, at = context.directory.last_written(found.record)
    told = {"who": found.who, "what": found.what, "by": by, "at": at.isoformat() if at else ""}
    return told | {"uid": getattr(found.record, "uid", "") or getattr(found.record, "holder", "")}


def _live(directory: Directory, of: FeedPart, organisations: Mapping[str, Organisation]) -> Live:
    people, tenures = people_and_tenures(directory, of.feed, of.part)
    return Live(
        feed=of.feed,
        part=of.part,
        people=people,
        posts={each.id: each for each in directory.posts.all_of_feed(of.feed, of.part)},
        tenures=tenures,
        organisations=organisations,
    )
