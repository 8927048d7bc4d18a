"""What the guard looks at: counted from a plan, with no opinion about it."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from statistics import median

from ldap_schema.organisations import Organisation
from ldap_schema.people import DECEASED, HELD, LEAVING, LEFT, Person
from ldap_schema.posts import Post, Tenure
from sync.draft import Draft
from sync.mapping import Limits
from sync.normalise import fold
from sync.rows import REJECTED, Reading, RowOutcome
from sync.standing import end_of, is_marked
from sync.state import State

BLANKABLE = (
    "given_name",
    "honorific",
    "honours",
    "known_as",
    "mail",
    "telephone",
    "mobile",
    "sign_in_address",
    "title",
    "region",
)
_COLUMNS = (*BLANKABLE, "family_name", "organisation_name")
IDENTITY = ("family_name", "given_name", "sign_in_address", "feed_key")
LATELY = timedelta(days=30)
GOING = (LEAVING, LEFT, DECEASED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measures:
    """Counts of one plan against the part's people."""

    size: int = 0  # people the part had
    rows: int = 0
    usual_rows: float = 0  # the median of the last five files applied
    joined: int = 0
    absent: int = 0  # people the file no longer names, for the first time or again
    leaving: int = (
        0  # people of whom the file says anew that they left or when they will, or sooner than before
    )
    updated: int = 0
    identity: int = 0
    rejected: int = 0
    blanked: Mapping[str, int] = field(default_factory=dict)
    constant: tuple[str, ...] = ()  # columns that used to vary and now say one thing
    blank: tuple[str, ...] = ()  # columns that used to say something and now say nothing
    doubled: int = 0  # joiners with the name of somebody whom the file lists under another key
    emptied: tuple[str, ...] = ()  # organisations whose people would all be somewhere new
    gone_lately: int = 0  # people who were found gone in the last thirty days, a few at a time
    let_go_lately: int = 0  # people whom a date let go in the last thirty days, a few at a time


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What the planner knows beside the records: who was named, missed, vouched for by a named person."""

    named: set[str]
    absent: set[str]
    vouched: set[str]
    outcomes: list[RowOutcome]
    numbered: bool = True  # the sender's key is more than a name


def measure(
    reading: Reading, state: State, draft: Draft, taken: Taken, today: date, limits: Limits
) -> Measures:
    """Count what a draft would do to the people of a part."""
    stayed = [(before, draft.person(uid)) for uid in sorted(taken.named) if (before := draft.was(uid))]
    changed = [(before, after) for before, after in stayed if before != after]
    everybody = [draft.person(uid) for uid in taken.named]
    own = {each.uid for each in state.owned()}
    blanked = {name: sum(_blanked(before, after, name) for before, after in changed) for name in BLANKABLE}
    tenures = _by_holder(state, draft, {each.uid for each, _ in stayed if each.status in (HELD, LEAVING)})
    columns = [name for name in _COLUMNS if any(getattr(b, name) != getattr(a, name) for b, a in changed)]
    size = state.size(today)
    gone_lately, let_go_lately = _lately(state, size, today, limits)
    return Measures(
        size=size,
        rows=reading.rows,
        usual_rows=usual_rows(state),
        joined=len(taken.named) - len(stayed),
        absent=len(taken.absent),
        leaving=sum(_is_going(before, after, *tenures) for before, after in stayed),
        updated=len(
            {before.uid for before, after in changed if _content(before) != _content(after)}
            | _retitled(draft, taken.named)
        ),
        identity=sum(
            any(_differs(before, after, name) for name in IDENTITY if name != "feed_key" or before.uid in own)
            for before, after in changed
            if before.uid not in taken.vouched
        ),
        rejected=sum(each.outcome == REJECTED for each in taken.outcomes),
        blanked={name: count for name, count in blanked.items() if count},
        constant=tuple(name for name in columns if _became(stayed, everybody, name, blank=False)),
        blank=tuple(name for name in columns if _became(stayed, everybody, name, blank=True)),
        doubled=_doubled(stayed, everybody) if taken.numbered else 0,
        emptied=_emptied(stayed, draft),
        gone_lately=gone_lately,
        let_go_lately=let_go_lately,
    )


def usual_rows(state: State) -> float:
    """Give the median of the rows of the last five files applied; nothing before the first."""
    counts = [int(each) for each in state.part.row_counts.split()] or [state.part.rows]
    return float(median(counts))


def _by_holder(
    state: State, draft: Draft, uids: set[str]
) -> tuple[dict[str, list[Tenure]], dict[str, list[Tenure]]]:
    """Give these people's tenures as they were and as they shall be."""
    before: dict[str, list[Tenure]] = defaultdict(list)
    after: dict[str, list[Tenure]] = defaultdict(list)
    for each in (*state.tenures, *state.elsewhere) if uids else ():
        if each.holder in uids:
            before[each.holder].append(each)
    for each in (*draft.every(Tenure), *state.elsewhere) if uids else ():
        if each.holder in uids:
            after[each.holder].append(each)
    return before, after


def _is_going(
    before: Person,
    after: Person,
    earlier: Mapping[str, list[Tenure]],
    later: Mapping[str, list[Tenure]],
) -> bool:
    """Tell whether the file lets somebody go: now, by a date to come, or by an earlier one than before."""
    if before.status in (LEFT, DECEASED):
        return False
    if before.status in (HELD, LEAVING):
        had, has = (end_of(each.get(before.uid, ())) for each in (earlier, later))
        return has is not None and (had is None or has < had)
    return after.status in GOING


def _content(person: Person) -> list[object]:
    return [getattr(person, name) for name in (*_COLUMNS, "organisation_id", "display_name")]


def _retitled(draft: Draft, named: set[str]) -> set[str]:
    """Give the named people whose post gets another title or organisation."""
    posts = {
        each.id
        for each in draft.every(Post)
        if isinstance(was := draft.before.get((Post, each.id)), Post)
        and (fold(was.title), was.organisation_id) != (fold(each.title), each.organisation_id)
    }
    return {each.holder for each in draft.every(Tenure) if each.post_id in posts and each.holder in named}


def _blanked(before: Person, after: Person, name: str) -> bool:
    return bool(getattr(before, name)) and not getattr(after, name)


def _differs(before: Person, after: Person, name: str) -> bool:
    old = getattr(before, name)
    return bool(old) and fold(old) != fold(getattr(after, name))


def _became(pairs: list[tuple[Person, Person]], everybody: list[Person], name: str, *, blank: bool) -> bool:
    """Tell whether a column that said something, or several things, says nothing or one thing now."""
    had = {getattr(before, name) for before, _ in pairs}
    has = {getattr(each, name) for each in everybody}
    if len(has) != 1 or not pairs:
        return False
    return any(had) if blank and not any(has) else not blank and any(has) and len(had) > 1


def _doubled(stayed: list[tuple[Person, Person]], everybody: list[Person]) -> int:
    names, there = {fold(after.full_name) for _, after in stayed}, {before.uid for before, _ in stayed}
    return sum(each.uid not in there and fold(each.full_name) in names for each in everybody)


def _emptied(pairs: list[tuple[Person, Person]], draft: Draft) -> tuple[str, ...]:
    """Name the organisations whose people would all be in one that the plan makes: renamed, most likely."""
    new = {each.id for each in draft.every(Organisation) if (Organisation, each.id) not in draft.before}
    had = Counter(before.organisation_id for before, _ in pairs if before.organisation_id)
    moved = Counter(before.organisation_id for before, after in pairs if after.organisation_id in new)
    names = {before.organisation_id: before.organisation_name for before, _ in pairs}
    return tuple(sorted(names[each] for each, count in moved.items() if count == had[each]))


def _lately(state: State, size: int, today: date, limits: Limits) -> tuple[int, int]:
    """Count who was found gone lately, and who was let go by a date, but for days on which so many were that
    a named person agreed.
    """
    marked = {each.holder for each in state.tenures if is_marked(each)}
    going = [each for each in state.owned() if each.status in (LEAVING, LEFT)]
    recent = [each for each in going if each.status_since and each.status_since >= today - LATELY]
    found = Counter(each.status_since for each in recent if each.uid in marked)
    dated = Counter(each.status_since for each in recent if each.uid not in marked)
    return _agreed_by_nobody(found, limits.allowed(limits.absent, size)), _agreed_by_nobody(
        dated, limits.allowed(limits.leave, size)
    )


def _agreed_by_nobody(days: Counter[date | None], most: int) -> int:
    return sum(count for count in days.values() if count <= most)
