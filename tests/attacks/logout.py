"""Logout messages, in addresses and in forms: unsigned, tampered with, wrapped, misdirected, oversized."""

import base64
import copy
import zlib
from collections.abc import Callable
from datetime import timedelta
from urllib.parse import quote_plus

from lxml import etree

from dev.identity_provider import messages, redirect
from saml import bindings, slo
from saml.errors import BadLogout
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
from tests.saml_kit import (
    DS,
    NOW,
    SAML,
    SAMLP,
    SETTINGS,
    decryption,
    identity_provider,
    key_pair,
    registered,
    service,
)

PROVIDER = registered()
SLO = SETTINGS.slo_url
OTHER = "http://127.0.0.1:5001/northmere/metadata"
Query = Callable[[str], str]
Form = dict[str, str]


def wish(**changes: object) -> etree._Element:
    """The provider's honest LogoutRequest."""
    return messages.logout_request(
        identity_provider(), service(), "name-1", "_session", changes.get("now", NOW)  # type: ignore[arg-type]
    )  # fmt: skip


def query(root: etree._Element | None = None, key: str = "rivers", kind: str = "SAMLRequest") -> str:
    """As an address carries it."""
    return redirect.query(kind, etree.tostring(wish() if root is None else root), "state", key_pair(key)[0])


def form(
    root: etree._Element | None = None, key: str = "rivers", kind: str = "SAMLRequest"
) -> dict[str, str]:
    """As a posted form carries it."""
    signed = messages.sign(wish() if root is None else root, identity_provider(key=key))
    return {kind: messages.encoded(signed), "RelayState": "state"}


def judge(arrived: str | Form) -> slo.LogoutRequest:
    """The path of a logout message up to replay."""
    read = bindings.read_redirect if isinstance(arrived, str) else bindings.read_post
    root = bindings.believed(read(arrived), PROVIDER, NOW)  # type: ignore[operator]
    return slo.read_request(root, PROVIDER, SETTINGS, decryption(), NOW)


def without(name: str) -> Query:
    return lambda given: "&".join(part for part in given.split("&") if not part.startswith(f"{name}="))


def deflated(data: bytes) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(data) + packer.flush()


def packed(data: bytes) -> str:
    return f"SAMLRequest={quote_plus(base64.b64encode(data).decode())}&SigAlg=x&Signature=eA=="


QUERIES: dict[str, Query] = {
    "unsigned": without("Signature"),
    "no algorithm": without("SigAlg"),
    "no message": without("SAMLRequest"),
    "RelayState removed": without("RelayState"),
    "RelayState changed": lambda given: given.replace("RelayState=state", "RelayState=other"),
    "RelayState added again": lambda given: given + "&RelayState=state",
    "message twice": lambda given: given.split("&")[0] + "&" + given,
    "signature twice": lambda given: given + "&" + given.split("&")[-1],
    "message in disguise": lambda given: given + "&SAML%52equest=x",
    "signature in disguise": lambda given: given.replace("Signature=", "Sig%6eature="),
    "a response beside": lambda given: given + "&SAMLResponse=x",
    "a request called a response": lambda given: given.replace("SAMLRequest=", "SAMLResponse="),
    "SHA-1": lambda given: given.replace("xmldsig-more%23rsa-sha256", "xmldsig%23rsa-sha1"),
    "HMAC": lambda given: given.replace("rsa-sha256", "hmac-sha256"),
    "elliptic curve": lambda given: given.replace("rsa-sha256", "ecdsa-sha256"),
    "another digest": lambda given: given.replace("rsa-sha256", "rsa-sha512"),
    "no known algorithm": lambda given: given.replace("rsa-sha256", "none"),
    "signature not base64": lambda given: given.rpartition("=")[0] + "=%%%",
    "signature empty": lambda given: given.rpartition("=")[0] + "=",
    "signature of zeros": lambda given: given.rpartition("=")[0] + "=" + "A" * 344,
    "escapes in the other case": lambda given: given.replace("%3A", "%3a").replace("%2F", "%2f"),
    "a space for a plus": lambda given: (
        given.replace("%2B", "+", 1) if "%2B" in given else given + "&SigAlg="
    ),
    "semicolons": lambda given: given.replace("&", ";"),
    "empty": lambda given: "",
    "not ASCII": lambda given: given + "é",
    "a line break": lambda given: given + "\n",
    "long": lambda given: given + "&x=" + "x" * 70_000,
    "thousands of fields": lambda given: given + "&a=b" * 15_000,
    "percent rubbish": lambda given: given.replace("SAMLRequest=", "SAMLRequest=%zz%"),
}
BYTES: dict[str, bytes] = {
    "nothing deflated": b"",
    "a NUL deflated": b"\x00",
    "cut short": deflated(b"<a/>")[:-2],
    "more after the end": deflated(b"<a/>") + b"x",
    "not deflated": b"hello",
    "with zlib's header": zlib.compress(b"<a/>"),
    "a bomb of 20 MB": deflated(b"<a>" + b" " * 20_000_000),
    "a bomb in a bomb": deflated(deflated(b" " * 20_000_000)),
    "a DTD": deflated(b"<!DOCTYPE a><a/>"),
    "a bomb of elements": deflated(b"<a>" * 9_000 + b"</a>" * 9_000),
    "a bomb of attributes": deflated(b"<a" + b"".join(b' a%d=""' % n for n in range(6_000)) + b"/>"),
}
EDITS: dict[str, Edit] = {
    "no name": drop(f"{SAML}NameID"),
    "no issuer": drop(f"{SAML}Issuer"),
    "two issuers": twice(f"{SAML}Issuer"),
    "another issuer": text(f"{SAML}Issuer", OTHER),
    "a comment in the issuer": lambda root: find(root, f"{SAML}Issuer").insert(0, etree.Comment("x")),
    "two names": twice(f"{SAML}NameID"),
    "a name and an encrypted one": lambda root: etree.SubElement(root, f"{SAML}EncryptedID"),
    "a BaseID": lambda root: setattr(find(root, f"{SAML}NameID"), "tag", f"{SAML}BaseID"),
    "an empty name": text(f"{SAML}NameID", ""),
    "a comment in the name": lambda root: find(root, f"{SAML}NameID").insert(0, etree.Comment("x")),
    "an element in the name": inside(f"{SAML}NameID", "<x/>"),
    "a name of another provider": put(f"{SAML}NameID", "NameQualifier", OTHER),
    "an empty session index": text(f"{SAMLP}SessionIndex", ""),
    "an element in the session index": inside(f"{SAMLP}SessionIndex", "<x/>"),
    "session indexes by the hundred": lambda root: [
        etree.SubElement(root, f"{SAMLP}SessionIndex").__setattr__("text", f"_{n}") for n in range(100)
    ],
    "no destination": lambda root: root.attrib.pop("Destination"),
    **{
        f"destination {name}": (lambda root, one=one: root.set("Destination", one))
        for name, one in {
            "empty": "", "longer": SLO + "/x", "shorter": SLO[:-1], "in capitals": SLO.upper(),
            "with a slash": SLO + "/", "of the ACS": SETTINGS.acs_url, "inside another": f"https://e.example/?{SLO}",
        }.items()
    },
    "no ID": lambda root: root.set("ID", ""),
    "SAML 1.1": lambda root: root.set("Version", "1.1"),
    "old": lambda root: root.set("IssueInstant", "2026-11-23T08:00:00Z"),
    "from the future": lambda root: root.set("IssueInstant", "2026-11-23T10:00:00Z"),
    "no IssueInstant": lambda root: root.attrib.pop("IssueInstant"),
    "over": lambda root: root.set("NotOnOrAfter", "2026-11-23T08:50:00Z"),
    "local time": lambda root: root.set("NotOnOrAfter", "2026-11-23T12:00:00+01:00"),
    "an AuthnRequest": lambda root: setattr(root, "tag", f"{SAMLP}AuthnRequest"),
    "a Response": lambda root: setattr(root, "tag", f"{SAMLP}Response"),
    "of no namespace": lambda root: setattr(root, "tag", "LogoutRequest"),
}  # fmt: skip


def tampered(edit: Edit) -> Make:
    """A posted request changed after it was signed."""

    def make() -> Form:
        root = etree.fromstring(base64.b64decode(form()["SAMLRequest"]))
        edit(root)
        return {"SAMLRequest": messages.encoded(etree.tostring(root))}

    return make


def wrapped(where: str, *, new_id: bool) -> Edit:
    """An evil request carries the good one and its signature."""

    def edit(root: etree._Element) -> None:
        good = copy.deepcopy(root)
        signature = find(root, f"{DS}Signature")
        find(root, f"{SAML}NameID").text = "somebody-else"
        if new_id:
            root.set("ID", "_evil")
        if where == "Object":
            find(good, f"{DS}Signature").getparent().remove(find(good, f"{DS}Signature"))  # type: ignore[union-attr]
            etree.SubElement(signature, f"{DS}Object").append(good)
        else:
            root.remove(signature)
            etree.SubElement(root, f"{SAMLP}Extensions" if where == "Extensions" else where).append(good)

    return edit


POSTED: dict[str, Edit] = {
    "signature stripped": drop(f"{DS}Signature"),
    "somebody else named": text(f"{SAML}NameID", "somebody-else"),
    "another session": text(f"{SAMLP}SessionIndex", "_other"),
    "session index removed": drop(f"{SAMLP}SessionIndex"),
    "session index added": twice(f"{SAMLP}SessionIndex"),
    "two signatures": twice(f"{DS}Signature"),
    "signature deeper": lambda root: find(root, f"{SAML}Issuer").append(find(root, f"{DS}Signature")),
    "digest emptied": text(f"{DS}DigestValue", ""),
    "an ID again": lambda root: find(root, f"{SAML}NameID").set("ID", str(root.get("ID"))),
    "xml:id": lambda root: root.set("{http://www.w3.org/XML/1998/namespace}id", "x"),
    **{
        f"wrapped in {where.rpartition('}')[2]}{', same ID' if not new_id else ''}": wrapped(
            where, new_id=new_id
        )
        for where in ("Object", "Extensions", f"{SAML}NameID", "{urn:example}x")
        for new_id in (False, True)
    },
    **{f"transform {name}": transform(markup) for name, markup in TRANSFORMS.items()},
    **{f"reference to {name}": reference(uri) for name, uri in URIS.items()},
    **{f"second reference to {name}": second_reference(uri or "") for name, uri in URIS.items()},
    **{name: put(f"{DS}{tag}", "Algorithm", value) for name, (tag, value) in ALGORITHMS.items()},
    **{f"KeyInfo: {name}": inside(f"{DS}KeyInfo", markup) for name, markup in KEY_INFO.items()},
}
FORMS: dict[str, Form] = {
    "nothing": {},
    "unsigned": {"SAMLRequest": messages.encoded(etree.tostring(wish()))},
    "signature beside, as in an address": {
        "SAMLRequest": messages.encoded(etree.tostring(wish())),
        "SigAlg": redirect.RSA_SHA256,
        "Signature": "eA==",
    },
    "deflated": {"SAMLRequest": base64.b64encode(deflated(etree.tostring(wish()))).decode()},
    "request and response": form() | form(kind="SAMLResponse"),
    "not base64": {"SAMLRequest": "%%%"},
    "long": {"SAMLRequest": "A" * 300_000},
    "a long RelayState": form() | {"RelayState": "x" * 70_000},
    "a DTD": {"SAMLRequest": base64.b64encode(b"<!DOCTYPE a><a/>").decode()},
}  # fmt: skip


def changed(edit: Edit, send: Callable[[etree._Element], object]) -> Make:
    def make() -> object:
        root = wish()
        edit(root)
        return send(root)

    return make


def answer() -> etree._Element:
    return messages.logout_response(identity_provider(), service(), "_ours", NOW)


KIND = Kind(
    "single logout",
    judge,
    (BadLogout,),
    {
        "in an address": query,
        "in a form": form,
        "without a session index": lambda: query(
            messages.logout_request(identity_provider(), service(), "name-1", "", NOW)
        ),
        "with several session indexes": changed(twice(f"{SAMLP}SessionIndex"), query),
        "with a kilobyte of RelayState": lambda: redirect.query(
            "SAMLRequest", etree.tostring(wish()), "x" * 4_000, key_pair("rivers")[0]
        ),
        "clock two minutes ahead": lambda: query(wish(now=NOW + timedelta(minutes=2))),
        "clock two minutes behind": lambda: form(wish(now=NOW - timedelta(minutes=2))),
    },
    {
        **{f"address: {name}": lambda change=change: change(query()) for name, change in QUERIES.items()},
        **{f"address: {name}": lambda data=data: packed(data) for name, data in BYTES.items()},
        **{f"address, signed: {name}": changed(edit, query) for name, edit in EDITS.items()},
        **{f"form, signed: {name}": changed(edit, form) for name, edit in EDITS.items() if name != "no ID"},
        **{f"form: {name}": tampered(edit) for name, edit in POSTED.items()},
        **{f"form: {name}": lambda given=given: given for name, given in FORMS.items()},
        "address: by a forger": lambda: query(key="forger"),
        "form: by a forger": lambda: form(key="forger"),
        "address: an answer for a request": lambda: query(answer()),
        "form: an answer for a request": lambda: form(answer()),
    },
)
