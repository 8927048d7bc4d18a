"""The hall in which the access matrix is asked: a sample of everything, a way in for every identity.

Everybody comes by the socket: writes from the network are refused before slapd looks at its access rules.
"""

import base64
import re
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from itertools import count
from typing import Any

import ldap3

from counterpart.clock import system_clock
from dev.access_matrix import LEADERS
from dev.processes import find_program
from dev.servers import Slapd
from ldap_schema.changes import Add, Update
from ldap_schema.credentials import NewCredential
from ldap_schema.delegations import Delegation
from ldap_schema.directory import Directory, Service
from ldap_schema.feeds import FeedPart
from ldap_schema.grants import Grant
from ldap_schema.groups import AUDITORS, DIRECTORY_MANAGERS, Cohort
from ldap_schema.offices import Office
from ldap_schema.organisations import Organisation
from ldap_schema.people import CANARY, SEALED_POST, Person
from ldap_schema.posts import Post, Tenure
from ldap_schema.scim_records import ScimRecord
from tests.functional.directory_kit import bound, opened
from tests.functional.replica_kit import equal

SUFFIX = "dc=leaders,dc=gov,dc=uk"
PEOPLE = f"ou=people,{SUFFIX}"
PROXIED_AUTHORIZATION = "2.16.840.1.113730.3.4.18"
# name -> organisation, sector
BELONGS = {"target": ("h-a", "Police"), "colleague": ("h-a", "Housing"), "sector": ("h-b", "Police")}
VIEWERS = {name: BELONGS.get(name, ("h-c", "Education")) for name in (*LEADERS, "suspended", "left")}
EVERYWHERE = {
    "configuration": "olcDatabase={1}mdb,cn=config",
    "monitor": "cn=Database 1,cn=Databases,cn=Monitor",
}
# Bookkeeping of slapd's that a read, a bind or a write of the same value changes.
CHANGES_UNSEEN = {
    "entryCSN", "modifyTimestamp", "modifiersName", "contextCSN", "authTimestamp", "pwdLastSuccess",
    "pwdChangedTime", "pwdFailureTime",
}  # fmt: skip
_numbers = count(1)


@dataclass
class Hall:
    """The filled server, and at which server questions are asked: the same one, or its replica."""

    slapd: Slapd
    asked: Slapd
    portal: Directory
    sync: Directory
    samples: dict[str, str]
    credentials: dict[str, NewCredential]
    first: dict[str, dict[str, list[bytes]]] = field(default_factory=dict)  # the truth at the beginning
    leftovers: list[tuple[str, str]] = field(default_factory=list)  # sample, DN

    def truth(self) -> dict[str, dict[str, list[bytes]]]:
        """Return every entry with every attribute, as it stands in the database."""
        command = [find_program("slapd", package="slapd"), "-Tcat", "-n1", "-F", self.slapd.folder / "config"]
        ldif = subprocess.run(command, capture_output=True, check=True).stdout.decode()
        entries = [_attributes(block) for block in ldif.replace("\n ", "").strip().split("\n\n")]
        return {values.pop("dn")[0].decode(): values for values in entries}

    def settle(self) -> None:
        """Wait until what was written is where questions are asked."""
        if self.asked is not self.slapd:
            assert equal(self.slapd, self.asked)

    def maker(self, sample: str) -> Service:
        """Return who may make such entries."""
        return Service.PORTAL if sample == "credentials" else Service.SYNC

    def clear(self, sample: str) -> None:
        """Remove what trying to add, delete and rename left behind."""
        with _service(self, self.maker(sample)) as asker:
            for dn in [dn for kind, dn in self.leftovers if kind == sample]:
                asker.connection.delete(dn)
        self.leftovers.clear()


@dataclass
class Asker:
    """One identity on one connection, and how it shows that the connection works."""

    connection: ldap3.Connection
    proof: tuple[str, str] | None = (f"uid=h-target,{PEOPLE}", "cn")
    viewer: str = ""  # the DN of whom it acts for
    last_proof: Callable[["Asker"], None] | None = None

    @property
    def _controls(self) -> list[tuple[str, bool, bytes]] | None:
        if not self.viewer:
            return None
        return [(PROXIED_AUTHORIZATION, True, f"dn:{self.viewer}".encode())]

    @property
    def code(self) -> int:
        """The last result code."""
        return int(self.connection.result["result"])

    def prove(self) -> None:
        """Do something this identity may."""
        if self.proof:
            assert self.reads(*self.proof), "the connection does not work, so a refusal means nothing"

    def prove_at_the_end(self) -> None:
        """For identities that may do nothing: make the same connection one that may."""
        if self.last_proof:
            self.last_proof(self)

    def search(self, dn: str, filter_: str, *attributes: str) -> list[Any]:
        """Return what is found of one entry."""
        self.connection.search(
            dn, filter_, ldap3.BASE, ldap3.DEREF_NEVER, attributes=attributes, controls=self._controls
        )
        return [entry for entry in self.connection.response or [] if entry["type"] == "searchResEntry"]

    def reads(self, dn: str, attribute: str) -> bool:
        """Whether the attribute is shown."""
        found = self.search(dn, "(objectClass=*)", attribute)
        return bool(found and found[0]["raw_attributes"].get(attribute))

    def finds(self, dn: str, filter_: str) -> bool:
        """Whether the entry is found so, or its being found can be told from the result code."""
        return bool(self.search(dn, filter_, "1.1"))

    def compare(self, dn: str, attribute: str, value: bytes) -> int:
        """Return the result code of a comparison."""
        self.connection.compare(dn, attribute, value, controls=self._controls)
        return self.code

    def change(self, dn: str, attribute: str, values: list[bytes]) -> int:
        """Try to write the attribute, with the values it has."""
        change = {attribute: [(ldap3.MODIFY_REPLACE, values)]}
        self.connection.modify(dn, change, controls=self._controls)
        return self.code

    def add(self, hall: Hall, sample: str) -> int:
        """Try to add an entry like the sample, and return the result code."""
        dn, values = _another(hall, sample)
        self.connection.add(dn, attributes=values, controls=self._controls)
        code = self.code
        if code == 0:
            hall.leftovers.append((sample, dn))
        return code

    def remove(self, dn: str) -> int:
        """Try to delete that very entry."""
        self.connection.delete(dn, controls=self._controls)
        return self.code

    def delete(self, hall: Hall, sample: str) -> int:
        """Try to delete an entry like the sample."""
        return self.remove(_made(hall, sample))

    def rename(self, hall: Hall, sample: str) -> int:
        """Try to rename an entry like the sample."""
        dn = _made(hall, sample)
        rdn = f"{dn.partition('=')[0]}=h-renamed-{next(_numbers)}"
        self.connection.modify_dn(dn, rdn, controls=self._controls)
        code = self.code
        if code == 0:
            hall.leftovers.append((sample, f"{rdn},{dn.partition(',')[2]}"))
        return code


@contextmanager
def as_identity(hall: Hall, identity: str) -> Iterator[Asker]:
    """Yield the identity on a new connection."""
    if identity == "scim":
        opened_as = _scim(hall, "", "scim-token")
    elif identity in ("feed", "other-feed"):
        feed = "feeds" if identity == "feed" else "other-feed"
        opened_as = _scim(hall, hall.samples[feed], f"{identity.removesuffix('feed')}scim-record")
    elif identity in tuple(Service):
        opened_as = _service(hall, Service(identity))
    elif identity == "replica":
        opened_as = _account(hall, "replica", "cn")
    elif identity == "root":
        opened_as = _root(hall)
    elif identity in ("anonymous", "expired-mail", "left-mail"):
        opened_as = _nobody(hall, identity)
    elif identity.endswith("-mail"):
        opened_as = _mail_program(hall, identity.removesuffix("-mail"))
    else:
        opened_as = _viewer(hall, identity)
    with opened_as as asker:
        yield asker


def _service(hall: Hall, service: Service) -> AbstractContextManager[Asker]:
    return _account(hall, service, "uid" if service is Service.PORTAL else "cn")


@contextmanager
def _account(hall: Hall, name: str, proof: str, *, writing: bool = False) -> Iterator[Asker]:
    password = (hall.slapd.secrets / f"directory-{name}").read_text().strip()
    server = hall.slapd if writing else hall.asked
    with bound(server, f"cn={name},ou=services,{SUFFIX}", password, local=True) as connection:
        yield Asker(connection, (f"uid=h-target,{PEOPLE}", proof))


@contextmanager
def _root(hall: Hall) -> Iterator[Asker]:
    server = ldap3.Server(hall.asked.socket_uri, get_info=ldap3.NONE)
    connection = ldap3.Connection(
        server, authentication=ldap3.SASL, sasl_mechanism=ldap3.EXTERNAL, sasl_credentials="",
        check_names=False, receive_timeout=30, return_empty_attributes=False, auto_referrals=False,
    )  # fmt: skip
    connection.open(read_server_info=False)
    try:
        connection.bind(read_server_info=False)
        yield Asker(connection)
    finally:
        connection.unbind()


@contextmanager
def _nobody(hall: Hall, identity: str) -> Iterator[Asker]:
    def become_somebody(asker: Asker) -> None:
        good = hall.credentials["stranger"]
        asker.connection.rebind(
            good.bind_dn, good.password, authentication=ldap3.SIMPLE, read_server_info=False
        )
        assert asker.reads(f"uid=h-target,{PEOPLE}", "cn")

    issued = hall.credentials.get(identity.removesuffix("-mail"))
    dn, password = (issued.bind_dn, issued.password) if issued else ("", "")
    with bound(hall.asked, dn, password, local=True) as connection:
        assert not connection.bound
        yield Asker(connection, None, last_proof=become_somebody)


@contextmanager
def _viewer(hall: Hall, viewer: str) -> Iterator[Asker]:
    with _service(hall, Service.PORTAL) as asker, _suspended(hall, viewer) as last_proof:
        proof = None if last_proof else Asker.proof
        yield Asker(asker.connection, proof, f"uid=h-{viewer},{PEOPLE}", last_proof)


@contextmanager
def _scim(hall: Hall, acts_for: str, sample: str) -> Iterator[Asker]:
    with _account(hall, Service.SCIM, "cn") as asker:
        yield Asker(asker.connection, (hall.samples[sample], "nlcId"), acts_for)


@contextmanager
def _mail_program(hall: Hall, viewer: str) -> Iterator[Asker]:
    issued = hall.credentials[viewer]
    with bound(hall.asked, issued.bind_dn, issued.password, local=True) as connection:
        assert connection.bound
        with _suspended(hall, viewer) as last_proof:
            yield Asker(connection, None if last_proof else Asker.proof, last_proof=last_proof)


@contextmanager
def _suspended(hall: Hall, viewer: str) -> Iterator[Callable[[Asker], None] | None]:
    """Suspend the one who is to be, while a connection is open already; yield how to show that it works."""
    if viewer != "suspended":
        yield None
        return
    active = hall.sync.people.get("h-suspended")
    held = replace(active, status="held")
    hall.sync.write([Update(active, held)])
    hall.settle()

    def restore(asker: Asker) -> None:
        hall.sync.write([Update(held, active)])
        hall.settle()
        assert asker.reads(f"uid=h-target,{PEOPLE}", "cn")
        hall.sync.write([Update(active, held)])

    try:
        yield restore
    finally:
        hall.sync.write([Update(held, active)])


def _another(hall: Hall, sample: str) -> tuple[str, dict[str, list[bytes]]]:
    """Return an entry that is like the sample but for its name."""
    dn = hall.samples[sample]
    attribute, name = dn.partition("=")[0], f"h-made-{next(_numbers)}"
    unique = {"nlcSignInAddress", "nlcFederatedId"}
    operational = CHANGES_UNSEEN | {"structuralObjectClass", "entryUUID", "createTimestamp", "creatorsName"}
    values = {key: given for key, given in hall.first[dn].items() if key not in operational | unique}
    values[attribute] = [name.encode()]
    return f"{attribute}={name},{dn.partition(',')[2]}", values


def _made(hall: Hall, sample: str) -> str:
    """Make such an entry, where anybody may, and return its DN; else the sample's own."""
    if sample not in BRANCHES:
        return hall.samples[sample]
    with _account(hall, hall.maker(sample), "uid", writing=True) as maker:
        dn, values = _another(hall, sample)
        maker.connection.add(dn, attributes=values)
        assert maker.code == 0, maker.connection.result
    hall.leftovers.append((sample, dn))
    return dn


BRANCHES = (
    "people",
    "organisations",
    "posts",
    "tenure",
    "offices",
    "feeds",
    "feed-part",
    "scim-record",
    "scim-token",
    "groups",
    "cohorts",
    "delegations",
    "credentials",
)
SAMPLES = {
    "people": f"uid=h-target,{PEOPLE}",
    "hidden": f"uid=h-hidden,{PEOPLE}",
    "organisations": f"nlcId=h-a,ou=organisations,{SUFFIX}",
    "posts": f"nlcId=h-post,ou=posts,{SUFFIX}",
    "tenure": f"nlcId=h-tenure,ou=posts,{SUFFIX}",
    "hidden-tenure": f"nlcId=h-hidden-tenure,ou=posts,{SUFFIX}",
    "offices": f"nlcId=h-office,ou=offices,{SUFFIX}",
    "hidden-office": f"nlcId=h-hidden-office,ou=offices,{SUFFIX}",
    "groups": f"cn=directory-managers,ou=groups,{SUFFIX}",
    "feeds": f"nlcId=h-feed,ou=feeds,{SUFFIX}",
    "feed-part": f"cn=all,nlcId=h-feed,ou=feeds,{SUFFIX}",
    "other-feed": f"nlcId=h-other,ou=feeds,{SUFFIX}",
    "scim-record": f"nlcId=h-record,nlcId=h-feed,ou=feeds,{SUFFIX}",
    "other-scim-record": f"nlcId=h-record,nlcId=h-other,ou=feeds,{SUFFIX}",
    "services": f"cn=portal,ou=services,{SUFFIX}",
    "policies": f"cn=credentials,ou=policies,{SUFFIX}",
    "top": SUFFIX,
    "sealed": f"uid=h-sealed,{PEOPLE}",
    "canary": f"uid=h-canary,{PEOPLE}",
    "sealed-tenure": f"nlcId=h-sealed-tenure,ou=posts,{SUFFIX}",
    "sealed-office": f"nlcId=h-sealed-office,ou=offices,{SUFFIX}",
    "delegations": f"nlcId=h-delegation,ou=delegations,{SUFFIX}",
    "cohorts": f"cn=h-cohort,ou=cohorts,ou=groups,{SUFFIX}",
    **EVERYWHERE,
}


def fill_hall(slapd: Slapd) -> Iterator[Hall]:
    """Yield the server filled with one of everything."""
    with ExitStack() as stack:
        portal = stack.enter_context(opened(slapd, Service.PORTAL))
        sync = stack.enter_context(opened(slapd, Service.SYNC))
        token = _push(sync)
        sync.write([Add(record) for record in _records()])
        sync.groups.grant(DIRECTORY_MANAGERS, "h-manager")
        sync.groups.grant(AUDITORS, "h-auditor")
        sync.cohorts.make(Cohort("h-cohort", "One year"))
        sync.cohorts.join("h-cohort", "h-target")
        sync.seals.seal("h-sealed", SEALED_POST, date(2026, 11, 25))
        portal.as_viewer("h-target").grants.give("h-target", Grant(detail="mobile", viewer="h-granted"))
        now = system_clock()
        issued = {viewer: portal.credentials.issue(f"h-{viewer}", "device", now) for viewer in VIEWERS}
        issued["expired"] = portal.credentials.issue("h-stranger", "old", now - timedelta(days=9), days=1)
        leaver = sync.people.get("h-left")
        sync.write([Update(leaver, replace(leaver, status="left"))])
        samples = {**SAMPLES, "credentials": issued["target"].bind_dn, "scim-token": token}
        hall = Hall(slapd, slapd, portal, sync, samples, issued)
        with as_identity(hall, "target-mail"), _service(hall, Service.SYNC) as asker:  # a bind is noted
            assert asker.change(SAMPLES["people"], "jpegPhoto", [b"\xff\xd8\xff\xe0portrait"]) == 0
        hall.first = hall.truth() | _outside(hall)
        yield hall


def _push(sync: Directory) -> str:
    """Give two feeds a snapshot with a record, and one a token; return the token's DN."""
    now = system_clock().replace(microsecond=0)
    for feed in ("h-feed", "h-other"):
        sync.feeds.ensure(feed)
        sync.scim_snapshots.ensure(feed)
        record = ScimRecord(
            feed=feed, id="h-record", user_name="ada", external_id="E1", resource="{}", changed_at=now
        )
        sync.scim_snapshots.add(sync.scim_snapshots.head(feed), record)
    token = sync.scim_tokens.issue("h-feed", now, 30).token
    sync.scim_tokens.used(token, now)
    return f"nlcId={token.id},nlcId=h-feed,ou=feeds,{SUFFIX}"


def _outside(hall: Hall) -> dict[str, dict[str, list[bytes]]]:
    """Return what slapcat does not print."""
    with _root(hall) as asker:
        found = {dn: asker.search(dn, "(objectClass=*)", "*", "+") for dn in EVERYWHERE.values()}
    return {dn: dict(entries[0]["raw_attributes"]) for dn, entries in found.items()}


def _records() -> list[Any]:
    feed = {"feed": "h-feed", "feed_part": "all", "feed_key": "k"}
    organisations = [
        Organisation(id=id_, name=f"Organisation {id_}", former_names=("Old",), acronyms=("OLD",),
                     codes=("demo:x",), sector="Police", region="Wales", domains=("x.example",),
                     duty_line="+44 20 7946 0999", parent_id="h-b")
        for id_ in ("h-a", "h-b", "h-c")
    ]  # fmt: skip
    hidden = _person("hidden", "h-a", "Police", status="left",
                     show=("mail:leaders", "telephoneNumber:leaders", "mobile:leaders"))  # fmt: skip
    people = [_person(name, *belongs) for name, belongs in VIEWERS.items()]
    people.append(_person("canary", "h-a", "Police", status=CANARY))
    post = Post(id="h-post", title="Chief", organisation_id="h-a", role="chief", region="Wales", **feed)
    tenures = [
        Tenure(id=id_, post_id="h-post", holder=holder, first_day=date(2026, 1, 1), last_day=date(2030, 1, 1),
               digest="d", **feed)
        for id_, holder in (
            ("h-tenure", "h-target"), ("h-hidden-tenure", "h-hidden"), ("h-sealed-tenure", "h-sealed")
        )
    ]  # fmt: skip
    offices = [
        Office(id=id_, name="Office", serves=(served,), mail=("office@x.example",), assistant="Bo",
               telephone=("+44 20 7946 0002",), members=("h-office",), **feed)
        for id_, served in (
            ("h-office", "h-target"), ("h-hidden-office", "h-hidden"), ("h-sealed-office", "h-sealed")
        )
    ]  # fmt: skip
    part = FeedPart(
        feed="h-feed", part="all", as_of=date(2026, 1, 1), rows=1, hold_run="r", hold_reason="Why"
    )
    delegation = Delegation(
        id="h-delegation", leader="h-target", delegate="h-delegate", scopes=("search",),
        first_day=date(2026, 1, 1), last_day=date(2030, 1, 1),
    )  # fmt: skip
    return [*organisations, hidden, *people, post, *tenures, *offices, part, delegation]


def _person(name: str, organisation: str, sector: str, **more: Any) -> Person:
    given: dict[str, Any] = {
        "show": ("mail:leaders", "telephoneNumber:sector", "mobile:organisation"),
        "feed": "h-feed", "feed_part": "all", "feed_key": name,
    }  # fmt: skip
    return Person(
        uid=f"h-{name}", full_name=f"Ada {name}", family_name=name, given_name="Ada",
        display_name=f"Dame {name}",
        honorific="Dame", honours="DBE", known_as="Addie", title="Chief constable", organisation_name="Force",
        organisation_id=organisation, sector=sector, region="Wales", mail=(f"{name}@x.example",),
        telephone=("+44 20 7946 0001",), mobile=("+44 7700 900001",), sign_in_address=f"{name}@y.example",
        federated_ids=(f"rivers|subject-id|{name}",), **{**given, **more},
    )  # fmt: skip


def _attributes(block: str) -> dict[str, list[bytes]]:
    values: dict[str, list[bytes]] = {}
    for line in block.splitlines():
        name, colons, value = re.fullmatch(r"([^:]+)(::?) ?(.*)", line).groups()  # type: ignore[union-attr]
        values.setdefault(name, []).append(base64.b64decode(value) if colons == "::" else value.encode())
    return values
