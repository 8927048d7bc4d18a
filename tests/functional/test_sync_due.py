"""`sync run --due` against a real directory: what is new and whole is taken once, and silence is heard."""

import csv
import io
import os
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from dev.servers import Slapd
from ldap_schema.directory import Directory, Service
from store import feed_watch, waiting
from store.database import Store
from store.models import OutboxMail
from sync import runs
from sync.context import Letterhead, Result, SyncContext
from sync.due import run_due
from sync.errors import FileRefused
from sync.settings import SyncSettings
from sync.status import status
from tests.conftest import SettableClock
from tests.sync_world import mapping_of, people_of, write_file

OPERATOR = "operator@leadership.example"
CONTACT = "hr@rivers.example"
TODAY = date(2026, 11, 23)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slapd]:
    with Slapd(tmp_path_factory.mktemp("slapd")) as made:
        yield made


@pytest.fixture
def context(server: Slapd, store: Store, clock: SettableClock, tmp_path: Path) -> Iterator[SyncContext]:
    directory = Directory.open(server.settings(), Service.SYNC)
    (tmp_path / "inbox").mkdir()
    (tmp_path / "feeds").mkdir()
    yield SyncContext(
        settings=SyncSettings(folder=tmp_path / "sync", inbox=tmp_path / "inbox", lock_seconds=0.2),
        directory=directory, store=store, clock=clock, actor="operator:test",
        letterhead=Letterhead(address="https://leaders.example", operator_mail=OPERATOR),
    )  # fmt: skip
    directory.close()


def agree(context: SyncContext, feed: str, extra: str = "") -> None:
    """Put a mapping of that id into the folder of mappings."""
    text = mapping_of(feed, f'contact = "{CONTACT}"\n{extra}')
    (context.settings.inbox.parent / "feeds" / f"{feed}.toml").write_text(text)


def drop(context: SyncContext, feed: str, count: int = 3, day: date = TODAY, seconds_ago: float = 60) -> Path:
    """Let the sender drop a file of so many people, each with keys of this feed's own."""
    path = write_file(context.settings.inbox, people_of(feed, count), day, stem=feed)
    age(context, path, seconds_ago)
    return path


def age(context: SyncContext, path: Path, seconds: float) -> None:
    moment = context.clock().timestamp() - seconds
    os.utime(path, (moment, moment))


def due(context: SyncContext) -> Any:
    return run_due(context, context.settings.inbox.parent / "feeds")


def mails(context: SyncContext) -> list[tuple[str, str, str]]:
    with context.store.reading() as tx:
        found = tx.scalars(select(OutboxMail).order_by(OutboxMail.id))
        return [(each.recipient, each.subject, each.text) for each in found]


def tables(context: SyncContext) -> list[tuple[str, str]]:
    with context.store.reading() as tx:
        found = tx.scalars(select(OutboxMail).order_by(OutboxMail.id))
        return [(each.csv_name, each.csv) for each in found]


def desk(context: SyncContext, kind: str) -> list[str]:
    with context.store.reading() as tx:
        return [each.summary for each in waiting.open_items(tx, kind)]


def rows_of(shown: Result) -> list[dict[str, Any]]:
    rows: Any = shown.data["parts"]
    return list(rows)


def states(context: SyncContext) -> dict[str, str]:
    shown = status(context, context.settings.inbox.parent / "feeds")
    return {each["feed"]: each["state"] for each in rows_of(shown)}


def test_what_is_new_is_taken_once_and_its_receipt_is_mailed_once(context: SyncContext) -> None:
    agree(context, "once")
    drop(context, "once")
    first = due(context)
    assert first.exit_code == 0
    assert first.data["runs"][0]["status"] == "applied"
    before = context.directory.feeds.parts("once")
    again = due(context)
    assert (again.data["runs"], again.text) == ([], "Nothing new has come.")
    assert context.directory.feeds.parts("once") == before
    ((to, subject, text),) = mails(context)
    assert (to, subject) == (CONTACT, "Rivers HR: file taken")
    assert "      3  joined" in text
    assert "Ada" not in text, "no names in mails"
    (name, table), run = tables(context)[0], first.data["runs"][0]["run"]
    assert name == f"receipt-{run}.csv"
    assert name in text
    rows = list(csv.reader(io.StringIO(table)))
    assert rows[0] == ["line", "outcome", "what happened", "how to mend it"]
    assert [(line, outcome) for line, outcome, *_ in rows[1:]] == [(n, "joined") for n in "234"]


def test_a_receipt_names_lines_to_mend_and_repeats_no_value(context: SyncContext) -> None:
    agree(context, "mend")
    path = drop(context, "mend", 30)
    lines = path.read_text().splitlines()
    lines[1] = lines[1].replace("mend1@rivers.example", "rubbish-value")
    lines[2] = lines[2].replace("020 7946 0000", "phone-rubbish")
    path.write_text("\n".join(lines) + "\n")
    age(context, path, 60)
    due(context)
    ((_, _, text),) = mails(context)
    assert "line 2: " in text
    assert "line 3: " in text
    (_, table) = tables(context)[0]
    assert len(table.splitlines()) == 31
    assert "rubbish" not in text + table
    assert "mend1" not in text + table, "a key may be a name"
    assert "Director" not in text + table


def test_a_receipt_that_was_not_mailed_when_the_process_died_is_mailed_by_the_next_look(
    context: SyncContext,
) -> None:
    agree(context, "died")
    path = drop(context, "died")
    runs.run_feed(context, context.settings.inbox.parent / "feeds" / "died.toml", [path])
    assert mails(context) == []
    due(context)
    due(context)
    assert [subject for _, subject, _ in mails(context)] == ["Rivers HR: file taken"]


def test_a_partial_upload_is_not_taken_until_it_is_still_or_marked(context: SyncContext) -> None:
    agree(context, "partial")
    path = drop(context, "partial", seconds_ago=5)
    assert due(context).data["runs"] == []
    age(context, path, 31)
    assert due(context).data["runs"][0]["status"] == "applied"
    agree(context, "marked")
    mapping = context.settings.inbox.parent / "feeds" / "marked.toml"
    mapping.write_text(mapping.read_text().replace("[identity]", 'ready = "*.done"\n[identity]'))
    unmarked = drop(context, "marked", seconds_ago=3600)
    assert due(context).data["runs"] == []
    with pytest.raises(FileRefused, match=r"is not whole yet: its sender writes \"\*.done\" last"):
        runs.plan_run(context, mapping)
    told: Any = runs.run_feed(context, mapping, folder=context.settings.inbox).data["runs"]
    assert [each["status"] for each in told] == ["refused"]
    assert "No marker says" in runs.plan_run(context, mapping, unmarked).text, "whoever names it takes it so"
    marker = context.settings.inbox / f"marked-{TODAY}.csv.done"
    marker.write_text("")
    age(context, marker, 0)
    assert [each["status"] for each in due(context).data["runs"]] == ["applied"]


def test_one_feeds_failure_stops_no_other_and_the_gravest_gives_the_exit_code(context: SyncContext) -> None:
    for feed in ("aaa", "bbb", "ccc"):
        agree(context, feed)
    broken = context.settings.inbox.parent / "feeds" / "aaa.toml"
    broken.write_text("[feed\n")
    refused = drop(context, "bbb")
    refused.write_text("")
    age(context, refused, 60)
    drop(context, "ccc")
    result = due(context)
    assert result.exit_code == 4
    by_status = {each["status"]: each for each in result.data["runs"] if "status" in each}
    assert set(by_status) == {"failed", "refused", "applied"}
    assert "aaa.toml is not a TOML file" in result.text
    told = [(to, subject) for to, subject, _ in mails(context)]
    assert told == [(CONTACT, "Rivers HR: your file was not taken"), (CONTACT, "Rivers HR: file taken")]
    assert due(context).data["runs"] == [by_status["failed"]], "a refused file is told once"
    age(context, refused, 50)
    assert due(context).exit_code == 4, "sent again it is judged again"


def test_a_hold_is_told_to_sender_and_operator_and_goes_on_when_approved(context: SyncContext) -> None:
    agree(context, "held")
    drop(context, "held", 30, TODAY - timedelta(days=1))
    due(context)
    drop(context, "held", 20)
    result = due(context)
    assert result.exit_code == 3
    run = str(result.data["runs"][0]["run"])
    told = {to: text for to, subject, text in mails(context) if "held" in subject}
    assert set(told) == {CONTACT, OPERATOR}
    for text in told.values():
        for said in ("absent: 10 of 30", "Nothing was applied", "The next run judges a newer file afresh"):
            assert said in text
    assert f"counterpart sync approve {run} --reason" in told[OPERATOR]
    assert due(context).data["runs"] == [], "a hold waits, and is not told again"
    assert states(context)["held"] == "held"
    runs.approve(context, run, "a merger")
    assert due(context).data["runs"][0]["status"] == "applied"
    assert [subject for _, subject, _ in mails(context)].count("Rivers HR: a file is held") == 2
    assert len(mails(context)) == 4, "the first receipt, two alerts, the second receipt"
    with context.store.reading() as tx:
        assert feed_watch.every(tx)["held"].trips == 1


def test_silence_is_told_once_and_ends_with_a_file(context: SyncContext, clock: SettableClock) -> None:
    agree(context, "silent", 'expect = "daily 10:00"\nstale_after = "26h"')
    drop(context, "silent")
    due(context)
    for hours in (1, 20):
        clock.advance(hours=hours)
        due(context)
    assert desk(context, waiting.SILENT_FEED) == []
    clock.advance(hours=5)  # 11:00 of the next day
    due(context)
    due(context)
    (summary,) = desk(context, waiting.SILENT_FEED)
    assert "No file of Rivers HR (silent) has come in time" in summary
    asked = [(to, text) for to, subject, text in mails(context) if "no file has come" in subject]
    assert [to for to, _ in asked] == [CONTACT, OPERATOR]
    assert "every day by 10:00, London time" in asked[0][1]
    assert states(context)["silent"] == "late"
    drop(context, "silent", day=TODAY + timedelta(days=1))
    due(context)
    assert desk(context, waiting.SILENT_FEED) == []
    clock.advance(days=2)
    due(context)
    assert len([1 for _, subject, _ in mails(context) if "no file has come" in subject]) == 4, "a new silence"


def test_a_server_that_gives_nothing_stands_on_the_desk_until_it_does(
    context: SyncContext, tmp_path: Path
) -> None:
    agree(context, "pulled")
    mapping = tmp_path / "feeds" / "pulled.toml"
    dead = 'type = "https"\nurl = "https://localhost:9/x"\n[identity]'
    mapping.write_text(mapping.read_text().replace("[identity]", dead))
    result = due(context)
    assert result.exit_code == 1
    assert "COUNTERPART_SYNC_PRIVATE_HOSTS" in result.text
    assert len(desk(context, waiting.UNREACHED_FEED)) == 1
    agree(context, "pulled")
    due(context)
    assert desk(context, waiting.UNREACHED_FEED) == []


def test_what_was_kept_long_enough_is_deleted_and_what_is_needed_or_unknown_stays(
    context: SyncContext, clock: SettableClock
) -> None:
    agree(context, "old")
    first = drop(context, "old", 30, TODAY - timedelta(days=1))
    due(context)
    held = drop(context, "old", 20)
    run = due(context).data["runs"][0]["run"]
    stranger = context.settings.inbox / "notes.txt"
    stranger.write_text("mine")
    clock.advance(days=29)
    due(context)
    assert first.exists()
    clock.advance(days=2)
    result = due(context)
    assert not first.exists()
    assert held.exists(), "a held run needs its file"
    assert stranger.exists()
    assert "1 senders' files" in result.text
    assert "no feed has files of that name: notes.txt" in result.text
    receipts = context.settings.folder / "receipts"
    assert len(list(receipts.glob("*.json"))) == 2
    for path in receipts.iterdir():
        os.utime(path, (clock().timestamp() - 91 * 86400,) * 2)
    due(context)
    assert {path.stem for path in receipts.iterdir()} == {run}
    assert context.plan_path(str(run)).exists()


def test_what_never_became_a_whole_file_goes_too_and_a_refused_one(
    context: SyncContext, clock: SettableClock
) -> None:
    inbox = context.settings.inbox
    agree(context, "never", 'expect = "daily 06:00"')
    mapping = inbox.parent / "feeds" / "never.toml"
    mapping.write_text(mapping.read_text().replace("[identity]", 'ready = "*.done"\n[identity]'))
    agree(context, "worse")
    refused = drop(context, "worse", seconds_ago=60)
    refused.write_text("")
    age(context, refused, 60)
    cut_off = drop(context, "never", seconds_ago=400 * 86400)
    half = inbox / f".never-{TODAY}.csv.4711.part"
    half.write_text("half")
    assert due(context).exit_code == 4
    assert cut_off.exists(), "an old date on a file that came today is no age"
    clock.advance(days=4000)  # they came here by the machine's own clock
    due(context)
    assert [each for each in (refused, cut_off, half) if each.exists()] == []


def test_a_link_in_the_inbox_is_never_followed(context: SyncContext, tmp_path: Path) -> None:
    agree(context, "linked")
    target = drop(context, "linked").rename(tmp_path / "elsewhere.csv")
    (context.settings.inbox / f"linked-{TODAY}.csv").symlink_to(target)
    assert due(context).data["runs"] == []


def test_two_mappings_of_one_id_are_refused_by_name(context: SyncContext, tmp_path: Path) -> None:
    agree(context, "twin")
    (tmp_path / "feeds" / "zwin.toml").write_text((tmp_path / "feeds" / "twin.toml").read_text())
    result = due(context)
    assert result.exit_code == 4
    assert "zwin.toml: feed.id" in result.text


def test_status_shows_each_feed_in_red_when_somebody_has_to_act(context: SyncContext, tmp_path: Path) -> None:
    agree(context, "table", 'expect = "weekdays 06:00"')
    drop(context, "table", 7)
    due(context)
    shown = status(context, tmp_path / "feeds", colour=True)
    (ours,) = [each for each in rows_of(shown) if each["feed"] == "table"]
    assert (ours["rows"], ours["state"], ours["last_file"]) == (7, "fresh", f"table-{TODAY}.csv")
    line = next(each for each in shown.text.splitlines() if each.startswith("table"))
    assert "2026-11-24 06:00" in line
    assert "\x1b" not in line
    broken = drop(context, "table", 7)
    broken.write_text("")
    age(context, broken, 40)
    due(context)
    shown = status(context, tmp_path / "feeds", colour=True)
    assert "\x1b[31mtable" in shown.text
    assert "is empty" in shown.text
    narrow = status(context, tmp_path / "feeds").text.splitlines()
    assert max(map(len, narrow)) <= 80, narrow
    assert "last file" in status(context, tmp_path / "feeds", width=160).text
    assert "\x1b" not in status(context, tmp_path / "feeds").text
