"""Canaries on the command line: mail programs find them, and nothing and nobody else does."""

from pathlib import Path

import pytest

from counterpart.clock import system_clock
from dev.servers import MailCatcher, Redis, Slapd
from ldap_schema.changes import Add
from ldap_schema.directory import Service
from tests.functional.command_line import Installed
from tests.functional.directory_kit import bound, leader, opened
from tests.functional.test_counterpart_journeys import FEED, ROWS

FAMILIES = ("Thistlewood", "Vellacott", "Marchbank", "Farrowmere", "Prydderch", "Okonjola")
TOLD = "COUNTERPART_WATCH_CANARY_DOMAIN"


@pytest.fixture
def installed(
    tmp_path: Path, fresh_slapd: Slapd, redis_server: Redis, mail_catcher: MailCatcher
) -> Installed:
    made = Installed(tmp_path / "house", fresh_slapd, redis_server, mail_catcher)
    made.store().close()
    (made.folder / "river-board.toml").write_text(FEED)
    (made.folder / "river-board-2026-11-01.csv").write_text(ROWS)
    with opened(fresh_slapd, Service.SYNC) as sync:
        sync.write(
            [
                Add(leader(f"l-{number}", family_name=family, given_name="Ada", title="Chief executive"))
                for number, family in enumerate(FAMILIES)
            ]
        )
    return made


def test_canaries_are_made_listed_found_by_mail_programs_alone_and_removed(
    installed: Installed, fresh_slapd: Slapd
) -> None:
    plan = ("sync", "plan", "river-board.toml", "--file", "river-board-2026-11-01.csv")
    assert installed.run("sync", "apply", *plan[2:]).code == 0
    refused = installed.run("canary", "add", "--count", "3")
    assert (refused.code, TOLD in refused.err) == (1, True)
    assert installed.run("canary", "list", "--json").data == []

    installed.set("WATCH_CANARY_DOMAIN", "canaries.example")
    made = installed.run("canary", "add", "--count", "3", "--json").data
    named = installed.run("canary", "add", "Marianne", "Thistlegant", "--json").data
    flock = [*made, *named]
    assert len({each["uid"] for each in flock}) == 4
    assert {each["uid"] for each in installed.run("canary", "list", "--json").data} == {
        each["uid"] for each in flock
    }
    with opened(fresh_slapd, Service.PORTAL) as portal, opened(fresh_slapd, Service.SYNC) as sync:
        issued = portal.credentials.issue("l-0", "laptop", system_clock())
        assert portal.people.count_active() == len(FAMILIES) + 2
        for each in flock:
            with bound(fresh_slapd, issued.bind_dn, issued.password) as program:
                program.search(issued.base_dn, f"(sn={each['family_name']})", attributes=["mail"])
                assert [entry.mail.values for entry in program.entries] == [each["mail"]]
            viewer = portal.as_viewer("l-0")
            for people in (viewer.people, sync.people):
                assert people.search([each["family_name"]], {}, 10) == []
                assert people.by_mail_or_sign_in(each["mail"]) == {}
            assert each["uid"] not in {person.uid for person in sync.people.everybody()}
    assert installed.run(*plan).code == 0, "the feed has nothing to change"
    assert installed.run("search", "thistlegant").out.startswith("Nobody was found")

    assert installed.run("canary", "remove", "l-0").code == 1, "a person is no canary"
    for each in flock:
        assert installed.run("canary", "remove", each["uid"]).code == 0
    assert installed.run("canary", "list", "--json").data == []


@pytest.mark.parametrize(
    "arguments", [(), ("Marianne",), ("Marianne", "Thistlegant", "--count", "2"), ("--count", "201")]
)
def test_a_canary_that_is_not_clear_is_not_made(installed: Installed, arguments: tuple[str, ...]) -> None:
    installed.set("WATCH_CANARY_DOMAIN", "canaries.example")
    assert installed.run("canary", "add", *arguments).code == 1
    assert installed.run("canary", "list").out == "No canaries.\n"
