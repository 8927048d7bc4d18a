"""The planner's working sheet: the draft, with each person's tenures at hand."""

from collections import defaultdict
from datetime import date

from ldap_schema.posts import Tenure
from sync.draft import Draft
from sync.records import until
from sync.rows import Reading
from sync.state import State


class Sheet:
    """Tenures by holder, ours as they shall be and other feeds' as they are; nobody is looked for twice."""

    def __init__(self, reading: Reading, state: State, today: date) -> None:
        self.reading, self.state, self.today = reading, state, today
        self.draft = Draft(
            [*state.people, *state.posts, *state.tenures, *state.offices, *state.organisations]
        )
        self._ours: dict[str, dict[str, Tenure]] = defaultdict(dict)
        self._open: dict[str, dict[str, Tenure]] = defaultdict(dict)
        self._touched: set[str] = set()
        self._others: dict[str, list[Tenure]] = defaultdict(list)
        for each in state.tenures:
            self._ours[each.holder][each.id] = each
            if each.lasts(reading.as_of):
                self._open[each.holder][each.post_id] = each
        for each in state.elsewhere:
            self._others[each.holder].append(each)

    def open_of(self, uid: str) -> list[Tenure]:
        """List the person's tenures that were open, on the day of the file, before it came."""
        return list(self._open[uid].values()) if uid in self._open else []

    def open_at(self, uid: str, post_id: str) -> Tenure | None:
        """Give the open tenure at a post, as it was before the file came."""
        return self._open[uid].get(post_id) if uid in self._open else None

    def ours(self, uid: str) -> list[Tenure]:
        """List this part's tenures of a person as they shall be."""
        return list(self._ours[uid].values()) if uid in self._ours else []

    def others(self, uid: str) -> list[Tenure]:
        """List other feeds' tenures of a person, where they were read."""
        return self._others[uid] if uid in self._others else []

    def held(self, uid: str) -> list[Tenure]:
        """List all tenures of a person that are known here."""
        return self.ours(uid) + self.others(uid)

    def touched(self, uid: str) -> list[Tenure]:
        """List the person's tenures of which this plan said something, as they shall be."""
        return [each for each in self.ours(uid) if each.id in self._touched]

    def put(self, tenure: Tenure) -> None:
        """Say what a tenure of ours shall be."""
        self._touched.add(tenure.id)
        self._ours[tenure.holder][tenure.id] = tenure
        self.draft.put(tenure)

    def remove(self, tenure: Tenure) -> None:
        """Say that a tenure of ours shall be gone."""
        self._ours[tenure.holder].pop(tenure.id, None)
        self.draft.remove(tenure)

    def close(self, tenure: Tenure, day: date) -> None:
        """End a tenure of ours with a day; one that never began goes altogether."""
        if tenure.first_day and tenure.first_day > day:
            self.remove(tenure)
        else:
            self.put(until(tenure, day))
