"""Keeps the directory's replicas equal to the provider: what they passed over is sent to them again.

slapd 2.5's replicas can miss a committed transaction and take one that was rolled back, without a sign of it
in their change numbers (docs/decisions/0013). Only comparing entry by entry finds that.
"""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from threading import Event

from counterpart.clock import numbered_ahead
from ldap_schema.clock import Clock
from ldap_schema.comparison import Difference
from ldap_schema.directory import Directory, Service
from ldap_schema.errors import DirectoryError
from ldap_schema.settings import DirectorySettings
from saml.errors import speakable_reference

LOOK_EVERY = 60.0  # seconds
SHARE = 0.05  # of the time, at most, is spent on looking, however large the directory is

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Healed:
    """What was done for one replica: entries sent again, and those that only an administrator can send."""

    uri: str
    sent: tuple[Difference, ...] = ()
    left: tuple[Difference, ...] = ()


class NumberedAhead(DirectoryError):
    """The provider's changes are numbered in the future, so that replicas would ignore what is sent again."""


def heal(settings: DirectorySettings, uri: str, now: datetime) -> Healed:
    """Compare one replica and send it again what it passed over. What is only on its way is left alone.

    Raises DirectoryError: what was not sent is found again by the next comparison.
    """
    with as_service(settings, Service.SYNC) as provider:
        if numbered_ahead(provider.context_csn(), now):
            raise NumberedAhead("The provider numbers changes in the future; `counterpart doctor` says more.")
        provider.sweep()
        with as_service(replace(settings, uri=uri), Service.SYNC) as replica:
            passed_over = provider.compare(replica).passed_over
        left = set(provider.resend([each.dn for each in passed_over]))
    if left:  # mail programs' entries, which the portal's account writes
        with as_service(settings, Service.PORTAL) as portal:
            left = set(portal.resend(sorted(left)))
    return Healed(
        uri,
        tuple(each for each in passed_over if each.dn not in left),
        tuple(each for each in passed_over if each.dn in left),
    )


def heal_all(settings: DirectorySettings, now: datetime) -> Iterator[Healed]:
    """Heal each replica that the settings name; one that can't be looked at is logged and passed."""
    for uri in settings.replicas:
        try:
            yield heal(settings, uri, now)
        except DirectoryError as error:
            log.warning("replica %s was not compared: %s", uri, error)


def keep_equal(
    settings: DirectorySettings,
    clock: Clock,
    stop: Event,
    look_every: float = LOOK_EVERY,
    share: float = SHARE,
) -> None:
    """Heal replicas again and again until `stop` is set; no failure ends it."""
    while not stop.is_set():
        began = time.monotonic()
        try:
            for healed in heal_all(settings, clock()):
                report(healed)
        except Exception:  # a mistake of ours must not end it
            log.exception("comparing replicas failed, reference %s", speakable_reference())
        stop.wait(max(look_every, (time.monotonic() - began) / share))


def report(healed: Healed) -> None:
    """Write into the log what was sent again, and what has to be."""
    for each in healed.sent:
        log.warning("replica %s: %s was sent again", healed.uri, each.dn)
    for each in healed.left:
        log.error(
            "replica %s: %s differs, and only the server's administrator can send it", healed.uri, each.dn
        )


@contextmanager
def as_service(settings: DirectorySettings, service: Service) -> Iterator[Directory]:
    """One server alone as one of our accounts, for as long as the block lasts."""
    opened = Directory.open(replace(settings, replicas=()), service)
    try:
        yield opened
    finally:
        opened.close()
