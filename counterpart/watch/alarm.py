"""What happens to a device that seems to copy the directory: it alone is suspended, its owner is told."""

import logging
from dataclasses import dataclass
from datetime import datetime

from app.owner_mail import OwnerMail
from app.settings import PortalSettings
from ldap_schema.clock import Clock
from ldap_schema.credentials import Credential
from ldap_schema.directory import Directory
from ldap_schema.errors import NotFound
from store import ledger, waiting
from store.database import Store

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """Acts on a suspicion; everything it does can be done twice without harm."""

    directory: Directory  # as the portal's account, which looks after credentials
    store: Store
    clock: Clock
    portal: PortalSettings
    address: str  # of the portal

    def sound(self, device: str, reason: str, since: datetime) -> bool:
        """Suspend the device, unless its owner has cleared what it asked, it is suspended already, or gone.

        The mail and the matter on the desk are kept first: if the directory is away in between, the next try
        finds them there and adds no second mail. Raises DirectoryUnavailable, StoreUnavailable.
        """
        credential = self._credential(device)
        if credential is None or credential.suspended or self._cleared(credential.id, since):
            return False
        self._tell(credential, reason)
        self.directory.credentials.suspend(credential.id)
        log.warning("device %s suspended: it %s", credential.id, reason)
        return True

    def _credential(self, device: str) -> Credential | None:
        try:
            return self.directory.credentials.get(device)
        except NotFound:
            return None

    def _cleared(self, device: str, since: datetime) -> bool:
        """Whether its owner restored it after the first question that is counted against it."""
        with self.store.reading() as tx:
            restored = ledger.last(tx, "device restored", device)
        return restored is not None and restored >= since

    def _tell(self, credential: Credential, reason: str) -> None:
        now = self.clock()
        owner = OwnerMail(directory=self.directory, portal=self.portal, base_url=self.address)
        key = f"{credential.id} {now.isoformat()}"
        notice = owner.notice(
            credential.owner, "device_suspended", key, now, label=credential.label, reason=reason
        )
        with self.store.transaction() as tx:
            if waiting.waits(tx, waiting.SUSPENDED_DEVICE, credential.id):
                return
            told = notice.queue(tx)
            summary = f"A mail program (device {credential.id}) {reason}. It was suspended" + (
                " and its owner was told." if told else "; its owner has no address to be told at."
            )
            waiting.raise_item(tx, waiting.SUSPENDED_DEVICE, credential.id, summary, now)
            details = {"owner": credential.owner, "reason": reason}
            ledger.append(tx, "device suspended", "watch", credential.id, details, now)
