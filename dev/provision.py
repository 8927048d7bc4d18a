"""Furnishes one Counterpart for demonstration and tests: keys, settings, people, a manager.

Every step looks first whether it is done, and is done by the product's own commands, so an interrupted
first run is completed by the next one, and nothing here can work that does not work for an administrator.
"""

import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from counterpart.settings import load
from dev.areas import write_areas
from dev.certificates import write_secret
from dev.commands import Commands
from dev.feeds_out import write_feeds
from dev.identity_provider.demo import ensure_key
from dev.servers import MailCatcher, Redis, Slapd
from dev.settings import HouseSettings
from dev.slapd import ensure_secret
from store.database import Store
from store.migration import migrate

MANAGER = "rowan.thistlewood@leadership.example"
COHORT, OF_COHORT = "leading-2026", (
    "isolde.marchbank@rivers-and-coasts.example", "elizabeth.farrowmere@rivers-and-coasts.example",
    "tamsin.okonjo-reed@northmere.police.example",
)  # fmt: skip
PORTAL_SECRET_BYTES = 48
MAPPINGS = Path(__file__).parent / "mappings", Path(__file__).parent / "feeds"  # pushed, and as files
HEADER = """\
# Written anew by `make run` at every start. The product reads it when it is started beside this folder;
# a variable of the same name in the environment wins.
"""


def furnish_files(house: HouseSettings, slapd: Slapd, redis: Redis, mail: MailCatcher) -> None:
    """Make secrets and keys where there are none, and write the product's settings file."""
    ensure_secret(house.var / "secrets" / "portal", PORTAL_SECRET_BYTES)
    saml = house.var / "saml"
    ensure_key(saml / "current.key", saml / "current.crt", "Counterpart (demonstration)", datetime.now(UTC))
    _furnish_mappings(house.var / "mappings")
    lines = (f"{name}={value}\n" for name, value in _settings(house, slapd, redis, mail).items())
    write_secret(house.settings_file, (HEADER + "".join(lines)).encode())


def _furnish_mappings(folder: Path) -> None:
    """Put the mappings of all invented senders where portal and worker look; nobody's own are touched."""
    folder.mkdir(parents=True, exist_ok=True)
    for mapping in (each for mappings in MAPPINGS for each in mappings.glob("*.toml")):
        shutil.copyfile(mapping, folder / mapping.name)


def furnish_store(house: HouseSettings) -> None:
    """Make the store's tables, or bring them to this version."""
    store = Store.open(load({}, house.settings_file).store)
    try:
        migrate(store)
    finally:
        store.close()


def _settings(
    house: HouseSettings, slapd: Slapd, redis: Redis, mail: MailCatcher
) -> dict[str, str | Path | int]:
    directory, saml = slapd.settings(), house.var / "saml"
    return {
        "COUNTERPART_DIRECTORY_URI": directory.uri,
        "COUNTERPART_DIRECTORY_SUFFIX": directory.suffix,
        "COUNTERPART_DIRECTORY_CA_FILE": directory.ca_file,
        "COUNTERPART_DIRECTORY_PORTAL_PASSWORD_FILE": directory.portal_password_file,
        "COUNTERPART_DIRECTORY_SYNC_PASSWORD_FILE": directory.sync_password_file,
        "COUNTERPART_DIRECTORY_INDEX_PASSWORD_FILE": directory.index_password_file,
        "COUNTERPART_DIRECTORY_SCIM_PASSWORD_FILE": directory.scim_password_file,
        "COUNTERPART_DIRECTORY_SERVER_PROGRAM": directory.server_program,
        "COUNTERPART_DIRECTORY_SERVER_CONFIG": directory.server_config,
        "COUNTERPART_STORE_URL": f"sqlite:///{house.var / 'counterpart.db'}",
        "COUNTERPART_SAML_BASE_URL": house.portal_url,
        "COUNTERPART_SAML_KEY_FILE": saml / "current.key",
        "COUNTERPART_SAML_CERTIFICATE_FILE": saml / "current.crt",
        "COUNTERPART_SAML_NEXT_KEY_FILE": saml / "next.key",
        "COUNTERPART_SAML_NEXT_CERTIFICATE_FILE": saml / "next.crt",
        "COUNTERPART_SAML_PREVIOUS_KEY_FILE": saml / "previous.key",
        "COUNTERPART_SAML_PREVIOUS_CERTIFICATE_FILE": saml / "previous.crt",
        "COUNTERPART_SYNC_FOLDER": house.var / "sync",
        "COUNTERPART_SYNC_INBOX": house.var / "feeds",
        "COUNTERPART_SYNC_MAPPINGS": house.var / "mappings",
        "COUNTERPART_SYNC_PUSH_QUIET_SECONDS": 5,  # so that somebody who tries it sees it
        "COUNTERPART_PORTAL_SECRET_FILE": house.var / "secrets" / "portal",
        "COUNTERPART_PORTAL_DIRECTORY_PORT": slapd.ldap_port,
        "COUNTERPART_PORTAL_DIRECTORY_TLS_PORT": slapd.ldaps_port,
        "COUNTERPART_INDEX_FOLDER": house.var / "index",
        "COUNTERPART_SERVICE_REDIS_URL": redis.url,
        "COUNTERPART_SERVICE_SMTP_HOST": "127.0.0.1",
        "COUNTERPART_SERVICE_SMTP_PORT": mail.port,
        "COUNTERPART_SERVICE_SMTP_SECURITY": "none",
        "COUNTERPART_SAML_METADATA_SECONDS": 5,  # logos are there when somebody looks at the list
        "COUNTERPART_WATCH_LOG": slapd.log,
        "COUNTERPART_SERVICE_LOG_FILE": house.var / "log" / "counterpart.log",
    }


def furnish_people(
    house: HouseSettings, slapd: Slapd, commands: Commands, say: Callable[[str], None]
) -> None:
    """Invent leaders, write them as their organisations would send them, and apply these feeds, once."""
    stamp = slapd.data / "people-applied"  # gone with the data, should that be made anew
    if stamp.exists():
        return
    say(f"Inventing {house.leaders} leaders and bringing them into the directory (once)…")
    feeds = write_feeds(house.var / "feeds", leaders=house.leaders, as_of=datetime.now(UTC).date())
    served, neighbours = write_areas(house.var, house.leaders)
    commands.run(
        *(("sync", "apply", feed.feed_toml, "--file", feed.path, "--told") for feed in feeds),
        ("person", "role", MANAGER, "directory-managers"),
        ("cohort", "add", COHORT, "Leading public services, 2026"),
        ("cohort", "join", COHORT, *OF_COHORT),
        ("areas", "serve", served, "--yes"),
        ("areas", "neighbours", neighbours),
    )
    stamp.touch()
