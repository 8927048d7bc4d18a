"""Honest messages in the shape of other products, signed with keys of our own. SimpleSAMLphp, pysaml2,
samlify and lasso are as they write in tests/interop; the others are as far as we know them, and were neither
recorded from a real service nor compared with its documentation.

Each is written as text, so that prefixes, white space and types are exactly as said, and is signed as it
stands.
"""

import base64
from dataclasses import dataclass, field, replace

import pytest

from saml import identity
from saml.attributes import ENTRA_OBJECT, ENTRA_TENANT, MAIL_NAMES, PAIRWISE, SUBJECT
from saml.errors import BadAssertion
from saml.identity import PERSISTENT
from saml.provider import ENTRA, NAME_ID, PAIRWISE_ID, Provider
from saml.xml import DS, DSIG11, WSSE, XENC
from tests.saml_encryption import Recipe
from tests.saml_kit import SETTINGS, Judgement, identity_provider, registered
from tests.saml_shapes import KEY, NAME_URI, PASSWORD, SUBJECT_ID_ATTRIBUTE, Shape, written_as

TENANT, OBJECT = "6f1b1f0e-0000-4000-8000-0123456789ab", "11111111-2222-4333-8444-555555555555"
UNSPECIFIED = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"
EMAIL = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"
TRANSIENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"
NAME_BASIC = "urn:oasis:names:tc:SAML:2.0:attrname-format:basic"
NAME_UNSPECIFIED = "urn:oasis:names:tc:SAML:2.0:attrname-format:unspecified"
MAIL = "isolde.marchbank@rivers-and-coasts.example"
MAIL_OID = "urn:oid:0.9.2342.19200300.100.1.3"
CLAIMS = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims"


def provider_of(shape: Shape) -> Provider:
    """The provider as it would be registered for this shape."""
    return replace(registered(), entity_id=shape.entity_id, identity_attribute=shape.identity_attribute)


ENTRA_ATTRIBUTES = (
    (ENTRA_TENANT, "", TENANT),
    (ENTRA_OBJECT, "", OBJECT),
    ("http://schemas.microsoft.com/identity/claims/displayname", "", "Isolde Marchbank"),
    ("http://schemas.microsoft.com/claims/authnmethodsreferences", "", "http://schemas.microsoft.com/claims/multipleauthn"),
    (f"{CLAIMS}/emailaddress", "", MAIL),
    (f"{CLAIMS}/name", "", MAIL),
)  # fmt: skip
SHAPES = {
    "Entra ID": Shape(
        a="", entity_id=f"https://sts.windows.net/{TENANT}/", attributes=ENTRA_ATTRIBUTES, minutes=65,
        ds=None, fraction=".123", identity_attribute=ENTRA, key=f"{TENANT}/{OBJECT}",
    ),
    "Entra ID, Response and assertion signed": Shape(
        a="", entity_id=f"https://sts.windows.net/{TENANT}/", attributes=ENTRA_ATTRIBUTES, minutes=65,
        ds=None, signs=("Assertion", "Response"), identity_attribute=ENTRA, key=f"{TENANT}/{OBJECT}",
    ),
    "AD FS": Shape(
        a="", attributes=((f"{CLAIMS}/emailaddress", "", MAIL), (f"{CLAIMS}/upn", "", MAIL)), fraction=".627",
        minutes=60, identity_attribute=NAME_ID, key="6f2c8a",
    ),
    "AD FS, encrypted": Shape(
        a="", minutes=60, attributes=((f"{CLAIMS}/emailaddress", "", MAIL),), fraction=".627",
        encrypts=Recipe(cipher=XENC + "aes256-cbc", key_bytes=32), signs=("Assertion",),
        identity_attribute=NAME_ID, key="6f2c8a",
    ),
    "Okta": Shape(
        p="saml2p:", a="saml2:", signs=("Assertion", "Response"), inclusive="xs", fraction=".871",
        attributes=(SUBJECT_ID_ATTRIBUTE, ("email", NAME_UNSPECIFIED, MAIL)),
        value_extra='xsi:type="xs:string"',
        name_id=f'<{{a}}NameID Format="{UNSPECIFIED}">{MAIL}</{{a}}NameID>',
        issuer_format=' Format="urn:oasis:names:tc:SAML:2.0:nameid-format:entity"',
    ),
    "Google Workspace": Shape(
        p="saml2p:", a="saml2:", signs=("Response",), fraction=".042",
        attributes=(SUBJECT_ID_ATTRIBUTE, ("mail", "", MAIL)), value_extra='xsi:type="xs:anyType"',
        name_id=f'<{{a}}NameID Format="{EMAIL}">{MAIL}</{{a}}NameID>',
        context="<{a}AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:unspecified</{a}AuthnContextClassRef>",
    ),
    "Shibboleth IdP": Shape(
        p="saml2p:", a="saml2:", inclusive="xs", signs=("Assertion",), encrypts=Recipe(), fraction=".300",
        attributes=(
            (PAIRWISE, NAME_URI, "gqzw63@rivers-and-coasts.example"),
            (MAIL_NAMES[0], NAME_URI, MAIL),
        ),
        attribute_extra='FriendlyName="x"', value_extra='xsi:type="xs:string"',
        name_id=f'<{{a}}NameID Format="{TRANSIENT}" NameQualifier="{identity_provider().entity_id}"'
        f' SPNameQualifier="{SETTINGS.entity_id}">AAdzZWNyZXQ</{{a}}NameID>',
        session='SessionIndex="_s1" SessionNotOnOrAfter="2026-11-24T09:00:00.000Z"',
        context=f"<{{a}}AuthnContextClassRef>{PASSWORD}</{{a}}AuthnContextClassRef>"
        "<{a}AuthenticatingAuthority>https://upstream.example/idp</{a}AuthenticatingAuthority>",
        identity_attribute=PAIRWISE_ID, key="gqzw63@rivers-and-coasts.example",
    ),
    "Shibboleth IdP, Response signed after encryption": Shape(
        p="saml2p:", a="saml2:", signs=("Response",), encrypts=Recipe(), inclusive="xs",
    ),
    "Keycloak": Shape(
        signs=("Response", "Assertion"), ds="dsig", fraction=".555",
        attributes=(
            (SUBJECT, NAME_URI, KEY), ("Role", NAME_BASIC, "offline_access"), ("email", NAME_BASIC, MAIL),
        ),
        attribute_extra='FriendlyName="x"', value_extra='xsi:type="xs:string"',
        session='SessionIndex="a::b" SessionNotOnOrAfter="2026-11-23T19:00:00.555Z"',
        conditions="<{a}OneTimeUse/>",
    ),
    "Auth0": Shape(
        ds=None, fraction=".901", minutes=60,
        attributes=(SUBJECT_ID_ATTRIBUTE, (f"{CLAIMS}/emailaddress", NAME_URI, MAIL)),
        value_extra='xsi:type="xs:string"',
        name_id=f'<{{a}}NameID Format="{UNSPECIFIED}">auth0|1</{{a}}NameID>',
        session='SessionIndex="_s1"',
    ),
    "PingFederate": Shape(
        signs=("Assertion", "Response"), attributes=(SUBJECT_ID_ATTRIBUTE, ("mail", NAME_BASIC, MAIL)),
        value_extra='xsi:type="xs:string"', fraction=".704",
        context="<{a}AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:unspecified</{a}AuthnContextClassRef>",
    ),
    "LemonLDAP::NG": Shape(
        attributes=(SUBJECT_ID_ATTRIBUTE, ("mail", NAME_BASIC, MAIL)), ds=None,
        signs=("Assertion", "Response"),
        session='SessionIndex="_s1" SessionNotOnOrAfter="2026-11-26T09:00:00Z"',
    ),
    "authentik": Shape(
        ds="ds", attributes=(SUBJECT_ID_ATTRIBUTE, (f"{CLAIMS}/emailaddress", "", MAIL)), minutes=5,
        name_id=f'<{{a}}NameID Format="{UNSPECIFIED}">h4sh</{{a}}NameID>',
    ),
    "OneLogin": Shape(
        attributes=(SUBJECT_ID_ATTRIBUTE, ("User.email", NAME_BASIC, MAIL), ("memberOf", NAME_BASIC, "")),
        value_extra='xsi:type="xs:string"', signs=("Response",),
    ),
    "SimpleSAMLphp": Shape(
        signs=("Assertion", "Response"), value_extra='xsi:type="xs:string"',
        name_id=f'<{{a}}NameID SPNameQualifier="{SETTINGS.entity_id}" Format="{PERSISTENT}">c44f'
        "</{a}NameID>",
        attributes=((MAIL_OID, NAME_URI, MAIL), ("urn:oid:1.3.6.1.4.1.5923.1.1.1.1", NAME_URI, "member")),
        session='SessionIndex="_s1" SessionNotOnOrAfter="2026-11-23T17:00:00Z"',
        identity_attribute=NAME_ID, key="c44f",
    ),
    "pysaml2": Shape(
        p="ns0:", a="ns1:", ds="ns2", signs=("Assertion", "Response"), value_extra='xsi:type="xs:string"',
        attributes=(SUBJECT_ID_ATTRIBUTE, (MAIL_OID, NAME_URI, MAIL)),
        issuer_format=' Format="urn:oasis:names:tc:SAML:2.0:nameid-format:entity"',
    ),
    "pysaml2, encrypted": Shape(
        p="ns0:", a="ns1:", ds="ns2", attributes=(SUBJECT_ID_ATTRIBUTE, (MAIL_OID, NAME_URI, MAIL)),
        encrypts=Recipe(cipher=XENC + "tripledes-cbc", key_bytes=24),
    ),
    "samlify": Shape(
        fraction=".412", value_extra='xsi:type="xs:string"', attributes=((MAIL_OID, NAME_URI, MAIL),),
        identity_attribute=NAME_ID, key="6f2c8a",
    ),
    "lasso": Shape(
        ds=None, signs=("Assertion", "Response"), attributes=((MAIL_OID, NAME_URI, MAIL),),
        name_id=f'<{{a}}NameID Format="{PERSISTENT}" NameQualifier="{identity_provider().entity_id}"'
        f' SPNameQualifier="{SETTINGS.entity_id}">6f2c8a</{{a}}NameID>',
        session='SessionIndex="_a1"', identity_attribute=NAME_ID, key="6f2c8a",
    ),
    "Keycloak, with an Attribute for each role": Shape(
        signs=("Response",), attributes=(
            (SUBJECT, NAME_URI, KEY), ("Role", NAME_BASIC, "offline_access"),
            ("Role", NAME_BASIC, "uma_authorization"), ("email", NAME_BASIC, MAIL),
            ("email", NAME_BASIC, "x@y.z"),
        ),
    ),
    "Keycloak, with the key's name among the extensions": Shape(
        signs=("Response",),
        extensions='<{p}Extensions><k:KeyInfo xmlns:k="urn:keycloak:ext:key:1.0" MessageSigningKeyId="x"/>'
        "</{p}Extensions>",
    ),
    "Okta, encrypted": Shape(
        p="saml2p:", a="saml2:", signs=("Response",), inclusive="xs",
        encrypts=Recipe(cipher=XENC + "aes256-cbc", key_bytes=32, beside=True, pointed=True),
    ),
    "a provider with an elliptic curve's key among the hints": Shape(
        key_info=f'<ds:KeyValue xmlns:ds="{DS}"><e:ECKeyValue xmlns:e="{DSIG11}">'
        '<e:NamedCurve URI="urn:oid:1.2"/>'
        "<e:PublicKey>BA==</e:PublicKey></e:ECKeyValue></ds:KeyValue>"
    ),
    "Microsoft's hint at the key": Shape(
        key_info=f'<o:SecurityTokenReference xmlns:o="{WSSE}"><ds:X509Data xmlns:ds="{DS}">'
        "<ds:X509IssuerSerial><ds:X509IssuerName>CN=x</ds:X509IssuerName><ds:X509SerialNumber>1</ds:X509SerialNumber>"
        "</ds:X509IssuerSerial></ds:X509Data></o:SecurityTokenReference>"
    ),
    "two ways to confirm the subject": Shape(
        confirmations='<{a}SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:holder-of-key"/>'
        '<{a}SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"><{a}SubjectConfirmationData '
        'Recipient="https://other.example/acs" NotOnOrAfter="2026-11-23T09:05:00Z"/></{a}SubjectConfirmation>'
    ),
    "a second factor in a statement of its own": Shape(
        more_statements='<{a}AuthnStatement AuthnInstant="2026-11-23T08:59:00Z" SessionIndex="_s1">'
        "<{a}AuthnContext><{a}AuthnContextClassRef>https://refeds.org/profile/mfa</{a}AuthnContextClassRef></{a}AuthnContext>"
        "</{a}AuthnStatement>"
    ),
    "details beside the success": Shape(
        status_more="<{p}StatusMessage>Fine</{p}StatusMessage><{p}StatusDetail>"
        "<x:y xmlns:x='urn:x'><x:z/></x:y></{p}StatusDetail>"
    ),
    "UTC as +00:00": Shape(zone="+00:00", fraction=".123456"),
    "ten digits of a second": Shape(fraction=".1234567890"),
    "several audiences": Shape(audiences=("https://other.example/sp", SETTINGS.entity_id)),
    "several attribute statements": Shape(
        attributes=(SUBJECT_ID_ATTRIBUTE, ("mail", NAME_BASIC, MAIL)), statements=2
    ),
    "nested XML in an attribute nobody reads": Shape(
        more_attributes='<{a}Attribute Name="urn:example:card"><{a}AttributeValue>'
        '<v:card xmlns:v="urn:v"><v:n>I</v:n></v:card></{a}AttributeValue></{a}Attribute>'
    ),
    "a nil value": Shape(
        more_attributes='<{a}Attribute Name="phone"><{a}AttributeValue xsi:nil="true"/></{a}Attribute>'
    ),
    "an attribute without values": Shape(more_attributes='<{a}Attribute Name="phone"/>'),
    "strange prefixes": Shape(p="x-1:", a="_y.z:"),
    "default namespaces throughout": Shape(p="", a="", ds=None),
    "indented": Shape(between="\n    "),
    "carriage returns": Shape(between="\r\n\t"),
    "no NameID": Shape(name_id=""),
    "a message beside the status": Shape(status_more="<{p}StatusMessage>Welcome</{p}StatusMessage>"),
    "an odd context": Shape(
        context="<{a}AuthnContextDeclRef>https://idp.example/password-and-card</{a}AuthnContextDeclRef>"
    ),
    "no SessionIndex": Shape(session=""),
    "a limit for proxies": Shape(conditions='<{a}ProxyRestriction Count="0"/>'),
}  # fmt: skip


@dataclass(frozen=True)
class Post:
    """How a message arrives in the form."""

    lines: bool = False  # base64 wrapped
    ends: str = field(default="\r\n")

    def encode(self, message: bytes) -> str:
        """The value of SAMLResponse."""
        if not self.lines:
            return base64.b64encode(message).decode()
        return base64.encodebytes(message).decode().replace("\n", self.ends)


@pytest.mark.parametrize("post", [Post(), Post(lines=True), Post(True, "\n")], ids=["plain", "crlf", "lf"])
@pytest.mark.parametrize("name", SHAPES)
def test_an_honest_message_in_the_shape_of_a_known_product_is_believed(name: str, post: Post) -> None:
    shape = SHAPES[name]
    provider = provider_of(shape)

    assertion = Judgement(provider).believe(post.encode(written_as(shape)))

    known_by = f"{provider.id}|{shape.identity_attribute}|{shape.key}"
    assert identity.claim(assertion, provider).federated_id == known_by


@pytest.mark.parametrize("name", SHAPES)
def test_the_same_message_for_another_audience_is_refused(name: str) -> None:
    shape = replace(SHAPES[name], audiences=("https://other.example/sp",))

    with pytest.raises(BadAssertion):
        Judgement(provider_of(shape)).believe(written_as(shape))


@pytest.mark.parametrize("name", [name for name, shape in SHAPES.items() if shape.encrypts is None])
def test_the_same_message_changed_after_signing_is_refused(name: str) -> None:
    shape = SHAPES[name]
    signed = written_as(shape)
    changed = signed.replace(b'IssueInstant="2026-11-23T09:00:00', b'IssueInstant="2026-11-23T09:00:01')
    assert changed != signed

    with pytest.raises(BadAssertion):
        Judgement(provider_of(shape)).believe(changed)
