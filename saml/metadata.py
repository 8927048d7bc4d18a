"""A metadata document: parsed strictly, signature verified; refused with words that say how to mend it."""

from collections.abc import Iterable
from datetime import datetime

from lxml import etree

from saml.described import ProviderMetadata, describe
from saml.errors import BadAssertion, ProviderRefused
from saml.precheck import signature_shape
from saml.verify import signed_document
from saml.xml import DS, Unreadable, parse, q

MAX_METADATA = 1024 * 1024  # bytes of one provider's; Entra's, the longest seen, has 70 kB
MAX_ELEMENTS = 20_000


def read(data: bytes, now: datetime, signers: Iterable[str] = ()) -> ProviderMetadata:
    """Read one EntityDescriptor. With `signers` (certificates in PEM) it must be signed by one of them, and
    only what is signed is read. Raises ProviderRefused.
    """
    try:
        root = _parsed(data)
        keys = tuple(signers)
        if keys:
            root = _parsed(verified(root, keys, now))
        return describe(root, now)
    except Unreadable as error:
        raise ProviderRefused(f"The metadata can't be read: {error}.") from error


def verified(root: etree._Element, signers: tuple[str, ...], now: datetime) -> bytes:
    """The bytes of the whole document that the signature covers; the tree loses its signature on the way.
    Exactly the root must be signed. Raises ProviderRefused.
    """
    signatures = root.findall(q(DS, "Signature"))
    if len(signatures) != 1:
        raise ProviderRefused("The metadata is not signed, but a signing certificate was given for it.")
    try:
        return signed_document(signature_shape(root, signatures[0]), signers, now)
    except BadAssertion as error:
        raise ProviderRefused(
            f"The signature of the metadata can't be believed: {error.reason}. Is metadata_certificate the "
            "one that its publisher signs with today?"
        ) from error


def _parsed(data: bytes) -> etree._Element:
    return parse(data, MAX_METADATA, MAX_ELEMENTS, drop_comments=True)
