"""Encrypted elements (XML Encryption 1.1), opened by us rather than by the signature library.

The library's decryption follows whatever a stranger writes: references to elsewhere, weak key transport, any
algorithm. Here one shape gets through: AES in an EncryptedData, its key wrapped with RSA-OAEP inside it or
beside it. Nothing is looked up, and sizes are checked before any key of ours is used.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from xml.sax.saxutils import quoteattr

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from lxml import etree

from saml.errors import BadAssertion
from saml.xml import DS, KEY_INFO_PARTS, XENC, XENC11, Unreadable, from_base64, parse, q

CBC, CBC_3DES, GCM = "cbc", "3des-cbc", "gcm"
CIPHERS = {  # what our metadata asks for
    XENC11 + "aes128-gcm": (GCM, 16),
    XENC11 + "aes256-gcm": (GCM, 32),
    XENC + "aes128-cbc": (CBC, 16),
    XENC + "aes256-cbc": (CBC, 32),
}
# Never asked for: it is all that pysaml2 can write, and what was sent so is no safer for being refused.
_READ = CIPHERS | {XENC + "tripledes-cbc": (CBC_3DES, 24)}
OAEP_MGF1P, OAEP = XENC + "rsa-oaep-mgf1p", XENC11 + "rsa-oaep"
_HASHES: dict[str, hashes.HashAlgorithm] = {
    DS + "sha1": hashes.SHA1(),  # noqa: S303 - OAEP needs no collision resistance, and this is what providers send
    XENC + "sha256": hashes.SHA256(),
    "http://www.w3.org/2001/04/xmldsig-more#sha384": hashes.SHA384(),
    XENC + "sha512": hashes.SHA512(),
}
_MASKS: dict[str, hashes.HashAlgorithm] = {
    XENC11 + "mgf1sha1": hashes.SHA1(),  # noqa: S303 - as above
    XENC11 + "mgf1sha256": hashes.SHA256(),
    XENC11 + "mgf1sha384": hashes.SHA384(),
    XENC11 + "mgf1sha512": hashes.SHA512(),
}
MAX_WRAPPED_KEYS = 4
LONGEST_WRAPPED_KEY = 1024  # bytes: RSA of 8192 bits
IV, TAG = 12, 16  # bytes, of GCM
BLOCKS = {CBC: 16, CBC_3DES: 8}


@dataclass(frozen=True, slots=True)
class Decryption:
    """With what we decrypt, and our entity ID as providers name the recipient of a key."""

    keys: tuple[rsa.RSAPrivateKey, ...]
    entity_id: str


@dataclass(frozen=True, slots=True)
class WrappedKey:
    """A content key as one recipient gets it."""

    recipient: str | None
    oaep: padding.OAEP
    ciphertext: bytes


@dataclass(frozen=True, slots=True)
class Encrypted:
    """An encrypted element of the one shape we open. Nothing in it is believed yet."""

    mode: str
    key_bytes: int
    ciphertext: bytes
    keys: tuple[WrappedKey, ...]
    namespaces: tuple[tuple[str | None, str], ...]  # in scope where the element will stand


class Undecipherable(BadAssertion):
    """It can't be decrypted. Pages say the same as for every other bad message: a difference would be an
    oracle."""


def encrypted_shape(node: etree._Element) -> Encrypted:
    """Check an EncryptedAssertion or EncryptedID before any key is used. Raises BadAssertion."""
    try:
        return _shape(node)
    except Unreadable as error:
        raise BadAssertion(f"in an encrypted element, {error}") from error


def opened(node: etree._Element, decryption: Decryption) -> etree._Element:
    """The root of a new document that holds exactly the decrypted element, parsed as strictly as a message.
    Raises Undecipherable."""
    shape = encrypted_shape(node)
    plain = _decrypted(shape, decryption)
    try:
        root = parse(b"<opened%s>%s</opened>" % (_declarations(shape.namespaces), plain))
    except Unreadable as error:
        raise Undecipherable(f"what was encrypted can't be read: {error}") from error
    beside = (root.text or "") + "".join(child.tail or "" for child in root)
    if len(root) != 1 or beside.strip(" \t\r\n"):
        raise Undecipherable("what was encrypted is not exactly one element")
    return root


def _declarations(namespaces: Iterable[tuple[str | None, str]]) -> bytes:
    """Declare the prefixes in scope: some providers encrypt an element without its parents' declarations."""
    return "".join(
        f" xmlns{':' if prefix else ''}{prefix or ''}={quoteattr(uri)}" for prefix, uri in namespaces
    ).encode()


def _shape(node: etree._Element) -> Encrypted:
    names = [child.tag for child in node]
    if names[:1] != [q(XENC, "EncryptedData")] or set(names[1:]) - {q(XENC, "EncryptedKey")}:
        raise BadAssertion("an encrypted element has unexpected parts")
    data, *beside = node
    if set(data.attrib) - {"Id", "Type"} or data.get("Type", XENC + "Element") != XENC + "Element":
        raise BadAssertion("what was encrypted is not an element")
    method, info, value = _method_info_value(data, frozenset(), may_wrap=_ids(beside))
    cipher = _READ.get(str(method.get("Algorithm")))
    if cipher is None or len(method):
        raise BadAssertion("the encryption algorithm is not allowed")
    inside = [] if info is None else info.findall(q(XENC, "EncryptedKey"))
    wrapped = [*inside, *beside]
    if not 1 <= len(wrapped) <= MAX_WRAPPED_KEYS:
        raise BadAssertion("an encrypted element has no key, or too many")
    mode, key_bytes = cipher
    _check_length(value, mode)
    return Encrypted(mode, key_bytes, value, tuple(map(_wrapped, wrapped)), tuple(node.nsmap.items()))


def _ids(keys: Iterable[etree._Element]) -> frozenset[str]:
    return frozenset(f"#{key.get('Id')}" for key in keys if key.get("Id"))


def _method_info_value(
    node: etree._Element, more: frozenset[str], may_wrap: frozenset[str] | None = None
) -> tuple[etree._Element, etree._Element | None, bytes]:
    """EncryptionMethod, KeyInfo if there is one, and the bytes of CipherValue; `more` may follow."""
    parts = [child for child in node if child.tag not in more]
    names = [child.tag for child in parts]
    method, info, data = q(XENC, "EncryptionMethod"), q(DS, "KeyInfo"), q(XENC, "CipherData")
    if names not in ([method, data], [method, info, data]) or list(node)[: len(parts)] != parts:
        raise BadAssertion("an encrypted element has unexpected parts")
    if [child.tag for child in parts[-1]] != [q(XENC, "CipherValue")] or len(parts[-1][0]):
        raise BadAssertion("the encrypted bytes are not in the message itself")
    found = parts[1] if len(parts) == 3 else None
    if found is not None:
        _check_key_info(found, may_wrap)
    return parts[0], found, from_base64(str(parts[-1][0].text or ""))


def _check_key_info(info: etree._Element, may_wrap: frozenset[str] | None) -> None:
    """Nothing that points elsewhere. Where a key may be wrapped, an EncryptedKey, or a pointer to one that
    stands beside (Okta and OpenSAML write it): it is not followed, for those beside are tried anyway."""
    for child in info:
        if may_wrap is not None and child.tag == q(XENC, "EncryptedKey"):
            continue
        pointer = child.tag == q(DS, "RetrievalMethod") and not len(child)
        if may_wrap and pointer and child.get("URI") in may_wrap:
            continue
        if any(part.tag not in KEY_INFO_PARTS for part in child.iter()):
            raise BadAssertion("a key is to be looked up elsewhere, which we never do")


def _wrapped(node: etree._Element) -> WrappedKey:
    if set(node.attrib) - {"Id", "Recipient"}:
        raise BadAssertion("a wrapped key has unexpected attributes")
    after = frozenset(q(XENC, name) for name in ("ReferenceList", "CarriedKeyName"))
    method, _, value = _method_info_value(node, after)
    if len(value) > LONGEST_WRAPPED_KEY:
        raise BadAssertion("a wrapped key is too long")
    return WrappedKey(node.get("Recipient"), _oaep(method), value)


def _oaep(method: etree._Element) -> padding.OAEP:
    """RSA-OAEP with the named digest and mask; SHA-1 where none is named, as the standard says."""
    algorithm = method.get("Algorithm")
    digest, mask = DS + "sha1", XENC11 + "mgf1sha1"
    for child in method:
        if child.tag == q(DS, "DigestMethod") and not len(child):
            digest = str(child.get("Algorithm"))
        elif child.tag == q(XENC11, "MGF") and not len(child) and algorithm == OAEP:
            mask = str(child.get("Algorithm"))
        else:
            raise BadAssertion("the key transport has parameters that we don't use")
    if algorithm not in (OAEP_MGF1P, OAEP) or digest not in _HASHES or mask not in _MASKS or len(method) > 2:
        raise BadAssertion("the key transport is not RSA-OAEP")
    return padding.OAEP(padding.MGF1(_MASKS[mask]), _HASHES[digest], None)


def _check_length(ciphertext: bytes, mode: str) -> None:
    block = BLOCKS.get(mode, 1)
    whole = len(ciphertext) > IV + TAG if mode == GCM else len(ciphertext) >= 2 * block
    if not whole or len(ciphertext) % block:
        raise BadAssertion("the encrypted bytes are cut short")


def _decrypted(shape: Encrypted, decryption: Decryption) -> bytes:
    """The plaintext under the first content key that fits. Raises Undecipherable."""
    for key in _content_keys(shape, decryption):
        plain = _plain(shape, key)
        if plain is not None:
            return plain
    raise Undecipherable("no key of ours opens what was encrypted, or it was tampered with")


def _content_keys(shape: Encrypted, decryption: Decryption) -> Iterable[bytes]:
    for wrapped in shape.keys:
        if wrapped.recipient not in (None, decryption.entity_id):
            continue
        for own in decryption.keys:
            if len(wrapped.ciphertext) * 8 != own.key_size:
                continue
            try:
                key = own.decrypt(wrapped.ciphertext, wrapped.oaep)
            except ValueError:
                continue
            if len(key) == shape.key_bytes:
                yield key


def _plain(shape: Encrypted, key: bytes) -> bytes | None:
    if shape.mode == GCM:
        try:
            return AESGCM(key).decrypt(shape.ciphertext[:IV], shape.ciphertext[IV:], None)
        except InvalidTag:
            return None
    block = BLOCKS[shape.mode]
    cipher = TripleDES(key) if shape.mode == CBC_3DES else algorithms.AES(key)
    decryptor = Cipher(cipher, modes.CBC(shape.ciphertext[:block])).decryptor()
    padded = decryptor.update(shape.ciphertext[block:]) + decryptor.finalize()
    count = padded[-1]  # XML Encryption 5.2.1: only the last byte of the padding means anything
    return padded[:-count] if 1 <= count <= block else None
