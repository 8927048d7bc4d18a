"""Who meets whom by the areas they serve, where boundaries differ."""

from app.neighbourhood import beside, first_of_each, in_charge, in_role, services_of
from ldap_schema.areas import Area, area
from ldap_schema.organisations import Organisation
from ldap_schema.people import Person

AREAS = {code: f"{code} Town {code}" for code in "abcdef"}


def body(id: str, sector: str, served: str, **more: tuple[str, ...]) -> Organisation:
    areas = tuple(AREAS[one] for one in served)
    return Organisation(id=id, name=id, sector=sector, areas_served=areas, **more)


POLICE = body("police", "Police", "abc")
BESIDE, FAR = body("beside", "Police", "d"), body("far", "Police", "f")
ENDED = body("ended", "Police", "d", successor_ids=("beside",))
FIRE, COUNCIL = body("fire", "Fire and rescue", "cd"), body("council", "Local government", "b")
TRUST = body("trust", "Healthcare", "ef")
COLLEGE, NOWHERE = body("college", "Education", "a"), body("nowhere", "Police", "")
ALL = [POLICE, BESIDE, FAR, ENDED, FIRE, COUNCIL, TRUST, COLLEGE, NOWHERE]


def person(title: str, name: str = "Q") -> Person:
    return Person(uid=name, full_name=name, family_name=name, title=title)


def test_neighbours_are_of_the_same_kind_and_serve_an_area_beside_or_together() -> None:
    assert [one.organisation.id for one in beside(POLICE, ALL, {"d"})] == ["beside"]
    assert beside(POLICE, ALL, {"d"})[0].areas == ("Town d",)
    assert beside(NOWHERE, ALL, set()) == []
    county = body("county", "Local government", "abc")
    assert [one.organisation.id for one in beside(county, [*ALL, county], set())] == ["council"]


def test_services_meet_where_their_boundaries_overlap() -> None:
    assert [one.organisation.id for one in services_of(POLICE, ALL)] == ["fire", "council"]
    assert {one.organisation.id for one in services_of(FIRE, ALL)} == {"police", "beside"}
    assert {one.organisation.id for one in services_of(COLLEGE, ALL)} == {"police"}


def test_where_few_are_shown_each_service_comes_before_the_second_of_any() -> None:
    two = [body("t1", "Healthcare", "a"), body("t2", "Healthcare", "a"), body("c1", "Local government", "a")]
    found = services_of(POLICE, two)
    assert [one.organisation.id for one in found] == ["t1", "t2", "c1"]
    assert [one.organisation.id for one in first_of_each(found)] == ["t1", "c1", "t2"]


def test_who_leads_a_service_is_in_its_usual_role_or_the_most_senior() -> None:
    chief, deputy = person("Chief Constable", "B"), person("Deputy Chief Constable", "A")
    assert in_role([deputy, chief], "Chief constable") == [chief]
    assert in_charge([deputy, chief], "Police") == [chief]
    others = [person("Assistant Commissioner", "C"), person("Commissioner", "D")]
    assert in_charge(others, "Police") == others[1:]
    assert in_charge([], "Police") == []


def test_an_area_is_a_code_and_a_name() -> None:
    assert area("E07000110 Maidstone and Malling") == Area("E07000110", "Maidstone and Malling")
    assert str(area("E07000110")) == "E07000110"
