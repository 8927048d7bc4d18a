"""What mail programs are given: files that their own parsers read back, whatever a person called a device."""

import plistlib
import re
import shutil
import subprocess
from configparser import RawConfigParser
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.mail_programs import (
    BY_KEY,
    PROGRAMS,
    Access,
    apple_profile,
    evolution,
    mutt,
    roundcube,
    snippet,
    thunderbird_preferences,
)

PASSWORD = "abcde-fghij-klmno-pqrst-uvwxy-z"


def access(**changed: object) -> Access:
    usual = {
        "service": "Counterpart",
        "host": "directory.example",
        "tls_port": 636,
        "port": 389,
        "base_dn": "ou=people,dc=leaders,dc=gov,dc=uk",
        "bind_dn": "uid=gdehkvou4rjysejl,ou=credentials,dc=leaders,dc=gov,dc=uk",
        "password": PASSWORD,
    }
    return Access(**{**usual, **changed})  # type: ignore[arg-type]


def account_of(profile: bytes) -> dict[str, object]:
    read = plistlib.loads(profile)
    (account,) = read["PayloadContent"]
    assert read["PayloadType"] == "Configuration"
    assert account["PayloadType"] == "com.apple.ldap.account"
    return dict(account)


def test_an_apple_profile_holds_one_account_over_tls() -> None:
    account = account_of(apple_profile(access(), "gdehkvou4rjysejl", "My phone"))
    assert account["LDAPAccountHostName"] == "directory.example"
    assert account["LDAPAccountUseSSL"] is True
    assert account["LDAPAccountUserName"] == access().bind_dn
    assert account["LDAPAccountPassword"] == PASSWORD
    assert account["LDAPSearchSettings"] == [
        {
            "LDAPSearchSettingDescription": "Counterpart",
            "LDAPSearchSettingScope": "LDAPSearchSettingScopeSubtree",
            "LDAPSearchSettingSearchBase": access().base_dn,
        }
    ]


def test_opening_a_profile_again_replaces_the_account_and_another_device_has_its_own() -> None:
    first, again = (plistlib.loads(apple_profile(access(), "aaaa", label)) for label in ("old", "new"))
    other = plistlib.loads(apple_profile(access(), "bbbb", "old"))
    assert first["PayloadUUID"] == again["PayloadUUID"]
    assert first["PayloadIdentifier"] == again["PayloadIdentifier"]
    assert len({p["PayloadUUID"] for p in (first, first["PayloadContent"][0], other)}) == 3


def test_a_port_of_its_own_is_told_to_apples_programs() -> None:
    account = account_of(apple_profile(access(tls_port=6360), "aaaa", "x"))
    assert account["LDAPAccountHostName"] == "directory.example:6360"


@given(label=st.text(max_size=60))
def test_no_label_breaks_a_profile(label: str) -> None:
    profile = apple_profile(access(), "aaaa", label)
    assert account_of(profile)["LDAPAccountPassword"] == PASSWORD
    assert plistlib.loads(profile)["PayloadDisplayName"].startswith("Counterpart: ")


@pytest.mark.parametrize(
    "hostile", ["</string><key>x</key>", "]]>", "'; system('id'); '", "\\'", "$HOME`id`", '"']
)
def test_hostile_values_stay_values(hostile: str) -> None:
    given_ = access(service=hostile, password=hostile)
    assert account_of(apple_profile(given_, "aaaa", hostile))["LDAPAccountPassword"] == hostile
    assert mutt_value(mutt(given_), "ldap_bind_password") == hostile
    assert hostile.replace("\\", "\\\\").replace("'", "\\'") in roundcube(given_)


def mutt_value(configuration: str, name: str) -> str:
    """Let Perl read the file as lbdb does, and say what one variable is."""
    perl = shutil.which("perl")
    assert perl is not None, "Perl is part of every Debian and Ubuntu"
    program = f"our (${'; our $'.join(re.findall(r'^[$]([a-z_]+)', configuration, re.M))}); {configuration}"
    program = program.replace("our (", "our ").replace(");", ";", 1) + f"; print ${name};"
    return subprocess.run([perl, "-e", program], capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("name", ["Counterpart", "a\\nb \\s", "[Security]", "two\nlines\nMethod=none"])
def test_evolution_s_file_says_what_is_meant_and_holds_no_password(name: str) -> None:
    written = evolution(access(service=name))
    assert PASSWORD not in written
    read = RawConfigParser(interpolation=None, strict=True)
    read.optionxform = str  # type: ignore[assignment,method-assign]  # names of keys keep their capitals
    read.read_string(written)
    assert read["Security"]["Method"] == "starttls", "LDAP over SSL would check no certificate"
    assert (read["Authentication"]["Host"], read["Authentication"]["Port"]) == ("directory.example", "389")
    assert read["Authentication"]["User"] == access().bind_dn
    assert read["LDAP Backend"]["RootDn"] == access().base_dn
    assert read["Data Source"]["DisplayName"] == name.replace("\n", "").replace("\\", "\\\\")


def test_thunderbirds_preferences_hold_no_password() -> None:
    preferences = thunderbird_preferences(access())
    assert PASSWORD not in preferences
    assert 'pref("ldap_2.servers.counterpart.uri", "ldaps://directory.example:636/ou=people,' in preferences


def test_the_address_in_one_line_is_a_search_below_people() -> None:
    address = urlsplit(access(base_dn="ou=people,o=A b?c,dc=x").url)
    assert (address.scheme, address.hostname, address.port) == ("ldaps", "directory.example", 636)
    assert unquote(address.path) == "/ou=people,o=A b?c,dc=x"
    assert address.query == "?sub"


def test_every_program_has_a_page_of_steps() -> None:
    from tests.rules.source import ROOT

    pages = {path.stem.removeprefix("_") for path in (ROOT / "templates/devices/programs").glob("*.html")}
    assert pages == set(BY_KEY)
    assert {p.key for p in PROGRAMS if snippet(p.key, access())} == {
        "thunderbird",
        "evolution",
        "roundcube",
        "mutt",
    }
