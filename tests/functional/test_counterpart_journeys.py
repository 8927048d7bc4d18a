"""The command line from a sender's file to a person who can be found, with a real directory."""

from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import select

from counterpart.clock import system_clock
from dev.servers import MailCatcher, Redis, Slapd
from saml.provider import LIVE, Provider, to_plain
from store import kept, ledger, providers
from store.models import OutboxMail
from tests.functional.command_line import Answer, Installed

FEED = """
[feed]
id = "river-board"
name = "River Board HR"
contact = "hr@river-board.example"
kind = "full"
[source]
file = "river-board-{as_of}.csv"
[format]
type = "csv"
[identity]
key = ["No"]
[person]
family_name = "Surname"
given_name = "Forename"
mail = "Mail"
sign_in_address = "Mail"
[post]
title = "Job"
[organisation]
name = "Organisation"
code = { column = "Organisation", prefix = "demo:" }
sector = { value = "Arm's-length bodies" }
create = true
"""
ROWS = """No,Surname,Forename,Mail,Job,Organisation
1,Quillfeather,Ada,ada.quillfeather@river-board.example,Chief executive,River Board
2,Ó Lochlainn,Síle,sile.olochlainn@river-board.example,Director of floods,River Board
"""
ADA = "ada.quillfeather@river-board.example"


@pytest.fixture
def installed(
    tmp_path: Path, fresh_slapd: Slapd, redis_server: Redis, mail_catcher: MailCatcher
) -> Installed:
    made = Installed(tmp_path / "house", fresh_slapd, redis_server, mail_catcher)
    made.store().close()
    (made.folder / "river-board.toml").write_text(FEED)
    (made.folder / "river-board-2026-11-01.csv").write_text(ROWS)
    return made


def apply(installed: Installed) -> Answer:
    return installed.run("sync", "apply", "river-board.toml", "--file", "river-board-2026-11-01.csv")


def acts(installed: Installed) -> list[str]:
    store = installed.store()
    with store.transaction() as tx:
        found = [entry.event for entry in ledger.latest(tx, 99)]
        assert ledger.verify(tx).holds
    store.close()
    return found


def test_a_feed_is_checked_planned_and_applied_with_the_documented_exit_codes(installed: Installed) -> None:
    file = ("--file", "river-board-2026-11-01.csv")
    assert installed.run("sync", "check", "river-board.toml").code == 0
    planned = installed.run("sync", "plan", "river-board.toml", *file, "-o", "PLAN")
    assert planned.code == 2, planned
    assert "Quillfeather" in planned.out
    assert "\x1b" not in planned.out  # no colours into a pipe
    assert installed.run("sync", "apply", "PLAN").code == 0
    assert installed.run("sync", "plan", "river-board.toml", *file).code == 0
    assert installed.run("sync", "apply", "PLAN").code in (
        0,
        4,
    )  # the directory moved since: nothing happens twice
    parts = installed.run("sync", "status", "--json").data["parts"]
    assert [each["rows"] for each in parts if each["feed"] == "river-board"] == [2]
    assert installed.run("sync", "holds").out == "No feed is held.\n"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("sync", "plan", "nowhere.toml"), "nowhere.toml"),
        (("sync", "plan", "river-board.toml", "--file", "river-board-2026-12-24.csv"), "2026-12-24.csv"),
        (("sync", "apply", "NOPLAN"), "NOPLAN"),
        (("sync", "receipt", "feedbeef"), "feedbeef"),
    ],
)  # fmt: skip
def test_what_is_not_there_is_refused_with_its_name(
    installed: Installed, arguments: tuple[str, ...], words: str
) -> None:
    answer = installed.run(*arguments)
    assert answer.code == 4, answer
    assert words in answer.err


def test_a_mapping_with_a_column_that_is_not_there_is_refused(installed: Installed) -> None:
    (installed.folder / "wrong.toml").write_text(FEED.replace('"Surname"', '"Surnam"'))
    answer = installed.run("sync", "plan", "wrong.toml", "--file", "river-board-2026-11-01.csv")
    assert answer.code == 4, answer
    assert "Surnam" in answer.err


def test_somebody_applied_can_be_found_shown_and_made_a_manager(installed: Installed) -> None:
    assert apply(installed).code == 0

    found = installed.run("search", "quillfeather", "--json").data
    assert [(each["name"], each["post"], each["organisation"]) for each in found["results"]] == [
        ("Ada Quillfeather", "Chief executive", "River Board")
    ]
    assert "Nobody was found" in installed.run("search", "nobody-of-this-name").out
    assert "1 person" in installed.run("search", "--as", ADA, "lochlainn").out
    assert installed.run("person", "role", ADA, "directory-managers").code == 0
    assert "as before" in installed.run("person", "role", ADA, "directory-managers").out
    shown = installed.run("person", "show", ADA)
    assert "directory-managers" in shown.out
    assert "Chief executive (substantive" in shown.out
    assert installed.run("person", "role", ADA, "directory-managers", "--revoke").code == 0
    assert installed.run("person", "role", ADA, "auditors").code == 1, "nothing asks for that role"
    assert installed.run("person", "show", ADA, "--json").data["roles"] == []
    assert [event for event in acts(installed) if event.startswith("role")] == ["role granted", "role ended"]


def test_a_device_gets_a_password_once_and_loses_it(installed: Installed) -> None:
    apply(installed)
    made = installed.run("device", "add", ADA, "Outlook at work", "--json").data
    assert len(made["password"]) >= 20
    assert made["bind_dn"].startswith("uid=")
    store = installed.store()
    with store.reading() as tx:
        (mail,) = tx.scalars(select(OutboxMail).where(OutboxMail.subject.contains("mail program")))
        assert (mail.recipient, "Outlook at work" in mail.text) == (ADA, True)
    store.close()
    listed = installed.run("device", "list", ADA)
    assert "Outlook at work" in listed.out
    assert made["password"] not in listed.out
    assert installed.run("device", "revoke", ADA, made["id"]).code == 0
    assert installed.run("device", "list", ADA).out == "No devices.\n"
    again = installed.run("device", "revoke", ADA, made["id"])
    assert (again.code, again.err.count("\n")) == (1, 1)
    assert [event for event in acts(installed) if event.startswith("device")] == [
        "device added",
        "device removed",
    ]


def test_people_who_are_not_there_are_named_in_one_line(installed: Installed) -> None:
    for arguments in (
        ("person", "show", "nobody@x.example"),
        ("device", "list", "nobody"),
        ("person", "show", "no-such-uid"),
    ):
        answer = installed.run(*arguments)
        assert (answer.code, answer.err.count("\n")) == (1, 1), answer
        assert arguments[-1] in answer.err
    assert "characters that ids don't have" in installed.run("person", "show", "a*)(uid=*").err


def test_a_directory_that_is_away_is_one_line_and_changes_nothing(
    installed: Installed, fresh_slapd: Slapd
) -> None:
    fresh_slapd.stop()
    for arguments in (("search", "quill"), ("person", "role", ADA, "directory-managers"), ("sync", "status")):
        answer = installed.run(*arguments)
        assert (answer.code, answer.err.count("\n")) == (1, 1), answer
        assert "Nothing more was changed. Is the directory running?" in answer.err
    assert acts(installed) == []


def test_a_registration_that_is_not_there_is_refused(installed: Installed) -> None:
    for arguments, code in (
        (("idp", "add", "nowhere.toml"), 4),
        (("idp", "check", "nowhere.toml"), 4),
        (("idp", "live", "nobody"), 1),
    ):
        answer = installed.run(*arguments)
        assert (answer.code, answer.err.count("\n")) == (code, 1), answer
    assert "No providers yet" in installed.run("idp", "list").out


def registered(installed: Installed, organisation: str) -> None:
    """A live provider of the organisation, as `idp add` would leave it."""
    made = Provider(
        id="river-board", name="River Board", entity_id="https://river-board.example/idp",
        sso_url="https://river-board.example/sso", organisations=(organisation,), state=LIVE,
    )  # fmt: skip
    store = installed.store()
    with store.transaction() as tx:
        providers.save(tx, to_plain(made))
    store.close()


def test_a_map_names_the_providers_of_organisations_that_end(installed: Installed, tmp_path: Path) -> None:
    apply(installed)
    shown = installed.run("person", "show", ADA, "--json").data
    registered(installed, shown["organisation_id"])
    path = tmp_path / "map.toml"
    path.write_text(
        "[map]\nday = 2026-11-01\n[[merge]]\n"
        f'organisations = ["{shown["organisation_id"]}"]\ninto = "Department for Rivers and Coasts"\n'
    )
    planned = installed.run("sync", "organisations", str(path), "--json")
    assert planned.code == 2
    assert [each.split(" speaks ")[0] for each in planned.data["providers"]] == [
        "! River Board (river-board)"
    ]

    before = installed.run("person", "show", ADA, "--json").data
    done = installed.run("sync", "organisations", str(path), "--apply", "--reason", "MoG", "--json")
    assert installed.run("person", "show", ADA, "--json").data["organisation_id"] != before["organisation_id"]
    undo = ("sync", "undo", done.data["run"])
    assert installed.run(*undo).code == 2
    assert installed.run(*undo, "--apply", "--reason", "too early", "--json").data["applied"] is True
    assert installed.run("person", "show", ADA, "--json").data == before
    told = installed.run("sync", "history", "--json").data["runs"]
    assert [each["event"] for each in told[:2]] == ["organisations changed back", "organisations changed"]
    assert told[1]["undone_by"] == told[0]["run"]


def test_sign_ins_are_linked_and_cut_off_with_a_reason_that_is_kept(installed: Installed) -> None:
    apply(installed)
    registered(installed, installed.run("person", "show", ADA, "--json").data["organisation_id"])
    why = ("--reason", "called back on the office line")

    linked = installed.run("person", "link", ADA, "--key", "river-board|subject-id|a-1", *why, "--json")
    assert linked.data["federated_ids"] == ["river-board|subject-id|a-1"]
    again = installed.run("person", "link", ADA, "--key", "river-board|subject-id|a-2", *why, "--json")
    assert again.data["federated_ids"] == ["river-board|subject-id|a-2"]  # the account before is cut off
    for wrong in ("nobody|subject-id|a-1", "river-board|mail|a-1", "river-board"):
        refused = installed.run("person", "link", ADA, "--key", wrong, *why)
        assert (refused.code, refused.err.count("\n")) == (1, 1), refused
    assert installed.run("person", "link", ADA, "--matter", "99", *why).code == 1
    cut = installed.run("person", "unlink", ADA, "--key", "river-board|subject-id|a-2", *why, "--json")
    assert cut.data["federated_ids"] == []
    assert installed.run("person", "unlink", ADA, "--key", "river-board|subject-id|a-2", *why).code == 1
    with closing(installed.store()) as store, store.reading() as tx:
        mails = tx.scalars(select(OutboxMail).where(OutboxMail.subject.contains("sign-in")))
        told = [(mail.recipient, mail.subject) for mail in mails]
    assert told == [(ADA, "Your entry was connected to a sign-in")] * 2
    kept = [event for event in acts(installed) if event.startswith("sign-in")]
    assert kept == [*["sign-in linked by a manager"] * 2, "sign-in cut off by a manager"]


def test_a_key_is_changed_and_links_are_switched_on_from_the_command_line(installed: Installed) -> None:
    apply(installed)
    registered(installed, installed.run("person", "show", ADA, "--json").data["organisation_id"])
    key = ("--key", "river-board|subject-id|a-1", "--reason", "first link")
    installed.run("person", "link", ADA, *key)

    assert installed.run("idp", "identity", "river-board").code == 1
    begun = installed.run("idp", "identity", "river-board", "--to", "pairwise-id")
    assert (begun.code, "records pairwise-id beside subject-id" in begun.out) == (0, True)
    assert "0 of 1 person has the second key" in installed.run("idp", "identity", "river-board").out
    assert "--strangers 1" in installed.run("idp", "identity", "river-board", "--finish").err
    done = installed.run("idp", "identity", "river-board", "--finish", "--strangers", "1", "--json")
    assert done.data["identity_attribute"] == "pairwise-id"
    assert installed.run("person", "show", ADA, "--json").data["federated_ids"] == []
    assert installed.run("idp", "fallback", "river-board", "--hours", "8").code == 1  # no reason
    on = installed.run("idp", "fallback", "river-board", "--hours", "8", "--reason", "down", "--json")
    assert on.data["fallback_until"]
    assert installed.run("idp", "fallback", "river-board", "--off", "--json").data["fallback_until"] == ""
    assert acts(installed).count("sign-in by link") == 2


def test_joiners_are_told_once_what_is_held_of_them_before_they_are_listed(installed: Installed) -> None:
    assert apply(installed).code == 0
    with closing(installed.store()) as store, store.reading() as tx:
        mine = OutboxMail.subject == "Your entry in Counterpart"
        mails = list(tx.scalars(select(OutboxMail).where(mine).order_by(OutboxMail.recipient)))
    assert [mail.recipient for mail in mails] == [ADA, "sile.olochlainn@river-board.example"]
    assert (mails[0].from_name, mails[0].subject) == ("River Board HR", "Your entry in Counterpart")
    assert "River Board HR sent us your details" in mails[0].text

    installed.set("SYNC_NOTICE_DAYS", 7)
    (installed.folder / "river-board-2026-11-02.csv").write_text(
        ROWS
        + ROWS.splitlines()[1].replace("1,Q", "3,B", 1).replace("Ada", "Bo").replace("ada.q", "bo.b")
        + "\n"
    )
    later = ("sync", "apply", "river-board.toml", "--file", "river-board-2026-11-02.csv")
    assert installed.run(*later).code == 0
    assert (
        installed.run("person", "show", "bo.buillfeather@river-board.example", "--json").data["status"]
        == "pending"
    )
    assert installed.run(*later).code == 0
    with closing(installed.store()) as store, store.reading() as tx:
        assert len(list(tx.scalars(select(OutboxMail).where(mine)))) == 3


def test_whoever_is_erased_is_gone_and_no_file_brings_them_back(installed: Installed) -> None:
    run = installed.run(
        "sync", "apply", "river-board.toml", "--file", "river-board-2026-11-01.csv", "--told", "--json"
    ).data["run"]
    uid = installed.run("person", "show", ADA, "--json").data["uid"]
    with closing(installed.store()) as store, store.transaction() as tx:
        kept.save(tx, uid, "“weirs”", "q=weirs", system_clock())
        kept.note_view(tx, uid, "somebody", system_clock())
        kept.note_view(tx, "another", uid, system_clock())
    held = installed.run("person", "export", ADA)
    assert held.code == 0, held
    for words in (
        "full name: Ada Quillfeather", "title: Chief executive", "line: 2", "“weirs”", "person: somebody",
    ):  # fmt: skip
        assert words in held.out, held
    assert "Say why" in installed.run("person", "erase", ADA, "--yes").err
    assert installed.run("person", "erase", ADA, "--reason", "asked", "--json").code == 2
    done = installed.run("person", "erase", ADA, "--reason", "asked", "--yes", "--json")
    assert done.data == {"erased": [uid]}, done
    assert installed.run("person", "show", uid).code == 1
    assert f"{uid} was erased" in installed.run("sync", "explain", uid).err
    with closing(installed.store()) as store, store.reading() as tx:
        assert kept.searches(tx, uid) == []
        assert kept.viewed(tx, uid, system_clock()) == kept.viewed(tx, "another", system_clock()) == {}
    told = installed.run("sync", "receipt", run, "--json").data["outcomes"]
    assert [each["reason"] == "erased" for each in told] == [True, False]
    assert f"{uid}: erased since" in " ".join(installed.run("sync", "undo", run).out.split())
    papers = [each for each in (installed.var / "sync").rglob("*.json") if each.is_file()]
    assert papers
    assert not [each for each in papers if b"quillfeather" in each.read_bytes().lower()]

    (installed.folder / "river-board-2026-11-02.csv").write_text(ROWS)
    later = ("sync", "apply", "river-board.toml", "--file", "river-board-2026-11-02.csv", "--json")
    again = installed.run(*later)
    assert (again.code, again.data["counts"]) == (0, {"unchanged": 1, "not taken": 1}), again
    assert installed.run("person", "show", ADA).code == 1
    assert installed.run("person", "erase", "--replay", "--json").data == {"erased": []}
    assert acts(installed).count("person erased") == 1
    assert installed.run("ledger", "verify").code == 0

    add = ("person", "add", "Ada Quillfeather", "--post", "Adviser", "--organisation", "River Board", "--yes")
    add += ("--sign-in-address", ADA, "--json")
    assert "erased for good" in installed.run(*add).err
    assert installed.run(*add, "--again", "She asked for it").code == 0
    assert "erasure lifted" in acts(installed)
    assert installed.run("person", "erase", "--replay", "--json").data == {"erased": []}
    assert installed.run("person", "show", ADA, "--json").data["uid"] != uid


def test_where_a_value_comes_from_is_explained_confirmed_disputed_and_told_to_the_sender(
    installed: Installed,
) -> None:
    applied = apply(installed)
    assert applied.code == 0, applied
    chain = installed.run("sync", "explain", ADA, "mail")
    for words in (
        "sent by River Board HR (feed river-board/all), row 2 of its file of 2026-11-01; unchanged since",
        "applied by run ", "no person has confirmed it yet", "may be changed by: the HR feed",
    ):  # fmt: skip
        assert words in chain.out, chain
    assert installed.run("person", "confirm", ADA, "mail").code == 0
    assert installed.run("person", "dispute", ADA, "name", "--says", "Adaline Quillfeather").code == 0
    assert "disputed" in installed.run("person", "show", ADA).out
    before = installed.run("person", "show", ADA, "--json").data

    later = ROWS.replace("Chief executive", "Chief of the board")
    (installed.folder / "river-board-2026-11-02.csv").write_text(later)
    again = ("sync", "apply", "river-board.toml", "--file", "river-board-2026-11-02.csv", "--json")
    run = installed.run(*again).data["run"]
    assert "name: the person says since" in installed.run("sync", "receipt", run).out
    after = installed.run("person", "show", ADA, "--json").data
    assert after["mail_source"] == before["mail_source"], "sent again is not confirmed again"
    explained = installed.run("sync", "explain", ADA, "--json").data["values"]
    known = {each["of"]: each for each in explained}
    assert (known["post"]["run"], known["post"]["source"]["as_of"]) == (run, "2026-11-02")
    assert known["mail"]["source"]["confirmed"]
    assert known["name"]["disputed"]["says"] == "Adaline Quillfeather"

    (installed.folder / "river-board-2026-11-03.csv").write_text(later.replace(",Ada,", ",Adaline,"))
    mended = ("sync", "apply", "river-board.toml", "--file", "river-board-2026-11-03.csv", "--json")
    assert installed.run(*mended).code in (0, 3)
    assert installed.run("person", "dispute", ADA, "mail", "--close", "--reason", "x").code == 4
