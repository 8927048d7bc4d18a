"""Builds what the settings describe: the directory, the store, Redis, sign-on, and the portal on top of them.

Nothing here connects: a server that is away is reported by the first call that needs it, and the next call
recovers.
"""

import ssl
from dataclasses import dataclass
from pathlib import Path

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.retry import Retry

from app.scim.feeds import ScimParts
from app.services import PortalServices
from counterpart.clock import system_clock
from counterpart.scim import scim_parts
from counterpart.secret_files import read_secret
from counterpart.settings import Settings, SettingsError
from ldap_schema.clock import Clock
from ldap_schema.directory import Directory, Service
from saml.keys import load_keys
from saml.our_metadata import Publisher
from saml.registry import Registry
from saml.sign_on import SignOn
from search_index.reader import SearchIndex
from store.database import Store

SHORTEST_SECRET = 32  # bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Everything a program of ours may need, opened once and passed on."""

    settings: Settings
    directory: Directory  # as the portal's own account
    store: Store
    redis: Redis
    clock: Clock
    registry: Registry
    sign_on: SignOn
    scim: ScimParts

    def close(self) -> None:
        """Give every connection back."""
        self.directory.close()
        self.scim.directory.close()
        self.store.close()
        self.redis.close()


def build(settings: Settings) -> Services:
    """Make the services of the portal; SettingsError when a file that a setting names can't be read."""
    directory = Directory.open(settings.directory, Service.PORTAL)
    store = Store.open(settings.store)
    redis = open_redis(settings)
    registry = Registry(store)
    return Services(
        settings=settings,
        directory=directory,
        store=store,
        redis=redis,
        clock=system_clock,
        registry=registry,
        scim=scim_parts(settings),
        sign_on=SignOn(settings.saml, registry, redis, directory, system_clock, publisher(settings)),
    )


def publisher(settings: Settings) -> Publisher:
    """Who publishes our SAML metadata, in the words that the portal uses."""
    portal = settings.portal
    return Publisher(
        service_name=portal.service_name, organisation=portal.controller, technical_mail=portal.help_mail
    )


def check_files(settings: Settings) -> None:
    """See that the files which settings name are there before anybody needs them; raises for the first that
    is not.
    """
    read_secret(settings.directory.portal_password_file)
    load_keys(settings.saml)
    try:
        ssl.create_default_context(cafile=settings.directory.ca_file)
    except OSError as error:  # ssl.SSLError too
        reason = error.strerror if isinstance(error, FileNotFoundError) else "it holds no certificate in PEM"
        raise SettingsError(
            f"COUNTERPART_DIRECTORY_CA_FILE, {settings.directory.ca_file}: {reason}."
        ) from None


def portal_services(services: Services) -> PortalServices:
    """What the web portal is given."""
    settings = services.settings
    return PortalServices(
        directory=services.directory,
        index=SearchIndex(settings.index, services.clock),
        store=services.store,
        redis=services.redis,
        sign_on=services.sign_on,
        clock=services.clock,
        secret=_secret(Path(settings.portal.secret_file)),
        base_url=settings.saml.base_url,
        scim=services.scim,
        directory_suffix=settings.directory.suffix,
    )


def open_redis(settings: Settings) -> Redis:
    """A client that gives up quickly: a page that says "away" beats one that never comes."""
    service = settings.service
    return Redis.from_url(
        service.redis_url,
        password=_password(service.redis_password_file),
        socket_timeout=service.redis_timeout,
        socket_connect_timeout=service.redis_timeout,
        # A closed connection is replaced once; a server that hangs is not waited for twice.
        retry=Retry(NoBackoff(), 1, supported_errors=(RedisConnectionError,)),
    )


def _password(file: str) -> str | None:
    return read_secret(Path(file)).decode() if file else None


def _secret(path: Path) -> bytes:
    secret = read_secret(path)
    if len(secret) < SHORTEST_SECRET:
        raise SettingsError(f"The secret file {path} must hold {SHORTEST_SECRET} bytes or more.")
    return secret
