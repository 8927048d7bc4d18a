"""What is sealed for somebody opens with their key alone, and never again once it is destroyed."""

from datetime import date, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from store import checkpoints, ledger, person_keys, tombstones
from store.database import Store
from store.errors import BadRecord, KeyDestroyed
from store.person_keys import Keyring
from tests.conftest import SettableClock

DAY = date(2026, 11, 23)
WHY = "Ada asked on the phone"


def test_a_value_opens_in_another_process_and_only_as_whose_it_is(store: Store) -> None:
    ring = Keyring(store)
    sealed = ring.seal("ada", b"020 7946 0000")
    assert sealed == ring.seal("ada", b"020 7946 0000")  # so that the same plan has the same name
    assert ring.seal("bo", b"020 7946 0000") != sealed
    assert ring.keep()
    again = Keyring(store)
    assert again.open("ada", sealed) == b"020 7946 0000"
    with pytest.raises(KeyDestroyed):
        again.open("bo", sealed)
    with pytest.raises(KeyDestroyed):
        again.open("ada", sealed[:-8])


def test_nobody_opens_what_was_sealed_under_a_destroyed_key(store: Store) -> None:
    ring = Keyring(store)
    sealed = ring.seal("ada", b"x")
    ring.keep()
    with store.transaction() as tx:
        key = person_keys.found(tx, ("ada",))["ada"]
        assert person_keys.destroy(tx, ("ada", "nobody")) == 1
    store.scrub()
    with pytest.raises(KeyDestroyed):
        Keyring(store).open("ada", sealed)
    file = store.file
    assert file
    for each in (file, file.with_name(f"{file.name}-wal")):
        assert not each.exists() or key not in each.read_bytes()


def test_a_key_made_meanwhile_by_another_or_for_somebody_erased_makes_the_paper_anew(store: Store) -> None:
    mine, theirs, late = Keyring(store), Keyring(store), Keyring(store)
    mine.seal("ada", b"x")
    theirs.seal("ada", b"x")
    late.seal("bo", b"x")
    assert theirs.keep()
    assert not mine.keep()
    with store.transaction() as tx:
        tombstones.add(tx, "bo", (), DAY)
    assert not late.keep()
    with store.reading() as tx:
        assert not person_keys.found(tx, ("bo",))


def test_a_reason_in_the_ledger_can_be_read_until_its_person_is_erased(
    store: Store, clock: SettableClock
) -> None:
    with store.transaction() as tx:
        ledger.append(tx, "person suspended", "rt", "ada", {"reason": WHY, "n": "1"}, clock(), about="ada")
        entry = ledger.latest(tx, 1)[0]
        assert WHY not in entry.details
        assert ledger.opened(tx, [entry]) == [{"reason": WHY, "n": "1"}]
        person_keys.destroy(tx, ("ada",))
        assert ledger.opened(tx, [entry]) == [{"reason": "erased", "n": "1"}]
        assert ledger.verify(tx).holds


def test_marks_by_an_older_salt_are_recognised_and_can_be_lifted(store: Store) -> None:
    with store.transaction() as tx:
        before = tombstones.Marker((b"old",)).address("Ada@rivers.example")
        tombstones.add(tx, "ada", (before,), DAY)
        tombstones.add_salt(tx, b"old")
        tombstones.add_salt(tx, b"old")
        marks = tombstones.marker(tx).all("address", "ada@rivers.example")
        assert len(marks) == 2
        assert before in marks
        assert marks[0] == tombstones.marker(tx).address("ADA@rivers.example")
        assert tombstones.lift(tx, marks) == ["ada"]
        assert tombstones.everybody(tx)[0].marks == ()
        assert tombstones.erased(tx, {"ada", "bo"}) == {"ada"}


def fill(store: Store, clock: SettableClock, count: int) -> None:
    for number in range(count):
        clock.now += timedelta(days=1)
        with store.transaction() as tx:
            ledger.append(tx, "role granted", "rt", f"p{number}", {}, clock())


def test_a_ledger_whose_old_entries_went_still_holds_and_nobody_else_can_shorten_it(
    store: Store, clock: SettableClock
) -> None:
    key, other = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    with store.transaction() as tx:
        ledger.append(tx, ledger.MERGED, "rt", "old", {"into": "ada"}, clock())
    fill(store, clock, 3)
    with store.transaction() as tx:
        seal = checkpoints.make(tx, key, "rt", clock())
        assert seal.number == 4
    fill(store, clock, 3)
    with store.transaction() as tx, pytest.raises(BadRecord, match="so old"):
        checkpoints.prune(tx, other, clock(), "rt", clock())
    with store.transaction() as tx:
        assert checkpoints.prune(tx, key, clock(), "rt", clock()) == 4
        assert checkpoints.verify(tx, key, ledger.latest(tx, 2)[0] and seal).holds
        assert (ledger.first(tx), ledger.kept_for(tx, "old")) == (5, "ada")
        assert "names no key" in checkpoints.verify(tx, None).reason
        assert "signature" in checkpoints.verify(tx, other).reason
        assert "older than what is kept" in checkpoints.verify(tx, key, ledger.Seal(2, "0" * 64)).reason
    fill(store, clock, 2)
    with store.transaction() as tx:
        assert checkpoints.verify(tx, key).holds
        tx.connection().exec_driver_sql("DELETE FROM ledger WHERE number = 5")
        assert checkpoints.verify(tx, key).broken_at == 1
        tx.rollback()


def test_a_signed_ledger_is_not_cut_off_rewritten_or_shortened_unnoticed(
    store: Store, clock: SettableClock
) -> None:
    key = Ed25519PrivateKey.generate()
    for _ in range(2):
        fill(store, clock, 3)
        with store.transaction() as tx:
            checkpoints.make(tx, key, "rt", clock())  # entries 3 and 7 are signed
    for cut, why in (
        ("number <= 3", "none says that they were deleted"),
        ("number > 6", "another than the signed checkpoint says"),
        ("number > 0", "another than the signed checkpoint says"),
    ):
        with store.transaction() as tx:
            assert checkpoints.verify(tx, key).holds
            tx.connection().exec_driver_sql(f"DELETE FROM ledger WHERE {cut}")  # noqa: S608 - constants
            assert why in checkpoints.verify(tx, key).reason
            tx.rollback()
    with store.transaction() as tx:
        tx.connection().exec_driver_sql("DELETE FROM ledger")
        for _ in range(9):
            ledger.append(tx, "role granted", "rt", "somebody else", {}, clock())
        assert "another" in checkpoints.verify(tx, key).reason
        tx.rollback()


def test_a_broken_or_empty_ledger_is_not_signed(store: Store, clock: SettableClock) -> None:
    key = Ed25519PrivateKey.generate()
    with store.transaction() as tx, pytest.raises(BadRecord, match="empty"):
        checkpoints.make(tx, key, "rt", clock())
    fill(store, clock, 2)
    with store.transaction() as tx:
        tx.connection().exec_driver_sql("UPDATE ledger SET actor = 'x' WHERE number = 1")
    with store.transaction() as tx, pytest.raises(BadRecord, match="does not hold"):
        checkpoints.make(tx, key, "rt", clock())


def test_only_an_ed25519_key_signs(tmp_path: Path) -> None:
    file = tmp_path / "key.pem"
    with pytest.raises(BadRecord, match="can't be read"):
        checkpoints.read_key(file)
    form = (Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file.write_bytes(generate_private_key(65537, 2048).private_bytes(*form))
    with pytest.raises(BadRecord, match="no Ed25519 key"):
        checkpoints.read_key(file)
    file.write_bytes(Ed25519PrivateKey.generate().private_bytes(*form))
    assert checkpoints.read_key(file)
