"""The directory as the rest of Counterpart knows it: records in, records out."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from ldap_schema.changes import Change, Record, operations
from ldap_schema.comparison import Comparison, compare
from ldap_schema.connection import Connections
from ldap_schema.contacts import Contacts
from ldap_schema.credentials import Credentials
from ldap_schema.delegations import Delegations
from ldap_schema.errors import BadValue, NotDelegated, NotFound
from ldap_schema.feeds import Feeds
from ldap_schema.grants import Grants
from ldap_schema.groups import Cohorts, Groups
from ldap_schema.link import Link
from ldap_schema.offices import Offices
from ldap_schema.organisations import Organisations
from ldap_schema.people import VISIBLE, People
from ldap_schema.posts import Posts
from ldap_schema.reading_back import current, last_written, not_as_written
from ldap_schema.references import Dangling, dangling, referrers
from ldap_schema.resending import resend, sweep
from ldap_schema.scim_records import ScimSnapshots
from ldap_schema.scim_tokens import ScimTokens
from ldap_schema.seals import Seals
from ldap_schema.servers import Servers, change_number
from ldap_schema.settings import DirectorySettings
from ldap_schema.snapshots import Snapshots
from ldap_schema.tree import Tree

if TYPE_CHECKING:
    from ldap_schema.inspection.lack import Lack
    from ldap_schema.inspection.places import Places

MOST_OPERATIONS = 10_000  # in one transaction; slapd keeps them all in memory until the end


class Service(StrEnum):
    """The accounts that Counterpart binds as, named as in `ou=services`."""

    PORTAL = "portal"
    SYNC = "sync"
    INDEX = "index"
    SCIM = "scim"


def password_file(settings: DirectorySettings, service: Service) -> Path:
    """Return the file with the account's password."""
    return {
        Service.PORTAL: settings.portal_password_file,
        Service.SYNC: settings.sync_password_file,
        Service.INDEX: settings.index_password_file,
        Service.SCIM: settings.scim_password_file,
    }[service]


class Directory:
    """One identity's view of the directory. Threads may share it; each operation borrows a pooled connection.

    Every operation raises DirectoryUnavailable while the server can't be reached, and works again after.
    """

    def __init__(self, link: Link) -> None:
        self._link = link
        self.people = People(link)
        self.posts = Posts(link)
        self.organisations = Organisations(link)
        self.offices = Offices(link)
        self.contacts = Contacts(link)
        self.delegations = Delegations(link)
        self.grants = Grants(link)
        self.seals = Seals(link)
        self.credentials = Credentials(link)
        self.groups = Groups(link)
        self.cohorts = Cohorts(link)
        self.feeds = Feeds(link)
        self.snapshots = Snapshots(link)
        self.scim_snapshots = ScimSnapshots(link)
        self.scim_tokens = ScimTokens(link)

    @classmethod
    def open(cls, settings: DirectorySettings, service: Service) -> "Directory":
        """Return the directory as one of our services sees it; it connects when it is first asked something.

        Raise BadValue for an address that is none of ldap://, ldaps:// and ldapi://.
        """
        tree = Tree(settings.suffix)

        def connections(uri: str) -> Connections:
            return Connections(
                uri,
                settings.ca_file,
                bind_dn=tree.service(service),
                password_file=password_file(settings, service),
                timeout=settings.timeout,
                size=settings.pool_size,
            )

        # The jobs decide what to write by what they have read, so they ask the provider itself.
        replicas = settings.replicas if service is Service.PORTAL else ()
        servers = Servers(connections(settings.uri), [connections(uri) for uri in replicas], tree.suffix)
        return cls(Link(connections=servers, tree=tree))

    def as_viewer(self, uid: str) -> "Directory":
        """Return the directory as that person sees it, over the same connections (RFC 4370).

        slapd decides at every operation; for someone who is no longer active nothing is there. Only the
        portal's account may do this. Raise BadValue for what is no uid.
        """
        return Directory(self._link.as_viewer(uid))

    def as_feed(self, feed: str) -> "Directory":
        """Return the directory as that feed's SCIM client may use it: its own snapshot, and nothing else.

        Only the SCIM account may do this. Raise BadValue for what is no feed's id.
        """
        return Directory(self._link.as_feed(feed))

    def acting_for(self, leader: str, delegate: str, scope: str, day: date) -> "Directory":
        """Return the directory as the leader sees it, for a delegate; asked anew whenever somebody acts.

        Only the portal's account may do this. Raise NotDelegated unless a delegation of that scope stands on
        that day (a Europe/London civil date) between the two, and the delegate is somebody whom others see.
        """
        try:
            known = self.people.get(delegate).status in VISIBLE
        except NotFound:
            known = False
        if not known or scope not in self.delegations.scopes(leader, delegate, day):
            raise NotDelegated(f"No delegation of {scope} from this leader to this delegate stands that day.")
        return self.as_viewer(leader)

    def write(self, changes: Sequence[Change]) -> None:
        """Write all changes or none, in one transaction; changes that change nothing cost nothing.

        Raises Moved (an entry is not what it was), AlreadyThere, NotFound, BadValue, DirectoryRefused:
        nothing was written. DirectoryUnavailable's message says whether that is certain.
        """
        asked = operations(changes, self._link.tree)
        if len(asked) > MOST_OPERATIONS:
            raise BadValue(
                f"{len(asked)} changes are too many for one transaction (at most {MOST_OPERATIONS})."
            )
        self._link.write(*asked)

    def current(self, records: Iterable[Record]) -> list[Record | None]:
        """Return each record as it stands now, None where there is none; in the order given."""
        return current(self._link, records)

    def referrers(self, records: Sequence[Record]) -> list[set[str]]:
        """Return, for each record, the ids of the entries that refer to it and that this identity may see."""
        return referrers(self._link, records)

    def last_written(self, record: Record) -> tuple[str, datetime | None]:
        """Return the id of whoever wrote the record's entry last, and when; nothing if there is none."""
        return last_written(self._link, record)

    def not_as_written(self, changes: Sequence[Change]) -> list[str]:
        """Return the DNs where the directory is not as the changes leave it, for a log.

        Only what they wrote is looked at, and what another account wrote over it meanwhile is left out.
        """
        return not_as_written(self._link, changes)

    def probe(self) -> None:
        """Return if the server answers and takes our account; else DirectoryUnavailable or -Refused."""
        self._link.connections.whoami()

    def takes_writes(self) -> bool:
        """Return whether the server takes writes on the way that it is asked; nothing is written.

        With slapd 2.5, whoever may bind where that is so can end the server (decision 0010).
        """
        return self._link.connections.takes_writes()

    def certificate(self) -> str:
        """Return the certificate (PEM) that the server shows, nothing where there is no TLS."""
        return self._link.connections.certificate()

    def context_csn(self) -> str:
        """Return the server's change number: it differs after every write, and only then."""
        return change_number(self._link.connections, self._link.tree.suffix)

    def compare(self, replica: "Directory") -> Comparison:
        """Return which entries the other server has otherwise than this one; both opened as SYNC."""
        return compare(self._link, replica._link)

    def resend(self, dns: Sequence[str]) -> list[str]:
        """Have all replicas given these entries again; return those that this account can't send."""
        return resend(self._link.connections, dns)

    def sweep(self) -> None:
        """Remove what an interrupted `resend` may have left."""
        sweep(self._link.connections, self._link.tree.suffix)

    def missing_parts(self) -> "list[Lack]":
        """Return what this server lacks or has otherwise than we ship it; only cn=sync sees everything."""
        from ldap_schema.inspection import missing_parts  # much to load, and only the doctor asks

        return missing_parts(self._link)

    def dangling(self) -> list[Dangling]:
        """Return what refers to entries that are not there; only cn=sync sees everything."""
        return dangling(self._link)

    def server_time(self) -> datetime | None:
        """Return what time it is for the server; None where it does not say. Only cn=sync may know."""
        from ldap_schema.inspection.places import server_time

        return server_time(self._link)

    def places(self) -> "Places":
        """Return where the server keeps its files; only cn=sync may know."""
        from ldap_schema.inspection.places import places

        return places(self._link)

    def close(self) -> None:
        """Close the connections that are not in use, those of every viewer's directory included."""
        self._link.connections.close()
