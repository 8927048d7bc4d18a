"""People: `uid=<opaque id>,ou=people`. A rename, a marriage or a move never moves the entry."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from ldap_schema.entries import Codec
from ldap_schema.errors import BadValue
from ldap_schema.filters import absent, all_of, any_of, begins, contains, equals, has_word, present
from ldap_schema.link import Link
from ldap_schema.tree import Tree
from ldap_schema.wire import MOST_KNOWN

# Status of a person's entry (`nlcStatus`). "missing" means one absence from a feed, which is a question and
# changes nothing that anybody sees; "leaving" means a last day that is known and still to come. A "canary" is
# nobody: only mail programs see the entry, and whoever finds it has copied the directory.
PENDING, ACTIVE, MISSING, LEAVING, LEFT, HELD, DECEASED, CANARY = (
    "pending", "active", "missing", "leaving", "left", "held", "deceased", "canary",
)  # fmt: skip
# Who is seen by others and may sign in; the access rules (ldif/access.ldif) name the same three.
VISIBLE = (ACTIVE, MISSING, LEAVING)
# What is concealed with a person whose life may be in danger (`nlcSealed`).
SEALED_POST, SEALED_ALL = "post", "all"

# Field of `Person` -> attribute of the entry, defined in ldif/schema.ldif or RFC 2798, 4519 and 4524.
ATTRIBUTES = {
    "uid": "uid",
    "full_name": "cn",
    "family_name": "sn",
    "given_name": "givenName",
    "display_name": "displayName",
    "honorific": "personalTitle",
    "honours": "nlcHonours",
    "known_as": "nlcKnownAs",
    "title": "title",
    "organisation_name": "o",
    "organisation_id": "nlcOrganisation",
    "sector": "businessCategory",
    "town": "l",
    "region": "st",
    "employee_number": "employeeNumber",
    "language": "preferredLanguage",
    "pages": "labeledURI",
    "assistants": "secretary",
    "mail": "mail",
    "telephone": "telephoneNumber",
    "mobile": "mobile",
    "show": "nlcShow",
    "reveal_mail_to": "nlcRevealMailTo",
    "reveal_telephone_to": "nlcRevealTelephoneNumberTo",
    "reveal_mobile_to": "nlcRevealMobileTo",
    "reveal_until": "nlcRevealUntil",
    "status": "nlcStatus",
    "status_since": "nlcStatusSince",
    "sealed": "nlcSealed",
    "kind": "employeeType",
    "sign_in_address": "nlcSignInAddress",
    "federated_ids": "nlcFederatedId",
    "feed": "nlcFeed",
    "feed_part": "nlcFeedPart",
    "feed_key": "nlcFeedKey",
    "sources": "nlcSource",
    "mail_source": "nlcSourceMail",
    "telephone_source": "nlcSourceTelephoneNumber",
    "mobile_source": "nlcSourceMobile",
    "disputed": "nlcDisputed",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A person as the reading identity may see them: what is concealed from it is empty."""

    uid: str
    full_name: str
    family_name: str
    given_name: str = ""
    display_name: str = ""  # as they use it, with honorific and honours: "Dame Ada Quill DBE"
    honorific: str = ""
    honours: str = ""
    known_as: str = ""  # the given name they go by: "Liz" for Elizabeth
    title: str = ""  # derived copy of the post's title, for mail programs
    organisation_name: str = ""  # derived copy
    organisation_id: str = ""
    sector: str = ""
    town: str = ""
    region: str = ""
    employee_number: str = ""  # of the employer; for the sync account alone
    language: str = ""  # RFC 2616 language range, e.g. "cy" for Welsh
    pages: tuple[str, ...] = ()  # "<URL> <label>" (RFC 2079)
    assistants: tuple[str, ...] = ()  # uids
    mail: tuple[str, ...] = ()
    telephone: tuple[str, ...] = ()
    mobile: tuple[str, ...] = ()
    show: tuple[str, ...] = ()  # "<attribute>:<leaders|sector|organisation>"; nothing = nobody but the person
    # Who may see a detail beside those: uids, and "<attribute> <uid> <last day>" where the grant has an end.
    reveal_mail_to: tuple[str, ...] = ()
    reveal_telephone_to: tuple[str, ...] = ()
    reveal_mobile_to: tuple[str, ...] = ()
    reveal_until: tuple[str, ...] = ()
    status: str = ACTIVE
    status_since: date | None = None  # first Europe/London day of the status; for the sync account alone
    sealed: str = ""  # SEALED_POST or SEALED_ALL; for themselves and the sync account to see
    kind: str = "leader"  # describes, never decides rights
    sign_in_address: str = ""
    federated_ids: tuple[str, ...] = ()  # "<provider id>|<kind>|<value>"
    feed: str = ""
    feed_part: str = ""
    feed_key: str = ""
    # Who sent a value, and when: of what all leaders see, and of details, each seen by who sees the detail.
    sources: tuple[str, ...] = ()
    mail_source: tuple[str, ...] = ()
    telephone_source: tuple[str, ...] = ()
    mobile_source: tuple[str, ...] = ()
    disputed: tuple[str, ...] = ()  # what the person says is wrong


CODEC = Codec(
    Person,
    ATTRIBUTES,
    classes=("inetOrgPerson", "nlcPerson"),
    references={
        "organisation_id": Tree.organisation,
        "assistants": Tree.person,
        "reveal_mail_to": Tree.person,
        "reveal_telephone_to": Tree.person,
        "reveal_mobile_to": Tree.person,
    },
)
# What lists of people show. The access rules are asked about every value of every attribute that is wanted,
# so a list that asks for what it does not show costs slapd and us several times as much.
LISTED = (
    "uid", "full_name", "family_name", "given_name", "display_name", "title", "organisation_name",
    "organisation_id", "sector", "region", "status",
)  # fmt: skip
SEARCHED = ("cn", "sn", "givenName", "displayName", "title", "o", "st")
# Search page's name of a filter -> field of `Person`.
FILTERED = {"sector": "sector", "region": "region", "organisation_id": "organisation_id"}
COHORT = "cohort"  # by membership, and not a field
AT_ONCE = 100  # values in one filter; slapd takes more, but one long filter blocks a thread


_ASKED_FOR_LISTS = tuple(ATTRIBUTES[field] for field in LISTED)
_listed = lru_cache(maxsize=MOST_KNOWN)(CODEC.decode)


class People:
    """The people whom the identity behind the link may see, as it may see them."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._base = link.tree.branch("people")

    def get(self, uid: str) -> Person:
        """Return one person; NotFound also for someone concealed from this identity."""
        return CODEC.decode(self._link.get(self._link.tree.person(uid), CODEC.asked))

    def by_uids(self, uids: Iterable[str]) -> dict[str, Person]:
        """Return those of the people who can be seen, by uid; an empty uid is nobody (a concealed holder)."""
        return {person.uid: person for person in self._any("uid", filter(None, uids))}

    def listed(self, uids: Iterable[str]) -> dict[str, Person]:
        """Return them like `by_uids`, to be shown in a list and never written: they have `LISTED` alone."""
        return {person.uid: person for person in self._any("uid", filter(None, uids), self._list)}

    def beginning(self, starts: Iterable[str], filters: Mapping[str, str]) -> list[Person]:
        """Return whose family name begins in one of these ways, as `listed` has them; filters as `search`."""
        named = any_of(*(begins("sn", start) for start in starts))
        return self._list(all_of(named, *self._fitting([], filters)))

    def of_cohort(self, name: str) -> list[Person]:
        """Return the people in the cohort, as `listed` has them."""
        return self._list(equals("memberOf", self._link.tree.cohort(name)))

    def of_organisations(self, ids: Iterable[str]) -> list[Person]:
        """Return the people of these organisations like `listed`."""
        return self._any("nlcOrganisation", map(self._link.tree.organisation, ids), self._list)

    def by_names(self, names: Iterable[str]) -> list[Person]:
        """Return the people with one of the full names, in any case of letters."""
        return list({person.uid: person for person in self._any("cn", names)}.values())

    def all_of_feed(self, feed: str, part: str | None = None) -> list[Person]:
        """Return the people that a feed, or one part of it, owns."""
        parts = [equals("nlcFeedPart", part)] if part is not None else []
        return self._find(all_of(equals("nlcFeed", feed), *parts))

    def with_status(self, *statuses: str, undated: bool = False) -> list[Person]:
        """Return everybody who has one of the statuses (and no day of it); asked as the sync account."""
        found = any_of(*(equals("nlcStatus", status) for status in statuses))
        return self._find(all_of(found, absent("nlcStatusSince")) if undated else found)

    def sealed(self, kind: str) -> list[Person]:
        """Return the people sealed in that way; asked as the sync account."""
        return self._find(equals("nlcSealed", kind))

    def granting_until(self) -> list[Person]:
        """Return the people who granted somebody a contact detail up to a day; asked as the sync account."""
        details = ("nlcRevealMailTo", "nlcRevealTelephoneNumberTo", "nlcRevealMobileTo")  # these are indexed
        return self._find(all_of(any_of(*map(present, details)), present("nlcRevealUntil")))

    def by_sign_in_address(self, address: str) -> Person | None:
        """Return whom an identity provider means by the address; never looked up in `mail`, which repeats."""
        return self._only(equals("nlcSignInAddress", address))

    def by_federated_id(self, federated_id: str) -> Person | None:
        """Return whom an identity provider's lasting identifier was linked to."""
        return self._only(equals("nlcFederatedId", federated_id))

    def by_mail_or_sign_in(self, addresses: Iterable[str]) -> dict[str, list[Person]]:
        """Return lower-case address -> people who sign in with it or publish it (several share a mailbox)."""
        wanted = list(dict.fromkeys(address.lower() for address in addresses if address))
        found: dict[str, list[Person]] = {}
        people = {p.uid: p for p in (*self._any("mail", wanted), *self._any("nlcSignInAddress", wanted))}
        for person in people.values():
            for address in {mail.lower() for mail in (*person.mail, person.sign_in_address)} & set(wanted):
                found.setdefault(address, []).append(person)
        return found

    def search(self, words: Sequence[str], filters: Mapping[str, str], limit: int) -> list[Person]:
        """Return at most `limit` people in whom every word occurs, in name, title, organisation or region.

        One or two letters match beginnings of words only. Filters are `sector`, `region`,
        `organisation_id` and `cohort`; no words and no filters is nobody. Raise BadValue for another filter.
        """
        fitting = self._fitting(words, filters)
        return (
            self._find(all_of(equals("objectClass", "nlcPerson"), *fitting), limit=limit) if fitting else []
        )

    def sealed_viewer(self, words: Sequence[str], filters: Mapping[str, str]) -> Person | None:
        """Return the person who asks if they are sealed and fit, as for `search`; asked as a viewer.

        The search index knows no sealed person, and whether somebody is sealed only they may ask.
        """
        fitting = self._fitting(words, filters)
        found = self._find(all_of(present("nlcSealed"), *fitting), limit=1) if fitting else []
        return found[0] if found else None

    def everybody(self) -> list[Person]:
        """Return all people of every status but canaries; asked as the sync account. One large answer."""
        return self._find(equals("objectClass", "nlcPerson"))

    def canaries(self) -> list[Person]:
        """Return the invented people whom only mail programs see; asked as the sync account.

        No other search here returns one, whoever asks.
        """
        found = self._link.find(self._base, equals("nlcStatus", CANARY), CODEC.asked)
        return sorted((CODEC.decode(entry) for entry in found), key=lambda canary: canary.full_name)

    def count_active(self) -> int:
        """Return how many people others can see; asked as the portal's own account."""
        seen = any_of(*(equals("nlcStatus", status) for status in VISIBLE))
        return len(self._link.find(self._base, seen, ["1.1"]))

    def _word(self, word: str) -> str:
        """Return a filter for people in whom the word occurs; an acronym stands for its organisation."""
        match = contains if len(word) > 2 else has_word
        own = [match(attribute, word) for attribute in SEARCHED]
        known_as = any_of(equals("nlcAcronym", word), equals("nlcFormerName", word))
        organisations = self._link.find(self._link.tree.branch("organisations"), known_as, ["1.1"], limit=10)
        return any_of(*own, *(equals("nlcOrganisation", entry.dn) for entry in organisations))

    def _fitting(self, words: Sequence[str], filters: Mapping[str, str]) -> list[str]:
        narrowed = [self._narrowed(name, value) for name, value in filters.items() if value]
        return [*narrowed, *(self._word(word.strip()) for word in words if word.strip())]

    def _narrowed(self, name: str, value: str) -> str:
        if name == COHORT:
            return equals("memberOf", self._link.tree.cohort(value))
        if name not in FILTERED:
            raise BadValue("People can't be filtered by that.")
        if name == "organisation_id":
            return equals("nlcOrganisation", self._link.tree.organisation(value))
        return equals(ATTRIBUTES[FILTERED[name]], value)

    def _any(
        self, attribute: str, values: Iterable[str], find: Callable[[str], list[Person]] | None = None
    ) -> list[Person]:
        wanted, found = list(dict.fromkeys(values)), list[Person]()
        for start in range(0, len(wanted), AT_ONCE):
            some = any_of(*(equals(attribute, value) for value in wanted[start : start + AT_ONCE]))
            found += (find or self._find)(some)
        return found

    def _only(self, filter_: str) -> Person | None:
        found = self._find(filter_, limit=2)
        return found[0] if len(found) == 1 else None

    def _list(self, filter_: str) -> list[Person]:
        found = self._link.find(self._base, filter_, _ASKED_FOR_LISTS, again_and_again=True)
        return [person for person in map(_listed, found) if person.status != CANARY]

    def _find(self, filter_: str, limit: int = 0) -> list[Person]:
        found = self._link.find(self._base, filter_, CODEC.asked, limit=limit)
        return [person for person in map(CODEC.decode, found) if person.status != CANARY]
