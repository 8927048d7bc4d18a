"""A department, its running identity provider, and the portal's side of signing in, for the SAML tests."""

import re
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from html import unescape
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from redis import Redis as RedisClient
from redis.backoff import NoBackoff
from redis.retry import Retry

from dev.identity_provider.config import Config, IdentityProvider, load
from dev.identity_provider.demo import ensure_key, write_demo
from dev.personas import personas
from dev.processes import Process, free_port
from ldap_schema.changes import Add
from ldap_schema.directory import Directory, Service
from ldap_schema.organisations import Organisation
from ldap_schema.people import Person
from ldap_schema.settings import DirectorySettings
from saml.keys import load_keys
from saml.our_metadata import service_metadata
from saml.outcomes import SignedIn
from saml.provider import LIVE
from saml.registry import Registry
from saml.settings import SAMLSettings
from saml.sign_on import SignOn
from store.database import Store
from store.migration import migrate
from store.settings import StoreSettings

ROOT = Path(__file__).resolve().parents[2]
ORGANISATIONS = {
    "rivers": "rivers-and-coasts",
    "northmere": "northmere-constabulary",
    "centre": "public-leadership",
    "hollowbrook": "hollowbrook-council",
}
ISOLDE = "isolde.marchbank@rivers-and-coasts.example"
TAMSIN = "tamsin.okonjo-reed@northmere.police.example"
PIERS = "piers.vellacott@hollowbrook.example"
PERCY = "percy.newstart@rivers-and-coasts.example"
ROWAN = "rowan.thistlewood@leadership.example"


@dataclass
class Visit:
    """An answer on its way: what the provider's page would post to us, and the browser's cookies."""

    saml_response: str
    relay_state: str
    cookies: dict[str, str]


class World:
    """Everything that signing in touches, for real: slapd, Redis, the store and the provider's web server."""

    def __init__(self, folder: Path, directory: DirectorySettings, redis_url: str, providers: Config) -> None:
        self.settings = SAMLSettings(
            key_file=folder / "sp.key",
            certificate_file=folder / "sp.crt",
            next_key_file=folder / "next.key",
            next_certificate_file=folder / "next.crt",
            previous_key_file=folder / "previous.key",
            previous_certificate_file=folder / "previous.crt",
        )
        self.ahead = timedelta(0)
        self.store = Store.open(StoreSettings(url=f"sqlite:///{folder / 'saml.db'}"))
        migrate(self.store)
        self.directory = Directory.open(directory, Service.PORTAL)
        self.sync = Directory.open(directory, Service.SYNC)
        self.registry = Registry(self.store)
        self.redis = RedisClient.from_url(redis_url, retry=Retry(NoBackoff(), 0), socket_timeout=2)
        self.sign_on = SignOn(self.settings, self.registry, self.redis, self.directory, self.clock)
        self.config = providers

    def clock(self) -> datetime:
        """Our own time; the provider's is the machine's, so `ahead` is how far the two differ."""
        return datetime.now(UTC) + self.ahead

    def close(self) -> None:
        """Give every connection back."""
        self.redis.close()
        self.directory.close()
        self.sync.close()
        self.store.close()

    def provider(self, name: str) -> IdentityProvider:
        """The running provider with its key, to write messages that its pages would not."""
        return next(one for one in self.config.providers if one.id == name)

    def go(self, name: str, mail: str, return_to: str = "/") -> Visit:
        """Start here, choose who to be at the provider, and stop before the answer is posted to us."""
        begun = self.sign_on.begin(name, return_to)
        saml_response, relay_state = self.answer(begun.url, name, mail, dict(begun.onward.fields))
        return Visit(saml_response, relay_state, {begun.cookie_name: begun.cookie_value})

    def answer(self, url: str, name: str, mail: str, fields: dict[str, str] | None = None) -> tuple[str, str]:
        """What the provider's page would post to us when somebody came to it, or posted fields to it."""
        page = (post(url, fields) if fields else get(url))[1]
        number = [one.mail for one in self.provider(name).identities].index(mail)
        answer = post(url.partition("?")[0], hidden(page) | {"identity": str(number)})[1]
        return (
            unescape(found(r'name="SAMLResponse" value="([^"]*)"', answer)),
            unescape(found(r'name="RelayState" value="([^"]*)"', answer)),
        )

    def finish(self, visit: Visit) -> SignedIn:
        """Post the answer to us, and write with the session what the portal does."""
        signed_in = self.sign_on.finish(visit.saml_response, visit.relay_state, visit.cookies)
        with self.redis.pipeline() as pipe:
            self.sign_on.remember_whose(signed_in, pipe)
            pipe.execute()
        return signed_in


def hidden(page: str) -> dict[str, str]:
    """The hidden fields of a page's form."""
    fields = re.findall(r'type="hidden" name="([^"]*)" value="([^"]*)"', page)
    return {name: unescape(value) for name, value in fields}


def found(pattern: str, text: str) -> str:
    """The first group of the pattern in the text."""
    match = re.search(pattern, text)
    assert match is not None, text
    return match.group(1)


def get(url: str, cookie: str = "") -> tuple[int, str, dict[str, str]]:
    """Fetch a page of the provider, without following redirects."""
    return _ask("GET", url, None, cookie)


def post(url: str, form: dict[str, str], cookie: str = "") -> tuple[int, str, dict[str, str]]:
    """Send a form to the provider, without following redirects."""
    return _ask("POST", url, urlencode(form), cookie)


def _ask(method: str, url: str, body: str | None, cookie: str) -> tuple[int, str, dict[str, str]]:
    parts = urlsplit(url)
    connection = HTTPConnection(str(parts.hostname), parts.port, timeout=10)
    headers = {"Content-Type": "application/x-www-form-urlencoded"} if body is not None else {}
    headers |= {"Cookie": cookie} if cookie else {}
    connection.request(method, parts.path + (f"?{parts.query}" if parts.query else ""), body, headers)
    answer = connection.getresponse()
    result = answer.status, answer.read().decode(), dict(answer.getheaders())
    connection.close()
    return result


@contextmanager
def running_providers(folder: Path) -> Iterator[tuple[Path, Config]]:
    """Start the demonstration providers on a free port; gives the folder with their files."""
    port = free_port()
    now = datetime.now(UTC)
    ensure_key(folder / "sp.key", folder / "sp.crt", "Counterpart", now)
    settings = SAMLSettings(key_file=folder / "sp.key", certificate_file=folder / "sp.crt")
    (folder / "sp.xml").write_bytes(service_metadata(settings, load_keys(settings)))
    written = write_demo(folder, port, folder / "sp.xml", personas(), now)
    command: list[str | Path] = [sys.executable, "-m", "dev.identity_provider", "--config", written.config]
    with Process("identity-providers", command, folder, ports={port: ""}, working_folder=ROOT):
        yield folder, load(written.config)


def fill(directory: Directory) -> None:
    """Put the four organisations and one leader of each into the directory, once."""
    if directory.people.by_sign_in_address(ISOLDE) is not None:
        return
    organisations = [
        Organisation(id=f"saml-{name}", name=f"SAML test {slug}", codes=(f"demo:{slug}",))
        for name, slug in ORGANISATIONS.items()
    ]
    people = [
        Person(
            uid=f"saml-{name}", full_name=full_name, family_name=full_name.split()[-1],
            organisation_id=f"saml-{name}", sign_in_address=mail,
        )
        for name, full_name, mail in (
            ("rivers", "Isolde Marchbank", ISOLDE),
            ("northmere", "Tamsin Okonjo-Reed", TAMSIN),
            ("hollowbrook", "Piers Vellacott", PIERS),
            ("centre", "Rowan Thistlewood", ROWAN),
        )
    ]  # fmt: skip
    directory.write([*map(Add, organisations), *map(Add, people)])


@contextmanager
def world(
    folder: Path, shared: Path, config: Config, slapd: DirectorySettings, redis_url: str
) -> Iterator[World]:
    """A world of the test's own: its own store, with the providers registered and live."""
    for file in shared.iterdir():
        if file.suffix in (".key", ".crt", ".xml", ".toml"):
            shutil.copy(file, folder / file.name)
    made = World(folder, slapd, redis_url, config)
    try:
        fill(made.sync)
        for provider in config.providers:
            path = folder / f"{provider.id}.toml"
            made.registry.add_from_toml(path, made.directory.organisations, datetime.now(UTC))
            made.registry.set_state(provider.id, LIVE)
        yield made
    finally:
        made.close()


Clock = Callable[[], datetime]
