"""What attackers do to a message, as functions that change its tree."""

import copy
from collections.abc import Callable, Mapping

from lxml import etree

from dev.identity_provider import messages
from tests.attacks import Make
from tests.saml_kit import DS, SAML, edited, honest, identity_provider, signed, signed_after

Edit = Callable[[etree._Element], object]
EVIL = "tamsin.okonjo-reed@northmere.police.example"


def both_signed() -> bytes:
    """An honest answer whose assertion is signed, and the Response around it as well."""
    return messages.sign(etree.fromstring(signed()), identity_provider())


BASES: Mapping[str, Make] = {
    "assertion signed": signed,
    "response signed": lambda: signed(whole=True),
    "both signed": both_signed,
}


def stolen(edits: Mapping[str, Edit]) -> dict[str, Make]:
    """Each change made by somebody without the provider's key, to each kind of signed message."""
    return {
        f"{name}, {base}": lambda edit=edit, make=make: edited(make(), edit)
        for name, edit in edits.items()
        for base, make in BASES.items()
    }


def misbehaving(edits: Mapping[str, Edit]) -> dict[str, Make]:
    """Each change made by the provider itself, before it signs the assertion or the Response."""
    return {
        f"{name}, {'response' if whole else 'assertion'} signed": lambda edit=edit, whole=whole: signed_after(
            edit, whole=whole
        )
        for name, edit in edits.items()
        for whole in (False, True)
    }


def parts(changes: Mapping[str, Mapping[str, object]]) -> dict[str, Make]:
    """An answer with wrong parts, which the provider signs."""
    return {
        f"{name}, {'response' if whole else 'assertion'} signed": lambda change=change, whole=whole: signed(
            honest(**change), whole=whole
        )
        for name, change in changes.items()
        for whole in (False, True)
    }


def find(root: etree._Element, tag: str) -> etree._Element:
    """The first element of that tag."""
    return next(root.iter(tag))


def detach(node: etree._Element) -> etree._Element:
    """Take an element out of its tree."""
    parent = node.getparent()
    assert parent is not None
    parent.remove(node)
    return node


def assertion_of(root: etree._Element) -> etree._Element:
    """The assertion that stands where it belongs."""
    return root.findall(f"{SAML}Assertion")[0]


def without_signature(node: etree._Element) -> etree._Element:
    """The element, without any signature in it."""
    for signature in list(node.iter(f"{DS}Signature")):
        detach(signature)
    return node


def evil_twin(root: etree._Element, *, new_id: bool = True) -> etree._Element:
    """A copy of the assertion that names somebody else and carries no signature."""
    twin = without_signature(copy.deepcopy(assertion_of(root)))
    speak_evil(twin)
    if new_id:
        twin.set("ID", "_evil")
    return twin


def speak_evil(root: etree._Element) -> None:
    """Name somebody else."""
    for value in root.iter(f"{SAML}AttributeValue", f"{SAML}NameID"):
        value.text = EVIL


def drop(tag: str) -> Edit:
    """Take the first element of that tag away."""
    return lambda root: detach(find(root, tag))


def twice(tag: str) -> Edit:
    """Repeat the first element of that tag."""
    return lambda root: find(root, tag).addnext(copy.deepcopy(find(root, tag)))


def put(tag: str, key: str, value: str) -> Edit:
    """Set an attribute of the first element of that tag."""
    return lambda root: find(root, tag).set(key, value)


def text(tag: str, value: str) -> Edit:
    """Set the text of the first element of that tag."""
    return lambda root: setattr(find(root, tag), "text", value)


def inside(tag: str, markup: str) -> Edit:
    """Append markup to the first element of that tag."""
    return lambda root: find(root, tag).append(etree.fromstring(markup))
