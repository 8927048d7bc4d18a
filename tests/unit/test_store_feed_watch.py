"""What is known of feeds' files survives failures of theirs."""

from dataclasses import replace

from store import feed_watch
from store.database import Store
from store.feed_watch import APPLIED, REFUSED, TakenFile, Watched
from tests.conftest import SettableClock


def test_a_feed_is_looked_after_from_the_first_question_on(store: Store, clock: SettableClock) -> None:
    with store.transaction() as tx:
        found = feed_watch.watched(tx, "rivers", clock())
        assert found == Watched(feed="rivers", since=clock())
        feed_watch.save(tx, replace(found, problem="x" * 2000, fetched={"a": [1, 2]}))
    clock.advance(days=1)
    with store.reading() as tx:
        kept = feed_watch.watched(tx, "rivers", clock())
    assert kept.since == found.since
    assert (len(kept.problem), kept.fetched) == (1000, {"a": [1, 2]})


def test_when_a_name_last_succeeded_outlives_a_refusal(store: Store, clock: SettableClock) -> None:
    first = TakenFile(
        feed="rivers", name="staff.csv", part="all", size=1, modified=2, mapping="m", taken=clock(),
        outcome=APPLIED, run="r1", rows={"joined": 3},
    )  # fmt: skip
    with store.transaction() as tx:
        feed_watch.save_file(tx, first)
        clock.advance(days=1)
        feed_watch.save_file(tx, replace(first, taken=clock(), outcome=REFUSED, reason="It is empty."))
    with store.reading() as tx:
        (kept,) = feed_watch.files(tx, "rivers")
    assert (kept.outcome, kept.taken, kept.succeeded) == (REFUSED, clock(), first.taken)
