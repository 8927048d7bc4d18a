"""Small pure functions from a row to records: what the feed owns is set, what the leader owns stays."""

from dataclasses import replace
from datetime import date

from ldap_schema.organisations import Organisation
from ldap_schema.people import Person
from ldap_schema.posts import Post, Tenure
from sync.fingerprint import ABSENT
from sync.mapping import Feed
from sync.match import name_of
from sync.rows import Candidate

DETAILS = ("mail", "telephone", "mobile", "sign_in_address")


def over(rows: list[Candidate], day: date) -> bool:
    """Tell whether every post of a person ended before that day: a leave date is an answer."""
    return all(each.last_day is not None and each.last_day < day for each in rows)


def owns(feed: Feed, part: str, person: Person) -> bool:
    """Tell whether this part of this feed is the source of the person's record."""
    return (person.feed, person.feed_part) == (feed.id, part)


def new_person(feed: Feed, part: str, row: Candidate, uid: str, show: tuple[str, ...], status: str) -> Person:
    """Make a joiner; only here does anybody but the leader say what is shown to whom."""
    return Person(
        uid=uid,
        full_name=row.name.full,
        family_name=row.name.family,
        given_name=row.name.given,
        display_name=row.name.display,
        honorific=row.name.honorific,
        honours=row.name.honours,
        known_as=row.name.known_as,
        mail=row.mail,
        telephone=row.telephone,
        mobile=row.mobile,
        sign_in_address=row.sign_in_address,
        show=show,
        status=status,
        feed=feed.id,
        feed_part=part,
        feed_key=row.key,
    )


def renewed(feed: Feed, person: Person, rows: list[Candidate]) -> Person:
    """Bring what the feed owns up to date. `show`, federated ids and a display name of the leader's own
    stay.
    """
    row = rows[0]
    values: dict[str, object] = {}
    for each in DETAILS:
        if each in feed.person and each not in row.refused:
            values[each] = getattr(row, each)
    # A row's spelling may carry no honours while another column does; unmapped parts stay as they are.
    honorific = row.name.honorific if "honorific" in feed.person else row.name.honorific or person.honorific
    honours = row.name.honours if "honours" in feed.person else row.name.honours or person.honours
    known_as = row.name.known_as if "known_as" in feed.person else person.known_as
    name = replace(row.name, honorific=honorific, honours=honours, known_as=known_as)
    chosen = person.display_name not in ("", name_of(person).display)
    return replace(
        person,
        full_name=name.full,
        family_name=name.family,
        given_name=name.given,
        honorific=honorific,
        honours=honours,
        known_as=known_as,
        display_name=person.display_name if chosen else name.display,
        feed_key=row.key,
        **values,  # type: ignore[arg-type]
    )


def renewed_tenure(feed: Feed, known: Tenure, row: Candidate) -> Tenure:
    """Bring a tenure up to date; a last day before the first day we assumed takes that day along."""
    values: dict[str, object] = {"kind": row.kind} if "kind" in feed.post else {}
    if row.first_day:
        values["first_day"] = row.first_day
    if "last_day" in feed.post and "last_day" not in row.refused:
        values["last_day"] = row.last_day
    after = replace(known, feed_key=row.row_key, **values)  # type: ignore[arg-type]
    if after.first_day and after.last_day and after.last_day < after.first_day:
        return replace(after, first_day=after.last_day)
    return after


def derived(person: Person, post: Post, organisation: Organisation) -> Person:
    """Write the copies that mail programs read; they follow the first post the sender lists."""
    return replace(
        person,
        title=post.title,
        organisation_name=organisation.name,
        organisation_id=organisation.id,
        sector=organisation.sector,
        region=post.region or organisation.region,
    )


def until(tenure: Tenure, day: date) -> Tenure:
    """Let a tenure last until that day and no longer, never ending before its own first day."""
    last = min(tenure.last_day or day, day)
    return replace(tenure, last_day=max(last, tenure.first_day) if tenure.first_day else last)


def marked(tenure: Tenure, as_of: date) -> Tenure:
    """Note that the tenure's feed missed it once."""
    return replace(tenure, digest=f"{ABSENT}{as_of}")
