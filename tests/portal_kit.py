"""A portal for tests on real servers, with its own people and a way in without an identity provider."""

import secrets
from dataclasses import dataclass, field
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from redis import Redis as RedisClient

from app.factory import create_app
from app.scim.feeds import ScimParts
from app.services import PortalServices
from app.sessions import RedisSessions
from app.settings import PortalSettings
from app.viewer import portal_session, sign_in_session
from dev.servers import Redis, Slapd
from ldap_schema.changes import Add
from ldap_schema.clock import Clock
from ldap_schema.directory import Directory, Service
from ldap_schema.organisations import Organisation
from ldap_schema.people import Person
from saml.provider import LIVE, Provider, to_plain
from saml.registry import Registry
from saml.settings import SAMLSettings
from saml.sign_on import SignOn
from search_index.reader import SearchIndex
from search_index.settings import IndexSettings
from store import providers
from store.database import Store


@dataclass
class Portal:
    """A portal, the servers behind it, and an organisation for its people."""

    app: Flask
    services: PortalServices
    sync: Directory
    organisation: Organisation
    clients: list[FlaskClient] = field(default_factory=list)

    @property
    def sessions(self) -> RedisSessions:
        assert isinstance(self.app.session_interface, RedisSessions)
        return self.app.session_interface

    def person(self, **values: Any) -> Person:
        """Put somebody into the directory who shows mail and telephone to leaders, unless told otherwise."""
        uid = "t" + secrets.token_hex(6)
        usual: dict[str, Any] = {
            "uid": uid,
            "full_name": f"Ada Quill-{uid}",
            "family_name": f"Quill-{uid}",
            "given_name": "Ada",
            "title": "Chief Testing Officer",
            "organisation_name": self.organisation.name,
            "organisation_id": self.organisation.id,
            "sector": "Police",
            "region": "London",
            "mail": (f"{uid}@quills.example",),
            "telephone": ("020 7946 0999",),
            "mobile": ("07700 900999",),
            "show": ("mail:leaders", "telephoneNumber:leaders"),
        }
        person = Person(**{**usual, **values})
        self.sync.write([Add(person)])
        return person

    def browser(self, person: Person | None = None) -> FlaskClient:
        """A browser of its own, signed in as the person if one is given."""
        client = self.app.test_client()
        client.environ_base["HTTP_ACCEPT"] = "text/html,*/*;q=0.8"
        self.clients.append(client)
        if person is not None:
            client.set_cookie(self.sessions.cookie_name, self.session_of(person))
        return client

    def session_of(self, person: Person, **extra: Any) -> str:
        """Sign the person in as the portal does after a provider's answer, and give the cookie."""
        usual = {
            "provider": self.provider_of(person.organisation_id),
            "authenticated": self.services.clock().timestamp(),
        }
        with self.app.test_request_context("/saml/acs", method="POST"):
            sign_in_session(person.uid, usual | extra)
            response = self.app.response_class()
            self.sessions.save_session(self.app, portal_session(), response)
            return portal_session().cookie

    def provider_of(self, organisation_id: str) -> str:
        """The id of the live provider that speaks for the organisation, registered when first asked for."""
        made = Provider(
            id=f"idp-{organisation_id}", name="Quill Service sign-in", state=LIVE,
            entity_id=f"https://{organisation_id}.example/idp", sso_url=f"https://{organisation_id}.example/sso",
            organisations=(organisation_id,), contact="the IT desk of the Quill Service",
        )  # fmt: skip
        with self.services.store.transaction() as tx:
            if providers.get(tx, made.id) is None:
                providers.save(tx, to_plain(made))
        return made.id

    def token(self, client: FlaskClient, page: str = "/sign-out") -> str:
        """The form token on a page."""
        text = client.get(page).get_data(as_text=True)
        return text.split('name="csrf_token"')[1].split('value="')[1].split('"')[0]


def make_portal(
    slapd: Slapd,
    redis_server: Redis,
    store: Store,
    clock: Clock,
    base_url: str = "http://localhost",
    scim: ScimParts | None = None,
    **settings: Any,
) -> Portal:
    """Make a portal on the servers given, as the composition root does."""
    directory = Directory.open(slapd.settings(), Service.PORTAL)
    redis = RedisClient.from_url(redis_server.url)
    sign_on = SignOn(SAMLSettings(base_url=base_url), Registry(store), redis, directory, clock)
    services = PortalServices(
        directory=directory,
        index=SearchIndex(IndexSettings(folder=slapd.folder / "index"), clock),
        store=store,
        redis=redis,
        sign_on=sign_on,
        clock=clock,
        secret=secrets.token_bytes(32),
        scim=scim,
        base_url=base_url,
        directory_suffix=slapd.suffix,
    )
    sync = Directory.open(slapd.settings(), Service.SYNC)
    name = f"Quill Service {secrets.token_hex(4)}"
    organisation = Organisation(id="t" + secrets.token_hex(6), name=name, sector="Police", region="London")
    sync.write([Add(organisation)])
    return Portal(create_app(PortalSettings(**settings), services), services, sync, organisation)


def close(portal: Portal) -> None:
    """Give every connection back."""
    portal.services.directory.close()
    portal.sync.close()
    portal.services.redis.close()
