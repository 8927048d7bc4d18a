"""The messages that a provider writes. Every part can be set, so that the tests can make wrong ones too."""

import base64
import hashlib
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import xmlsec
from lxml import etree

from dev.identity_provider.config import DS, MD, Identity, IdentityProvider, Service
from dev.identity_provider.logo import SIZE, logo

SAMLP = "urn:oasis:names:tc:SAML:2.0:protocol"
SAML = "urn:oasis:names:tc:SAML:2.0:assertion"
PERSISTENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
SUCCESS = "urn:oasis:names:tc:SAML:2.0:status:Success"
BEARER = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
URI = "urn:oasis:names:tc:SAML:2.0:attrname-format:uri"
SUBJECT_ID = "urn:oasis:names:tc:SAML:attribute:subject-id"
MAIL = "urn:oid:0.9.2342.19200300.100.1.3"
POST = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
REDIRECT = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
CONTEXT = "urn:oasis:names:tc:SAML:2.0:ac:classes:unspecified"  # true: one only chose a name
MDUI = "urn:oasis:names:tc:SAML:metadata:ui"
LANG = "{http://www.w3.org/XML/1998/namespace}lang"
NAMESPACES = {"samlp": SAMLP, "saml": SAML}


def new_id() -> str:
    """A fresh message ID."""
    return f"_{secrets.token_hex(16)}"


def written(moment: datetime) -> str:
    """A moment as SAML writes it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def name_id_of(provider: IdentityProvider, identity: Identity) -> str:
    """The persistent NameID of somebody: stable, and telling nothing."""
    return hashlib.sha256(f"{provider.entity_id}|{identity.subject_id}".encode()).hexdigest()[:40]


@dataclass(slots=True)
class Answer:
    """The parts of a Response; what is None is left out."""

    issuer: str
    destination: str | None
    in_response_to: str | None  # of the Response
    audience: str | None
    now: datetime
    name_id: str | None
    attributes: dict[str, list[str]]
    confirmed_request: str | None  # InResponseTo of the confirmation
    recipient: str | None
    response_id: str = field(default_factory=new_id)
    assertion_id: str = field(default_factory=new_id)
    session_index: str = field(default_factory=new_id)
    minutes: float | None = 5
    authenticated_minutes_ago: float = 0
    method: str = BEARER


def answer_for(
    provider: IdentityProvider, service: Service, identity: Identity, request_id: str, now: datetime
) -> Answer:
    """The honest answer to a request."""
    return Answer(
        issuer=provider.entity_id,
        destination=service.acs_url,
        in_response_to=request_id,
        audience=service.entity_id,
        now=now,
        name_id=name_id_of(provider, identity),
        attributes={SUBJECT_ID: [identity.subject_id], MAIL: [identity.mail]},
        confirmed_request=request_id,
        recipient=service.acs_url,
    )


def _sub(
    parent: etree._Element, name: str, text: str | None = None, **attributes: str | None
) -> etree._Element:
    node = etree.SubElement(parent, name)
    node.text = text
    for key, value in attributes.items():
        if value is not None:
            node.set(key, value)
    return node


def _s(name: str) -> str:
    return f"{{{SAML}}}{name}"


def _p(name: str) -> str:
    return f"{{{SAMLP}}}{name}"


def response(answer: Answer) -> etree._Element:
    """An unsigned Response with one assertion."""
    root = _envelope("Response", answer.response_id, answer.issuer, answer.destination, answer.now)
    if answer.in_response_to is not None:
        root.set("InResponseTo", answer.in_response_to)
    _sub(_sub(root, _p("Status")), _p("StatusCode"), Value=SUCCESS)
    root.append(_assertion(answer))
    return root


def refusal(provider: IdentityProvider, service: Service, request_id: str, now: datetime) -> etree._Element:
    """An unsigned Response that says that nobody was signed in."""
    root = _envelope("Response", new_id(), provider.entity_id, service.acs_url, now)
    root.set("InResponseTo", request_id)
    outer = _sub(
        _sub(root, _p("Status")), _p("StatusCode"), Value="urn:oasis:names:tc:SAML:2.0:status:Responder"
    )
    _sub(outer, _p("StatusCode"), Value="urn:oasis:names:tc:SAML:2.0:status:AuthnFailed")
    return root


def _envelope(
    name: str, identifier: str, issuer: str, destination: str | None, now: datetime
) -> etree._Element:
    root = etree.Element(_p(name), nsmap=NAMESPACES)
    root.set("ID", identifier)
    root.set("Version", "2.0")
    root.set("IssueInstant", written(now))
    if destination is not None:
        root.set("Destination", destination)
    _sub(root, _s("Issuer"), issuer)
    return root


def _assertion(answer: Answer) -> etree._Element:
    node = etree.Element(_s("Assertion"), nsmap=NAMESPACES)
    node.set("ID", answer.assertion_id)
    node.set("Version", "2.0")
    node.set("IssueInstant", written(answer.now))
    _sub(node, _s("Issuer"), answer.issuer)
    ends = None if answer.minutes is None else written(answer.now + timedelta(minutes=answer.minutes))
    subject = _sub(node, _s("Subject"))
    if answer.name_id is not None:
        _sub(subject, _s("NameID"), answer.name_id, Format=PERSISTENT)
    confirmation = _sub(subject, _s("SubjectConfirmation"), Method=answer.method)
    _sub(
        confirmation, _s("SubjectConfirmationData"), None, NotOnOrAfter=ends, Recipient=answer.recipient,
        InResponseTo=answer.confirmed_request,
    )  # fmt: skip
    conditions = _sub(node, _s("Conditions"), None, NotBefore=written(answer.now), NotOnOrAfter=ends)
    if answer.audience is not None:
        _sub(_sub(conditions, _s("AudienceRestriction")), _s("Audience"), answer.audience)
    signed_in = written(answer.now - timedelta(minutes=answer.authenticated_minutes_ago))
    statement = _sub(
        node, _s("AuthnStatement"), None, AuthnInstant=signed_in, SessionIndex=answer.session_index
    )
    _sub(_sub(statement, _s("AuthnContext")), _s("AuthnContextClassRef"), CONTEXT)
    values = _sub(node, _s("AttributeStatement"))
    for name, texts in answer.attributes.items():
        attribute = _sub(values, _s("Attribute"), None, Name=name, NameFormat=URI)
        for text in texts:
            _sub(attribute, _s("AttributeValue"), text)
    return node


def sign(node: etree._Element, provider: IdentityProvider) -> bytes:
    """Sign the element (RSA-SHA256, enveloped) and return its whole document."""
    certificate = f"\n{provider.certificate}"
    signature = xmlsec.template.create(
        node, xmlsec.constants.TransformExclC14N, xmlsec.constants.TransformRsaSha256, ns="ds"
    )
    issuer = node.find(_s("Issuer"))
    node.insert(0 if issuer is None else list(node).index(issuer) + 1, signature)
    reference = xmlsec.template.add_reference(
        signature, xmlsec.constants.TransformSha256, uri=f"#{node.get('ID')}"
    )
    xmlsec.template.add_transform(reference, xmlsec.constants.TransformEnveloped)
    xmlsec.template.add_transform(reference, xmlsec.constants.TransformExclC14N)
    xmlsec.template.add_x509_data(xmlsec.template.ensure_key_info(signature))
    context = xmlsec.SignatureContext()
    context.key = xmlsec.Key.from_memory(provider.key, xmlsec.constants.KeyDataFormatPem, None)
    context.key.load_cert_from_memory(certificate.strip(), xmlsec.constants.KeyDataFormatPem)
    root = node.getroottree().getroot()
    xmlsec.tree.add_ids(root, ["ID"])
    context.sign(signature)
    return etree.tostring(root)


def signed_response(
    answer: Answer, provider: IdentityProvider, *, whole: bool = False, encrypt_for: str = ""
) -> bytes:
    """A Response whose assertion (or, with `whole`, whose envelope) is signed; with a certificate to encrypt
    for, the assertion is encrypted before the envelope is signed, as SAML Core 6.2 has it."""
    root = response(answer)
    if not whole:
        root = etree.fromstring(sign(_child(root, "Assertion"), provider))
    if encrypt_for:
        root = encrypt(_child(root, "Assertion"), "EncryptedAssertion", encrypt_for)
    return sign(root, provider) if whole else etree.tostring(root)


def _child(root: etree._Element, name: str) -> etree._Element:
    return root.findall(_s(name))[0]


def encrypt(node: etree._Element, wrapper: str, certificate: str) -> etree._Element:
    """Put the element, encrypted for the certificate's key, into a wrapper of that name; returns the whole
    document."""
    parent = node.getparent()
    if parent is None:
        raise ValueError("Only a part of a message can be encrypted.")
    place = etree.Element(_s(wrapper))
    parent.replace(node, place)
    place.append(node)
    data = xmlsec.template.encrypted_data_create(
        place, xmlsec.constants.TransformAes128Gcm, type=xmlsec.constants.TypeEncElement, ns="xenc"
    )
    xmlsec.template.encrypted_data_ensure_cipher_value(data)
    info = xmlsec.template.encrypted_data_ensure_key_info(data, ns="ds")
    wrapped = xmlsec.template.add_encrypted_key(info, xmlsec.constants.TransformRsaOaep)
    xmlsec.template.encrypted_data_ensure_cipher_value(wrapped)
    manager = xmlsec.KeysManager()
    manager.add_key(xmlsec.Key.from_memory(certificate, xmlsec.constants.KeyDataFormatCertPem, None))
    context = xmlsec.EncryptionContext(manager)
    context.key = xmlsec.Key.generate(xmlsec.constants.KeyDataAes, 128, xmlsec.constants.KeyDataTypeSession)
    context.encrypt_xml(data, node)
    # Parsed again, as lxml does not find by name what xmlsec put into the tree.
    return etree.fromstring(etree.tostring(place.getroottree()))


def logout_request(
    provider: IdentityProvider, service: Service, name_id: str, session_index: str, now: datetime
) -> etree._Element:
    """A LogoutRequest to the service."""
    root = _envelope("LogoutRequest", new_id(), provider.entity_id, service.slo_url, now)
    _sub(root, _s("NameID"), name_id, Format=PERSISTENT)
    if session_index:
        _sub(root, _p("SessionIndex"), session_index)
    return root


def logout_response(
    provider: IdentityProvider, service: Service, in_response_to: str, now: datetime
) -> etree._Element:
    """The answer to a service's LogoutRequest."""
    root = _envelope("LogoutResponse", new_id(), provider.entity_id, service.slo_url, now)
    root.set("InResponseTo", in_response_to)
    _sub(_sub(root, _p("Status")), _p("StatusCode"), Value=SUCCESS)
    return root


def metadata(provider: IdentityProvider) -> bytes:
    """The provider's own metadata."""
    root = etree.Element(f"{{{MD}}}EntityDescriptor", nsmap={"md": MD, "ds": DS, "mdui": MDUI})
    root.set("entityID", provider.entity_id)
    role = _sub(root, f"{{{MD}}}IDPSSODescriptor", None, protocolSupportEnumeration=SAMLP)
    role.set("WantAuthnRequestsSigned", "true")
    shown = _sub(_sub(role, f"{{{MD}}}Extensions", None), f"{{{MDUI}}}UIInfo", None)
    _sub(shown, f"{{{MDUI}}}DisplayName", provider.name).set(LANG, "en")
    _sub(shown, f"{{{MDUI}}}Logo", logo(provider.name), height=str(SIZE[1]), width=str(SIZE[0]))
    info = _sub(_sub(role, f"{{{MD}}}KeyDescriptor", None, use="signing"), f"{{{DS}}}KeyInfo")
    body = "".join(line for line in provider.certificate.splitlines() if not line.startswith("-----"))
    _sub(_sub(info, f"{{{DS}}}X509Data"), f"{{{DS}}}X509Certificate", body)
    for binding in (REDIRECT, POST):
        _sub(role, f"{{{MD}}}SingleLogoutService", None, Binding=binding, Location=provider.slo_url)
    _sub(role, f"{{{MD}}}NameIDFormat", PERSISTENT)
    for binding in (REDIRECT, POST):
        _sub(role, f"{{{MD}}}SingleSignOnService", None, Binding=binding, Location=provider.sso_url)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)


def encoded(message: bytes) -> str:
    """As a posted form carries it."""
    return base64.b64encode(message).decode("ascii")
