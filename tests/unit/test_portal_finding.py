"""What is found, in which order, and why."""

from hypothesis import given
from hypothesis import strategies as st

from app import finding
from app.finding import Question
from ldap_schema.people import Person
from search_index.words import fold

ISOLDE = Person(
    uid="u1", full_name="Isolde Marchbank", family_name="Marchbank", given_name="Isolde",
    display_name="Dame Isolde Marchbank DCB", title="Permanent Secretary",
    organisation_name="Department for Rivers",
    organisation_id="o1", sector="Civil service", region="London",
)  # fmt: skip
MARCHER = Person(
    uid="u2", full_name="Rivers Marcher", family_name="Marcher", given_name="Rivers", title="Chief Constable",
    organisation_name="Isolde Constabulary", organisation_id="o2", sector="Police", region="Wales",
)  # fmt: skip


def test_the_whole_name_comes_before_its_parts_elsewhere() -> None:
    found = finding.rank([MARCHER, ISOLDE], ["isolde", "march"])
    assert [one.person.uid for one in found] == ["u1", "u2"]


def test_each_result_says_which_word_was_found_where() -> None:
    [found] = finding.rank([ISOLDE], ["isolde", "rivers"])
    assert found.matched == ("first name: isolde", "organisation: rivers")


def test_words_found_in_the_same_place_are_named_together() -> None:
    [found] = finding.rank([ISOLDE], ["permanent", "secretary"])
    assert found.matched == ("post: permanent secretary",)


def test_the_post_asked_for_stands_before_its_deputies() -> None:
    titles = ["Assistant Chief Constable (Crime)", "Chief Constable", "Deputy Chief Constable"]
    people = [
        Person(uid=title, full_name="A", family_name=title[0] + str(number), title=title)
        for number, title in enumerate(titles)
    ]
    assert finding.rank(people, ["chief", "constable"])[0].person.title == "Chief Constable"


def test_accents_apostrophes_and_hyphens_do_not_matter() -> None:
    assert fold("Llŷr O\u2019Néill\u2010Jones") == fold("llyr o'neill-jones")


def test_forms_of_address_are_not_looked_for_beside_a_name_but_alone_they_are() -> None:
    assert finding.words_of("Dame Isolde Marchbank DBE") == ("Isolde", "Marchbank")
    assert finding.words_of("Dame") == ("Dame",)


def test_a_deputy_is_a_role_of_its_own() -> None:
    assert finding.role_of("Deputy Chief Constable (Crime)") == "Deputy chief constable"
    assert finding.role_of("Chief Constable") == "Chief constable"
    assert finding.role_of("Keeper of the Lighthouse") == "Keeper of the Lighthouse"


def test_facets_count_the_people_each_value_would_leave() -> None:
    found = finding.rank([ISOLDE, MARCHER], [])
    counts = finding.counted((one.traits for one in found), {"of-2024": frozenset({"u2", "u3"})})
    labels = {"organisation": {"o1": "Department for Rivers"}}
    counted = finding.facets(counts, labels)
    assert [(one.value, one.count) for one in counted["cohort"]] == [("of-2024", 1)]
    assert len(finding.facets(counts, labels, most=1)["region"]) == 1
    assert {(one.value, one.count) for one in counted["region"]} == {("London", 1), ("Wales", 1)}
    assert "Department for Rivers" in [one.label for one in counted["organisation"]]


def test_a_role_narrows_what_was_found() -> None:
    found = finding.rank([ISOLDE, MARCHER], [])
    assert [one.person.uid for one in finding.narrowed(found, Question(role="Chief constable"))] == ["u2"]


@given(st.text())
def test_any_text_becomes_a_short_line_and_a_few_words(text: str) -> None:
    line = finding.clean(text)
    assert len(line) <= finding.LONGEST_QUERY
    assert line.isprintable()
    assert len(finding.words_of(line)) <= finding.MOST_WORDS
