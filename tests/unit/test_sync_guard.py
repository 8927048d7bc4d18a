"""The guard's table: what passes and what holds, for every size from 1 to 20 and beyond."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from ldap_schema.people import LEFT
from sync.guard import judge
from sync.mapping import Limits
from sync.mapping_reader import load_feed
from sync.measures import Measures
from sync.plan import Plan
from tests.sync_world import DAY, World, people, row, write_mapping

# p passes, H holds, "." can't be. Below twenty people counts decide, from twenty on shares, never below two.
TABLE = """
     | absent| leave | 1+1  | ident | updated   | rejec | emptied
size | 1 2 3 | 1 2 3 |      | 1 2 3 | 1 2 3 4 5 | 1 2 3 | 1 2 3
   1 | p . . | p . . |  .   | H . . | p . . . . | p . . | p . .
   2 | p H . | p H . |  H   | H H . | p p . . . | p p . | p p .
   3 | p H H | p H H |  H   | H H H | p p p . . | p p p | p p H
   4 | p H H | p H H |  H   | H H H | p p p H . | p p p | p p H
   5 | p H H | p H H |  H   | H H H | p p p H H | p p p | p p H
   6 | p H H | p H H |  H   | H H H | p p p H H | p p p | p p H
   7 | p H H | p H H |  H   | H H H | p p p H H | p p p | p p H
   8 | p H H | p H H |  H   | H H H | p p p H H | p p p | p p H
   9 | p H H | p H H |  H   | H H H | p p p H H | p p p | p p H
  10 | p H H | p H H |  H   | H H H | p p p H H | p p p | p p H
  11 | p H H | p H H |  H   | H H H | p p p H H | p p p | p p H
  12 | p H H | p H H |  H   | H H H | p p p H H | p p p | p p H
  13 | p H H | p H H |  H   | H H H | p p p H H | p p p | p p H
  14 | p H H | p H H |  H   | H H H | p p p H H | p p p | p p H
  15 | p H H | p H H |  H   | H H H | p p p H H | p p p | p p H
  16 | p H H | p H H |  H   | H H H | p p p H H | p p p | p p H
  17 | p H H | p H H |  H   | H H H | p p p H H | p p p | p p H
  18 | p H H | p H H |  H   | H H H | p p p H H | p p p | p p H
  19 | p H H | p H H |  H   | H H H | p p p H H | p p p | p p H
  20 | p p H | p p H |  p   | p p H | p p p p H | p p H | p p H
"""
_EVENTS = (
    ("absent", (1, 2, 3)),
    ("leaving", (1, 2, 3)),
    ("one absent and one leaving", (1,)),
    ("identity", (1, 2, 3)),
    ("updated", (1, 2, 3, 4, 5)),
    ("rejected", (1, 2, 3)),
    ("blanked", (1, 2, 3)),
)


def cases() -> list[tuple[int, str, int, bool]]:
    found = []
    for line in TABLE.strip().splitlines()[2:]:
        size, *groups = line.split("|")
        for (event, counts), group in zip(_EVENTS, groups, strict=True):
            for count, cell in zip(counts, group.split(), strict=True):
                found += [] if cell == "." else [(int(size), event, count, cell == "H")]
    return found


def held(**counts: object) -> bool:
    return not judge(Measures(**counts), Limits()).passes  # type: ignore[arg-type]


@pytest.mark.parametrize(("size", "event", "count", "holds"), cases())
def test_the_table_of_sizes(size: int, event: str, count: int, holds: bool) -> None:
    counts: dict[str, object] = {event: count}
    if event == "one absent and one leaving":
        counts = {"absent": 1, "leaving": 1}
    if event == "blanked":
        counts = {"blanked": {"telephone": count}}
    assert held(size=size, rows=size, usual_rows=size, **counts) is holds


def test_the_table_has_every_size() -> None:
    assert {size for size, *_ in cases()} == set(range(1, 21))


@pytest.mark.parametrize(
    ("size", "absent", "holds"),
    [
        (20, 2, False),
        (20, 3, True),
        (40, 2, False),
        (40, 3, True),
        (59, 3, True),
        (60, 3, False),
        (60, 4, True),
        (1500, 75, False),
        (1500, 76, True),
    ],
)
def test_from_twenty_on_absences_are_a_share_and_never_less_than_two(
    size: int, absent: int, holds: bool
) -> None:
    assert held(size=size, absent=absent) is holds


@pytest.mark.parametrize(
    ("count", "at", "over"),
    [
        ("leaving", 10, 11),
        ("updated", 20, 21),
        ("identity", 2, 3),
        ("absent", 5, 6),
        ("rejected", 3, 4),
    ],
)
def test_each_count_has_its_own_share(count: str, at: int, over: int) -> None:
    assert not held(size=100, **{count: at})
    assert held(size=100, **{count: over})


def test_five_percent_losing_one_attribute_pass_and_more_hold() -> None:
    assert not held(size=100, blanked={"telephone": 5, "mobile": 5})
    assert held(size=100, blanked={"telephone": 6})


@pytest.mark.parametrize(("rows", "holds"), [(90, False), (110, False), (89, True), (111, True)])
def test_a_file_much_shorter_or_longer_than_the_last_ones_holds(rows: int, holds: bool) -> None:
    assert held(size=100, rows=rows, usual_rows=100) is holds


@pytest.mark.parametrize("size", [1, 2, 3, 19, 20, 1500])
def test_a_column_that_suddenly_says_one_thing_or_nothing_holds_at_any_size(size: int) -> None:
    assert held(size=size, constant=("telephone",))
    assert held(size=size, blank=("telephone",))


def test_the_first_file_of_a_feed_passes() -> None:
    assert not held(size=0, rows=1500, joined=1500, rejected=20)


@pytest.mark.parametrize(("size", "joined", "holds"), [(1, 19, False), (1, 20, True), (19, 300, True)])
def test_a_small_feed_that_is_suddenly_somebody_elses_large_one_holds(
    size: int, joined: int, holds: bool
) -> None:
    assert held(size=size, joined=joined) is holds


def test_every_reason_is_said() -> None:
    reasons = judge(Measures(size=100, absent=50, updated=50, blanked={"mail": 50}), Limits()).reasons
    assert len(reasons) == 3
    assert "absent: 50 of 100, more than 5" in reasons


def test_an_open_guard_lets_an_archive_be_replayed() -> None:
    assert judge(Measures(size=100, absent=100), Limits(open=True)).passes


def test_a_share_never_allows_less_than_the_floor_and_is_exact() -> None:
    limits = Limits(floor=2)
    assert [limits.allowed(0.05, size) for size in (20, 40, 59, 60, 1500)] == [2, 2, 2, 3, 75]
    assert limits.allowed(0.29, 100) == 29, "0.29 * 100 is 28.999999999999996 in binary fractions"


# --- What whole files do


WEEK = [DAY + timedelta(days=7 * number) for number in range(4)]


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def stopped(plan: Plan) -> bool:
    return not judge(plan.measures, Limits()).passes


def changed(count: int, **values: str) -> list[dict[str, str]]:
    """The good rows, with the same columns changed in each; {n} stands for the row's number."""
    return [
        row(number, **{key: value.format(n=number) for key, value in values.items()})
        for number in range(1, count + 1)
    ]


@pytest.mark.parametrize("size", [4, 19, 20, 60])
@pytest.mark.parametrize(
    ("what", "values"),
    [
        ("all mail in one other domain", {"Mail": "person{n}@elsewhere.example"}),
        ("all posts renamed", {"Title": "Head of Unit {n}"}),
        ("one title for all", {"Title": "Director"}),
        ("one telephone for all", {"Phone": "020 7946 0999"}),
        ("no telephones", {"Phone": ""}),
        ("all leave tomorrow", {"To": "24/11/2026"}),
        ("all left last week", {"To": "15/11/2026"}),
        ("everybody died", {"To": "01/01/2020"}),
        ("one new name of the organisation", {"Organisation": "Ministry of Water"}),
        ("new sign-in addresses", {"Sign_in": "p{n}@rivers.example"}),
    ],
)
def test_whole_columns_that_change_hold(world: World, size: int, what: str, values: dict[str, str]) -> None:
    world.take([row(n, Phone=f"020 7946 {n:04}") for n in range(1, size + 1)])
    later = [each | {"Phone": f"020 7946 {n:04}"} for n, each in enumerate(people(size), start=1)]
    assert not stopped(world.plan_of(later, WEEK[1])), "the control: the same again passes"
    assert stopped(world.plan_of(changed(size, **values), WEEK[1])), what


@pytest.mark.parametrize("size", [1, 2, 3])
def test_a_column_that_is_blank_in_every_row_holds_even_for_one_person(world: World, size: int) -> None:
    world.take(people(size))
    assert stopped(world.plan_of(changed(size, Phone=""), WEEK[1]))


@pytest.mark.parametrize("size", [1, 2, 3])
def test_a_feed_of_one_that_names_another_organisation_holds(world: World, size: int) -> None:
    world.take(people(size))
    plan = world.plan_of(changed(size, Organisation="Ministry of Water"), WEEK[1])
    assert stopped(plan)
    assert plan.measures.emptied == ("Department for Rivers",)


def test_the_whole_file_of_another_department_holds_or_asks(world: World) -> None:
    world.take(people(12))
    others = [row(n, Organisation="Ministry of Roads") for n in range(40, 52)]
    assert stopped(world.plan_of(others, WEEK[1]))


def test_names_swapped_between_two_rows_change_nobody(world: World) -> None:
    world.take(people(30))
    rows = people(30)
    rows[3]["Name"], rows[4]["Name"] = rows[4]["Name"], rows[3]["Name"]
    plan = world.plan_of(rows, WEEK[1])
    assert [each.outcome for each in plan.outcomes][3:5] == ["question", "question"]
    assert plan.changes == ()


def test_columns_shifted_by_one_never_reach_anybody(world: World) -> None:
    world.take(people(30))
    rows = [
        each | {"Name": each["Title"], "Title": each["Post Ref"], "Post Ref": each["Organisation"]}
        for each in people(30)
    ]
    plan = world.plan_of(rows, WEEK[1])
    assert {each.outcome for each in plan.outcomes} == {"question"}
    assert plan.changes == ()


def test_half_the_rows_twice_hold_by_their_number(world: World) -> None:
    world.take(people(30))
    assert stopped(world.plan_of([*people(30), *people(15)], WEEK[1]))


def test_the_usual_number_of_rows_is_the_median_of_the_last_five(world: World) -> None:
    for number, count in enumerate((30, 30, 30, 33, 33)):
        world.take(people(count), DAY + timedelta(days=number))
    plan = world.plan_of(people(36), DAY + timedelta(days=9))
    assert plan.measures.usual_rows == 30
    assert stopped(plan)


def test_a_slow_drip_is_stopped_however_small_each_file_is(world: World) -> None:
    """Under five in a hundred each second day: no file trips by itself, all together do."""
    world.today = DAY
    present = people(100)
    world.take(present)
    gone = 0
    for number in range(1, 15):
        world.today = DAY + timedelta(days=number)
        present = present[: len(present) - (4 if number % 2 else 0)]
        plan = world.plan_of(present, world.today)
        if stopped(plan):
            break
        world.apply(plan)
        gone = sum(each.status == LEFT for each in world.people())
    assert gone <= 10
    assert any("little by little" in each for each in judge(plan.measures, Limits()).reasons)


@pytest.mark.parametrize(("size", "most"), [(12, 2), (100, 20)])
def test_a_slow_drip_of_last_days_is_stopped_however_small_each_file_is(
    world: World, size: int, most: int
) -> None:
    rows = people(size)
    world.take(rows)
    for number in range(most + 1):
        world.today = DAY + timedelta(days=number + 1)
        rows[number]["To"] = "30/11/2026"
        plan = world.plan_of(rows, world.today)
        if stopped(plan):
            break
        world.apply(plan)
    assert number == most
    assert any("would leave by a date" in each for each in judge(plan.measures, Limits()).reasons)


def test_people_listed_twice_under_other_keys_hold_and_one_namesake_does_not(world: World) -> None:
    world.take(people(12))
    again = [
        each | {"Staff No": f"Z{at}", "Post Ref": f"Z{at}", "Sign-in": ""}
        for at, each in enumerate(people(12))
    ]
    assert not stopped(world.plan_of([*people(12), again[0]], WEEK[1]))
    plan = world.plan_of([*people(12), *again[:2]], WEEK[1])
    assert any("listed twice" in each for each in judge(plan.measures, Limits()).reasons)


def test_whoever_a_named_person_let_go_at_once_is_no_drip(world: World) -> None:
    world.today = DAY
    world.take(people(60))
    for number in (1, 2):
        world.today = DAY + timedelta(days=number)
        world.take(people(40), world.today)  # held, and approved
    world.today = date(2026, 11, 9)
    assert not stopped(world.plan_of(people(39), world.today))


def test_a_day_on_which_just_the_allowed_share_left_is_part_of_the_drip(tmp_path: Path) -> None:
    """29 of 100 is 0.29 of them: nobody had to agree to it, so it counts."""
    mapping = write_mapping(tmp_path, '[guard]\nabsent = "29%"\ndrip = "100%"\nrows = "100%"\n')
    world = World(tmp_path, load_feed(mapping))
    world.today = DAY
    world.take(people(129))
    for number in (1, 2, 3):  # missed, missed again, and the last day is over
        world.today = DAY + timedelta(days=number)
        world.take(people(100), world.today)
    measures = world.plan_of(people(100), DAY + timedelta(days=4)).measures
    assert (measures.size, measures.gone_lately) == (100, 29)
