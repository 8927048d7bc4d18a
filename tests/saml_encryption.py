"""Encrypts as providers do, and as attackers would, byte for byte under the tests' control."""

import base64
import os
from collections.abc import Callable
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from lxml import etree

from saml.xml import DS, SAML, XENC, XENC11, q
from tests.saml_kit import key_pair

HASHES: dict[str, hashes.HashAlgorithm] = {
    "sha1": hashes.SHA1(),  # noqa: S303 - what providers send
    "sha256": hashes.SHA256(),
    "sha512": hashes.SHA512(),
}
DIGESTS = {"sha1": DS + "sha1", "sha256": XENC + "sha256", "sha512": XENC + "sha512"}


@dataclass(frozen=True)
class Recipe:
    """How something is encrypted; the default is what Shibboleth's provider sends."""

    cipher: str = XENC11 + "aes128-gcm"
    key_bytes: int = 16
    transport: str = XENC + "rsa-oaep-mgf1p"
    digest: str | None = "sha1"  # None: not named, which means SHA-1
    mask: str | None = None
    recipients: tuple[str, ...] = ("portal",)  # names of key pairs
    named: str | None = None  # the Recipient attribute
    beside: bool = False  # EncryptedKey after EncryptedData instead of in its KeyInfo
    pointed: bool = False  # with a RetrievalMethod to the key beside
    tamper: Callable[[bytes], bytes] = bytes  # of the ciphertext


def encrypted(plain: bytes, recipe: Recipe = Recipe(), wrapper: str = "EncryptedAssertion") -> etree._Element:
    """The plaintext in an encrypted element of that name."""
    key = os.urandom(recipe.key_bytes)
    node = etree.Element(q(SAML, wrapper), nsmap={"saml": SAML})
    data = etree.SubElement(node, q(XENC, "EncryptedData"), nsmap={"xenc": XENC})
    data.set("Type", XENC + "Element")
    etree.SubElement(data, q(XENC, "EncryptionMethod")).set("Algorithm", recipe.cipher)
    info = etree.SubElement(data, q(DS, "KeyInfo"), nsmap={"ds": DS})
    place = node if recipe.beside else info
    _cipher_data(data, recipe.tamper(_ciphertext(plain, key, recipe.cipher)))
    for number, name in enumerate(recipe.recipients):
        wrapped = _wrapped(key, name, recipe)
        if recipe.pointed:
            wrapped.set("Id", f"_key-{number}")
            method = etree.SubElement(info, q(DS, "RetrievalMethod"), Type=XENC + "EncryptedKey")
            method.set("URI", f"#_key-{number}")
        place.append(wrapped)
    return node


def _ciphertext(plain: bytes, key: bytes, cipher: str) -> bytes:
    if cipher.endswith("-gcm"):
        iv = os.urandom(12)
        return iv + AESGCM(key).encrypt(iv, plain, None)
    algorithm = TripleDES(key) if cipher.endswith("des-cbc") else algorithms.AES(key)
    size = algorithm.block_size // 8
    iv, count = os.urandom(size), size - len(plain) % size
    encryptor = Cipher(algorithm, modes.CBC(iv)).encryptor()
    return iv + encryptor.update(plain + os.urandom(count - 1) + bytes([count])) + encryptor.finalize()


def _wrapped(key: bytes, name: str, recipe: Recipe) -> etree._Element:
    node = etree.Element(q(XENC, "EncryptedKey"), nsmap={"xenc": XENC, "ds": DS})
    if recipe.named is not None:
        node.set("Recipient", recipe.named)
    method = etree.SubElement(node, q(XENC, "EncryptionMethod"))
    method.set("Algorithm", recipe.transport)
    if recipe.digest is not None:
        etree.SubElement(method, q(DS, "DigestMethod")).set("Algorithm", DIGESTS[recipe.digest])
    if recipe.mask is not None:
        etree.SubElement(method, q(XENC11, "MGF")).set("Algorithm", f"{XENC11}mgf1{recipe.mask}")
    public = x509.load_pem_x509_certificate(key_pair(name)[1].encode()).public_key()
    assert isinstance(public, rsa.RSAPublicKey)
    _cipher_data(node, public.encrypt(key, _padding(recipe)))
    return node


def _padding(recipe: Recipe) -> padding.AsymmetricPadding:
    if recipe.transport == XENC + "rsa-1_5":
        return padding.PKCS1v15()
    mask, digest = HASHES[recipe.mask or "sha1"], HASHES[recipe.digest or "sha1"]
    return padding.OAEP(padding.MGF1(mask), digest, None)


def _cipher_data(parent: etree._Element, data: bytes) -> None:
    value = etree.SubElement(etree.SubElement(parent, q(XENC, "CipherData")), q(XENC, "CipherValue"))
    value.text = base64.encodebytes(data).decode()
