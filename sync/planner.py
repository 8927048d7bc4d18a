"""The steps of one plan, in order: place every row, renew every person, then judge who is absent."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import date

from ldap_schema.changes import Change
from ldap_schema.organisations import Organisation
from ldap_schema.people import DECEASED, LEFT, Person
from ldap_schema.posts import Post
from ldap_schema.reading_back import record_of
from sync.absences import Absences
from sync.answers import Question, answers_of, read_questions, write_questions
from sync.mapping import Feed
from sync.match import Match, Matcher, bearers
from sync.measures import Measures, Taken, measure
from sync.normalise import fold
from sync.offices import plan_offices
from sync.places import Places, UnknownOrganisation
from sync.records import over
from sync.renewal import Renewal
from sync.rows import LEFT as ROW_LEFT
from sync.rows import QUESTION, REJECTED, SHARED, Agreed, Candidate, Reading, person_key
from sync.sheet import Sheet
from sync.state import State
from sync.steps import Report, suggestion

NOT_OURS = "recorded as deceased by a feed that is not the source of this person's record"


class Planner:
    """Works on a sheet for one call of `make_plan`; nothing outlives it."""

    def __init__(
        self,
        feed: Feed,
        reading: Reading,
        state: State,
        mint_id: Callable[[], str],
        today: date,
        show: tuple[str, ...],
    ) -> None:
        self.feed, self.reading, self.state, self.mint_id = feed, reading, state, mint_id
        # An absence counts once a day: the same day's file sent again proves nothing new.
        self.newer = state.part.as_of is None or reading.as_of > state.part.as_of
        self.sheet = Sheet(reading, state, today)
        self.places = Places(self.sheet.draft, feed.create_organisations, mint_id)
        self.answers = answers_of(read_questions(state.part.answers))
        self.matcher = Matcher(state, reading, self.answers, feed.numbered, today)
        self.report = Report(reading.set_aside)
        self.rows: dict[str, list[Candidate]] = {}
        self.posts: dict[int, tuple[Post, Organisation]] = {}
        self.renewal = Renewal(
            feed, self.sheet, self.report, self.posts, mint_id, show, bearers(state, reading)
        )
        self.absences = Absences(feed, self.sheet, self.report, self.renewal.hand_over)
        self.joining: dict[str, str] = {}
        self.staying = {each.key for each in reading.candidates if not over([each], today)}
        self.safe = {self.matcher.keys[key] for key in reading.present if key in self.matcher.keys}
        self.safe |= {each.uid for each in state.people if reading.hints and reading.hints & _told_by(each)}
        self.questions: dict[str, Question] = {}
        self.vouched: set[str] = set()

    def run(self) -> None:
        """Take the steps."""
        for row in self.reading.candidates:
            self._place(row)
        for facts in self.reading.vacant:
            try:
                organisation = self.places.find(facts)
            except UnknownOrganisation:
                continue  # the row names nobody; an organisation we don't know needs no vacant post
            self.places.post(facts, organisation, self.feed.id, self.reading.part)
        for uid, rows in self.rows.items():
            self.renewal.person(uid, rows, moves=uid not in self.safe)
        self.absences.judge(set(self.rows), self.safe, self.newer)
        absent = {uid for uid in self.absences.absent if self.sheet.draft.person(uid).status != LEFT}
        plan_offices(
            self.sheet.draft, self.reading, self.state, self._present(), self.safe | absent, self.mint_id
        )

    def measures(self) -> Measures:
        """Count what the guard looks at."""
        taken = Taken(
            named=set(self.rows),
            absent=self.absences.absent,
            vouched=self.vouched,
            outcomes=self.report.outcome_list(),
            numbered=self.feed.numbered,
        )
        return measure(self.reading, self.state, self.sheet.draft, taken, self.sheet.today, self.feed.limits)

    def questions_and_answers(self) -> tuple[str, ...]:
        """Give what the part shall remember: the answers to keys it still sends, and what is open now."""
        sent = {each.key for each in self.reading.candidates} | self.reading.present
        kept = {key: answer for key, answer in self.answers.items() if key in sent}
        return write_questions((kept | self.questions).values())

    def agreed(self, changes: Iterable[Change]) -> tuple[Agreed, ...]:
        """List the rows with which the directory agrees once the changes are written (`settled.py`)."""
        written = {each.uid: each for each in map(record_of, changes) if isinstance(each, Person)}
        aside = self.reading.present.union([each.key for each in self.reading.set_aside], self.answers)
        found = []
        for uid, rows in self.rows.items():
            person, post = written.get(uid) or self.sheet.draft.person(uid), self.posts[rows[0].line][0]
            if len(rows) == 1 and rows[0].key not in aside and self._agrees(person, rows[0]):
                found.append(Agreed(row=rows[0], person=person, post_id=post.id))
        return tuple(found)

    def _agrees(self, person: Person, row: Candidate) -> bool:
        """Tell whether person, post and the only open tenure say what the row says, and no other does."""
        tenures, (post, organisation) = self.sheet.ours(person.uid), self.posts[row.line]
        standing = [each for each in tenures if each.lasts(self.reading.as_of)]
        return (
            len(standing) == 1
            and standing[0].post_id == post.id
            and self.sheet.draft.after[Post, post.id] == post
            and self.renewal.is_ours(person)
            and not person.disputed
            and row.office is None
            and SHARED not in row.notes
            and all(person_key(each.feed_key) == row.key for each in tenures)
            and self.renewal.unchanged.says(person, standing[0], row, (post, organisation))
        )

    def _present(self) -> dict[str, list[Candidate]]:
        return {
            uid: rows
            for uid, rows in self.rows.items()
            if self.sheet.draft.person(uid).status not in (LEFT, DECEASED)
        }

    def _place(self, row: Candidate) -> None:
        """Find the row's organisation and person, or set the row aside with a reason."""
        try:
            organisation = self.places.find(row.post)
        except UnknownOrganisation as error:
            self._keep_safe(row)
            self.report.row(row, REJECTED, str(error), error.mend)
            return
        match = self.matcher.match(row, organisation)
        if row.deceased and match.person and not self.renewal.is_ours(match.person):
            match = Match(question=NOT_OURS, mend="Tell the directory manager.", likely=(match.person,))
        if match.question:
            self._ask(row, match)
        elif uid := self._uid(row, match):
            if match.without_address:
                row = replace(row, sign_in_address="", refused=row.refused | {"sign_in_address"})
            self.rows.setdefault(uid, []).append(row)
            post = self.places.post(row.post, organisation, self.feed.id, self.reading.part)
            self.posts[row.line] = (post, organisation)

    def _uid(self, row: Candidate, match: Match) -> str:
        """Give the id of the row's person, a new one if need be; none for somebody who is never listed."""
        if match.person:
            self.sheet.draft.know(match.person)
            if match.vouched:
                self.vouched.add(match.person.uid)
                self._free(row.key, match.person.uid)
            return match.person.uid
        if row.deceased or row.key not in self.staying:
            why = "recorded as deceased" if row.deceased else f"left on {row.last_day}"
            self.report.row(row, ROW_LEFT, f"{why} and was never listed")
            return ""
        if row.key not in self.joining:
            self.joining[row.key] = self.mint_id()
            self._free(row.key, self.joining[row.key])
        return self.joining[row.key]

    def _free(self, key: str, uid: str) -> None:
        """Take a key that a named person gave to somebody from whoever had it."""
        former = self.matcher.people.get(self.matcher.keys.get(key, ""))
        if former and former.uid != uid and former.feed_key == key and self.renewal.is_ours(former):
            self.sheet.draft.put(replace(former, feed_key=""))

    def _ask(self, row: Candidate, match: Match) -> None:
        """Set the row aside with a question; whoever it might be is not absent meanwhile."""
        self._keep_safe(row)
        self.safe |= {each.uid for each in match.likely if each.uid in self.matcher.people}
        self.report.row(row, QUESTION, match.question, match.mend, suggestion(match.likely))
        self.questions.setdefault(
            row.key,
            Question(
                key=row.key,
                name=row.name.full,
                asked=match.question,
                mend=match.mend,
                line=row.line,
                likely=tuple(each.uid for each in match.likely),
            ),
        )

    def _keep_safe(self, row: Candidate) -> None:
        if row.key in self.matcher.keys:
            self.safe.add(self.matcher.keys[row.key])


def _told_by(person: Person) -> set[str]:
    return {fold(person.full_name), person.sign_in_address.casefold()} - {""}
