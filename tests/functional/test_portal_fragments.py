"""Pieces of numbers and addresses find whom the viewer may reach so, and betray nothing else."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from flask.testing import FlaskClient

from counterpart.clock import system_clock
from dev.servers import Redis, Slapd
from ldap_schema.changes import Add, Update
from ldap_schema.offices import Office
from ldap_schema.people import SEALED_ALL, Person
from tests.conftest import migrated_store
from tests.portal_kit import Portal, close, make_portal

LINE, MOBILE, MAIL = "+44 20 7946 0641", "+44 7700 900641", "zq.wherry@fragments.example"
PIECES = ("7946 0641", "020 7946 0641", "900641", "07700 900 641", "zq.wherry@", "@fragments.example")


@pytest.fixture(scope="module")
def portal(slapd: Slapd, redis_server: Redis, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    with migrated_store(tmp_path_factory.mktemp("fragments")) as store:
        made = make_portal(slapd, redis_server, store, system_clock)
        yield made
        close(made)


@pytest.fixture
def owner(portal: Portal) -> Iterator[Person]:
    """Somebody whose number and address show to nobody but themselves and whom they granted them."""
    made = portal.person(telephone=(LINE,), mobile=(MOBILE,), mail=(MAIL,), show=())
    yield made
    now = portal.sync.people.get(made.uid)
    portal.sync.write([Update(now, replace(now, telephone=(), mobile=(), mail=()))])


def found(client: FlaskClient, query: str) -> dict[str, Any]:
    answer = client.get(
        "/search", query_string={"q": query}, headers={"Accept": "application/json"}
    ).get_json()
    assert isinstance(answer, dict)
    return answer


def test_a_shown_number_or_address_finds_its_owner_and_says_why(portal: Portal, owner: Person) -> None:
    shown = ("telephoneNumber:leaders", "mail:leaders", "mobile:leaders")
    portal.sync.write([Update(owner, replace(owner, show=shown))])
    client = portal.browser(portal.person())
    why = {"7946 0641": "office line: …641", "07700 900 641": "mobile: …641", "zq.wherry@": f"mail: {MAIL}"}
    for query in PIECES:
        answer = found(client, query)
        assert [one["uid"] for one in answer["results"]] == [owner.uid], query
        assert answer["total"] == 1
        assert answer["facets"]["sector"] == [{"value": "Police", "label": "Police", "count": 1}]
        if query in why:
            assert why[query] in answer["results"][0]["matched"]
    family = owner.family_name
    assert [one["uid"] for one in found(client, f"{family} 7946 0641")["results"]] == [owner.uid]
    assert found(client, "somebody-else 7946 0641")["total"] == 0
    narrowed = client.get("/search?q=7946+0641&sector=Healthcare", headers={"Accept": "application/json"})
    assert narrowed.get_json()["total"] == 0


def test_a_concealed_number_or_address_answers_as_if_nobody_had_it(portal: Portal, owner: Person) -> None:
    granted = portal.person()
    stranger, mate = portal.browser(portal.person()), portal.browser(granted)
    portal.sync.write([
        Update(owner, replace(owner, reveal_telephone_to=(granted.uid,), reveal_mobile_to=(granted.uid,),
                              reveal_mail_to=(granted.uid,))),
    ])  # fmt: skip
    for query in PIECES:
        for allowed in (portal.browser(owner), mate):
            assert [one["uid"] for one in found(allowed, query)["results"]] == [owner.uid], "the control"
        other = query.replace("641", "642").replace("zq", "zx").replace("fragments", "fragmints")
        nothing = found(stranger, other)
        assert found(stranger, query) == nothing, query
        assert nothing["total"] == 0
        pages = [stranger.get("/search", query_string={"q": each}).text for each in (query, other)]
        assert owner.uid not in pages[0]
        assert pages[0].replace(query, other) == pages[1], "page, counts and order are the same"


def test_a_sealed_persons_number_and_office_find_nobody(portal: Portal, owner: Person) -> None:
    office = Office(id="office-" + owner.uid, name="Office of the Wherry", serves=(owner.uid,),
                    telephone=("+44 20 7946 0643",), mail=("wherry.office@fragments.example",))  # fmt: skip
    portal.sync.write([Add(office)])
    client = portal.browser(portal.person())
    queries = {"7946 0643": "private office: …643", "wherry.office@": f"private office: {office.mail[0]}"}
    for query, why in queries.items():
        answer = found(client, query)
        assert [one["uid"] for one in answer["results"]] == [owner.uid]
        assert why in answer["results"][0]["matched"]
    shown = replace(
        owner, show=("telephoneNumber:leaders", "mail:leaders", "mobile:leaders"), sealed=SEALED_ALL
    )
    portal.sync.write([Update(owner, shown)])
    for query in (*queries, *PIECES):
        assert found(client, query)["total"] == 0, query
        assert found(portal.browser(owner), query)["total"] == 1, "the control: themselves"


def test_a_piece_that_half_the_directory_has_finds_a_page_and_no_error(portal: Portal) -> None:
    client = portal.browser(portal.person())
    for query in ("+44 20 7946", "0000", "....@", "@example", "*@*", "(mail=*)", "7946 0641)(uid=*"):
        assert client.get("/search", query_string={"q": query}).status_code == 200, query
