"""Logout messages as they arrive: in a signed address (HTTP-Redirect) or in a posted form (HTTP-POST).

Either way sizes are bounded first and the shape is checked before any cryptography. Over Redirect the
signature is over the raw query, exactly as it came; over POST it is in the XML, and only what it covers is
read.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import unquote_plus

from lxml import etree

from saml.attributes import whole_text
from saml.certificates import has_expired, load
from saml.engine import QUERY_METHODS, bytes_are_signed
from saml.errors import BadAssertion, BadLogout
from saml.precheck import SignatureShape, check_ids, signature_shape
from saml.provider import Provider
from saml.verify import signed_bytes
from saml.xml import DS, SAML, Unreadable, from_base64, inflate, parse, q

MAX_MESSAGE = 64 * 1024
MAX_ELEMENTS = 200
MAX_FIELDS = 50
_KINDS = ("SAMLRequest", "SAMLResponse")
_FIELDS = (*_KINDS, "RelayState", "SigAlg", "Signature")
_PLAIN_ASCII = re.compile(r"[\x21-\x7e]*")


@dataclass(frozen=True, slots=True)
class QuerySignature:
    """A signature over the raw query string."""

    signed: bytes  # exactly as it arrived
    algorithm: str
    signature: bytes


@dataclass(frozen=True, slots=True)
class Arrived:
    """A logout message, unpacked within bounds. Nothing in it is believed yet."""

    kind: str  # "SAMLRequest" | "SAMLResponse"
    root: etree._Element
    relay_state: str
    proof: QuerySignature | SignatureShape

    @property
    def issuer(self) -> str:
        """Whom the message says it is from: only good for choosing whose keys must have signed."""
        return issuer_of(self.root)


def issuer_of(root: etree._Element) -> str:
    """The text of the only Issuer. Raises BadLogout."""
    nodes = root.findall(q(SAML, "Issuer"))
    if len(nodes) != 1:
        raise BadLogout("the logout message does not have exactly one issuer")
    try:
        return whole_text(nodes[0])
    except Unreadable as error:
        raise BadLogout(str(error)) from error


def read_redirect(query_string: str) -> Arrived:
    """Unpack the raw query string. Raises BadLogout."""
    raw = _raw_fields(query_string)
    kinds = [name for name in _KINDS if name in raw]
    if len(kinds) != 1 or "SigAlg" not in raw or "Signature" not in raw:
        raise BadLogout("the logout message is not signed, or is two messages")
    names = [name for name in (kinds[0], "RelayState", "SigAlg") if name in raw]
    try:
        message = inflate(from_base64(unquote_plus(raw[kinds[0]]), MAX_MESSAGE), MAX_MESSAGE)
        proof = QuerySignature(
            "&".join(f"{name}={raw[name]}" for name in names).encode("ascii"),
            unquote_plus(raw["SigAlg"]),
            from_base64(unquote_plus(raw["Signature"]), 4096),
        )
        root = parse(message, MAX_MESSAGE, MAX_ELEMENTS)
    except Unreadable as error:
        raise BadLogout(str(error)) from error
    return Arrived(kinds[0], root, unquote_plus(raw.get("RelayState", "")), proof)


def _raw_fields(query_string: str) -> dict[str, str]:
    """The five fields, still encoded as they came: senders differ in how they encode, and the signature is
    over that."""
    if len(query_string) > MAX_MESSAGE or not _PLAIN_ASCII.fullmatch(query_string):
        raise BadLogout("the query is too long or not ASCII")
    parts = query_string.split("&")
    if len(parts) > MAX_FIELDS:
        raise BadLogout("the query has too many fields")
    raw: dict[str, str] = {}
    for part in parts:
        name, _, value = part.partition("=")
        if unquote_plus(name) in _FIELDS:
            if name in raw or name not in _FIELDS:
                raise BadLogout("a field of the query comes twice or in disguise")
            raw[name] = value
    return raw


def read_post(form: Mapping[str, str]) -> Arrived:
    """Unpack a posted form, of which no field came twice. Raises BadLogout."""
    kinds = [name for name in _KINDS if name in form]
    if len(kinds) != 1:
        raise BadLogout("the form carries no logout message, or two")
    try:
        root = parse(from_base64(form[kinds[0]], MAX_MESSAGE), MAX_MESSAGE, MAX_ELEMENTS)
        check_ids(root)
        signatures = list(root.iter(q(DS, "Signature")))
        if len(signatures) != 1 or signatures[0].getparent() is not root:
            raise BadLogout("the posted logout message is not signed, or not as a whole")
        proof = signature_shape(root, signatures[0])
    except Unreadable as error:
        raise BadLogout(str(error)) from error
    except BadAssertion as error:
        raise BadLogout(error.reason) from error
    relay_state = form.get("RelayState", "")
    if len(relay_state) > MAX_MESSAGE:
        raise BadLogout("the RelayState is too long")
    return Arrived(kinds[0], root, relay_state, proof)


def believed(arrived: Arrived, provider: Provider, now: datetime) -> etree._Element:
    """The message as a registered, unexpired key of the provider signed it. Raises BadLogout."""
    if isinstance(arrived.proof, QuerySignature):
        _check_query(arrived.proof, provider, now)
        return arrived.root
    try:
        return parse(signed_bytes(arrived.proof, provider.certificates, now), MAX_MESSAGE, MAX_ELEMENTS)
    except (BadAssertion, Unreadable) as error:
        raise BadLogout(str(error), provider.id) from error


def _check_query(proof: QuerySignature, provider: Provider, now: datetime) -> None:
    if proof.algorithm not in QUERY_METHODS:
        raise BadLogout("the signature algorithm of the logout message is not allowed", provider.id)
    usable = [pem for pem in provider.certificates if not has_expired(load(pem), now)]
    if not any(bytes_are_signed(proof.signed, proof.signature, proof.algorithm, pem) for pem in usable):
        raise BadLogout("the logout message is not signed by a registered key of the provider", provider.id)
