"""For whoever watches the portal: how HR feeds come, from what the worker keeps in the store."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from flask import current_app
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from app.viewer import services
from store import feed_watch, waiting
from store.errors import StoreError
from store.feed_watch import TakenFile, Watched

MOST_HOLDS = 10_000
PART = ("feed", "part")


class FeedsComing(Collector):
    """Read anew each time, by feed and part; it names senders and never a person. Times are Unix time."""

    def collect(self) -> Iterator[Any]:
        """Give last success, rows by outcome and seconds of the last file, open holds and guard trips."""
        if not current_app:  # the library asks for names when it registers, outside any request
            return
        try:
            with services().store.reading() as tx:
                watched, files = feed_watch.every(tx), feed_watch.files(tx)
                held = waiting.open_items(tx, waiting.HELD_FEED, MOST_HOLDS)
        except StoreError as error:
            current_app.logger.warning("How feeds come can't be told: %s", error)
            return
        yield _last_success(files)
        yield from _last_file({(each.feed, each.part): each for each in files})  # the oldest come first
        yield from _of_feeds(watched, Counter(each.key.partition("/")[0] for each in held))


def _last_success(files: Iterable[TakenFile]) -> GaugeMetricFamily:
    success = GaugeMetricFamily(
        "counterpart_feed_last_success_timestamp_seconds",
        "When a file was last applied, or changed nothing.",
        labels=PART,
    )
    newest: dict[tuple[str, str], float] = {}
    for each in files:
        if each.succeeded:
            key = (each.feed, each.part)
            newest[key] = max(each.succeeded.timestamp(), newest.get(key, 0.0))
    for key, moment in newest.items():
        success.add_metric(key, moment)
    return success


def _last_file(newest: Mapping[tuple[str, str], TakenFile]) -> Iterator[GaugeMetricFamily]:
    rows = GaugeMetricFamily(
        "counterpart_feed_rows", "Rows of the last file, by what became of them.", labels=(*PART, "outcome")
    )
    seconds = GaugeMetricFamily(
        "counterpart_feed_apply_seconds",
        "Seconds from reading the last file to its receipt.",
        labels=PART,
    )
    for key, each in newest.items():
        seconds.add_metric(key, each.seconds)
        for outcome, count in each.rows.items():
            rows.add_metric((*key, outcome), count)
    yield rows
    yield seconds


def _of_feeds(watched: Mapping[str, Watched], holds: Mapping[str, int]) -> Iterator[Any]:
    opened = GaugeMetricFamily(
        "counterpart_feed_holds_open", "Runs that wait for somebody to decide.", labels=("feed",)
    )
    trips = CounterMetricFamily(
        "counterpart_feed_guard_trips", "How often the guard stopped a run.", labels=("feed",)
    )
    silent = GaugeMetricFamily(
        "counterpart_feed_silent", "1 while no file has come in time.", labels=("feed",)
    )
    for feed in sorted({*watched, *holds}):
        opened.add_metric((feed,), holds.get(feed, 0))
    for feed, each in watched.items():
        trips.add_metric((feed,), each.trips)
        silent.add_metric((feed,), float(each.alarmed is not None))
    yield opened
    yield trips
    yield silent
