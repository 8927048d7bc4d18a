"""Providers' logos: fetched by us now and then, drawn anew in a process of its own, served from our store.

A logo's address is never given to a browser: its owner would see who looks at our list, and could change
the picture for some of them.
"""

import base64
import binascii
import hashlib
import logging
from collections.abc import Callable
from datetime import datetime, timedelta

import sandbox
from saml.errors import ProviderRefused
from saml.fetch import Rules, fetch
from saml.logo_child import LARGEST
from saml.provider import Provider
from saml.registry import Registry
from store import provider_watch
from store.database import Store
from store.provider_watch import KeptLogo

DRAW = sandbox.Limits(memory=512 * 1024**2, seconds=5)
SECONDS = 10.0
AGAIN = timedelta(days=1)  # until what could not be used is tried once more
MOST_AT_ONCE = 20  # before whoever calls looks whether it should stop

log = logging.getLogger(__name__)


class LogoUnusable(ProviderRefused):
    """It is not there, or no picture that we draw."""


class Logos:
    """Keeps the store's pictures what the providers' metadata names."""

    def __init__(
        self, store: Store, clock: Callable[[], datetime], private_hosts: tuple[str, ...] = ()
    ) -> None:
        self._store = store
        self._registry = Registry(store)
        self._clock = clock
        self._rules = Rules(most=LARGEST, seconds=SECONDS, private_hosts=private_hosts)

    def run_due(self, stopping: Callable[[], bool] = lambda: False) -> int:
        """Draw what is new or was not to be had yesterday; how many were looked at. Raises StoreError."""
        with self._store.reading() as tx:
            kept = provider_watch.logos(tx)
        now = self._clock()
        due = [each for each in self._registry.live() if _is_due(each, kept.get(each.id), now)]
        for provider in due[:MOST_AT_ONCE]:
            if stopping():
                break
            self._keep(provider)
        return min(len(due), MOST_AT_ONCE)

    def _keep(self, provider: Provider) -> None:
        png = b""
        if provider.logo:
            try:
                png = picture(provider.logo, self._rules)
            except ProviderRefused as error:
                log.warning("the logo of %s can't be shown: %s", provider.id, error)
        with self._store.transaction() as tx:
            provider_watch.keep_logo(tx, provider.id, source_of(provider), png, self._clock())


def _is_due(provider: Provider, kept: KeptLogo | None, now: datetime) -> bool:
    if kept is None:
        return bool(provider.logo)
    if kept.source != source_of(provider):
        return True
    return bool(provider.logo) and not kept.shown and now - kept.fetched >= AGAIN


def source_of(provider: Provider) -> str:
    """Tells whether the metadata names another logo than the one that was drawn."""
    return hashlib.sha256(provider.logo.encode()).hexdigest()


def picture(address: str, rules: Rules) -> bytes:
    """The PNG of what is at the address, or stands in it (data:). Raises ProviderRefused."""
    data = _inside(address) if address.startswith("data:") else fetch(address, rules)
    try:
        return sandbox.run("saml.logo_child", data, DRAW)
    except sandbox.SandboxFailed as error:
        raise LogoUnusable(
            "It is not a PNG, JPEG, GIF or WebP picture of a sane size (up to 4 million pixels, 256 KiB)."
        ) from error


def _inside(address: str) -> bytes:
    kind, _, text = address.partition(",")
    if not kind.endswith(";base64"):
        raise LogoUnusable("The logo in the metadata is not base64.")
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise LogoUnusable("The logo in the metadata is not base64.") from error
