"""One provider out of a federation's signed metadata; nothing unsigned, outdated or ambiguous is believed."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from urllib.parse import quote

import pytest
from lxml import etree

import sandbox
from saml import source
from saml.errors import ProviderRefused
from saml.source import QUERY, Source, believe, obtain
from tests.metadata_kit import FEDERATION, MD, described, group, of_federation, signed
from tests.saml_kit import NOW, identity_provider, key_pair
from tests.web_server import WebServer, web_server

BOTH = ("rivers", "northmere")


def federation(**changes: object) -> bytes:
    return signed(group((described(name) for name in BOTH), **changes))  # type: ignore[arg-type]


def test_one_provider_is_picked_with_its_own_keys_and_the_federations_end() -> None:
    found = believe(federation(), of_federation("northmere"), NOW).described

    assert found.entity_id == identity_provider("northmere").entity_id
    assert found.certificates == (key_pair("northmere")[1],)
    assert found.valid_until == NOW + timedelta(days=14)


def test_the_earliest_end_counts_be_it_of_the_whole_a_group_or_the_entity() -> None:
    inner = group([described(until=NOW + timedelta(days=3))], days=5)
    found = believe(signed(group([inner], days=9)), of_federation(), NOW).described

    assert found.valid_until == NOW + timedelta(days=3)


def test_comments_which_federations_write_are_no_obstacle_and_cut_no_text() -> None:
    entity = described()
    entity.set("entityID", identity_provider().entity_id)
    location = next(entity.iter(f"{MD}NameIDFormat"))
    location.text = "urn:one"
    location.append(etree.Comment("x"))
    location[0].tail = ":two"

    found = believe(signed(group([entity])), of_federation(), NOW).described

    assert found.name_id_formats == ("urn:one:two",)


def forged(change: Callable[[etree._Element], None], data: bytes | None = None) -> bytes:
    root = etree.fromstring(data or federation())
    change(root)
    return etree.tostring(root)


def evil() -> etree._Element:
    return described("rivers", key="forger")


def wrapped(data: bytes) -> bytes:
    """The signed whole hidden within an unsigned one that speaks first."""
    outer = group([evil()])
    outer.append(etree.fromstring(data))
    return etree.tostring(outer)


def wrapped_with_its_signature(data: bytes) -> bytes:
    """As above, with the signature moved to the root, where it still refers to the inner one."""
    inner = etree.fromstring(data)
    outer = group([evil()])
    signature = inner.find("{http://www.w3.org/2000/09/xmldsig#}Signature")
    assert signature is not None
    outer.insert(0, signature)
    outer.append(inner)
    return etree.tostring(outer)


def same_id(data: bytes) -> bytes:
    """Two elements of the signed ID: the forged root and the honest whole within."""
    root = etree.fromstring(wrapped_with_its_signature(data))
    root.set("ID", "_document")
    return etree.tostring(root)


HOSTILE: dict[str, tuple[Callable[[], bytes], str]] = {
    "unsigned": (lambda: etree.tostring(group([described()])), "not signed"),
    "signed by another": (lambda: signed(group([described()]), key="forger"), "can't be believed"),
    "an entity added": (lambda: forged(lambda root: root.append(evil())), "can't be believed"),
    "a key changed": (
        lambda: forged(lambda root: setattr(next(root.iter("{*}X509Certificate")), "text", "AAAA")),
        "can't be believed",
    ),
    "the end put off": (
        lambda: forged(lambda root: root.set("validUntil", "2036-01-01T00:00:00Z")), "can't be believed",
    ),
    "only an entity is signed": (
        lambda: etree.tostring(group([etree.fromstring(signed(described()))])), "not signed",
    ),
    "wrapped": (lambda: wrapped(federation()), "not signed"),
    "wrapped with the signature outside": (
        lambda: wrapped_with_its_signature(federation()), "can't be believed",
    ),
    "two of one ID": (lambda: same_id(federation()), "can't be believed"),
    "twice the same entity ID": (lambda: signed(group([described(), evil()])), "2 times"),
    "not in it": (lambda: signed(group([described("northmere")])), "not in"),
    "no end": (lambda: federation(days=None), "validUntil"),
    "ended": (lambda: federation(days=-1), "valid until"),
    "a DTD": (lambda: b"<!DOCTYPE x [<!ENTITY a 'b'>]>" + federation(), "DTD"),
    "not XML": (lambda: b"\x00" * 1000, "can't be read"),
    "another document": (lambda: signed(etree.Element("a", validUntil="2036-01-01T00:00:00Z")), "neither"),
    "deep": (lambda: b"<a>" * 300 + b"</a>" * 300, "can't be read"),
}  # fmt: skip


@pytest.mark.parametrize(("make", "said"), HOSTILE.values(), ids=HOSTILE.keys())
def test_what_the_federation_did_not_sign_is_refused(make: Callable[[], bytes], said: str) -> None:
    with pytest.raises(ProviderRefused, match=said):
        believe(make(), of_federation(), NOW)


def test_a_bomb_costs_the_child_and_not_us(monkeypatch: pytest.MonkeyPatch) -> None:
    limits = sandbox.Limits(memory=200 * 1024**2, seconds=20)
    monkeypatch.setattr(source, "PICK", limits)
    bomb = b"<a xmlns:b='c' validUntil='x'>" + b"<b:a/>" * 3_000_000 + b"</a>"

    with pytest.raises(ProviderRefused, match="more memory or time"):
        believe(bomb, of_federation(), NOW)
    assert believe(federation(), of_federation(), NOW).described.certificates


@pytest.mark.fuzz
def test_fifty_megabytes_of_five_thousand_entities_fit_into_a_gibibyte() -> None:
    plain = etree.tostring(described()).replace(b"/rivers/", b"/%d/")
    padding = b"".join(
        b'<i:Keywords xmlns:i="urn:oasis:names:tc:SAML:metadata:ui" xml:lang="en">a b %d</i:Keywords>'
        % number
        for number in range(95)
    )
    opened = plain.replace(
        b'WantAuthnRequestsSigned="true">', b'WantAuthnRequestsSigned="true"><md:Extensions>'
        b'<i:UIInfo xmlns:i="urn:oasis:names:tc:SAML:metadata:ui">' + padding
        + b"</i:UIInfo></md:Extensions>",
    )  # fmt: skip
    parts = [opened.replace(b"/%d/", b"/%d/" % number) for number in range(4_998)]
    head, tail = etree.tostring(group([described("northmere")])).split(b"</md:EntitiesDescriptor>")[0], b""
    root = etree.fromstring(head + b"".join(parts) + tail + b"</md:EntitiesDescriptor>")
    data = signed(root)
    assert len(data) > 50_000_000

    assert believe(data, of_federation("northmere"), NOW).described.certificates


@pytest.fixture
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebServer]:
    with web_server(tmp_path_factory.mktemp("mdq")) as made:
        yield made


def asked(service: WebServer) -> Source:
    return Source(
        kind=QUERY,
        location=f"{service.address}/",
        entity_id=identity_provider().entity_id,
        signers=(FEDERATION,),
        authority=service.authority,
    )


BY_NAME = "/entities/" + quote(identity_provider().entity_id, safe="")
BY_DIGEST = "/entities/%7Bsha1%7D7bb82e658bbf2eb0dacb7a70a70c6d846aee0f1e"


@pytest.mark.parametrize("path", [BY_NAME, BY_DIGEST], ids=["by name", "by SHA-1"])
def test_a_query_service_gives_one_signed_entity(service: WebServer, path: str) -> None:
    service.pages[path] = signed(described(until=NOW + timedelta(days=7)))

    found = obtain(asked(service), NOW).described

    assert (found.certificates, found.valid_until) == ((key_pair("rivers")[1],), NOW + timedelta(days=7))


ANSWERS = {
    "unsigned": lambda: etree.tostring(described(until=NOW + timedelta(days=7))),
    "without an end": lambda: signed(described()),
    "another entity": lambda: signed(described("northmere", until=NOW + timedelta(days=7))),
}


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS.keys())
def test_a_query_services_other_answers_are_refused(service: WebServer, answer: Callable[[], bytes]) -> None:
    service.pages[BY_NAME] = answer()

    with pytest.raises(ProviderRefused):
        obtain(asked(service), NOW)
