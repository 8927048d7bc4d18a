"""The steps of one plan, in order: place every row, renew every person, then judge who is absent."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date

from ldap_schema.organisations import Organisation
from ldap_schema.people import ACTIVE, DECEASED, HELD, LEFT, MISSING, PENDING, Person
from ldap_schema.posts import Post, Tenure
from sync.draft import Draft
from sync.fingerprint import ABSENT, fingerprint
from sync.mapping import Feed
from sync.match import Matcher, bearers
from sync.measures import Measures, measure
from sync.normalise import fold
from sync.offices import plan_offices
from sync.places import Places, UnknownOrganisation
from sync.provenance import sent_by, written
from sync.records import (
    derived,
    ended,
    is_open,
    new_person,
    over,
    owns,
    renewed,
    renewed_tenure,
)
from sync.rows import JOINED, QUESTION, REJECTED, Candidate, Reading, person_key
from sync.rows import LEFT as ROW_LEFT
from sync.state import State
from sync.steps import SYMBOLS, Report, outcome_of, visible_values

SAME_NAME = "Another entry of this feed has the same name. Nobody was merged; if it is one person, say so."


class Planner:
    """Works on a draft for one call of `make_plan`; nothing outlives it."""

    def __init__(
        self,
        feed: Feed,
        reading: Reading,
        state: State,
        mint_id: Callable[[], str],
        today: date,
        show: tuple[str, ...],
    ) -> None:
        self.feed, self.reading, self.state, self.mint_id, self.today, self.show = (
            feed,
            reading,
            state,
            mint_id,
            today,
            show,
        )
        self.as_of = reading.as_of
        # An absence counts once a day: the same day's file sent again proves nothing new.
        self.newer = state.part.as_of is None or reading.as_of > state.part.as_of
        self.draft = Draft(
            [*state.people, *state.posts, *state.tenures, *state.offices, *state.organisations]
        )
        self.places = Places(self.draft, feed.create_organisations, mint_id)
        self.matcher = Matcher(state)
        self.report = Report(reading.set_aside)
        self.open: dict[tuple[str, str], Tenure] = {}
        for each in state.tenures:
            if is_open(each, self.as_of):
                self.open[each.holder, each.post_id] = each
        self.rows: dict[str, list[Candidate]] = {}
        self.posts: dict[int, tuple[Post, Organisation]] = {}
        self.joining: dict[str, str] = {}
        self.staying = {each.key for each in reading.candidates if not over([each], reading.as_of)}
        self.bearers = bearers(state, reading)
        self.safe = {self.matcher.keys[key] for key in reading.present if key in self.matcher.keys}
        self.absent: set[str] = set()

    def run(self) -> None:
        """Take the steps."""
        for row in self.reading.candidates:
            self._place(row)
        for facts in self.reading.vacant:
            try:
                organisation = self.places.find(facts.organisation)
            except UnknownOrganisation:
                continue  # the row names nobody; an organisation we don't know needs no vacant post
            self.places.post(facts, organisation, self.feed.id, self.reading.part)
        for uid, rows in self.rows.items():
            self._person(uid, rows)
        self._absences()
        staying = self.safe | {uid for uid in self.absent if self.draft.person(uid).status != LEFT}
        plan_offices(self.draft, self.reading, self.state, self._present(), staying, self.mint_id)

    def measures(self) -> Measures:
        """Count what the guard looks at."""
        return measure(
            self.reading, self.state, self.draft, set(self.rows), self.absent, self.report.outcome_list()
        )

    def _present(self) -> dict[str, list[Candidate]]:
        return {
            uid: rows
            for uid, rows in self.rows.items()
            if self.draft.person(uid).status not in (LEFT, DECEASED)
        }

    def _place(self, row: Candidate) -> None:
        """Find the row's organisation and person, or set the row aside with a reason."""
        try:
            organisation = self.places.find(row.post.organisation)
        except UnknownOrganisation as error:
            self._keep_safe(row)
            self.report.row(
                row, REJECTED, str(error), "Correct the organisation, or ask the directory manager to add it."
            )
            return
        match = self.matcher.match(row, organisation)
        if match.question:
            self._keep_safe(row)
            self.report.row(row, QUESTION, match.question, match.mend)
            return
        if match.person:
            self.draft.know(match.person)
            uid = match.person.uid
        elif row.key not in self.staying:
            self.report.row(row, ROW_LEFT, f"left on {row.last_day} and was never listed")
            return
        else:
            uid = self.joining.setdefault(row.key, self.joining.get(row.key) or self.mint_id())
        self.rows.setdefault(uid, []).append(row)
        self.posts[row.line] = (
            self.places.post(row.post, organisation, self.feed.id, self.reading.part),
            organisation,
        )

    def _keep_safe(self, row: Candidate) -> None:
        if row.key in self.matcher.keys:
            self.safe.add(self.matcher.keys[row.key])

    def _person(self, uid: str, rows: list[Candidate]) -> None:
        """Renew one person and their tenures from their rows."""
        before = self.draft.was(uid)
        if before is None:
            after = new_person(self.feed, self.reading.part, rows[0], uid, self.show, self._status(rows))
        elif before.status == LEFT and not over(rows, self.as_of):
            # Whoever brings somebody back is the source of their record from now on.
            taken = replace(before, feed=self.feed.id, feed_part=self.reading.part, status=self._status(rows))
            after = renewed(self.feed, taken, rows)
        elif owns(self.feed, self.reading.part, before):
            status = before.status if before.status in (HELD, LEFT) else self._status(rows)
            after = renewed(self.feed, replace(before, status=status), rows)
        else:
            after = before  # another feed's person: this feed adds a post and changes nothing else
        if owns(self.feed, self.reading.part, after):
            after = derived(after, *self._main_post(rows))
            after = written(before, after, sent_by(self.feed, self.reading, rows[0].line), self.today)
        self.draft.put(after)
        changed = self._tenures(uid, rows)
        moved = before is not None and self._old_tenures(uid, rows)
        self._tell(before, after, rows, moved, changed)

    def _main_post(self, rows: list[Candidate]) -> tuple[Post, Organisation]:
        """The first post the sender lists that has not ended."""
        current = [each for each in rows if not over([each], self.as_of)]
        return self.posts[(current or rows)[0].line]

    def _status(self, rows: list[Candidate]) -> str:
        if over(rows, self.as_of):
            return LEFT
        first = [each.first_day for each in rows]
        return PENDING if all(day and day > self.today for day in first) else ACTIVE

    def _tenures(self, uid: str, rows: list[Candidate]) -> bool:
        """Open or renew one tenure per row; tells whether anything but the fingerprint changed."""
        changed = False
        for row in rows:
            post, _ = self.posts[row.line]
            known = self.open.get((uid, post.id))
            if known is None:
                if not over([row], self.as_of):
                    self._put_tenure(self._new_tenure(uid, row, post))
                    changed = True
                continue
            after = renewed_tenure(self.feed, known, row)
            changed = changed or replace(after, digest=known.digest) != known
            self._put_tenure(after)
        return changed

    def _put_tenure(self, tenure: Tenure) -> None:
        holder = self.draft.person(tenure.holder)
        self.draft.put(replace(tenure, digest=fingerprint(self.feed, tenure, holder)))

    def _new_tenure(self, uid: str, row: Candidate, post: Post) -> Tenure:
        # In the first file everybody has been there for a time nobody told us; later a new row began by
        # that day.
        first = row.first_day or (self.as_of if self.newer and self.state.part.as_of else None)
        return Tenure(
            id=self.mint_id(),
            post_id=post.id,
            holder=uid,
            kind=row.kind,
            first_day=first,
            last_day=row.last_day,
            feed=self.feed.id,
            feed_part=self.reading.part,
            feed_key=row.row_key,
        )

    def _old_tenures(self, uid: str, rows: list[Candidate]) -> bool:
        """End the tenures a present person no longer has: their row moved, that is not an absence."""
        held = {self.posts[row.line][0].id for row in rows}
        gone = (
            [each for (holder, post), each in self.open.items() if holder == uid and post not in held]
            if uid not in self.safe
            else []
        )
        for each in gone:
            self._put_tenure(ended(each, self.as_of))
        return bool(gone)

    def _tell(
        self, before: Person | None, after: Person, rows: list[Candidate], moved: bool, changed: bool
    ) -> None:
        outcome = outcome_of(before, after, moved, changed)
        twin = outcome == JOINED and len(self.bearers[fold(after.full_name)]) > 1
        for row in rows:
            reason = f"as {row.post.title}" if outcome in SYMBOLS else ""
            self.report.row(row, outcome, reason, SAME_NAME if twin else "")
        if twin:
            self.report.person("?", after.display_name, SAME_NAME, rows[0].line)
        if outcome not in SYMBOLS:
            return
        post, organisation = self._main_post(rows)
        what = (
            f"{outcome} as {post.title}, {organisation.name}"
            if before is None or outcome != "updated"
            else ""
        )
        if outcome == ROW_LEFT:
            what = f"left: last day {rows[0].last_day}"
        values = visible_values(before, after) if before is not None else ()
        self.report.person(
            SYMBOLS[outcome], after.display_name or after.full_name, what, rows[0].line, values
        )

    def _absences(self) -> None:
        """One absence is a question and changes nothing anybody sees; the second, in a later file, is an
        answer.
        """
        here = (ACTIVE, MISSING, PENDING, HELD)
        for person in self.state.people:
            mine = [each for each in self.open.values() if each.holder == person.uid]
            owned = owns(self.feed, self.reading.part, person) and person.status in here
            if person.uid in self.rows or person.uid in self.safe or not (mine or owned):
                continue
            again = (
                person.status == MISSING
                if owned and person.status != HELD
                else any(_is_marked(each) for each in mine)
            )
            if owned or mine:
                self.absent.add(person.uid)
            if self.newer:
                self._absent(person, mine, owned, again)

    def _absent(self, person: Person, mine: list[Tenure], owned: bool, again: bool) -> None:
        for each in mine:
            self.draft.put(
                ended(each, self.as_of) if again else replace(each, digest=f"{ABSENT}{self.as_of}")
            )
        after = person
        if owned and person.status != HELD:
            after = self._gone(person) if again else replace(person, status=MISSING)
        self.draft.put(after)
        second = "left: absent for the second time" if after.status == LEFT else "no longer in this feed"
        what = second if again else "absent for the first time: counted, nothing else changes"
        self.report.person("-", person.display_name or person.full_name, what)

    def _gone(self, person: Person) -> Person:
        """Hide a leaver, unless another feed still has them in a post: then that feed becomes the source."""
        for tenure in sorted(self.state.elsewhere, key=lambda each: each.id):
            if tenure.holder == person.uid and is_open(tenure, self.as_of) and tenure.feed:
                return replace(
                    person,
                    status=ACTIVE,
                    feed=tenure.feed,
                    feed_part=tenure.feed_part,
                    feed_key=person_key(tenure.feed_key),
                )
        return replace(person, status=LEFT)


def _is_marked(tenure: Tenure) -> bool:
    return tenure.digest.startswith(ABSENT)
