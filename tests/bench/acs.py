"""Service providers that take the same assertions: our portal, Shibboleth SP, python3-saml used plainly.

Each begins sign-ins as a browser does (not measured), takes one provider's answers about many different
people over one kept connection (measured), and must make a session of each.
"""

import base64
import http.client
import json
import os
import re
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from html import unescape
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

from counterpart.settings import load
from dev.house import House
from dev.identity_provider import messages
from dev.identity_provider.config import Identity, IdentityProvider, Service
from dev.processes import Process, free_port
from ldap_schema import directory
from ldap_schema.changes import Update
from ldap_schema.people import Person
from saml.provider import LIVE, SUBJECT_ID, Provider, to_plain
from store import providers
from store.database import Store
from tests.bench import plain_portal
from tests.bench.shibboleth import ShibbolethSP
from tests.functional.visitor import REFRESH

SCOPE = "bench.example"
ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Arrival:
    """One browser on its way back from the provider: what it posts, and its cookies."""

    body: str
    cookies: str


class Contender:
    """One service provider under measurement; `servers` are the processes whose CPU counts."""

    def __init__(self, name: str, service: Service, servers: tuple[Process, ...], start: str) -> None:
        self.name, self.service, self.servers = name, service, servers
        self._start = start
        parts = urlsplit(service.acs_url)
        self._host, self._acs = parts.netloc, parts.path
        self._connection = http.client.HTTPConnection("127.0.0.1", parts.port, timeout=30)

    def close(self) -> None:
        """Give the connection back."""
        self._connection.close()

    def arrival(self, provider: IdentityProvider, identity: Identity) -> Arrival:
        """Begin a sign-in and take it to the provider and back, up to the last step."""
        answer, page = self._begin()
        query = parse_qs(urlsplit(onward(answer, page)).query)
        request = zlib.decompress(base64.b64decode(query["SAMLRequest"][0]), -15).decode()
        [request_id] = re.findall(r' ID="([^"]+)"', request)
        honest = messages.answer_for(provider, self.service, identity, request_id, datetime.now(UTC))
        message = messages.encoded(messages.signed_response(honest, provider))
        relay_state = query.get("RelayState", [""])[0]
        set_cookies = answer.headers.get_all("Set-Cookie", [])
        return Arrival(
            urlencode({"SAMLResponse": message, "RelayState": relay_state}),
            "; ".join(line.partition(";")[0] for line in set_cookies),
        )

    def take(self, arrival: Arrival) -> int:
        """Post the answer to the service; gives the status. Where that sends on, there is a session."""
        answer, _ = self._ask("POST", self._acs, arrival.body, arrival.cookies)
        made = " ".join(answer.headers.get_all("Set-Cookie", []))
        assert answer.status >= 400 or re.search(r"(_shibsession_\w+|counterpart|session)=[\w-]{30,}", made)
        return answer.status

    def _begin(self) -> tuple[http.client.HTTPResponse, str]:
        return self._ask("GET", self._start)

    def _ask(
        self, method: str, path: str, body: str | None = None, cookies: str = ""
    ) -> tuple[http.client.HTTPResponse, str]:
        headers = {"Host": self._host, "Content-Type": "application/x-www-form-urlencoded"}
        if cookies:
            headers["Cookie"] = cookies
        self._connection.request(method, path, body, headers)
        answer = self._connection.getresponse()
        return answer, answer.read().decode()


class OurPortal(Contender):
    """Sign-ins begin by a form, so one page is opened beforehand for its token."""

    def __init__(self, house: House) -> None:
        settings = load({}, house.settings.settings_file).saml
        service = Service(settings.entity_id, settings.acs_url, settings.slo_url, ())
        super().__init__("Counterpart", service, (house.portal, house.redis), "/sign-in/begin")
        answer, page = self._ask("GET", "/sign-in")
        [self._token] = re.findall(r'name="csrf_token"[^>]*value="([^"]+)"', page)
        self._session = str(answer.headers["Set-Cookie"]).partition(";")[0]

    def _begin(self) -> tuple[http.client.HTTPResponse, str]:
        form = urlencode({"csrf_token": self._token, "provider": "bench"})
        return self._ask("POST", self._start, form, self._session)


def onward(answer: http.client.HTTPResponse, page: str) -> str:
    """Where the browser goes on to the provider: by redirect, or from our page by refresh."""
    refresh = REFRESH.search(page)
    return unescape(refresh.group(1)) if refresh else str(answer.headers["Location"])


def identities(people: list[Person]) -> list[Identity]:
    """The people as the provider of the benchmark knows them: each under a subject id of its own."""
    return [Identity(each.full_name, each.sign_in_address, f"{each.uid}@{SCOPE}") for each in people]


def enrol(house: House, provider: IdentityProvider, count: int) -> list[Person]:
    """Register the provider with our portal for so many leaders, each linked already as after a first
    sign-in; the demonstration's own people are left alone."""
    settings = load({}, house.settings.settings_file)
    opened = directory.Directory.open(settings.directory, directory.Service.SYNC)
    store = Store.open(settings.store)
    try:
        known = {persona.mail for persona in house.providers.everybody()}
        people = [one for one in opened.people.everybody() if {one.sign_in_address} - {"", *known}][:count]
        assert len(people) == count, f"the house has only {len(people)} people who can sign in"
        linked = [replace(each, federated_ids=(f"bench|{SUBJECT_ID}|{each.uid}@{SCOPE}",)) for each in people]
        opened.write([Update(*pair) for pair in zip(people, linked, strict=True)])
        made = Provider(
            id="bench", name="Bench", entity_id=provider.entity_id, sso_url=provider.sso_url,
            certificates=(provider.certificate,), scopes=(SCOPE,), state=LIVE,
            organisations=tuple(sorted({each.organisation_id for each in people})),
        )  # fmt: skip
        with store.transaction() as tx:
            providers.save(tx, to_plain(made))
    finally:
        opened.close()
        store.close()
    return people


@contextmanager
def contenders(house: House, provider: IdentityProvider, folder: Path) -> Iterator[list[Contender]]:
    """All three, running: Shibboleth first, with which the others are compared."""
    with ShibbolethSP(provider, SCOPE) as shibboleth, plain(house, provider, folder) as plainly:
        servers = shibboleth.apache, shibboleth.shibd
        theirs = Contender("Shibboleth SP (Debian's)", shibboleth.service, servers, "/secure/")
        made = [theirs, OurPortal(house), plainly]
        yield made
        for each in made:
            each.close()


@contextmanager
def plain(house: House, provider: IdentityProvider, folder: Path) -> Iterator[Contender]:
    """python3-saml as in its README, under the same web server and with the same Redis as our portal."""
    port = free_port()
    base = f"http://localhost:{port}"
    service = Service(f"{base}/metadata", f"{base}/acs", f"{base}/slo", ())
    (folder / "settings.json").write_text(json.dumps(plain_settings(service, provider)))
    environ = {
        plain_portal.FOLDER: str(folder),
        plain_portal.REDIS: house.redis.url,
        plain_portal.BASE: base,
    }
    options = "--interface wsgi --factory --workers 1 --blocking-threads 8".split()
    command = [
        Path(sys.executable).with_name("granian"), *options, "--port", str(port),
        "tests.bench.plain_portal:application",
    ]  # fmt: skip
    with Process(
        "plain", command, folder, ports={port: ""}, environ={**os.environ, **environ}, working_folder=ROOT
    ) as process:
        yield Contender("python3-saml, as in its README", service, (process, house.redis), "/login")


def plain_settings(service: Service, provider: IdentityProvider) -> dict[str, object]:
    """What python3-saml must be told at least, in its strict mode."""
    return {
        "strict": True,
        "sp": {"entityId": service.entity_id, "assertionConsumerService": {"url": service.acs_url}},
        "idp": {
            "entityId": provider.entity_id,
            "singleSignOnService": {"url": provider.sso_url},
            "x509cert": provider.certificate,
        },
        "security": {"wantAssertionsSigned": True, "rejectDeprecatedAlgorithm": True},
    }
