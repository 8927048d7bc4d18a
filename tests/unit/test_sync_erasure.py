"""What goes with somebody who is erased, and that no old file brings them back. No server."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from ldap_schema.changes import Remove, Update
from ldap_schema.delegations import Delegation
from ldap_schema.offices import Office
from ldap_schema.people import ACTIVE, LEFT, Person
from ldap_schema.posts import Post, Tenure
from sync.erasing import Surroundings, erasure, expired
from sync.errors import InputRefused
from sync.merging import merge
from sync.receipt import APPLIED, Receipt, load_receipt, save_receipt
from sync.rows import Reading, RowOutcome
from sync.shred import shred
from sync.tombstones import NOT_TAKEN, ListDamaged, Tombstones
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


def test_an_old_file_does_not_bring_an_erased_person_back_by_key_or_by_address(tmp_path: Path) -> None:
    Tombstones(tmp_path).add(ADA, [HERS], TODAY)
    rows = people(2)
    rows.append(row(3, Sign_in="person1@rivers.example"))
    reading = Tombstones(tmp_path).without_erased(read(tmp_path, rows))
    assert [each.key for each in reading.candidates] == ["s2"]
    aside = {each.line: each for each in reading.set_aside}
    assert {each.outcome for each in aside.values()} == {NOT_TAKEN}
    assert len(aside) == 2
    assert not any("eras" in f"{each.reason} {each.mend}" for each in aside.values())
    other_feed = replace(read(tmp_path, people(1)), feed="coasts")
    unknown = replace(other_feed, candidates=(replace(other_feed.candidates[0], sign_in_address=""),))
    assert Tombstones(tmp_path).without_erased(unknown).candidates


def test_a_tombstone_betrays_nothing_and_is_written_once(tmp_path: Path) -> None:
    for _ in range(2):
        Tombstones(tmp_path).add(ADA, [HERS], TODAY)
    raw = (tmp_path / "erased.jsonl").read_text()
    assert raw.count("\n") == 1
    assert "s1" not in raw.replace("marks", "").casefold().split('"')
    assert "rivers" not in raw
    assert (tmp_path / "erasure.secret").stat().st_mode & 0o777 == 0o600
    (tmp_path / "erasure.secret").unlink()
    with pytest.raises(ListDamaged, match="Put it back"):
        Tombstones(tmp_path).without_erased(read(tmp_path, people(1)))


def test_a_damaged_list_stops_a_run_instead_of_bringing_somebody_back(tmp_path: Path) -> None:
    Tombstones(tmp_path).add(ADA, [], TODAY)
    with (tmp_path / "erased.jsonl").open("a") as file:
        file.write('{"uid": "half')
    with pytest.raises(ListDamaged):
        Tombstones(tmp_path).without_erased(read(tmp_path, people(1)))


def test_papers_lose_the_person_and_keep_the_others(tmp_path: Path) -> None:
    (tmp_path / "plans").mkdir()
    for name, uid in (("hers", "ada"), ("others", "adam")):
        (tmp_path / "plans" / f"{name}.json").write_text(f'{{"uid": "{uid}"}}')
    lines = (
        RowOutcome(line=2, outcome="joined", reason="as Director 1", key="s1"),
        RowOutcome(line=3, outcome="joined", reason="as Director 2", key="s2"),
    )
    receipt = Receipt(
        run="r1", feed="rivers", feed_name="Rivers HR", part="all", as_of=TODAY, file="f.csv", status=APPLIED,
        at=NOON, rows=2, changes=2, absent=0, outcomes=lines,
    )  # fmt: skip
    save_receipt(tmp_path, receipt)
    save_receipt(tmp_path, replace(receipt, run="r2", feed="coasts"))
    assert shred(tmp_path, ADA, [HERS]) == (1, 1)
    assert [each.name for each in (tmp_path / "plans").iterdir()] == ["others.json"]
    blanked = load_receipt(tmp_path, "r1").outcomes
    assert (blanked[0].key, blanked[0].outcome, blanked[1]) == ("", NOT_TAKEN, lines[1])
    assert "Director 1" not in (tmp_path / "receipts" / "r1.csv").read_text("utf-8-sig")
    assert load_receipt(tmp_path, "r2").outcomes == lines


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
