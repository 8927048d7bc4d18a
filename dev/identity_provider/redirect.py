"""The HTTP-Redirect binding at the provider's side, on plain cryptography rather than on the portal's
code."""

import base64
import binascii
import zlib
from dataclasses import dataclass
from urllib.parse import parse_qs, quote_plus

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from lxml import etree

from dev.identity_provider.config import IdentityProvider, Service

RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
LIMIT = 64 * 1024


class BadRequest(ValueError):
    """A message from the service that the provider does not answer; the text says why."""


@dataclass(frozen=True, slots=True)
class Message:
    """A verified message from the service."""

    kind: str  # "SAMLRequest" | "SAMLResponse"
    root: etree._Element
    relay_state: str


def url(address: str, kind: str, root: etree._Element, relay_state: str, provider: IdentityProvider) -> str:
    """The address with the message, deflated and signed by the provider."""
    return f"{address}?{query(kind, etree.tostring(root), relay_state, provider.key)}"


def query(kind: str, message: bytes, relay_state: str, key: str) -> str:
    """The signed query string."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = base64.b64encode(packer.compress(message) + packer.flush()).decode()
    fields = [(kind, packed), *([("RelayState", relay_state)] if relay_state else []), ("SigAlg", RSA_SHA256)]
    text = "&".join(f"{name}={quote_plus(value)}" for name, value in fields)
    private = serialization.load_pem_private_key(key.encode(), None)
    if not isinstance(private, rsa.RSAPrivateKey):
        raise TypeError("The demonstration provider signs with RSA.")
    signature = private.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())
    return f"{text}&Signature={quote_plus(base64.b64encode(signature))}"


def read(query_string: str, service: Service, destination: str) -> Message:
    """Verify and unpack a message of the service. Raises BadRequest."""
    raw = dict(part.partition("=")[::2] for part in query_string.split("&"))
    values = {name: found[0] for name, found in parse_qs(query_string).items()}
    kind = "SAMLRequest" if "SAMLRequest" in raw else "SAMLResponse"
    if kind not in raw or "Signature" not in raw or values.get("SigAlg") != RSA_SHA256:
        raise BadRequest("The address carries no signed SAML message.")
    signed = "&".join(f"{name}={raw[name]}" for name in (kind, "RelayState", "SigAlg") if name in raw)
    try:
        signature = base64.b64decode(values["Signature"], validate=True)
        unpacked = zlib.decompressobj(-15).decompress(base64.b64decode(values[kind], validate=True), LIMIT)
        root = etree.fromstring(unpacked, etree.XMLParser(resolve_entities=False, no_network=True))
    except (binascii.Error, ValueError, zlib.error, etree.XMLSyntaxError) as error:
        raise BadRequest("The message can't be unpacked.") from error
    if not any(_verifies(signed.encode(), signature, pem) for pem in service.certificates):
        raise BadRequest("The message is not signed by the service.")
    check_addressed(root, service, destination)
    return Message(kind, root, values.get("RelayState", ""))


def check_addressed(root: etree._Element, service: Service, destination: str) -> None:
    """Raise BadRequest unless the message is from the service and for this address."""
    issuer = root.find("{urn:oasis:names:tc:SAML:2.0:assertion}Issuer")
    if root.get("Destination") != destination or issuer is None or issuer.text != service.entity_id:
        raise BadRequest("The message is not from the service, or not for this provider.")


def _verifies(signed: bytes, signature: bytes, pem: str) -> bool:
    key = x509.load_pem_x509_certificate(pem.encode()).public_key()
    if not isinstance(key, rsa.RSAPublicKey):
        return False
    try:
        key.verify(signature, signed, padding.PKCS1v15(), hashes.SHA256())
    except InvalidSignature:
        return False
    return True
