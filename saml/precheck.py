"""The shape of a message, checked before any cryptography sees it.

The signature library runs whatever transforms and opens whatever references a stranger writes, before it
looks at the signature (measured: seconds of CPU through XSLT, local files hashed). So only one shape gets
through: one Reference to the `#ID` of the element that holds the signature, enveloped-signature and
exclusive c14n, strong algorithms.
"""

from dataclasses import dataclass

from lxml import etree

from saml.encryption import encrypted_shape
from saml.engine import SIGNATURE_METHODS
from saml.errors import BadAssertion, ProviderSaidNo
from saml.xml import (
    DS,
    EXC_C14N,
    KEY_INFO_PARTS,
    SAML,
    SAMLP,
    SUCCESS,
    XENC,
    XSI,
    Unreadable,
    from_base64,
    is_ncname,
    parse,
    q,
)  # fmt: skip

ENVELOPED = DS + "enveloped-signature"
DIGEST_METHODS = {
    "http://www.w3.org/2001/04/xmlenc#sha256": "sha256",
    "http://www.w3.org/2001/04/xmldsig-more#sha384": "sha384",
    "http://www.w3.org/2001/04/xmlenc#sha512": "sha512",
}
ASSERTION, ENCRYPTED = q(SAML, "Assertion"), q(SAML, "EncryptedAssertion")
_RESPONSE_PARTS = frozenset({
    q(SAML, "Issuer"), q(DS, "Signature"), q(SAMLP, "Extensions"), q(SAMLP, "Status"), ASSERTION, ENCRYPTED,
})  # fmt: skip
_STATUS_PARTS = tuple(q(SAMLP, name) for name in ("StatusCode", "StatusMessage", "StatusDetail"))
_RESPONSE_ATTRIBUTES = frozenset(
    {"ID", "Version", "IssueInstant", "Destination", "InResponseTo", "Consent", q(XSI, "schemaLocation")}
)
MAX_KEY_INFO = 50  # elements
MAX_PREFIXES = 20  # canonicalising takes quadratic time in them: 30,000 cost nine seconds


@dataclass(frozen=True, slots=True)
class SignatureShape:
    """A signature whose SignedInfo says only what we allow; what the engine needs to verify it."""

    parent: etree._Element
    node: etree._Element
    method: str  # one of SIGNATURE_METHODS
    value: str  # base64
    info_prefixes: tuple[str, ...]  # InclusiveNamespaces of SignedInfo's canonicalisation
    digest: str  # hashlib's name of the digest
    digest_value: str  # base64
    prefixes: tuple[str, ...]  # InclusiveNamespaces of the c14n transform


@dataclass(frozen=True, slots=True)
class Shaped:
    """A Response of the one shape we read. Nothing in it is believed yet."""

    response: etree._Element
    assertion: etree._Element | None  # None where it is encrypted
    signatures: tuple[
        SignatureShape, ...
    ]  # of the Response, of the Assertion: at least one, if it is in clear


@dataclass(frozen=True, slots=True)
class Inner:
    """A decrypted assertion of the one shape we read. It may be believed only if it, or what held it, is
    signed."""

    assertion: etree._Element
    signatures: tuple[SignatureShape, ...]  # none or one


def check_response(saml_response: str) -> Shaped:
    """Decode, parse and check the shape of a posted Response. Raises BadAssertion, or ProviderSaidNo."""
    try:
        root = parse(from_base64(saml_response))
    except Unreadable as error:
        raise BadAssertion(str(error)) from error
    if root.tag != q(SAMLP, "Response"):
        raise BadAssertion("the message is not a Response")
    _check_status(root)
    check_ids(root)
    _check_parts(root)
    assertion = root.find(ASSERTION)
    if assertion is None:
        encrypted_shape(root.findall(ENCRYPTED)[0])
        return Shaped(root, None, _signatures(root, (root,)))
    signatures = _signatures(root, (root, assertion))
    if not signatures:
        raise BadAssertion("neither the Response nor the Assertion is signed")
    return Shaped(root, assertion, signatures)


def check_decrypted(opened: etree._Element) -> Inner:
    """Check what was encrypted by the rules for what is sent in clear. Raises BadAssertion."""
    check_ids(opened)
    assertion = opened[0]
    if assertion.tag != ASSERTION or len(list(opened.iter(ASSERTION, ENCRYPTED, q(SAMLP, "Response")))) != 1:
        raise BadAssertion("what was encrypted is not exactly one Assertion")
    return Inner(assertion, _signatures(opened, (assertion,)))


def _check_status(root: etree._Element) -> None:
    """A failure is told before the shape is judged: an error Response rightly has no assertion and no
    signature."""
    codes = [
        code for status in root.findall(q(SAMLP, "Status")) for code in status.findall(q(SAMLP, "StatusCode"))
    ]
    if len(codes) != 1:
        raise BadAssertion("the Response does not have exactly one status")
    if codes[0].get("Value") != SUCCESS:
        nested = codes[0].find(q(SAMLP, "StatusCode"))
        detail = str(nested.get("Value", "") if nested is not None else codes[0].get("Value", ""))
        raise ProviderSaidNo(f"the provider reports {detail[-80:]!r}")
    beside = root.findall(f"{q(SAMLP, 'Status')}/*")
    *plain, detail_tag = (
        _STATUS_PARTS  # the detail holds anything; what must not hide there is looked for later
    )
    names = [part.tag for part in beside]
    if any(part.tag not in plain or len(part) for part in beside if part.tag != detail_tag) or (
        len(set(names)) != len(names)
    ):
        raise BadAssertion("the status of success holds something unexpected")


def check_ids(root: etree._Element) -> None:
    """Every ID once; no xml:id or Id, which the signature library might take for one."""
    seen: set[str] = set()
    for node in root.iter():
        for name, value in node.attrib.items():
            if str(name).rpartition("}")[2].lower() != "id":
                continue
            if name == "Id" and etree.QName(node).namespace in (DS, XENC):
                continue  # XML Signature's and Encryption's own parts may carry one; we refer to none
            if name != "ID" or not is_ncname(str(value)) or str(value) in seen:
                raise BadAssertion("an ID is repeated, malformed, or of another kind than SAML's")
            seen.add(str(value))


def _check_parts(root: etree._Element) -> None:
    """Exactly one assertion, in clear or encrypted, directly in the Response; no others hidden anywhere."""
    for child in root:
        if child.tag not in _RESPONSE_PARTS:
            raise BadAssertion(f"the Response holds an unexpected {etree.QName(child).localname[:40]}")
    if set(root.attrib) - _RESPONSE_ATTRIBUTES:
        raise BadAssertion("the Response has an unexpected attribute")
    if "".join([root.text or "", *(child.tail or "" for child in root)]).strip(" \t\r\n"):
        raise BadAssertion("the Response has text between its parts")
    anywhere, here = root.iter(ASSERTION, ENCRYPTED), root.iterchildren(ASSERTION, ENCRYPTED)
    if len(list(anywhere)) != 1 or len(list(here)) != 1:
        raise BadAssertion("the Response does not have exactly one Assertion")
    if len(list(root.iter(q(SAMLP, "Response")))) != 1:
        raise BadAssertion("a Response is hidden in the Response")


def _signatures(root: etree._Element, parents: tuple[etree._Element, ...]) -> tuple[SignatureShape, ...]:
    """The signatures of the given elements; one anywhere else refuses the message."""
    shapes = []
    for parent in parents:
        nodes = parent.findall(q(DS, "Signature"))
        if len(nodes) > 1:
            raise BadAssertion("an element has more than one signature")
        shapes += [signature_shape(parent, node) for node in nodes]
    if len(list(root.iter(q(DS, "Signature")))) != len(shapes):
        raise BadAssertion("a signature stands where none belongs")
    return tuple(shapes)


def signature_shape(parent: etree._Element, node: etree._Element) -> SignatureShape:
    """Check one signature against the only shape we verify. Raises BadAssertion."""
    names = [child.tag for child in node]
    if names not in (
        [q(DS, "SignedInfo"), q(DS, "SignatureValue")],
        [q(DS, "SignedInfo"), q(DS, "SignatureValue"), q(DS, "KeyInfo")],
    ):
        raise BadAssertion("the signature has unexpected parts")
    key_info = [part for info in node.findall(q(DS, "KeyInfo")) for part in info.iterdescendants()]
    if len(key_info) > MAX_KEY_INFO or any(part.tag not in KEY_INFO_PARTS for part in key_info):
        raise BadAssertion("KeyInfo holds something other than certificates and keys")
    method_c14n, method, reference = _exactly(
        node[0], "CanonicalizationMethod", "SignatureMethod", "Reference"
    )
    if method.get("Algorithm") not in SIGNATURE_METHODS or len(method):
        raise BadAssertion("the signature algorithm is not allowed")
    if len(node[1]):
        raise BadAssertion("the signature value has parts")
    digest, digest_value, prefixes = _reference(parent, reference)
    return SignatureShape(
        parent=parent,
        node=node,
        method=str(method.get("Algorithm")),
        value=str(node[1].text or ""),
        info_prefixes=_c14n(method_c14n),
        digest=digest,
        digest_value=digest_value,
        prefixes=prefixes,
    )


def _reference(parent: etree._Element, reference: etree._Element) -> tuple[str, str, tuple[str, ...]]:
    """The digest's name, its value, and the inclusive prefixes of the transform."""
    identifier = str(parent.get("ID") or "")
    if not is_ncname(identifier) or reference.get("URI") != f"#{identifier}":
        raise BadAssertion("the signature does not refer to the element that holds it")
    transforms, digest, value = _exactly(reference, "Transforms", "DigestMethod", "DigestValue")
    enveloped, c14n = _exactly(transforms, "Transform", "Transform")
    if enveloped.get("Algorithm") != ENVELOPED or len(enveloped):
        raise BadAssertion("the first transform is not enveloped-signature")
    algorithm = DIGEST_METHODS.get(str(digest.get("Algorithm")))
    if algorithm is None or len(digest) or len(value):
        raise BadAssertion("the digest algorithm is not allowed")
    return algorithm, str(value.text or ""), _c14n(c14n)


def _exactly(node: etree._Element, *names: str) -> list[etree._Element]:
    """The children, which must be these ds: elements in this order."""
    if [child.tag for child in node] != [q(DS, name) for name in names]:
        raise BadAssertion(f"{etree.QName(node).localname} has unexpected parts")
    return list(node)


def _c14n(node: etree._Element) -> tuple[str, ...]:
    """Exclusive canonicalisation without comments; returns its inclusive prefixes."""
    if node.get("Algorithm") != EXC_C14N:
        raise BadAssertion("a canonicalisation or transform is not allowed")
    if not len(node):
        return ()
    if len(node) > 1 or node[0].tag != q(EXC_C14N, "InclusiveNamespaces") or len(node[0]):
        raise BadAssertion("a canonicalisation has unexpected parts")
    prefixes = str(node[0].get("PrefixList") or "").split()
    if len(prefixes) > MAX_PREFIXES:
        raise BadAssertion("a canonicalisation names too many prefixes")
    return tuple(prefixes)
