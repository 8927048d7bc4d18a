"""What the search index costs to fill and to keep fresh, and what it spares the pages that search."""

import time
from dataclasses import replace
from pathlib import Path

import pytest

from counterpart.clock import system_clock
from counterpart.settings import load
from dev.house import House
from ldap_schema.changes import Update
from ldap_schema.directory import Directory, Service
from search_index.folder import IndexFolder
from search_index.keeping import build
from search_index.query import Asked, find
from search_index.reader import SearchIndex
from search_index.settings import IndexSettings
from tests.bench.measure import Row, cpu_of, latencies, own_costs, percentile, show
from tests.bench.test_portal import BROAD, LEADER, NARROW, measured
from tests.search_quality.asking import FIRST, SECOND, frozen
from tests.search_quality.judged import judged, overall
from tests.search_quality.world import TODAY, world

CHANGES, SEARCHES, FILLS = 40, 200, 3


def test_filling_the_index(house: House, tmp_path: Path) -> None:
    directory = Directory.open(load({}, house.settings.settings_file).directory, Service.INDEX)
    folder = IndexFolder(tmp_path / "index")
    before = cpu_of(house.slapd)
    own = own_costs(lambda: build(directory.snapshots, folder, system_clock), FILLS)
    slapd = 1000 * (cpu_of(house.slapd) - before) / (FILLS + 1)  # one more to warm up
    entries = SearchIndex(IndexSettings(folder=folder.path), system_clock).contents().count()
    directory.close()
    row = Row(f"made from {entries:,} entries", (*own, slapd))
    show("Search index: milliseconds to fill it", ("own CPU", "wall", "slapd CPU"), [row])


def test_from_acknowledgement_to_index(house: House) -> None:
    settings = load({}, house.settings.settings_file)
    sync = Directory.open(settings.directory, Service.SYNC)
    index = SearchIndex(settings.index, system_clock)
    found = sync.people.by_sign_in_address(LEADER)
    assert found
    person, delays = found, []
    for number in range(CHANGES):
        changed = replace(person, title=f"Keeper of lighthouse {number}x")
        sync.write([Update(person, changed)])
        acknowledged = time.perf_counter()
        while not find(index.contents(), Asked(text=f"{number}x lighthouse")).total:
            assert time.perf_counter() - acknowledged < 10, "the change never came into the index"
            time.sleep(0.001)
        delays.append(1000 * (time.perf_counter() - acknowledged))
        person = changed
    sync.write([Update(person, found)])
    sync.close()
    values = percentile(delays, 0.5), percentile(delays, 0.99), max(delays)
    assert max(delays) < 1000, "a change has to be findable within a second"
    show(
        "Search index: milliseconds from the acknowledgement",
        ("p50", "p99", "max"),
        [Row("one change", values)],
    )


def test_searching_with_the_index_and_without(house: House) -> None:
    index = SearchIndex(load({}, house.settings.settings_file).index, system_clock)
    rows = []
    for what, text in (
        ("some dozens", "north"),
        ("some hundreds", "chief"),
        ("one", "isolde marchbank"),
    ):
        asked = Asked(text=text)
        took = latencies(lambda asked=asked: find(index.contents(), asked), SEARCHES)  # type: ignore[misc]
        rows.append(Row(f"in the index: {what}", (percentile(took, 0.5), percentile(took, 0.99))))
    show("Search index: milliseconds a search", ("p50", "p99"), rows)
    pages = {"some dozens": NARROW, "some hundreds": BROAD}
    measured_rows = [measured(house, f"page of {what}, by the index", path) for what, path in pages.items()]
    house.follower.stop()
    (house.settings.var / "index" / "step.json").unlink()
    try:
        measured_rows += [
            measured(house, f"page of {what}, without it", path) for what, path in pages.items()
        ]
    finally:
        house.follower.start()
    show(
        "Pages: milliseconds",
        ("portal CPU", "slapd CPU", "wall alone", "p50 of 4", "p99 of 4"),
        measured_rows,
    )


@pytest.mark.parametrize(("seed", "name"), [FIRST, SECOND])
def test_who_is_found_and_how_soon_by_class_of_query(seed: int, name: str) -> None:
    """Of 1,500 people whom the demonstration does not have."""
    tallies = judged(seed, name)
    contents, kinds = world(seed).contents, dict[str, list[float]]()
    for query in frozen(name):
        asked = Asked(text=query.text)
        kinds.setdefault(query.kind, []).extend(
            latencies(lambda asked=asked: find(contents, asked, TODAY), 5)
        )  # type: ignore[misc]
    rows = [
        Row(kind, (percentile(took, 0.5), percentile(took, 0.99), tallies[kind].share))
        for kind, took in kinds.items()
    ]
    everything = [one for took in kinds.values() for one in took]
    rows.insert(0, Row("all", (percentile(everything, 0.5), percentile(everything, 0.99), overall(tallies))))
    show(
        f"Search quality, {name}: milliseconds, and found among the first three",
        ("p50", "p99", "of 100"),
        rows,
    )
