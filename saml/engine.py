"""The one importer of python3-saml, used as a signature engine only.

Its service provider (`OneLogin_Saml2_Response`, `OneLogin_Saml2_Auth`) is not used: measured, it accepts
absent InResponseTo, replays and substring Recipients, and re-reads its schemas at every sign-in. Callers
of `node_is_signed` must have checked the signature's shape first (precheck): the library runs what
SignedInfo says.
"""

import xmlsec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from lxml import etree
from onelogin.saml2.utils import OneLogin_Saml2_Utils as Library

from saml.certificates import load

RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"
_ECDSA = {
    "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256": xmlsec.constants.TransformEcdsaSha256,
    "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384": xmlsec.constants.TransformEcdsaSha384,
    "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha512": xmlsec.constants.TransformEcdsaSha512,
}
PSS = "http://www.w3.org/2007/05/xmldsig-more#"
_PSS: dict[str, hashes.HashAlgorithm] = {
    PSS + "sha256-rsa-MGF1": hashes.SHA256(),
    PSS + "sha384-rsa-MGF1": hashes.SHA384(),
    PSS + "sha512-rsa-MGF1": hashes.SHA512(),
}


class EngineMismatch(RuntimeError):
    """lxml and xmlsec carry different copies of libxml2, which corrupts memory or verification."""


def assert_pair() -> None:
    """Refuse to start where lxml and xmlsec are not built on the same libxml2. Raises EngineMismatch."""
    if xmlsec.get_libxml_version() != etree.LIBXML_VERSION:
        raise EngineMismatch(
            "lxml and xmlsec are built on different versions of libxml2; install the pinned pair."
        )


def node_is_signed(signature: etree._Element, certificate: str) -> bool:
    """Whether the ds:Signature was made with the certificate's key. KeyInfo is never trusted."""
    root = signature.getroottree().getroot()
    xmlsec.tree.add_ids(root, ["ID"])
    # The library turns every failure of its own into False.
    return bool(Library.validate_node_sign(signature, root, cert=certificate))


def bytes_are_signed(data: bytes, signature: bytes, algorithm: str, certificate: str) -> bool:
    """Whether a signature over bytes is the certificate's; the caller has checked the algorithm's name."""
    try:
        if algorithm in _PSS:
            return _pss(data, signature, algorithm, certificate)
        if algorithm in _ECDSA:
            return _ecdsa(data, signature, algorithm, certificate)
        return bool(Library.validate_binary_sign(data, signature, certificate, algorithm))
    except (xmlsec.Error, InvalidSignature, ValueError, TypeError, OverflowError):
        return False


def _ecdsa(data: bytes, signature: bytes, algorithm: str, certificate: str) -> bool:
    """The library knows RSA only. XML Signature writes r and s side by side; OpenSAML sends Java's DER."""
    key = load(certificate).public_key()
    if not isinstance(key, ec.EllipticCurvePublicKey):
        return False
    size = (key.key_size + 7) // 8
    if len(signature) != 2 * size:
        signature = b"".join(part.to_bytes(size, "big") for part in decode_dss_signature(signature))
    context = xmlsec.SignatureContext()
    context.key = xmlsec.Key.from_memory(certificate, xmlsec.constants.KeyDataFormatCertPem, None)
    context.verify_binary(data, _ECDSA[algorithm], signature)  # raises xmlsec.Error unless it is good
    return True


def _pss(data: bytes, signature: bytes, algorithm: str, certificate: str) -> bool:
    """xmlsec verifies RSA-PSS in XML only; its salt is as long as the digest (RFC 6931, 2.3.10)."""
    key, digest = load(certificate).public_key(), _PSS[algorithm]
    if not isinstance(key, rsa.RSAPublicKey):
        return False
    key.verify(signature, data, padding.PSS(padding.MGF1(digest), digest.digest_size), digest)
    return True


def sign_bytes(data: bytes, key: str) -> bytes:
    """RSA-SHA256 signature over a query string, as the Redirect binding wants it."""
    signature: bytes = Library.sign_binary(data, key, xmlsec.constants.TransformRsaSha256)
    return signature


def sign_message(message: bytes, key: str, certificate: str) -> bytes:
    """The message with an enveloped RSA-SHA256 signature, as the POST binding wants it."""
    signed: bytes = Library.add_sign(
        message, key, certificate, sign_algorithm=RSA_SHA256, digest_algorithm=SHA256
    )
    return signed
