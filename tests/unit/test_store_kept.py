"""What people keep for themselves is theirs alone, has an end, and can be forgotten."""

from datetime import timedelta

import pytest

from store import kept
from store.database import Store
from store.errors import BadRecord, NoSuchRecord
from tests.conftest import SettableClock

ADA, BEN = "a1", "b2"


def names(store: Store, owner: str) -> list[str]:
    with store.reading() as tx:
        return [each.name for each in kept.searches(tx, owner)]


def seen(store: Store, owner: str, clock: SettableClock) -> list[str]:
    with store.reading() as tx:
        return list(kept.viewed(tx, owner, clock()))


def test_a_search_is_its_owners_and_nobody_else_can_take_it_away(store: Store, clock: SettableClock) -> None:
    with store.transaction() as tx:
        kept.save(tx, ADA, "“kent”", "q=kent", clock())
        kept.save(tx, ADA, "“Kent”", "q=kent", clock())
        [mine] = kept.searches(tx, ADA)
    assert names(store, ADA) == ["“Kent”"], "the same search is kept once"
    assert names(store, BEN) == []
    for id in (mine.id + 1, 2**70):
        with pytest.raises(NoSuchRecord), store.transaction() as tx:
            kept.remove_search(tx, ADA, id)
    with pytest.raises(NoSuchRecord), store.transaction() as tx:
        kept.remove_search(tx, BEN, mine.id)
    with store.transaction() as tx:
        kept.remove_search(tx, ADA, mine.id)
    assert names(store, ADA) == []


def test_there_is_a_most_and_an_empty_or_endless_search_is_none(store: Store, clock: SettableClock) -> None:
    with store.transaction() as tx:
        for number in range(kept.MOST_SEARCHES):
            kept.save(tx, ADA, f"{number}", f"q={number}", clock())
        kept.save(tx, ADA, "again", "q=7", clock())  # is there already
        kept.save(tx, BEN, "other", "q=other", clock())
    with pytest.raises(kept.TooManyKept), store.transaction() as tx:
        kept.save(tx, ADA, "more", "q=more", clock())
    for query in ("", "q=" + "x" * 2000):
        with pytest.raises(BadRecord), store.transaction() as tx:
            kept.save(tx, BEN, "bad", query, clock())
    with store.transaction() as tx:
        kept.remove_searches(tx, ADA)
    assert (names(store, ADA), names(store, BEN)) == ([], ["other"])


def test_the_last_twenty_are_listed_for_thirty_days(store: Store, clock: SettableClock) -> None:
    for number in range(25):
        clock.advance(minutes=1)
        with store.transaction() as tx:
            kept.note_view(tx, ADA, f"p{number}", clock())
    with store.transaction() as tx:
        kept.note_view(tx, ADA, "p10", clock())
        kept.note_view(tx, BEN, "p1", clock())
    assert len(seen(store, ADA, clock)) == kept.MOST_VIEWED
    assert set(seen(store, ADA, clock)[:2]) == {"p10", "p24"}
    with store.transaction() as tx:
        kept.forget_view(tx, ADA, "p10")
    assert "p10" not in seen(store, ADA, clock)
    clock.advance(days=31)
    assert seen(store, ADA, clock) == []
    with store.transaction() as tx:
        kept.forget_old_views(tx, clock())
        assert kept.viewed(tx, BEN, clock() - timedelta(days=31)) == {}


def test_who_wants_no_such_list_has_none_until_they_want_one(store: Store, clock: SettableClock) -> None:
    with store.transaction() as tx:
        kept.note_view(tx, ADA, "p1", clock())
        kept.choose_views(tx, ADA, keep=False, now=clock())
        kept.choose_views(tx, ADA, keep=False, now=clock())
        kept.note_view(tx, ADA, "p2", clock())
    assert seen(store, ADA, clock) == []
    with store.transaction() as tx:
        kept.choose_views(tx, ADA, keep=True, now=clock())
        kept.note_view(tx, ADA, "p3", clock())
    assert seen(store, ADA, clock) == ["p3"]


def test_whoever_is_forgotten_is_in_nobodys_list(store: Store, clock: SettableClock) -> None:
    with store.transaction() as tx:
        for owner, person in ((ADA, BEN), (BEN, ADA), (BEN, "c3")):
            kept.note_view(tx, owner, person, clock())
            kept.save(tx, owner, "x", "q=x", clock())
        kept.choose_views(tx, "c3", keep=False, now=clock())
        for uid in (ADA, "c3"):
            kept.forget(tx, uid)
        assert kept.keeps_views(tx, "c3")
    assert (names(store, ADA), names(store, BEN)) == ([], ["x"])
    assert seen(store, ADA, clock) == seen(store, BEN, clock) == []
