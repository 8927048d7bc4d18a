"""`counterpart idp` from a department's metadata to people who can sign in, with a real directory."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from lxml import etree

from counterpart.settings import load
from dev.identity_provider import messages
from dev.identity_provider.config import Identity, IdentityProvider, Service, read_service
from dev.identity_provider.demo import ensure_key
from dev.servers import MailCatcher, Redis, Slapd
from saml.keys import load_keys
from saml.our_metadata import service_metadata
from saml.settings import SAMLSettings
from store import ledger, waiting
from tests.functional.command_line import Installed
from tests.functional.test_counterpart_journeys import ADA, FEED, ROWS
from tests.metadata_kit import MD
from tests.web_server import WebServer, web_server

TOML = """
id = "river-board"
name = "River Board"
metadata = "idp.xml"
organisations = ["River Board"]
domains = ["river-board.example"]
contact = "the IT desk"
"""


@pytest.fixture(scope="module")
def slapd_here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slapd]:
    with Slapd(tmp_path_factory.mktemp("slapd")) as server:
        yield server


@pytest.fixture(scope="module")
def mail_here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MailCatcher]:
    with MailCatcher(tmp_path_factory.mktemp("mail")) as server:
        yield server


@pytest.fixture(scope="module")
def furnished(
    tmp_path_factory: pytest.TempPathFactory, slapd_here: Slapd, redis_server: Redis, mail_here: MailCatcher
) -> Installed:
    """One directory with two people for all tests here, none of which changes it."""
    made = Installed(tmp_path_factory.mktemp("house"), slapd_here, redis_server, mail_here)
    made.store().close()
    (made.folder / "river-board.toml").write_text(FEED)
    (made.folder / "river-board-2026-11-01.csv").write_text(ROWS)
    (made.folder / "idp").mkdir()
    ensure_key(made.folder / "idp.key", made.folder / "idp.crt", "River Board", datetime.now(UTC))
    applied = made.run("sync", "apply", "river-board.toml", "--file", "river-board-2026-11-01.csv")
    assert applied.code == 0, applied
    (made.var / "counterpart.db").unlink()
    made.store().close()
    return made


@pytest.fixture
def installed(furnished: Installed) -> Iterator[Installed]:
    """A store and keys of the test's own."""
    database, saml = furnished.var / "counterpart.db", furnished.var / "saml"
    shutil.copytree(saml, furnished.folder / "kept-saml")
    (furnished.folder / "r.toml").write_text(TOML)
    (furnished.folder / "idp.xml").write_bytes(messages.metadata(there(furnished)))
    yield furnished
    for file in furnished.var.glob(f"{database.name}*"):
        file.unlink()
    furnished.store().close()
    shutil.rmtree(saml)
    (furnished.folder / "kept-saml").rename(saml)


def there(installed: Installed) -> IdentityProvider:
    """The department's provider."""
    key, certificate = ((installed.folder / f"idp.{end}").read_text() for end in ("key", "crt"))
    return IdentityProvider("river-board", "River Board", "http://127.0.0.1:5001", key, certificate)


def saml_settings(installed: Installed) -> SAMLSettings:
    found = load({}, installed.house.settings_file).saml
    return found


def here(installed: Installed) -> Service:
    """We, as our metadata describes us."""
    settings = saml_settings(installed)
    return read_service(service_metadata(settings, load_keys(settings)))


def published(installed: Installed) -> tuple[str, ...]:
    """The certificates that a portal started in the folder would publish for our signatures."""
    folder = installed.var / "saml"
    following = {"next_key_file": folder / "next.key", "next_certificate_file": folder / "next.crt"}
    return load_keys(replace(saml_settings(installed), **following)).certificates


def answer_of(installed: Installed, mail: str, subject: str) -> bytes:
    """A real answer that somebody captured in a browser."""
    now = datetime.now(UTC) - timedelta(hours=5)
    identity = Identity("Somebody", mail, subject)
    told = messages.answer_for(there(installed), here(installed), identity, "_sandbox", now)
    return messages.signed_response(told, there(installed))


def events(installed: Installed) -> list[str]:
    store = installed.store()
    with store.reading() as tx:
        found = [entry.event for entry in ledger.latest(tx, 99)]
    store.close()
    return found


def test_a_registration_is_checked_added_tried_opened_and_closed(installed: Installed) -> None:
    checked = installed.run("idp", "check", "r.toml")
    assert (checked.code, checked.err) == (0, ""), checked
    assert "Nothing keeps it from going live" in checked.out
    assert events(installed) == []

    added = installed.run("idp", "add", "r.toml", "--json")
    assert (added.code, added.data["state"]) == (0, "draft")
    assert installed.run("idp", "check", "river-board").code == 0
    live = installed.run("idp", "live", "river-board")
    assert live.out == "People can sign in through river-board now.\n"
    listed = installed.run("idp", "list")
    assert "live" in listed.out
    assert f"{datetime.now(UTC):%Y-%m-%d}" in listed.out
    [told] = installed.run("idp", "list", "--json").data
    assert told["refresh"]["failures"] == 0
    assert told["ends"][0]["what"].startswith("signing certificate")
    assert installed.run("idp", "suspend", "river-board").code == 0
    assert installed.run("idp", "list", "--json").data[0]["state"] == "suspended"
    assert events(installed) == ["provider registered", "provider live", "provider suspended"]


FAULTS = {
    "a domain of everybody": ('"river-board.example"', '"gmail.com"', "Anybody can have an address"),
    "no scope at all": ('domains = ["river-board.example"]', "domains = []", "none is listed"),
    "an identity it can't have": (
        "contact", 'identity_attribute = "entra-oid"\ncontact', "tenant's id",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("old", "new", "said"), FAULTS.values(), ids=FAULTS.keys())
def test_what_fails_a_check_is_said_with_its_fix_and_does_not_go_live(
    installed: Installed, old: str, new: str, said: str
) -> None:
    (installed.folder / "r.toml").write_text(TOML.replace(old, new))

    checked = installed.run("idp", "check", "r.toml")
    assert checked.code == 4
    assert said in checked.out
    assert "FAILED" in checked.out
    assert installed.run("idp", "add", "r.toml").code == 0
    for refused in (
        installed.run("idp", "live", "river-board"),
        installed.run("idp", "add", "r.toml", "--live"),
    ):
        assert (refused.code, refused.out, said in refused.err) == (4, "", True), refused
    assert installed.run("idp", "list", "--json").data[0]["state"] == "draft"


def test_an_odd_registration_ends_in_one_sentence_that_names_the_file(installed: Installed) -> None:
    (installed.folder / "r.toml").write_text(TOML + "x = " + "[" * 5000 + "]" * 5000)

    answer = installed.run("idp", "check", "r.toml")

    assert (answer.code, answer.out, answer.err.count("\n")) == (4, "", 1), answer
    assert "r.toml is not TOML: lists or tables are nested too deeply (line 8, key x)" in answer.err


def test_metadata_can_be_given_by_another_file_or_pasted(installed: Installed) -> None:
    (installed.folder / "r.toml").write_text(TOML.replace('metadata = "idp.xml"\n', ""))
    assert installed.run("idp", "add", "r.toml").code == 4

    added = installed.run("idp", "add", "r.toml", "--metadata", "idp.xml", "--json")

    assert (added.code, added.data["source"]["kind"]) == (0, "paste")


def test_a_captured_answer_shows_whom_it_would_let_in_and_changes_nothing(installed: Installed) -> None:
    installed.run("idp", "add", "r.toml")
    capture = installed.folder / "answer.xml"

    capture.write_bytes(answer_of(installed, ADA, "rb-1@river-board.example"))
    fine = installed.run("idp", "test", "river-board", "--response", "answer.xml")
    assert fine.code == 0, fine
    assert "It would link" in fine.out
    assert "river-board|subject-id|rb-1@river-board.example" in fine.out
    again = installed.run("idp", "test", "river-board", "--response", "answer.xml", "--json")
    assert (again.data["linked"], again.data["mails"]) == (False, [ADA])  # it linked nobody

    capture.write_bytes(answer_of(installed, "nobody@river-board.example", "rb-9@river-board.example"))
    unknown = installed.run("idp", "test", "river-board", "--response", "answer.xml")
    assert (unknown.code, "would be refused" in unknown.out) == (1, True)
    capture.write_bytes(answer_of(installed, ADA, "rb-1@elsewhere.example"))
    assert "scope" in installed.run("idp", "test", "river-board", "--response", "answer.xml").out
    capture.write_bytes(answer_of(installed, ADA, "rb-1@river-board.example").replace(b"rb-1", b"rb-2"))
    assert "would be refused" in installed.run("idp", "test", "river-board", "--response", "answer.xml").out
    assert events(installed) == ["provider registered"]


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebServer]:
    with web_server(tmp_path_factory.mktemp("web")) as made:
        yield made


def at_an_address(installed: Installed, web: WebServer, *keys: str) -> None:
    """Publish the metadata, with further keys, at the web server."""
    root = etree.fromstring(messages.metadata(there(installed)))
    for certificate in keys:
        extra = etree.fromstring(etree.tostring(next(root.iter(f"{MD}KeyDescriptor"))))
        next(extra.iter("{*}X509Certificate")).text = certificate
        root[0].insert(2, extra)  # after the first, which follows the Extensions
    web.pages["/idp"] = etree.tostring(root)
    shutil.copy(web.certificate.ca_file, installed.folder / "ca.pem")
    told = f'metadata = "{web.address}/idp"\nmetadata_tls_authority = "ca.pem"\nnew_keys = "hold"'
    (installed.folder / "r.toml").write_text(TOML.replace('metadata = "idp.xml"', told))


def test_new_keys_wait_are_listed_and_are_accepted(installed: Installed, web: WebServer) -> None:
    at_an_address(installed, web)
    assert installed.run("idp", "add", "r.toml", "--live").code == 0
    ensure_key(installed.folder / "n.key", installed.folder / "n.crt", "next", datetime.now(UTC))
    lines = (installed.folder / "n.crt").read_text().splitlines()
    at_an_address(installed, web, "".join(line for line in lines if not line.startswith("-")))

    held = installed.run("idp", "refresh", "river-board")
    assert held.out.startswith("held: new signing certificate ")
    store = installed.store()
    with store.reading() as tx:
        assert "--accept" in waiting.open_items(tx, waiting.PROVIDER_KEYS)[0].summary
    store.close()
    assert len(installed.run("idp", "list", "--json").data[0]["certificates"]) == 1
    assert installed.run("idp", "refresh", "river-board", "--accept").code == 0
    assert len(installed.run("idp", "list", "--json").data[0]["certificates"]) == 2

    del web.pages["/idp"]
    gone = installed.run("idp", "refresh", "river-board")
    assert (gone.code, "answers 404" in gone.out) == (1, True)
    assert "answers 404" in installed.run("idp", "list").out
    tried = installed.run("idp", "test", "river-board")
    assert (tried.code, "answers 404" in tried.out) == (1, True)
    assert "/river-board/sso?SAMLRequest=" in tried.out


def test_what_is_not_as_usual_about_a_provider_is_said_where_it_is_listed(installed: Installed) -> None:
    (installed.folder / "r.toml").write_text(TOML + 'contexts = ["mfa", "urn:example:smartcard"]\n')
    added = installed.run("idp", "add", "r.toml")
    assert "requires mfa or urn:example:smartcard at each sign-in" in added.out
    assert "a draft: nobody can sign in through it until `counterpart idp live river-board`" in added.out
    assert installed.run("idp", "live", "river-board").code == 0
    assert installed.run("idp", "identity", "river-board", "--to", "pairwise-id").code == 0
    links = ("idp", "fallback", "river-board", "--hours", "2", "--reason", "it is down")
    refused = installed.run(*links)
    assert (refused.code, "must use mfa or urn:example:smartcard" in refused.err) == (1, True)
    assert "mailed links" not in installed.run("idp", "list").out
    on = installed.run(*links, "--without-contexts")
    assert (on.code, "without mfa or urn:example:smartcard" in on.out) == (0, True)

    [line] = [each for each in installed.run("idp", "list").out.splitlines() if each.startswith("river")]
    for words in ("requires mfa or", "changing from subject-id to pairwise-id", "mailed links stand in"):
        assert words in line
    [told] = installed.run("idp", "list", "--json").data
    assert told["words"][0] == "live: its people can sign in"
    assert "pairwise-id" in installed.run("idp", "check", "river-board").out
    assert installed.run("idp", "suspend", "river-board").code == 0
    [told] = installed.run("idp", "list", "--json").data
    assert told["words"][0].startswith("suspended: nobody can sign in through it")


def test_our_keys_are_rolled_over_in_three_steps(installed: Installed) -> None:
    folder = installed.var / "saml"
    before = (folder / "current.crt").read_text()
    assert installed.run("idp", "rollover").code == 0
    assert installed.run("idp", "rollover", "--switch").code == 1
    assert installed.run("idp", "rollover", "--start").code == 0
    following = (folder / "next.crt").read_text()
    assert (folder / "next.key").stat().st_mode & 0o077 == 0
    assert len(published(installed)) == 2
    early = installed.run("idp", "rollover", "--switch")
    assert (early.code, "Wait a day" in early.err) == (1, True)

    assert installed.run("idp", "rollover", "--switch", "--early").code == 0
    assert [(folder / f"{name}.crt").read_text() for name in ("current", "previous")] == [following, before]
    assert not (folder / "next.crt").exists()
    assert installed.run("idp", "rollover", "--finish", "--early").code == 0
    assert not (folder / "previous.key").exists()
    assert installed.run("idp", "rollover", "--json").data["step"] == "start"
    assert events(installed) == ["key rollover start", "key rollover switch", "key rollover finish"]


def test_a_switch_that_was_interrupted_is_completed_by_the_next_one(installed: Installed) -> None:
    folder = installed.var / "saml"
    before = (folder / "current.key").read_bytes()
    installed.run("idp", "rollover", "--start")
    following = (folder / "next.key").read_bytes()
    for end in ("key", "crt"):
        shutil.copy(folder / f"current.{end}", folder / f"previous.{end}")
    (folder / "current.key").write_bytes(following)

    answer = installed.run("idp", "rollover", "--switch")

    assert answer.code == 0, answer
    assert (folder / "current.key").read_bytes() == following
    assert (folder / "previous.key").read_bytes() == before

    (folder / "next.key").write_bytes(following)  # interrupted before it was removed, the last of all
    assert installed.run("idp", "rollover", "--switch").code == 0
    assert not (folder / "next.key").exists()
    assert (folder / "current.key").read_bytes() == following


def test_a_folder_or_a_name_that_is_no_registration_is_refused(installed: Installed, tmp_path: Path) -> None:
    for what in (str(tmp_path), "nowhere.toml"):
        answer = installed.run("idp", "check", what)
        assert (answer.code, answer.err.count("\n")) == (4, 1), answer
    assert installed.run("idp", "test", "nobody").code == 1
    assert installed.run("idp", "refresh", "nobody").code == 1
