"""Mail-program credentials: `uid=<random>,ou=credentials`, one entry per program and device."""

from dataclasses import dataclass
from datetime import datetime

ATTRIBUTES = {
    "id": "uid",
    "owner": "owner",
    "label": "description",
    "last_used": "pwdLastSuccess",
    "expires": "pwdEndTime",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """A device's own way into the directory; its password is shown once and only its hash is kept."""

    id: str
    owner: str  # uid
    label: str
    last_used: datetime | None = None
    expires: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCredential:
    """What the owner is shown once."""

    credential: Credential
    bind_dn: str  # the one DN that leaves the gateway: a person pastes it into a mail program
    base_dn: str
    password: str
