"""What a believed logout message says: who is to be signed out where, or whether the provider did it.

Unsigned LogoutRequests signed people out in the library we build on, and nobody looked whom they named. Here
`bindings` has verified the signature before anything below is asked.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from lxml import etree

from saml.assertion import NameID
from saml.attributes import whole_text
from saml.bindings import issuer_of
from saml.encryption import Decryption
from saml.errors import BadAssertion, BadLogout
from saml.postcheck import name_in_clear, read_name_id
from saml.provider import Provider
from saml.settings import SAMLSettings
from saml.xml import SAML, SAMLP, SUCCESS, Unreadable, instant, is_ncname, q

MAX_SESSION_INDEXES = 50


@dataclass(frozen=True, slots=True)
class LogoutRequest:
    """A provider's wish to end a person's sessions here."""

    id: str
    name_id: NameID
    session_indexes: tuple[str, ...]  # none = all of the person's sessions through that provider


def read_request(
    root: etree._Element, provider: Provider, settings: SAMLSettings, decryption: Decryption, now: datetime
) -> LogoutRequest:
    """What a verified LogoutRequest asks for. Raises BadLogout."""
    try:
        _envelope(root, "LogoutRequest", provider, settings, now)
        if root.get("NotOnOrAfter") is not None:
            skew = timedelta(seconds=settings.skew_seconds)
            _require(instant(root.get("NotOnOrAfter")) > now - skew, "the LogoutRequest is over", provider)
        names = list(root.iterchildren(*(q(SAML, name) for name in ("NameID", "EncryptedID", "BaseID"))))
        _require(len(names) == 1, "the LogoutRequest does not name exactly one person", provider)
        name = name_in_clear(names[0], decryption)
        name_id = read_name_id(name, provider.entity_id, settings.entity_id)
        indexes = tuple(whole_text(node) for node in root.findall(q(SAMLP, "SessionIndex")))
    except (Unreadable, BadAssertion) as error:
        raise BadLogout(str(error), provider.id) from error
    _require(len(indexes) <= MAX_SESSION_INDEXES and all(indexes), "a session index is empty", provider)
    return LogoutRequest(str(root.get("ID")), name_id, indexes)


def read_response(
    root: etree._Element, request_id: str, provider: Provider, settings: SAMLSettings, now: datetime
) -> bool:
    """Whether the provider says that it ended everything; False means it could only do so in part. Raises
    BadLogout."""
    try:
        _envelope(root, "LogoutResponse", provider, settings, now)
    except Unreadable as error:
        raise BadLogout(str(error), provider.id) from error
    _require(root.get("InResponseTo") == request_id, "the LogoutResponse answers another request", provider)
    codes = root.findall(f"{q(SAMLP, 'Status')}/{q(SAMLP, 'StatusCode')}")
    _require(len(codes) == 1, "the LogoutResponse does not have exactly one status", provider)
    return codes[0].get("Value") == SUCCESS and codes[0].find(q(SAMLP, "StatusCode")) is None


def _envelope(
    root: etree._Element, name: str, provider: Provider, settings: SAMLSettings, now: datetime
) -> None:
    _require(
        root.tag == q(SAMLP, name) and root.get("Version") == "2.0", f"the message is not a {name}", provider
    )
    _require(is_ncname(str(root.get("ID") or "")), "the logout message has no ID", provider)
    _require(
        root.get("Destination") == settings.slo_url, "the Destination is not our logout address", provider
    )
    _require(issuer_of(root) == provider.entity_id, "the issuer is not the provider", provider)
    skew = timedelta(seconds=settings.skew_seconds)
    issued = instant(root.get("IssueInstant"))
    age = timedelta(minutes=settings.request_minutes)
    _require(
        now - skew - age <= issued <= now + skew, "the logout message is too old or from the future", provider
    )


def _require(fact: bool, reason: str, provider: Provider) -> None:
    if not fact:
        raise BadLogout(reason, provider.id)
