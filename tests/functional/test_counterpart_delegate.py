"""Delegations, sealed people and grants at the command line: done in the directory, written in the ledger."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from counterpart.clock import system_clock
from dev.servers import MailCatcher, Redis, Slapd
from ldap_schema.changes import Add, Remove, Update
from ldap_schema.clock import london_today
from ldap_schema.directory import Directory, Service
from ldap_schema.grants import Grant
from ldap_schema.offices import Office
from ldap_schema.organisations import Organisation
from ldap_schema.people import Person
from ldap_schema.posts import Post, Tenure
from store import ledger
from store.models import OutboxMail
from tests.functional.command_line import Installed
from tests.functional.directory_kit import bind_code, leader, opened

TODAY = london_today(system_clock())
TOMORROW, YESTERDAY = TODAY + timedelta(days=1), TODAY - timedelta(days=1)


@pytest.fixture
def installed(tmp_path: Path, slapd: Slapd, redis_server: Redis, mail_catcher: MailCatcher) -> Installed:
    made = Installed(tmp_path, slapd, redis_server, mail_catcher)
    made.store().close()
    return made


@pytest.fixture
def sync(slapd: Slapd) -> Iterator[Directory]:
    """The directory with a leader, an assistant, somebody who left, a post and an office."""
    records: list[Person | Post | Tenure | Office | Organisation] = [
        Organisation(id="g-org", name="Force"),
        leader("g-ada", sign_in_address="ada@g.example"),
        leader("g-bo", sign_in_address="bo@g.example"),
        leader("g-left", status="left"),
        Post(id="g-post", title="Chief constable", organisation_id="g-org"),
        Tenure(id="g-tenure", post_id="g-post", holder="g-ada"),
        Office(id="g-office", name="Front office", serves=("g-ada", "g-bo")),
    ]
    with opened(slapd, Service.SYNC) as directory:
        directory.write([Add(record) for record in records])
        yield directory
        left = [Remove(each) for each in directory.delegations.by_leader("g-ada")]
        directory.seals.unseal("g-ada")
        for each in directory.grants.of("g-ada"):
            directory.grants.take("g-ada", each)
        directory.write([*left, *(Remove(record) for record in reversed(records))])


def acts(installed: Installed) -> list[tuple[str, str]]:
    store = installed.store()
    with store.reading() as tx:
        found = [(entry.event, entry.subject) for entry in ledger.latest(tx, 9)]
    store.close()
    return found


def told(installed: Installed) -> list[tuple[str, str]]:
    """To whom which mail goes out."""
    store = installed.store()
    with store.reading() as tx:
        found = [(mail.recipient, mail.text) for mail in tx.scalars(select(OutboxMail))]
    store.close()
    return found


def test_a_delegation_is_added_listed_and_revoked(installed: Installed, sync: Directory) -> None:
    arguments = ("--scope", "devices", "--until", str(TOMORROW))
    made = installed.run("delegate", "add", "g-ada", "bo@g.example", *arguments, "--json").data
    assert sync.delegations.live_for("g-bo", TOMORROW)[0].scopes == ("devices",)
    assert not sync.delegations.live_for("g-bo", TOMORROW + timedelta(days=1))
    listed = installed.run("delegate", "list", "g-ada")
    assert "Ada g-bo" in listed.out
    assert "stands" in listed.out
    assert installed.run("delegate", "list", "g-ada", "--json").data[0]["stands"] is True
    assert installed.run("delegate", "list", "g-left").out == "No delegations.\n"
    assert installed.run("delegate", "revoke", made["id"]).code == 0
    assert sync.delegations.by_leader("g-ada") == []
    assert acts(installed) == [("delegation added", "g-ada"), ("delegation revoked", "g-ada")]
    ((recipient, text),) = told(installed)
    assert recipient == "ada@g.example"
    assert "Ada g-bo may look after your mail programs" in text


def test_ending_a_delegation_names_the_mail_programs_whose_passwords_the_delegate_may_know(
    installed: Installed, sync: Directory, slapd: Slapd
) -> None:
    arguments = ("--scope", "devices", "--until", str(TOMORROW))
    made = installed.run("delegate", "add", "g-ada", "g-bo", *arguments, "--json").data
    with opened(slapd, Service.PORTAL) as portal:
        theirs, own = (
            portal.credentials.issue("g-ada", label, system_clock()) for label in ("Laptop", "Mine")
        )
        store = installed.store()
        with store.transaction() as tx:
            for device, actor in ((theirs, "g-bo"), (own, "g-ada")):
                ledger.append(tx, "device added", actor, device.credential.id, {}, system_clock())
        store.close()
        answer = installed.run("delegate", "revoke", made["id"])
        assert f"counterpart device revoke g-ada {theirs.credential.id}   (Laptop)" in answer.out
        assert own.credential.id not in answer.out
        assert bind_code(slapd, theirs) == 0, "it is the leader's"
        assert installed.run("device", "revoke", "g-ada", theirs.credential.id).code == 0
        assert (bind_code(slapd, theirs), bind_code(slapd, own)) == (49, 0)
        portal.credentials.revoke(own.credential.id, "g-ada")


REFUSED = [
    (("g-ada", "g-ada", "--until", str(TOMORROW)), "the same person"),
    (("g-ada", "g-bo", "--until", str(YESTERDAY)), "before the first day or today"),
    (("g-ada", "g-bo", "--from", str(TOMORROW), "--until", str(TODAY)), "before the first day"),
    (("g-ada", "g-left", "--until", str(TOMORROW)), "status left"),
    (("g-left", "g-bo", "--until", str(TOMORROW)), "status left"),
    (("g-ada", "g-nobody", "--until", str(TOMORROW)), "Nobody in the directory has the uid g-nobody"),
    (("g-ada", "g-bo", "--until", "soon"), "YYYY-MM-DD"),
    (("g-ada", "g-bo"), "--until"),
    (("g-ada", "g-bo", "--until", str(TOMORROW), "--scope", "search"), "'search' is not 'devices'"),
]


def test_a_delegation_that_could_never_stand_is_refused_in_words(
    installed: Installed, sync: Directory
) -> None:
    for arguments, words in REFUSED:
        answer = installed.run("delegate", "add", *arguments, "--scope", "devices")
        assert answer.code == 1, answer
        assert words in answer.err
    assert sync.delegations.by_leader("g-ada") == []
    assert acts(installed) == []


def test_revoking_what_is_not_there_says_what_to_type(installed: Installed, sync: Directory) -> None:
    answer = installed.run("delegate", "revoke", "nothing-of-that-id")
    assert answer.code == 1
    assert "counterpart delegate list" in answer.err
    assert acts(installed) == []


def test_somebody_is_sealed_and_unsealed(installed: Installed, sync: Directory, slapd: Slapd) -> None:
    answer = installed.run("person", "seal", "g-ada", "--post-too")
    assert answer.code == 0, answer
    assert "post concealed as well: Chief constable" in answer.out
    assert "Front office, and no longer for 1 other whom it serves" in answer.out
    assert "active, sealed" in installed.run("person", "show", "g-ada").out
    with opened(slapd, Service.PORTAL) as portal:
        bo = portal.as_viewer("g-bo")
        assert bo.people.by_uids(["g-ada", "g-bo"]).keys() == {"g-bo"}
        assert bo.posts.of_organisation("g-org") == []
        assert installed.run("person", "seal", "g-ada", "--json").data["posts"] == []
        assert [post.id for post, _ in bo.posts.of_organisation("g-org")] == ["g-post"]
        assert installed.run("person", "unseal", "g-ada").code == 0
        assert bo.people.get("g-ada").full_name == "Ada g-ada"
    assert "was not sealed" in installed.run("person", "unseal", "g-ada").out
    assert [event for event, _ in acts(installed)] == ["person sealed", "person sealed", "person unsealed"]


def test_nobody_is_sealed_when_the_directory_is_away_and_nothing_is_written_down(
    installed: Installed, sync: Directory
) -> None:
    installed.set("DIRECTORY_URI", "ldap://localhost:1")
    answer = installed.run("person", "seal", "g-ada")
    assert answer.code == 1
    assert "Nothing more was changed" in answer.err
    assert acts(installed) == []


# --- Grants


def sees_mobile(slapd: Slapd) -> bool:
    with opened(slapd, Service.PORTAL) as portal:
        return portal.as_viewer("g-bo").people.get("g-ada").mobile != ()


def test_a_detail_is_granted_to_one_leader_and_taken_back(
    installed: Installed, sync: Directory, slapd: Slapd
) -> None:
    ada = sync.people.get("g-ada")
    sync.write([Update(ada, replace(ada, mobile=("07700 900111",)))])
    assert not sees_mobile(slapd)
    both = ("g-ada", "bo@g.example", "--attribute", "mobile")
    answer = installed.run("person", "grant", *both, "--until", str(TOMORROW))
    assert answer.out == f"Ada g-bo sees the mobile of Ada g-ada until {TOMORROW}.\n"
    assert sees_mobile(slapd)
    assert installed.run("person", "ungrant", *both, "--json").data["changed"] is True
    assert not sees_mobile(slapd)
    assert "was not granted" in installed.run("person", "ungrant", *both).out
    assert [event for event, _ in acts(installed)] == ["detail granted", "grant ended"]
    ((recipient, text),) = told(installed)
    assert recipient == "ada@g.example"
    assert f"Ada g-bo can now see your mobile number in Counterpart until {TOMORROW}" in text


def test_a_sealed_leader_to_whom_something_is_granted_is_named_in_no_mail(
    installed: Installed, sync: Directory
) -> None:
    installed.run("person", "seal", "g-bo")
    assert installed.run("person", "grant", "g-ada", "g-bo", "--attribute", "mobile").code == 0
    installed.run("person", "unseal", "g-bo")
    ((_, text),) = told(installed)
    assert "A leader whose entry you can't see can now see your mobile number" in text
    assert "g-bo" not in text


def test_a_grant_ends_after_its_last_day_and_others_stand(
    installed: Installed, sync: Directory, slapd: Slapd
) -> None:
    ada = sync.people.get("g-ada")
    sync.write([Update(ada, replace(ada, mobile=("07700 900111",)))])
    sync.grants.give("g-ada", Grant(detail="mobile", viewer="g-bo", last_day=YESTERDAY))
    standing = [
        Grant(detail="mail", viewer="g-bo", last_day=TODAY),
        Grant(detail="telephoneNumber", viewer="g-bo"),
    ]
    for each in standing:
        sync.grants.give("g-ada", each)
    assert sees_mobile(slapd)
    installed.run("worker", "--once")
    assert not sees_mobile(slapd)
    assert sync.grants.of("g-ada") == standing
    assert ("grant ended", "g-ada") in acts(installed)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("g-ada", "g-ada"), "the same person"),
        (("g-ada", "g-left"), "they see nobody"),
        (("g-ada", "g-nobody"), "has the uid g-nobody"),
        (("g-ada", "g-bo", "--until", str(YESTERDAY)), "is over"),
        (("g-ada", "g-bo", "--until", "soon"), "Write it as YYYY-MM-DD"),
    ],
)
def test_a_grant_that_makes_no_sense_is_refused(
    installed: Installed, sync: Directory, arguments: tuple[str, ...], said: str
) -> None:
    answer = installed.run("person", "grant", *arguments, "--attribute", "mobile")
    assert answer.code != 0
    assert said in answer.err
    assert sync.grants.of("g-ada") == []
    assert acts(installed) == []
    assert told(installed) == []
