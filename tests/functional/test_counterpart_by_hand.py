"""People without a feed at the command line: added, found, edited, gone; asked, refused, written down."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from counterpart.clock import system_clock
from dev.servers import MailCatcher, Redis, Slapd
from ldap_schema.changes import Add
from ldap_schema.clock import london_today
from ldap_schema.directory import Directory, Service
from ldap_schema.organisations import Organisation
from ldap_schema.posts import Post, Tenure
from store import ledger
from tests.functional.command_line import Answer, Installed
from tests.functional.directory_kit import leader, opened
from tests.portal_kit import close, make_portal

TODAY = london_today(system_clock())
ORGANISATION = Organisation(id="h-org", name="Hollowbrook Council", sector="Local government")
FED = leader("h-fed", feed="hollow", feed_part="all", feed_key="1", mail=("fed@h.example",))


@pytest.fixture
def installed(tmp_path: Path, slapd: Slapd, redis_server: Redis, mail_catcher: MailCatcher) -> Installed:
    made = Installed(tmp_path, slapd, redis_server, mail_catcher)
    made.store().close()
    return made


@pytest.fixture(scope="module")
def sync(slapd: Slapd) -> Iterator[Directory]:
    with opened(slapd, Service.SYNC) as directory:
        directory.write([Add(ORGANISATION), Add(FED)])
        yield directory


def add(installed: Installed, name: str, *more: str) -> Answer:
    post = ("--post", "Chief executive", "--organisation", "hollowbrook council")
    return installed.run("person", "add", name, *post, *more)


def acts(installed: Installed) -> list[str]:
    store = installed.store()
    with store.reading() as tx:
        found = [each.event for each in ledger.latest(tx, 9)]
    store.close()
    return found


def test_a_leader_without_a_feed_from_the_first_to_the_last_day(
    installed: Installed, sync: Directory
) -> None:
    bo = ("--telephone", "020 7946 0003", "--sign-in-address", "Bo.Fenwright@hollowbrook.example")
    shown = add(installed, "Dame Bo Fenwright DBE", *bo, "--json")
    assert (shown.code, shown.data["state"]) == (2, "planned")
    asked = add(installed, "Dame Bo Fenwright DBE", *bo)
    assert (asked.code, "+ Dame Bo Fenwright DBE  as Chief executive" in asked.out) == (1, True)
    assert sync.people.by_sign_in_address("bo.fenwright@hollowbrook.example") is None

    made = add(installed, "Dame Bo Fenwright DBE", *bo, "--yes", "--json")
    assert made.code == 0, made
    bo_uid = made.data["uid"]
    person = sync.people.get(bo_uid)
    assert (person.title, person.organisation_name) == ("Chief executive", "Hollowbrook Council")
    again = add(installed, "Bo Fenwright", "--yes")
    assert (again.code, f"? {bo_uid}" in again.err, "--same UID" in again.err) == (4, True, True)

    edit = ("person", "edit", "bo.fenwright@hollowbrook.example", "--name", "Bo Fenwright-Lee", "--yes")
    held = installed.run(*edit)
    assert (held.code, "Say why with --reason" in held.err) == (3, True)
    assert installed.run(*edit, "--reason", "Marriage").code == 0
    assert sync.people.get(bo_uid).full_name == "Bo Fenwright-Lee"

    yesterday = str(TODAY - timedelta(days=1))
    assert installed.run("person", "leave", bo_uid, "--last-day", yesterday, "--yes").code == 0
    assert sync.people.get(bo_uid).status == "left"
    assert acts(installed) == ["person added", "person edited", "person leaves"]


def test_what_a_feed_keeps_is_overridden_for_a_reason_and_up_to_a_day_only(
    installed: Installed, sync: Directory
) -> None:
    edit = ("person", "edit", FED.uid, "--mail", "office@h.example", "--yes")
    refused = installed.run(*edit)
    assert (refused.code, "next file would undo this" in refused.err) == (4, True)
    until = ("--until", str(TODAY + timedelta(days=9)))
    assert installed.run(*edit, *until).code == 3
    assert installed.run(*edit, *until, "--reason", "HR mends it next week").code == 0
    assert sync.people.get(FED.uid).mail == ("office@h.example",)
    unknown = add(installed, "Cy Tarn", "--organisation", "Holowbrook Council", "--yes")
    assert (unknown.code, "Did you mean Hollowbrook Council?" in unknown.err) == (4, True)
    assert acts(installed) == ["person edited"]


def test_two_entries_of_one_person_become_one_and_the_dropped_id_answers(
    installed: Installed, slapd: Slapd, redis_server: Redis, sync: Directory
) -> None:
    pair = (leader("h-keep"), leader("h-drop", sign_in_address="drop@h.example", mobile=("+44 7700 900123",)))
    post = Post(id="h-post", title="Clerk", organisation_id=ORGANISATION.id)
    tenure = Tenure(id="h-tenure", post_id="h-post", holder="h-drop")
    sync.write([*(Add(each) for each in pair), Add(post), Add(tenure)])
    asked = installed.run("person", "merge", "h-keep", "h-drop", "--reason", "one person")
    assert (asked.code, "h-drop" in asked.out) == (1, True)
    assert sync.people.get("h-drop")
    done = installed.run("person", "merge", "h-keep", "drop@h.example", "--reason", "HR says", "--yes")
    assert done.code == 0, done
    kept = sync.people.get("h-keep")
    assert kept.sign_in_address == "drop@h.example"
    assert [post.id for post, _ in sync.posts.held_by("h-keep")] == ["h-post"]
    assert not sync.people.by_uids(["h-drop"])
    store = installed.store()
    portal = make_portal(slapd, redis_server, store, system_clock)
    answer = portal.browser(portal.person()).get("/people/h-drop")
    assert (answer.status_code, answer.location) == (301, "/people/h-keep")
    assert portal.browser(portal.person()).get("/people/h-nobody").status_code == 404
    close(portal)
    store.close()
