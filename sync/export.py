"""Everything that is held about one person, for them to have: as data, and as text to be read."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from ldap_schema.people import Person
from store import kept, ledger
from sync.context import SyncContext
from sync.receipt import row_keys
from sync.receipt_file import kept_receipts
from sync.render import printable

# What stands in the record and says something about others, not about the person.
_OTHERS = ("reveal_mail_to", "reveal_telephone_to", "reveal_mobile_to", "reveal_until", "assistants")


def gather(context: SyncContext, person: Person) -> dict[str, Any]:
    """Collect record, posts, offices, delegations, receipts' rows and the ledger's entries about a person."""
    directory = context.directory
    held = directory.posts.held_by(person.uid)
    keys = row_keys(person, (tenure for _, tenure in held))
    given = directory.delegations.by_leader(person.uid)
    taken = directory.delegations.to_delegate(person.uid)
    with context.store.reading() as tx:
        acts = ledger.about(tx, person.uid)
        entries = [
            {"at": each.instant, "event": each.event, **told}
            for each, told in zip(acts, ledger.opened(tx, acts), strict=True)
        ]
        searches = kept.searches(tx, person.uid)
        viewed = kept.viewed(tx, person.uid, context.clock())
    return {
        "record": {name: value for name, value in asdict(person).items() if value and name not in _OTHERS},
        "details shown to single leaders": sum(len(getattr(person, name)) for name in _OTHERS[:3]),
        "posts": [
            {"title": post.title, "kind": each.kind, "first day": each.first_day, "last day": each.last_day}
            for post, each in held
        ],
        "offices": [office.name for office in directory.offices.serving(person.uid)],
        "may be acted for in": [", ".join(each.scopes) for each in given],
        "may act for others in": [", ".join(each.scopes) for each in taken],
        "roles": sorted(directory.groups.roles_of(person.uid)),
        "cohorts": sorted(directory.cohorts.of(person.uid)),
        "rows of HR files": _rows(context, keys),
        "saved searches": [{"search": each.name, "saved": each.saved} for each in searches],
        "recently viewed": [{"person": uid, "at": at} for uid, at in viewed.items()],
        "ledger": entries,
    }


def export_text(data: Mapping[str, Any]) -> str:
    """Write it to be read: one heading for each kind, one line for each thing."""
    lines: list[str] = []
    for heading, value in data.items():
        if value in ([], {}, 0):
            continue
        lines += ["", heading.capitalize()]
        if isinstance(value, Mapping):
            lines += [f"  {name.replace('_', ' ')}: {_told(each)}" for name, each in value.items()]
        elif isinstance(value, list):
            lines += [f"  {_told(each)}" for each in value]
        else:
            lines.append(f"  {_told(value)}")
    return "\n".join(lines).strip()


def _told(value: object) -> str:
    if isinstance(value, Mapping):
        return "; ".join(f"{name}: {_told(each)}" for name, each in value.items() if each not in (None, ""))
    if isinstance(value, tuple):
        return ", ".join(map(_told, value))
    return printable(str(value))


def _rows(context: SyncContext, keys: set[tuple[str, str]]) -> list[dict[str, Any]]:
    return [
        {"run": receipt.run, "as of": receipt.as_of, "line": each.line, "outcome": each.outcome,
         "reason": each.reason}
        for receipt in kept_receipts(context.settings.folder, context.sealer())
        for each in receipt.outcomes
        if (receipt.feed, each.key) in keys
    ]  # fmt: skip
