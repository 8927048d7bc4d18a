"""A provider's metadata: read strictly, refused with words that say how to mend it."""

import http.client
import ssl
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from lxml import etree

from saml.certificates import acceptable
from saml.errors import BadAssertion, ProviderRefused
from saml.precheck import signature_shape
from saml.verify import signed_bytes
from saml.xml import DS, MD, SAMLP, Unreadable, instant, parse, q

REDIRECT = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
SHIBMD = "urn:mace:shibboleth:metadata:1.0"
MAX_METADATA = 1024 * 1024
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True, slots=True)
class ProviderMetadata:
    """What we take from a provider's metadata."""

    entity_id: str
    sso_url: str
    slo_url: str
    certificates: tuple[str, ...]  # PEM
    valid_until: datetime | None


def read(data: bytes, now: datetime, signer: str = "") -> ProviderMetadata:
    """Read one EntityDescriptor. With `signer` (a PEM certificate) it must be signed by it, and only what is
    signed is read. Raises ProviderRefused."""
    try:
        root = parse(data, MAX_METADATA, max_elements=20_000)
        if signer:
            root = _verified(root, signer, now)
        if root.tag != q(MD, "EntityDescriptor"):
            raise ProviderRefused(
                "The metadata does not start with an EntityDescriptor. A federation's file of many is "
                "not read yet."
            )
        return _entity(root, now)
    except Unreadable as error:
        raise ProviderRefused(f"The metadata can't be read: {error}.") from error


def _verified(root: etree._Element, signer: str, now: datetime) -> etree._Element:
    signatures = root.findall(q(DS, "Signature"))
    if len(signatures) != 1:
        raise ProviderRefused("The metadata is not signed, but a signing certificate was given for it.")
    try:
        return parse(signed_bytes(signature_shape(root, signatures[0]), (signer,), now), MAX_METADATA, 20_000)
    except BadAssertion as error:
        raise ProviderRefused(f"The signature of the metadata can't be believed: {error.reason}.") from error


def _entity(root: etree._Element, now: datetime) -> ProviderMetadata:
    until = [
        instant(str(node.get("validUntil")))
        for node in (root, *root.findall(q(MD, "IDPSSODescriptor")))
        if node.get("validUntil")
    ]
    if until and min(until) <= now:
        raise ProviderRefused(
            f"The metadata was valid until {min(until):%d %B %Y %H:%M} UTC. Ask the provider for a new file."
        )
    roles = [
        role for role in root.findall(q(MD, "IDPSSODescriptor"))
        if SAMLP in str(role.get("protocolSupportEnumeration", "")).split()
    ]  # fmt: skip
    if len(roles) != 1:
        raise ProviderRefused("The metadata does not describe exactly one SAML 2.0 identity provider.")
    entity_id = str(root.get("entityID", ""))
    if not 0 < len(entity_id) <= 1024 or any(c.isspace() for c in entity_id):
        raise ProviderRefused("The metadata has no usable entityID.")
    sso = _location(roles[0], "SingleSignOnService")
    if not sso:
        raise ProviderRefused(
            "The provider offers no SingleSignOnService with the HTTP-Redirect binding, which is the one "
            "we use."
        )
    return ProviderMetadata(
        entity_id, sso, _location(roles[0], "SingleLogoutService"), _certificates(roles[0], now),
        min(until) if until else None,
    )  # fmt: skip


def _location(role: etree._Element, service: str) -> str:
    for node in role.findall(q(MD, service)):
        if node.get("Binding") == REDIRECT:
            return checked_url(str(node.get("Location", "")))
    return ""


def checked_url(url: str) -> str:
    """An address that browsers may be sent to: HTTPS, except on this very machine. Raises ProviderRefused."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        _ = parts.port
    except ValueError as error:
        raise ProviderRefused("An address in the metadata can't be read.") from error
    plain = url.isascii() and url.isprintable() and not set(" \"'<>\\;,") & set(url)
    secure = parts.scheme == "https" or (parts.scheme == "http" and host in LOOPBACK)
    if not plain or not secure or not host or parts.username is not None or parts.fragment:
        raise ProviderRefused("An address in the metadata is not plain https://.")
    return url


def _certificates(role: etree._Element, now: datetime) -> tuple[str, ...]:
    good: list[str] = []
    problems: list[str] = []
    for key in role.findall(q(MD, "KeyDescriptor")):
        if key.get("use", "signing") != "signing":
            continue
        for node in key.iter(q(DS, "X509Certificate")):
            try:
                good.append(acceptable(str(node.text or ""), now))
            except ProviderRefused as error:
                problems.append(str(error))
    if not good:
        raise ProviderRefused(" ".join(["The metadata has no usable signing certificate.", *problems]))
    return tuple(dict.fromkeys(good))


def fetch(url: str, timeout: float = 10.0) -> bytes:
    """Get metadata over verified TLS (plain HTTP only from this machine), bounded in size and time;
    redirects are not followed, so that what was agreed is what is read. Raises ProviderRefused."""
    parts = urlsplit(checked_url(url))
    host = parts.hostname or ""
    connection: http.client.HTTPConnection
    if parts.scheme == "https":
        connection = http.client.HTTPSConnection(
            host, parts.port, timeout=timeout, context=ssl.create_default_context()
        )
    else:
        connection = http.client.HTTPConnection(host, parts.port, timeout=timeout)
    try:
        connection.request("GET", (parts.path or "/") + (f"?{parts.query}" if parts.query else ""))
        answer = connection.getresponse()
        if answer.status != 200:
            raise ProviderRefused(f"The metadata address answers {answer.status}.")
        data = answer.read(MAX_METADATA + 1)
    except (OSError, http.client.HTTPException) as error:
        raise ProviderRefused(f"The metadata can't be fetched: {type(error).__name__}.") from error
    finally:
        connection.close()
    if len(data) > MAX_METADATA:
        raise ProviderRefused("The metadata is larger than 1 MiB.")
    return data
