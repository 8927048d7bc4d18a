"""A department that pushes by SCIM: its mapping, its token, and a client that speaks to the portal."""

import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.scim.feeds import ScimParts
from counterpart.scim import Mappings
from dev.servers import Redis, Slapd
from ldap_schema.clock import Clock
from ldap_schema.directory import Directory, Service
from ldap_schema.scim_tokens import NewToken
from store.database import Store
from tests.portal_kit import Portal, close, make_portal

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
LEADER = "urn:ietf:params:scim:schemas:extension:nlc:2.0:Leader"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
MAPPING = f"""
[feed]
id = "FEED"
name = "Harbour Authority"
[source]
type = "scim"
[identity]
key = ["externalId"]
[person]
family_name = "name.familyName"
given_name = "name.givenName"
honorific = "name.honorificPrefix"
mail = 'emails[type eq "work"].value'
telephone = 'phoneNumbers[type eq "work"].value'
mobile = 'phoneNumbers[type eq "mobile"].value'
sign_in_address = "userName"
[post]
title = "title"
role = "{LEADER}:role"
last_day = "{LEADER}:lastDay"
[organisation]
name = "{ENTERPRISE}:department"
region = 'addresses[type eq "work"].region'
create = true
"""


@dataclass
class Pushing:
    """A feed with a token, and whoever pushes to it."""

    feed: str
    token: NewToken
    client: FlaskClient
    directory: Directory  # as the sync account
    mapping: Path

    @property
    def base(self) -> str:
        return f"/scim/{self.feed}/v2"

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> TestResponse:
        """Send one request with the feed's token, unless other headers are given."""
        given = {"Authorization": f"Bearer {self.token.text}"} | {
            name.replace("_", "-"): value for name, value in headers.items()
        }
        data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        kind = given.pop("Content-Type", "application/scim+json")
        return self.client.open(
            self.base + path, method=method, data=data, headers=given, content_type=kind if data else None
        )

    def create(self, **values: Any) -> dict[str, Any]:
        """Create somebody and return what the portal says of them."""
        answer = self.send("POST", "/Users", user(**values))
        assert answer.status_code == 201, answer.text
        return dict(answer.json or {})

    def patch(self, id_: str, *operations: dict[str, Any], **headers: str) -> TestResponse:
        """Send a PATCH of these operations."""
        body = {"schemas": [PATCH], "Operations": list(operations)}
        return self.send("PATCH", f"/Users/{id_}", body, **headers)

    def seen(self, id_: str) -> dict[str, Any]:
        """Return what the portal says of somebody now."""
        return dict(self.send("GET", f"/Users/{id_}").json or {})


def letters(digits: str) -> str:
    """Return a name that nobody else has, of letters alone: "4fa0" is none."""
    return "".join(chr(ord("a") + int(digit, 16)) for digit in digits).capitalize()


def user(**values: Any) -> dict[str, Any]:
    """Somebody as a client first sends them; give other values by attribute."""
    name = secrets.token_hex(4)
    usual: dict[str, Any] = {
        "schemas": [USER, ENTERPRISE],
        "userName": f"{name}@harbour.example",
        "externalId": f"E-{name}",
        "name": {"familyName": f"Quill-{letters(name)}", "givenName": "Ada"},
        "title": f"Director {name}",
        "active": True,
        "emails": [{"value": f"{name}@harbour.example", "type": "work", "primary": True}],
        ENTERPRISE: {"department": "Harbour Authority"},
    }
    return {name: value for name, value in {**usual, **values}.items() if value is not None}


def utc_now() -> datetime:
    """The real clock."""
    return datetime.now(UTC)


@contextmanager
def scim_portal(
    slapd: Slapd, redis: Redis, store: Store, folder: Path, clock: Clock = utc_now, **settings: Any
) -> Iterator[Portal]:
    """Yield a portal to which those departments push whose mappings are in the folder."""
    directory = Directory.open(slapd.settings(), Service.SCIM)
    parts = ScimParts(directory, Mappings(folder).find)
    portal = make_portal(slapd, redis, store, clock, scim=parts, **settings)
    try:
        yield portal
    finally:
        close(portal)
        directory.close()


def pushing(portal: Portal, folder: Path, clock: Clock = utc_now) -> Pushing:
    """Agree on a new feed: its mapping in the folder, its token."""
    feed = f"t{secrets.token_hex(5)}"
    mapping = folder / f"{feed}.toml"
    mapping.write_text(MAPPING.replace("FEED", feed))
    portal.sync.feeds.ensure(feed)
    portal.sync.scim_snapshots.ensure(feed)
    token = portal.sync.scim_tokens.issue(feed, clock(), 30)
    return Pushing(feed, token, portal.app.test_client(), portal.sync, mapping)
