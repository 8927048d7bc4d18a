"""Which questions of a mail program give away a copy of the directory, and which don't."""

import itertools
from datetime import UTC, datetime, timedelta

import pytest

from counterpart.watch.canaries import Canaries
from counterpart.watch.filters import read_filter
from counterpart.watch.invent import TooFewPeople, canary, invent
from counterpart.watch.pattern import Tally
from counterpart.watch.settings import WatchSettings
from counterpart.watch.slapd_log import Question
from dev.chance import stream
from ldap_schema.people import Person
from tests.mail_queries import FILTERS

NOW = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)
MODEL = Person(
    uid="model", full_name="Ada Quill", family_name="Quill", title="Chief executive",
    organisation_name="Office for Pins", sector="Housing", region="Wales",
)  # fmt: skip
GIVEN = ("Marianne", "Tariq", "Lowri", "Kofi", "Isla", "Huw", "Ngozi", "Piers", "Ruth", "Sunita")
HEADS = ("Thistle", "Okon", "Marsh", "Brack", "Vell", "Farrow", "Quil", "Tarn", "Whin", "Pell")
FLOCK = [
    canary(given, f"{head}gant", MODEL, f"c{number:02d}", "canaries.example")
    for number, (given, head) in enumerate(zip(GIVEN, HEADS, strict=True))
]
CANARIES = Canaries(FLOCK)


def heard(typed: list[str], program: str = "Thunderbird, autocomplete", seconds: float = 2.0) -> str:
    """What the tally says while these words are typed, letter by letter from the second on."""
    tally = Tally(WatchSettings())
    strokes = [word[:end] for word in typed for end in range(2, len(word) + 1)]
    for number, text in enumerate(strokes):
        asked = read_filter(FILTERS[program].format(text.casefold()))
        question = Question(
            "device",
            NOW + timedelta(seconds=seconds * number),
            text.casefold(),
            len(text),
            odd=False,
            asked=asked,
        )
        if reason := tally.hear(question, CANARIES):
            return reason
    return ""


def seen(filter_: str) -> set[str]:
    return set(CANARIES.sighting(read_filter(filter_)).seen)


@pytest.mark.parametrize("program", FILTERS)
def test_a_question_for_the_family_name_is_one_for_the_canary(program: str) -> None:
    assert seen(FILTERS[program].format("thistleg")) == {"c00"}
    assert seen(FILTERS[program].format("thistlewood")) == set()


@pytest.mark.parametrize("word", ["marianne", "chief", "office for pins", "wales", "housing"])
def test_a_question_for_a_given_name_a_post_or_an_organisation_is_not(word: str) -> None:
    for filter_ in FILTERS.values():
        assert seen(filter_.format(word)) == set()


@pytest.mark.parametrize(
    "filter_",
    [
        "(cn=marianne thistlegant)",
        "(cn=*marianne*thistlegant*)",
        "(cn=thistlegant, marianne)",
        "(mail=marianne.thistlegant@canaries.example)",
        "(|(cn=marianne.thistlegant@canaries.example*)(mail=marianne.thistlegant@canaries.example*))",
    ],
)
def test_the_whole_name_or_address_is_known_from_a_copy_alone(filter_: str) -> None:
    assert CANARIES.sighting(read_filter(filter_)).named
    question = Question("device", NOW, "marianne thistlegant", 20, odd=False, asked=read_filter(filter_))
    assert "from a copy" in Tally(WatchSettings()).hear(question, CANARIES)


@pytest.mark.parametrize("program", ["Thunderbird, autocomplete", "Outlook", "Apple", "Roundcube"])
def test_honest_typing_of_many_names_that_begin_as_canaries_do_is_no_alarm(program: str) -> None:
    tails = ("wood", "bank", "mere", "ford", "croft", "by", "ley", "stead")
    names = [f"{head}{tail}" for tail, head in itertools.product(tails, HEADS)]
    assert len(names) == 80
    assert heard(names, program) == ""
    assert heard(list(GIVEN) * 8, program) == ""


def test_one_canary_met_again_and_again_is_no_alarm() -> None:
    assert heard(["thistleg", "someone"] * 20) == ""


def test_several_different_canaries_within_the_hour_are() -> None:
    names = [f"{head}g" for head in HEADS[:4]]
    assert "several of names" in heard(names)
    assert heard(names[:3]) == ""
    assert heard(names, seconds=400.0) == "", "but not over many hours"


@pytest.mark.parametrize("dressed", ["{0}x {0}", "{0} {0}x", "{0}xx {0}x {0}", "{0}xxx {0}"])
def test_no_longer_search_before_or_after_it_hides_a_canary_s_family_name(dressed: str) -> None:
    def say(count: int) -> str:
        tally, reason = Tally(WatchSettings()), ""
        for word in " ".join(dressed.format(f"{head}gant".casefold()) for head in HEADS[:count]).split():
            asked = read_filter(FILTERS["Outlook"].format(word))
            reason = reason or tally.hear(Question("device", NOW, word, len(word), False, asked), CANARIES)
        return reason

    assert "several of names" in say(4)
    assert say(3) == ""


def test_whoever_takes_names_away_letter_by_letter_that_begin_as_canaries_do_raises_no_alarm() -> None:
    strokes = [f"{head}wood"[:end] for head in HEADS for end in (*range(2, 9), *range(8, 1, -1))]
    tally = Tally(WatchSettings())
    for text in map(str.casefold, strokes):
        asked = read_filter(FILTERS["Apple"].format(text))
        assert tally.hear(Question("device", NOW, text, len(text), False, asked), CANARIES) == ""


def test_an_invented_name_is_nobody_s_and_put_together_from_those_here() -> None:
    families = ("Thistlewood", "Vellacott", "Marchbank", "Farrowmere", "Prydderch", "Okonjola")
    people = [
        Person(uid=str(n), full_name="x", family_name=family, given_name=GIVEN[n])
        for n, family in enumerate(families)
    ]
    found = invent(10, people, stream(7, "canaries"))
    assert len({family for _, family in found}) == 10
    assert not {family for _, family in found} & set(families)
    assert {given for given, _ in found} <= set(GIVEN)
    with pytest.raises(TooFewPeople):
        invent(1, people[:1], stream(7, "canaries"))


def test_a_canary_s_address_is_one_even_for_a_name_with_marks() -> None:
    assert canary("Zo\u00eb", "ap Gruffudd-\u014c", MODEL, "c1", "x.example").mail == (
        "zoe.ap-gruffudd-o@x.example",
    )
    assert canary("\u5f20", "\u4f1f", MODEL, "c1", "x.example").mail == ("c1@x.example",)
