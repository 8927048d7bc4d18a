"""Signatures by elliptic curves and by RSA-PSS are believed like RSA's, in XML and in addresses."""

import base64
from dataclasses import replace
from datetime import timedelta
from functools import cache
from urllib.parse import quote_plus

import pytest
import xmlsec
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.x509.oid import NameOID
from lxml import etree

from dev.identity_provider import messages
from saml import bindings, slo
from saml.engine import MORE, PSS
from saml.errors import BadAssertion, BadLogout
from saml.provider import Provider
from tests.saml_kit import (
    DS,
    NOW,
    SAML,
    SETTINGS,
    Judgement,
    decryption,
    honest,
    identity_provider,
    key_pair,
    registered,
    service,
    signed,
)
from tests.unit.test_saml_logout import deflated, query, wish

CURVES: dict[str, tuple[ec.EllipticCurve, hashes.HashAlgorithm, str]] = {
    "P-256": (ec.SECP256R1(), hashes.SHA256(), "sha256"),
    "P-384": (ec.SECP384R1(), hashes.SHA384(), "sha384"),
    "P-521": (ec.SECP521R1(), hashes.SHA512(), "sha512"),
}


@cache
def curve_pair(name: str) -> tuple[ec.EllipticCurvePrivateKey, str]:
    """A key on that curve and its certificate (PEM)."""
    key = ec.generate_private_key(CURVES[name][0])
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    certificate = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(NOW - timedelta(days=1))
        .not_valid_after(NOW + timedelta(days=365))
        .sign(key, hashes.SHA256())
    )
    return key, certificate.public_bytes(serialization.Encoding.PEM).decode()


def pem(key: ec.EllipticCurvePrivateKey) -> str:
    form, plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, form, plain).decode()


def with_certificate(name: str) -> Provider:
    return replace(registered(), certificates=(curve_pair(name)[1],))


def signed_by(key: str, algorithm: str) -> bytes:
    """The honest answer, its assertion signed with that algorithm."""
    root = etree.fromstring(etree.tostring(messages.response(honest())))
    target = root.findall(f"{SAML}Assertion")[0]
    signature = xmlsec.template.create(
        target, xmlsec.constants.TransformExclC14N, xmlsec.constants.TransformRsaSha256, ns="ds"
    )
    target.insert(1, signature)
    reference = xmlsec.template.add_reference(
        signature, xmlsec.constants.TransformSha256, uri=f"#{target.get('ID')}"
    )
    for transform in (xmlsec.constants.TransformEnveloped, xmlsec.constants.TransformExclC14N):
        xmlsec.template.add_transform(reference, transform)
    root = etree.fromstring(etree.tostring(root))
    next(root.iter(f"{DS}SignatureMethod")).set("Algorithm", algorithm)
    context = xmlsec.SignatureContext()
    context.key = xmlsec.Key.from_memory(key, xmlsec.constants.KeyDataFormatPem, None)
    xmlsec.tree.add_ids(root, ["ID"])
    context.sign(next(root.iter(f"{DS}Signature")))
    return etree.tostring(root)


@pytest.mark.parametrize("digest", ["sha256", "sha384", "sha512"])
@pytest.mark.parametrize("name", CURVES)
def test_an_assertion_signed_by_an_elliptic_curve_is_believed(name: str, digest: str) -> None:
    message = signed_by(pem(curve_pair(name)[0]), f"{MORE}ecdsa-{digest}")

    assert Judgement(with_certificate(name)).believe(message).id


@pytest.mark.parametrize("digest", ["sha256", "sha384", "sha512"])
def test_an_assertion_signed_by_rsa_pss_is_believed(digest: str) -> None:
    message = signed_by(key_pair("rivers")[0], f"{PSS}{digest}-rsa-MGF1")

    assert Judgement(registered()).believe(message).id


def test_one_kind_of_key_does_not_vouch_under_the_name_of_another() -> None:
    by_curve = signed_by(pem(curve_pair("P-256")[0]), f"{MORE}ecdsa-sha256")
    with pytest.raises(BadAssertion):
        Judgement(registered()).believe(by_curve)
    with pytest.raises(BadAssertion):
        Judgement(with_certificate("P-256")).believe(signed())
    with pytest.raises(BadAssertion):
        Judgement(with_certificate("P-384")).believe(by_curve)
    swapped = by_curve.replace(b"ecdsa-sha256", b"rsa-sha256")
    with pytest.raises(BadAssertion):
        Judgement(with_certificate("P-256")).believe(swapped)


def address(name: str, *, der: bool) -> str:
    """A LogoutRequest signed on that curve, its two numbers side by side or as Java writes them."""
    curve, digest, label = CURVES[name]
    packed = base64.b64encode(deflated(etree.tostring(wish()))).decode()
    text = f"SAMLRequest={quote_plus(packed)}&SigAlg={quote_plus(f'{MORE}ecdsa-{label}')}"
    signature = curve_pair(name)[0].sign(text.encode(), ec.ECDSA(digest))
    if not der:
        size = (curve.key_size + 7) // 8
        signature = b"".join(part.to_bytes(size, "big") for part in decode_dss_signature(signature))
    return f"{text}&Signature={quote_plus(base64.b64encode(signature))}"


@pytest.mark.parametrize("der", [False, True], ids=["side by side", "DER"])
@pytest.mark.parametrize("name", CURVES)
def test_an_address_signed_by_an_elliptic_curve_is_believed(name: str, der: bool) -> None:
    provider = with_certificate(name)
    root = bindings.believed(bindings.read_redirect(address(name, der=der)), provider, NOW)

    assert slo.read_request(root, provider, SETTINGS, decryption(), NOW).name_id.value == "name-1"


DEGENERATE = {
    "empty": b"",
    "one byte": b"1",
    "zeros": b"\x00" * 64,
    "ones": b"\xff" * 64,
    "text": b"x" * 64,
    "zeros in DER": b"\x30\x06\x02\x01\x00\x02\x01\x00",
    "negative in DER": b"\x30\x06\x02\x01\xff\x02\x01\xff",
    "huge in DER": b"\x30\x81\x80\x02\x50" + b"\x01" * 80 + b"\x02\x2c" + b"\x01" * 44,
    "cut short in DER": b"\x30\x44\x02\x20",
}


@pytest.mark.parametrize("signature", DEGENERATE.values(), ids=DEGENERATE.keys())
def test_an_address_with_a_degenerate_curve_signature_is_refused(signature: bytes) -> None:
    text = address("P-256", der=False).rpartition("&")[0]
    arrived = bindings.read_redirect(f"{text}&Signature={quote_plus(base64.b64encode(signature))}")

    with pytest.raises(BadLogout):
        bindings.believed(arrived, with_certificate("P-256"), NOW)


def test_an_address_signed_by_another_kind_of_key_is_refused() -> None:
    for text, provider in (
        (address("P-256", der=False), registered()),
        (address("P-256", der=False), with_certificate("P-384")),
        (query(), with_certificate("P-256")),
        (query().replace("rsa-sha256", "ecdsa-sha256"), registered()),
    ):
        with pytest.raises(BadLogout):
            bindings.believed(bindings.read_redirect(text), provider, NOW)


def posted(key: str = "rivers") -> dict[str, str]:
    root = messages.logout_request(identity_provider(), service(), "name-1", "_session", NOW)
    return {"SAMLRequest": messages.encoded(messages.sign(root, identity_provider(key=key)))}


def test_a_posted_logout_request_is_believed() -> None:
    root = bindings.believed(bindings.read_post(posted()), registered(), NOW)

    assert slo.read_request(root, registered(), SETTINGS, decryption(), NOW).session_indexes == ("_session",)
    with pytest.raises(BadLogout):
        bindings.believed(bindings.read_post(posted(key="forger")), registered(), NOW)
