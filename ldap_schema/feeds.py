"""Feeds: `nlcId=<feed>,ou=feeds`, with one entry per part (a body within a feed) that remembers what was applied."""

from dataclasses import dataclass
from datetime import date, datetime

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
