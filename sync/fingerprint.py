"""A tenure's fingerprint (`nlcDigest`): of what its feed last wrote of it and of its holder.

It can be worked out again from the entries alone, so whoever compares sees what was edited behind the feed's
back. Its first letters say which of the holder's details it covers: those that the feed sends.
"""

from collections.abc import Mapping
from hashlib import blake2b

import msgspec

from ldap_schema.people import Person
from ldap_schema.posts import Tenure
from sync.mapping import Feed

ABSENT = "absent since "  # begins the fingerprint's place after one absence; the next one ends the tenure
# Letter -> field of `Person` that a feed may send.
_DETAILS: Mapping[str, str] = {
    "m": "mail",
    "t": "telephone",
    "o": "mobile",
    "s": "sign_in_address",
    "h": "honorific",
    "d": "honours",
    "k": "known_as",
}
_NAMED = "n"  # the holder's record is this feed's, so their name is covered


def fingerprint(feed: Feed, tenure: Tenure, holder: Person) -> str:
    """Return the fingerprint of a tenure as the feed leaves it."""
    owned = (holder.feed, holder.feed_part) == (tenure.feed, tenure.feed_part)
    letters = _NAMED + "".join(letter for letter, name in _DETAILS.items() if name in feed.person)
    return _of(letters if owned else "", tenure, holder)


def is_as_written(tenure: Tenure, holder: Person) -> bool:
    """Tell whether tenure and holder are as the feed left them; a tenure that is absent can't tell."""
    letters, mark, _ = tenure.digest.partition("-")
    if not mark or tenure.digest.startswith(ABSENT):
        return True
    return tenure.digest == _of(letters, tenure, holder)


def _of(letters: str, tenure: Tenure, holder: Person) -> str:
    said: list[object] = [
        tenure.post_id, tenure.holder, tenure.kind, tenure.first_day, tenure.last_day, tenure.feed_key,
    ]  # fmt: skip
    said += [getattr(holder, _DETAILS[letter]) for letter in letters if letter in _DETAILS]
    if _NAMED in letters:
        said += [holder.full_name, holder.family_name, holder.given_name, holder.feed_key]
    return f"{letters}-{blake2b(msgspec.json.encode(said), digest_size=16).hexdigest()}"
