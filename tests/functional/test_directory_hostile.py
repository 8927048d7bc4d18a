"""Hostile values through filters, DNs and entries come back equal or are refused, and mean nothing else.

LDAP's own signs in every order, NUL and other controls, every block of Unicode, bytes that are not UTF-8, and
values of up to a megabyte; how many is said in tests/rounds.py (10,000 in `make test-all`).
"""

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import cycle
from unicodedata import category

import pytest

from dev.servers import Slapd
from ldap_schema import filters
from ldap_schema.ber import elements
from ldap_schema.changes import Add, Update
from ldap_schema.directory import Directory, Service
from ldap_schema.errors import BadValue
from ldap_schema.tree import Tree, id_of
from ldap_schema.wire_filters import encode_filter
from tests.functional.directory_kit import leader, opened
from tests.rounds import FULL, ROUNDS

SEED = 20261123
SIGNS = (
    *"*()\\&|!=<>~:;,+\"'#/ ?%@", "\0", "\n", "\r", "\t", "\x7f", "\u2028", "\\2a", "\\00", "\\", "*)(uid=*",
    "))(|(uid=*", ")(&", ":dn:=", ":1.2.840.113556.1.4.803:=", "#04024869", "cn=x,ou=people", "qz", "é",
    "\u0301",
)  # fmt: skip
BLOCK = 128  # where each Unicode block has at least one of its letters, but for the few that are smaller
TREE = Tree("dc=leaders,dc=gov,dc=uk")
EQUAL, SUBSTRINGS = 0xA3, 0xA4


def assigned_blocks() -> list[int]:
    """Return where 128 code points begin of which any has a meaning, private ones and halves too."""
    starts = range(0, 0x110000, BLOCK)
    return [start for start in starts if any(category(chr(start + at)) != "Cn" for at in range(BLOCK))]


def hostile_values(count: int) -> Iterator[str]:
    """Yield that many values, the same ones each time."""
    chance = random.Random(SEED)  # noqa: S311  # not for secrets
    blocks = assigned_blocks()
    chance.shuffle(blocks)
    each_block = cycle(blocks)
    for number in range(count):
        kind = number % 8
        if kind < 3:
            yield "".join(chance.choices(SIGNS, k=chance.randint(1, 12)))
        elif kind < 6:
            start = next(each_block)
            yield "".join(chr(start + chance.randrange(BLOCK)) for _ in range(chance.randint(1, 4))) + "x"
        elif kind == 6:
            yield chance.randbytes(chance.randint(1, 40)).decode("utf-8", "surrogateescape")
        else:
            size = chance.choice((64, 2047, 2048, 2049, 65_536, 1_000_000))
            yield "x" * (size - 3) + "".join(chance.choices(SIGNS, k=3))


@pytest.fixture(scope="module")
def sync(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Directory]:
    with (
        Slapd(tmp_path_factory.mktemp("hostile"), durable=False) as server,
        opened(server, Service.SYNC) as it,
    ):
        it.write([Add(leader("hv-decoy", title="Decoy", mobile=("+44 7700 900000",)))])
        yield it


def test_the_full_count_holds_every_kind_of_value_and_every_block_of_unicode() -> None:
    values = list(hostile_values(FULL.hostile_values))
    assert len(values) == 10_000
    starts = {ord(letter) // BLOCK * BLOCK for value in values if len(value) <= 5 for letter in value}
    assert starts >= set(assigned_blocks())
    assert all(any(sign in value for value in values) for sign in SIGNS)
    assert any(len(value) == 1_000_000 for value in values)
    assert any("\udc80" <= letter <= "\udcff" for value in values for letter in value[:40])


def test_a_hostile_value_stays_one_value_in_a_filter_or_is_refused() -> None:
    told: Counter[str] = Counter()
    for value in hostile_values(ROUNDS.hostile_values):
        try:
            encoded = encode_filter(filters.equals("title", value))
        except BadValue:
            told["refused"] += 1
            continue
        ((tag, inside),) = elements(encoded)
        assert tag == EQUAL
        assert [content for _, content in elements(inside)] == [b"title", value.encode()]
        for make, piece in ((filters.begins, 0x80), (filters.contains, 0x81)):
            ((tag, inside),) = elements(encode_filter(make("title", value)))
            (_, name), (_, pieces) = elements(inside)
            assert (tag, name, list(elements(pieces))) == (SUBSTRINGS, b"title", [(piece, value.encode())])
        told["kept"] += 1
    assert min(told["kept"], told["refused"]) > ROUNDS.hostile_values // 10, told


def test_a_hostile_value_is_no_part_of_a_dn_unless_it_is_an_id() -> None:
    for value in hostile_values(ROUNDS.hostile_values):
        for make in (TREE.person, TREE.organisation, TREE.post, TREE.credential, TREE.group, TREE.feed):
            try:
                dn = make(value)
            except BadValue:
                continue
            assert id_of(dn) == value
            assert dn.count(",") == make("plain").count(",")


def test_a_hostile_value_comes_back_from_the_server_as_it_went_in_and_finds_nobody_else(
    sync: Directory,
) -> None:
    told: Counter[str] = Counter()
    person = leader("hv-value", title="first", feed="hv", feed_part="all")
    sync.write([Add(person)])
    for value in hostile_values(ROUNDS.hostile_values):
        changed = replace(person, title=value, feed_key=value)
        try:
            sync.write([Update(person, changed)])
        except BadValue:
            told["refused"] += 1
            assert _found(sync, value) <= {"hv-value"}
            continue
        person = changed
        assert sync.people.get("hv-value") == person, ascii(value[:60])
        assert _found(sync, value) <= {"hv-value"}, ascii(value[:60])
        told["kept"] += 1
    assert sync.people.get("hv-decoy").title == "Decoy"
    assert min(told["kept"], told["refused"]) > ROUNDS.hostile_values // 10, told


def _found(sync: Directory, value: str) -> set[str]:
    """Return who is found by the value in every way that the gateway has, or nobody if it is refused."""
    asked = (
        lambda: sync.people.by_mail_or_sign_in([value]).get(value.lower(), []),
        lambda: [each for each in [sync.people.by_federated_id(value)] if each],
        lambda: [each for each in [sync.people.by_sign_in_address(value)] if each],
        lambda: sync.people.all_of_feed("hv", value),
        lambda: sync.people.by_uids([value]).values(),
        # One or two letters are the beginning of many a name.
        lambda: sync.people.search([value], {}, 50) if len(value.strip()) > 2 else [],
    )
    found: set[str] = set()
    for ask in asked:
        try:
            found |= {each.uid for each in ask()}
        except BadValue:
            continue
    return found
