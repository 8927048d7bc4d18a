"""Changes by hand, for the many organisations with one leader and no feed: drafts, plans, guard as a feed's.

Everything here is pure; `hand_acts.py` reads before and writes after.

A hand owns what no feed has. Over a feed's value it puts its own for a reason and up to a day; the feed has
the word again after it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date

from ldap_schema.people import ACTIVE, DECEASED, HELD, LEAVING, LEFT, PENDING, VISIBLE, Person
from ldap_schema.posts import SUBSTANTIVE, Post, Tenure
from ldap_schema.provenance import COVERS, HAND, Source, sources_of, with_sources
from sync.draft import Draft
from sync.errors import UNCHANGED, InputRefused
from sync.guard import judge
from sync.hand_questions import may_edit, nobody_else, occupied
from sync.hand_state import Around, Held
from sync.hand_values import Edits, Wanted, name_from
from sync.mapping import Limits
from sync.match import name_of
from sync.measures import BLANKABLE, IDENTITY, Measures
from sync.normalise import fold
from sync.notices import held_back
from sync.plan import Plan
from sync.provenance import changed_details
from sync.records import derived
from sync.standing import become
from sync.steps import PlanLine, visible_values


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """One change by hand, ready to be shown and done."""

    event: str  # in the ledger
    person: Person  # as they shall be
    plan: Plan
    holds: tuple[str, ...] = ()  # the guard's reasons; a named person's reason answers them
    details: Mapping[str, str] = field(default_factory=dict)  # for the ledger; no personal value


class HandPlanner:
    """Makes acts; `today` is Europe/London's, `mint_id` gives ids that are never used again."""

    def __init__(
        self, mint_id: Callable[[], str], today: date, show: tuple[str, ...] = (), notice_days: int = 0
    ) -> None:
        self.mint_id, self.today, self.show, self.notice_days = mint_id, today, show, notice_days

    def add(
        self,
        wanted: Wanted,
        around: Around,
        *,
        same: Person | None = None,
        different: frozenset[str] = frozenset(),
    ) -> Act:
        """Add somebody, or with `same` another post of somebody known, who comes back if they had left.

        InputRefused asks who it is where somebody of that name is known and neither the same nor among
        the `different`.
        """
        new = self._person(wanted)
        if wanted.first_day and wanted.last_day and wanted.last_day < wanted.first_day:
            raise InputRefused(f"The last day is before the first day. {UNCHANGED}")
        nobody_else(around, same, different)
        known = [post for post, _ in around.posts] + [each for _, held in around.posts for each in held]
        draft = Draft([around.organisation, *known, *([same] if same else [])])
        post = self._post(wanted, around)
        person = self._back(same, wanted) if same else new
        if not same or same.status == LEFT:
            person = derived(person, post, around.organisation)
        person = self._stamped(same, person, None)
        draft.put(person)
        draft.put(post)
        draft.put(self._tenure(wanted, post, person.uid))
        what = f"as {post.title}, {around.organisation.name}"
        line = PlanLine(symbol="+", who=person.display_name or person.full_name, what=what)
        told = {"post": post.id, "organisation": around.organisation.id}
        return self._act("person added", draft, person, (line,), Measures(), told)

    def edit(self, person: Person, edits: Edits, owner: Person | None, *, until: date | None = None) -> Act:
        """Change values; over a feed's only up to a day, and never what somebody else owns. InputRefused."""
        values = edits.checked()
        if edits.name is not None:
            values |= self._renamed(person, edits.name)
        if owner and owner.uid != person.uid:
            raise InputRefused(f"Somebody else signs in with that address: {owner.uid}. {UNCHANGED}")
        after = replace(person, **values)  # type: ignore[arg-type]
        if after == person:
            raise InputRefused(f"{person.full_name} is so already. {UNCHANGED}")
        may_edit(person, after, until, self.today)
        after = self._stamped(person, after, until)
        draft = Draft([person])
        draft.put(after)
        line = PlanLine(symbol="~", who=person.display_name, values=visible_values(person, after))
        fields = [name for name in values if getattr(person, name) != getattr(after, name)]
        told = {"fields": ", ".join(fields)} | ({"until": until.isoformat()} if until else {})
        return self._act("person edited", draft, after, (line,), _measures(person, after), told)

    def leave(self, person: Person, held: Held, last_day: date) -> Act:
        """End somebody's posts on a day: hidden from the day after, their posts vacant."""
        if person.feed:
            raise InputRefused(
                f"{person.full_name} is kept by the HR feed {person.feed}: a last day comes from its sender. "
                f"To stop access at once, `counterpart person suspend`. {UNCHANGED}"
            )
        if person.status not in (*VISIBLE, PENDING, HELD):
            raise InputRefused(f"{person.full_name} is {person.status} already. {UNCHANGED}")
        draft = Draft([person, *(tenure for _, tenure in held)])
        for _, tenure in held:
            if tenure.lasts(last_day) and not tenure.feed:
                first = min(tenure.first_day, last_day) if tenure.first_day else None
                draft.put(replace(tenure, first_day=first, last_day=last_day))
        over = last_day < self.today
        status = LEFT if over else person.status if person.status in (HELD, PENDING) else LEAVING
        after = become(person, status, self.today)
        draft.put(after)
        what = f"left: last day {last_day}" if over else f"leaving: last day {last_day}"
        line = PlanLine(symbol="-", who=person.display_name, what=what)
        told = {"last day": last_day.isoformat()}
        return self._act("person leaves", draft, after, (line,), Measures(size=1, leaving=1), told)

    def deceased(self, person: Person, held: Held) -> Act:
        """Hide somebody who died, at once and for every feed; nobody is written to."""
        if person.status == DECEASED:
            raise InputRefused(f"{person.full_name} is recorded as deceased already. {UNCHANGED}")
        draft = Draft([person, *(tenure for _, tenure in held)])
        for _, tenure in held:
            if tenure.lasts(self.today):
                first = min(tenure.first_day, self.today) if tenure.first_day else None
                draft.put(replace(tenure, first_day=first, last_day=self.today))
        after = become(person, DECEASED, self.today)
        draft.put(after)
        line = PlanLine(symbol="-", who=person.display_name, what="deceased: hidden at once, posts vacant")
        return self._act("person deceased", draft, after, (line,), Measures(size=1, leaving=1), {})

    def _act(
        self, event: str, draft: Draft, person: Person, lines: tuple[PlanLine, ...], measures: Measures,
        told: Mapping[str, str],
    ) -> Act:  # fmt: skip
        plan = Plan(
            feed="by hand", part=person.uid, as_of=self.today, file_digest="", mapping_digest="",
            state_digest="", rows=1, lines=lines, measures=measures,
            changes=held_back(draft.changes(), self.today, self.notice_days),
        )  # fmt: skip
        return Act(
            event=event, person=person, plan=plan, holds=judge(measures, Limits()).reasons, details=told
        )

    def _person(self, wanted: Wanted) -> Person:
        name = name_from(wanted.name)
        given = Edits(
            mail=wanted.mail,
            telephone=wanted.telephone,
            mobile=wanted.mobile,
            sign_in_address=wanted.sign_in_address,
        )
        return Person(
            uid=self.mint_id(),
            full_name=name.full,
            family_name=name.family,
            given_name=name.given,
            display_name=name.display,
            honorific=name.honorific,
            honours=name.honours,
            show=self.show,
            status=self._status(wanted),
            status_since=self.today,
            **given.checked(),  # type: ignore[arg-type]
        )

    def _post(self, wanted: Wanted, around: Around) -> Post:
        """Find the post by its title or make it; InputRefused where somebody else holds it as theirs."""
        title = wanted.post.strip()
        if not title:
            raise InputRefused(f"Give the title of the post. {UNCHANGED}")
        for post, tenures in around.posts:
            if fold(post.title) != fold(title):
                continue
            first = wanted.first_day or self.today
            holders = [each for each in tenures if each.kind == SUBSTANTIVE and each.lasts(first)]
            if holders and wanted.kind == SUBSTANTIVE:
                raise InputRefused(occupied(post, holders[0], around))
            return post
        return Post(id=self.mint_id(), title=title, organisation_id=around.organisation.id)

    def _tenure(self, wanted: Wanted, post: Post, uid: str) -> Tenure:
        return Tenure(
            id=self.mint_id(),
            post_id=post.id,
            holder=uid,
            kind=wanted.kind,
            first_day=wanted.first_day,
            last_day=wanted.last_day,
        )

    def _status(self, wanted: Wanted) -> str:
        if wanted.first_day and wanted.first_day > self.today:
            return PENDING
        return ACTIVE

    def _back(self, same: Person, wanted: Wanted) -> Person:
        """Somebody who had left comes back under the same id, kept by hand from now on."""
        if same.status != LEFT:
            return same
        return replace(become(same, self._status(wanted), self.today), feed="", feed_part="", feed_key="")

    def _renamed(self, person: Person, text: str) -> dict[str, object]:
        name = name_from(text)
        own = person.display_name not in ("", name_of(person).display)
        return {
            "full_name": name.full,
            "family_name": name.family,
            "given_name": name.given,
            "honorific": name.honorific,
            "honours": name.honours,
            "display_name": person.display_name if own else replace(name, known_as=person.known_as).display,
        }

    def _stamped(self, before: Person | None, after: Person, until: date | None) -> Person:
        """Note by whom the new values are; whoever gives one by hand says with it that it is right."""
        sources = sources_of(after)
        for of in changed_details(before, after):
            sources.pop(of, None)
            if getattr(after, COVERS[of][0]) or until:
                sources[of] = Source(of=of, by=HAND, as_of=self.today, confirmed=self.today, until=until)
        return with_sources(after, sources)


def _measures(before: Person, after: Person) -> Measures:
    """Count one person's change as the guard counts a feed's."""
    blanked = {each: 1 for each in BLANKABLE if getattr(before, each) and not getattr(after, each)}
    identity = any(
        getattr(before, each) and fold(getattr(before, each)) != fold(getattr(after, each))
        for each in IDENTITY
    )
    return Measures(size=1, rows=1, updated=1, identity=int(identity), blanked=blanked)
