"""Bearer tokens of SCIM clients: `nlcId=<random>,nlcId=<feed>,ou=feeds`; only their hashes are kept.

A token is 256 random bits, so that a fast hash is sound: nobody guesses one, and nobody reads one out of the
directory (RFC 6750 section 5.3).
"""

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from ldap_schema.entries import Codec, Entry
from ldap_schema.errors import BadValue, NotFound
from ldap_schema.filters import equals
from ldap_schema.link import Link
from ldap_schema.operations import AddEntry, DeleteEntry, ModifyEntry
from ldap_schema.passwords import new_id
from ldap_schema.tree import parent_id_of

ATTRIBUTES = {
    "id": "nlcId",
    "digest": "nlcTokenDigest",
    "created_at": "nlcCreatedAt",
    "last_used": "nlcLastUsedAt",
    "ends_at": "nlcEndsAt",
}
MOST_AT_ONCE = 2  # the old one goes on working while the client is given the new one
USED_EVERY = timedelta(minutes=1)  # how exactly the last use is known, so that most requests write nothing
_FORM = re.compile(r"scim-([a-z2-7]{16})-([A-Za-z0-9_-]{43})")


@dataclass(frozen=True, slots=True, kw_only=True)
class ScimToken:
    """A feed's token as it is kept: it can be recognised and not be read."""

    feed: str
    id: str
    digest: str  # SHA-256 of the whole token, in hexadecimal
    created_at: datetime | None = None
    last_used: datetime | None = None
    ends_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewToken:
    """What the department is given once."""

    token: ScimToken
    text: str


CODEC = Codec(ScimToken, ATTRIBUTES, classes=("nlcScimToken",))
IS_TOKEN = equals("objectClass", "nlcScimToken")


class ScimTokens:
    """Tokens: the sync account makes and ends them, the SCIM account recognises them."""

    def __init__(self, link: Link) -> None:
        self._link = link

    def issue(self, feed: str, now: datetime, days: int) -> NewToken:
        """Make a token and return its text, which is kept nowhere; BadValue if two are good already."""
        good = [each for each in self.of(feed) if each.ends_at and each.ends_at > now]
        if len(good) >= MOST_AT_ONCE:
            raise BadValue(f"The feed {feed} has {len(good)} tokens that are good. Revoke one first.")
        id_ = new_id()
        text = f"scim-{id_}-{secrets.token_urlsafe(32)}"
        now = now.replace(microsecond=0)
        token = ScimToken(
            feed=feed, id=id_, digest=_digest(text), created_at=now, ends_at=now + timedelta(days=days)
        )
        values = CODEC.encode(token, self._link.tree)
        self._link.write(AddEntry(dn=self._link.tree.scim_record(feed, id_), values=values))
        return NewToken(token=token, text=text)

    def of(self, feed: str) -> list[ScimToken]:
        """Return the feed's tokens, the oldest first."""
        found = self._link.find(self._link.tree.feed(feed), IS_TOKEN, CODEC.asked)
        return sorted((_token(entry) for entry in found), key=lambda each: (str(each.created_at), each.id))

    def revoke(self, feed: str, id_: str) -> None:
        """End a token at once; raise NotFound if the feed has none of this id."""
        if id_ not in {each.id for each in self.of(feed)}:
            raise NotFound(f"The feed {feed} has no token {id_}.")
        self._link.write(DeleteEntry(dn=self._link.tree.scim_record(feed, id_)))

    def recognise(self, feed: str, text: str, now: datetime) -> ScimToken | None:
        """Return the feed's token that this text is, and nothing for every other text, told in no way apart:
        no token's form, unknown, another feed's, expired, revoked, and no such feed.
        """
        match = _FORM.fullmatch(text)
        known = self._known(feed, match[1]) if match else None
        # Compared in constant time, and also where there is nothing to compare with.
        same = hmac.compare_digest(known.digest if known else "", _digest(text))
        good = known is not None and known.ends_at is not None and now < known.ends_at
        return known if same and good else None

    def used(self, token: ScimToken, now: datetime) -> None:
        """Note that a client showed the token, unless that was noted a moment ago."""
        if token.last_used and now - token.last_used < USED_EVERY:
            return
        dn = self._link.tree.scim_record(token.feed, token.id)
        values = CODEC.values(replace(token, last_used=now), "last_used", self._link.tree)
        self._link.write(ModifyEntry(dn=dn, replace={ATTRIBUTES["last_used"]: values}))

    def _known(self, feed: str, id_: str) -> ScimToken | None:
        try:
            entry = self._link.get(self._link.tree.scim_record(feed, id_), CODEC.asked)
        except (NotFound, BadValue):
            return None
        return _token(entry)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _token(entry: Entry) -> ScimToken:
    return CODEC.decode(entry, feed=parent_id_of(entry.dn))
