"""Invents the leaders, reproducibly, spread as in life: who holds which post, since when, reached how."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import chain
from random import Random

from dev.chance import plain, slug, stream
from dev.names import InventedName, Names
from dev.organisations import InventedOrganisation, invent_organisations
from dev.personas import NamedLeader, named_leaders
from dev.posts import InventedPost, Posts

SUBSTANTIVE, ACTING, INTERIM, SECONDMENT, COVER, JOB_SHARE = (
    "substantive", "acting", "interim", "secondment", "cover", "job share",
)  # fmt: skip
KINDS = {SUBSTANTIVE: 86, ACTING: 5, INTERIM: 5, SECONDMENT: 2, COVER: 2}
TWO_POSTS, FORMER_POST, INCOMING = 0.025, 0.02, 0.004  # shares of people
SHARED_MAILBOX, WITH_MOBILE, WITH_OFFICE = 0.06, 0.6, 0.45
SHARED_DOMAINS = ("nhsmail.example", "forces.example")  # one mail domain for many organisations
SINGLE_SENDERS = ("public-leadership", "rivers-and-coasts", "northmere-constabulary")


@dataclass(frozen=True, slots=True, kw_only=True)
class InventedOffice:
    """The private office that acts for a leader."""

    name: str
    mail: str
    telephone: str
    assistant: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InventedPerson:
    """One invented person with what a personnel system knows."""

    number: int  # unique in the whole invention
    name: InventedName
    sign_in_address: str  # unique; blank in the row of a post in another body, which has no account to tell
    mail: str  # may be a mailbox that several share
    telephone: str
    mobile: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One row of one feed: a person (or nobody) in a post."""

    post: InventedPost
    person: InventedPerson | None
    kind: str = SUBSTANTIVE
    first_day: date | None = None
    last_day: date | None = None
    office: InventedOffice | None = None


@dataclass(frozen=True, slots=True)
class Invention:
    """All organisations and all rows, in the order in which the feeds are written."""

    organisations: tuple[InventedOrganisation, ...]
    lines: tuple[Line, ...]

    def leaders(self) -> dict[int, InventedPerson]:
        """Give the eligible people by their number, each as the row of their first post has them."""
        found: dict[int, InventedPerson] = {}
        for line in self.lines:
            if line.person and line.post.eligible:
                found.setdefault(line.person.number, line.person)
        return found


def invent(seed: int, leaders: int, as_of: date, encodings: Mapping[str, str]) -> Invention:
    """Invent so many leaders as of a day; encodings say by feed which letters its sender can write."""
    organisations = invent_organisations(seed, leaders)
    maker = _Maker(seed, as_of, encodings)
    lines = [maker.lines(organisation) for organisation in organisations]
    return Invention(tuple(organisations), tuple(chain(*lines, maker.second_posts(list(chain(*lines))))))


class _Maker:
    """Fills posts with people; remembers which addresses and numbers are given out."""

    def __init__(self, seed: int, as_of: date, encodings: Mapping[str, str]) -> None:
        self.chance: Random = stream(seed, "people")
        self.as_of = as_of
        self.encodings = encodings
        self.posts = Posts(stream(seed, "posts"))
        self.names = Names(stream(seed, "names"))
        self.named = named_leaders()
        self.names.drawn |= {(leader.given, leader.family) for leader in self.named.values()}
        self.addresses = {leader.mail for leader in self.named.values()}
        self.mobiles = list(range(1000))
        self.chance.shuffle(self.mobiles)
        self.people = 0
        self.kinds = list(KINDS)

    def lines(self, organisation: InventedOrganisation) -> list[Line]:
        """Give the rows of one organisation; the named leaders sit where they must."""
        found: list[Line] = []
        mailbox = f"office@{organisation.domain}" if organisation.domain not in SHARED_DOMAINS else ""
        shares_mailbox = bool(mailbox) and self.chance.random() < SHARED_MAILBOX
        position = 0
        for post in self.posts.of(organisation):
            if not post.holders:
                found.append(Line(post=post, person=None))
            for _holder in range(post.holders):
                named = self.named.get((organisation.slug, position)) if post.eligible else None
                person = self.person(post, named, mailbox if shares_mailbox else "")
                found.append(self.tenure(post, person, settled=named is not None))
                position += 1
        return found

    def person(self, post: InventedPost, named: NamedLeader | None, mailbox: str) -> InventedPerson:
        """Invent the person who holds a post, or make the one who is named for it."""
        organisation = post.organisation
        self.people += 1
        if named:
            name = InventedName(
                given=named.given, family=named.family, known_as=named.known_as, honorific=named.honorific,
                honours=named.honours,
            )  # fmt: skip
            address = named.mail
        else:
            encoding = self.encodings.get(organisation.feed, "utf-8")
            name = self.names.draw(
                organisation.sector, organisation.nation, organisation.name, post.role, encoding
            )
            address = self.address(name, organisation.domain)
        has_mobile = named is not None or self.chance.random() < WITH_MOBILE
        return InventedPerson(
            number=self.people,
            name=name,
            sign_in_address=address,
            mail=address if named or not mailbox else mailbox,
            telephone=self.number(organisation),
            mobile=f"07700 900{self.mobiles[self.people % 1000]:03d}" if has_mobile else "",
        )

    def address(self, name: InventedName, domain: str) -> str:
        """Give a sign-in address that nobody has; namesakes in one domain get a number."""
        stem = f"{_local(name.known_as or name.given)}.{_local(name.family)}"
        address, again = f"{stem}@{domain}", 1
        while address in self.addresses:
            again += 1
            address = f"{stem}{again}@{domain}"
        self.addresses.add(address)
        return address

    def number(self, organisation: InventedOrganisation) -> str:
        """Give a number of the region that is kept for drama and rings nowhere."""
        return f"{organisation.dialling}{self.chance.randrange(1000):03d}"

    def tenure(self, post: InventedPost, person: InventedPerson, *, settled: bool) -> Line:
        """Say how and since when a person holds a post."""
        kind = self.chance.choices(self.kinds, list(KINDS.values()))[0]
        if settled or not post.eligible:
            kind = SUBSTANTIVE
        if post.holders > 1:
            kind = JOB_SHARE
        years = 9 if kind in (SUBSTANTIVE, JOB_SHARE) else 1
        first = self.as_of - timedelta(days=self.chance.randrange(20, 365 * years))
        ends = kind in (ACTING, INTERIM, SECONDMENT, COVER)
        last = self.as_of + timedelta(days=self.chance.randrange(30, 330)) if ends else None
        if not settled and kind == SUBSTANTIVE and self.chance.random() < INCOMING:
            first = self.as_of + timedelta(days=self.chance.randrange(5, 60))
        office = self.office(post, person) if settled or self.chance.random() < WITH_OFFICE else None
        return Line(post=post, person=person, kind=kind, first_day=first, last_day=last, office=office)

    def office(self, post: InventedPost, person: InventedPerson) -> InventedOffice:
        """Invent the private office of a post; its mailbox survives a change of staff."""
        domain = post.organisation.domain
        local = f"office.{slug(post.title)}"
        if domain in SHARED_DOMAINS:
            local = f"{post.organisation.slug}.{local}"
        return InventedOffice(
            name=f"Office of the {post.title}",
            mail=f"{local[:64].rstrip('-.')}@{domain}",
            telephone=self.number(post.organisation),
            assistant=self.names.assistant() if self.chance.random() < 0.85 else "",
        )

    def second_posts(self, lines: Sequence[Line]) -> list[Line]:
        """Give some people a second post, or one that they held before, in a body of the same sender."""
        by_feed: dict[str, list[Line]] = {}
        for line in lines:
            if line.person and line.post.eligible:
                by_feed.setdefault(line.post.organisation.feed, []).append(line)
        found: list[Line] = []
        for feed, people in by_feed.items():
            # Healthcare's staff numbers count within one trust, so that nobody can be met in two.
            if feed not in (*SINGLE_SENDERS, "health"):
                found += self.second_posts_of(people)
        return found

    def second_posts_of(self, people: Sequence[Line]) -> Iterator[Line]:
        """Draw whose second and former posts are sent too, among the people of one sender."""
        for line in people:
            draw = self.chance.random()
            if draw < TWO_POSTS:
                yield self.second(line, self.chance.choice(people).post.organisation)
            elif draw < TWO_POSTS + FORMER_POST and (former := self.former(line, self.chance.choice(people))):
                yield former

    def second(self, line: Line, other: InventedOrganisation) -> Line:
        """Add a post beside the one a person has: half of them at home, half on loan to another body."""
        away = other.slug != line.post.organisation.slug and self.chance.random() < 0.5
        first = self.as_of - timedelta(days=self.chance.randrange(20, 300))
        last = self.as_of + timedelta(days=self.chance.randrange(60, 300)) if away else None
        post = self.posts.beside(other if away else line.post.organisation, away=away)
        kind = SECONDMENT if away else SUBSTANTIVE
        person = _without_account(line.person) if away else line.person
        return replace(line, post=post, person=person, kind=kind, first_day=first, last_day=last, office=None)

    def former(self, line: Line, other: Line) -> Line | None:
        """Say that a person held another's post until that one began."""
        if other.post is line.post or other.kind == JOB_SHARE or not line.first_day or not other.first_day:
            return None
        last = min(line.first_day, other.first_day, self.as_of) - timedelta(days=1)
        first = last - timedelta(days=self.chance.randrange(300, 1500))
        person = _without_account(line.person)
        return Line(post=other.post, person=person, kind=SUBSTANTIVE, first_day=first, last_day=last)


def _without_account(person: InventedPerson | None) -> InventedPerson | None:
    return person and replace(person, sign_in_address="")


def _local(name: str) -> str:
    """Give a name as it stands in a mail address."""
    return re.sub("[^a-z-]", "", plain(name))
