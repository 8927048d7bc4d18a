"""Posts (`nlcId=…,ou=posts`, flat) and, under a post, one tenure per holder. Vacant = no tenure today."""

from dataclasses import dataclass
from datetime import date

SUBSTANTIVE, ACTING, INTERIM, SECONDMENT, COVER, JOB_SHARE = (
    "substantive", "acting", "interim", "secondment", "cover", "job share",
)  # fmt: skip

POST_ATTRIBUTES = {
    "id": "nlcId",
    "title": "cn",
    "organisation_id": "nlcOrganisation",
    "role": "nlcRole",
    "region": "st",
    "feed": "nlcFeed",
    "feed_part": "nlcFeedPart",
    "feed_key": "nlcFeedKey",
}
TENURE_ATTRIBUTES = {
    "id": "nlcId",
    "holder": "roleOccupant",
    "kind": "nlcTenureKind",
    "first_day": "nlcFirstDay",
    "last_day": "nlcLastDay",
    "feed": "nlcFeed",
    "feed_part": "nlcFeedPart",
    "feed_key": "nlcFeedKey",
    "digest": "nlcDigest",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """A post in an organisation, whether or not somebody holds it."""

    id: str
    title: str
    organisation_id: str
    role: str = ""  # normalised role, e.g. "chief constable"; facet of the search page
    region: str = ""
    feed: str = ""
    feed_part: str = ""
    feed_key: str = ""  # the sender's own reference for the post


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenure:
    """One person holding one post for a time; it belongs to exactly one feed (or to none: made by hand)."""

    id: str
    post_id: str  # the entry's parent
    holder: str  # uid
    kind: str = SUBSTANTIVE
    first_day: date | None = None  # Europe/London civil days, last day inclusive
    last_day: date | None = None
    feed: str = ""
    feed_part: str = ""
    feed_key: str = ""  # the sender's key of the row: person and post
    digest: str = ""  # of the canonical row that made it, so that an unchanged row is recognised without reading more
