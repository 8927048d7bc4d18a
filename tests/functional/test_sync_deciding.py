"""Days without a file, questions that a person answers, organisation maps: against a real directory."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from counterpart.leavers import Leavers
from dev.servers import Slapd
from ldap_schema.directory import Directory, Service
from ldap_schema.people import ACTIVE, LEAVING, LEFT, PENDING
from store.database import Store
from sync import runs
from sync.context import SyncContext
from sync.errors import InputRefused
from sync.matching import answer, list_questions
from sync.reorganising import organisations
from sync.settings import SyncSettings
from tests.conftest import SettableClock
from tests.functional.directory_kit import opened
from tests.functional.sync_kit import events
from tests.sync_world import another_sender, row, write_file, write_mapping

TODAY = date(2026, 11, 23)  # the day on the tests' clock


@pytest.fixture(scope="module")
def directory(slapd: Slapd) -> Iterator[Directory]:
    with opened(slapd, Service.SYNC) as found:
        yield found


@pytest.fixture
def context(directory: Directory, store: Store, clock: SettableClock, tmp_path: Path) -> SyncContext:
    settings = SyncSettings(folder=tmp_path / "sync", inbox=tmp_path)
    return SyncContext(
        settings=settings, directory=directory, store=store, clock=clock, actor="r.thistlewood"
    )


def somebody(number: int, name: str, **values: str) -> dict[str, str]:
    """A row of a person and an organisation that no other test has."""
    address = f"{name.split()[0].lower()}.{number}@deciding.example"
    own = {"Name": name, "Mail": address, "Sign_in": address, "Organisation": "Deciding Agency"}
    return row(number, **{**own, **values})


def take(context: SyncContext, feed: Path, rows: list[dict[str, str]], day: date = TODAY) -> int:
    return runs.apply_run(context, feed, write_file(feed.parent, rows, day, feed.stem)).exit_code


def test_first_and_last_days_turn_without_a_file(
    context: SyncContext, clock: SettableClock, tmp_path: Path
) -> None:
    feed = another_sender(write_mapping(tmp_path), "turning")
    rows = [somebody(1, "Quenby Lastday", To="24/11/2026"), somebody(2, "Quenby Firstday", From="25/11/2026")]
    assert take(context, feed, rows) == 0
    leavers = Leavers(directory=context.directory, store=context.store, clock=clock)

    def statuses() -> list[str]:
        found = context.directory.people.all_of_feed("turning")
        return [each.status for each in sorted(found, key=lambda each: each.feed_key)]

    assert statuses() == [LEAVING, PENDING]
    clock.advance(hours=24)
    leavers.turn_days()
    assert statuses() == [LEAVING, PENDING], "the last day counts to its end"
    clock.advance(hours=24)
    assert leavers.turn_days() >= 2
    assert statuses() == [LEFT, ACTIVE]
    assert {"person left", "person listed"} <= set(events(context))
    before = context.directory.context_csn()
    assert leavers.turn_days() == 0
    assert context.directory.context_csn() == before


def test_a_question_is_answered_by_a_named_person_and_the_next_plan_goes_by_it(
    context: SyncContext, tmp_path: Path
) -> None:
    old, new = (
        another_sender(write_mapping(tmp_path), "asking-old"),
        another_sender(write_mapping(tmp_path), "asking-new"),
    )
    take(context, old, [somebody(11, "Quenby Mover")])
    moved = [somebody(12, "Quenby Mover", Organisation="Deciding Council")]
    take(context, new, moved)
    (person,) = context.directory.people.all_of_feed("asking-old")
    listed = list_questions(context, "asking-new")
    assert f"may be {person.uid}  Quenby Mover, Director 11, Deciding Agency (active)" in listed.text
    with pytest.raises(InputRefused, match="Say why"):
        answer(context, "asking-new", "S12", person.uid, " ")
    with pytest.raises(InputRefused, match="No question"):
        answer(context, "asking-new", "S99", person.uid, "HR said so")
    with pytest.raises(InputRefused, match="Nobody has the uid"):
        answer(context, "asking-new", "S12", "nobody", "HR said so")
    answer(context, "asking-new", "S12", person.uid, "HR said so")
    assert take(context, new, moved) == 0
    held = {post.title for post, _ in context.directory.posts.held_by(person.uid)}
    assert held == {"Director 11", "Director 12"}
    assert context.directory.people.all_of_feed("asking-new") == []
    assert "feed question answered" in events(context)
    assert "Answered" in list_questions(context, "asking-new").text


def test_an_organisation_map_moves_everybody_in_one_transaction(context: SyncContext, tmp_path: Path) -> None:
    feed = another_sender(write_mapping(tmp_path), "mapped")
    rows = [
        somebody(21, "Quenby Upper", Organisation="Deciding Upper House"),
        somebody(22, "Quenby Lower", Organisation="Deciding Lower House"),
    ]
    take(context, feed, rows)
    path = tmp_path / "map.toml"
    path.write_text(
        "[map]\nday = 2026-11-20\n[[merge]]\n"
        'organisations = ["Deciding Upper House", "Deciding Lower House"]\ninto = "Deciding House"\n'
    )
    before = context.directory.context_csn()
    shown = organisations(context, path, False, "")
    assert (shown.exit_code, "0 leavers, 0 joiners" in shown.text) == (2, True)
    with pytest.raises(InputRefused, match="Say why"):
        organisations(context, path, True, "")
    small = replace(context, settings=replace(context.settings, transaction_operations=3))
    with pytest.raises(InputRefused, match="more than one transaction takes"):
        organisations(small, path, True, "MoG")
    assert context.directory.context_csn() == before
    assert organisations(context, path, True, "MoG").exit_code == 0
    found = context.directory.people.all_of_feed("mapped")
    assert {each.organisation_name for each in found} == {"Deciding House"}
    heir = context.directory.organisations.by_name("Deciding House")
    assert heir is not None
    assert "Deciding Upper House" in heir.former_names
    after = context.directory.context_csn()
    assert runs.plan_run(context, feed, write_file(tmp_path, rows, TODAY, "mapped")).data["changes"] == 0
    assert context.directory.context_csn() == after
    assert "organisations changed" in events(context)
