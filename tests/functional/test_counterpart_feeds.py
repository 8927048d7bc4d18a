"""`counterpart sync run --due`, `sync status` and the worker, as an operator and a timer use them."""

import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from dev.servers import MailCatcher, Redis, Slapd
from tests.functional.command_line import Installed
from tests.sync_world import mapping_of, people_of, write_file

CONTACT = "hr@rivers.example"


@pytest.fixture
def installed(tmp_path: Path, slapd: Slapd, redis_server: Redis, mail_catcher: MailCatcher) -> Installed:
    made = Installed(tmp_path, slapd, redis_server, mail_catcher)
    made.set("SERVICE_WORKER_SECONDS", 0.1)
    made.set("SYNC_DUE_SECONDS", 1)
    made.store().close()
    (made.var / "mappings").mkdir(exist_ok=True)
    (made.var / "feeds").mkdir(exist_ok=True)
    return made


def agree(installed: Installed, feed: str) -> Path:
    text = mapping_of(feed, f'contact = "{CONTACT}"\nexpect = "daily 06:00"\nstale_after = "26h"')
    path = installed.var / "mappings" / f"{feed}.toml"
    path.write_text(text.replace("[identity]", "still_seconds = 0\n[identity]"))
    return path


def drop(installed: Installed, feed: str) -> str:
    today = datetime.now(UTC).date()
    return write_file(installed.var / "feeds", people_of(feed, 3), today, stem=feed).name


def test_a_timer_takes_what_is_new_and_status_tells_how_fresh_it_is(installed: Installed) -> None:
    agree(installed, "timer")
    name = drop(installed, "timer")
    taken = installed.run("sync", "run", "--due", "--json")
    assert (taken.code, taken.data["runs"][0]["status"]) == (0, "applied"), taken.err
    again = installed.run("sync", "run", "--due")
    assert (again.code, again.out) == (0, "Nothing new has come.\n")
    (ours,) = [
        each for each in installed.run("sync", "status", "--json").data["parts"] if each["feed"] == "timer"
    ]
    assert (ours["last_file"], ours["rows"], ours["state"]) == (name, 3, "fresh")
    shown = installed.run("sync", "status")
    assert "next expected" in shown.out.splitlines()[0]
    assert "\x1b" not in shown.out, "red is for terminals"


def test_a_command_mails_the_receipt_of_what_it_took(installed: Installed, mail_catcher: MailCatcher) -> None:
    feed = agree(installed, "byhand")
    drop(installed, "byhand")
    assert installed.run("sync", "run", feed).code == 0
    installed.run("worker", "--once")
    caught = mail_catcher.wait_for(lambda message: message["To"] == CONTACT)
    assert caught["Subject"] == "Rivers HR: file taken"
    assert installed.run("sync", "run", "--due", "--json").data["runs"] == [], "it was taken already"


def test_the_worker_takes_files_by_itself_and_mails_their_receipts(
    installed: Installed, mail_catcher: MailCatcher
) -> None:
    agree(installed, "worker")
    with installed.start("worker", "worker"):
        drop(installed, "worker")
        caught = mail_catcher.wait_for(lambda message: message["To"] == CONTACT, seconds=30)
        time.sleep(1.5)  # another look or two
    body = caught.get_body(("plain",))
    assert body is not None
    assert "worker-" in body.get_content()
    assert len([each for each in mail_catcher.messages() if each["To"] == CONTACT]) == 1
