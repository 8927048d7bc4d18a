"""One matter is one row on the desk, however often it comes up."""

import pytest

from store import waiting
from store.database import Store
from store.errors import NoSuchRecord
from store.models import WaitingItem
from store.waiting import Item
from tests.conftest import SettableClock


def raise_(
    store: Store, clock: SettableClock, key: str, summary: str = "Somebody unknown tried to sign in."
) -> int:
    with store.transaction() as tx:
        return waiting.raise_item(tx, waiting.UNKNOWN_SIGN_IN, key, summary, clock())


def desk(store: Store) -> list[Item]:
    with store.transaction() as tx:
        assert waiting.count_open(tx) == len(waiting.open_items(tx))
        return waiting.open_items(tx)


def test_the_same_matter_is_counted_and_the_oldest_stands_first(store: Store, clock: SettableClock) -> None:
    first = raise_(store, clock, "rivers.example")
    start = clock()
    clock.advance(hours=1)
    raise_(store, clock, "northmere.example")
    assert raise_(store, clock, "rivers.example", "It happened again.") == first

    items = desk(store)
    assert [(item.key, item.count) for item in items] == [("rivers.example", 2), ("northmere.example", 1)]
    assert (items[0].first_seen, items[0].last_seen, items[0].summary) == (
        start,
        clock(),
        "It happened again.",
    )


def test_a_settled_matter_leaves_and_may_come_up_anew(store: Store, clock: SettableClock) -> None:
    first = raise_(store, clock, "rivers.example")
    with store.transaction() as tx:
        assert waiting.settle(tx, first, "rowan", clock()).key == "rivers.example"
    assert desk(store) == []
    assert raise_(store, clock, "rivers.example") != first
    assert [item.count for item in desk(store)] == [1]


def test_settling_twice_says_that_somebody_was_quicker(store: Store, clock: SettableClock) -> None:
    matter = raise_(store, clock, "rivers.example")
    with store.transaction() as tx:
        waiting.settle(tx, matter, "rowan", clock())
    with pytest.raises(NoSuchRecord, match="does not wait any more"), store.transaction() as tx:
        waiting.settle(tx, matter, "tamsin", clock())


def test_a_program_settles_by_kind_and_key(store: Store, clock: SettableClock) -> None:
    raise_(store, clock, "rivers.example")
    with store.transaction() as tx:
        assert waiting.settle_matter(tx, waiting.UNKNOWN_SIGN_IN, "rivers.example", "command line", clock())
        assert not waiting.settle_matter(
            tx, waiting.UNKNOWN_SIGN_IN, "rivers.example", "command line", clock()
        )
    assert desk(store) == []


def test_strangers_words_stay_on_one_line_and_short(store: Store, clock: SettableClock) -> None:
    raise_(store, clock, "a\x1b[2J\nb" + "x" * 400, "line\none\u202e\ud800 " + "y" * 2900)
    item = desk(store)[0]
    assert item.key.startswith("a[2J bxxx")
    assert len(item.key) == 200
    assert item.summary.startswith("line one yyy")
    assert len(item.summary) == 2000


def test_long_keys_that_begin_alike_are_different_matters(store: Store, clock: SettableClock) -> None:
    raise_(store, clock, "x" * 400 + "a")
    raise_(store, clock, "x" * 400 + "b")
    assert len(desk(store)) == 2


def test_no_kind_of_matter_can_hide_the_others(store: Store, clock: SettableClock) -> None:
    with store.transaction() as tx:
        for number in range(waiting.MOST_OF_A_KIND + 20):
            waiting.raise_item(tx, waiting.FEEDBACK, f"{number}", f"Buy now, number {number}.", clock())
    clock.advance(hours=1)
    raise_(store, clock, "rivers.example")
    with store.transaction() as tx:
        listed = waiting.open_items(tx)
        assert waiting.count_open(tx) == waiting.MOST_OF_A_KIND + 21
    assert [item.kind for item in listed[:-1]] == [waiting.FEEDBACK] * waiting.MOST_OF_A_KIND
    assert (listed[0].key, listed[-1].kind) == ("0", waiting.UNKNOWN_SIGN_IN)


@pytest.mark.parametrize("id", [-1, 0, 2**63, 10**400])
def test_a_number_that_no_matter_can_have_is_no_matter(store: Store, clock: SettableClock, id: int) -> None:
    with pytest.raises(NoSuchRecord), store.transaction() as tx:
        waiting.settle(tx, id, "rowan", clock())


def test_what_acting_on_a_matter_needs_is_kept_until_it_is_settled(
    store: Store, clock: SettableClock
) -> None:
    with store.transaction() as tx:
        id_ = waiting.raise_item(
            tx, waiting.UNKNOWN_SIGN_IN, "k", "Somebody.", clock(), organisation="o-1", details={"a": "b"}
        )
        assert waiting.get(tx, id_).details == {"a": "b"}
        assert [item.id for item in waiting.open_items(tx, organisation="o-1")] == [id_]
        assert waiting.open_items(tx, organisation="o-2") == []
        assert waiting.settle(tx, id_, "rowan", clock()).details == {"a": "b"}
    with store.reading() as tx:
        row = tx.get(WaitingItem, id_)
        assert row is not None
        assert row.details == {}
        with pytest.raises(NoSuchRecord):
            waiting.get(tx, id_)


def test_what_somebody_unknown_left_is_forgotten_a_month_after_they_last_tried(
    store: Store, clock: SettableClock
) -> None:
    def forget() -> int:
        with store.transaction() as tx:
            return waiting.forget_passing(tx, clock())

    tried_again, settled = raise_(store, clock, "one"), raise_(store, clock, "two")
    with store.transaction() as tx:
        waiting.raise_item(tx, waiting.REFUSED_SIGN_IN, "k", "A provider spoke of others.", clock())
        waiting.settle(tx, settled, "rowan", clock())
    clock.advance(days=20)
    assert raise_(store, clock, "one") == tried_again
    clock.advance(days=11)

    assert forget() == 1  # what was settled
    assert [item.key for item in desk(store)] == ["one", "k"]
    clock.advance(days=20)
    assert forget() == 1
    assert [item.key for item in desk(store)] == ["k"]
    with store.reading() as tx:
        assert tx.query(WaitingItem).count() == 1
