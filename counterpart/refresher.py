"""Keeps providers' metadata and logos fresh: a thread of the worker that asks now and then what is due."""

import logging
from threading import Event

from counterpart.settings import Settings
from ldap_schema.clock import Clock
from saml.errors import speakable_reference
from saml.logos import Logos
from saml.notices import Correspondence
from saml.refresh import Refresher
from store.database import Store
from store.errors import StoreError

log = logging.getLogger(__name__)


def refresher(settings: Settings, store: Store, clock: Clock) -> Refresher:
    """What reads metadata and tells people, as the settings describe it."""
    correspondence = Correspondence(
        manager_mail=settings.portal.help_mail,
        service_name=settings.portal.service_name,
        address=settings.saml.base_url,
    )
    return Refresher(store, clock, correspondence, settings.saml.private_hosts)


def logos(settings: Settings, store: Store, clock: Clock) -> Logos:
    """What draws providers' logos, as the settings describe it."""
    return Logos(store, clock, settings.saml.private_hosts)


def keep_fresh(made: Refresher, pictures: Logos, stop: Event, seconds: float) -> None:
    """Look until `stop` is set. No failure ends it: what is due stays due."""
    while not stop.is_set():
        try:
            made.run_due(stop.is_set)
            pictures.run_due(stop.is_set)
        except StoreError as error:
            log.error("metadata of providers: %s", error)
        except Exception:  # a mistake of ours must not end it
            log.exception("metadata of providers failed, reference %s", speakable_reference())
        stop.wait(seconds)
