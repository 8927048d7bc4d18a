"""A small directory whose people differ in what decides who sees what, and raw LDAP to look at it with."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal, get_args

import ldap3

from counterpart.clock import system_clock
from dev.servers import Slapd
from ldap_schema.changes import Add, Change
from ldap_schema.connection import VerifiedTLS
from ldap_schema.credentials import NewCredential
from ldap_schema.directory import Directory, Service
from ldap_schema.feeds import FeedPart
from ldap_schema.groups import DIRECTORY_MANAGERS
from ldap_schema.offices import Office
from ldap_schema.organisations import Organisation
from ldap_schema.people import VISIBLE, Person
from ldap_schema.posts import Post, Tenure

SUFFIX = "dc=leaders,dc=gov,dc=uk"
PEOPLE = f"ou=people,{SUFFIX}"
DETAILS = ("mail", "telephoneNumber", "mobile")
AUDIENCES = ("leaders", "sector", "organisation", "nobody")
STATUSES = ("pending", "active", "missing", "leaving", "left", "held", "deceased")
# Each is someone who looks at people of organisation `w-a` in the sector Police.
VIEWERS = {"w-colleague": ("w-a", "Police"), "w-police": ("w-b", "Police"), "w-housing": ("w-c", "Housing")}
# How one comes; mail programs do so over TLS, the product's own services where they can by the socket.
Way = Literal["cleartext", "StartTLS", "ldaps", "socket"]
SAFE_WAYS: tuple[Way, ...] = get_args(Way)[1:]
PROXIED_AUTHORIZATION = "2.16.840.1.113730.3.4.18"


def person(uid: str, organisation: str = "w-a", sector: str = "Police", **more: Any) -> Person:
    """Return someone with every contact detail, all shown to nobody unless `show` says otherwise."""
    given: dict[str, Any] = {
        "full_name": f"Quill {uid}",
        "family_name": f"Quill{uid.replace('-', '')}",
        "title": "Chief constable",
        "organisation_id": organisation,
        "sector": sector,
        "mail": (f"{uid}@mail.example",),
        "telephone": ("+44 20 7946 0001",),
        "mobile": ("+44 7700 900001",),
        "sign_in_address": f"{uid}@sign-in.example",
        "federated_ids": (f"rivers|subject-id|{uid}",),
        "feed": "w-feed",
        "feed_part": "all",
        "feed_key": uid,
    }
    return Person(uid=uid, **{**given, **more})


@dataclass(frozen=True)
class World:
    """The filled server and one credential for each viewer."""

    slapd: Slapd
    portal: Directory
    sync: Directory
    credentials: dict[str, NewCredential]

    @contextmanager
    def raw(self, dn: str = "", password: str = "", way: Way = "StartTLS") -> Iterator[ldap3.Connection]:
        """Yield a bare connection, bound if a DN is given, that says what the server says.

        Only at the socket do writes get as far as the access rules.
        """
        host, port = ("localhost", self.slapd.ldaps_port if way == "ldaps" else self.slapd.ldap_port)
        if way == "socket":
            host, port = self.slapd.socket_uri, None
        tls = VerifiedTLS("localhost", self.slapd.ca_file)
        server = ldap3.Server(host, port, use_ssl=way == "ldaps", get_info=ldap3.NONE, tls=tls)
        connection = ldap3.Connection(
            server,
            dn or None,
            password or None,
            check_names=False,
            receive_timeout=10,
            return_empty_attributes=False,
        )
        connection.open(read_server_info=False)
        try:
            if way == "StartTLS":
                connection.start_tls(read_server_info=False)
            if dn:
                connection.bind(read_server_info=False)
            yield connection
        finally:
            connection.unbind()

    @contextmanager
    def as_service(self, service: Service) -> Iterator[ldap3.Connection]:
        """Yield a connection bound as one of the service accounts."""
        dn = f"cn={service},ou=services,{SUFFIX}"
        with self.raw(dn, self.password(service), "socket") as connection:
            yield connection

    def password(self, service: Service) -> str:
        """Return the password of a service account."""
        return (self.slapd.secrets / f"directory-{service}").read_text().strip()

    @contextmanager
    def as_mail_program(self, viewer: str, way: Way = "StartTLS") -> Iterator[ldap3.Connection]:
        """Yield a connection bound as the viewer's mail program."""
        credential = self.credentials[viewer]
        with self.raw(credential.bind_dn, credential.password, way) as connection:
            yield connection


def fill(slapd: Slapd) -> World:
    """Fill the server; whoever calls closes both directories."""
    portal = Directory.open(slapd.settings(), Service.PORTAL)
    sync = Directory.open(slapd.settings(), Service.SYNC)
    sync.feeds.ensure("w-feed")
    sync.write(_records())
    sync.groups.grant(DIRECTORY_MANAGERS, "w-police")
    return World(
        slapd,
        portal,
        sync,
        {viewer: portal.credentials.issue(viewer, "test", system_clock()) for viewer in VIEWERS},
    )


def _records() -> list[Change]:
    organisations = [Organisation(id=id_, name=f"Organisation {id_}", duty_line="+44 20 7946 0999") for id_ in
                     ("w-a", "w-b", "w-c")]  # fmt: skip
    viewers = [person(uid, *belongs) for uid, belongs in VIEWERS.items()]
    shown = [
        person(
            f"w-{audience}", show=tuple(f"{detail}:{audience}" for detail in DETAILS if audience != "nobody")
        )
        for audience in AUDIENCES
    ]
    everything = tuple(f"{detail}:leaders" for detail in DETAILS)
    kept = [person(f"w-{status}", status=status, show=everything) for status in STATUSES]
    posts = [Post(id=f"w-post-{status}", title="Post", organisation_id="w-a") for status in STATUSES]
    tenures = [
        Tenure(id=f"w-tenure-{status}", post_id=f"w-post-{status}", holder=f"w-{status}")
        for status in STATUSES
    ]
    offices = [
        Office(id=f"w-office-{status}", name="Office", serves=(f"w-{status}",), mail=("office@mail.example",))
        for status in STATUSES
    ]
    part = FeedPart(feed="w-feed", part="all", rows=1, hold_run="w-run", hold_reason="Too many absences")
    return [
        Add(record) for record in (*organisations, *viewers, *shown, *kept, *posts, *tenures, *offices, part)
    ]


def seen(status: str) -> bool:
    """Whether others see someone of that status."""
    return status in VISIBLE


def search(
    connection: ldap3.Connection, base: str, filter_: str, *attributes: str, viewer: str = ""
) -> list[Any]:
    """Return the entries found (ldap3's dictionaries); none if the base is concealed."""
    controls = [(PROXIED_AUTHORIZATION, True, f"dn:uid={viewer},{PEOPLE}".encode())] if viewer else None
    connection.search(
        base,
        filter_,
        dereference_aliases=ldap3.DEREF_NEVER,
        attributes=list(attributes) or ["*"],
        controls=controls,
    )
    return [entry for entry in connection.response or [] if entry["type"] == "searchResEntry"]


def code(connection: ldap3.Connection) -> int:
    """Return the result code of the last operation."""
    return int(connection.result["result"])
