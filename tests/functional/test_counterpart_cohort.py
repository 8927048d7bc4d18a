"""Cohorts at the command line: made, joined and left, and written in the ledger."""

from pathlib import Path

from dev.servers import MailCatcher, Redis, Slapd
from ldap_schema.changes import Add
from ldap_schema.directory import Service
from store import ledger
from tests.functional.command_line import Installed
from tests.functional.directory_kit import leader, opened


def test_people_join_and_leave_a_cohort_and_whoever_is_unknown_stops_it_all(
    tmp_path: Path, slapd: Slapd, redis_server: Redis, mail_catcher: MailCatcher
) -> None:
    installed = Installed(tmp_path, slapd, redis_server, mail_catcher)
    store = installed.store()
    with opened(slapd, Service.SYNC) as sync:
        sync.write([Add(leader("co-ada", sign_in_address="ada@co.example")), Add(leader("co-bo"))])
        assert installed.run("cohort", "add", "co-2026", "The year of 2026").code == 0
        assert installed.run("cohort", "add", "co-2026", "The year of 2026").code == 0
        assert "of another title" in installed.run("cohort", "add", "co-2026", "Again").err
        assert installed.run("cohort", "join", "co-2026", "ada@co.example", "co-bo").code == 0
        assert sync.cohorts.members("co-2026") == {"co-ada", "co-bo"}
        for name, people in (("co-2026", ("co-ada", "co-nobody")), ("co-none", ("co-ada",))):
            answer = installed.run("cohort", "leave", name, *people)
            assert answer.code != 0
            assert "Traceback" not in answer.err
        assert sync.cohorts.members("co-2026") == {"co-ada", "co-bo"}, "nothing was done by halves"
        assert installed.run("cohort", "leave", "co-2026", "co-bo").code == 0
    listed = {one["cohort"]: one for one in installed.run("cohort", "list", "--json").data}
    assert listed["co-2026"] == {"cohort": "co-2026", "title": "The year of 2026", "people": 1}
    with store.reading() as tx:
        acts = [(entry.event, entry.subject) for entry in ledger.latest(tx, 9)]
    store.close()
    assert acts == [
        ("cohort added", "co-2026"), ("cohort joined", "co-ada"), ("cohort joined", "co-bo"),
        ("cohort left", "co-bo"),
    ]  # fmt: skip
