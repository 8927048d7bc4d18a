"""Invents an organisation's posts: a head, seconds, directors by area; some vacant, some shared."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import cycle
from random import Random
from typing import Any

from dev.chance import words
from dev.organisations import InventedOrganisation

JOB_SHARES, VACANCIES, INELIGIBLE = 0.05, 0.035, 0.12  # shares of organisations
LARGE = 20  # from so many leaders on: always a job share, a vacant post and somebody not eligible


@dataclass(frozen=True, slots=True, kw_only=True)
class InventedPost:
    """One post of one organisation."""

    reference: str
    organisation: InventedOrganisation
    title: str
    role: str
    grade: str  # the sender's word for how senior it is
    holders: int  # 0 = vacant, 2 = a job share
    eligible: bool = True


@dataclass(slots=True)
class Posts:
    """Makes the posts of one organisation after another and numbers them."""

    chance: Random
    titles: dict[str, Any] = field(default_factory=lambda: words("posts"))
    number: int = 0

    def of(self, organisation: InventedOrganisation) -> list[InventedPost]:
        """Give posts for exactly as many people as the organisation has leaders, and some for nobody."""
        table = self.titles[organisation.titles]
        titles = self.in_order(table, organisation.name)
        posts = [self.post(organisation, next(titles), holders) for holders in self.holders(organisation)]
        if organisation.leaders >= LARGE or self.chance.random() < INELIGIBLE:
            title, role, grade = self.chance.choice(table["below"])
            posts.append(self.post(organisation, (self.fill(title, table), role, grade), 1, eligible=False))
        return posts

    def holders(self, organisation: InventedOrganisation) -> list[int]:
        """Give how many people hold each post, so that the organisation's leaders all have one."""
        people = organisation.leaders
        small = people > 1 and not organisation.named  # a named head shares with nobody
        shares = people >= LARGE or (small and self.chance.random() < JOB_SHARES)
        holders = [1] * (people - 2) + [2] if shares else [1] * people
        if people >= LARGE or self.chance.random() < VACANCIES:
            holders.append(0)
        return holders

    def in_order(self, table: Mapping[str, Any], name: str) -> Iterator[tuple[str, str, str]]:
        """Give titles with role and grade: the head first, the seconds next, then directors without end."""
        heads = table["heads"]
        if "University" in name and "heads_university" in table:
            heads = table["heads_university"]
        elif "Learning Trust" in name:
            heads = table["heads_trust"]
        areas = list(table["areas"])
        self.chance.shuffle(areas)
        yield self.chance.choice(heads)
        for title, role, grade in table["seconds"]:
            yield title.format(area=areas[0]), role, grade
        for turn, area in enumerate(cycle(areas)):
            title, role, grade = table["others"][turn // len(areas) % len(table["others"])]
            again = turn // (len(areas) * len(table["others"]))
            yield title.format(area=f"{area} {again + 1}" if again else area), role, grade

    def beside(self, organisation: InventedOrganisation, *, away: bool) -> InventedPost:
        """Make a post for somebody who already has one: at home a sector lead, away an adviser."""
        table = self.titles[organisation.titles]
        title, role = (
            ("Improvement Adviser, {area}", "adviser") if away else ("Sector Lead for {area}", "sector lead")
        )
        grade = table["others"][0][2]  # a second post never counts as another head
        return self.post(organisation, (self.fill(title, table), role, grade), 1)

    def fill(self, title: str, table: Mapping[str, Any]) -> str:
        """Put an area into a title that has room for one."""
        return title.format(area=self.chance.choice(table["areas"]))

    def post(
        self,
        organisation: InventedOrganisation,
        said: tuple[str, str, str],
        holders: int,
        *,
        eligible: bool = True,
    ) -> InventedPost:
        """Number a post and keep it."""
        self.number += 1
        title, role, grade = said
        return InventedPost(
            reference=f"P{self.number:06d}",
            organisation=organisation,
            title=title,
            role=role,
            grade=grade,
            holders=holders,
            eligible=eligible,
        )
