"""Thunderbird itself searches the directory, set up as the portal's page says."""

import base64
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from app.mail_programs import thunderbird_preferences
from dev.servers import Slapd
from tests.interop.mail_desk import CLOSED_MAIL, MOBILE, PHOTO, SHOWN_MAIL, Desk, furnished
from tests.interop.marionette import Marionette, ScriptFailed, thunderbird

pytestmark = pytest.mark.third_party

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
class Thunderbird:
    """Thunderbird on somebody's desk, with the directory as an address book."""

    session: Marionette
    desk: Desk
    book: str

    def quick_search(self, words: str, book: str = "") -> list[dict[str, Any]]:
        answer = self.session.run(SERVICES + QUICK_SEARCH, book or self.book, words)
        assert answer["status"][0] == 0, answer["status"]
        return list(answer["found"])

    def autocomplete(self, words: str) -> list[str]:
        return list(self.session.run(AUTOCOMPLETE, words))

    def add_by_hand(self, name: str, port: int) -> str:
        access = self.desk.access
        book = self.session.run(BY_HAND, name, access.host, port, access.base_dn, access.bind_dn)
        self.session.run(SERVICES + REMEMBER, book, access.password)
        return str(book)


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Thunderbird]:
    folder = tmp_path_factory.mktemp("thunderbird")
    with furnished(folder / "slapd") as desk:
        preferences = re.sub("^pref", "user_pref", thunderbird_preferences(desk.access), flags=re.MULTILINE)
        with thunderbird(folder / "desk", preferences) as session:
            session.run(TRUST, der_of(desk.slapd.ca_file))
            book = "moz-abldapdirectory://ldap_2.servers.counterpart"
            session.run(SERVICES + REMEMBER, book, desk.access.password)
            yield Thunderbird(session, desk, book)


def der_of(certificate: Path) -> str:
    der = x509.load_pem_x509_certificate(certificate.read_bytes()).public_bytes(Encoding.DER)
    return base64.b64encode(der).decode()


def test_quick_search_finds_whom_a_leader_may_find(program: Thunderbird) -> None:
    before = program.desk.log_length()
    found = {card["name"]: card for card in program.quick_search("lovelight")}
    assert set(found) == {"Ada Lovelight", "Bea Lovelight"}
    assert found["Ada Lovelight"]["mails"] == [SHOWN_MAIL]
    (asked,) = program.desk.asked(before)
    for part in ("(cn=*lovelight*)", "(mail=*lovelight*)", "(title=*lovelight*)", "(o=*lovelight*)"):
        assert part in asked
    assert program.desk.bound_over_tls(before)


def test_what_is_closed_and_every_photo_stay_away(program: Thunderbird) -> None:
    cards = program.quick_search("lovelight")
    everything = str(cards)
    assert "Chief Tester" in everything, "the positive control: other attributes do come"
    for closed in (MOBILE, CLOSED_MAIL, PHOTO, "Photo"):
        assert closed not in everything
    assert program.quick_search("closed.lovelight") == []
    assert [card["name"] for card in program.quick_search("open.lovelight")] == ["Ada Lovelight"]


def test_autocomplete_offers_the_address_while_a_name_is_typed(program: Thunderbird) -> None:
    before = program.desk.log_length()
    typed = [program.autocomplete("lovelight"[:letters]) for letters in range(3, 10)]
    assert typed == [[f"Ada Lovelight <{SHOWN_MAIL}>"]] * 7
    asked = program.desk.asked(before)
    assert asked[0].startswith("(|(cn=*lov*"), asked[0]
    assert len(asked) == len(typed)


def test_the_address_book_added_by_hand_works_alike(program: Thunderbird) -> None:
    book = program.add_by_hand("By hand", program.desk.slapd.ldaps_port)
    assert {card["name"] for card in program.quick_search("lovelight", book)} == {
        "Ada Lovelight",
        "Bea Lovelight",
    }


def test_a_server_that_the_profile_does_not_trust_is_not_told_the_password(
    program: Thunderbird, tmp_path: Path
) -> None:
    with Slapd(tmp_path / "slapd", log_level="stats") as impostor:
        book = program.add_by_hand("Impostor", impostor.ldaps_port)
        with pytest.raises((AssertionError, ScriptFailed)):
            program.quick_search("lovelight", book)
        assert "BIND" not in impostor.log.read_text(errors="replace")
