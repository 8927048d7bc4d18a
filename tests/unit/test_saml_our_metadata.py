"""Our own metadata: valid by the standards' schemas, signed, and the same until our keys change."""

from datetime import timedelta
from importlib.resources import files
from pathlib import Path

import pytest
from lxml import etree

from dev.identity_provider.config import read_service
from saml import certificates, rollover
from saml.metadata import verified
from saml.our_metadata import CACHED_FOR, SECURITY_CONTACT, Publisher, service_metadata
from saml.settings import SAMLSettings
from saml.xml import parse
from tests.saml_kit import NOW, SETTINGS, keys

SCHEMAS = (
    ("urn:oasis:names:tc:SAML:2.0:metadata", "saml-schema-metadata-2.0.xsd"),
    ("urn:oasis:names:tc:SAML:metadata:attribute", "sstc-metadata-attr.xsd"),
    ("urn:oasis:names:tc:SAML:metadata:ui", "sstc-saml-metadata-ui-v1.0.xsd"),
    ("urn:oasis:names:tc:SAML:metadata:algsupport", "sstc-saml-metadata-algsupport-v1.0.xsd"),
)
NAMES = {
    "md": "urn:oasis:names:tc:SAML:2.0:metadata", "ds": "http://www.w3.org/2000/09/xmldsig#",
    "saml": "urn:oasis:names:tc:SAML:2.0:assertion", "mdui": "urn:oasis:names:tc:SAML:metadata:ui",
    "alg": "urn:oasis:names:tc:SAML:metadata:algsupport", "remd": "http://refeds.org/metadata",
}  # fmt: skip
WHO = Publisher(
    service_name="Leaders & “others”", organisation="Office <of> Leaders", technical_mail="it@l.example"
)


@pytest.fixture(scope="module")
def schema() -> etree.XMLSchema:
    """The OASIS schemas that python3-saml brings, all that ours uses in one."""
    folder = Path(str(files("onelogin.saml2"))) / "schemas"
    imports = "".join(
        f'<xs:import namespace="{name}" schemaLocation="{folder / file}"/>' for name, file in SCHEMAS
    )
    text = f'<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">{imports}</xs:schema>'
    return etree.XMLSchema(etree.fromstring(text))


def found(document: bytes, path: str) -> list[str]:
    return [str(each) for each in etree.fromstring(document).xpath(path, namespaces=NAMES)]  # type: ignore[union-attr]


@pytest.mark.parametrize("next_key", ["", "coming"], ids=["one pair", "in a rollover"])
def test_it_is_valid_by_the_schemas_of_saml_and_of_each_extension(
    schema: etree.XMLSchema, next_key: str
) -> None:
    settings = SAMLSettings(
        security_mail="cert@l.example",
        assurance=("https://refeds.org/sirtfi",),
        categories=("https://c.example/x",),
    )
    document = service_metadata(settings, keys(next=next_key) if next_key else keys(), WHO)
    schema.assertValid(etree.fromstring(document))

    broken = etree.fromstring(document.replace(b"AssertionConsumerService", b"AssertionConsumer"))
    assert not schema.validate(broken)


def test_it_is_signed_as_a_whole_with_the_current_key() -> None:
    both = keys(next="coming")
    root = parse(service_metadata(SETTINGS, both, WHO), 1 << 20, 1000)

    signed = etree.fromstring(verified(root, (both.current.certificate,), NOW))
    assert signed.get("entityID") == SETTINGS.entity_id
    assert signed.tag.endswith("}EntityDescriptor")


def test_it_is_the_same_to_the_byte_until_a_key_changes() -> None:
    assert service_metadata(SETTINGS, keys(), WHO) == service_metadata(SETTINGS, keys(), WHO)
    assert service_metadata(SETTINGS, keys(), WHO) != service_metadata(SETTINGS, keys(next="coming"), WHO)


def test_a_copy_may_be_kept_for_as_long_as_a_rollover_waits_and_until_our_certificate_ends() -> None:
    document = service_metadata(SETTINGS, keys(), WHO)

    assert found(document, "/*/@cacheDuration") == ["PT24H"]
    assert rollover.WAIT is CACHED_FOR
    assert timedelta(hours=24) == CACHED_FOR
    ends = certificates.ends(keys().current.certificate)
    assert found(document, "/*/@validUntil") == [f"{ends:%Y-%m-%dT%H:%M:%SZ}"]


def test_in_a_rollover_both_keys_sign_and_providers_encrypt_to_the_next_alone() -> None:
    both = keys(next="coming", previous="retired")
    document = service_metadata(SETTINGS, both, WHO)
    bare = lambda pem: "".join(line for line in pem.splitlines() if "-" not in line)  # noqa: E731

    def published(use: str) -> list[str]:
        path = f"//md:KeyDescriptor[@use='{use}']//ds:X509Certificate/text()"
        return ["".join(text.split()) for text in found(document, path)]

    assert both.next is not None
    assert published("signing") == [bare(both.current.certificate), bare(both.next.certificate)]
    assert published("encryption") == [bare(both.next.certificate)]
    assert read_service(document).entity_id == SETTINGS.entity_id


def test_people_and_programs_find_in_it_what_they_need() -> None:
    document = service_metadata(SAMLSettings(security_mail="cert@l.example"), keys(), WHO)

    assert found(document, "//mdui:DisplayName/text()") == [WHO.service_name]
    assert found(document, "//mdui:PrivacyStatementURL/text()") == ["http://localhost:5000/privacy"]
    assert found(document, "//mdui:Logo/text()") == ["http://localhost:5000/static/logo.png"]
    assert found(document, "//md:OrganizationName/text()") == [WHO.organisation]
    assert found(document, "//md:ContactPerson[@contactType='technical']/md:EmailAddress/text()") == [
        "mailto:it@l.example"
    ]
    security = f"//md:ContactPerson[@remd:contactType='{SECURITY_CONTACT}']/md:EmailAddress/text()"
    assert found(document, security) == ["mailto:cert@l.example"]
    slo = found(document, "//md:SingleLogoutService/@Binding")
    assert [each.rpartition(":")[2] for each in slo] == ["HTTP-Redirect", "HTTP-POST"]
    assert [each.rpartition(":")[2] for each in found(document, "//md:NameIDFormat/text()")] == [
        "persistent", "transient",
    ]  # fmt: skip
    assert "urn:oid:0.9.2342.19200300.100.1.3" in found(
        document, "//md:RequestedAttribute[@isRequired='true']/@Name"
    )
    assert not any("sha1" in each for each in found(document, "//alg:*/@Algorithm"))


def test_an_unknown_organisation_is_left_out(schema: etree.XMLSchema) -> None:
    document = service_metadata(SETTINGS, keys(), Publisher())

    schema.assertValid(etree.fromstring(document))
    assert not found(document, "//md:Organization | //md:ContactPerson")
