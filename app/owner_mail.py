"""Mails that tell people what happened to their own way in, so that they notice what they did not do.

Pages, commands and the watch over mail programs all tell it by these: no Flask here. The texts are
`templates/mail/*.txt`.
"""

import logging
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from sqlalchemy.orm import Session

from app.moments import moment
from app.settings import PortalSettings
from ldap_schema.directory import Directory
from ldap_schema.errors import NotFound
from store import outbox
from store.errors import BadMail
from store.outbox import Mail

SUBJECTS = {
    "linked": "Your entry was connected to a sign-in",
    "delegated": "Somebody may act for you",
    "granted": "A contact detail of yours is shown to one more leader",
    "connected": "An account was connected to your entry",
    "used_link": "Somebody signed in with a link that was mailed to you",
    "link": "Your link to sign in",
    "device_added": "A mail program was added for you",
    "device_added_by_desk": "A mail program was added for you",
    "device_restored": "A mail program of yours may be used again",
    "device_suspended": "A mail program of yours was suspended",
}

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Notice:
    """A mail to an owner, written and addressed: what is left is to send it along with what it tells of."""

    mail: Mail | None  # None: the owner has no address that takes one
    key: str
    written: datetime

    def queue(self, tx: Session) -> bool:
        """Put it into the outbox, in the transaction that does what it tells of; False without an address."""
        if self.mail is None:
            return False
        outbox.enqueue(tx, self.mail, self.key, self.written)
        return True


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnerMail:
    """Tells people about their own way in."""

    directory: Directory  # as the portal's account, which sees sign-in addresses
    portal: PortalSettings
    base_url: str  # of the portal

    def notice(
        self,
        uid: str,
        what: str,
        key: str,
        now: datetime,
        *,
        only_to: str | None = None,
        **values: object,
    ) -> Notice:
        """Write the mail `what` to the first address of the person that takes one.

        It asks the directory, so it comes before the store's transaction, which others wait for. With
        `only_to` the mail goes there or nowhere. Raises DirectoryUnavailable.
        """
        words = dict(
            values, base_url=self.base_url, portal=self.portal, service_name=self.portal.service_name
        )
        text = templates().get_template(f"mail/{what}.txt").render(words)
        for address in self._addresses(uid) if only_to is None else (only_to,):
            try:
                mail = Mail(to=address, subject=SUBJECTS[what], text=text)
            except BadMail as error:
                log.warning("%s could not be told by mail (%s): %s", uid, what, error)
                continue
            return Notice(mail, f"{what} {key}", now)
        return Notice(None, f"{what} {key}", now)

    def _addresses(self, uid: str) -> list[str]:
        """The address they sign in with, then those for contact: an office often reads them, and it may have
        done what is told.
        """
        try:
            signs_in_as = self.directory.people.get(uid).sign_in_address
            shown = self.directory.as_viewer(uid).people.get(uid).mail
        except NotFound:
            return []
        return [address for address in (signs_in_as, *shown) if address]


@cache
def templates() -> Environment:
    """Give the texts of mails, also to who writes one about something else."""
    made = Environment(
        loader=PackageLoader("templates", ""),
        autoescape=select_autoescape(["html"]),
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    made.filters["moment"] = moment
    return made
