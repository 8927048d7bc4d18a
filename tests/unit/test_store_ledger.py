"""The ledger shows every change, deletion and reordering."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store import ledger
from store.database import Store
from store.errors import BadRecord
from tests.conftest import SettableClock


def fill(store: Store, clock: SettableClock, count: int = 5) -> list[ledger.Seal]:
    with store.transaction() as tx:
        return [
            ledger.append(
                tx, "role granted", "command line", f"person-{number}", {"role": "auditors"}, clock()
            )
            for number in range(count)
        ]


def verdict(store: Store, noted: ledger.Seal | None = None) -> ledger.Verdict:
    with store.transaction() as tx:
        return ledger.verify(tx, noted)


def run(store: Store, sql: str) -> None:
    with store.transaction() as tx:
        tx.connection().exec_driver_sql(sql)


def test_an_untouched_ledger_holds(store: Store, clock: SettableClock) -> None:
    seals = fill(store, clock)
    assert verdict(store) == ledger.Verdict(5, seals[-1])
    assert verdict(store, seals[2]).holds


def test_an_empty_ledger_holds(store: Store) -> None:
    assert verdict(store).holds
    assert verdict(store, ledger.parse_seal(str(verdict(store).seal))).holds


@pytest.mark.parametrize(
    ("sql", "broken_at", "reason"),
    [
        ("UPDATE ledger SET subject = 'person-9' WHERE number = 3", 3, "changed"),
        ("UPDATE ledger SET details = '{}' WHERE number = 1", 1, "changed"),
        ("UPDATE ledger SET instant = replace(instant, '2026', '2025') WHERE number = 5", 5, "changed"),
        ("DELETE FROM ledger WHERE number = 2", 2, "missing"),
        ("DELETE FROM ledger WHERE number = 1", 1, "missing"),
    ],
)  # fmt: skip
def test_a_touched_ledger_does_not(
    store: Store, clock: SettableClock, sql: str, broken_at: int, reason: str
) -> None:
    fill(store, clock)
    run(store, sql)
    found = verdict(store)
    assert (found.broken_at, reason in found.reason) == (broken_at, True)


def test_exchanged_entries_are_noticed(store: Store, clock: SettableClock) -> None:
    fill(store, clock)
    for sql in (
        "number = 99 WHERE number = 2",
        "number = 2 WHERE number = 3",
        "number = 3 WHERE number = 99",
    ):
        run(store, f"UPDATE ledger SET {sql}")  # noqa: S608 - a test's own words
    assert verdict(store).broken_at == 2


def test_a_noted_seal_shows_that_the_end_was_cut_off(store: Store, clock: SettableClock) -> None:
    seals = fill(store, clock)
    run(store, "DELETE FROM ledger WHERE number > 3")
    assert verdict(store).holds  # the chain alone can't know
    assert verdict(store, seals[-1]).broken_at == 4


def test_a_seal_survives_being_written_down(store: Store, clock: SettableClock) -> None:
    seal = fill(store, clock)[-1]
    assert ledger.parse_seal(f" {seal}\n") == seal


@given(st.text(max_size=80))
def test_what_is_no_seal_is_refused(words: str) -> None:
    with pytest.raises(BadRecord):
        ledger.parse_seal(words)


def test_odd_texts_come_back_as_they_were_sealed(store: Store, clock: SettableClock) -> None:
    odd = ["", "\x00", "é", "e\u0301", "\u202e", "👩‍✈️", "'; DROP TABLE ledger; --", "\r\n"]
    with store.transaction() as tx:
        for text in odd:
            ledger.append(tx, "test", text, text, {text: text}, clock())
    assert verdict(store).holds
    with store.transaction() as tx:
        assert [entry.subject for entry in ledger.latest(tx, 99)] == odd


def test_half_a_character_and_too_much_are_refused(store: Store, clock: SettableClock) -> None:
    for subject in ("\ud800", "x" * 201):
        with pytest.raises(BadRecord), store.transaction() as tx:
            ledger.append(tx, "test", "a", subject, {}, clock())
