"""Takes somebody out of what SCIM clients pushed, in the directory and as files."""

from collections.abc import Iterator

from ldap_schema.errors import NotFound
from ldap_schema.scim_records import ScimRecord, kept_in
from sync.context import SyncContext
from sync.erasing import Surroundings
from sync.normalise import fold
from sync.rows import person_key
from sync.scim_snapshot import remove_feed_snapshots


def drop_pushed(context: SyncContext, around: Surroundings) -> None:
    """Remove the person's records from the snapshots of the feeds that have them; twice does no harm.

    A client that goes on sending them makes them anew, and their rows are not taken.
    """
    keys: dict[str, set[str]] = {around.person.feed: {around.person.feed_key}} if around.person.feed else {}
    for each in around.tenures:
        if each.feed:
            keys.setdefault(each.feed, set()).add(person_key(each.feed_key))
    address = around.person.sign_in_address
    for feed, hers in keys.items():
        remove_feed_snapshots(context.settings.folder, feed)
        said = {fold(text) for text in (*hers, address) if text}
        for record in context.directory.scim_snapshots.records(feed):
            if not said.isdisjoint(_texts(kept_in(record).resource)):
                _remove(context, record)


def _remove(context: SyncContext, record: ScimRecord) -> None:
    snapshots = context.directory.scim_snapshots
    try:
        snapshots.remove(snapshots.head(record.feed), record, context.clock())
    except NotFound:
        return  # its client was quicker


def _texts(value: object) -> Iterator[str]:
    """Yield every text in a resource, as keys and addresses are compared."""
    if isinstance(value, dict):
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)
    elif isinstance(value, str | int):
        yield fold(str(value))
