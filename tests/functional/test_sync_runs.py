"""Feeds against a real directory: plan, apply, hold, approve, and what is left when something dies in
between.
"""

import threading
from dataclasses import replace
from pathlib import Path

import pytest

from dev.servers import Slapd
from ldap_schema.changes import Update
from ldap_schema.directory import Directory
from ldap_schema.errors import DirectoryUnavailable
from ldap_schema.people import ACTIVE, HELD, LEFT, MISSING
from store import waiting
from sync import runs
from sync.context import SyncContext
from sync.errors import FeedBusy, FileRefused, InputRefused, MappingRefused, PlanRefused
from sync.lock import feed_lock
from sync.receipt import APPLIED, Receipt
from sync.receipt_file import keep_step
from sync.sealed import Sealer
from sync.status import status as show_status
from tests.conftest import SettableClock
from tests.functional.sync_kit import FOURTH, SECOND, THIRD, events
from tests.sync_world import DAY, another_sender, people, row, write_file, write_mapping


def on_the_desk(context: SyncContext) -> list[str]:
    with context.store.transaction() as tx:
        return [each.summary for each in waiting.open_items(tx, waiting.HELD_FEED)]


def test_no_feed_gives_a_suspended_person_their_access_back(
    context: SyncContext, feed: Path, tmp_path: Path
) -> None:
    runs.apply_run(context, feed, write_file(tmp_path, people(30)))
    found = context.directory.people.by_sign_in_address("person7@rivers.example")
    assert found is not None
    context.directory.write([Update(found, replace(found, status=HELD))])
    changed = [row(7, Phone="020 7946 0123") if number == 7 else row(number) for number in range(1, 31)]
    without = [row(number) for number in range(1, 31) if number != 7]
    for day, rows in ((SECOND, changed), (THIRD, without), (FOURTH, changed)):
        assert runs.apply_run(context, feed, write_file(tmp_path, rows, day)).exit_code == 0
        assert context.directory.people.get(found.uid).status == HELD, day
    assert context.directory.people.get(found.uid).telephone != found.telephone, "the control: it was applied"


def test_a_feed_is_applied_and_applied_again_writes_nothing(
    context: SyncContext, feed: Path, tmp_path: Path
) -> None:
    file = write_file(tmp_path, people(30))
    assert runs.apply_run(context, feed, file).exit_code == 0
    assert context.directory.people.count_active() == 30
    found = context.directory.people.by_sign_in_address("person7@rivers.example")
    assert found is not None
    assert (found.title, found.show) == ("Director 7", ("mail:leaders", "telephoneNumber:leaders"))
    before = context.directory.context_csn()
    again = runs.apply_run(context, feed, file)
    assert (again.exit_code, again.data["status"]) == (0, "nothing to do")
    assert context.directory.context_csn() == before
    assert events(context) == ["feed applied"]


def test_a_plan_writes_nothing_and_says_that_changes_are_planned(
    context: SyncContext, feed: Path, tmp_path: Path
) -> None:
    before = context.directory.context_csn()
    result = runs.plan_run(context, feed, write_file(tmp_path, people(3)), tmp_path / "saved.json")
    assert result.exit_code == 2
    assert "+ " in result.text
    assert context.directory.context_csn() == before
    assert events(context) == []


def test_a_saved_plan_is_applied_exactly_once(context: SyncContext, feed: Path, tmp_path: Path) -> None:
    saved = tmp_path / "saved.json"
    runs.plan_run(context, feed, write_file(tmp_path, people(3)), saved)
    assert runs.apply_run(context, saved).exit_code == 0
    with pytest.raises(PlanRefused, match="directory has moved on"):
        runs.apply_run(context, saved)


def test_a_saved_plan_is_refused_when_file_mapping_or_directory_moved(
    context: SyncContext, feed: Path, tmp_path: Path
) -> None:
    runs.apply_run(context, feed, write_file(tmp_path, people(3)))
    file, saved = write_file(tmp_path, people(4), SECOND), tmp_path / "saved.json"
    runs.plan_run(context, feed, file, saved)
    before = context.directory.context_csn()
    write_file(tmp_path, people(5), SECOND)
    with pytest.raises(PlanRefused, match=r"file .* was changed"):
        runs.apply_run(context, saved)
    write_file(tmp_path, people(4), SECOND)
    write_mapping(tmp_path, extra="[guard]\nfloor = 3\n")
    with pytest.raises(PlanRefused, match=r"mapping .* was changed"):
        runs.apply_run(context, saved)
    write_mapping(tmp_path)
    assert context.directory.context_csn() == before
    person = context.directory.people.by_sign_in_address("person1@rivers.example")
    assert person is not None
    context.directory.write([Update(person, replace(person, mobile=("+44 7700 900000",)))])
    with pytest.raises(PlanRefused, match="directory has moved on"):
        runs.apply_run(context, saved)


@pytest.mark.parametrize(
    ("raw", "said"),
    [(b"", "empty"), (b"HEADER", "no rows"), (b"HEADER\nS1,Ad", "cut short|ends in the middle|cells")],
)
def test_an_empty_or_truncated_file_changes_nothing(
    context: SyncContext, feed: Path, tmp_path: Path, raw: bytes, said: str
) -> None:
    first = write_file(tmp_path, people(3))
    runs.apply_run(context, feed, first)
    before = context.directory.context_csn()
    bad = tmp_path / f"rivers-{SECOND}.csv"
    bad.write_bytes(raw.replace(b"HEADER", first.read_bytes().splitlines()[0]))
    with pytest.raises(FileRefused, match=said) as refused:
        runs.apply_run(context, feed, bad)
    assert refused.value.exit_code == 4
    assert context.directory.context_csn() == before


def test_an_older_file_after_a_newer_one_is_refused(context: SyncContext, feed: Path, tmp_path: Path) -> None:
    runs.apply_run(context, feed, write_file(tmp_path, people(3), SECOND))
    before = context.directory.context_csn()
    with pytest.raises(FileRefused, match="An older file never follows a newer one"):
        runs.apply_run(context, feed, write_file(tmp_path, people(2), DAY))
    assert context.directory.context_csn() == before


def test_missing_things_are_named(context: SyncContext, feed: Path, tmp_path: Path) -> None:
    with pytest.raises(FileRefused, match=r"There is no file .*rivers-2026-11-01\.csv"):
        runs.plan_run(context, feed, tmp_path / "rivers-2026-11-01.csv")
    with pytest.raises(MappingRefused, match="There is no mapping file"):
        runs.plan_run(context, tmp_path / "river.toml")
    with pytest.raises(FileRefused, match="No file in"):
        runs.plan_run(context, feed)
    with pytest.raises(PlanRefused, match="There is no plan"):
        runs.apply_run(context, Path("0123456789"))


def held_run(context: SyncContext, feed: Path, tmp_path: Path) -> str:
    runs.apply_run(context, feed, write_file(tmp_path, people(30)))
    result = runs.apply_run(context, feed, write_file(tmp_path, people(25), SECOND))
    assert result.exit_code == 3
    return str(result.data["run"])


def test_a_trip_holds_with_no_change_to_anybody(context: SyncContext, feed: Path, tmp_path: Path) -> None:
    run = held_run(context, feed, tmp_path)
    assert {each.status for each in context.directory.people.all_of_feed("rivers")} == {ACTIVE}
    (part,) = context.directory.feeds.held()
    assert (part.hold_run, part.as_of) == (run, DAY)
    (summary,) = on_the_desk(context)
    for said in ("absent: 5 of 30, more than 2", "Nothing was applied", f"sync approve {run}"):
        assert said in summary
    assert run in runs.holds(context).text
    assert show_status(context, None).data["parts"][0]["state"] == "held"
    assert events(context) == ["feed applied", "feed held"]
    assert runs.receipt(context.settings, context.store, run).data["status"] == "held"


def test_holding_the_same_file_again_is_the_same_run_and_writes_nothing(
    context: SyncContext, feed: Path, tmp_path: Path
) -> None:
    run = held_run(context, feed, tmp_path)
    before = context.directory.context_csn()
    again = runs.apply_run(context, feed, tmp_path / f"rivers-{SECOND}.csv")
    assert (again.exit_code, again.data["run"]) == (3, run)
    assert context.directory.context_csn() == before


def test_an_approved_run_is_applied_and_leaves_the_desk(
    context: SyncContext, feed: Path, tmp_path: Path
) -> None:
    run = held_run(context, feed, tmp_path)
    assert runs.approve(context, run, "Agreed with HR").exit_code == 0
    assert runs.apply_run(context, Path(run)).exit_code == 0
    statuses = [each.status for each in context.directory.people.all_of_feed("rivers")]
    assert statuses.count(MISSING) == 5
    assert context.directory.feeds.held() == []
    assert on_the_desk(context) == []
    assert events(context) == ["feed applied", "feed held", "feed approved", "feed applied"]


def test_an_approval_lasts_a_day(
    context: SyncContext, feed: Path, tmp_path: Path, clock: SettableClock
) -> None:
    run = held_run(context, feed, tmp_path)
    runs.approve(context, run, "Agreed with HR")
    clock.advance(hours=24)
    assert runs.apply_run(context, Path(run)).exit_code == 3
    assert {each.status for each in context.directory.people.all_of_feed("rivers")} == {ACTIVE}


def test_an_approval_needs_a_name_and_a_reason_and_a_plan_that_still_holds(
    context: SyncContext, feed: Path, tmp_path: Path
) -> None:
    run = held_run(context, feed, tmp_path)
    with pytest.raises(InputRefused, match="needs a reason"):
        runs.approve(context, run, " ")
    with pytest.raises(InputRefused, match="named account"):
        runs.approve(replace(context, actor=""), run, "Agreed")
    write_file(tmp_path, people(24), SECOND)
    with pytest.raises(PlanRefused, match="was changed since"):
        runs.approve(context, run, "Agreed")


def test_a_rejected_run_is_gone_and_can_not_be_approved(
    context: SyncContext, feed: Path, tmp_path: Path
) -> None:
    run = held_run(context, feed, tmp_path)
    assert runs.reject(context, run, "Half of the file is missing").exit_code == 0
    assert context.directory.feeds.held() == []
    assert on_the_desk(context) == []
    with pytest.raises(PlanRefused, match="is not held any more"):
        runs.approve(context, run, "Agreed")
    assert runs.apply_run(context, Path(run)).exit_code == 3


def test_a_newer_file_that_passes_takes_the_place_of_a_held_one(
    context: SyncContext, feed: Path, tmp_path: Path
) -> None:
    held_run(context, feed, tmp_path)
    assert runs.apply_run(context, feed, write_file(tmp_path, people(30), THIRD)).exit_code == 0
    assert context.directory.feeds.held() == []
    assert on_the_desk(context) == []


def test_leaving_and_coming_back_under_the_same_id(context: SyncContext, feed: Path, tmp_path: Path) -> None:
    runs.run_feed(
        context,
        feed,
        [
            write_file(tmp_path, people(3)),
            write_file(tmp_path, people(2), SECOND),
            write_file(tmp_path, people(2), THIRD),
        ],
    )
    (gone,) = [each for each in context.directory.people.all_of_feed("rivers") if each.status == LEFT]
    ((_, tenure),) = context.directory.posts.held_by(gone.uid)
    assert tenure.last_day == THIRD
    runs.apply_run(context, feed, write_file(tmp_path, people(3), FOURTH))
    assert context.directory.people.get(gone.uid).status == ACTIVE
    assert len(context.directory.posts.held_by(gone.uid)) == 2


def test_rejected_rows_are_told_by_the_exit_code_and_the_receipt(
    context: SyncContext, feed: Path, tmp_path: Path
) -> None:
    result = runs.apply_run(context, feed, write_file(tmp_path, [row(1), row(2, Title="")]))
    assert result.exit_code == 5
    text = runs.receipt(context.settings, context.store, str(result.data["run"])).text
    assert "line 3: rejected: the row has no title. Fill in the title." in text
    assert context.directory.people.count_active() == 1


def test_a_folder_is_taken_in_date_order_whatever_is_refused(
    context: SyncContext, feed: Path, tmp_path: Path
) -> None:
    write_file(tmp_path, people(3), THIRD)
    write_file(tmp_path, people(2), DAY)
    (tmp_path / f"rivers-{SECOND}.csv").write_bytes(b"")
    seen: list[tuple[int, int, str]] = []
    result = runs.run_feed(context, feed, progress=lambda done, total, name: seen.append((done, total, name)))
    assert result.exit_code == 4
    assert "is empty" in result.text
    assert [each[:2] for each in seen] == [(1, 3), (2, 3), (3, 3)]
    assert context.directory.people.count_active() == 3


def test_a_run_cut_off_after_its_entry_in_the_ledger_is_not_entered_again(
    context: SyncContext, feed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(folder: Path, receipt: Receipt, sealer: Sealer) -> None:
        if receipt.status == APPLIED:
            raise SystemExit
        keep_step(folder, receipt, sealer)

    file = write_file(tmp_path, people(3))
    with monkeypatch.context() as meanwhile:
        meanwhile.setattr("sync.closing.keep_step", dies)
        with pytest.raises(SystemExit):
            runs.apply_run(context, feed, file)
    assert events(context) == ["feed applied"]
    assert runs.apply_run(context, feed, file).data["status"] == "nothing to do"
    assert events(context) == ["feed applied"]
    assert runs.apply_run(context, feed, write_file(tmp_path, people(4), SECOND)).exit_code == 0
    assert events(context) == ["feed applied", "feed applied"]


def test_a_run_cut_off_after_the_commit_is_finished_by_the_next(
    context: SyncContext, feed: Path, tmp_path: Path
) -> None:
    class DiesAfterTheWrite(Directory):
        def write(self, changes: object) -> None:
            super().write(changes)  # type: ignore[arg-type]
            raise SystemExit

    file = write_file(tmp_path, people(3))
    dying = replace(context, directory=DiesAfterTheWrite(context.directory._link))
    with pytest.raises(SystemExit):
        runs.apply_run(dying, feed, file)
    assert context.directory.people.count_active() == 3
    assert events(context) == []
    assert runs.apply_run(context, feed, file).data["status"] == "nothing to do"
    assert events(context) == ["feed applied"]
    assert runs.apply_run(context, feed, file).exit_code == 0
    assert events(context) == ["feed applied"]


def test_a_directory_killed_before_the_commit_has_none_of_the_run(
    context: SyncContext, feed: Path, tmp_path: Path, fresh_slapd: Slapd
) -> None:
    file = write_file(tmp_path, people(3))
    fresh_slapd.kill()
    with pytest.raises(DirectoryUnavailable):
        runs.apply_run(context, feed, file)
    fresh_slapd.start()
    assert context.directory.people.count_active() == 0
    assert runs.apply_run(context, feed, file).exit_code == 0
    assert context.directory.people.count_active() == 3


def test_a_second_run_of_the_feed_leaves_while_the_first_is_under_way(
    context: SyncContext, feed: Path, tmp_path: Path
) -> None:
    with (
        feed_lock(context.settings.folder / "locks", "rivers", 0),
        pytest.raises(FeedBusy, match="under way"),
    ):
        runs.apply_run(context, feed, write_file(tmp_path, people(3)))
    assert context.directory.people.count_active() == 0


def test_two_runs_at_once_apply_the_file_once(context: SyncContext, feed: Path, tmp_path: Path) -> None:
    file = write_file(tmp_path, people(30))
    patient = replace(context, settings=replace(context.settings, lock_seconds=20.0))
    codes: list[int] = []
    threads = [
        threading.Thread(target=lambda: codes.append(runs.apply_run(patient, feed, file).exit_code))
        for _ in "ab"
    ]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert codes == [0, 0]
    assert context.directory.people.count_active() == 30
    assert events(context) == ["feed applied"]


def test_two_feeds_can_give_one_person_a_post_each(context: SyncContext, feed: Path, tmp_path: Path) -> None:
    write_mapping(tmp_path, old="create = true", new='create = true\ndomain = { value = "rivers.example" }')
    runs.apply_run(context, feed, write_file(tmp_path, people(2)))
    other = another_sender(feed, "coasts")
    second = [row(1, Staff_No="C77", Post_Ref="C1", Title="Chair", Organisation="Coasts Agency")]
    assert runs.apply_run(context, other, write_file(tmp_path, second, stem="coasts")).exit_code == 0
    assert context.directory.people.count_active() == 2
    person = context.directory.people.by_sign_in_address("person1@rivers.example")
    assert person is not None
    assert sorted(post.title for post, _ in context.directory.posts.held_by(person.uid)) == [
        "Chair",
        "Director 1",
    ]
    assert person.title == "Director 1"
    assert runs.apply_run(context, feed, write_file(tmp_path, people(2), SECOND)).exit_code == 0
    for day in (THIRD, FOURTH):
        runs.apply_run(context, feed, write_file(tmp_path, [row(2)], day))
    stayed = context.directory.people.get(person.uid)
    assert (stayed.status, stayed.feed) == (ACTIVE, "coasts")
