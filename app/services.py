"""What the composition root gives the portal, which opens no connection and reads no secret itself."""

from dataclasses import dataclass

from redis import Redis

from app.scim.feeds import ScimParts
from ldap_schema.clock import Clock
from ldap_schema.directory import Directory
from saml.sign_on import SignOn
from search_index.reader import SearchIndex
from store.database import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class PortalServices:
    """The servers behind the portal, the clock, and the address under which people reach it."""

    directory: Directory  # as the portal's own account: it reads no contact details
    index: SearchIndex  # what this machine's follower keeps fresh, or does not
    store: Store
    redis: Redis
    sign_on: SignOn
    clock: Clock
    secret: bytes  # signs form tokens; never logged
    base_url: str  # scheme, host and port without a trailing slash; the Host header is never believed instead
    scim: ScimParts | None = None  # None: no feed is pushed to
    directory_suffix: str  # shown beside a new credential, for mail programs
