"""Feeds: `nlcId=<feed>,ou=feeds`; below it an entry per part (one body) remembers what was applied."""

from dataclasses import dataclass
from datetime import date, datetime

from ldap_schema.entries import Codec, Entry
from ldap_schema.errors import AlreadyThere, NotFound
from ldap_schema.filters import all_of, equals, present
from ldap_schema.link import Link
from ldap_schema.operations import AddEntry
from ldap_schema.touched import CHANGE_NUMBER, Touched, Window, touched
from ldap_schema.tree import parent_id_of

ATTRIBUTES = {
    "part": "cn",
    "as_of": "nlcAsOf",
    "file_digest": "nlcFileDigest",
    "mapping_digest": "nlcMappingDigest",
    "rows": "nlcRowCount",
    "run": "nlcRunId",
    "applied_at": "nlcAppliedAt",
    "hold_run": "nlcHoldRun",
    "hold_reason": "nlcHoldReason",
    "hold_at": "nlcHoldAt",
    "approved_by": "nlcApprovedBy",
    "approved_until": "nlcApprovedUntil",
    "row_counts": "nlcRowHistory",
    "answers": "nlcAnswer",
    "pending_run": "nlcPendingRun",
    "pending_chunk": "nlcPendingChunk",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedPart:
    """What the directory remembers of one part of one feed; a feed for a single body has the part "all"."""

    feed: str  # the parent's nlcId
    part: str
    as_of: date | None = None  # the day the applied extract describes
    file_digest: str = ""
    mapping_digest: str = ""
    rows: int = 0
    run: str = ""
    applied_at: datetime | None = None  # UTC
    hold_run: str = ""  # the plan that the guard stopped, waiting for a person
    hold_reason: str = ""
    hold_at: datetime | None = None
    approved_by: str = ""
    approved_until: datetime | None = None
    row_counts: str = ""  # rows of the files applied last, the newest first, with spaces between them
    answers: tuple[str, ...] = ()  # who questioned rows are, asked and answered (sync/answers.py)
    pending_run: str = ""  # of which only some chunks are written
    pending_chunk: str = ""  # the last that is, "n/m"


CODEC = Codec(FeedPart, ATTRIBUTES, classes=("nlcFeedPartState",))
IS_PART = equals("objectClass", "nlcFeedPartState")


class Feeds:
    """What the directory remembers of HR feeds; the sync account writes it, directory managers read it."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._base = link.tree.branch("feeds")

    def part(self, feed: str, part: str) -> FeedPart | None:
        """Return what is remembered of one part, or None if nothing of it was ever applied or held."""
        try:
            return _part(self._link.get(self._link.tree.feed_part(feed, part), CODEC.asked))
        except NotFound:
            return None

    def change_number(self, feed: str, part: str) -> str:
        """Return the number of the last change to what is remembered of a part, or raise NotFound."""
        return self._link.get(self._link.tree.feed_part(feed, part), [CHANGE_NUMBER]).text(CHANGE_NUMBER)

    def touched(self, feed: str, part: str, run: Window) -> Touched:
        """Return what was written since that run of the part began, but by the run itself."""
        return touched(self._link, feed, part, run)

    def parts(self, feed: str | None = None) -> list[FeedPart]:
        """Return all parts of one feed, or of all feeds, in order of their names."""
        base = self._link.tree.feed(feed) if feed else self._base
        return self._find(base, IS_PART)

    def held(self) -> list[FeedPart]:
        """Return the parts of which the guard stopped a run that waits for a person."""
        return self._find(self._base, all_of(IS_PART, present("nlcHoldRun")))

    def asking(self) -> list[FeedPart]:
        """Return the parts with a question about who somebody is, answered or not."""
        return self._find(self._base, all_of(IS_PART, present("nlcAnswer")))

    def ensure(self, feed: str) -> None:
        """Make the feed's entry unless it is there: its parts stand below it."""
        values = {"objectClass": [b"nlcFeedSource"], "nlcId": [feed.encode()]}
        try:
            self._link.write(AddEntry(dn=self._link.tree.feed(feed), values=values))
        except AlreadyThere:
            return

    def _find(self, base: str, filter_: str) -> list[FeedPart]:
        found = [_part(entry) for entry in self._link.find(base, filter_, CODEC.asked, scope="below")]
        return sorted(found, key=lambda part: (part.feed, part.part))


def _part(entry: Entry) -> FeedPart:
    return CODEC.decode(entry, feed=parent_id_of(entry.dn))
