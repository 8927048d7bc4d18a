"""The portal's own sign-in pages over a world of real servers, and browsers that go through them."""

import base64
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.factory import create_app
from app.services import PortalServices
from app.sessions import RedisSessions
from app.settings import PortalSettings
from dev.identity_provider.config import Config
from dev.servers import Redis, Slapd
from ldap_schema.groups import DIRECTORY_MANAGERS
from search_index.reader import SearchIndex
from search_index.settings import IndexSettings
from store import ledger, waiting
from tests.functional.saml_world import World, world


@contextmanager
def site(folder: Path, providers: tuple[Path, Config], slapd: Slapd, redis: Redis) -> Iterator["Site"]:
    """A portal of the test's own, whose directory manager is the leader of the centre."""
    with world(folder, *providers, slapd.settings(), redis.url) as made:
        made.sync.groups.grant(DIRECTORY_MANAGERS, "saml-centre")
        here = Site(made, folder / "index")
        for name in ("rivers", "northmere", "hollowbrook", "centre"):
            here.sessions.end_all(f"saml-{name}")  # other tests' of the same names
        for key in made.redis.scan_iter("LIMITS*"):
            made.redis.delete(key)  # other tests' tries
        yield here


class Site:
    """The portal over a world, and browsers that visit it."""

    def __init__(self, made: World, index: Path, **settings: Any) -> None:
        self.world, self.index = made, index
        services = PortalServices(
            directory=made.directory, index=SearchIndex(IndexSettings(folder=index), made.clock),
            store=made.store, redis=made.redis, sign_on=made.sign_on, clock=made.clock,
            secret=b"x" * 32, base_url="http://localhost:5000", directory_suffix="dc=x",
        )  # fmt: skip
        self.app: Flask = create_app(PortalSettings(**settings), services)

    @property
    def sessions(self) -> RedisSessions:
        assert isinstance(self.app.session_interface, RedisSessions)
        return self.app.session_interface

    def browser(self) -> "Browser":
        return Browser(self, self.app.test_client())

    def signed_in(self, name: str, mail: str) -> "Browser":
        browser = self.browser()
        assert browser.sign_in(name, mail).status_code == 303
        return browser

    def matters(self, kind: str) -> list[waiting.Item]:
        with self.world.store.reading() as tx:
            return waiting.open_items(tx, kind)

    def acts(self) -> list[str]:
        with self.world.store.reading() as tx:
            return [entry.event for entry in ledger.latest(tx, 50)]

    def age(self, **passed: float) -> None:
        """Let time pass here; the provider's clock stays, so no sign-in may follow."""
        self.world.ahead += timedelta(**passed)


class Browser:
    """One browser, which takes the provider's answer from the provider to the portal."""

    def __init__(self, site: Site, client: FlaskClient) -> None:
        self.site, self.client = site, client
        client.environ_base["HTTP_ACCEPT"] = "text/html,*/*;q=0.8"

    def get(self, path: str) -> TestResponse:
        return self.client.get(path, base_url="http://localhost:5000")

    def post(self, path: str, fields: dict[str, str], page: str = "/sign-out") -> TestResponse:
        """Send a form with the token of a page of ours."""
        token = found_field(self.get(page).text, "csrf_token")
        return self.client.post(path, data={"csrf_token": token, **fields}, base_url="http://localhost:5000")

    def sign_in(self, name: str, mail: str, back: str = "/") -> TestResponse:
        begun = self.post("/sign-in/begin", {"provider": name, "next": back}, "/sign-in")
        return self.arrive(begun, name, mail)

    def arrive(self, begun: TestResponse, name: str, mail: str) -> TestResponse:
        """Choose at the provider who to be, and post its answer to us."""
        saml_response, relay_state = self.site.world.answer(onward(begun), name, mail)
        return self.acs(saml_response, relay_state)

    def acs(self, saml_response: str, relay_state: str) -> TestResponse:
        data = {"SAMLResponse": saml_response, "RelayState": relay_state}
        return self.client.post("/saml/acs", data=data, base_url="http://localhost:5000")


def found_field(text: str, name: str) -> str:
    match = re.search(rf'name="{name}"[^>]* value="([^"]*)"', text)
    assert match is not None, text
    return unescape(match.group(1))


def onward(answer: TestResponse) -> str:
    """The provider's address to which a page of ours takes the browser by itself."""
    assert answer.status_code == 200, answer.text
    match = re.search(r'<meta http-equiv="refresh" content="0; url=([^"]+)">', answer.text)
    assert match is not None, answer.text
    return unescape(match.group(1))


def at(answer: TestResponse) -> str:
    return answer.headers["Location"].removeprefix("http://localhost:5000")


def stale(here: Site, uid: str) -> None:
    """Make a person's sign-in older than an act may be; the clocks stay together."""
    [place] = here.sessions.places(uid, "")
    raw = here.world.redis.get(f"session:{place.id}")
    assert isinstance(raw, bytes)
    values = msgspec.msgpack.decode(raw)
    values["authenticated"] -= 16 * 60
    here.world.redis.set(f"session:{place.id}", msgspec.msgpack.encode(values), ex=600)


def requested(begun: TestResponse) -> str:
    """The AuthnRequest that the browser is sent away with."""
    return authn_request(onward(begun))


def authn_request(url: str) -> str:
    """The AuthnRequest in an address of a provider."""
    packed = parse_qs(urlsplit(url).query)["SAMLRequest"][0]
    return zlib.decompress(base64.b64decode(packed), -15).decode()
