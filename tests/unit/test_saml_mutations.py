"""Mutated messages: refused by name, never by a crash, and never believed with other content."""

import base64
import copy
import random
from collections.abc import Callable
from contextlib import suppress

import pytest
from lxml import etree

from saml.errors import BadLogout, SignInRefused
from tests.attacks.edits import speak_evil, without_signature
from tests.attacks.encryption import CBC, USUAL, sent
from tests.attacks.logout import form, judge, query
from tests.attacks.wrapping import XML_ID
from tests.rounds import ROUNDS
from tests.saml_kit import DS, SAML, SAMLP, believe, signed

LONGEST = 4096  # bytes a mutation may copy


def mutate(message: bytes, dice: random.Random) -> bytes:
    """Flip, delete, repeat or move a few bytes."""
    data = bytearray(message)
    for _ in range(dice.randint(1, 3)):
        place = dice.randrange(len(data))
        end = min(len(data), place + dice.choice((1, 2, 8, 64, 512, LONGEST)))
        piece = bytes(data[place:end])
        match dice.randrange(5):
            case 0:
                data[place] = dice.randrange(256)
            case 1:
                del data[place:end]
            case 2:
                data[place:place] = piece
            case 3:
                target = dice.randrange(len(data))
                data[target:target] = piece
            case _:
                data[place:end] = dice.choice(
                    (b"<", b">", b"&", b'"', b"&#0;", b"<!--x-->", b"]]>", b"\xff", b"ID")
                )
    return bytes(data) or b"x"


def mutate_tree(message: bytes, dice: random.Random) -> bytes:
    """Move, repeat, remove or rename elements, as wrapping attacks do."""
    root = etree.fromstring(message)
    for _ in range(dice.randint(1, 3)):
        nodes = [node for node in root.iter() if isinstance(node.tag, str)]
        node, other = dice.choice(nodes), dice.choice(nodes)
        copied = etree.fromstring(etree.tostring(node, with_tail=False))
        match dice.randrange(5):
            case 0:
                other.insert(dice.randint(0, len(other)), copied)
            case 1 if node is not root and node.getparent() is not None:
                parent = node.getparent()
                assert parent is not None
                parent.remove(node)
            case 2:
                node.tag = other.tag
            case 3 if other.attrib:
                name = dice.choice(list(other.attrib))
                node.set(str(name), str(other.get(str(name))))
            case _:
                node.text = dice.choice((other.text, "x", "", "\n"))
    return etree.tostring(root)


PARTS = tuple(
    f"{namespace}{name}"
    for namespace, names in (
        (SAMLP, ("Response", "Status")),
        (SAML, ("Assertion", "EncryptedAssertion", "Subject", "SubjectConfirmation", "Issuer", "Attribute")),
        (SAML, ("AttributeStatement", "AuthnStatement", "Conditions")),
        (DS, ("Signature", "SignedInfo", "Reference")),
    )
    for name in names
)
WRAPPERS = (
    f"{SAMLP}Extensions", f"{SAMLP}StatusDetail", f"{SAMLP}Response", f"{SAML}Advice", f"{SAML}Assertion",
    f"{SAML}AttributeValue", f"{SAML}SubjectConfirmationData", f"{DS}Object", "{urn:example}x",
)  # fmt: skip
ID_NAMES = ("ID", "Id", "id", XML_ID, f"{SAML}ID")


def rearrange(message: bytes, dice: random.Random) -> bytes:
    """What wrapping attacks are made of, at random and up to six times."""
    root = etree.fromstring(message)
    for _ in range(dice.choice((1, 2, 2, 3, 4, 6))):
        nodes = [node for node in root.iter() if isinstance(node.tag, str)]
        part, place = dice.choice([node for node in nodes if node.tag in PARTS]), dice.choice(nodes)
        ids = [str(node.get("ID")) for node in nodes if node.get("ID")] + ["_evil"]
        match dice.randrange(6):
            case 0:
                speak_evil(part)
            case 1:
                without_signature(part)
            case 2:
                part.set(dice.choice(ID_NAMES), dice.choice(ids))
            case 3:
                for reference in root.iter(f"{DS}Reference"):
                    reference.set("URI", f"#{dice.choice(ids)}")
            case _:
                _put_elsewhere(part, place, dice)
    return etree.tostring(root)


def _put_elsewhere(part: etree._Element, place: etree._Element, dice: random.Random) -> None:
    """Copy the part, wrapped or not, or move it."""
    inside = part is place or part in place.iterancestors()
    moved = copy.deepcopy(part) if inside or dice.random() < 0.6 else part
    if dice.random() < 0.4:
        etree.SubElement(place, dice.choice(WRAPPERS)).append(moved)
    else:
        place.insert(dice.randint(0, len(place)), moved)


def encrypted(*, whole: bool) -> bytes:
    """An honest answer whose assertion is encrypted; CBC can be tampered with, so it is the harder case."""
    return sent(CBC if not whole else USUAL, whole=whole)()


MESSAGES: dict[str, Callable[[], bytes]] = {
    "assertion signed": signed,
    "response signed": lambda: signed(whole=True),
    "encrypted, assertion signed": lambda: encrypted(whole=False),
    "encrypted, response signed": lambda: encrypted(whole=True),
}


@pytest.mark.parametrize("make", MESSAGES.values(), ids=MESSAGES.keys())
def test_no_mutation_is_believed_with_other_content_or_crashes(make: Callable[[], bytes]) -> None:
    dice = random.Random(20261123)  # noqa: S311 - reproducible, not secret
    message, accepted = make(), 0
    honest = believe(message)
    for number in range(ROUNDS.saml_mutations // 5):
        change = (mutate, mutate_tree, rearrange)[number % 3]
        try:
            found = believe(change(message, dice))
        except SignInRefused:
            continue
        accepted += 1
        assert found == honest
    assert accepted < ROUNDS.saml_mutations // 10
    assert believe(message) == honest


def test_no_mutated_logout_message_is_believed_with_other_content_or_crashes() -> None:
    dice = random.Random(20261124)  # noqa: S311 - as above
    address, posted = query(), form()["SAMLRequest"]
    honest_address, honest_form = judge(address), judge({"SAMLRequest": posted})
    xml = base64.b64decode(posted)
    for number in range(ROUNDS.saml_mutations // 5):
        with suppress(BadLogout):
            if number % 2:
                assert judge(mutate(address.encode(), dice).decode("ascii", "replace")) == honest_address
            else:
                change = mutate if number % 4 else mutate_tree
                tampered = base64.b64encode(change(xml, dice)).decode()
                assert judge({"SAMLRequest": tampered}) == honest_form
