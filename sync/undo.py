"""What takes a run back. Pure: from what the run wrote and what stands now to changes, and what is kept."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import date

from ldap_schema.changes import Add, Change, Record, Remove, Update
from ldap_schema.people import DECEASED, HELD, LEFT, Person
from ldap_schema.reading_back import record_of, written
from sync.chunks import whose
from sync.draft import identity
from sync.standing import become
from sync.steps import PlanLine, visible_values

_OUT_OF_SIGHT = (LEFT, HELD, DECEASED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Undoing:
    """What would be written, for people to read, and what stays because it was changed since."""

    changes: tuple[Change, ...] = ()
    lines: tuple[PlanLine, ...] = ()
    kept: tuple[str, ...] = ()
    kept_of: tuple[str, ...] = ()  # whom each of these is about, as `whose` says


def undo(
    changes: Sequence[Change],
    stand: Sequence[Record | None],
    referrers: Sequence[set[str]],
    taken: set[str],
    today: date,
) -> Undoing:
    """Work out how to take changes back, the last one first.

    `stand` is what became of each one's record; `referrers` are the ids of the entries that refer to it now;
    `taken` are sign-in addresses that others have now. A value goes back only if it still is as the run left
    it. A record that the run brought goes if nobody changed it or refers to it since; a person of whom that
    is not true is hidden instead, as somebody who left.
    """
    found: list[Change] = []
    kept: list[tuple[str, str]] = []
    done: dict[str, Change] = {}
    for change, now, used_by in reversed(list(zip(changes, stand, referrers, strict=True))):
        record = record_of(change)
        mine = _id(record)
        still = {each for each in used_by if _refers(done.get(each), mine)}
        back, left = _back(change, now, still, taken, today)
        if back:
            done[mine] = back
        found += [back] if back else []
        kept += [(f"{_name(record)}: {left}", whose(record))] if left else []
    lines = tuple(line for each in found for line in _lines(each))
    words, people = zip(*kept, strict=True) if kept else ((), ())
    return Undoing(changes=tuple(found), lines=lines, kept=words, kept_of=people)


def _id(record: Record) -> str:
    return identity(record)  # type: ignore[arg-type]  # a plan has no delegations


def _refers(undone: Change | None, to: str) -> bool:
    """Tell whether an entry that refers to a record still does once its own change is taken back."""
    if undone is None:
        return True
    if isinstance(undone, Remove):
        return False
    record = record_of(undone)
    values = (getattr(record, each.name) for each in fields(record))
    return any(value == to or (isinstance(value, tuple) and to in value) for value in values)


def _back(
    change: Change, now: Record | None, used_by: set[str], taken: set[str], today: date
) -> tuple[Change | None, str]:
    """Return what takes one change back, and what of it has to stay."""
    match change:
        case Add(record):
            return _take_away(record, now, used_by, today) if now else (None, "")
        case Remove(record):
            if now:
                return None, "somebody made it again since"
            return Add(_without_taken(record, taken)), ""
        case Update(before, after):
            return _restore(before, after, now, taken) if now else (None, "it was removed since")


def _take_away(record: Record, now: Record, used_by: set[str], today: date) -> tuple[Change | None, str]:
    why = "changed since" if now != record else "other entries refer to it" if used_by else ""
    if not why:
        return Remove(now), ""
    if isinstance(now, Person) and now.status not in _OUT_OF_SIGHT:
        return Update(now, become(now, LEFT, today)), f"{why}: hidden, and not removed"
    return None, why


def _restore(before: Record, after: Record, now: Record, taken: set[str]) -> tuple[Change | None, str]:
    names = written(before, after)
    mine = [name for name in names if getattr(now, name) == getattr(after, name)]
    wanted = _without_taken(before, taken)
    values = {name: getattr(wanted, name) for name in mine}
    restored = replace(now, **values)
    others = [name for name in names if name not in mine and getattr(now, name) != getattr(before, name)]
    others += [name for name in mine if getattr(wanted, name) != getattr(before, name)]
    left = ", ".join(name.replace("_", " ") for name in others)
    return Update(now, restored) if restored != now else None, f"{left} changed since" if left else ""


def _without_taken(record: Record, taken: set[str]) -> Record:
    """Return the record without a sign-in address that belongs to another by now."""
    if isinstance(record, Person) and record.sign_in_address.casefold() in taken:
        return replace(record, sign_in_address="")
    return record


def _lines(change: Change) -> list[PlanLine]:
    """Say what happens to a person; of posts and tenures the summary gives the number."""
    record = record_of(change)
    if not isinstance(record, Person):
        return []
    who = record.display_name or record.full_name
    if isinstance(change, Add):
        return [PlanLine(symbol="+", who=who, what="comes back", uid=record.uid)]
    if isinstance(change, Remove):
        what = "removed: the run had brought this record"
        return [PlanLine(symbol="-", who=who, what=what, uid=record.uid)]
    values = visible_values(change.before, record) if isinstance(change.before, Person) else ()
    return [PlanLine(symbol="~", who=who, values=values, uid=record.uid)]


def _name(record: Record) -> str:
    """Return how people call a record."""
    for field in ("display_name", "full_name", "title", "name"):
        if getattr(record, field, ""):
            return str(getattr(record, field))
    return f"{type(record).__name__.lower()} {_id(record)}"
