"""XML itself: DTDs, entities, encodings, comments, and messages made to cost time or memory."""

import base64
from collections.abc import Callable

from lxml import etree

from saml.errors import SignInRefused
from saml.xml import MAX_MESSAGE
from tests.attacks import Kind, Make
from tests.attacks.edits import BASES, Edit, find, misbehaving, stolen
from tests.saml_kit import SAML, SAMLP, believe, signed

Change = Callable[[bytes], bytes]
MAIL = b"isolde.marchbank@rivers-and-coasts.example"
EXC = b"http://www.w3.org/2001/10/xml-exc-c14n#"


def declared(encoding: str) -> Change:
    return lambda message: f'<?xml version="1.0" encoding="{encoding}"?>'.encode() + message


def recoded(encoding: str, name: str = "") -> Change:
    declaration = f'<?xml version="1.0" encoding="{name}"?>' if name else ""
    return lambda message: (declaration + message.decode()).encode(encoding)


def in_root(text: bytes) -> Change:
    return lambda message: message.replace(b"<samlp:Response ", b"<samlp:Response" + text + b" ", 1)


def in_mail(text: bytes) -> Change:
    return lambda message: message.replace(MAIL, text, 1)


def after(tag: bytes, text: bytes) -> Change:
    return lambda message: message.replace(tag, tag + text, 1)


TEXT: dict[str, Change] = {
    "DTD": lambda m: b"<!DOCTYPE r>" + m,
    "DTD with an entity": lambda m: b'<!DOCTYPE r [<!ENTITY e "x">]>' + m,
    "DTD from elsewhere": lambda m: b'<!DOCTYPE r SYSTEM "http://127.0.0.1:1/r.dtd">' + m,
    "parameter entity": lambda m: b'<!DOCTYPE r [<!ENTITY % p SYSTEM "file:///etc/hostname">%p;]>' + m,
    "external entity": lambda m: b'<!DOCTYPE r [<!ENTITY e SYSTEM "file:///etc/hostname">]>'
    + in_mail(b"&e;")(m),
    "a billion laughs": lambda m: b'<!DOCTYPE r [<!ENTITY a "aaaa">'
    + b"".join(b'<!ENTITY %c "%s">' % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(9))
    + b"]>"
    + in_mail(b"&j;")(m),
    "quadratic blow-up": lambda m: b'<!DOCTYPE r [<!ENTITY a "' + b"a" * 50_000 + b'">]>'
    + in_mail(b"&a;" * 5_000)(m),
    "attribute defaults": lambda m: b'<!DOCTYPE r [<!ATTLIST r ID ID #IMPLIED>]>' + m,
    "DTD in small letters": lambda m: b"<!doctype r>" + m,
    "DTD after a byte order mark": lambda m: b"\xef\xbb\xbf<!DOCTYPE r>" + m,
    "undeclared entity": in_mail(b"&evil;"),
    "UTF-16": recoded("utf-16"),
    "UTF-16 declared": recoded("utf-16", "UTF-16"),
    "UTF-16 without a mark": recoded("utf-16-le"),
    "UTF-32": recoded("utf-32"),
    "UTF-7 declared": declared("UTF-7"),
    "UTF-7 with a mark": lambda m: b"+/v8-" + m,
    "EBCDIC": recoded("cp037", "cp037"),
    "EBCDIC declared": declared("cp037"),
    "latin-1 declared": declared("iso-8859-1"),
    "Shift-JIS declared": declared("Shift_JIS"),
    "an encoding that nobody knows": declared("x-evil"),
    "XML 1.1": lambda m: b'<?xml version="1.1"?>' + m,
    "overlong UTF-8": in_mail(b"\xc0\xbcb\xc0\xbe"),
    "a lone surrogate": in_mail(b"\xed\xa0\x80"),
    "a NUL byte": lambda m: m + b"\x00",
    "a NUL by number": in_mail(b"&#0;"),
    "a control character by number": in_mail(b"&#8;" + MAIL),
    "a byte order mark in the middle": lambda m: m.replace(b"><", b">\xef\xbb\xbf<", 1),
    "comment before": lambda m: b"<!-- -->" + m,
    "comment after": lambda m: m + b"<!-- -->",
    "comment in the mail": in_mail(MAIL[:6] + b"<!-- -->" + MAIL[6:]),
    "comment in the issuer": after(b"<saml:Issuer>", b"<!---->"),
    "comment in the digest": after(b"<ds:DigestValue>", b"<!-- x -->"),
    "comment in the signature value": after(b"<ds:SignatureValue>", b"<!---->"),
    "comment in SignedInfo": after(b"<ds:SignedInfo>", b"<!-- -->"),
    "processing instruction before": lambda m: b"<?php x?>" + m,
    "processing instruction in the mail": in_mail(MAIL[:6] + b"<?x y?>" + MAIL[6:]),
    "style sheet": lambda m: b'<?xml-stylesheet href="http://127.0.0.1:1/"?>' + m,
    "CDATA around another mail": in_mail(b"<![CDATA[tamsin.okonjo-reed@northmere.police.example]]>"),
    "cut short": lambda m: m[: len(m) // 2],
    "two documents": lambda m: m + m,
    "text after": lambda m: m + b"x",
    "a duplicate attribute": lambda m: m.replace(b'Version="2.0"', b'Version="2.0" Version="2.0"', 1),
    "an undeclared prefix": lambda m: m.replace(b"<samlp:Status>", b"<samlp:Status><x:y/>", 1),
    "another namespace for the same prefix": lambda m: m.replace(
        b"urn:oasis:names:tc:SAML:2.0:assertion", b"urn:example", 1
    ),
    "relative namespace": in_root(b' xmlns:void="1"'),
    "xml:space and xml:base": in_root(b' xml:base="http://evil.example/"'),
    "XInclude": after(
        b"<samlp:Status>", b'<i:include xmlns:i="http://www.w3.org/2001/XInclude" href="file:///etc/hostname"/>'
    ),
    "empty": lambda m: b"",
    "one letter": lambda m: b"x",
    "HTML": lambda m: b"<html><body>hello</body></html>",
    "too long": lambda m: m + b" " * MAX_MESSAGE,
    "another root around it": lambda m: b"<a>" + m + b"</a>",
    "SOAP around it": lambda m: b'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>'
    + m + b"</s:Body></s:Envelope>",
    "the assertion alone": lambda m: m[m.index(b"<saml:Assertion") : m.index(b"</samlp:Response")],
}  # fmt: skip


def namespaces(count: int) -> bytes:
    return b"".join(b' xmlns:n%d="u:%d"' % (n, n) for n in range(count))


def prefix_list(message: bytes, count: int = 20_000) -> bytes:
    c14n = b'<ds:Transform Algorithm="' + EXC + b'"'
    prefixes = b" ".join(b"n%d" % n for n in range(count))
    inclusive = (
        b'><e:InclusiveNamespaces xmlns:e="' + EXC + b'" PrefixList="' + prefixes + b'"/></ds:Transform>'
    )
    return message.replace(c14n + b"/>", c14n + inclusive, 1)


def many(text: bytes, count: int) -> Change:
    return lambda message: message.replace(b"<samlp:Status>", b"<samlp:Status>" + text * count, 1)


def nested(opening: bytes, closing: bytes, count: int) -> Change:
    return many(opening * count + closing * count, 1)


def scoped(count: int, attributes: int) -> bytes:
    """Elements that each declare a prefix anew, deep inside one another, with attributes in them."""
    spaces = b"".join(b' n%d:a="1"' % n for n in range(attributes))
    return b"".join(b'<a xmlns:n%d="u:%d"%s>' % (n % 30, n, spaces if n > 30 else b"") for n in range(count))


COSTLY: dict[str, Change] = {
    "attributes": in_root(b"".join(b' a%d="1"' % n for n in range(18_000))),
    "namespaces": in_root(namespaces(6_000)),
    "namespaces in scope, 90": lambda m: many(b"<a/>", 3_000)(in_root(namespaces(90))(m)),
    "namespaced attributes": in_root(namespaces(3_000) + b"".join(b' n%d:a="1"' % n for n in range(3_000))),
    "attributes of many elements": many(
        b"<a " + b" ".join(b'a%d=""' % n for n in range(39)) + b"/>", 700
    ),
    "namespaced attributes of many elements": lambda m: many(
        b"<a " + b" ".join(b'n%d:a=""' % n for n in range(39)) + b"/>", 500
    )(in_root(namespaces(39))(m)),
    "prefixes redeclared deep down": lambda m: many(scoped(35, 25) + b"</a>" * 35, 60)(
        in_root(namespaces(30))(m)
    ),
    "prefixes of the canonicalisation": prefix_list,
    "prefixes of the canonicalisation, twenty": lambda m: many(b"<a/>", 3_500)(
        prefix_list(in_root(namespaces(90))(m), 20)
    ),
    "elements": many(b"<a/>", 50_000),
    "elements, as many as are allowed": many(b"<a/>", 3_900),
    "elements of different names": many(b"".join(b"<a%d/>" % n for n in range(3_800)), 1),
    "nesting": nested(b"<a>", b"</a>", 20_000),
    "nesting, as deep as is allowed": many(b"<a>" * 30 + b"</a>" * 30, 100),
    "text": lambda m: m.replace(b"Success", b"Success" + b"x" * 200_000, 1),
    "characters by number": in_mail(b"&#120;" * 40_000),
    "carriage returns": in_mail(b"&#13;" * 40_000),
    "angle brackets by name": in_mail(b"&lt;" * 50_000),
    "quotation marks in an attribute": in_root(b' a="' + b"&quot;&#10;&#9;" * 15_000 + b'"'),
    "a long attribute name": in_root(b" " + b"a" * 200_000 + b'="1"'),
    "a long element name": many(b"<" + b"a" * 200_000 + b"/>", 1),
    "a long namespace": in_root(b' xmlns:a="' + b"a" * 200_000 + b'"'),
    "long namespaces of many elements": lambda m: many(b"<a:b/>", 3_000)(
        in_root(b' xmlns:a="urn:' + b"a" * 180_000 + b'"')(m)
    ),
    "a long status": lambda m: m.replace(b"status:Success", b"status:" + b"x" * 200_000, 1),
    "nested status codes": many(b'<samlp:StatusCode Value="x">' * 30 + b"</samlp:StatusCode>" * 30, 100),
    "certificates": lambda m: m.replace(
        b"<ds:X509Data>", b"<ds:X509Data>" + b"<ds:X509Certificate>AAAA</ds:X509Certificate>" * 3_000, 1
    ),
    "a long signature value": after(b"<ds:SignatureValue>", b"A" * 200_000),
    "white space in the signature value": lambda m: m.replace(
        b"<ds:SignatureValue>", b"<ds:SignatureValue>" + b" \n" * 100_000, 1
    ),
    "a long digest": after(b"<ds:DigestValue>", b"A" * 200_000),
}  # fmt: skip


# Harmless, as nothing is read there, and so believed; what they cost is measured as well.
BEARABLE: dict[str, Change] = {
    "white space": lambda m: m.replace(b"<samlp:Status>", b"<samlp:Status>" + b" \n" * 120_000, 1),
    "a long certificate": after(b"<ds:X509Certificate>", b"A" * 200_000),
    "an endless modulus": lambda m: m.replace(
        b"<ds:X509Data>",
        b"<ds:KeyValue><ds:RSAKeyValue><ds:Modulus>" + b"/" * 200_000
        + b"</ds:Modulus><ds:Exponent>////</ds:Exponent></ds:RSAKeyValue></ds:KeyValue><ds:X509Data>", 1,
    ),
}  # fmt: skip


def in_assertion(change: Change) -> Change:
    """The same where it is signed, so that the precheck may let it through to canonicalisation."""

    def changed(message: bytes) -> bytes:
        statement = b"<saml:AttributeStatement>"
        moved = message.replace(b"<samlp:Status>", b"<was>", 1).replace(statement, b"<samlp:Status>", 1)
        changed = change(
            moved.replace(b"<samlp:Response ", b"<was ", 1).replace(
                b"<saml:Assertion ", b"<samlp:Response ", 1
            )
        )
        back = changed.replace(b"<samlp:Response", b"<saml:Assertion", 1).replace(
            b"<was ", b"<samlp:Response ", 1
        )
        return back.replace(b"<samlp:Status>", statement, 1).replace(b"<was>", b"<samlp:Status>", 1)

    return changed


def many_ids(root: etree._Element) -> None:
    for number in range(3_000):
        etree.SubElement(root[-1], f"{SAML}Attribute").set("ID", f"_{number}")


def deep(root: etree._Element) -> None:
    node = find(root, f"{SAMLP}Status")
    for _ in range(60):
        node = etree.SubElement(node, f"{SAMLP}StatusCode")


def mixed(tag: str) -> Edit:
    def edit(root: etree._Element) -> None:
        node = find(root, tag)
        etree.SubElement(node, "{urn:example}b").tail = "@northmere.police.example"

    return edit


INSIDE: dict[str, Edit] = {
    "comment in the mail": lambda root: find(root, f"{SAML}AttributeValue").insert(0, etree.Comment("x")),
    "comment in the name": lambda root: find(root, f"{SAML}NameID").insert(0, etree.Comment("x")),
    "comment in the audience": lambda root: find(root, f"{SAML}Audience").insert(0, etree.Comment("x")),
    "processing instruction in the mail": lambda root: find(root, f"{SAML}AttributeValue").insert(
        0, etree.ProcessingInstruction("x", "y")
    ),
    "an element in the mail": mixed(f"{SAML}AttributeValue"),
    "an element in the name": mixed(f"{SAML}NameID"),
    "an element in the issuer": mixed(f"{SAML}Issuer"),
    "an element in the audience": mixed(f"{SAML}Audience"),
    "an element in the context class": mixed(f"{SAML}AuthnContextClassRef"),
}
FIELDS: dict[str, str] = {
    "nothing": "",
    "not base64": "%%%",
    "half of base64": "PHg+A",
    "base64 for URLs": base64.urlsafe_b64encode(b"<a>\xff\xfe</a>").decode(),
    "not ASCII": "é",
    "a lone surrogate": "\ud800",
    "a NUL": "PHg+\x00",
    "too long": "A" * (2 * MAX_MESSAGE),
    "padding only": "====",
    "white space only": " \n" * 1000,
    "white space for ever": " " * 349_000,
}


def encoded(change: Change, make: Make) -> Make:
    return lambda: change(make())


KIND = Kind(
    "XML: DTD, entities, encodings, comments, mixed content",
    believe,
    (SignInRefused,),
    {
        **BASES,
        "a byte order mark": lambda: b"\xef\xbb\xbf" + signed(),
        "UTF-8 declared": lambda: b'<?xml version="1.0" encoding="UTF-8"?>\n' + signed(),
        "CDATA around the honest mail": lambda: in_mail(b"<![CDATA[" + MAIL + b"]]>")(signed()),
        "base64 in lines": lambda: base64.encodebytes(signed()).decode(),
        "base64 in Windows lines": lambda: base64.encodebytes(signed()).decode().replace("\n", "\r\n"),
    },
    {
        **{
            f"{name}, {base}": encoded(change, make)
            for name, change in TEXT.items()
            for base, make in BASES.items()
            if base != "both signed"
        },
        **misbehaving(INSIDE),
        **{f"field: {name}": lambda text=text: text for name, text in FIELDS.items()},
    },
)
FLOODS = Kind(
    "floods of CPU or memory",
    believe,
    (SignInRefused,),
    {
        **BASES,
        **{f"{name} where it is not read": encoded(change, signed) for name, change in BEARABLE.items()},
    },
    {
        **{
            f"{name}, {base}": encoded(change, make)
            for name, change in COSTLY.items()
            for base, make in BASES.items()
            if base != "both signed"
        },
        **{
            f"{name} inside the assertion, {base}": encoded(in_assertion(change), make)
            for name, change in COSTLY.items()
            for base, make in BASES.items()
        },
        **stolen({"IDs": many_ids, "nested status": deep}),
    },
)
