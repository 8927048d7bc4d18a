"""Encrypted assertions: weak or odd encryption, pointers elsewhere, and forgeries inside the envelope."""

import base64
import copy
from collections.abc import Callable
from dataclasses import replace

from lxml import etree

from dev.identity_provider import messages
from saml.errors import SignInRefused
from saml.xml import DS, SAML, XENC, XENC11, q
from tests.attacks import Kind, Make
from tests.saml_encryption import Recipe, encrypted
from tests.saml_kit import SETTINGS, believe, honest, identity_provider, key_pair, signed

Edit = Callable[[etree._Element], None]
EVIL = "tamsin.okonjo-reed@northmere.police.example"
USUAL = Recipe()
CBC = Recipe(cipher=XENC + "aes256-cbc", key_bytes=32)
TRIPLE_DES = Recipe(cipher=XENC + "tripledes-cbc", key_bytes=24)
OAEP = XENC11 + "rsa-oaep"


def plain_assertion(*, sign: bool = True) -> bytes:
    """The honest assertion by itself, signed or not."""
    message = signed() if sign else etree.tostring(messages.response(honest()))
    return etree.tostring(etree.fromstring(message).findall(q(SAML, "Assertion"))[0], with_tail=False)


def envelope(node: etree._Element, *, whole: bool, key: str = "") -> bytes:
    """A Response with that in place of its assertion; with `whole`, signed afterwards."""
    root = messages.response(honest())
    root.replace(root.findall(q(SAML, "Assertion"))[0], node)
    root = etree.fromstring(etree.tostring(root))
    return messages.sign(root, identity_provider(key=key)) if whole else etree.tostring(root)


def sent(recipe: Recipe, *, whole: bool = False, plain: bytes | None = None) -> Make:
    """An encrypted answer by that recipe."""

    def make() -> bytes:
        inside = plain_assertion(sign=not whole) if plain is None else plain
        return envelope(encrypted(inside, recipe), whole=whole)

    return make


def shaped(edit: Edit, *, whole: bool, recipe: Recipe = USUAL) -> Make:
    """An encrypted answer whose encryption was edited, by the provider itself where `whole`."""

    def make() -> bytes:
        node = encrypted(plain_assertion(sign=not whole), recipe)
        edit(node)
        return envelope(node, whole=whole)

    return make


def forged(change: Callable[[bytes], bytes], *, sign: bool = True, whole: bool = False) -> Make:
    """What was encrypted is not what an honest provider would encrypt."""
    return lambda: envelope(encrypted(change(plain_assertion(sign=sign))), whole=whole)


def find(node: etree._Element, name: str, namespace: str = XENC) -> etree._Element:
    return next(node.iter(q(namespace, name)))


def put(name: str, key: str, value: str, namespace: str = XENC) -> Edit:
    return lambda node: find(node, name, namespace).set(key, value)


def add(to: str, markup: str, namespace: str = XENC) -> Edit:
    declared = f'xmlns:ds="{DS}" xmlns:xenc="{XENC}" xmlns:xenc11="{XENC11}" xmlns:dsig11="{DSIG11}"'
    return lambda node: find(node, to, namespace).append(etree.fromstring(f"<x {declared}>{markup}</x>")[0])


DSIG11 = "http://www.w3.org/2009/xmldsig11#"


def cipher_reference(node: etree._Element) -> None:
    data = find(node, "EncryptedData").findall(q(XENC, "CipherData"))[0]
    data.remove(data[0])
    etree.SubElement(data, q(XENC, "CipherReference")).set("URI", "file:///etc/hostname")


def key_by_reference(node: etree._Element) -> None:
    data = find(node, "EncryptedKey").findall(q(XENC, "CipherData"))[0]
    data.remove(data[0])
    etree.SubElement(data, q(XENC, "CipherReference")).set("URI", "#elsewhere")


def retrieved_key(uri: str, *, transformed: bool = False) -> Edit:
    """The key beside, of the ID `_key`, and a pointer to somewhere."""

    def edit(node: etree._Element) -> None:
        key = find(node, "EncryptedKey")
        key.set("Id", "_key")
        info = find(node, "KeyInfo", DS)
        node.append(key)
        pointer = etree.SubElement(info, q(DS, "RetrievalMethod"), URI=uri)
        if transformed:
            etree.SubElement(pointer, q(DS, "Transforms"))

    return edit


def key_retrieves_itself(node: etree._Element) -> None:
    retrieved_key("#_key")(node)
    info = etree.Element(q(DS, "KeyInfo"))
    etree.SubElement(info, q(DS, "RetrievalMethod"), URI="#_key")
    find(node, "EncryptedKey").insert(1, info)


def drop(name: str, namespace: str = XENC) -> Edit:
    def edit(node: etree._Element) -> None:
        found = find(node, name, namespace)
        parent = found.getparent()
        assert parent is not None
        parent.remove(found)

    return edit


def twice(name: str) -> Edit:
    return lambda node: find(node, name).addnext(copy.deepcopy(find(node, name)))


def many_keys(node: etree._Element) -> None:
    for _ in range(50):
        find(node, "KeyInfo", DS).append(copy.deepcopy(find(node, "EncryptedKey")))


def ciphertext(change: Callable[[bytes], bytes], name: str = "EncryptedData") -> Edit:
    def edit(node: etree._Element) -> None:
        value = find(node, name).findall(f"{q(XENC, 'CipherData')}/{q(XENC, 'CipherValue')}")[0]
        value.text = base64.b64encode(change(base64.b64decode(str(value.text)))).decode()

    return edit


def flipped(place: int) -> Callable[[bytes], bytes]:
    return lambda data: data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]


def evil(assertion: bytes) -> bytes:
    return assertion.replace(b"isolde.marchbank@rivers-and-coasts.example", EVIL.encode())


SHAPES: dict[str, Edit] = {
    "CipherReference to a file": cipher_reference,
    "the key by CipherReference": key_by_reference,
    "RetrievalMethod to nowhere": retrieved_key("#_other"),
    "RetrievalMethod to a file beside a key": retrieved_key("file:///etc/hostname"),
    "RetrievalMethod to http beside a key": retrieved_key("http://127.0.0.1:1/#_key"),
    "RetrievalMethod by xpointer": retrieved_key("#xpointer(id('_key'))"),
    "RetrievalMethod without address": retrieved_key(""),
    "RetrievalMethod with transforms": retrieved_key("#_key", transformed=True),
    "RetrievalMethod in the key that it means": key_retrieves_itself,
    "RetrievalMethod to a file": add("KeyInfo", '<ds:RetrievalMethod URI="file:///etc/hostname"/>', DS),
    "KeyInfoReference": add("KeyInfo", '<dsig11:KeyInfoReference URI="#x"/>', DS),
    "AgreementMethod": add("KeyInfo", '<xenc:AgreementMethod Algorithm="x"/>', DS),
    "EncryptedKey in an EncryptedKey": lambda node: find(node, "EncryptedKey").insert(
        1, copy.deepcopy(find(node, "KeyInfo", DS))
    ),
    "EncryptionProperties": add("EncryptedData", "<xenc:EncryptionProperties/>"),
    "transforms beside the cipher value": add("CipherData", "<xenc:Transforms/>"),
    "an element in the cipher value": add("CipherValue", "<xenc:CipherValue/>"),
    "OAEP parameters": lambda node: add("EncryptionMethod", "<xenc:OAEPparams>eA==</xenc:OAEPparams>")(
        find(node, "EncryptedKey")
    ),
    "an unknown digest": put("DigestMethod", "Algorithm", "http://www.w3.org/2001/04/xmldsig-more#md5", DS),
    "an unknown mask": lambda node: add("EncryptionMethod", '<xenc11:MGF Algorithm="none"/>')(
        find(node, "EncryptedKey")
    ),
    "a key size beside the algorithm": add("EncryptionMethod", "<xenc:KeySize>128</xenc:KeySize>"),
    "no algorithm": lambda node: find(node, "EncryptionMethod").attrib.clear(),
    "no EncryptionMethod": drop("EncryptionMethod"),
    "no key": drop("EncryptedKey"),
    "no KeyInfo": drop("KeyInfo", DS),
    "no EncryptedData": drop("EncryptedData"),
    "two EncryptedData": twice("EncryptedData"),
    "fifty keys": many_keys,
    "content instead of an element": put("EncryptedData", "Type", XENC + "Content"),
    "another MIME type": put("EncryptedData", "MimeType", "text/xml"),
    "an encoding": put("EncryptedData", "Encoding", "UTF-16"),
    "for another recipient": put("EncryptedKey", "Recipient", "https://other.example/metadata"),
    "cut short": ciphertext(lambda data: data[:12]),
    "empty": ciphertext(lambda data: b""),
    "IV changed": ciphertext(flipped(3)),
    "ciphertext changed": ciphertext(flipped(60)),
    "tag changed": ciphertext(lambda data: data[:-1] + bytes([data[-1] ^ 1])),
    "tag cut off": ciphertext(lambda data: data[:-16]),
    "wrapped key changed": ciphertext(flipped(9), "EncryptedKey"),
    "wrapped key too long": ciphertext(lambda data: data * 9, "EncryptedKey"),
    "wrapped key too short": ciphertext(lambda data: data[1:], "EncryptedKey"),
    "wrapped key of zeros": ciphertext(lambda data: bytes(len(data)), "EncryptedKey"),
    "wrapped key above the modulus": ciphertext(lambda data: b"\xff" * len(data), "EncryptedKey"),
    "not base64": lambda node: setattr(find(node, "CipherValue"), "text", "%%%"),
    "xml:id": put("EncryptedData", "{http://www.w3.org/XML/1998/namespace}id", "x"),
}
RECIPES: dict[str, Recipe] = {
    "RSA PKCS #1 1.5": Recipe(transport=XENC + "rsa-1_5", digest=None),
    "single DES": replace(TRIPLE_DES, cipher=XENC + "des-cbc"),
    "AES-192": Recipe(cipher=XENC + "aes192-cbc", key_bytes=24),
    "a mask with the old OAEP": Recipe(mask="sha256"),
    "a key of another length than the algorithm's": Recipe(cipher=XENC11 + "aes256-gcm"),
    "triple DES's key with AES": replace(CBC, key_bytes=24),
    "for a stranger's key": Recipe(recipients=("stranger",)),
    "five recipients": Recipe(recipients=("portal",) * 5),
}
INSIDE: dict[str, Make] = {
    "unsigned inside and outside": sent(Recipe(), plain=plain_assertion(sign=False)),
    "unsigned under CBC": sent(CBC, plain=plain_assertion(sign=False)),
    "unsigned under triple DES": sent(TRIPLE_DES, plain=plain_assertion(sign=False)),
    "signature stripped, evil mail": forged(evil, sign=False),
    "evil mail under the old signature": forged(evil),
    "signed by a forger": lambda: envelope(
        encrypted(etree.tostring(etree.fromstring(signed(key="forger"))[-1], with_tail=False)), whole=False
    ),
    "evil mail under the old signature in a signed Response": forged(evil, whole=True),
    "signed inside by a forger, Response signed by the provider": lambda: envelope(
        encrypted(etree.tostring(etree.fromstring(signed(key="forger"))[-1], with_tail=False)), whole=True
    ),
    "unsigned inside, Response signed by a forger": lambda: envelope(
        encrypted(plain_assertion(sign=False)), whole=True, key="forger"
    ),
    "evil twin before": forged(lambda one: evil(plain_assertion(sign=False)) + one),
    "evil twin after": forged(lambda one: one + evil(plain_assertion(sign=False))),
    "evil twin before, with the same ID": forged(lambda one: evil(one) + one),
    "text beside": forged(lambda one: b"x" + one),
    "the wrapper closed early": forged(lambda one: b"</opened>" + one + b"<opened>"),
    "a DTD inside": forged(lambda one: b'<!DOCTYPE a [<!ENTITY e "x">]>' + one),
    "a comment inside": forged(lambda one: one.replace(b"isolde.marchbank@", b"isolde.marchbank@<!-- -->")),
    "a processing instruction inside": forged(lambda one: b"<?php x?>" + one),
    "UTF-16 inside": forged(lambda one: one.decode().encode("utf-16")),
    "a Response inside": forged(lambda one: etree.tostring(messages.response(honest()))),
    "an EncryptedAssertion inside": forged(lambda one: etree.tostring(encrypted(one))),
    "a NameID inside": forged(lambda one: f'<NameID xmlns="{SAML}">x</NameID>'.encode()),
    "nothing inside": forged(lambda one: b""),
    "not XML inside": forged(lambda one: b"hello"),
    "a bomb of elements inside": forged(lambda one: b"<a>" * 30_000 + b"</a>" * 30_000),
    "a bomb of attributes inside": forged(
        lambda one: b"<a" + b"".join(b' a%d=""' % n for n in range(15_000)) + b"/>"
    ),
    "a bomb of prefixes inside": forged(
        lambda one: b"<a" + b"".join(b' xmlns:a%d="x"' % n for n in range(8_000)) + b"/>"
    ),
    "CBC with a flipped bit": shaped(ciphertext(flipped(40)), whole=False, recipe=CBC),
    "triple DES with a flipped bit": shaped(ciphertext(flipped(40)), whole=False, recipe=TRIPLE_DES),
    "triple DES not a whole block": shaped(
        ciphertext(lambda data: data[:-4]), whole=False, recipe=TRIPLE_DES
    ),
    "CBC with broken padding": shaped(
        ciphertext(lambda data: data[:-17] + bytes([data[-17] ^ 0x40]) + data[-16:]), whole=False, recipe=CBC
    ),
    "CBC not a whole block": shaped(ciphertext(lambda data: data[:-1]), whole=False, recipe=CBC),
    "CBC named GCM": lambda: envelope(
        encrypted(plain_assertion(), replace(CBC, tamper=lambda data: data[:28])), whole=False
    ),
    "ciphertext swapped after the Response was signed": lambda: swapped(),
    "an evil assertion in clear beside the encrypted one": lambda: beside("Assertion"),
    "a second encrypted assertion": lambda: beside("EncryptedAssertion"),
}


def beside(name: str) -> bytes:
    root = etree.fromstring(sent(USUAL)())
    twin = etree.fromstring(evil(plain_assertion(sign=False)))
    root.append(twin if name == "Assertion" else encrypted(etree.tostring(twin)))
    return etree.tostring(root)


def swapped() -> bytes:
    root = etree.fromstring(sent(Recipe(), whole=True)())
    place = root.findall(q(SAML, "EncryptedAssertion"))[0]
    root.replace(place, encrypted(evil(plain_assertion(sign=False))))
    return etree.tostring(root)


HONEST: dict[str, Recipe] = {
    "as Shibboleth's provider": Recipe(named=SETTINGS.entity_id),
    "AES-256-GCM": Recipe(cipher=XENC11 + "aes256-gcm", key_bytes=32),
    "as ADFS": CBC,
    "as pysaml2": TRIPLE_DES,
    "AES-128-CBC": Recipe(cipher=XENC + "aes128-cbc"),
    "key beside": Recipe(beside=True),
    "as Okta, with a pointer to the key beside": Recipe(beside=True, pointed=True),
    "pointers to several keys": Recipe(recipients=("stranger", "portal"), beside=True, pointed=True),
    "no digest named": Recipe(digest=None),
    "OAEP with SHA-256": Recipe(digest="sha256"),
    "OAEP 1.1 with SHA-256 throughout": Recipe(transport=OAEP, digest="sha256", mask="sha256"),
    "OAEP 1.1 with defaults": Recipe(transport=OAEP, digest=None),
    "OAEP 1.1 with SHA-512": Recipe(transport=OAEP, digest="sha512", mask="sha512"),
    "several recipients": Recipe(recipients=("stranger", "portal")),
    "several recipients beside": Recipe(recipients=("stranger", "portal", "stranger"), beside=True),
}


def both_ways(make: Callable[..., Make], things: dict[str, object]) -> dict[str, Make]:
    """Each with a signed assertion inside, and inside a signed Response."""
    names = {False: "assertion signed", True: "response signed"}
    return {
        f"{name}, {names[whole]}": make(thing, whole=whole)
        for name, thing in things.items()
        for whole in (False, True)
    }


def by_library(whole: bool) -> Make:
    return lambda: messages.signed_response(
        honest(), identity_provider(), whole=whole, encrypt_for=key_pair("portal")[1]
    )


KIND = Kind(
    "encryption",
    believe,
    (SignInRefused,),
    {
        **both_ways(sent, dict(HONEST)),
        "both signed": lambda: envelope(encrypted(plain_assertion()), whole=True),
        "encrypted by xmlsec, assertion signed": by_library(False),
        "encrypted by xmlsec, response signed": by_library(True),
    },
    {**both_ways(shaped, dict(SHAPES)), **both_ways(sent, dict(RECIPES)), **INSIDE},
)
