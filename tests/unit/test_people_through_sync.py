"""What sync makes of the invented feeds, planned one after another, without a server."""

from collections import Counter
from itertools import count

import pytest

from dev.feeds_out import FeedFile
from ldap_schema.changes import Add
from ldap_schema.feeds import FeedPart
from ldap_schema.organisations import SECTORS, Organisation
from ldap_schema.people import Person
from sync.canonical import canonical
from sync.mapping_reader import load_feed
from sync.plan import Plan, make_plan
from sync.readers import read_table
from sync.settings import SyncSettings
from sync.state import State
from tests.unit.people_fixtures import AS_OF, invention, written


class EmptyDirectory:
    """Plans each feed and keeps what it would add, as the next one would find it."""

    def __init__(self) -> None:
        self.organisations: list[Organisation] = []
        self.people: dict[str, Person] = {}
        self.plans: dict[str, Plan] = {}
        self.ids = count()

    def take(self, file: FeedFile) -> None:
        feed = load_feed(file.feed_toml)
        reading = canonical(feed, read_table(feed, file.path, SyncSettings()), "all", AS_OF)
        state = State(
            part=FeedPart(feed=feed.id, part="all"),
            organisations=tuple(self.organisations),
            by_address=dict(self.people),
            namesakes=tuple(self.people.values()),
        )
        plan = make_plan(feed, reading, state, lambda: f"id{next(self.ids)}", AS_OF)
        self.plans[feed.id] = plan
        added = [change.record for change in plan.changes if isinstance(change, Add)]
        self.organisations += [record for record in added if isinstance(record, Organisation)]
        self.people |= {record.sign_in_address: record for record in added if isinstance(record, Person)}


@pytest.fixture(scope="module")
def filled() -> EmptyDirectory:
    """The directory as it would be after every feed."""
    directory = EmptyDirectory()
    with written() as files:
        for file in files:
            directory.take(file)
    return directory


def test_every_leader_joins_and_nobody_else(filled: EmptyDirectory) -> None:
    assert set(filled.people) == {person.sign_in_address for person in invention().leaders().values()}


def test_no_row_is_rejected_or_raises_a_question(filled: EmptyDirectory) -> None:
    outcomes = {feed: Counter(each.outcome for each in plan.outcomes) for feed, plan in filled.plans.items()}
    for feed, found in outcomes.items():
        assert set(found) <= {"joined", "left", "vacant", "not eligible"}, feed
    assert sum(found["vacant"] for found in outcomes.values()) > 10
    assert sum(found["not eligible"] for found in outcomes.values()) > 50


def test_every_organisation_is_added_once_with_sector_region_and_parent(filled: EmptyDirectory) -> None:
    found = {code: each for each in filled.organisations for code in each.codes}
    assert len(found) == len(filled.organisations) == len(invention().organisations)
    for each in invention().organisations:
        kept = found[f"demo:{each.slug}"]
        assert (kept.name, kept.sector, kept.region) == (each.name, each.sector, each.region)
        assert kept.sector in SECTORS
        assert kept.parent_id == (found[f"demo:{each.parent}"].id if each.parent else "")


def test_names_arrive_whole_whether_sent_in_one_column_or_two(filled: EmptyDirectory) -> None:
    invented = {person.sign_in_address: person.name for person in invention().leaders().values()}
    for address, kept in filled.people.items():
        name = invented[address]
        in_one_column = kept.feed in ("education", "housing")
        assert kept.full_name == (name.in_use if in_one_column else f"{name.given} {name.family}")
        assert kept.display_name.startswith(f"{name.honorific} ".lstrip())
        assert kept.display_name.endswith(f" {name.honours}".rstrip())
