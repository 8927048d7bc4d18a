"""Posts and tenures, side by side as `nlcId=…,ou=posts`: one tenure per holder. Vacant = no tenure today."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from ldap_schema.entries import Codec
from ldap_schema.filters import all_of, any_of, equals
from ldap_schema.link import Link
from ldap_schema.tree import Tree

SUBSTANTIVE, ACTING, INTERIM, SECONDMENT, COVER, JOB_SHARE = (
    "substantive", "acting", "interim", "secondment", "cover", "job share",
)  # fmt: skip

POST_ATTRIBUTES = {
    "id": "nlcId",
    "title": "cn",
    "organisation_id": "nlcOrganisation",
    "role": "nlcRole",
    "town": "l",
    "region": "st",
    "sealed_for": "nlcSealedFor",
    "feed": "nlcFeed",
    "feed_part": "nlcFeedPart",
    "feed_key": "nlcFeedKey",
}
TENURE_ATTRIBUTES = {
    "id": "nlcId",
    "post_id": "nlcPost",
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
    town: str = ""
    region: str = ""
    sealed_for: str = ""  # uid of the sealed holder with whom the post is concealed
    feed: str = ""
    feed_part: str = ""
    feed_key: str = ""  # the sender's own reference for the post


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenure:
    """One person holding one post for a time; it belongs to exactly one feed (or to none: made by hand)."""

    id: str
    post_id: str
    holder: str  # uid; empty if the holder is sealed: the post is held, and nobody else may know by whom
    kind: str = SUBSTANTIVE
    first_day: date | None = None  # Europe/London civil days, last day inclusive
    last_day: date | None = None
    feed: str = ""
    feed_part: str = ""
    feed_key: str = ""  # the sender's key of the row: person and post
    digest: str = ""  # of the canonical row that made it, so that an unchanged row is recognised

    def lasts(self, day: date) -> bool:
        """Whether the holder holds the post on that day or will."""
        return self.last_day is None or self.last_day >= day


POST_CODEC = Codec(
    Post,
    POST_ATTRIBUTES,
    classes=("organizationalRole", "nlcPost"),
    references={"organisation_id": Tree.organisation, "sealed_for": Tree.person},
)
TENURE_CODEC = Codec(
    Tenure,
    TENURE_ATTRIBUTES,
    classes=("nlcTenure",),
    references={"post_id": Tree.post, "holder": Tree.person},
)
IS_POST, IS_TENURE = equals("objectClass", "nlcPost"), equals("objectClass", "nlcTenure")
AT_ONCE = 100  # posts or people asked for in one filter


class Posts:
    """Posts and who holds them; a tenure whose holder is concealed from this identity is concealed too."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._base = link.tree.branch("posts")

    def get(self, id_: str) -> Post:
        """Return one post, or raise NotFound."""
        return POST_CODEC.decode(self._link.get(self._link.tree.post(id_), POST_CODEC.asked))

    def tenures(self, post_id: str) -> list[Tenure]:
        """Return the post's tenures, past and future ones too; the caller knows which day it is."""
        return self._tenures(all_of(IS_TENURE, equals("nlcPost", self._link.tree.post(post_id))))

    def held_by(self, uid: str) -> list[tuple[Post, Tenure]]:
        """Return the person's posts, each with the tenure that makes it theirs."""
        return self.held_by_any([uid])

    def held_by_any(self, uids: Sequence[str]) -> list[tuple[Post, Tenure]]:
        """Return what the people hold, held and will hold, by the tenures that make it theirs."""
        tenures = self.tenures_of(uids)
        posts = self.by_ids(list(dict.fromkeys(tenure.post_id for tenure in tenures)))
        return [(posts[tenure.post_id], tenure) for tenure in tenures if tenure.post_id in posts]

    def tenures_of(self, uids: Sequence[str]) -> list[Tenure]:
        """Return the tenures of these people, past and future ones too."""
        return self._tenures_with("roleOccupant", [self._link.tree.person(uid) for uid in uids])

    def of_organisation(self, organisation_id: str) -> list[tuple[Post, list[Tenure]]]:
        """Return the organisation's posts by title, each with its tenures; vacant ones have none."""
        organisation = self._link.tree.organisation(organisation_id)
        posts = self._posts(all_of(IS_POST, equals("nlcOrganisation", organisation)))
        held: dict[str, list[Tenure]] = {post.id: [] for post in posts}
        for tenure in self._tenures_with("nlcPost", [self._link.tree.post(post.id) for post in posts]):
            held[tenure.post_id].append(tenure)
        return [(post, held[post.id]) for post in sorted(posts, key=lambda post: (post.title, post.id))]

    def sealed_for(self, uid: str) -> list[Post]:
        """Return the posts that are concealed with a sealed person."""
        return self._posts(all_of(IS_POST, equals("nlcSealedFor", self._link.tree.person(uid))))

    def all_of_feed(self, feed: str, part: str | None = None) -> list[Post]:
        """Return the posts that a feed, or one part of it, made."""
        return self._posts(all_of(IS_POST, *_owned(feed, part)))

    def tenures_of_feed(self, feed: str, part: str | None = None) -> list[Tenure]:
        """Return the tenures that a feed, or one part of it, owns."""
        return self._tenures(all_of(IS_TENURE, *_owned(feed, part)))

    def with_keys(self, feed: str, part: str, keys: Sequence[str]) -> list[Post]:
        """Return those posts of a part of a feed that the sender knows by these keys."""
        found: list[Post] = []
        for start in range(0, len(keys), AT_ONCE):
            some = any_of(*(equals("nlcFeedKey", key) for key in keys[start : start + AT_ONCE]))
            found += self._posts(all_of(IS_POST, *_owned(feed, part), some))
        return found

    def _posts(self, filter_: str) -> list[Post]:
        return [POST_CODEC.decode(e) for e in self._link.find(self._base, filter_, POST_CODEC.asked)]

    def _tenures(self, filter_: str) -> list[Tenure]:
        return [TENURE_CODEC.decode(e) for e in self._link.find(self._base, filter_, TENURE_CODEC.asked)]

    def _tenures_with(self, attribute: str, dns: Sequence[str]) -> list[Tenure]:
        """The tenures that refer to one of the DNs."""
        found: list[Tenure] = []
        for start in range(0, len(dns), AT_ONCE):
            some = dns[start : start + AT_ONCE]
            found += self._tenures(all_of(IS_TENURE, any_of(*(equals(attribute, dn) for dn in some))))
        return found

    def by_ids(self, ids: Sequence[str]) -> dict[str, Post]:
        """Return those of the posts that can be seen, by id."""
        found: dict[str, Post] = {}
        for start in range(0, len(ids), AT_ONCE):
            wanted = any_of(*(equals("nlcId", id_) for id_ in ids[start : start + AT_ONCE]))
            found |= {post.id: post for post in self._posts(all_of(IS_POST, wanted))}
        return found


def _owned(feed: str, part: str | None) -> list[str]:
    return [equals("nlcFeed", feed)] + ([equals("nlcFeedPart", part)] if part is not None else [])
