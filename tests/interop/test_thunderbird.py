"""Thunderbird itself searches the directory, set up as the portal's page says."""

import base64
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from app.mail_programs import Access, thunderbird_preferences
from counterpart.clock import system_clock
from dev.servers import Slapd
from ldap_schema.changes import Add
from ldap_schema.credentials import NewCredential
from ldap_schema.directory import Service
from tests.functional.directory_kit import leader, opened
from tests.interop.marionette import Marionette, ScriptFailed, thunderbird

pytestmark = pytest.mark.third_party

MOBILE = "07700900123"
CLOSED_MAIL = "closed.lovelight@rivers.example"
PHOTO = base64.b64encode(b"\xff\xd8\xff\xe0 a photo of ours").decode()

TRUST = """
Cc["@mozilla.org/security/x509certdb;1"].getService(Ci.nsIX509CertDB).addCertFromBase64(given[0], "CT,,");
"""
# What Thunderbird keeps after somebody has entered the password and ticked "remember".
REMEMBER = """
const url = MailServices.ab.getDirectory(given[0]).QueryInterface(Ci.nsIAbLDAPDirectory).lDAPURL;
const login = Cc["@mozilla.org/login-manager/loginInfo;1"].createInstance(Ci.nsILoginInfo);
login.init(url.prePath, null, url.spec, "", given[1], "", "");
await Services.logins.addLoginAsync(login);
"""
# As Settings, Composition, "Edit Directories" does it: scope "subtree". "New LDAP Address Book"
# leaves the scope out, and finds nobody until it is chosen among the options.
BY_HAND = """
const { LDAPDirectoryUtils } =
    ChromeUtils.importESModule("resource:///modules/accountcreation/LDAPDirectoryUtils.sys.mjs");
const [name, hostname, port, baseDn, bindDn] = given;
const options = { isAdvanced: true, scope: Ci.nsILDAPURL.SCOPE_SUBTREE, maxResults: 100 };
const more = { searchFilter: "(objectclass=*)", loginMethod: "" };
return LDAPDirectoryUtils.createDirectory({ name, hostname, port, baseDn, bindDn, ssl: true,
  ...options, ...more }).URI;
"""
QUICK_SEARCH = """
const { getModelQuery, getSearchTokens, generateQueryURI } =
    ChromeUtils.importESModule("resource:///modules/ABQueryUtils.sys.mjs");
const model = getModelQuery("mail.addr_book.quicksearchquery.format");
const query = generateQueryURI(model, getSearchTokens(given[1])).replace(/^\\?/, "");
const found = [];
const status = await new Promise(resolve => MailServices.ab.getDirectory(given[0]).search(query, given[1], {
  onSearchFoundCard(card) {
    found.push({
      name: card.displayName,
      mails: card.emailAddresses,
      all: Array.from(card.properties, each => [each.name, String(each.value)]),
    });
  },
  onSearchFinished(status, complete, info) { resolve([status, complete, String(info)]); },
}));
return { found, status };
"""
AUTOCOMPLETE = """
const search = Cc["@mozilla.org/autocomplete/search;1?name=ldap"].createInstance(Ci.nsIAutoCompleteSearch);
const result = await new Promise(resolve => search.startSearch(
  given[0], JSON.stringify({ type: "addr_to" }), null, { onSearchResult(_, result) { resolve(result); } }));
return Array.from({ length: result.matchCount }, (_, number) => result.getValueAt(number));
"""
SERVICES = (
    'const { MailServices } = ChromeUtils.importESModule("resource:///modules/MailServices.sys.mjs");\n'
)


@dataclass
class Desk:
    """Thunderbird on somebody's desk, and the directory it searches."""

    session: Marionette
    slapd: Slapd
    issued: NewCredential
    book: str

    def quick_search(self, words: str, book: str = "") -> list[dict[str, Any]]:
        answer = self.session.run(SERVICES + QUICK_SEARCH, book or self.book, words)
        assert answer["status"][0] == 0, answer["status"]
        return list(answer["found"])

    def autocomplete(self, words: str) -> list[str]:
        return list(self.session.run(AUTOCOMPLETE, words))


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    folder = tmp_path_factory.mktemp("thunderbird")
    with Slapd(folder / "slapd", log_level="stats") as slapd:
        furnish(slapd)
        with opened(slapd, Service.PORTAL) as portal:
            issued = portal.credentials.issue("tb-owner", "Thunderbird", system_clock())
        access = Access(
            service="Counterpart",
            host="localhost",
            tls_port=slapd.ldaps_port,
            port=slapd.ldap_port,
            base_dn=issued.base_dn,
            bind_dn=issued.bind_dn,
            password=issued.password,
        )
        preferences = re.sub("^pref", "user_pref", thunderbird_preferences(access), flags=re.MULTILINE)
        with thunderbird(folder / "desk", preferences) as session:
            session.run(TRUST, der_of(slapd.ca_file))
            book = "moz-abldapdirectory://ldap_2.servers.counterpart"
            session.run(SERVICES + REMEMBER, book, issued.password)
            yield Desk(session, slapd, issued, book)


def furnish(slapd: Slapd) -> None:
    """Somebody who is open to leaders, somebody who is closed, somebody who left, and the owner."""
    shown = {"mail": ("open.lovelight@rivers.example",), "mobile": (MOBILE,), "show": ("mail:leaders",)}
    with opened(slapd, Service.SYNC) as sync:
        sync.write(
            [
                Add(person("tb-owner", "Owen", "Desk")),
                Add(person("tb-open", "Ada", "Lovelight", title="Chief Tester", **shown)),
                Add(person("tb-closed", "Bea", "Lovelight", mail=(CLOSED_MAIL,), mobile=(MOBILE,))),
                Add(person("tb-left", "Cid", "Lovelight", status="left", **shown)),
            ]
        )
    photo = (
        f"dn: uid=tb-open,ou=people,{slapd.suffix}\nchangetype: modify\nadd: jpegPhoto\njpegPhoto:: {PHOTO}\n"
    )
    command = ["ldapmodify", "-Q", "-Y", "EXTERNAL", "-H", slapd.socket_uri]
    subprocess.run(command, input=photo, text=True, check=True, capture_output=True)


def person(uid: str, given: str, family: str, **more: Any) -> Any:
    return leader(uid, full_name=f"{given} {family}", given_name=given, family_name=family, **more)


def der_of(certificate: Path) -> str:
    der = x509.load_pem_x509_certificate(certificate.read_bytes()).public_bytes(Encoding.DER)
    return base64.b64encode(der).decode()


def searches(slapd: Slapd, before: int) -> list[str]:
    """The filters that slapd was asked since its log was so long."""
    log = slapd.log.read_text(errors="replace")[before:]
    return re.findall(r'SRCH base="ou=people,[^"]*" scope=2 [^\n]*filter="([^\n]*)"', log)


def length(slapd: Slapd) -> int:
    return len(slapd.log.read_text(errors="replace"))


def test_quick_search_finds_whom_a_leader_may_find(desk: Desk) -> None:
    before = length(desk.slapd)
    found = {card["name"]: card for card in desk.quick_search("lovelight")}
    assert set(found) == {"Ada Lovelight", "Bea Lovelight"}
    assert found["Ada Lovelight"]["mails"] == ["open.lovelight@rivers.example"]
    (asked,) = searches(desk.slapd, before)
    for part in ("(cn=*lovelight*)", "(mail=*lovelight*)", "(title=*lovelight*)", "(o=*lovelight*)"):
        assert part in asked
    log = desk.slapd.log.read_text(errors="replace")[before:]
    assert f'BIND dn="{desk.issued.bind_dn}" method=128' in log
    assert "TLS established" in log


def test_what_is_closed_and_every_photo_stay_away(desk: Desk) -> None:
    cards = desk.quick_search("lovelight")
    everything = str(cards)
    assert "Chief Tester" in everything, "the positive control: other attributes do come"
    for closed in (MOBILE, CLOSED_MAIL, PHOTO, "Photo"):
        assert closed not in everything
    assert desk.quick_search("closed.lovelight") == []
    assert [card["name"] for card in desk.quick_search("open.lovelight")] == ["Ada Lovelight"]


def test_autocomplete_offers_the_address_while_a_name_is_typed(desk: Desk) -> None:
    before = length(desk.slapd)
    typed = [desk.autocomplete("lovelight"[:letters]) for letters in range(3, 10)]
    assert typed == [["Ada Lovelight <open.lovelight@rivers.example>"]] * 7
    asked = searches(desk.slapd, before)
    assert asked[0].startswith("(|(cn=*lov*"), asked[0]
    assert len(asked) == len(typed)


def test_the_address_book_added_by_hand_works_alike(desk: Desk) -> None:
    issued, slapd = desk.issued, desk.slapd
    book = desk.session.run(BY_HAND, "By hand", "localhost", slapd.ldaps_port, issued.base_dn, issued.bind_dn)
    desk.session.run(SERVICES + REMEMBER, book, issued.password)
    assert {card["name"] for card in desk.quick_search("lovelight", book)} == {
        "Ada Lovelight",
        "Bea Lovelight",
    }


def test_a_server_that_the_profile_does_not_trust_is_not_told_the_password(
    desk: Desk, tmp_path: Path
) -> None:
    with Slapd(tmp_path / "slapd", log_level="stats") as impostor:
        where = ("Impostor", "localhost", impostor.ldaps_port, desk.issued.base_dn, desk.issued.bind_dn)
        book = desk.session.run(BY_HAND, *where)
        desk.session.run(SERVICES + REMEMBER, book, desk.issued.password)
        with pytest.raises((AssertionError, ScriptFailed)):
            desk.quick_search("lovelight", book)
        assert "BIND" not in impostor.log.read_text(errors="replace")
