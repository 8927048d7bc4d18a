"""What tests of feed runs share: what stands in the directory and in the ledger."""

from dataclasses import fields
from datetime import date

from dev.servers import Slapd
from ldap_schema.directory import Directory
from store import ledger
from sync.context import SyncContext
from tests.functional.replica_kit import local

SECOND, THIRD, FOURTH = date(2026, 11, 8), date(2026, 11, 15), date(2026, 11, 22)
BRANCHES = ("organisations", "people", "posts", "offices", "feeds")


def ldif(slapd: Slapd) -> dict[str, list[str]]:
    """Every entry that feeds write: its DN and its lines in order, operational attributes aside."""
    search = ("-LLL", "-o", "ldif-wrap=no", "-b")
    texts = [local(slapd, "ldapsearch", *search, f"ou={branch},{slapd.suffix}") for branch in BRANCHES]
    blocks = [block.split("\n") for text in texts for block in text.strip().split("\n\n")]
    return {block[0]: sorted(block[1:]) for block in blocks}


def events(context: SyncContext) -> list[str]:
    """What stands in the ledger, the oldest first."""
    with context.store.transaction() as tx:
        return [each.event for each in ledger.latest(tx, 200)]


# Ids are made anew each time, and where a value came from names the file by its bytes.
_OF_ONE_TIME = ("uid", "organisation_id", "sources", "mail_source", "telephone_source", "mobile_source")


def said(directory: Directory, feed: str) -> dict[str, dict[str, object]]:
    """What a feed's people look like, by the sender's key, whatever time it is done."""
    found: dict[str, dict[str, object]] = {}
    for person in directory.people.all_of_feed(feed):
        held = [
            (post.title, tenure.kind, tenure.first_day, tenure.last_day)
            for post, tenure in directory.posts.held_by(person.uid)
        ]
        plain = {
            each.name: getattr(person, each.name) for each in fields(person) if each.name not in _OF_ONE_TIME
        }
        found[person.feed_key] = plain | {"held": sorted(held, key=str)}
    return found
