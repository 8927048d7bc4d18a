"""Pending, active, missing, leaving, left, held, deceased: what files and days make of somebody."""

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from ldap_schema.people import ACTIVE, DECEASED, HELD, LEAVING, LEFT, MISSING, PENDING, Person
from ldap_schema.posts import Tenure
from sync.mapping_reader import load_feed
from sync.plan import Plan
from sync.standing import due, status_by_days
from tests.sync_world import World, people, row, write_mapping

MONDAY = date(2026, 11, 2)
REASON = 'last_day = { column = "To", date = "%d/%m/%Y" }'
WITH_REASON = f'{REASON}\nleaving_reason = "Office mail"'


def day(number: int) -> date:
    return MONDAY + timedelta(days=number)


@pytest.fixture
def world(tmp_path: Path) -> World:
    found = World(tmp_path)
    found.today = day(0)
    found.take(people(3), day(0))
    return found


def on(world: World, number: int, rows: list[dict[str, str]]) -> Plan:
    """The file of a day, on that day."""
    world.today = day(number)
    return world.take(rows, day(number))


def turn(world: World, number: int) -> None:
    """A day on which no file comes."""
    world.today = day(number)
    for each in world.people():
        world.records[Person, each.uid] = due(each, world.tenures(each), world.today)


def outcomes(plan: Plan) -> list[str]:
    return [each.outcome for each in plan.outcomes]


def status(world: World, key: str = "S1") -> str:
    return world.person(key).status


def test_a_last_day_to_come_is_leaving_and_the_day_after_it_is_left_without_a_file(world: World) -> None:
    plan = on(world, 1, [row(1, To="04/11/2026"), row(2), row(3)])
    assert outcomes(plan) == ["leaving", "unchanged", "unchanged"]
    assert (status(world), world.person("S1").status_since) == (LEAVING, day(1))
    turn(world, 2)
    assert status(world) == LEAVING, "the last day counts"
    turn(world, 3)
    assert (status(world), world.person("S1").status_since) == (LEFT, day(3))
    plan = on(world, 3, [row(1, To="04/11/2026"), row(2), row(3)])
    assert plan.changes == (), "the file finds nothing left to do"


def test_a_file_of_today_whose_last_day_is_today_is_leaving_still(world: World) -> None:
    on(world, 1, [row(1, To="03/11/2026"), row(2), row(3)])
    assert status(world) == LEAVING
    on(world, 2, [row(1, To="03/11/2026"), row(2), row(3)])
    assert status(world) == LEFT


def test_a_last_day_that_is_taken_back_makes_nobody_leave(world: World) -> None:
    on(world, 1, [row(1, To="30/11/2026"), row(2), row(3)])
    on(world, 2, people(3))
    assert status(world) == ACTIVE


def test_a_leaver_whom_the_file_no_longer_names_stays_until_the_day(world: World) -> None:
    on(world, 1, [row(1, To="30/11/2026"), row(2), row(3)])
    on(world, 2, [row(2), row(3)])
    assert status(world) == LEAVING


def test_a_second_absence_is_leaving_for_the_rest_of_its_day(world: World) -> None:
    on(world, 1, [row(2), row(3)])
    assert status(world) == MISSING
    on(world, 2, [row(2), row(3)])
    assert status(world) == LEAVING
    turn(world, 3)
    assert status(world) == LEFT
    assert [each.last_day for each in world.tenures(world.person("S1"))] == [day(2)]


def test_whoever_comes_back_keeps_id_and_choices(world: World) -> None:
    before = world.change(world.person("S1"), show=("mobile:leaders",))
    on(world, 1, [row(2), row(3)])
    on(world, 2, [row(2), row(3)])
    turn(world, 20)
    plan = on(world, 25, people(3))
    assert outcomes(plan)[0] == "returned"
    assert (status(world), world.person("S1").uid, world.person("S1").show) == (
        ACTIVE,
        before.uid,
        before.show,
    )


def test_a_first_day_to_come_is_pending_until_that_day(world: World) -> None:
    rows = [*people(3), row(4, From="10/11/2026")]
    on(world, 1, rows)
    assert status(world, "S4") == PENDING
    turn(world, 7)
    assert status(world, "S4") == PENDING
    turn(world, 8)
    assert (status(world, "S4"), world.person("S4").status_since) == (ACTIVE, day(8))
    assert on(world, 9, rows).changes == ()


def test_a_joiner_who_never_came_is_never_listed(world: World) -> None:
    on(world, 1, [*people(3), row(4, From="10/11/2026")])
    on(world, 2, people(3))
    assert status(world, "S4") == PENDING
    turn(world, 9)
    assert status(world, "S4") == PENDING, "missed once: the file is asked first"
    on(world, 10, people(3))
    assert status(world, "S4") == LEFT
    assert all(each.holder != world.person("S4").uid or each.last_day for each in world.all(Tenure))


def test_a_gap_between_two_posts_hides_nobody(world: World) -> None:
    on(world, 1, [row(1, Post_Ref="P9", Title="Chair", From="20/11/2026"), row(2), row(3)])
    assert status(world) == ACTIVE


@pytest.mark.parametrize(
    "rows",
    [
        [row(1, To="01/11/2026"), row(2), row(3)],
        [row(1, To="30/11/2026"), row(2), row(3)],
        [row(2), row(3)],
        [row(1, Post_Ref="P9", Title="Chair"), row(2), row(3)],
        people(3),
    ],
)
def test_no_file_lifts_a_suspension(world: World, rows: list[dict[str, str]]) -> None:
    world.change(world.person("S1"), status=HELD)
    for number in (1, 2, 3):
        on(world, number, rows)
        assert status(world) == HELD
    on(world, 4, people(3))
    turn(world, 30)
    assert status(world) == HELD


@pytest.fixture
def telling(tmp_path: Path) -> World:
    """A sender who also says why people leave."""
    path = write_mapping(tmp_path, old=REASON, new=WITH_REASON)
    path.write_text(path.read_text().replace('[office]\nmail = "Office mail"\n', ""))
    found = World(tmp_path, load_feed(path))
    found.today = day(0)
    found.take(people(3), day(0))
    return found


def test_a_death_in_service_hides_at_once_and_a_later_row_is_a_question(telling: World) -> None:
    died = [row(1, Office_mail="Death in Service", To="20/11/2026"), row(2), row(3)]
    plan = on(telling, 1, died)
    assert outcomes(plan) == ["left", "unchanged", "unchanged"]
    assert status(telling) == DECEASED
    assert plan.measures.leaving == 1
    assert on(telling, 2, died).changes == ()
    plan = on(telling, 3, people(3))
    assert outcomes(plan)[0] == "question"
    assert status(telling) == DECEASED
    on(telling, 4, [row(2), row(3)])
    turn(telling, 40)
    assert status(telling) == DECEASED


def test_other_reasons_are_never_kept(telling: World) -> None:
    on(telling, 1, [row(1, Office_mail="Dismissed", To="20/11/2026"), row(2), row(3)])
    assert status(telling) == LEAVING
    assert "Dismissed" not in repr(telling.records)


def test_somebody_who_died_before_they_were_listed_is_not_listed(telling: World) -> None:
    plan = on(telling, 1, [*people(3), row(4, Office_mail="deceased")])
    assert outcomes(plan)[3] == "left"
    assert len(telling.people()) == 3


@pytest.mark.parametrize(
    ("status", "first", "last", "becomes"),
    [
        (ACTIVE, None, None, ACTIVE),
        (PENDING, 5, None, PENDING),
        (PENDING, 0, None, ACTIVE),
        (ACTIVE, 5, None, ACTIVE),
        (LEFT, 5, None, PENDING),
        (LEFT, None, None, ACTIVE),
        (ACTIVE, None, 0, LEAVING),
        (LEAVING, None, -1, LEFT),
        (MISSING, None, 3, LEAVING),
        (PENDING, 0, 0, LEAVING),
    ],
)
def test_what_days_make_of_somebody(status: str, first: int | None, last: int | None, becomes: str) -> None:
    tenure = Tenure(
        id="t", post_id="p", holder="u",
        first_day=None if first is None else day(first), last_day=None if last is None else day(last),
    )  # fmt: skip
    assert status_by_days(status, [tenure], day(0)) == becomes


def test_a_day_moves_nobody_of_whom_no_tenure_is_known() -> None:
    person = Person(uid="u", full_name="A B", family_name="B", status=LEAVING)
    assert due(person, [], day(0)) == person
    assert due(replace(person, status=HELD), [], day(0)).status == HELD


def test_whoever_left_comes_back_as_who_they_were_for_thirty_days_and_is_asked_about_after_them(
    world: World,
) -> None:
    rows = [row(1, To="03/11/2026"), row(2), row(3)]
    on(world, 2, rows)
    uid, gone = world.person("S1").uid, day(2)
    assert (status(world), world.person("S1").status_since) == (LEFT, gone)
    kept = world.records.copy()
    assert outcomes(on(world, 32, people(3)))[0] == "returned"
    assert (world.person("S1").uid, status(world)) == (uid, ACTIVE)

    world.records = kept
    assert outcomes(on(world, 33, rows))[0] == "unchanged", "the sender goes on saying that they left"
    plan = on(world, 34, people(3))
    assert plan.outcomes[0].outcome == "question"
    assert plan.outcomes[0].reason == f"this person left on {gone}, more than 30 days ago"
    assert status(world) == LEFT
