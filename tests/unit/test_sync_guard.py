"""The guard's table: what passes and what holds, for every size from 1 to 20 and beyond."""

import pytest

from sync.guard import allowed, judge
from sync.mapping import Limits
from sync.measures import Measures

SMALL = range(1, 20)


def held(**counts: object) -> bool:
    return not judge(Measures(**counts), Limits()).passes  # type: ignore[arg-type]


@pytest.mark.parametrize("size", SMALL)
def test_below_twenty_two_absent_or_leaving_hold(size: int) -> None:
    assert not held(size=size, absent=1)
    assert not held(size=size, leaving=1)
    assert held(size=size, absent=2)
    assert held(size=size, absent=1, leaving=1)


@pytest.mark.parametrize("size", SMALL)
def test_below_twenty_one_identity_change_holds(size: int) -> None:
    assert held(size=size, identity=1)


@pytest.mark.parametrize("size", SMALL)
def test_below_twenty_three_updates_pass(size: int) -> None:
    assert not held(size=size, updated=3)
    assert held(size=size, updated=4)


@pytest.mark.parametrize("size", SMALL)
def test_below_twenty_a_rejected_row_holds_only_itself(size: int) -> None:
    assert not held(size=size, rows=size, rejected=size)


@pytest.mark.parametrize("size", SMALL)
def test_below_twenty_two_emptied_values_hold(size: int) -> None:
    assert not held(size=size, blanked={"telephone": 1})
    assert held(size=size, blanked={"telephone": 2})


@pytest.mark.parametrize(
    ("size", "absent", "holds"),
    [
        (20, 2, False),
        (20, 3, True),
        (40, 2, False),
        (40, 3, True),
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
    ("count", "at", "over"), [("leaving", 10, 11), ("updated", 20, 21), ("identity", 2, 3), ("absent", 5, 6)]
)
def test_each_count_has_its_own_share(count: str, at: int, over: int) -> None:
    assert not held(size=100, **{count: at})
    assert held(size=100, **{count: over})


def test_rejects_are_a_share_of_the_rows() -> None:
    assert not held(size=100, rows=200, rows_before=200, rejected=6)
    assert held(size=100, rows=200, rows_before=200, rejected=7)


@pytest.mark.parametrize(("rows", "holds"), [(90, False), (110, False), (89, True), (111, True)])
def test_a_file_much_shorter_or_longer_than_the_last_holds(rows: int, holds: bool) -> None:
    assert held(size=100, rows=rows, rows_before=100) is holds


@pytest.mark.parametrize("size", [3, 19, 20, 1500])
def test_a_column_that_suddenly_says_one_thing_holds_at_any_size(size: int) -> None:
    assert held(size=size, constant=("telephone",))


def test_the_first_file_of_a_feed_passes() -> None:
    assert not held(size=0, rows=1500, joined=1500)


def test_every_reason_is_said() -> None:
    reasons = judge(Measures(size=100, absent=50, updated=50, blanked={"mail": 50}), Limits()).reasons
    assert len(reasons) == 3
    assert "absent: 50 of 100, more than 5" in reasons


def test_an_open_guard_lets_an_archive_be_replayed() -> None:
    assert judge(Measures(size=100, absent=100), Limits(open=True)).passes


def test_a_share_never_allows_less_than_the_floor() -> None:
    assert [allowed(0.05, size, 2) for size in (20, 40, 59, 60, 1500)] == [2, 2, 2, 3, 75]
