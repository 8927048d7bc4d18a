"""Who wrote to a feed's records since its last run: asked of the index of change numbers, not of every entry.

`entryCSN` begins with the server's time, in UTC to the microsecond, and grows with every write. An entry that
is gone has none: what was deleted behind the feed's back is not seen here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from ldap_schema.entries import Entry
from ldap_schema.filters import all_of, at_least, at_most, equals, none_of
from ldap_schema.link import Link
from ldap_schema.tree import id_of

CHANGE_NUMBER = "entryCSN"
_TIME, _REST = "%Y%m%d%H%M%S.%fZ", "#000000#000#000000"


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """The time of one run as change numbers: what this account wrote in it is that run's own."""

    since: str
    until: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Touched:
    """What others wrote: people by uid, and whether anything else that a plan of the part depends on."""

    people: frozenset[str]
    others: bool


def earlier(number: str, by: timedelta) -> str:
    """Return the change number of so long before; raise ValueError for what is none."""
    moment = datetime.strptime(number.partition("#")[0], _TIME).replace(tzinfo=UTC)
    return (moment - by).strftime(_TIME) + _REST


def touched(link: Link, feed: str, part: str, run: Window) -> Touched:
    """Return what was written since that run began, but by the run itself."""
    account = equals("modifiersName", link.tree.service(link.connections.service))
    own = all_of(account, at_most(CHANGE_NUMBER, run.until))
    news = all_of(at_least(CHANGE_NUMBER, run.since), none_of(own))
    of_part = all_of(equals("nlcFeed", feed), equals("nlcFeedPart", part))
    return Touched(
        people=frozenset(id_of(each.dn) for each in _find(link, "people", _of_class("nlcPerson", news))),
        others=any(
            (
                _find(link, "posts", all_of(of_part, news), limit=1),
                _find(link, "offices", all_of(of_part, news), limit=1),
                _find(link, "organisations", _of_class("nlcOrganisationInfo", news), limit=1),
            )
        ),
    )


def _of_class(name: str, filter_: str) -> str:
    """Leave out what keeps a branch from being empty."""
    return all_of(equals("objectClass", name), filter_)


def _find(link: Link, branch: str, filter_: str, limit: int = 0) -> Sequence[Entry]:
    return link.find(link.tree.branch(branch), filter_, ["1.1"], limit=limit)
