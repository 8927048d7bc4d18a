"""One person from their rows: what the feed owns is set, tenures begin and end, days give the status."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, timedelta

from ldap_schema.organisations import Organisation
from ldap_schema.people import DECEASED, HELD, LEFT, PENDING, Person
from ldap_schema.posts import Post, Tenure
from sync.draft import differences
from sync.fingerprint import fingerprint
from sync.mapping import Feed
from sync.normalise import fold
from sync.provenance import disputed_words, sent_by, written
from sync.records import derived, new_person, over, owns, renewed, renewed_tenure
from sync.rows import JOINED, LEAVING, UNCHANGED, UPDATED, Candidate
from sync.rows import LEFT as ROW_LEFT
from sync.sheet import Sheet
from sync.standing import become, handed_over, is_marked, last_day, lasting, rank, status_by_days, successor
from sync.steps import SYMBOLS, Report, Told, outcome_of, visible_values
from sync.unchanged import Unchanged

SAME_NAME = "Another entry of this feed has the same name. Nobody was merged; if it is one person, say so."
TOLD_OF_TENURES = ("kind", "first_day", "last_day")
Values = tuple[tuple[str, str, str], ...]


class Renewal:
    """Works on the planner's sheet; `posts` maps a row's line to its post and organisation."""

    def __init__(
        self,
        feed: Feed,
        sheet: Sheet,
        report: Report,
        posts: Mapping[int, tuple[Post, Organisation]],
        mint_id: Callable[[], str],
        show: tuple[str, ...],
        bearers: Mapping[str, set[str]],
    ) -> None:
        self.feed, self.sheet, self.report, self.posts = feed, sheet, report, posts
        self.mint_id, self.show, self.bearers = mint_id, show, bearers
        self.unchanged = Unchanged(feed)
        self.part, self.as_of = sheet.reading.part, sheet.reading.as_of
        self.new_part = sheet.state.part.as_of is None
        self.posts_elsewhere = {each.id: each for each in sheet.state.elsewhere_posts}
        self.organisations = {each.id: each for each in sheet.state.organisations}

    def is_ours(self, person: Person) -> bool:
        """Tell whether this part is the source of the person's record."""
        return owns(self.feed, self.part, person)

    def person(self, uid: str, rows: list[Candidate], *, moves: bool) -> None:
        """Renew one person and their tenures; without `moves`, posts that no row names are left alone."""
        before = self.sheet.draft.was(uid)
        if before and self._nothing_new(before, rows):
            self.report.row(rows[0], UNCHANGED)
            return
        after = self._renewed(before, uid, rows)
        ours = self.is_ours(after)
        values = self._tenures(uid, rows)
        moved = moves and before is not None and self._end_others(uid, rows)
        if any(row.deceased for row in rows) and ours:
            after = self._deceased(after)
        elif ours:
            after = self._standing(before, after, rows)
        if self.is_ours(after):
            source = sent_by(self.feed, self.sheet.reading, rows[0].line)
            after = written(before, after, source, self.sheet.today)
        self.sheet.draft.put(after)
        self._sign(after)
        self._tell(before, after, rows, moved, values)

    def _nothing_new(self, person: Person, rows: list[Candidate]) -> bool:
        tenures = self.sheet.open_of(person.uid)
        row, place = rows[0], self.posts[rows[0].line]
        return (
            len(rows) == len(tenures) == 1
            and tenures[0].post_id == place[0].id
            and self.is_ours(person)
            and not person.disputed  # what is disputed is told in every receipt
            and person is self.sheet.draft.person(person.uid)
            and self.unchanged.says(person, tenures[0], row, place)
        )

    def hand_over(self, person: Person) -> Person:
        """Give whom this feed has no more to the feed that still has them; copies follow that post."""
        if lasting(self.sheet.ours(person.uid), self.sheet.today):
            return person
        tenure = successor(person, self.sheet.others(person.uid), self.sheet.today)
        if tenure is None:
            return person
        post = self.posts_elsewhere.get(tenure.post_id)
        organisation = self.organisations.get(post.organisation_id) if post else None
        given = handed_over(person, tenure)
        return derived(given, post, organisation) if post and organisation else given

    def _renewed(self, before: Person | None, uid: str, rows: list[Candidate]) -> Person:
        if before is None:
            return new_person(self.feed, self.part, rows[0], uid, self.show, PENDING)
        if before.status == DECEASED:
            return before
        if not self.is_ours(before) and self._takes_over(before, rows):
            taken = replace(before, feed=self.feed.id, feed_part=self.part)
            return renewed(self.feed, taken, rows)
        if self.is_ours(before):
            return renewed(self.feed, before, rows)
        return before  # another feed's person: this feed adds a post and changes nothing else

    def _takes_over(self, person: Person, rows: list[Candidate]) -> bool:
        """Tell whether this feed becomes the source of another's person.

        It does for whoever it brings back, and where its posts weigh more: the home employer's more than the
        host's, the host's more than others. Where they weigh the same, the source stays who it is while it
        lists the person; once it missed them, a newer file of another feed wins.
        """
        mine = rank(row.kind for row in rows if not over([row], self.sheet.today))
        if person.status == LEFT or mine < 0:
            return mine >= 0
        source = (person.feed, person.feed_part)
        others = lasting(self.sheet.others(person.uid), self.sheet.today)
        kept = [each for each in others if (each.feed, each.feed_part) == source]
        theirs = rank(each.kind for each in kept)
        newer = self.as_of >= self.sheet.state.as_of.get(source, date.min)
        return mine > theirs or (mine == theirs and newer and all(map(is_marked, kept)))

    def _deceased(self, person: Person) -> Person:
        """Hide somebody at once, and end what they held; no mail is sent because of it."""
        for each in lasting(self.sheet.ours(person.uid), self.as_of):
            self.sheet.close(each, self.as_of)
        return become(person, DECEASED, self.sheet.today)

    def _standing(self, before: Person | None, person: Person, rows: list[Candidate]) -> Person:
        if not lasting(self.sheet.ours(person.uid), self.sheet.today):
            person = self.hand_over(person)
        if self.is_ours(person):
            person = derived(person, *self._main_post(rows))
        if person.status == HELD:
            return person  # no feed lifts it, whatever the file says
        status = status_by_days(person.status, self.sheet.held(person.uid), self.sheet.today)
        if before is None:
            return replace(person, status=status, status_since=self.sheet.today)
        return become(person, status, self.sheet.today)

    def _main_post(self, rows: list[Candidate]) -> tuple[Post, Organisation]:
        """Give the weightiest post that has not ended; of equals, the first that the sender lists."""
        current = [each for each in rows if not over([each], self.sheet.today)]
        return self.posts[max(current or rows, key=lambda each: rank([each.kind])).line]

    def _tenures(self, uid: str, rows: list[Candidate]) -> Values:
        """Open or renew one tenure per row; give what changed of them, for people to read."""
        told: list[tuple[str, str, str]] = []
        for row in rows:
            post, _ = self.posts[row.line]
            known = self.sheet.open_at(uid, post.id)
            if known is None:
                if not over([row], self.as_of) and not row.deceased:
                    self.sheet.put(self._new_tenure(uid, row, post))
                    told.append(("post", "", post.title))
                continue
            after = renewed_tenure(self.feed, known, row)
            told += [each for each in differences(known, after) if each[0] in TOLD_OF_TENURES]
            self.sheet.put(after)
        return tuple(told)

    def _sign(self, person: Person) -> None:
        """Give the tenures that this file speaks of their fingerprint, which covers the person too."""
        for each in self.sheet.touched(person.uid):
            self.sheet.put(replace(each, digest=fingerprint(self.feed, each, person)))

    def _new_tenure(self, uid: str, row: Candidate, post: Post) -> Tenure:
        # In the first file everybody has been there for a time nobody told us; later a new row began by
        # that day.
        again = self.as_of == self.sheet.state.part.as_of
        return Tenure(
            id=self.mint_id(),
            post_id=post.id,
            holder=uid,
            kind=row.kind,
            first_day=row.first_day
            or (None if self.new_part or again else min(self.as_of, self.sheet.today)),
            last_day=row.last_day,
            feed=self.feed.id,
            feed_part=self.part,
            feed_key=row.row_key,
        )

    def _end_others(self, uid: str, rows: list[Candidate]) -> bool:
        """End the tenures a present person no longer has: their row moved, that is not an absence."""
        named = {self.posts[row.line][0].id for row in rows}
        gone = [each for each in self.sheet.open_of(uid) if each.post_id not in named]
        for each in gone:
            self.sheet.close(each, self.as_of - timedelta(days=1))
        return bool(gone)

    def _tell(
        self, before: Person | None, after: Person, rows: list[Candidate], moved: bool, values: Values
    ) -> None:
        told = Told(before=before, after=after, moved=moved, changed=bool(values))
        outcome = outcome_of(told)
        twin = outcome == JOINED and len(self.bearers.get(fold(after.full_name), ())) > 1
        ends = last_day(self.sheet.held(after.uid), self.sheet.today)
        for row in rows:
            reason = f"as {row.post.title}" if outcome in SYMBOLS else ""
            reason = f"last day {ends}" if outcome == LEAVING else reason
            reason = "; ".join(filter(None, (reason, disputed_words(after))))
            self.report.row(row, outcome, reason, SAME_NAME if twin else "")
        if twin:
            self.report.person("?", after, SAME_NAME, rows[0].line)
        if outcome in SYMBOLS:
            shown = _shown(before, after, values)
            what = self._what(outcome, after, rows, ends)
            self.report.person(SYMBOLS[outcome], after, what, rows[0].line, shown)

    def _what(self, outcome: str, after: Person, rows: list[Candidate], ends: date | None) -> str:
        post, organisation = self._main_post(rows)
        if after.status == DECEASED:
            return "recorded as deceased: hidden at once, and nobody is written to"
        if outcome == ROW_LEFT:
            return (
                f"left: last day {max((each.last_day for each in rows if each.last_day), default='unknown')}"
            )
        if outcome == LEAVING:
            return f"leaving: last day {ends}, visible until then"
        if outcome == UPDATED:
            return ""
        pending = f", not listed before {rows[0].first_day}" if after.status == PENDING else ""
        return f"{outcome} as {post.title}, {organisation.name}{pending}"


def _shown(before: Person | None, after: Person, tenures: Values) -> Values:
    """Give old → new of person and tenures; a new post that the title tells already is told once."""
    if before is None:
        return ()
    values = visible_values(before, after)
    titles = {new for name, _, new in values if name == "title"}
    more = [each for each in tenures if each[0] != "post" or each[2] not in titles]
    return tuple(dict.fromkeys((*values, *more)))
