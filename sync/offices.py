"""Private offices out of rows: one per mailbox (or name) and organisation, serving everybody whose rows
name it.
"""

from collections.abc import Callable
from dataclasses import replace

from ldap_schema.offices import Office
from sync.draft import Draft
from sync.normalise import fold
from sync.rows import Candidate, OfficeFacts, Reading, escape_key
from sync.state import State


def plan_offices(
    draft: Draft,
    reading: Reading,
    state: State,
    rows: dict[str, list[Candidate]],
    staying: set[str],
    mint_id: Callable[[], str],
) -> None:
    """Put the offices of the file into the draft; people who are only missing keep theirs, empty offices
    go.
    """
    known = {each.feed_key: each for each in state.offices}
    serves: dict[str, set[str]] = {each.feed_key: staying.intersection(each.serves) for each in state.offices}
    for uid, candidates in rows.items():
        for each in candidates:
            if each.office is None:
                continue
            key = _key(each, each.office)
            office = known.get(key) or Office(
                id=mint_id(), name="", feed=reading.feed, feed_part=reading.part, feed_key=key
            )
            known[key] = _renewed(office, each, each.office)
            serves.setdefault(key, set()).add(uid)
    for key, office in known.items():
        if serves[key]:
            draft.put(replace(office, serves=tuple(sorted(serves[key]))))
        else:
            draft.remove(office)


def _key(row: Candidate, office: OfficeFacts) -> str:
    what = office.mail[0] if office.mail else office.name or f"of {row.key}"
    organisation = row.post.organisation
    return escape_key((fold(what), fold(organisation.code or organisation.name)))[:400]


def _renewed(office: Office, row: Candidate, facts: OfficeFacts) -> Office:
    return replace(
        office,
        name=facts.name or office.name or f"Office of {row.name.full}",
        mail=facts.mail or office.mail,
        telephone=facts.telephone or office.telephone,
        assistant=facts.assistant or office.assistant,
    )
