"""Keeps providers' metadata and logos fresh, and watches our own keys: a thread of the worker."""

import logging
from threading import Event

from counterpart.settings import Settings
from ldap_schema.clock import Clock
from saml.errors import speakable_reference
from saml.logos import Logos
from saml.notices import Correspondence
from saml.own_ends import OwnEnds
from saml.refresh import Refresher
from store.database import Store
from store.errors import StoreError

log = logging.getLogger(__name__)


def refresher(settings: Settings, store: Store, clock: Clock) -> Refresher:
    """What reads metadata and tells people, as the settings describe it."""
    return Refresher(store, clock, _correspondence(settings), settings.saml.private_hosts)


def _correspondence(settings: Settings) -> Correspondence:
    return Correspondence(
        manager_mail=settings.portal.help_mail,
        service_name=settings.portal.service_name,
        address=settings.saml.base_url,
    )


def keep_fresh(settings: Settings, store: Store, clock: Clock, stop: Event) -> None:
    """Look until `stop` is set. No failure ends it: what is due stays due."""
    metadata = refresher(settings, store, clock)
    logos = Logos(store, clock, settings.saml.private_hosts)
    own = OwnEnds(settings.saml, store, clock, _correspondence(settings))
    while not stop.is_set():
        try:
            metadata.run_due(stop.is_set)
            logos.run_due(stop.is_set)
            own.run_due()
        except StoreError as error:
            log.error("metadata of providers: %s", error)
        except Exception:  # a mistake of ours must not end it
            log.exception("metadata of providers failed, reference %s", speakable_reference())
        stop.wait(settings.saml.metadata_seconds)
