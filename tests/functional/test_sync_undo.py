"""Taking runs back, and what the directory, the ledger and the next file say afterwards."""

from dataclasses import replace
from pathlib import Path

import pytest

from dev.servers import Slapd
from ldap_schema.changes import Add, Change, Remove, Update
from ldap_schema.people import ACTIVE, LEFT
from store import ledger, person_keys, tombstones
from sync import merges, past, runs
from sync.context import SyncContext
from sync.erasures import erase, replay
from sync.errors import InputRefused, PlanRefused
from tests.conftest import SettableClock
from tests.functional.sync_kit import FOURTH, SECOND, THIRD, events, ldif
from tests.sync_world import row, write_file


def staff(count: int) -> list[dict[str, str]]:
    """People with a line each."""
    return [row(number, Phone=f"020 7946 0{number:03}") for number in range(1, count + 1)]


def applied(context: SyncContext, feed: Path, file: Path) -> str:
    result = runs.apply_run(context, feed, file)
    assert result.exit_code == 0, result.text
    return str(result.data["run"])


def undone(context: SyncContext, run: str) -> dict[str, object]:
    result = past.undo_run(context, run, apply=True, reason="The wrong file")
    assert result.exit_code == 0, result.text
    return dict(result.data)


def second_file(tmp_path: Path, **more: str) -> Path:
    """A joiner, an update, a mover and somebody absent; and what else one more row says."""
    rows = staff(31)[1:]
    rows[3] = row(5, Phone="020 7946 0123")
    rows[4] = row(6, Title="Director of Floods", Post_Ref="P600")
    rows[5] |= more
    return write_file(tmp_path, rows, SECOND)


def test_undo_gives_back_equal_ldif_and_an_undone_undo_too(
    context: SyncContext, feed: Path, tmp_path: Path, fresh_slapd: Slapd, clock: SettableClock
) -> None:
    applied(context, feed, write_file(tmp_path, staff(30)))
    before = ldif(fresh_slapd)
    clock.advance(days=1)
    run = applied(context, feed, second_file(tmp_path, Organisation="Department for Coasts"))  # a new one
    after = ldif(fresh_slapd)
    assert before != after
    clock.advance(days=1)

    csn = context.directory.context_csn()
    shown = past.undo_run(context, run, apply=False, reason="")
    assert (shown.exit_code, shown.data["kept"]) == (2, [])
    assert f"sync undo {run} --apply" in shown.text
    assert context.directory.context_csn() == csn, "showing it writes nothing"

    undo = undone(context, run)
    assert ldif(fresh_slapd) == before
    redo = undone(context, str(undo["run"]))
    assert ldif(fresh_slapd) == after
    undone(context, str(redo["run"]))
    assert ldif(fresh_slapd) == before
    again = past.undo_run(context, run, apply=True, reason="Again")
    assert again.text.endswith("There is nothing left to undo.\n")
    assert events(context) == ["feed applied"] * 2 + ["feed undone"] * 3


def test_the_first_load_is_taken_back_to_the_last_entry(
    context: SyncContext, feed: Path, tmp_path: Path, fresh_slapd: Slapd
) -> None:
    context.directory.feeds.ensure("rivers")
    before = ldif(fresh_slapd)
    undone(context, applied(context, feed, write_file(tmp_path, staff(5))))
    left = ldif(fresh_slapd)
    memory = left.pop(f"dn: cn=all,nlcId=rivers,ou=feeds,{fresh_slapd.suffix}")
    assert left == before
    assert memory == ["cn: all", "nlcRowCount: 0", "objectClass: nlcFeedPartState"]


def test_what_others_changed_since_is_kept_and_listed(
    context: SyncContext, feed: Path, tmp_path: Path, clock: SettableClock
) -> None:
    applied(context, feed, write_file(tmp_path, staff(30)))
    rows = staff(32)
    rows[4:6] = [row(number, Phone="020 7946 0999") for number in (5, 6)]
    run = applied(context, feed, write_file(tmp_path, rows, SECOND))
    found = {each.feed_key: each for each in context.directory.people.all_of_feed("rivers")}
    edited: list[Change] = [
        Update(found["s5"], replace(found["s5"], telephone=("+44 20 7946 0555",))),
        Update(found["s31"], replace(found["s31"], mobile=("+44 7700 900123",))),
    ]
    context.directory.write(edited)
    result = undone(context, run)
    kept = str(result["kept"])
    assert f"{found['s5'].display_name}: telephone changed since" in kept
    assert f"{found['s31'].display_name}: changed since: hidden, and not removed" in kept
    now = {each.feed_key: each for each in context.directory.people.all_of_feed("rivers")}
    assert now["s5"].telephone == ("+44 20 7946 0555",)
    assert now["s6"].telephone == ("+44 20 7946 0006",)
    assert (now["s31"].status, now["s31"].mobile) == (LEFT, ("+44 7700 900123",))
    assert "s32" not in now


def test_a_run_partly_superseded_gives_back_only_what_is_still_its_own(
    context: SyncContext, feed: Path, tmp_path: Path
) -> None:
    applied(context, feed, write_file(tmp_path, staff(30)))
    rows = staff(30)
    rows[4:6] = [row(number, Phone="020 7946 0999") for number in (5, 6)]
    run = applied(context, feed, write_file(tmp_path, rows, SECOND))
    rows[4] = row(5, Phone="020 7946 0777")
    last = applied(context, feed, write_file(tmp_path, rows, THIRD))
    undone(context, run)
    now = {each.feed_key: each for each in context.directory.people.all_of_feed("rivers")}
    assert now["s5"].telephone == ("+44 20 7946 0777",)
    assert now["s6"].telephone == ("+44 20 7946 0006",)
    part = context.directory.feeds.part("rivers", "all")
    assert part is not None
    assert (part.run, part.as_of) == (last, THIRD), "the later run stays the last one"
    history = past.history(context, "rivers")
    (mine,) = [each for each in history.data["runs"] if each["run"] == run]  # type: ignore[attr-defined]
    assert "undone_by" in mine
    assert f"undone by {mine['undone_by']}" in history.text


def test_a_file_that_was_undone_is_held_when_it_comes_again(
    context: SyncContext, feed: Path, tmp_path: Path
) -> None:
    applied(context, feed, write_file(tmp_path, staff(30)))
    file = second_file(tmp_path)
    undone(context, applied(context, feed, file))
    again = runs.apply_run(context, feed, file)
    assert again.exit_code == 3
    assert "this very file was applied before, and the run was undone" in again.text
    runs.approve(context, str(again.data["run"]), "It was right after all")
    assert runs.apply_run(context, feed, file).exit_code == 0
    assert runs.apply_run(context, feed, write_file(tmp_path, staff(30), FOURTH)).exit_code == 0


def test_a_sign_in_address_that_went_to_somebody_else_stays_with_them(
    context: SyncContext, feed: Path, tmp_path: Path
) -> None:
    applied(context, feed, write_file(tmp_path, staff(30)))
    new = "new5@rivers.example"
    rows = staff(30)
    rows[4] = rows[4] | {"Sign-in": new}
    run = applied(context, feed, write_file(tmp_path, rows, SECOND))
    other = next(each for each in context.directory.people.all_of_feed("rivers") if each.feed_key == "s6")
    context.directory.write([Update(other, replace(other, sign_in_address="person5@rivers.example"))])
    assert "sign in address changed since" in str(undone(context, run)["kept"])
    owner = context.directory.people.by_sign_in_address("person5@rivers.example")
    assert owner is not None
    assert owner.uid == other.uid


def test_an_undo_needs_a_name_a_reason_and_a_run_that_was_applied(
    context: SyncContext, feed: Path, tmp_path: Path
) -> None:
    run = applied(context, feed, write_file(tmp_path, staff(3)))
    with pytest.raises(InputRefused, match="needs a reason"):
        past.undo_run(context, run, apply=True, reason=" ")
    with pytest.raises(InputRefused, match="named account"):
        past.undo_run(replace(context, actor=""), run, apply=True, reason="Wrong")
    with pytest.raises(PlanRefused, match="no receipt"):
        past.undo_run(context, "0123456789", apply=False, reason="")
    held = runs.apply_run(context, feed, write_file(tmp_path, staff(1), SECOND))
    assert held.exit_code == 3
    with pytest.raises(PlanRefused, match="was not applied"):
        past.undo_run(context, str(held.data["run"]), apply=False, reason="")


def test_drift_names_what_was_edited_behind_the_feeds_back_and_changes_nothing(
    context: SyncContext, feed: Path, tmp_path: Path
) -> None:
    file = write_file(tmp_path, staff(30))
    applied(context, feed, file)
    assert past.drift(context, "rivers").exit_code == 0
    found = {each.feed_key: each for each in context.directory.people.all_of_feed("rivers")}
    ((_, tenure),) = context.directory.posts.held_by(found["s4"].uid)
    edited: list[Change] = [
        Update(found["s1"], replace(found["s1"], telephone=("+44 20 7946 0555",))),
        Update(found["s2"], replace(found["s2"], title="Emperor")),
        Update(found["s3"], replace(found["s3"], mobile=("+44 7700 900123",))),  # the leader's own
        Remove(tenure),
    ]
    context.directory.write(edited)
    csn = context.directory.context_csn()
    result = past.drift(context)
    told = {(each["uid"], each["what"]) for each in result.data["drift"]}  # type: ignore[attr-defined]
    assert {uid for uid, _ in told} == {found[key].uid for key in ("s1", "s2", "s4")}
    assert (found["s4"].uid, "listed, and holds no post of this feed") in told
    assert result.exit_code == 1
    assert "by sync)" in result.text
    assert context.directory.context_csn() == csn
    applied(context, feed, write_file(tmp_path, staff(30), SECOND))
    assert past.drift(context, "rivers").exit_code == 0, "the feed's next run puts back what it owns"
    assert context.directory.people.get(found["s3"].uid).mobile == ("+44 7700 900123",)
    assert context.directory.people.get(found["s4"].uid).status == ACTIVE


def test_of_somebody_erased_nothing_comes_back_also_where_two_entries_had_become_one(
    context: SyncContext, feed: Path, tmp_path: Path
) -> None:
    run = applied(context, feed, write_file(tmp_path, staff(5)))
    people = {each.feed_key: each for each in context.directory.people.all_of_feed("rivers")}
    keep, drop = people["s1"], people["s2"]
    merges.merge(context, keep, drop, "HR says so")
    erase(context, context.directory.people.get(keep.uid), "They asked for it")
    shown = past.undo_run(context, run, apply=False, reason="")
    kept = " ".join(map(str, shown.data["kept"]))  # type: ignore[call-overload]
    assert f"{keep.uid}: erased since" in kept
    assert f"{drop.uid}: erased since" in kept
    undone(context, run)
    assert context.directory.people.all_of_feed("rivers") == []
    assert replay(context) == []

    with context.store.transaction() as tx:  # a store, and a directory, from before the erasure
        tx.connection().exec_driver_sql("DELETE FROM tombstone")
        person_keys.of(tx, keep.uid)
    context.directory.write([Add(keep)])
    assert replay(context) == [keep.uid]
    assert context.directory.people.by_uids([keep.uid]) == {}
    assert events(context).count("person erased") == 1
    with context.store.reading() as tx:
        assert not person_keys.found(tx, (keep.uid,))
        assert tombstones.erased(tx, {keep.uid, drop.uid}) == {keep.uid, drop.uid}
        assert ledger.verify(tx).holds
        assert ledger.kept_for(tx, drop.uid) == keep.uid
