"""Searching through the index: more is found than the directory's filters find, and nothing more is seen."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from counterpart.clock import system_clock
from dev.servers import Redis, Slapd
from ldap_schema.changes import Add, Update
from ldap_schema.offices import Office
from ldap_schema.organisations import Organisation
from ldap_schema.people import SEALED_POST
from search_index.folder import IndexFolder
from search_index.reader import SearchIndex
from store.database import Store
from tests.functional.index_kit import SOON, agrees, following, people
from tests.functional.replica_kit import eventually
from tests.portal_kit import Portal, close, make_portal


@pytest.fixture
def portal(slapd: Slapd, redis_server: Redis, store: Store) -> Iterator[Portal]:
    made = make_portal(slapd, redis_server, store, system_clock)
    yield made
    close(made)


@pytest.fixture
def index(slapd: Slapd, portal: Portal) -> Iterator[SearchIndex]:
    """The index that this portal asks, kept fresh."""
    with following(slapd, slapd.folder / "index") as followed:
        yield followed
    for left in Path(slapd.folder / "index").glob("step.json"):
        left.unlink()  # the next portal of this server has no follower


def found(client: FlaskClient, query: str, **more: str) -> dict[str, Any]:
    answer = client.get(
        "/search", query_string={"q": query, **more}, headers={"Accept": "application/json"}
    ).get_json()
    assert isinstance(answer, dict)
    return answer


def uids(answer: dict[str, Any]) -> list[str]:
    return [result["uid"] for result in answer["results"]]


def test_a_name_is_found_however_it_is_typed_and_the_page_says_why(
    portal: Portal, index: SearchIndex, slapd: Slapd
) -> None:
    family = "O\u2019Néill-Brandt"
    elise = portal.person(full_name=f"Élise {family}", family_name=family, given_name="Élise")
    william = portal.person(full_name="William Wexcombe", family_name="Wexcombe", given_name="William")
    client = portal.browser(portal.person())
    assert agrees(slapd, index)
    typed = (
        "Elise oneill",
        "elise o'neill",
        f"Élise {family}",
        "oneillbrandt",
        "elise bran",
        "o neill brandt",
    )
    for query in typed:
        assert uids(found(client, query)) == [elise.uid], query
    answer = found(client, "bill wexcombe")
    assert uids(answer) == [william.uid]
    assert "bill → William" in answer["results"][0]["matched"]
    assert answer["index"] == "fresh"


def test_former_names_acronyms_and_assistants_lead_to_the_people(
    portal: Portal, index: SearchIndex, slapd: Slapd
) -> None:
    person = portal.person(title="Warden of Locks")
    before = portal.organisation
    after = replace(before, former_names=("Board of Sluices",), acronyms=("BoSlu",))
    portal.sync.write([Update(before, after)])
    portal.sync.write(
        [Add(Office(id=f"o{person.uid}", name="Office", serves=(person.uid,), assistant="Zora Blinkhorn"))]
    )
    client = portal.browser(portal.person())
    assert agrees(slapd, index)
    assert uids(found(client, "boslu warden of locks")) == [person.uid]
    assert uids(found(client, "sluices warden")) == [person.uid]
    why = f"office: Zora Blinkhorn assists {person.full_name}"
    asked = ("blinkhorn", "zora blinkhorn", "Blinkhorn, Zora", f"office of {person.family_name}",
             f"private office of Ada {person.family_name}", f"PA to {person.full_name}")  # fmt: skip
    for query in asked:
        answer = found(client, query)
        assert uids(answer) == [person.uid], query
        assert answer["results"][0]["matched"][0] == why, query
        assert why in client.get("/search", query_string={"q": query}).text


def test_the_index_betrays_no_concealed_number_and_nobody_who_is_gone(
    portal: Portal, index: SearchIndex, slapd: Slapd
) -> None:
    person = portal.person(family_name="Vanishing", full_name="Ada Vanishing", mobile=("07700 900777",))
    client = portal.browser(portal.person())
    assert agrees(slapd, index)
    assert uids(found(client, "vanishing")) == [person.uid]
    assert found(client, "07700 900777")["total"] == 0
    portal.sync.write([Update(person, replace(person, status="held"))])
    assert eventually(lambda: person.uid not in people(index), SOON)
    assert found(client, "vanishing")["total"] == 0


def test_whoever_the_index_still_names_is_not_shown_once_the_directory_conceals_them(
    portal: Portal, slapd: Slapd
) -> None:
    person = portal.person(family_name="Lagging", full_name="Ada Lagging")
    client = portal.browser(portal.person())
    folder = IndexFolder(slapd.folder / "index")
    with following(slapd, folder.path) as index:
        assert agrees(slapd, index)
    portal.sync.write([Update(person, replace(person, status="held"))])
    assert person.uid in people(index), "nobody follows any more, and the index is believed for a while"
    assert uids(found(client, "lagging")) == []
    assert "Lagging" not in client.get("/search?q=lagging").get_data(as_text=True).partition("<main")[
        2
    ].replace("“lagging”", "")


def test_somebody_sealed_finds_themself_among_others_and_nobody_else_finds_them(
    portal: Portal, index: SearchIndex, slapd: Slapd
) -> None:
    family = "Quandrell"
    others = [portal.person(full_name=f"Ned {family} {n}", family_name=family) for n in range(21)]
    hidden = portal.person(full_name=f"Ada {family}", family_name=family)
    portal.sync.write([Update(hidden, replace(hidden, sealed=SEALED_POST))])
    assert agrees(slapd, index)
    own, other = portal.browser(hidden), portal.browser(others[0])
    pages = [found(own, family, page=str(page)) for page in (1, 2)]
    assert [page["total"] for page in pages] == [22, 22]
    assert uids(pages[0])[0] == hidden.uid
    listed = [uid for page in pages for uid in uids(page)]
    assert sorted(listed) == sorted([hidden.uid, *(one.uid for one in others)]), "everybody once"
    assert pages[0]["index"] == "fresh"
    assert hidden.uid not in uids(found(own, "Ned Quandrell")), "only where they fit"
    answer = found(other, family)
    assert (answer["total"], hidden.uid in str(answer)) == (21, False)


def test_results_are_narrowed_and_counted(portal: Portal, index: SearchIndex, slapd: Slapd) -> None:
    here = portal.person(title="Chief Tidewaiter", region="Wales")
    there = portal.person(title="Chief Tidewaiter", region="Scotland")
    client = portal.browser(portal.person())
    assert agrees(slapd, index)
    answer = found(client, "tidewaiter")
    assert set(uids(answer)) == {here.uid, there.uid}
    assert {value["value"] for value in answer["facets"]["region"]} == {"Wales", "Scotland"}
    assert uids(found(client, "tidewaiter", region="Wales")) == [here.uid]
    assert found(client, "tidewaiter", role="Nobody's role")["total"] == 0


def test_without_an_index_the_directory_is_searched_and_the_page_says_so(
    portal: Portal, slapd: Slapd
) -> None:
    (slapd.folder / "index" / "step.json").unlink(missing_ok=True)
    person = portal.person(family_name="Fallback", full_name="Ada Fallback")
    client = portal.browser(portal.person())
    answer = found(client, "fallback")
    assert (uids(answer), answer["index"]) == ([person.uid], "behind")
    assert "simpler than usual" in client.get("/search?q=fallback").get_data(as_text=True)


def test_an_organisation_is_an_entry_of_its_own(slapd: Slapd, portal: Portal, index: SearchIndex) -> None:
    organisation = Organisation(id="lone-organisation", name="Xylquith Zwobbery")
    portal.sync.write([Add(organisation)])
    assert agrees(slapd, index)
    client = portal.browser(portal.person())
    assert found(client, "xylquith zwobbery")["total"] == 0, "people are found, and it has none"
