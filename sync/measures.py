"""What the guard looks at: counted from a plan, with no opinion about it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ldap_schema.people import ACTIVE, LEFT, MISSING, Person
from sync.draft import Draft
from sync.normalise import fold
from sync.rows import REJECTED, Reading, RowOutcome
from sync.state import State

BLANKABLE = (
    "given_name",
    "honorific",
    "honours",
    "mail",
    "telephone",
    "mobile",
    "sign_in_address",
    "title",
    "region",
)
IDENTITY = ("family_name", "given_name", "sign_in_address", "feed_key")


@dataclass(frozen=True, slots=True, kw_only=True)
class Measures:
    """Counts of one plan against the part's people."""

    size: int = 0  # people the part had
    rows: int = 0
    rows_before: int = 0
    joined: int = 0
    absent: int = 0  # people the file no longer names, for the first time or again
    leaving: int = 0  # people whose last day has passed, by the file's own word
    updated: int = 0
    identity: int = 0
    rejected: int = 0
    blanked: Mapping[str, int] = field(default_factory=dict)
    constant: tuple[str, ...] = ()  # columns that used to vary and now say one thing, or nothing


def measure(
    reading: Reading,
    state: State,
    draft: Draft,
    named: set[str],
    absent: set[str],
    outcomes: list[RowOutcome],
) -> Measures:
    """Count what a draft would do to the people of a part."""
    pairs = [(before, draft.person(before.uid)) for before in state.owned()]
    stayed = [(before, after) for before, after in pairs if before.uid in named]
    changed = [(before, after) for before, after in stayed if before != after]
    blanked = {name: sum(_blanked(before, after, name) for before, after in changed) for name in BLANKABLE}
    return Measures(
        size=state.size(),
        rows=reading.rows,
        rows_before=state.part.rows,
        joined=len(named - {each.uid for each in state.people}),
        absent=len(absent),
        leaving=sum(before.status in (ACTIVE, MISSING) and after.status == LEFT for before, after in stayed),
        updated=sum(_content(before) != _content(after) for before, after in changed),
        identity=sum(any(_differs(before, after, name) for name in IDENTITY) for before, after in changed),
        rejected=sum(each.outcome == REJECTED for each in outcomes),
        blanked={name: count for name, count in blanked.items() if count},
        constant=tuple(name for name in reading.constant if _varied(stayed, name)),
    )


def _content(person: Person) -> list[object]:
    return [getattr(person, name) for name in (*BLANKABLE, "family_name", "organisation_id", "display_name")]


def _blanked(before: Person, after: Person, name: str) -> bool:
    return bool(getattr(before, name)) and not getattr(after, name)


def _differs(before: Person, after: Person, name: str) -> bool:
    old = getattr(before, name)
    return bool(old) and fold(old) != fold(getattr(after, name))


def _varied(pairs: list[tuple[Person, Person]], name: str) -> bool:
    return len(pairs) > 2 and len({str(getattr(before, name)) for before, _ in pairs}) > 1
