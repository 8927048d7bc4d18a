"""Runs that are too large for one transaction, runs whose commit fails, and leaders who edit meanwhile."""

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from dev.servers import Slapd
from ldap_schema.changes import Change, Update
from ldap_schema.directory import Directory
from store import waiting
from sync import past, runs
from sync.context import SyncContext
from sync.errors import RunOvertaken
from sync.resume import ABANDONED
from tests.functional.replica_kit import equal, until_it_listens
from tests.functional.sync_kit import SECOND, THIRD, events, ldif, said
from tests.sync_world import people, row, write_file


@pytest.fixture
def context(context: SyncContext) -> SyncContext:
    """Every run of more than twenty operations is cut into chunks of about ten."""
    return replace(
        context, settings=replace(context.settings, transaction_operations=20, chunk_operations=10)
    )


class Meddling(Directory):
    """A directory to which something happens just before or after its n-th write."""

    def __init__(
        self, directory: Directory, at: int, before: Callable[[], None], after: bool = False
    ) -> None:
        super().__init__(directory._link)
        self.at, self.meddle, self.after, self.writes = at, before, after, 0

    def write(self, changes: Sequence[Change]) -> None:
        self.writes += 1
        if self.writes == self.at and not self.after:
            self.meddle()
        super().write(changes)
        if self.writes == self.at and self.after:
            self.meddle()


def dies() -> None:
    raise SystemExit


def on_the_desk(context: SyncContext) -> list[str]:
    with context.store.transaction() as tx:
        return [each.summary for each in waiting.open_items(tx, waiting.FAILED_FEED)]


def test_a_large_run_is_cut_into_chunks_and_taken_back_whole(
    context: SyncContext, feed: Path, tmp_path: Path, fresh_slapd: Slapd
) -> None:
    watched = Meddling(context.directory, 0, dies)
    file = write_file(tmp_path, people(12))
    result = runs.apply_run(replace(context, directory=watched), feed, file)
    assert result.exit_code == 0
    assert watched.writes >= 4, "37 operations, about ten at a time"
    assert events(context) == ["feed applied"]
    csn = context.directory.context_csn()
    assert runs.apply_run(context, feed, file).data["status"] == "nothing to do"
    assert context.directory.context_csn() == csn
    loaded = ldif(fresh_slapd)
    undo = past.undo_run(context, str(result.data["run"]), apply=True, reason="Wrong file")
    assert context.directory.people.all_of_feed("rivers") == []
    past.undo_run(context, str(undo.data["run"]), apply=True, reason="It was right")
    assert ldif(fresh_slapd) == loaded


@pytest.mark.parametrize("committed", [1, 2, 3])
def test_a_run_cut_off_between_chunks_is_resumed_and_not_planned_again(
    context: SyncContext, feed: Path, tmp_path: Path, committed: int
) -> None:
    file = write_file(tmp_path, people(12))
    dying = replace(context, directory=Meddling(context.directory, committed, dies, after=True))
    with pytest.raises(SystemExit):
        runs.apply_run(dying, feed, file)
    part = context.directory.feeds.part("rivers", "all")
    assert part is not None
    assert part.pending_chunk.startswith(f"{committed}/")
    here = set(context.directory.people.all_of_feed("rivers"))
    for person in here:
        assert len(context.directory.posts.held_by(person.uid)) == 1, "whole persons, nobody by halves"
    csn = context.directory.context_csn()
    runs.plan_run(context, feed, file)
    assert context.directory.context_csn() == csn, "a plan completes nothing"
    assert runs.apply_run(context, feed, file).data["status"] == "nothing to do"
    now = context.directory.people.all_of_feed("rivers")
    assert (len(now), here <= set(now)) == (12, True)
    part = context.directory.feeds.part("rivers", "all")
    assert part is not None
    assert part.pending_run == ""
    assert events(context) == ["feed applied"]
    assert past.drift(context).exit_code == 0


def test_a_run_that_can_not_be_resumed_is_given_up_and_the_next_plan_has_the_rest(
    context: SyncContext, feed: Path, tmp_path: Path
) -> None:
    file = write_file(tmp_path, people(12))
    dying = replace(context, directory=Meddling(context.directory, 2, dies, after=True))
    with pytest.raises(SystemExit):
        runs.apply_run(dying, feed, file)
    for plan in (context.settings.folder / "plans").iterdir():
        plan.unlink()
    assert runs.apply_run(context, feed, file).exit_code == 0
    assert len(said(context.directory, "rivers")) == 12
    assert events(context) == [ABANDONED, "feed applied"]


def edit(context: SyncContext, key: str, **values: object) -> Callable[[], None]:
    """A leader, or an operator, who edits an entry between the plan and its commit."""

    def meddle() -> None:
        person = next(each for each in context.directory.people.all_of_feed("rivers") if each.feed_key == key)
        context.directory.write([Update(person, replace(person, **values))])  # type: ignore[arg-type]

    return meddle


def changed(numbers: Sequence[int], count: int = 5) -> list[dict[str, str]]:
    rows = people(count)
    for number in numbers:
        rows[number - 1] = row(number, Phone="020 7946 0999")
    return rows


def test_an_edit_in_the_moment_of_the_commit_is_kept_and_the_run_planned_afresh(
    context: SyncContext, feed: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    runs.apply_run(context, feed, write_file(tmp_path, people(5)))
    mobile = edit(context, "s2", mobile=("+44 7700 900123",), telephone=("+44 20 7946 0555",))
    meddled = replace(context, directory=Meddling(context.directory, 1, mobile))
    with caplog.at_level(logging.ERROR):
        result = runs.apply_run(meddled, feed, write_file(tmp_path, changed([2, 3]), SECOND))
    assert result.exit_code == 0
    now = said(context.directory, "rivers")
    assert now["s2"]["mobile"] == ("+44 7700 900123",)
    assert now["s2"]["telephone"] == now["s3"]["telephone"] == ("+44 20 7946 0999",)
    assert "was refused and rolled back" in caplog.text, "whoever is on duty knows of it"
    assert on_the_desk(context) == [], "settled by the run that succeeded"


def test_a_saved_plan_that_is_overtaken_is_refused_and_nothing_of_it_is_written(
    context: SyncContext, feed: Path, tmp_path: Path
) -> None:
    runs.apply_run(context, feed, write_file(tmp_path, people(5)))
    saved = tmp_path / "saved.json"
    runs.plan_run(context, feed, write_file(tmp_path, changed([2, 3]), SECOND), saved)
    meddled = replace(
        context,
        directory=Meddling(context.directory, 1, edit(context, "s2", telephone=("+44 20 7946 0555",))),
    )
    with pytest.raises(RunOvertaken, match="nothing of it is in the directory"):
        runs.apply_run(meddled, saved)
    now = said(context.directory, "rivers")
    assert now["s2"]["telephone"] == ("+44 20 7946 0555",)
    assert now["s3"]["telephone"] == ("+44 20 7946 0000",)
    (summary,) = on_the_desk(context)
    assert "was refused and rolled back" in summary
    assert runs.apply_run(context, feed, write_file(tmp_path, changed([2, 3]), THIRD)).exit_code == 0
    assert on_the_desk(context) == []


def test_a_listener_is_told_the_truth_after_a_feed_run_that_failed_at_its_commit(
    context: SyncContext, feed: Path, tmp_path: Path, fresh_slapd: Slapd
) -> None:
    """slapd tells replicas of what it rolls back afterwards (decision 0013)."""
    runs.apply_run(context, feed, write_file(tmp_path, people(5)))
    saved = tmp_path / "saved.json"
    runs.plan_run(context, feed, write_file(tmp_path, changed([1, 5], 6), SECOND), saved)
    overtake = edit(context, "s5", telephone=("+44 20 7946 0555",))
    meddled = replace(context, directory=Meddling(context.directory, 1, overtake))
    with Slapd(tmp_path / "replica", provider=fresh_slapd) as replica:
        until_it_listens(fresh_slapd, replica)
        with pytest.raises(RunOvertaken):
            runs.apply_run(meddled, saved)
        assert equal(fresh_slapd, replica)
    assert said(context.directory, "rivers")["s1"]["telephone"] == ("+44 20 7946 0000",)
    assert len(said(context.directory, "rivers")) == 5


def test_edits_all_through_a_run_are_all_there_afterwards(
    context: SyncContext, feed: Path, tmp_path: Path
) -> None:
    runs.apply_run(context, feed, write_file(tmp_path, people(12)))
    (leader,) = [each for each in context.directory.people.all_of_feed("rivers") if each.feed_key == "s2"]
    over, kept = threading.Event(), []

    def edits() -> None:
        number = 0
        while not over.is_set():
            now = context.directory.people.get(leader.uid)
            kept.append(f"+44 7700 {900000 + number}")
            context.directory.write([Update(now, replace(now, mobile=(kept[-1],)))])
            number += 1

    editor = threading.Thread(target=edits)
    editor.start()
    try:
        result = runs.apply_run(context, feed, write_file(tmp_path, changed([3, 4, 5], 12), SECOND))
    finally:
        over.set()
        editor.join()
    assert result.exit_code == 0
    assert context.directory.people.get(leader.uid).mobile == (kept[-1],)
