"""The invented leaders: repeatable, spread as in life, with every odd case, and nobody who could be real."""

import re
from collections import Counter
from time import perf_counter

import pytest

from dev.leaders import Line
from dev.organisations import gazetteer, invent_organisations
from dev.personas import named_leaders, personas
from ldap_schema.organisations import SECTORS
from tests.unit.people_fixtures import AS_OF, invention

SEEDS = (7, 8, 2026)
# Ofcom keeps these for drama: they are never given to anybody.
DRAMA = re.compile(
    r"020 7946 0\d{3}|011[3-8] 496 0\d{3}|01(21|31|41|51|61) 496 0\d{3}|0191 498 0\d{3}|01632 960\d{3}"
    r"|028 9649 6\d{3}|029 2018 0\d{3}|07700 900\d{3}|0808 157 0\d{3}|0306 999 0\d{3}|03069 990\d{3}"
)


def lines_of(seed: int) -> tuple[Line, ...]:
    return invention(seed).lines


def test_the_same_seed_invents_the_same_people_and_another_seed_others() -> None:
    invention.cache_clear()
    first = invention(7)
    invention.cache_clear()
    assert invention(7) == first
    assert invention(8) != first


@pytest.mark.parametrize("leaders", [60, 400, 1500])
def test_there_are_exactly_as_many_leaders_as_asked_for(leaders: int) -> None:
    assert len(invention(7, leaders).leaders()) == leaders


def test_too_few_leaders_are_refused_with_the_least_number() -> None:
    with pytest.raises(ValueError, match="At least 60"):
        invent_organisations(7, 10)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_thousand_organisations_stand_in_nine_sectors_as_in_life(seed: int) -> None:
    organisations = invention(seed).organisations
    shares = Counter(each.sector for each in organisations)
    assert set(shares) == set(SECTORS)
    assert 950 <= len(organisations) <= 1050
    assert shares["Healthcare"] > shares["Education"] > shares["Housing"] > shares["Civil service"]
    assert shares["Police"] == shares["Fire and rescue"] == 48
    leaders = Counter[str]()
    for each in organisations:
        leaders[each.sector] += each.leaders
    assert leaders["Healthcare"] > leaders["Civil service"] > leaders["Police"] > leaders["Armed forces"] > 40


@pytest.mark.parametrize("seed", SEEDS)
def test_most_organisations_have_one_to_three_leaders_and_a_few_have_dozens(seed: int) -> None:
    sizes = [each.leaders for each in invention(seed).organisations]
    assert sum(size <= 3 for size in sizes) > 0.93 * len(sizes)
    assert 3 <= sum(size >= 15 for size in sizes) <= 12
    assert max(sizes) >= 30


@pytest.mark.parametrize("seed", SEEDS)
def test_every_nation_and_region_has_organisations(seed: int) -> None:
    organisations = invention(seed).organisations
    assert {each.nation for each in organisations} == {"England", "Scotland", "Wales", "Northern Ireland"}
    assert min(Counter(each.region for each in organisations).values()) > 40
    assert len({each.region for each in organisations}) == 12


def test_the_gazetteer_names_every_place_once() -> None:
    _counties, places = gazetteer()
    assert len({place.name for place in places}) == len(places) == 240


@pytest.mark.parametrize("seed", SEEDS)
def test_names_and_slugs_of_organisations_are_unique_and_parents_exist(seed: int) -> None:
    organisations = invention(seed).organisations
    slugs = [each.slug for each in organisations]
    assert len(set(slugs)) == len(slugs) == len({each.name for each in organisations})
    assert all(each.parent in slugs for each in organisations if each.sector == "Arm's-length bodies")


@pytest.mark.parametrize("seed", SEEDS)
def test_every_odd_case_is_there(seed: int) -> None:
    lines = lines_of(seed)
    people = invention(seed).leaders().values()
    families = [person.name.family for person in people]
    posts = Counter(line.person.number for line in lines if line.person and line.post.eligible)
    mails = Counter(person.mail for person in people)
    everybody = " ".join(person.name.given + person.name.family for person in people)
    assert {line.kind for line in lines} == {
        "substantive", "acting", "interim", "secondment", "cover", "job share",
    }  # fmt: skip
    assert sum(line.person is None for line in lines) > 10
    assert sum(not line.post.eligible for line in lines) > 50
    assert sum(count > 1 for count in posts.values()) > 30
    assert max(Counter(line.post.reference for line in lines if line.kind == "job share").values()) == 2
    assert any(line.last_day and line.last_day < AS_OF for line in lines)
    assert any(line.first_day and line.first_day > AS_OF for line in lines)
    assert sum(count > 1 for count in mails.values()) > 3
    assert sum("-" in family for family in families) > 50
    assert sum("'" in family for family in families) > 10
    assert any(" " in family for family in families)
    assert sum(bool(person.name.known_as) for person in people) > 200
    assert set("éèôŵŷłŁọòñ") & set(everybody) >= set("éłŁò")
    assert {"Sir", "Dame", "Professor", "Dr", "Vice Admiral", "Lieutenant General"} <= {
        person.name.honorific for person in people
    }
    assert sum(line.office is not None and bool(line.office.assistant) for line in lines) > 300
    organisations = invention(seed).organisations
    assert sum(bool(each.former_name) for each in organisations) > 40
    assert sum(bool(each.acronym) for each in organisations) > 200
    assert sum(bool(each.duty_line) for each in organisations) > 200
    assert sum(each.domain == "nhsmail.example" for each in organisations) == 230


@pytest.mark.parametrize("seed", SEEDS)
def test_each_person_signs_in_with_an_address_of_their_own_that_leads_nowhere(seed: int) -> None:
    people = invention(seed).leaders().values()
    addresses = [person.sign_in_address for person in people]
    assert len(set(addresses)) == len(addresses)
    offices = [line.office.mail for line in lines_of(seed) if line.office]
    for address in [*addresses, *offices, *(person.mail for person in people)]:
        local, _, domain = address.partition("@")
        assert re.fullmatch(r"[a-z0-9]+([.-][a-z0-9]+)*", local), address
        assert len(local) <= 64
        assert domain.endswith(".example")


@pytest.mark.parametrize("seed", SEEDS)
def test_every_number_is_one_that_is_kept_for_drama(seed: int) -> None:
    lines = lines_of(seed)
    people = [line.person for line in lines if line.person]
    numbers = {person.telephone for person in people} | {person.mobile for person in people}
    numbers |= {line.office.telephone for line in lines if line.office}
    numbers |= {each.duty_line for each in invention(seed).organisations}
    assert [number for number in numbers - {""} if not DRAMA.fullmatch(number)] == []


@pytest.mark.parametrize("leaders", [60, 1500])
def test_the_people_that_the_demonstration_names_hold_their_posts(leaders: int) -> None:
    found = invention(7, leaders)
    titles = {line.person.sign_in_address: line.post for line in found.lines if line.person}
    assert titles["isolde.marchbank@rivers-and-coasts.example"].title == "Permanent Secretary"
    assert titles["tamsin.okonjo-reed@northmere.police.example"].role == "chief constable"
    assert titles["rowan.thistlewood@leadership.example"].title == "Directory Manager"
    assert titles["piers.vellacott@hollowbrook.example"].organisation.slug == "hollowbrook-council"
    assert {leader.mail for leader in named_leaders().values()} <= titles.keys()
    assert "percy.newstart@rivers-and-coasts.example" not in titles


def test_each_provider_vouches_for_people_of_its_own_scope() -> None:
    offered = personas()
    assert set(offered) == {"rivers", "northmere", "centre", "hollowbrook"}
    subjects = [each.subject_id for people in offered.values() for each in people]
    assert len(set(subjects)) == len(subjects)
    for people in offered.values():
        assert len({each.subject_id.partition("@")[2] for each in people}) == 1
    claimed = [each for each in offered["hollowbrook"] if not each.mail.endswith("@hollowbrook.example")]
    assert [each.mail for each in claimed] == ["tamsin.okonjo-reed@northmere.police.example"]


def test_inventing_stays_quick_and_grows_by_inventing_more_organisations() -> None:
    start = perf_counter()
    found = invention(3, 12_000)
    assert perf_counter() - start < 20, "twelve thousand leaders take about a second"
    assert len(found.leaders()) == 12_000
    assert 7_500 < len(found.organisations) < 8_500
    assert max(each.leaders for each in found.organisations) < 80
