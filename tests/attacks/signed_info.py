"""What a signature says of itself: transforms, references, algorithms, KeyInfo; the library would run it."""

import base64
import copy
import hashlib
from collections.abc import Mapping

import xmlsec
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from lxml import etree

from dev.identity_provider import messages
from saml.errors import BadAssertion
from saml.xml import EXC_C14N, XENC
from tests.attacks import Kind, Make
from tests.attacks.edits import BASES, Edit, find, inside, put, speak_evil, stolen
from tests.saml_kit import DS, SAML, believe, honest, key_pair, sign_oddly, signed

NS = DS[1:-1]
MORE = "http://www.w3.org/2001/04/xmldsig-more#"
TRANSFORMS = {
    "XSLT": 'Algorithm="http://www.w3.org/TR/1999/REC-xslt-19991116"><xsl:stylesheet version="1.0" '
    'xmlns:xsl="http://www.w3.org/1999/XSL/Transform"><xsl:template match="/"/></xsl:stylesheet>',
    "XPath": 'Algorithm="http://www.w3.org/TR/1999/REC-xpath-19991116"><ds:XPath>true()</ds:XPath>',
    "XPath filter 2": 'Algorithm="http://www.w3.org/2002/06/xmldsig-filter2">',
    "base64": f'Algorithm="{NS}base64">',
    "enveloped-signature again": f'Algorithm="{NS}enveloped-signature">',
    "inclusive c14n": 'Algorithm="http://www.w3.org/TR/2001/REC-xml-c14n-20010315">',
    "exclusive c14n again": f'Algorithm="{EXC_C14N}">',
    "a relationship transform": 'Algorithm="http://schemas.openxmlformats.org/package/2006/RelationshipTransform">',
    "decryption": 'Algorithm="http://www.w3.org/2002/07/decrypt#XML">',
    "none": ">",
}


def transform(markup: str, place: int = 9) -> Edit:
    def edit(root: etree._Element) -> None:
        node = etree.fromstring(f'<ds:Transform xmlns:ds="{NS}" {markup}</ds:Transform>')
        find(root, f"{DS}Transforms").insert(place, node)

    return edit


def transforms_only(*kept: int) -> Edit:
    def edit(root: etree._Element) -> None:
        node = find(root, f"{DS}Transforms")
        node[:] = [node[number] for number in kept]

    return edit


def reference(uri: str | None) -> Edit:
    def edit(root: etree._Element) -> None:
        node = find(root, f"{DS}Reference")
        node.attrib.pop("URI", "")
        if uri is not None:
            node.set("URI", uri)

    return edit


def second_reference(uri: str) -> Edit:
    def edit(root: etree._Element) -> None:
        node = find(root, f"{DS}Reference")
        node.addnext(copy.deepcopy(node))
        node.getnext().set("URI", uri)  # type: ignore[union-attr]

    return edit


def first_reference(uri: str) -> Edit:
    def edit(root: etree._Element) -> None:
        node = find(root, f"{DS}Reference")
        node.addprevious(copy.deepcopy(node))
        node.getprevious().set("URI", uri)  # type: ignore[union-attr]

    return edit


URIS: dict[str, str | None] = {
    "a file": "file:///etc/hostname",
    "an endless file": "file:///dev/zero",
    "a path": "/etc/hostname",
    "a relative path": "etc/hostname",
    "http": "http://127.0.0.1:1/",
    "the whole document": "",
    "nothing": None,
    "xpointer to the root": "#xpointer(/)",
    "xpointer to an ID": "#xpointer(id('_evil'))",
    "another ID": "#_other",
    "an ID with a comment's ending": "#_other--",
    "two ids": "#_a #_b",
}
ALGORITHMS: dict[str, tuple[str, str]] = {
    "HMAC-SHA-256": ("SignatureMethod", MORE + "hmac-sha256"),
    "HMAC-SHA-1": ("SignatureMethod", NS + "hmac-sha1"),
    "RSA-SHA-1": ("SignatureMethod", NS + "rsa-sha1"),
    "RSA-MD5": ("SignatureMethod", MORE + "rsa-md5"),
    "RSA-SHA-224": ("SignatureMethod", MORE + "rsa-sha224"),
    "DSA-SHA-1": ("SignatureMethod", NS + "dsa-sha1"),
    "ECDSA-SHA-1": ("SignatureMethod", MORE + "ecdsa-sha1"),
    "ECDSA for an RSA key": ("SignatureMethod", MORE + "ecdsa-sha256"),
    "RSA-PSS for another signature": (
        "SignatureMethod", "http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1",
    ),
    "no signature algorithm": ("SignatureMethod", "none"),
    "an empty signature algorithm": ("SignatureMethod", ""),
    "a signature algorithm in capitals": ("SignatureMethod", (MORE + "rsa-sha256").upper()),
    "a signature algorithm with a space": ("SignatureMethod", MORE + "rsa-sha256 "),
    "digest SHA-1": ("DigestMethod", NS + "sha1"),
    "digest MD5": ("DigestMethod", MORE + "md5"),
    "digest SHA-224": ("DigestMethod", MORE + "sha224"),
    "an unknown digest": ("DigestMethod", "urn:example"),
    "inclusive c14n of SignedInfo": (
        "CanonicalizationMethod", "http://www.w3.org/TR/2001/REC-xml-c14n-20010315",
    ),
    "c14n of SignedInfo with comments": ("CanonicalizationMethod", EXC_C14N + "WithComments"),
    "c14n 1.1 of SignedInfo": ("CanonicalizationMethod", "http://www.w3.org/2006/12/xml-c14n11"),
}  # fmt: skip
KEY_INFO: Mapping[str, str] = {
    "RetrievalMethod to http": f'<ds:RetrievalMethod xmlns:ds="{NS}" URI="http://127.0.0.1:1/"/>',
    "RetrievalMethod to a file": f'<ds:RetrievalMethod xmlns:ds="{NS}" URI="file:///dev/zero"/>',
    "a DSA key": f'<ds:KeyValue xmlns:ds="{NS}"><ds:DSAKeyValue/></ds:KeyValue>',
    "PGP data": f'<ds:PGPData xmlns:ds="{NS}"/>',
    "SPKI data": f'<ds:SPKIData xmlns:ds="{NS}"/>',
    "MgmtData": f'<ds:MgmtData xmlns:ds="{NS}"/>',
    "an encrypted key": f'<x:EncryptedKey xmlns:x="{XENC}"/>',
    "a KeyInfoReference": '<d:KeyInfoReference xmlns:d="http://www.w3.org/2009/xmldsig11#" URI="#x"/>',
    "something unknown": '<a xmlns="urn:example"/>',
}
SHAPES: dict[str, Edit] = {
    "an HMAC length": inside(f"{DS}SignatureMethod", f'<HMACOutputLength xmlns="{NS}">0</HMACOutputLength>'),
    "an Object": lambda root: etree.SubElement(find(root, f"{DS}Signature"), f"{DS}Object"),
    "two KeyInfo": lambda root: etree.SubElement(find(root, f"{DS}Signature"), f"{DS}KeyInfo"),
    "Transforms twice": lambda root: find(root, f"{DS}Transforms").addnext(
        copy.deepcopy(find(root, f"{DS}Transforms"))
    ),
    "no transforms": transforms_only(),
    "enveloped-signature only": transforms_only(0),
    "c14n only": transforms_only(1),
    "transforms in the other order": transforms_only(1, 0),
    "XPath in the enveloped transform": inside(
        f"{DS}Transform", f'<XPath xmlns="{NS}">true()</XPath>'
    ),
    "text between the parts is no part": lambda root: setattr(find(root, f"{DS}SignedInfo"), "text", "x"),
    "a Manifest": put(f"{DS}Reference", "Type", NS + "Manifest"),
}  # fmt: skip
ODD: dict[str, dict[str, object]] = {
    "SHA-1 signature": {"method": xmlsec.constants.TransformRsaSha1},
    "SHA-224 signature": {"method": xmlsec.constants.TransformRsaSha224},
    "SHA-1 digest": {"digest": xmlsec.constants.TransformSha1},
    "inclusive c14n": {"c14n": xmlsec.constants.TransformInclC14N},
    "inclusive c14n as a transform": {
        "transforms": (xmlsec.constants.TransformEnveloped, xmlsec.constants.TransformInclC14N)
    },
    "comments kept": {
        "transforms": (xmlsec.constants.TransformEnveloped, xmlsec.constants.TransformExclC14NWithComments)
    },
    "no c14n transform": {"transforms": (xmlsec.constants.TransformEnveloped,)},
    "the whole document": {"uri": ""},
    "two references": {"twice": True},
}


def by_hmac() -> bytes:
    """The provider's public key, which everybody knows, used as the secret of an HMAC."""
    root = etree.fromstring(signed())
    speak_evil(root)
    find(root, f"{DS}SignatureMethod").set("Algorithm", MORE + "hmac-sha256")
    context = xmlsec.SignatureContext()
    certificate = key_pair("rivers")[1].encode()
    context.key = xmlsec.Key.from_binary_data(xmlsec.constants.KeyDataHmac, certificate)
    xmlsec.tree.add_ids(root, ["ID"])
    context.sign(find(root, f"{DS}Signature"))
    return etree.tostring(root)


def of_nothing() -> bytes:
    """A true signature of an empty digest, as void canonicalisation yields, under an evil assertion whose
    relative namespace stops canonicalisation."""
    root = etree.fromstring(signed())
    speak_evil(root)
    target = root.findall(f"{SAML}Assertion")[0]
    etree.SubElement(target, "{1}a", nsmap={"void": "1"})
    find(root, f"{DS}DigestValue").text = base64.b64encode(hashlib.sha256(b"").digest()).decode()
    info = etree.tostring(find(root, f"{DS}SignedInfo"), method="c14n", exclusive=True)
    key = serialization.load_pem_private_key(key_pair("rivers")[0].encode(), None)
    assert isinstance(key, rsa.RSAPrivateKey)
    value = key.sign(info, padding.PKCS1v15(), hashes.SHA256())
    find(root, f"{DS}SignatureValue").text = base64.b64encode(value).decode()
    return etree.tostring(root)


def odd(oddity: dict[str, object], *, whole: bool) -> Make:
    return lambda: sign_oddly(messages.response(honest()), whole=whole, **oddity)  # type: ignore[arg-type]


KIND = Kind(
    "transforms, references, algorithms, KeyInfo",
    believe,
    (BadAssertion,),
    dict(BASES),
    {
        **stolen({f"{name} as last transform": transform(one) for name, one in TRANSFORMS.items()}),
        **stolen({f"{name} as first transform": transform(one, 0) for name, one in TRANSFORMS.items()}),
        **stolen({f"reference to {name}": reference(uri) for name, uri in URIS.items()}),
        **stolen({f"second reference to {name}": second_reference(uri or "") for name, uri in URIS.items()}),
        **stolen({f"first of two to {name}": first_reference(uri or "") for name, uri in URIS.items()}),
        **stolen({name: put(f"{DS}{tag}", "Algorithm", value) for name, (tag, value) in ALGORITHMS.items()}),
        **stolen({f"KeyInfo: {name}": inside(f"{DS}KeyInfo", markup) for name, markup in KEY_INFO.items()}),
        **stolen(SHAPES),
        **{
            f"{name} by the provider, {'response' if whole else 'assertion'} signed": odd(one, whole=whole)
            for name, one in ODD.items()
            for whole in (False, True)
        },
        "HMAC with the public key": by_hmac,
        "void canonicalisation": of_nothing,
    },
)  # fmt: skip
