"""What goes with somebody who is erased, and that no old file brings them back. No server."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import msgspec
import pytest

from ldap_schema.changes import Remove, Update
from ldap_schema.delegations import Delegation
from ldap_schema.offices import Office
from ldap_schema.people import ACTIVE, LEFT, Person
from ldap_schema.posts import Post, Tenure
from store.person_keys import DESTROYED
from store.tombstones import Marker, Tombstone
from sync.erasing import Surroundings, erasure, expired
from sync.errors import InputRefused
from sync.merging import merge
from sync.receipt import APPLIED, Receipt
from sync.receipt_file import load_receipt
from sync.rows import Reading, RowOutcome
from sync.sealed import Sealer
from sync.shred import shred
from sync.tombstones import NOT_TAKEN, ListDamaged, Stones, marks_of, note_beside, noted_beside
from tests.sync_world import DAY, World, people, row, write_file
from tests.unit.test_sync_papers import NOON

TODAY = date(2026, 11, 23)
ADA = Person(
    uid="ada", full_name="Ada Quill", family_name="Quill", feed="rivers", feed_part="all", feed_key="s1",
    sign_in_address="Person1@rivers.example",
)  # fmt: skip
HERS = Tenure(id="t", post_id="p", holder="ada", feed="rivers", feed_part="all", feed_key="s1 @ p1")


def read(folder: Path, rows: list[dict[str, str]]) -> Reading:
    return World(folder).read(write_file(folder, rows, DAY, "rivers"))


def test_references_go_before_the_person_and_others_keep_what_is_theirs() -> None:
    shared = Office(id="shared", name="Front office", serves=("ada", "bo"))
    own = Office(id="own", name="Office of Ada", serves=("ada",))
    works = Office(id="works", name="Other office", members=("ada", "cy"))
    given = Delegation(id="d", leader="ada", delegate="bo", scopes=("devices",))
    friend = Person(
        uid="bo", full_name="Bo", family_name="Bo", reveal_mobile_to=("ada", "cy"), assistants=("ada",),
        reveal_until=("mobile ada 2027-01-01", "mobile cy 2027-01-01"),
    )  # fmt: skip
    post = Post(id="p", title="x", organisation_id="o", sealed_for="ada")
    around = Surroundings(
        person=ADA, tenures=(HERS,), offices=(shared, own, works), delegations=(given,), people=(friend,),
        sealed_posts=(post,),
    )  # fmt: skip
    changes = erasure(around)
    assert changes[-1] == Remove(ADA)
    assert set(changes) >= {
        Remove(HERS), Remove(given), Remove(own), Update(post, replace(post, sealed_for="")),
        Update(shared, replace(shared, serves=("bo",))), Update(works, replace(works, members=("cy",))),
        Update(friend, replace(
            friend, reveal_mobile_to=("cy",), assistants=(), reveal_until=("mobile cy 2027-01-01",)
        )),
    }  # fmt: skip


def test_only_who_left_longer_ago_than_the_retention_is_due() -> None:
    def left(day: date | None, status: str = LEFT) -> Person:
        return replace(ADA, status=status, status_since=day)

    due = left(date(2025, 11, 23))
    others = [left(date(2025, 11, 24)), left(None), left(date(2020, 1, 1), ACTIVE)]
    assert expired([due, *others], TODAY, 12) == [due]
    assert expired([left(date(2024, 2, 29))], date(2025, 2, 28), 12)
    assert not expired([left(date(2025, 8, 31))], date(2026, 2, 27), 6)
    assert expired([left(date(2025, 8, 31))], date(2026, 2, 28), 6)


MARKER = Marker((b"salt", b"older"))


def stones() -> Stones:
    return Stones(MARKER, frozenset(marks_of(Marker((b"older",)), ADA, [HERS])))


def test_an_old_file_does_not_bring_an_erased_person_back_by_key_or_by_address(tmp_path: Path) -> None:
    rows = people(2)
    rows.append(row(3, Sign_in="person1@rivers.example"))
    reading = stones().without_erased(read(tmp_path, rows))
    assert [each.key for each in reading.candidates] == ["s2"]
    aside = {each.line: each for each in reading.set_aside}
    assert {(each.outcome, each.key) for each in aside.values()} == {(NOT_TAKEN, "")}
    assert len(aside) == 2
    assert not any("eras" in f"{each.reason} {each.mend}" for each in aside.values())
    other_feed = replace(read(tmp_path, people(1)), feed="coasts")
    unknown = replace(other_feed, candidates=(replace(other_feed.candidates[0], sign_in_address=""),))
    assert stones().without_erased(unknown).candidates


def test_a_rejected_row_of_an_erased_person_leaves_none_of_its_values(tmp_path: Path) -> None:
    reading = stones().without_erased(read(tmp_path, [row(1, Title=""), row(2, Title=""), row(3)]))
    assert [(each.line, each.outcome, each.key) for each in reading.set_aside] == [
        (3, "rejected", "s2"), (2, NOT_TAKEN, ""),
    ]  # fmt: skip


def test_erasures_are_noted_beside_the_store_and_betray_nothing(tmp_path: Path) -> None:
    stone = Tombstone(uid="ada", day=TODAY, marks=tuple(sorted(marks_of(MARKER, ADA, [HERS]))))
    note_beside(tmp_path, [stone])
    assert noted_beside(tmp_path) == (stone,)
    file = tmp_path / "erasures.jsonl"
    assert file.stat().st_mode & 0o777 == 0o600
    assert not {"s1", "rivers", "Quill"} & set(file.read_text().split('"'))
    with file.open("a") as opened:
        opened.write('{"uid": "half')
    with pytest.raises(ListDamaged):
        noted_beside(tmp_path)


def test_papers_written_in_the_clear_lose_the_person_and_keep_the_others(tmp_path: Path) -> None:
    for folder in ("plans", "receipts"):
        (tmp_path / folder).mkdir()
    old = '{{\n "version": 1,\n "uid": "{}"}}'
    plans = {"hers": old.format("ada"), "others": old.format("adam"), "sealed": '{"version": 2, "of": "ada"}'}
    for name, text in plans.items():
        (tmp_path / "plans" / f"{name}.json").write_text(text)
    lines = (
        RowOutcome(line=2, outcome="joined", reason="as Director 1", key="s1"),
        RowOutcome(line=3, outcome="joined", reason="as Director 2", key="s2"),
    )
    receipt = Receipt(
        run="r1", feed="rivers", feed_name="Rivers HR", part="all", as_of=TODAY, file="f.csv", status=APPLIED,
        at=NOON, rows=2, changes=2, absent=0, outcomes=lines,
    )  # fmt: skip
    for each in (receipt, replace(receipt, run="r2", feed="coasts")):
        (tmp_path / "receipts" / f"{each.run}.json").write_bytes(msgspec.json.encode(each))
        (tmp_path / "receipts" / f"{each.run}.csv").write_text("Director 1")
    assert shred(tmp_path, ADA, [HERS]) == (1, 1)
    assert sorted(each.name for each in (tmp_path / "plans").iterdir()) == ["others.json", "sealed.json"]
    blanked = load_receipt(tmp_path, "r1", Sealer()).outcomes
    assert blanked == (RowOutcome(line=2, outcome="joined", reason=DESTROYED), lines[1])
    assert not (tmp_path / "receipts" / "r1.csv").exists()
    assert load_receipt(tmp_path, "r2", Sealer()).outcomes == lines


BO = replace(ADA, uid="bo", feed="coasts", feed_key="c9", mail=("bo@coasts.example",), sign_in_address="")


def test_a_merge_gives_the_kept_entry_what_the_other_had_and_both_feeds_keys() -> None:
    given = Delegation(id="d", leader="ada", delegate="cy", scopes=("devices",))
    between = Delegation(id="e", leader="ada", delegate="bo", scopes=("devices",))
    office = Office(id="o", name="Office", serves=("ada", "bo"))
    cy = Person(uid="cy", full_name="Cy", family_name="Cy", reveal_mail_to=("ada",), assistants=("bo", "ada"))
    around = Surroundings(
        person=ADA, tenures=(HERS,), offices=(office,), delegations=(given, between), people=(cy,)
    )
    changes = merge(BO, around)
    assert changes[-2:] == (Remove(ADA), Update(BO, replace(BO, sign_in_address=ADA.sign_in_address)))
    assert set(changes) >= {
        Update(HERS, replace(HERS, holder="bo")), Update(given, replace(given, leader="bo")),
        Remove(between), Update(office, replace(office, serves=("bo",))),
        Update(cy, replace(cy, reveal_mail_to=("bo",), assistants=("bo",))),
    }  # fmt: skip


def test_whoever_was_made_by_hand_is_kept_by_the_others_feed_after_a_merge() -> None:
    by_hand = replace(BO, feed="", feed_part="", feed_key="")
    last = merge(by_hand, Surroundings(person=ADA))[-1]
    assert isinstance(last, Update)
    assert isinstance(last.after, Person)
    assert (last.after.feed, last.after.feed_key, last.after.mail) == ("rivers", "s1", BO.mail)


@pytest.mark.parametrize(
    ("keep", "drop", "words"),
    [
        (ADA, ADA, "given twice"),
        (BO, replace(ADA, sealed="post"), "sealed"),
        (replace(BO, status="deceased"), ADA, "deceased"),
    ],
)
def test_a_merge_that_could_show_or_hide_somebody_is_refused(keep: Person, drop: Person, words: str) -> None:
    with pytest.raises(InputRefused, match=words):
        merge(keep, Surroundings(person=drop))
