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
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from lxml import etree
from onelogin.saml2.utils import OneLogin_Saml2_Utils as Library

from saml.certificates import load

SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"
MORE = "http://www.w3.org/2001/04/xmldsig-more#"
RSA_SHA256 = f"{MORE}rsa-sha256"
PSS = "http://www.w3.org/2007/05/xmldsig-more#"
_DIGESTS: dict[str, hashes.HashAlgorithm] = {
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
}
# How a signature over bytes was made (RFC 6931, 2.3.2, 2.3.6 and 2.3.10) -> its digest.
_RSA = {f"{MORE}rsa-{name}": digest for name, digest in _DIGESTS.items()}
_PSS = {f"{PSS}{name}-rsa-MGF1": digest for name, digest in _DIGESTS.items()}
_ECDSA = {f"{MORE}ecdsa-{name}": digest for name, digest in _DIGESTS.items()}
QUERY_METHODS = frozenset({*_RSA, *_ECDSA})  # over the raw query of the HTTP-Redirect binding
SIGNATURE_METHODS = QUERY_METHODS | frozenset(_PSS)


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
    """Whether a signature over bytes is the certificate's; False for an algorithm that is not listed.

    Not the library's work: it reads the certificate anew each time, which is seven times dearer, and knows
    neither PSS nor elliptic curves. So of a message two implementations have to think well.
    """
    key = load(certificate).public_key()
    try:
        if isinstance(key, rsa.RSAPublicKey) and algorithm in _RSA:
            key.verify(signature, data, padding.PKCS1v15(), _RSA[algorithm])
        elif isinstance(key, rsa.RSAPublicKey) and algorithm in _PSS:
            digest = _PSS[algorithm]  # its salt is as long
            key.verify(signature, data, padding.PSS(padding.MGF1(digest), digest.digest_size), digest)
        elif isinstance(key, ec.EllipticCurvePublicKey) and algorithm in _ECDSA:
            key.verify(_as_der(signature, key), data, ec.ECDSA(_ECDSA[algorithm]))
        else:
            return False
    except (InvalidSignature, ValueError):
        return False
    return True


def _as_der(signature: bytes, key: ec.EllipticCurvePublicKey) -> bytes:
    """XML Signature writes r and s side by side; OpenSAML sends Java's DER."""
    size = (key.key_size + 7) // 8
    if len(signature) != 2 * size:
        return signature
    r, s = (int.from_bytes(half, "big") for half in (signature[:size], signature[size:]))
    return encode_dss_signature(r, s)


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
