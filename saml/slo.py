"""Logout messages over the Redirect binding: believed only with a signature over the very query that arrived.

Unsigned LogoutRequests signed people out in the library we build on, and 518 kB of them inflated to 763
MB. Here the size is bounded first, the signature is verified over the raw bytes of the query second, and
the XML is read last.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import unquote_plus

from lxml import etree

from saml.assertion import NameID
from saml.attributes import whole_text
from saml.certificates import has_expired, load
from saml.encryption import Decryption
from saml.engine import bytes_are_signed
from saml.errors import BadAssertion, BadLogout
from saml.postcheck import name_in_clear, read_name_id
from saml.precheck import MORE
from saml.provider import Provider
from saml.settings import SAMLSettings
from saml.xml import SAML, SAMLP, Unreadable, from_base64, inflate, instant, is_ncname, parse, q

MAX_QUERY = 64 * 1024
ALGORITHMS = frozenset(MORE + name for name in ("rsa-sha256", "rsa-sha384", "rsa-sha512"))
SUCCESS = "urn:oasis:names:tc:SAML:2.0:status:Success"
_NAMES = ("SAMLRequest", "SAMLResponse", "RelayState", "SigAlg", "Signature")
_RAW = re.compile(r"[\x21-\x7e]*")


@dataclass(frozen=True, slots=True)
class Query:
    """A logout query, unpacked within bounds. Nothing in it is believed yet."""

    kind: str  # "SAMLRequest" | "SAMLResponse"
    root: etree._Element
    relay_state: str
    signed: bytes  # what the signature is over, exactly as it arrived
    algorithm: str
    signature: bytes

    @property
    def issuer(self) -> str:
        """Whom the message says it is from: only good for choosing whose keys must have signed."""
        nodes = self.root.findall(q(SAML, "Issuer"))
        if len(nodes) != 1:
            raise BadLogout("the logout message does not have exactly one issuer")
        return whole_text(nodes[0])


@dataclass(frozen=True, slots=True)
class LogoutRequest:
    """A provider's wish to end a person's sessions here."""

    id: str
    name_id: NameID
    session_indexes: tuple[str, ...]  # none = all of the person's sessions through that provider


def read_query(query_string: str) -> Query:
    """Unpack the raw query string. Raises BadLogout."""
    raw = _raw_fields(query_string)
    kinds = [name for name in ("SAMLRequest", "SAMLResponse") if name in raw]
    if len(kinds) != 1 or "SigAlg" not in raw or "Signature" not in raw:
        raise BadLogout("the logout message is not signed, or is two messages")
    names = [name for name in (kinds[0], "RelayState", "SigAlg") if name in raw]
    try:
        message = inflate(from_base64(unquote_plus(raw[kinds[0]]), MAX_QUERY), MAX_QUERY)
        return Query(
            kinds[0],
            parse(message, MAX_QUERY, max_elements=200),
            unquote_plus(raw.get("RelayState", "")),
            "&".join(f"{name}={raw[name]}" for name in names).encode("ascii"),
            unquote_plus(raw["SigAlg"]),
            from_base64(unquote_plus(raw["Signature"]), 4096),
        )
    except Unreadable as error:
        raise BadLogout(str(error)) from error


def _raw_fields(query_string: str) -> dict[str, str]:
    """The five fields, still encoded as they came: senders differ in how they encode, and the signature is
    over that."""
    if len(query_string) > MAX_QUERY or not _RAW.fullmatch(query_string):
        raise BadLogout("the query is too long or not ASCII")
    raw: dict[str, str] = {}
    for part in query_string.split("&"):
        name, _, value = part.partition("=")
        if unquote_plus(name) in _NAMES:
            if name in raw or name not in _NAMES:
                raise BadLogout("a field of the query comes twice or in disguise")
            raw[name] = value
    return raw


def check_signature(query: Query, provider: Provider, now: datetime) -> None:
    """Raise BadLogout unless a registered, unexpired key of the provider signed the raw query."""
    if query.algorithm not in ALGORITHMS:
        raise BadLogout("the signature algorithm of the logout message is not allowed", provider.id)
    usable = [pem for pem in provider.certificates if not has_expired(load(pem), now)]
    if not any(bytes_are_signed(query.signed, query.signature, query.algorithm, pem) for pem in usable):
        raise BadLogout("the logout message is not signed by a registered key of the provider", provider.id)


def read_request(
    query: Query, provider: Provider, settings: SAMLSettings, decryption: Decryption, now: datetime
) -> LogoutRequest:
    """What a verified LogoutRequest asks for. Raises BadLogout."""
    try:
        _envelope(query, "LogoutRequest", provider, settings, now)
        if query.root.get("NotOnOrAfter") is not None:
            skew = timedelta(seconds=settings.skew_seconds)
            _require(
                instant(query.root.get("NotOnOrAfter")) > now - skew, "the LogoutRequest is over", provider
            )
        names = list(query.root.iterchildren(q(SAML, "NameID"), q(SAML, "EncryptedID")))
        _require(len(names) == 1, "the LogoutRequest does not name exactly one person", provider)
        name = name_in_clear(names[0], decryption)
        name_id = read_name_id(name, provider.entity_id, settings.entity_id)
        indexes = tuple(whole_text(node) for node in query.root.findall(q(SAMLP, "SessionIndex")))
    except (Unreadable, BadAssertion) as error:
        raise BadLogout(str(error), provider.id) from error
    return LogoutRequest(str(query.root.get("ID")), name_id, indexes)


def read_response(
    query: Query, request_id: str, provider: Provider, settings: SAMLSettings, now: datetime
) -> bool:
    """Whether the provider says that it ended everything; False means it could only do so in part. Raises
    BadLogout."""
    try:
        _envelope(query, "LogoutResponse", provider, settings, now)
    except Unreadable as error:
        raise BadLogout(str(error), provider.id) from error
    _require(
        query.root.get("InResponseTo") == request_id, "the LogoutResponse answers another request", provider
    )
    codes = query.root.findall(f"{q(SAMLP, 'Status')}/{q(SAMLP, 'StatusCode')}")
    _require(len(codes) == 1, "the LogoutResponse does not have exactly one status", provider)
    return codes[0].get("Value") == SUCCESS and codes[0].find(q(SAMLP, "StatusCode")) is None


def _envelope(query: Query, name: str, provider: Provider, settings: SAMLSettings, now: datetime) -> None:
    root = query.root
    _require(
        root.tag == q(SAMLP, name) and root.get("Version") == "2.0", f"the message is not a {name}", provider
    )
    _require(is_ncname(str(root.get("ID") or "")), "the logout message has no ID", provider)
    _require(
        root.get("Destination") == settings.slo_url, "the Destination is not our logout address", provider
    )
    _require(query.issuer == provider.entity_id, "the issuer is not the provider", provider)
    skew = timedelta(seconds=settings.skew_seconds)
    issued = instant(root.get("IssueInstant"))
    age = timedelta(minutes=settings.request_minutes)
    _require(
        now - skew - age <= issued <= now + skew, "the logout message is too old or from the future", provider
    )


def _require(fact: bool, reason: str, provider: Provider) -> None:
    if not fact:
        raise BadLogout(reason, provider.id)
