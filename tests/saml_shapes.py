"""Writes a Response as text in the shape that a product gives it, signed and encrypted with our keys."""

from dataclasses import dataclass
from datetime import timedelta

import xmlsec
from lxml import etree

from saml.attributes import SUBJECT
from saml.identity import PERSISTENT
from saml.provider import SUBJECT_ID
from saml.xml import SAML, SAMLP, q, written
from tests.saml_encryption import Recipe, encrypted
from tests.saml_kit import NOW, REQUEST_ID, SETTINGS, identity_provider, key_pair

NAME_URI = "urn:oasis:names:tc:SAML:2.0:attrname-format:uri"
PASSWORD = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"
KEY = "rc-10017@rivers-and-coasts.example"
XSD = 'xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
SUBJECT_ID_ATTRIBUTE = (SUBJECT, NAME_URI, KEY)


@dataclass(frozen=True)
class Shape:
    """How one product writes a Response."""

    p: str = "samlp:"  # prefix of the protocol's elements, with its colon; "" = the default namespace
    a: str = "saml:"  # prefix of the assertion's
    entity_id: str = identity_provider().entity_id
    name_id: str = f'<{{a}}NameID Format="{PERSISTENT}">6f2c8a</{{a}}NameID>'  # {a}: the prefix
    attributes: tuple[tuple[str, str, str], ...] = (SUBJECT_ID_ATTRIBUTE,)  # name, format, text
    attribute_extra: str = ""  # XML attributes of each Attribute
    value_extra: str = ""  # XML attributes of each AttributeValue
    more_attributes: str = ""  # whole Attribute elements
    statements: int = 1  # over how many AttributeStatements the attributes are spread
    audiences: tuple[str, ...] = (SETTINGS.entity_id,)
    conditions: str = ""  # further ones
    context: str = f"<{{a}}AuthnContextClassRef>{PASSWORD}</{{a}}AuthnContextClassRef>"
    session: str = 'SessionIndex="_s1"'
    minutes: int = 5
    status_more: str = ""
    extensions: str = ""  # of the Response
    confirmations: str = ""  # further ones, before ours
    more_statements: str = ""  # further AuthnStatements, after the first
    zone: str = "Z"  # how times say that they are UTC
    key_info: str = ""  # more of it in the first signature, which does not cover it
    between: str = ""  # white space between elements
    signs: tuple[str, ...] = ("Assertion",)  # in this order
    encrypts: Recipe | None = None
    inclusive: str = ""  # prefixes that the canonicalisation names
    ds: str | None = "ds"  # prefix of the signature; None = its default namespace
    fraction: str = ""  # of the seconds in times
    issuer_format: str = ""
    identity_attribute: str = SUBJECT_ID
    key: str = KEY  # what the person is known by


def _moment(shape: Shape, minutes: float = 0) -> str:
    return written(NOW + timedelta(minutes=minutes)).replace("Z", f"{shape.fraction}{shape.zone}")


def _attributes(shape: Shape) -> str:
    a, parts = shape.a, []
    for name, kind, text in shape.attributes:
        form = f' NameFormat="{kind}"' if kind else ""
        value = f"<{a}AttributeValue {shape.value_extra}>{text}</{a}AttributeValue>"
        parts.append(f'<{a}Attribute Name="{name}"{form} {shape.attribute_extra}>{value}</{a}Attribute>')
    parts.append(shape.more_attributes.format(a=a))
    groups = [parts] if shape.statements == 1 else [[part] for part in parts if part]
    whole = [f"<{a}AttributeStatement>{''.join(group)}</{a}AttributeStatement>" for group in groups]
    return shape.between.join(whole) if any("Attribute " in part for part in parts) else ""


def _assertion(shape: Shape) -> str:
    a, w = shape.a, shape.between
    issuer = f"<{a}Issuer{shape.issuer_format}>{shape.entity_id}</{a}Issuer>"
    data = f'InResponseTo="{REQUEST_ID}" Recipient="{SETTINGS.acs_url}" NotOnOrAfter="{_moment(shape, 5)}"'
    name = shape.name_id.format(a=a)
    confirmation = shape.confirmations.format(a=a, acs=SETTINGS.acs_url) + (
        f'<{a}SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer">{w}'
        f"<{a}SubjectConfirmationData {data}/>{w}</{a}SubjectConfirmation>"
    )
    audiences = w.join(f"<{a}Audience>{one}</{a}Audience>" for one in shape.audiences)
    validity = f'NotBefore="{_moment(shape, -5)}" NotOnOrAfter="{_moment(shape, shape.minutes)}"'
    return w.join((
        f'<{a}Assertion xmlns{_declares(a)}="{SAML}" {XSD} ID="_a1" Version="2.0"'
        f' IssueInstant="{_moment(shape)}">',
        issuer,
        f"<{a}Subject>{w}{name}{w}{confirmation}{w}</{a}Subject>",
        f"<{a}Conditions {validity}>{w}<{a}AudienceRestriction>{w}{audiences}{w}</{a}AudienceRestriction>"
        f"{shape.conditions.format(a=a)}{w}</{a}Conditions>",
        f'<{a}AuthnStatement AuthnInstant="{_moment(shape)}" {shape.session}>{w}<{a}AuthnContext>{w}'
        f"{shape.context.format(a=a)}{w}</{a}AuthnContext>{w}</{a}AuthnStatement>"
        + shape.more_statements.format(a=a),
        _attributes(shape),
        f"</{a}Assertion>",
    ))  # fmt: skip


def _declares(prefix: str) -> str:
    return f":{prefix[:-1]}" if prefix else ""


def written_as(shape: Shape) -> bytes:
    """The Response, signed and encrypted as the shape says."""
    p, a, w = shape.p, shape.a, shape.between
    text = w.join((
        f'<{p}Response xmlns{_declares(p)}="{SAMLP}" ID="_r1" Version="2.0" InResponseTo="{REQUEST_ID}"'
        f' Destination="{SETTINGS.acs_url}" IssueInstant="{_moment(shape)}">',
        f'<{a}Issuer xmlns{_declares(a)}="{SAML}"{shape.issuer_format}>{shape.entity_id}</{a}Issuer>',
        shape.extensions.format(p=p),
        f'<{p}Status><{p}StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/>'
        f"{shape.status_more.format(p=p)}</{p}Status>",
        _assertion(shape),
        f"</{p}Response>",
    ))  # fmt: skip
    message = text.encode()
    for name in [one for one in shape.signs if one == "Assertion"]:
        message = _signed(message, name, shape)
    if shape.encrypts is not None:
        message = _encrypted(message, shape.encrypts)
    return _signed(message, "Response", shape) if "Response" in shape.signs else message


def _target(root: etree._Element, name: str) -> etree._Element:
    return root if name == "Response" else root.findall(q(SAML, name))[0]


def _signed(message: bytes, name: str, shape: Shape) -> bytes:
    root = etree.fromstring(message)
    target = _target(root, name)
    constants = xmlsec.constants
    signature = xmlsec.template.create(
        target, constants.TransformExclC14N, constants.TransformRsaSha256, ns=shape.ds
    )
    target.insert(1, signature)
    reference = xmlsec.template.add_reference(
        signature, constants.TransformSha256, uri=f"#{target.get('ID')}"
    )
    xmlsec.template.add_transform(reference, constants.TransformEnveloped)
    c14n = xmlsec.template.add_transform(reference, constants.TransformExclC14N)
    if shape.inclusive:
        xmlsec.template.transform_add_c14n_inclusive_namespaces(c14n, shape.inclusive)
    xmlsec.template.add_x509_data(xmlsec.template.ensure_key_info(signature))
    context = xmlsec.SignatureContext()
    key, certificate = key_pair("rivers")
    context.key = xmlsec.Key.from_memory(key, constants.KeyDataFormatPem, None)
    context.key.load_cert_from_memory(certificate, constants.KeyDataFormatPem)
    xmlsec.tree.add_ids(root, ["ID"])
    context.sign(signature)
    if shape.key_info:
        signature[-1].append(etree.fromstring(shape.key_info))
    return etree.tostring(root)


def _encrypted(message: bytes, recipe: Recipe) -> bytes:
    root = etree.fromstring(message)
    node = _target(root, "Assertion")
    root.replace(node, encrypted(etree.tostring(node), recipe))
    return etree.tostring(root)
