"""Mail-program credentials: `uid=<random>,ou=credentials`, one entry per program and device."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from ldap_schema.entries import Codec
from ldap_schema.errors import Moved, NotFound
from ldap_schema.filters import all_of, equals
from ldap_schema.link import Link
from ldap_schema.operations import AddEntry, DeleteEntry, ModifyEntry
from ldap_schema.passwords import hash_password, new_id, new_password
from ldap_schema.tree import Tree, id_of

ATTRIBUTES = {
    "id": "uid",
    "owner": "owner",
    "label": "description",
    "last_used": "pwdLastSuccess",
    "expires": "pwdEndTime",
    "lock": "pwdAccountLockedTime",
}

SUSPENDED = "000001010000Z"  # the value that means "until somebody takes it away" (slapo-ppolicy)


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """A device's own way into the directory; its password is shown once and only its hash is kept."""

    id: str
    owner: str  # uid
    label: str
    last_used: datetime | None = None
    expires: datetime | None = None
    lock: str = ""  # since when, after wrong passwords, for a quarter of an hour; or SUSPENDED

    @property
    def suspended(self) -> bool:
        """Whether it was stopped because of what it asked, until its owner says that all is well."""
        return self.lock == SUSPENDED


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCredential:
    """What the owner is shown once."""

    credential: Credential
    bind_dn: str  # the one DN that leaves the gateway: a person pastes it into a mail program
    base_dn: str
    password: str


CODEC = Codec(Credential, ATTRIBUTES, classes=("nlcCredential",), references={"owner": Tree.person})
IS_CREDENTIAL = equals("objectClass", "nlcCredential")


class Credentials:
    """Mail programs' passwords, made and revoked by the portal's own account for whoever is signed in."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._base = link.tree.branch("credentials")

    def issue(
        self, owner_uid: str, label: str, now: datetime, days: int = 365, id_: str = ""
    ) -> NewCredential:
        """Make a credential and return its password, which is kept nowhere; raise BadValue for the label.

        Whoever writes the act down before it is done gives the id (`passwords.new_id`).
        """
        expires = (now + timedelta(days=days)).replace(microsecond=0)
        credential = Credential(id=id_ or new_id(), owner=owner_uid, label=label, expires=expires)
        password = new_password()
        dn = self._link.tree.credential(credential.id)
        values = CODEC.encode(credential, self._link.tree)
        self._link.write(
            AddEntry(dn=dn, values={**values, "userPassword": [hash_password(password).encode()]})
        )
        bind_dn, base_dn = self.access(credential.id)
        return NewCredential(credential=credential, bind_dn=bind_dn, base_dn=base_dn, password=password)

    def access(self, id_: str) -> tuple[str, str]:
        """Return the DN that its program binds with and the one that it searches below; raise BadValue."""
        return self._link.tree.credential(id_), self._link.tree.branch("people")

    def get(self, id_: str) -> Credential:
        """Return one credential, or raise NotFound."""
        return CODEC.decode(self._link.get(self._link.tree.credential(id_), CODEC.asked))

    def of(self, uid: str) -> list[Credential]:
        """Return the person's credentials, the one that expires first in front."""
        found = self._link.find(self._base, self._owned(uid), CODEC.asked)
        return sorted((CODEC.decode(entry) for entry in found), key=lambda each: (str(each.expires), each.id))

    def revoke(self, id_: str, owner_uid: str) -> None:
        """Remove a credential; NotFound also if it belongs to somebody else."""
        owned = equals("owner", self._link.tree.person(owner_uid))
        try:
            self._link.write(DeleteEntry(dn=self._link.tree.credential(id_), assertion=owned))
        except Moved as error:
            raise NotFound("This person has no such credential.") from error

    def suspend(self, id_: str) -> None:
        """Stop one credential at once, on connections that are open too; raise NotFound if it is gone."""
        self._lock(id_, [SUSPENDED.encode()])

    def restore(self, id_: str, owner_uid: str) -> None:
        """Let a suspended credential work again; NotFound also if it belongs to somebody else."""
        owned = equals("owner", self._link.tree.person(owner_uid))
        try:
            self._lock(id_, [], owned)
        except Moved as error:
            raise NotFound("This person has no such credential.") from error

    def owners(self) -> dict[str, list[str]]:
        """Return the uid of everybody who has credentials -> ids; asked as the sync account."""
        found: dict[str, list[str]] = {}
        for entry in self._link.find(self._base, IS_CREDENTIAL, ["uid", "owner"]):
            found.setdefault(id_of(entry.text("owner")), []).append(entry.text("uid"))
        return found

    def purge(self, owner_uid: str) -> int:
        """Remove all credentials of a person and return how many there were."""
        found = self._link.find(self._base, self._owned(owner_uid), ["uid"])
        self._link.write(*(DeleteEntry(dn=entry.dn) for entry in found))
        return len(found)

    def _lock(self, id_: str, values: list[bytes], assertion: str = "") -> None:
        dn = self._link.tree.credential(id_)
        replace = {"pwdAccountLockedTime": values}
        self._link.write(ModifyEntry(dn=dn, replace=replace, assertion=assertion))

    def _owned(self, uid: str) -> str:
        return all_of(IS_CREDENTIAL, equals("owner", self._link.tree.person(uid)))
