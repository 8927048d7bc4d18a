"""See only what is signed: verification returns the very bytes whose digest the signature vouches for."""

import hashlib
import hmac
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from lxml import etree

from saml.certificates import has_expired, load
from saml.encryption import Decryption, opened
from saml.engine import RSA_SHA256, bytes_are_signed, node_is_signed
from saml.errors import BadAssertion
from saml.precheck import ENVELOPED, Shaped, SignatureShape, check_decrypted
from saml.xml import DS, EXC_C14N, SAML, XENC, Unreadable, by_itself, from_base64, parse, parse_canonical, q

# Stands in for what can't be decrypted; see _decrypted. About as long as a real assertion.
_DECOY_VALUES = (
    '<saml:Attribute Name="decoy"><saml:AttributeValue>x</saml:AttributeValue></saml:Attribute>' * 20
)
_DECOY = f"""<decoy><saml:Assertion xmlns:saml="{SAML}" ID="_decoy"><ds:Signature xmlns:ds="{DS}">
<ds:SignedInfo><ds:CanonicalizationMethod Algorithm="{EXC_C14N}"/>
<ds:SignatureMethod Algorithm="{RSA_SHA256}"/><ds:Reference URI="#_decoy"><ds:Transforms>
<ds:Transform Algorithm="{ENVELOPED}"/><ds:Transform Algorithm="{EXC_C14N}"/></ds:Transforms>
<ds:DigestMethod Algorithm="{XENC}sha256"/><ds:DigestValue>AAAA</ds:DigestValue></ds:Reference>
</ds:SignedInfo><ds:SignatureValue>AAAA</ds:SignatureValue></ds:Signature>{_DECOY_VALUES}
</saml:Assertion></decoy>""".encode()


@dataclass(frozen=True, slots=True)
class Verified:
    """A Response whose assertion is signed by the provider. `assertion` was parsed from signed bytes
    alone."""

    response: etree._Element
    response_is_signed: bool
    assertion: etree._Element


def verify_response(
    shaped: Shaped, certificates: Iterable[str], decryption: Decryption, now: datetime
) -> Verified:
    """Verify every signature in the message with the provider's certificates, and decrypt. Raises
    BadAssertion."""
    keys = tuple(certificates)
    signed = {shape.parent: signed_bytes(shape, keys, now) for shape in shaped.signatures}
    whole = shaped.response in signed
    try:
        response = parse_canonical(signed[shaped.response]) if whole else shaped.response
        if shaped.assertion is None:
            encrypted = response.findall(q(SAML, "EncryptedAssertion"))[0]
            assertion = _decrypted(encrypted, whole, keys, decryption, now)
        elif whole:
            assertion = response.findall(q(SAML, "Assertion"))[0]
        else:
            assertion = parse_canonical(signed[shaped.assertion])
    except Unreadable as error:
        raise BadAssertion(str(error)) from error
    return Verified(response, whole, assertion)


def _decrypted(
    encrypted: etree._Element, whole: bool, keys: tuple[str, ...], decryption: Decryption, now: datetime
) -> etree._Element:
    """The assertion that was encrypted, judged like one sent in clear: whoever reads our metadata can encrypt
    for us, so it must be signed itself unless the `whole` Response is.

    What can't be opened costs as much as what was opened and is not signed by the provider, so that not even
    the time tells the two apart.
    """
    try:
        inner = check_decrypted(opened(encrypted, decryption))
        if not (whole or inner.signatures):
            raise BadAssertion("neither the Response nor the encrypted Assertion is signed")
    except BadAssertion:
        with suppress(BadAssertion):
            signed_bytes(check_decrypted(parse(_DECOY)).signatures[0], keys, now)
        raise
    if not inner.signatures:
        return inner.assertion
    return parse_canonical(signed_bytes(inner.signatures[0], keys, now))


def signed_bytes(shape: SignatureShape, certificates: Iterable[str], now: datetime) -> bytes:
    """The canonical bytes that the signature covers; the tree loses the signature on the way, so that nothing
    is copied. Raises BadAssertion.

    Three things must hold, the cheapest first, so that a stranger's message costs no canonicalisation: a
    registered key made the signature value over SignedInfo; the engine says that the signature is good; and
    the digest in it is that of the bytes we are going to read. Even if the engine looked at another element
    than we do, nothing unsigned could be read.
    """
    signer = _signer(shape, certificates, now)
    if not node_is_signed(shape.node, signer):
        raise BadAssertion("the engine does not find the signature good")
    canonical, expected = _canonical(shape), _bytes(shape.digest_value)
    if not hmac.compare_digest(hashlib.new(shape.digest, canonical).digest(), expected):
        raise BadAssertion("the signed digest is not that of the element we would read")
    return canonical


def signed_document(shape: SignatureShape, certificates: Iterable[str], now: datetime) -> bytes:
    """As signed_bytes, for a signature that must be that of a whole document. Raises BadAssertion."""
    if shape.parent.getparent() is not None:
        raise BadAssertion("the signature is not that of the whole document")
    return signed_bytes(shape, certificates, now)


def _signer(shape: SignatureShape, certificates: Iterable[str], now: datetime) -> str:
    """The certificate whose key made the signature value over SignedInfo. What is signed is not looked at."""
    usable = [pem for pem in certificates if not has_expired(load(pem), now)]
    if not usable:
        raise BadAssertion("every signing certificate registered for the provider has expired")
    info = _written(shape.node[0], shape.info_prefixes)
    value = _bytes(shape.value)
    for pem in usable:
        if bytes_are_signed(info, value, shape.method, pem):
            return pem
    raise BadAssertion("the signature was not made by a registered key of the provider")


def _bytes(text: str) -> bytes:
    try:
        return from_base64(text, limit=4096)
    except Unreadable as error:
        raise BadAssertion("a signature or digest is not base64") from error


def _canonical(shape: SignatureShape) -> bytes:
    """Exclusive c14n of the parent without its own signature."""
    if shape.node.getparent() is not shape.parent:
        raise BadAssertion("the signature is not where it was")
    _remove_keeping_tail(shape.node)
    return _written(shape.parent, shape.prefixes)


def _written(apex: etree._Element, prefixes: tuple[str, ...]) -> bytes:
    """Exclusive c14n. A prefix of InclusiveNamespaces is declared by the apex if it is in scope, also where
    the declaration stands further out; for that the apex has to be a document of its own."""
    try:
        if prefixes and apex.getparent() is not None:
            apex = by_itself(apex)
        canonical: bytes = etree.tostring(
            apex,
            method="c14n",
            exclusive=True,
            with_comments=False,
            inclusive_ns_prefixes=list(prefixes) or None,
        )
    except Unreadable as error:
        raise BadAssertion(str(error)) from error
    except (ValueError, etree.LxmlError) as error:
        raise BadAssertion("the signed element can't be made canonical") from error
    return canonical


def _remove_keeping_tail(node: etree._Element) -> None:
    parent = node.getparent()
    if parent is None:
        return
    previous = node.getprevious()
    if node.tail:
        if previous is None:
            parent.text = (parent.text or "") + node.tail
        else:
            previous.tail = (previous.tail or "") + node.tail
    parent.remove(node)
