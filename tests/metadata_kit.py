"""Metadata as providers and federations publish it, honest or not, for tests."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from lxml import etree

from dev.identity_provider import messages
from saml.source import Source
from saml.xml import written
from tests.saml_kit import NOW, identity_provider, key_pair, sign_oddly

MD = "{urn:oasis:names:tc:SAML:2.0:metadata}"
FEDERATION = key_pair("federation")[1]


def described(name: str = "rivers", key: str = "", *, until: datetime | None = None) -> etree._Element:
    """A provider's EntityDescriptor, unsigned; with another one's key if given."""
    root = etree.fromstring(messages.metadata(identity_provider(name, key)))
    if until is not None:
        root.set("validUntil", written(until))
    return root


def signed(root: etree._Element, key: str = "federation", **oddly: object) -> bytes:
    """The document with its root signed."""
    root.set("ID", root.get("ID", "_document"))
    return sign_oddly(root, whole=True, key=key, **oddly)  # type: ignore[arg-type]


def group(entities: Iterable[etree._Element], days: float | None = 14) -> etree._Element:
    """A federation's EntitiesDescriptor around them."""
    root = etree.Element(f"{MD}EntitiesDescriptor", Name="urn:example:federation")
    if days is not None:
        root.set("validUntil", written(NOW + timedelta(days=days)))
    root.extend(entities)
    return root


def of_federation(name: str = "rivers") -> Source:
    """The registration's source for one provider of the federation."""
    return Source(entity_id=identity_provider(name).entity_id, signers=(FEDERATION,))
