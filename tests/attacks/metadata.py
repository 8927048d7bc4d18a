"""A provider's metadata: whoever changes it, or signs it, would decide who may sign people in."""

import copy
from datetime import timedelta

from lxml import etree

from dev.identity_provider import messages
from saml import metadata
from saml.errors import ProviderRefused
from tests.attacks import Kind, Make
from tests.attacks.edits import Edit, drop, find, inside, put, text, twice
from tests.attacks.signed_info import (
    ALGORITHMS,
    KEY_INFO,
    TRANSFORMS,
    URIS,
    reference,
    second_reference,
    transform,
)
from tests.saml_kit import DS, NOW, edited, identity_provider, key_pair

MD = "{urn:oasis:names:tc:SAML:2.0:metadata}"
EVIL = "https://evil.example/sso"
SIGNER = key_pair("federation")[1]


def described() -> etree._Element:
    """The honest metadata of a provider."""
    root = etree.fromstring(messages.metadata(identity_provider()), etree.XMLParser(remove_blank_text=True))
    root.set("ID", "_metadata")
    root.set("validUntil", "2026-12-23T09:00:00Z")
    return root


def signed(root: etree._Element | None = None, key: str = "federation") -> bytes:
    """As a federation signs it."""
    root = described() if root is None else root
    document = messages.sign(root, identity_provider(key=key))
    again = etree.fromstring(document)
    again.insert(0, find(again, f"{DS}Signature"))  # the schema wants it first; the digest does not cover it
    return etree.tostring(again)


def judge(document: bytes) -> object:
    """Read it as a registration does that names the federation's certificate."""
    return metadata.read(document, NOW, (SIGNER,))


def evil_twin(root: etree._Element) -> etree._Element:
    twin = copy.deepcopy(root)
    for signature in list(twin.iter(f"{DS}Signature")):
        twin.remove(signature)
    for node in twin.iter(f"{MD}SingleSignOnService"):
        node.set("Location", EVIL)
    find(twin, f"{DS}X509Certificate").text = "".join(key_pair("forger")[1].splitlines()[1:-1])
    return twin


def wrapped(where: str, *, new_id: bool) -> Edit:
    """An evil description carries the good one, for which the signature is."""

    def edit(root: etree._Element) -> None:
        good, twin = copy.deepcopy(root), evil_twin(root)
        signature = find(root, f"{DS}Signature")
        root[:] = [signature, *twin]
        if new_id:
            root.set("ID", "_evil")
        place = signature if where == "Object" else root
        etree.SubElement(place, f"{DS}Object" if where == "Object" else where).append(good)

    return edit


EDITS: dict[str, Edit] = {
    "signature stripped": drop(f"{DS}Signature"),
    "two signatures": twice(f"{DS}Signature"),
    "another address": put(f"{MD}SingleSignOnService", "Location", EVIL),
    "another entity": lambda root: root.set("entityID", "https://evil.example/"),
    "another certificate": lambda root: root.replace(root[1], evil_twin(root)[0]),
    "a certificate added": twice(f"{MD}KeyDescriptor"),
    "valid for longer": lambda root: root.set("validUntil", "2036-12-23T09:00:00Z"),
    "digest emptied": text(f"{DS}DigestValue", ""),
    "signature value emptied": text(f"{DS}SignatureValue", ""),
    "an ID again": lambda root: root[1].set("ID", "_metadata"),
    "no ID": lambda root: root.attrib.pop("ID"),
    **{
        f"wrapped in {where.rpartition('}')[2]}, {'another' if new_id else 'the same'} ID": wrapped(
            where, new_id=new_id
        )
        for where in ("Object", f"{MD}Extensions", "{urn:example}x")
        for new_id in (False, True)
    },
    **{f"transform {name}": transform(markup) for name, markup in TRANSFORMS.items()},
    **{f"reference to {name}": reference(uri) for name, uri in URIS.items()},
    **{f"second reference to {name}": second_reference(uri or "") for name, uri in URIS.items()},
    **{name: put(f"{DS}{tag}", "Algorithm", value) for name, (tag, value) in ALGORITHMS.items()},
    **{f"KeyInfo: {name}": inside(f"{DS}KeyInfo", markup) for name, markup in KEY_INFO.items()},
}
RAW = {
    "a DTD": lambda given: b"<!DOCTYPE a>" + given,
    "an external entity": lambda given: b'<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/hostname">]>' + given,
    "UTF-16": lambda given: given.decode().encode("utf-16"),
    "cut short": lambda given: given[: len(given) // 2],
    "empty": lambda given: b"",
    "too long": lambda given: given + b" " * 2_000_000,
    "elements without end": lambda given: given.replace(b"<md:IDP", b"<a/>" * 100_000 + b"<md:IDP", 1),
    "attributes without end": lambda given: given.replace(
        b"<md:IDPSSODescriptor ",
        b"<md:IDPSSODescriptor " + b"".join(b'a%d="" ' % n for n in range(50_000)), 1,
    ),
    "prefixes without end": lambda given: given.replace(
        b"<md:IDPSSODescriptor ",
        b"<md:IDPSSODescriptor " + b"".join(b'xmlns:a%d="x" ' % n for n in range(20_000)), 1,
    ),
}  # fmt: skip


def over() -> bytes:
    root = described()
    root.set("validUntil", (NOW - timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ"))
    return signed(root)


def unsigned() -> bytes:
    return etree.tostring(described())


def tampered(edit: Edit) -> Make:
    return lambda: edited(signed(), edit)


KIND = Kind(
    "metadata",
    judge,
    (ProviderRefused,),
    {"signed by the federation": signed},
    {
        **{name: tampered(edit) for name, edit in EDITS.items()},
        **{name: lambda change=change: change(signed()) for name, change in RAW.items()},
        "unsigned": unsigned,
        "signed by a forger": lambda: signed(key="forger"),
        "signed by the provider itself": lambda: signed(key="rivers"),
        "over": over,
    },
    posted=False,
)
