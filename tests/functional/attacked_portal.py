"""A portal on a real socket at the moment for which the attacks are written, its provider registered by
`counterpart idp add`; and browsers that bring it what strangers wrote.
"""

import http.client
import logging
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from urllib.parse import urlencode

from redis import Redis as RedisClient
from werkzeug.serving import make_server

from app.factory import create_app
from app.services import PortalServices
from app.settings import PortalSettings
from dev.identity_provider import messages
from dev.servers import MailCatcher, Redis, Slapd
from ldap_schema.changes import Add
from ldap_schema.directory import Directory, Service
from ldap_schema.organisations import Organisation
from ldap_schema.people import Person
from saml.registry import Registry
from saml.settings import SAMLSettings
from saml.sign_on import SignOn
from saml.state import RequestState, StoredRequest
from search_index.reader import SearchIndex
from search_index.settings import IndexSettings
from store import ledger, waiting
from store.database import Store
from tests.functional.command_line import Installed
from tests.saml_kit import ISOLDE, NOW, REQUEST_ID, SETTINGS, identity_provider, key_pair

REGISTRATION = """
id = "rivers"
name = "Rivers and Coasts"
metadata = "rivers.xml"
organisations = ["org-rivers"]
domains = ["rivers-and-coasts.example"]
contact = "the IT desk of Rivers and Coasts"
"""
REFERENCE = re.compile(r'class="cp-reference">([a-z]+-[a-z]+-\d+)<')


@dataclass(frozen=True)
class Arrival:
    """What the portal answered, and what it wrote down meanwhile."""

    status: int
    headers: http.client.HTTPMessage
    text: str
    log: tuple[str, ...]

    @property
    def reference(self) -> str:
        """The words on the page by which the log is searched."""
        found = REFERENCE.search(self.text)
        return found.group(1) if found else ""

    @property
    def session(self) -> str:
        """The cookie of somebody signed in; empty if none was set."""
        lines = self.headers.get_all("Set-Cookie") or []
        return next((line for line in lines if line.startswith(("counterpart=", "__Host-"))), "")


@dataclass
class AttackedPortal:
    """Brings messages to the portal and remembers nothing between them."""

    port: int
    redis: RedisClient
    store: Store
    lines: list[str]
    secrets: list[str] = field(default_factory=list)  # of the latest visit

    def acs(self, posted: str) -> Arrival:
        """Post an answer in the browser that asked, as the answer to the request that the attacks name."""
        self.redis.flushdb()
        kept = RequestState(self.redis, 10).keep(StoredRequest(REQUEST_ID, "rivers", "/search?q=coast"))
        self.secrets = [kept.relay_state, kept.cookie_value]
        fields = {"SAMLResponse": posted, "RelayState": kept.relay_state}
        return self.post("/saml/acs", fields, f"{kept.cookie_name}={kept.cookie_value}")

    def entries(self) -> int:
        """How many acts the ledger holds."""
        with self.store.reading() as tx:
            return len(list(ledger.latest(tx, 100_000)))

    def matters(self, kind: str) -> list[waiting.Item]:
        """What waits on the desk of that kind about the attacked provider."""
        with self.store.reading() as tx:
            return [one for one in waiting.open_items(tx, kind) if one.key.split()[0] == "rivers"]

    def slo(self, message: str | Mapping[str, str]) -> Arrival:
        """Bring a logout message, in an address or in a form."""
        self.redis.flushdb()
        if not isinstance(message, str):
            return self.post("/saml/slo", message)
        return self.ask("GET", f"/saml/slo?{message}")

    def post(self, path: str, fields: Mapping[str, str], cookie: str = "") -> Arrival:
        """Send a form."""
        body = urlencode(fields, errors="surrogatepass").encode()
        return self.ask("POST", path, body, {"Content-Type": "application/x-www-form-urlencoded"}, cookie)

    def ask(
        self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] = {}, cookie: str = ""
    ) -> Arrival:
        """Send a request byte for byte."""
        self.lines.clear()
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.putrequest(method, path, skip_host=True)
            told = {"Host": "localhost:5000", "Content-Length": str(len(body)), "Cookie": cookie, **headers}
            for name, value in told.items():
                connection.putheader(name, value)
            connection.endheaders(body)
            answer = connection.getresponse()
            return Arrival(answer.status, answer.headers, answer.read().decode(), tuple(self.lines))
        finally:
            connection.close()


class _Lines(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


@contextmanager
def attacked_portal(folder: Path, slapd: Slapd, redis: Redis, mail: MailCatcher) -> Iterator[AttackedPortal]:
    """Register the provider by the command line, then serve."""
    installed = Installed(folder, slapd, redis, mail)
    store = installed.store()
    directory = Directory.open(slapd.settings(), Service.PORTAL)
    own_redis = RedisClient.from_url(redis.url)
    _fill(slapd)
    _register(installed)
    app = create_app(
        PortalSettings(sign_in_limit="1000000 per hour"), _services(folder, store, directory, own_redis)
    )
    written = _Lines()
    app.logger.addHandler(written)
    app.logger.setLevel(logging.INFO)
    server = make_server("127.0.0.1", 0, app)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield AttackedPortal(server.server_port, own_redis, store, written.lines)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        app.logger.removeHandler(written)
        own_redis.close()
        directory.close()
        store.close()


def _fill(slapd: Slapd) -> None:
    sync = Directory.open(slapd.settings(), Service.SYNC)
    person = Person(
        uid="isolde", full_name="Isolde Marchbank", family_name="Marchbank", organisation_id="org-rivers",
        sign_in_address=ISOLDE.mail,
    )  # fmt: skip
    sync.write([Add(Organisation(id="org-rivers", name="Rivers and Coasts")), Add(person)])
    sync.close()


def _register(installed: Installed) -> None:
    (installed.folder / "rivers.toml").write_text(REGISTRATION)
    (installed.folder / "rivers.xml").write_bytes(messages.metadata(identity_provider()))
    added = installed.run("idp", "add", "rivers.toml", "--live")
    assert added.code == 0, added


def _services(folder: Path, store: Store, directory: Directory, redis: RedisClient) -> PortalServices:
    key, certificate = folder / "sp.key", folder / "sp.crt"
    key.write_text(key_pair("portal")[0])
    certificate.write_text(key_pair("portal")[1])
    settings = SAMLSettings(
        base_url=SETTINGS.base_url, key_file=key, certificate_file=certificate,
        next_certificate_file=folder / "none", previous_certificate_file=folder / "none",
    )  # fmt: skip
    return PortalServices(
        directory=directory, index=SearchIndex(IndexSettings(folder=folder / "index"), _now), store=store,
        redis=redis, sign_on=SignOn(settings, Registry(store), redis, directory, _now), clock=_now,
        secret=b"x" * 32, base_url=SETTINGS.base_url, directory_suffix="dc=x",
    )  # fmt: skip


def _now() -> datetime:
    return NOW
