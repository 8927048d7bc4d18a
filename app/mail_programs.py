"""What each mail program needs to use the directory: values, files and snippets, as pure functions.

Every text that goes into a file is written by a serialiser or escaped for the language of that file,
because a label is whatever a person typed.
"""

import json
import plistlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote
from uuid import NAMESPACE_URL, UUID, uuid5

LDAPS_PORT = 636  # what a program means by "SSL" where it asks for no port
PEOPLE = "(objectClass=inetOrgPerson)"
PROFILE_TYPE = "application/x-apple-aspen-config"


@dataclass(frozen=True, slots=True)
class Program:
    """One kind of mail program; `key` also names its page and its template."""

    key: str
    name: str
    hint: str = ""


PROGRAMS = (
    Program("thunderbird", "Thunderbird"),
    Program("outlook", "Outlook for Windows, classic", "Not “new Outlook”, which has no LDAP."),
    Program("apple", "Mail and Contacts on an iPhone, iPad or Mac"),
    Program("evolution", "Evolution"),
    Program("roundcube", "Roundcube", "For whoever runs the webmail of your organisation."),
    Program("mutt", "Mutt or NeoMutt"),
    Program("other", "Another program"),
)  # fmt: skip
BY_KEY: Mapping[str, Program] = {program.key: program for program in PROGRAMS}


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """A way into the directory as a mail program is told of it; without a password, what anybody may know."""

    service: str  # what people call the directory
    host: str
    tls_port: int
    port: int
    base_dn: str
    bind_dn: str = ""
    password: str = ""

    @property
    def url(self) -> str:
        """The address in one line (RFC 4516), for programs that take it."""
        return f"ldaps://{self.host}:{self.tls_port}/{quote(self.base_dn, safe='=,')}??sub"

    @property
    def apple_host(self) -> str:
        """The host for Apple's programs, whose profile has no place for a port that is not the usual one."""
        return self.host if self.tls_port == LDAPS_PORT else f"{self.host}:{self.tls_port}"


def snippet(program: str, access: Access) -> str:
    """Return the lines of configuration that go with the program; empty where steps are all there is."""
    makers = {
        "thunderbird": thunderbird_preferences,
        "evolution": evolution,
        "roundcube": roundcube,
        "mutt": mutt,
    }
    return makers[program](access) if program in makers else ""


def apple_profile(access: Access, credential: str, label: str) -> bytes:
    """Return a configuration profile with one LDAP account, to be opened on the device (not signed).

    The ids come from the credential's, so that opening it again replaces the account and adds no second one.
    """
    name = f"org.counterpart.directory.{credential}"
    account = {
        **_payload("com.apple.ldap.account", f"{name}.account", access.service),
        "LDAPAccountDescription": _plain(access.service),
        "LDAPAccountHostName": access.apple_host,
        "LDAPAccountUseSSL": True,
        "LDAPAccountUserName": access.bind_dn,
        "LDAPAccountPassword": access.password,
        "LDAPSearchSettings": [
            {
                "LDAPSearchSettingDescription": _plain(access.service),
                "LDAPSearchSettingScope": "LDAPSearchSettingScopeSubtree",
                "LDAPSearchSettingSearchBase": access.base_dn,
            }
        ],
    }
    profile = {
        **_payload("Configuration", name, f"{access.service}: {label}"),
        "PayloadOrganization": _plain(access.service),
        "PayloadDescription": "Looks people up in the directory while you write a mail.",
        "PayloadRemovalDisallowed": False,
        "PayloadContent": [account],
    }
    return plistlib.dumps(profile)


def thunderbird_preferences(access: Access) -> str:
    """Return preferences with which an IT team sets the address book up for many; they hold no password."""
    book = "ldap_2.servers.counterpart"
    values: dict[str, Any] = {
        f"{book}.description": access.service,
        f"{book}.uri": access.url,
        f"{book}.auth.dn": access.bind_dn,
        f"{book}.auth.saslmech": "",
        f"{book}.maxHits": 100,
        "ldap_2.autoComplete.useDirectory": True,
        "ldap_2.autoComplete.directoryServer": book,
    }
    return "".join(f'pref("{name}", {json.dumps(value)});\n' for name, value in values.items())


def evolution(access: Access) -> str:
    """Return `counterpart.source`, an address book of evolution-data-server's; it holds no password.

    With STARTTLS, because Evolution (3.46) checks the server's certificate then and not with LDAP over SSL.
    """
    groups = {
        "Data Source": {"DisplayName": access.service, "Enabled": "true", "Parent": "ldap-stub"},
        "Address Book": {"BackendName": "ldap"},
        "Authentication": {
            "Host": access.host,
            "Port": str(access.port),
            "Method": "ldap/simple-binddn",
            "User": access.bind_dn,
        },
        "Security": {"Method": "starttls"},
        "LDAP Backend": {"RootDn": access.base_dn, "Scope": "subtree", "Limit": "100", "CanBrowse": "false"},
        "Autocomplete": {"IncludeMe": "true"},
    }
    return "\n".join(
        f"[{group}]\n" + "".join(f"{key}={_key_file(value)}\n" for key, value in values.items())
        for group, values in groups.items()
    )


def roundcube(access: Access) -> str:
    """Return the address book for Roundcube's config.inc.php."""
    return f"""\
$config['ldap_public']['counterpart'] = [
    'name' => {_quoted(access.service)},
    'hosts' => [{_quoted(f"ldaps://{access.host}:{access.tls_port}")}],
    'base_dn' => {_quoted(access.base_dn)},
    'bind_dn' => {_quoted(access.bind_dn)},
    'bind_pass' => {_quoted(access.password)},
    'filter' => {_quoted(PEOPLE)},
    'scope' => 'sub',
    'writable' => false,
    'search_fields' => ['cn', 'sn', 'givenName', 'mail', 'title', 'o'],
    'name_field' => 'cn',
    'email_field' => 'mail',
    'fieldmap' => [
        'name' => 'cn', 'surname' => 'sn', 'firstname' => 'givenName', 'email' => 'mail:*',
        'jobtitle' => 'title', 'organization' => 'o',
        'phone:work' => 'telephoneNumber', 'phone:mobile' => 'mobile',
    ],
    'sizelimit' => 100,
    'timelimit' => 5,
    'fuzzy_search' => true,
];
$config['autocomplete_addressbooks'] = ['sql', 'counterpart'];
"""


def mutt(access: Access) -> str:
    """Return `~/.mutt_ldap_query.rc` for lbdb, which Mutt asks through `query_command`."""
    values = {
        "ldap_server": f"ldaps://{access.host}:{access.tls_port}",
        "search_base": access.base_dn,
        "ldap_search_fields": "cn sn givenName mail",
        "ldap_expected_answers": "mail cn o",
        "ldap_result_email": "${mail}",
        "ldap_result_realname": "${cn}",
        "ldap_result_comment": "${o}",
        "ignorant": "1",  # it looks for parts of names; without it for whole ones only
        "ldap_bind_dn": access.bind_dn,
        "ldap_bind_password": access.password,
    }
    return "".join(f"${name} = {_quoted(value)};\n" for name, value in values.items()) + "1;\n"


def _payload(kind: str, name: str, shown: str) -> dict[str, Any]:
    return {
        "PayloadType": kind,
        "PayloadVersion": 1,
        "PayloadIdentifier": name,
        "PayloadUUID": str(_uuid(name)).upper(),
        "PayloadDisplayName": _plain(shown),
    }


def _uuid(name: str) -> UUID:
    return uuid5(NAMESPACE_URL, f"urn:counterpart:{name}")


def _plain(text: str) -> str:
    """Drop what XML 1.0 can't hold at all; the serialiser escapes the rest."""
    return "".join(letter for letter in text if letter.isprintable() and letter not in "\ufffe\uffff")


def _key_file(text: str) -> str:
    """Write a value as GLib's key files want it: a backslash escapes, and a line is a line."""
    return _plain(text).replace("\\", "\\\\")


def _quoted(text: str) -> str:
    """Quote a text for PHP and Perl alike: in single quotes only quote and backslash mean anything."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
