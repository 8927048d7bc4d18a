"""Between runs: what the last one left is looked up, and what this one leaves is kept (`settled.py`)."""

import time
from datetime import date, timedelta

from ldap_schema.changes import Add
from ldap_schema.clock import london_today
from ldap_schema.feeds import FeedPart
from ldap_schema.people import Person
from ldap_schema.touched import earlier
from sync.context import SyncContext
from sync.mapping import Feed
from sync.narrow import Sieve
from sync.plan_file import SavedPlan
from sync.settled import Settled, code_digest, recall, remember, settled_row
from sync.state import State
from sync.tombstones import read_stones

# A smaller part is planned whole as fast.
FEWEST_ROWS = 200
# What was deleted behind the feed's back has no change number: planning the whole file finds it, so often.
WHOLE_EVERY = timedelta(days=7)
MOST_TOUCHED = 2_000  # people whose records are read one by one
# How long a write may be under way: it has its change number when it begins and is seen when it ends.
UNDER_WAY = timedelta(seconds=30)


def narrowing(context: SyncContext, feed: Feed, part: FeedPart, today: date) -> Sieve:
    """Give a sieve that holds back what is as the last run left it; in doubt, one that holds nothing back."""
    memory = recall(context.settings.folder, part, feed.digest)
    everything = Sieve(feed.digest)
    if memory is None or len(memory.rows) < FEWEST_ROWS or today >= memory.whole_on + WHOLE_EVERY:
        return everything
    if memory.erased != len(read_stones(context).uids):
        return everything
    touched = context.directory.feeds.touched(part.feed, part.part, memory.window)
    if touched.others or len(touched.people) > MOST_TOUCHED:
        return everything
    return Sieve(feed.digest, memory, touched.people)


def keep(context: SyncContext, saved: SavedPlan, state: State, sieve: Sieve, began: float) -> None:
    """Keep which rows the directory agrees with, now that a run is committed that began at that moment of
    `time.monotonic`.
    """
    plan = saved.plan
    if len(sieve.as_before) + len(plan.agreed) < FEWEST_ROWS:
        return
    until = context.directory.feeds.change_number(plan.feed, plan.part)
    since = earlier(until, timedelta(seconds=time.monotonic() - began) + UNDER_WAY)
    rows = [row for _, row in sieve.as_before]
    rows += [settled_row(sieve.marks[each.row.line], each, sieve.key) for each in plan.agreed]
    added = (each.record for each in plan.changes if isinstance(each, Add))
    everybody = {each.uid for each in (*state.people, *added) if isinstance(each, Person)}
    settled = Settled(
        code=code_digest(),
        salt=sieve.salt,
        run=saved.run,
        mapping=plan.mapping_digest,
        since=since,
        until=until,
        whole_on=sieve.memory.whole_on if sieve.memory else london_today(context.clock()),
        erased=len(read_stones(context).uids),
        rows=rows,
        others=sorted(everybody - {each.uid for each in rows}),
    )
    remember(context.settings.folder, plan.feed, plan.part, settled)
