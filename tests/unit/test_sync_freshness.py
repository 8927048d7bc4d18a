"""When a file is expected, in London's time, and what a feed's state is called."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ldap_schema.clock import LONDON
from sync.errors import MappingRefused
from sync.freshness import (
    FRESH,
    HELD,
    LATE,
    REFUSED,
    STALE,
    UNWATCHED,
    Rhythm,
    Seen,
    is_silent,
    read_rhythm,
    state_of,
)
from sync.mapping_reader import load_feed
from tests.sync_world import write_mapping


def refuse(key: str, sentence: str) -> MappingRefused:
    return MappingRefused(f"{key}: {sentence}")


def rhythm(**head: str) -> Rhythm:
    return read_rhythm(head, refuse)


def at(day: int, hour: int, minute: int = 0, month: int = 11) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=UTC)


DAILY = rhythm(expect="daily 06:00", stale_after="26h")
MONDAYS = rhythm(expect="weekly monday 07:00")
SINCE = at(1, 0)


def test_expected_times_are_londons_through_both_changes_of_the_clocks() -> None:
    before, after = at(24, 12, month=10), at(25, 12, month=10)  # clocks go back on the 25th
    assert DAILY.due_before(before) == at(24, 5, month=10)
    assert DAILY.due_before(after) == at(25, 6, month=10)
    spring = datetime(2026, 3, 29, 12, tzinfo=UTC)  # and forward on that day
    assert DAILY.due_before(spring) == datetime(2026, 3, 29, 5, tzinfo=UTC)
    assert DAILY.due_after(spring) == datetime(2026, 3, 30, 5, tzinfo=UTC)


def test_a_time_that_the_clocks_skip_is_still_expected_once() -> None:
    skipped = rhythm(expect="daily 01:30")
    assert skipped.due_before(datetime(2026, 3, 29, 12, tzinfo=UTC)) == datetime(
        2026, 3, 29, 1, 30, tzinfo=UTC
    )


def test_weekly_and_weekdays_leave_the_other_days_out() -> None:
    assert MONDAYS.due_before(at(22, 12)) == at(16, 7)  # a Sunday
    assert MONDAYS.due_after(at(23, 7)) == at(30, 7)
    assert rhythm(expect="weekdays 06:00").due_after(at(20, 12)) == at(23, 6)  # a Friday


@given(st.integers(0, 2 * 366 * 24 * 60))
def test_now_lies_between_the_two_expected_times_that_are_nearest(minutes: int) -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    for each in (DAILY, MONDAYS, rhythm(expect="weekdays 02:00")):
        before, after = each.due_before(now), each.due_after(now)
        assert before is not None
        assert after is not None
        assert before <= now < after
        assert after.astimezone(LONDON).weekday() in each.days


def test_no_file_by_the_agreed_time_is_late_at_once_and_a_file_ends_it() -> None:
    yesterday = Seen(since=SINCE, arrived=at(22, 5, 50), succeeded=at(22, 5, 50))
    assert state_of(DAILY, yesterday, at(23, 5, 59)) == FRESH
    assert state_of(DAILY, yesterday, at(23, 6)) == LATE
    assert is_silent(DAILY, yesterday, at(23, 6))
    today = Seen(since=SINCE, arrived=at(23, 6, 10), succeeded=at(23, 6, 10))
    assert state_of(DAILY, today, at(23, 6, 11)) == FRESH


def test_a_file_that_was_ten_minutes_late_does_not_stand_for_the_next_day() -> None:
    late = Seen(since=SINCE, arrived=at(22, 6, 10), succeeded=at(22, 6, 10))
    assert state_of(DAILY, late, at(23, 6)) == LATE


def test_data_that_is_too_old_is_stale_whatever_came() -> None:
    refused_since = Seen(since=SINCE, arrived=at(23, 6), succeeded=at(21, 6))
    assert state_of(DAILY, refused_since, at(23, 7)) == STALE
    assert not is_silent(DAILY, refused_since, at(23, 7)), "a file came: nobody is to be asked for one"


def test_what_somebody_has_to_act_on_comes_first() -> None:
    assert state_of(DAILY, Seen(since=SINCE, held=True, refused=True), at(23, 7)) == HELD
    assert state_of(DAILY, Seen(since=SINCE, refused=True), at(23, 7)) == REFUSED


def test_a_feed_that_was_registered_today_is_not_late_for_this_morning() -> None:
    assert state_of(DAILY, Seen(since=at(23, 9)), at(23, 10)) == FRESH
    assert state_of(DAILY, Seen(since=at(23, 9)), at(24, 6)) == LATE


def test_a_feed_without_agreed_times_is_watched_by_nobody() -> None:
    assert state_of(Rhythm(), Seen(since=SINCE), at(23, 7)) == UNWATCHED
    assert not is_silent(Rhythm(), Seen(since=SINCE), at(23, 7))
    only_age = rhythm(stale_after="8d")
    assert only_age.stale_after == timedelta(days=8)
    assert is_silent(only_age, Seen(since=SINCE), at(23, 7))


@pytest.mark.parametrize(
    ("key", "value", "word"),
    [
        ("expect", "dayly 06:00", 'Did you mean "daily"'),
        ("expect", "weekly munday 07:00", 'Did you mean "monday"'),
        ("expect", "daily 25:00", "no time of day"),
        ("expect", "weekly 07:00", "weekly monday 07:00"),
        ("expect", "daily monday 07:00", "weekly monday 07:00"),
        ("expect", "06:00", "weekly monday 07:00"),
        ("stale_after", "26", '"26h"'),
        ("stale_after", "0h", '"26h"'),
    ],
)
def test_a_rhythm_that_is_not_understood_names_the_key_and_the_right_word(
    tmp_path: Path, key: str, value: str, word: str
) -> None:
    mapping = write_mapping(tmp_path, old='name = "Rivers HR"', new=f'name = "x"\n{key} = "{value}"')
    with pytest.raises(MappingRefused, match=f"rivers.toml: feed.{key}") as refused:
        load_feed(mapping)
    assert word in str(refused.value)
