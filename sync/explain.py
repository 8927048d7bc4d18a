"""Why a value is what it is: who gave it, by which file and run, since when, and who may change it."""

from dataclasses import dataclass

from ldap_schema.clock import london_today
from ldap_schema.people import Person
from ldap_schema.provenance import COVERS, FEED, OWNER, Source, disputes_of, sources_of
from store import ledger
from sync.closing import APPLIED_EVENT
from sync.context import DONE, Result, SyncContext
from sync.errors import InputRefused, PlanRefused
from sync.ownership import owner_of
from sync.provenance import FILE_DIGITS, overridden
from sync.receipt_file import load_receipt
from sync.render import printable

_MOST_RUNS = 200  # of a feed that are looked through for the one that brought a value


@dataclass(frozen=True, slots=True)
class Why:
    """One value of a person and its chain, in plain words and as data."""

    of: str
    value: str
    lines: tuple[str, ...]
    data: dict[str, object]


def explain(context: SyncContext, person: Person, of: str = "") -> Result:
    """Say of each value, or of one, where it came from. InputRefused for a value that the person has not."""
    wanted = [each for each in COVERS if (not of or each == of) and _value(person, each)]
    if not wanted:
        raise InputRefused(f"{person.full_name} has no {of or 'value of a known kind'} here.")
    found = [_why(context, person, each) for each in wanted]
    lines = [f"{printable(person.display_name or person.full_name)}  ({person.uid})"]
    for each in found:
        lines += ["", f"{each.of}: {printable(each.value)}", *(f"  {line}" for line in each.lines)]
    data = {"uid": person.uid, "values": [each.data for each in found]}
    return Result(exit_code=DONE, text="\n".join(lines), data=data)


def _why(context: SyncContext, person: Person, of: str) -> Why:
    source, dispute = sources_of(person).get(of), disputes_of(person).get(of)
    run, applied = _run_of(context, source) if source else ("", "")
    lines = [*_came(person, source), *([f"applied by run {run}, {applied}"] if run else [])]
    lines.append(_confirmed(source))
    until = overridden(person, of, london_today(context.clock()))
    if until:
        lines.append(f"set by hand over the HR feed's value; after {until} the feed has the word again")
    if dispute:
        lines.append(f'disputed since {dispute.on}: "{printable(dispute.says)}"; told in every receipt')
    owner = owner_of(COVERS[of][0]).value
    lines.append(f"may be changed by: {owner}")
    data: dict[str, object] = {
        "of": of, "value": _value(person, of), "owner": owner, "run": run,
        "source": _data(source) if source else None,
        "disputed": {"since": dispute.on, "says": dispute.says} if dispute else None,
    }  # fmt: skip
    return Why(of, _value(person, of), tuple(lines), data)


def _came(person: Person, source: Source | None) -> list[str]:
    if source is None:
        kept = f"the record is kept by the HR feed {person.feed}" if person.feed else "no feed keeps it"
        return [f"no row is noted for it: it has not changed since rows are noted; {kept}"]
    if source.by == FEED:
        feed = f"{printable(source.name)} (feed {printable(source.who)})"
        return [f"sent by {feed}, row {source.row} of its file of {source.as_of}; unchanged since"]
    by = "the person" if source.by == OWNER else "a directory manager, by hand"
    return [f"written by {by} on {source.as_of}; unchanged since"]


def _confirmed(source: Source | None) -> str:
    if source is None or source.confirmed is None:
        return "no person has confirmed it yet"
    return f"a person confirmed it on {source.confirmed}"


def _run_of(context: SyncContext, source: Source) -> tuple[str, str]:
    """Find the run that brought a value: the first of that part, day and file."""
    if source.by != FEED:
        return "", ""
    feed, _, part = source.who.partition("/")
    with context.store.reading() as tx:
        applied = ledger.of_events(tx, (APPLIED_EVENT,), f"feed:{feed}", _MOST_RUNS)
    for entry in reversed(applied):
        told = ledger.details_of(entry)
        if (told.get("part"), told.get("as of")) != (part, source.as_of.isoformat()):
            continue
        if _file_of(context, told["run"]) == source.file:
            return told["run"], entry.instant[:10]
    return "", ""


def _file_of(context: SyncContext, run: str) -> str:
    try:
        after = load_receipt(context.settings.folder, run, context.sealer()).after
    except PlanRefused:
        return ""  # removed, or of another machine
    return after.file_digest[:FILE_DIGITS] if after else ""


def _value(person: Person, of: str) -> str:
    if of == "organisation":
        return person.organisation_name
    value = person.display_name if of == "name" else getattr(person, COVERS[of][0])
    return "; ".join(value) if isinstance(value, tuple) else str(value)


def _data(source: Source) -> dict[str, object]:
    return {
        "by": source.by, "who": source.who, "name": source.name, "as_of": source.as_of,
        "file": source.file, "row": source.row, "unchanged_since": source.as_of,
        "confirmed": source.confirmed, "until": source.until,
    }  # fmt: skip
