"""Our own metadata, as identity providers' administrators paste it or their programs fetch it.

It says the same to all of them for as long as our keys are the same, so nothing in it depends on the hour:
its end is that of the certificate that ends first, and a copy may be kept for CACHED_FOR, which is what
`counterpart idp rollover` waits between two steps.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from lxml import etree

from saml import certificates
from saml.attributes import MAIL_NAMES, PAIRWISE, SUBJECT, TARGETED
from saml.described import ASSURANCE, CATEGORIES, MDATTR, MDUI, POST, REDIRECT, XML_LANG
from saml.encryption import CIPHERS, OAEP, OAEP_MGF1P
from saml.engine import QUERY_METHODS, sign_message
from saml.identity import PERSISTENT
from saml.keys import Keys
from saml.precheck import DIGEST_METHODS
from saml.settings import SAMLSettings
from saml.xml import DS, MD, SAML, SAMLP, q, written

CACHED_FOR = timedelta(days=1)
ALG = "urn:oasis:names:tc:SAML:metadata:algsupport"
REMD = "http://refeds.org/metadata"
SECURITY_CONTACT = REMD + "/contactType/security"
TRANSIENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"
URI = "urn:oasis:names:tc:SAML:2.0:attrname-format:uri"
BASIC = "urn:oasis:names:tc:SAML:2.0:attrname-format:basic"
# All that we read of somebody, because some providers withhold what is not listed here. Only the work address
# is needed from everyone: it introduces a person once; then one of the ids is who they are.
WANTED = (
    (MAIL_NAMES[0], "mail", URI, "true"),
    (MAIL_NAMES[1], "mail", BASIC, "false"),
    (MAIL_NAMES[2], "emailaddress", URI, "false"),
    (SUBJECT, "subject-id", URI, "false"),
    (PAIRWISE, "pairwise-id", URI, "false"),
    (TARGETED, "eduPersonTargetedID", URI, "false"),
)
LOGO, LOGO_SIZE = "/static/logo.png", 128  # pixels each way
_NAMESPACES = {
    "md": MD, "ds": DS, "saml": SAML, "mdattr": MDATTR, "mdui": MDUI, "alg": ALG, "remd": REMD,
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Publisher:
    """Who we are, for people who read metadata. Empty values are left out."""

    service_name: str = "Counterpart"
    organisation: str = ""
    technical_mail: str = ""


def service_metadata(settings: SAMLSettings, keys: Keys, publisher: Publisher | None = None) -> bytes:
    """The signed EntityDescriptor (SAML V2.0 Metadata 2.4.4; Metadata Extensions for Login and Discovery;
    Profile for Algorithm Support; REFEDS security contact)."""
    publisher = publisher or Publisher()
    root = etree.Element(q(MD, "EntityDescriptor"), nsmap=_NAMESPACES)
    root.set("entityID", settings.entity_id)
    root.set("validUntil", written(min(certificates.ends(each) for each in keys.certificates)))
    root.set("cacheDuration", f"PT{CACHED_FOR.days * 24}H")
    _extensions(root, settings)
    _role(root, settings, keys, publisher)
    _organisation(root, settings, publisher)
    _contacts(root, settings, publisher)
    etree.indent(root)
    # The same words have the same ID, and so the same signature: whoever fetches it again sees no change.
    root.set("ID", "_" + hashlib.sha256(etree.tostring(root)).hexdigest()[:40])
    signed = sign_message(etree.tostring(root), keys.private_key, keys.current.certificate)
    return b"<?xml version='1.0' encoding='UTF-8'?>\n" + signed + b"\n"


def _extensions(root: etree._Element, settings: SAMLSettings) -> None:
    """What we believe of signatures, that we need a subject id, and what our operator states of us."""
    into = etree.SubElement(root, q(MD, "Extensions"))
    attributes = etree.SubElement(into, q(MDATTR, "EntityAttributes"))
    _entity_attribute(attributes, "urn:oasis:names:tc:SAML:profiles:subject-id:req", ["any"])
    _entity_attribute(attributes, ASSURANCE, settings.assurance)
    _entity_attribute(attributes, CATEGORIES[0], settings.categories)
    for digest in DIGEST_METHODS:
        etree.SubElement(into, q(ALG, "DigestMethod"), Algorithm=digest)
    for algorithm in sorted(QUERY_METHODS, key=lambda name: ("rsa" not in name, name)):
        method = etree.SubElement(into, q(ALG, "SigningMethod"), Algorithm=algorithm)
        method.set("MinKeySize", "2048" if "rsa" in algorithm else "256")


def _entity_attribute(into: etree._Element, name: str, values: Iterable[str]) -> None:
    if found := list(values):
        attribute = etree.SubElement(into, q(SAML, "Attribute"), Name=name, NameFormat=URI)
        for value in found:
            etree.SubElement(attribute, q(SAML, "AttributeValue")).text = value


def _role(root: etree._Element, settings: SAMLSettings, keys: Keys, publisher: Publisher) -> None:
    """The service provider: what is shown of it, its keys, where messages go, what it needs to know."""
    role = etree.SubElement(root, q(MD, "SPSSODescriptor"))
    role.set("protocolSupportEnumeration", SAMLP)
    role.set("AuthnRequestsSigned", "true")
    role.set("WantAssertionsSigned", "true")
    _shown(etree.SubElement(role, q(MD, "Extensions")), settings, publisher)
    for certificate in keys.certificates:
        _key_descriptor(role, "signing", certificate)
    encryption = _key_descriptor(role, "encryption", keys.encryption_certificate)
    for algorithm in (
        *CIPHERS,
        OAEP_MGF1P,
        OAEP,
    ):  # what we like best first: providers take the first they know
        etree.SubElement(encryption, q(MD, "EncryptionMethod"), Algorithm=algorithm)
    for binding in (REDIRECT, POST):
        etree.SubElement(role, q(MD, "SingleLogoutService"), Binding=binding, Location=settings.slo_url)
    for name_id in (PERSISTENT, TRANSIENT):
        etree.SubElement(role, q(MD, "NameIDFormat")).text = name_id
    acs = etree.SubElement(role, q(MD, "AssertionConsumerService"), Binding=POST, Location=settings.acs_url)
    acs.set("index", "0")
    acs.set("isDefault", "true")
    _wanted(role, publisher)


def _shown(into: etree._Element, settings: SAMLSettings, publisher: Publisher) -> None:
    info = etree.SubElement(into, q(MDUI, "UIInfo"))
    _said(info, q(MDUI, "DisplayName"), publisher.service_name)
    _said(info, q(MDUI, "Description"), settings.description)
    _said(info, q(MDUI, "InformationURL"), f"{settings.base_url}/help")
    _said(info, q(MDUI, "PrivacyStatementURL"), f"{settings.base_url}/privacy")
    logo = etree.SubElement(info, q(MDUI, "Logo"), height=str(LOGO_SIZE), width=str(LOGO_SIZE))
    logo.text = settings.base_url + LOGO


def _key_descriptor(role: etree._Element, use: str, certificate: str) -> etree._Element:
    key = etree.SubElement(role, q(MD, "KeyDescriptor"), use=use)
    info = etree.SubElement(etree.SubElement(key, q(DS, "KeyInfo")), q(DS, "X509Data"))
    lines = [line for line in certificate.strip().splitlines() if not line.startswith("-----")]
    etree.SubElement(info, q(DS, "X509Certificate")).text = "\n".join(lines)
    return key


def _wanted(role: etree._Element, publisher: Publisher) -> None:
    service = etree.SubElement(role, q(MD, "AttributeConsumingService"), index="0", isDefault="true")
    _said(service, q(MD, "ServiceName"), publisher.service_name)
    for name, friendly, form, required in WANTED:
        node = etree.SubElement(service, q(MD, "RequestedAttribute"), Name=name, NameFormat=form)
        node.set("FriendlyName", friendly)
        node.set("isRequired", required)


def _organisation(root: etree._Element, settings: SAMLSettings, publisher: Publisher) -> None:
    if publisher.organisation:
        node = etree.SubElement(root, q(MD, "Organization"))
        _said(node, q(MD, "OrganizationName"), publisher.organisation)
        _said(node, q(MD, "OrganizationDisplayName"), publisher.organisation)
        _said(node, q(MD, "OrganizationURL"), f"{settings.base_url}/")


def _contacts(root: etree._Element, settings: SAMLSettings, publisher: Publisher) -> None:
    """Whom an IT desk asks, and whom a security team calls (REFEDS Security Contact, which Sirtfi needs)."""
    technical, security = publisher.technical_mail, settings.security_mail or publisher.technical_mail
    if technical:
        for kind in ("technical", "support"):
            _contact(root, kind, publisher.service_name, technical)
    if security:
        contact = _contact(root, "other", "Security team", security)
        contact.set(q(REMD, "contactType"), SECURITY_CONTACT)


def _contact(root: etree._Element, kind: str, name: str, mail: str) -> etree._Element:
    contact = etree.SubElement(root, q(MD, "ContactPerson"), contactType=kind)
    etree.SubElement(contact, q(MD, "GivenName")).text = name
    etree.SubElement(contact, q(MD, "EmailAddress")).text = f"mailto:{mail}"
    return contact


def _said(into: etree._Element, tag: str, words: str) -> None:
    """A text for people, in English."""
    node = etree.SubElement(into, tag)
    node.set(XML_LANG, "en")
    node.text = words
