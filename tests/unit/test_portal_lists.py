"""Charts of posts and lists from A to Z: what stands where."""

from datetime import date

import pytest

from app.chart import chart, seniority
from app.letters import LETTERS, OTHER, beginnings, by_letter, letter_of
from app.organisations import Holder, PostRow, former_names, newcomers
from ldap_schema.organisations import Organisation
from ldap_schema.people import Person
from ldap_schema.posts import Post

TODAY = date(2026, 11, 25)


@pytest.mark.parametrize(
    "titles",
    [
        ["Chief Constable", "Deputy Chief Constable", "Assistant Chief Constable (Crime)"],
        ["Permanent Secretary", "Second Permanent Secretary", "Director, Strategy"],
        ["Chief Executive", "Deputy Chief Executive", "Executive Director of Finance"],
        ["Vice-Chancellor", "Deputy Vice-Chancellor", "Pro Vice-Chancellor (Research)"],
        ["Chief Fire Officer", "Chief of Staff", "Regional Director, North"],
    ],
)
def test_whoever_leads_stands_before_deputies_and_assistants(titles: list[str]) -> None:
    assert [seniority(title) for title in titles] == [0, 1, 2]
    drawn = chart(titles[::-1], str)
    assert (list(drawn.top), list(drawn.below)) == (titles[:1], titles[1:])


def test_where_several_lead_nobody_is_drawn_below_them() -> None:
    drawn = chart(["Chief Executive, South", "Chief Executive, North", "Head of Post"], str)
    assert drawn.below == []
    assert drawn.top[:2] == ["Chief Executive, North", "Chief Executive, South"]
    assert chart([], str).top == []


def test_names_are_listed_under_their_letter_accents_aside() -> None:
    names = ["Élise", "ecclestone", "Ørsted", "2gether", "Ångström"]
    assert dict(by_letter(names, str)) == {
        OTHER: ["2gether"],
        "A": ["Ångström"],
        "E": ["ecclestone", "Élise"],
        "O": ["Ørsted"],
    }


def test_every_way_to_write_a_letter_is_asked_for_under_that_letter() -> None:
    for letter in LETTERS:
        assert beginnings(letter)[0] == letter
        assert {letter_of(one) for one in beginnings(letter)} == {letter}
    assert {"É", "Ê", "Ę"} <= set(beginnings("E"))
    assert {"Ø", "Ö", "Œ"} <= set(beginnings("O"))


def test_former_names_are_said_with_their_days_as_far_as_they_are_known() -> None:
    organisation = Organisation(
        id="o", name="Board of Canals", former_names=("Board of Locks", "Board of Sluices", "Sluice Office"),
        former_name_days=("2016-07-14/2023-02-07 Board of Locks", "/2016-07-13 Board of Sluices"),
    )  # fmt: skip
    assert former_names(organisation) == [
        ("Board of Locks", "from 14 July 2016 until 7 February 2023"),
        ("Board of Sluices", "until 13 July 2016"),
        ("Sluice Office", ""),
    ]


def test_who_came_in_the_last_ninety_days_is_new_the_latest_first() -> None:
    post = Post(id="p", title="Keeper", organisation_id="o")
    days = [None, date(2026, 8, 26), date(2026, 8, 27), TODAY, date(2026, 11, 26)]
    people = [Person(uid=f"u{number}", full_name="A", family_name="A") for number in range(len(days))]
    row = PostRow(post, [Holder(one, "", day) for one, day in zip(people, days, strict=True)], False)
    found = [holder.person.uid for holder, _ in newcomers(chart([row], lambda each: each.post.title), TODAY)]
    assert found == ["u3", "u2"]
