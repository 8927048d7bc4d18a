"""Who the file no longer names: one absence is a question, the second, in a later file, is an answer."""

from collections.abc import Callable
from datetime import date

from ldap_schema.people import ACTIVE, HELD, LEAVING, LEFT, MISSING, PENDING, Person
from ldap_schema.posts import Tenure
from sync.mapping import Feed
from sync.records import marked, owns
from sync.sheet import Sheet
from sync.standing import become, is_marked, lasting, status_by_days
from sync.state import HERE
from sync.steps import Report

FIRST = "absent for the first time: counted, nothing else changes"
ASKED = "absent; another feed's open question may mean this person, so nothing changes until it is answered"


class Absences:
    """Judges the part's people whom no row named; `absent` is what the guard counts."""

    def __init__(
        self, feed: Feed, sheet: Sheet, report: Report, hand_over: Callable[[Person], Person]
    ) -> None:
        self.feed, self.sheet, self.report, self.hand_over = feed, sheet, report, hand_over
        self.absent: set[str] = set()

    def judge(self, named: set[str], safe: set[str], newer: bool) -> None:
        """Go through everybody; `safe` have a row that was set aside, which is no absence.

        Only a file of a later day counts: the same day's file sent again proves nothing new.
        """
        for person in self.sheet.state.people:
            if person.uid in named or person.uid in safe:
                continue
            current = self.sheet.draft.person(person.uid)
            owned = owns(self.feed, self.sheet.reading.part, current) and current.status in HERE
            tenures = self.sheet.open_of(person.uid)
            if (
                owned
                and current.status == LEAVING
                and not lasting(self.sheet.held(person.uid), self.sheet.today)
            ):
                self._passed(current)
            elif owned or tenures:
                self.absent.add(person.uid)
                if newer:
                    self._absent(current, tenures, owned)

    def _passed(self, person: Person) -> None:
        """Hide somebody whose last day, known before, is over: no absence, and no news."""
        self.sheet.draft.put(become(person, LEFT, self.sheet.today))
        self.report.person("-", person, "left: the last day has passed")

    def _absent(self, person: Person, tenures: list[Tenure], owned: bool) -> None:
        again = any(map(is_marked, tenures)) or (owned and person.status == MISSING)
        if person.uid in self.sheet.state.asked:
            again = False
        for each in tenures:
            if again and person.status == PENDING:
                self.sheet.remove(each)  # it never began
            elif again:
                self.sheet.close(each, self.sheet.reading.as_of)
            else:
                self.sheet.put(marked(each, self.sheet.reading.as_of))
        after = self._confirmed(person) if owned and again else person
        if owned and not again and person.status == ACTIVE:
            after = become(person, MISSING, self.sheet.today)
        self.sheet.draft.put(after)
        self.report.person("-", person, self._told(after, again, owned))

    def _confirmed(self, person: Person) -> Person:
        after = self.hand_over(person)
        if person.status == HELD:
            return after
        status = status_by_days(person.status, self.sheet.held(person.uid), self.sheet.today)
        return become(after, status, self.sheet.today)

    def _told(self, after: Person, again: bool, owned: bool) -> str:
        if after.uid in self.sheet.state.asked:
            return ASKED
        if not again:
            return FIRST
        if owned and after.status == LEFT:
            return "left: absent for the second time"
        if owned and after.status == LEAVING:
            return f"leaving: absent for the second time; last day {self._day(after)}"
        return "no longer in this feed" + (", suspended as before" if after.status == HELD else "")

    def _day(self, person: Person) -> date | None:
        return max((each.last_day for each in self.sheet.held(person.uid) if each.last_day), default=None)
