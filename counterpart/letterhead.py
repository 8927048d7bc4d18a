"""Who writes to the senders of HR feeds."""

from counterpart.settings import Settings
from sync.context import Letterhead


def letterhead(settings: Settings) -> Letterhead:
    """Who writes to senders of HR feeds, in the words that the portal uses."""
    portal = settings.portal
    return Letterhead(
        service_name=portal.service_name, address=settings.saml.base_url, operator_mail=portal.help_mail
    )
