"""What a change by hand is refused for, in words that say what to type instead."""

from datetime import date

from ldap_schema.people import DECEASED, Person
from ldap_schema.posts import Post, Tenure
from sync.errors import UNCHANGED, InputRefused
from sync.hand_state import Around


def nobody_else(around: Around, same: Person | None, different: frozenset[str]) -> None:
    """Ask who it is where somebody known may be meant: a name alone never decides. Raises InputRefused."""
    if around.owner and around.owner != same:
        raise InputRefused(
            f"{around.owner.full_name} ({around.owner.uid}) signs in with that address. If it is the same "
            f"person, say --same {around.owner.uid}; otherwise correct the address. {UNCHANGED}"
        )
    if same and same.status == DECEASED:
        raise InputRefused(f"{same.full_name} is recorded as deceased. {UNCHANGED}")
    unanswered = [each for each in around.namesakes if each.uid not in different]
    if same or not unanswered:
        return
    listed = "\n".join(f"  ? {_described(each)}" for each in unanswered)
    raise InputRefused(
        f"Somebody of that name is known:\n{listed}\nIf one of them is meant, say --same UID; "
        f"for somebody else, --not UID for each. {UNCHANGED}"
    )


def occupied(post: Post, tenure: Tenure, around: Around) -> str:
    """Say that somebody holds the post, and how two people can."""
    holder = (around.holders or {}).get(tenure.holder)
    who = holder.full_name if holder else "Somebody"
    return (
        f"{who} holds the post {post.title}. Say with --kind how the other holds it (acting, interim, "
        f"cover, job share…), or with --first-day that it is after the holder's last day. {UNCHANGED}"
    )


def may_edit(before: Person, after: Person, until: date | None, today: date) -> None:
    """Refuse to write a feed's value without an end, or at all where no end can be kept. InputRefused."""
    if not before.feed:
        if until:
            raise InputRefused(
                f"--until is for values of an HR feed, and no feed keeps {before.full_name}. {UNCHANGED}"
            )
        return
    if before.sign_in_address != after.sign_in_address:
        raise InputRefused(
            f"The sign-in address comes from the HR feed {before.feed}: ask its sender to correct it. "
            f"{UNCHANGED}"
        )
    if until is None:
        raise InputRefused(
            f"The HR feed {before.feed} keeps {before.full_name}: its next file would undo this. Ask its "
            f"sender (`counterpart person dispute`), or give --until DAY and --reason. {UNCHANGED}"
        )
    if until < today:
        raise InputRefused(f"The last day, {until}, is over. {UNCHANGED}")


def _described(person: Person) -> str:
    where = ", ".join(filter(None, (person.title, person.organisation_name)))
    return f"{person.uid}  {person.display_name or person.full_name}, {person.status}{where and ': ' + where}"
