"""What is understood of a query, what is found for it, and why; posts, organisations, hostile texts."""

import time
from collections.abc import Sequence
from datetime import date
from uuid import UUID

import pytest
import tantivy
from hypothesis import given, settings
from hypothesis import strategies as st

from dev.chance import stream
from ldap_schema.offices import Office
from ldap_schema.organisations import Organisation
from ldap_schema.people import Person
from ldap_schema.posts import ACTING, Post, Tenure
from ldap_schema.snapshots import Record, Snapshot
from search_index import documents, schema
from search_index.contents import Contents
from search_index.documents import Around
from search_index.names import initials, other_forms, sounds, spellings
from search_index.organisations import find_organisations
from search_index.posts import find_posts
from search_index.query import Asked, find
from search_index.suggestions import nearest, suggest
from search_index.understanding import understand
from search_index.vocabulary import Kind, vocabulary

TODAY = date(2026, 11, 25)
KENT = Organisation(id="kent", name="Kent Police", acronyms=("KP",), region="South East", sector="Police")
MARITIME = Organisation(
    id="new",
    name="Department for Harbours",
    former_names=("Ministry of Piers",),
    successor_ids=(),
    region="London",
)
ENDED = Organisation(id="old", name="Board of Jetties", successor_ids=("new",))


def person(uid: str, given: str, family: str, **values: str) -> Person:
    usual = {"full_name": f"{given} {family}", "family_name": family, "given_name": given}
    return Person(uid=uid, **{**usual, **values})


PEOPLE = [
    person(
        "liz",
        "Elizabeth",
        "Smyth",
        title="Chief Constable",
        organisation_id="kent",
        organisation_name="Kent Police",
        region="South East",
        sector="Police",
    ),
    person(
        "dep",
        "Ada",
        "Quill",
        title="Deputy Chief Constable",
        organisation_id="kent",
        organisation_name="Kent Police",
        region="South East",
        sector="Police",
        display_name="Dame Ada Quill DBE",
        honorific="Dame",
    ),
    person(
        "was",
        "Iwan",
        "Pryce",
        title="Permanent Secretary",
        organisation_id="new",
        organisation_name="Department for Harbours",
        region="London",
    ),
    person(
        "marshal",
        "Tom",
        "Bell",
        title="Commander",
        honorific="Air Marshal",
        display_name="Air Marshal Tom Bell",
    ),
    person("mac", "Fiona", "MacDonald"),
    person("double", "Jane", "Okonjo-Reed"),
]
POSTS: list[Record] = [
    Post(id="cc", title="Chief Constable", organisation_id="kent", region="South East"),
    Post(id="empty", title="Finance Director", organisation_id="kent"),
    Tenure(id="t1", post_id="cc", holder="liz", kind=ACTING, first_day=date(2026, 3, 3)),
    Tenure(id="t2", post_id="cc", holder="was", first_day=date(2020, 1, 1), last_day=date(2026, 3, 2)),
    Tenure(id="t3", post_id="cc", holder="", first_day=date(2027, 1, 1)),
]
OFFICE = Office(id="x", name="Office of the Permanent Secretary", serves=("was",), assistant="Zora Blinkhorn")


def contents_of(records: Sequence[Record]) -> Contents:
    around = Around({one.id: one for one in records if isinstance(one, Organisation)}, {"was": [OFFICE]})
    index = schema.prepared(tantivy.Index(schema.SCHEMA))
    writer = index.writer(15_000_000, 1)
    snapshots = [Snapshot(UUID(int=(number + 1) << 64), "", one) for number, one in enumerate(records)]
    for document in documents.make(snapshots, around):
        writer.add_document(schema.encode(document))
    writer.commit()
    index.reload()
    return Contents(index.searcher())


@pytest.fixture(scope="module")
def contents() -> Contents:
    return contents_of([KENT, MARITIME, ENDED, OFFICE, *PEOPLE, *POSTS])


@pytest.mark.parametrize(
    ("query", "uid", "why"),
    [
        ("liz smyth", "liz", "liz → Elizabeth"),
        ("elizabeth smith", "liz", "sounds like Smyth"),
        ("CC kent", "liz", "CC → Chief constable"),
        ("KP chief constable", "liz", "KP → Kent Police"),
        ("chief constable of kent", "liz", "acting since 3 March 2026"),
        ("ministry of piers perm sec", "was", "formerly ministry"),
        ("fiona mcdonald", "mac", "mcdonald → MacDonald"),
        ("quil ada", "dep", "family name: quil"),
        ("tom bel air marshal", "marshal", "honours: air marshal"),
        ("dame", "dep", "honours: dame"),
        ("air marshal", "marshal", "honours: air marshal"),
        ("zora blinkhorn", "was", "office: zora blinkhorn"),
        ("janeokonjoreed", "double", "name: janeokonjoreed"),
        ("ex-chief constable kent", "was", "Chief Constable, Kent Police, until 2 March 2026"),
    ],
)
def test_the_one_who_is_meant_comes_first_and_it_says_why(
    contents: Contents, query: str, uid: str, why: str
) -> None:
    hit = find(contents, Asked(text=query), TODAY).hits[0]
    assert (hit.document.id, why in hit.why) == (uid, True), hit


def test_a_word_that_fits_nobody_is_left_out_and_named(contents: Contents) -> None:
    found = find(contents, Asked(text="elizabeth smyth zeppelin"), TODAY)
    assert [hit.document.id for hit in found.hits] == ["liz"]
    assert found.left_out == ("zeppelin",)
    assert find(contents, Asked(text="elizabeth smyth"), TODAY).left_out == ()


def test_a_post_has_holders_of_their_kinds_former_ones_and_days(contents: Contents) -> None:
    post = find_posts(contents, "chief constable of Kent", TODAY)[0]
    assert (post.id, post.organisation, post.vacant) == ("cc", "Kent Police", False)
    assert [(one.uid, one.kind, one.first_day) for one in post.holders] == [
        ("liz", "acting", date(2026, 3, 3))
    ]
    assert [(one.uid, one.last_day) for one in post.former] == [("was", date(2026, 3, 2))]
    assert [one.uid for one in post.coming] == [""], "who it will be is not for all to know"


def test_a_vacant_post_is_found(contents: Contents) -> None:
    assert [(one.id, one.vacant) for one in find_posts(contents, "CFO kent", TODAY)] == [("empty", True)]


def test_an_organisation_is_found_by_what_it_was_called_and_by_who_succeeded_it(contents: Contents) -> None:
    [renamed] = find_organisations(contents, "ministry of piers")
    assert (renamed.name, renamed.formerly) == ("Department for Harbours", True)
    [ended] = find_organisations(contents, "board of jetties")
    assert ended.successors == (("new", "Department for Harbours"),)
    assert [one.id for one in find_organisations(contents, "Kent Polise")] == ["kent"]
    assert [one.id for one in find_organisations(contents, "kp")] == ["kent"]


def test_what_is_half_typed_suggests_people_posts_and_organisations(contents: Contents) -> None:
    kinds = {(one.kind, one.id) for one in suggest(contents, "ken chi")}
    assert {("person", "liz"), ("post", "cc")} <= kinds
    assert ("organisation", "kent") in {(one.kind, one.id) for one in suggest(contents, "kent")}
    assert suggest(contents, "eli smy")[0].id == "liz"
    assert suggest(contents, "k") == []


def test_the_nearest_names_are_named_where_nobody_was_found(contents: Contents) -> None:
    assert [one.id for one in nearest(contents, "Okonyo Read")] == ["double"]
    assert nearest(contents, "…") == []


def test_facets_narrow_and_are_counted(contents: Contents) -> None:
    found = find(contents, Asked(region="South East"), TODAY)
    assert (found.total, found.counts["role"]) == (2, {"Chief constable": 1, "Deputy chief constable": 1})
    assert [
        hit.document.id for hit in find(contents, Asked(text="kent", role="Chief constable"), TODAY).hits
    ] == ["liz"]
    assert find(contents, Asked(text="kent", without=("liz",)), TODAY).hits[0].document.id == "dep"


def test_every_page_holds_others_and_all_are_counted() -> None:
    many = contents_of([person(f"u{n}", f"Ann{n}", "Sameson", sector="Police") for n in range(150)])
    pages = [find(many, Asked(text="sameson", first=first)) for first in range(0, 160, 20)]
    listed = [hit.document.id for page in pages for hit in page.hits]
    assert (len(listed), len(set(listed)), {page.total for page in pages}) == (150, 150, {150})
    assert pages[0].counts["sector"] == {"Police": 150}


def test_former_holders_come_first_once_each_over_all_pages_and_in_no_cohort_that_they_are_not_in() -> None:
    others = [
        person(f"c{n}", f"Ann{n}", "Lock", title="Chief Constable", organisation_id="kent") for n in range(30)
    ]
    over = {"post_id": "cc", "last_day": date(2020, 1, 1)}
    tenures = [Tenure(id=f"t{n}", holder=f"c{n}", **over) for n in (3, 4)]
    many = contents_of([KENT, *others, *POSTS[:1], *tenures])
    text = "former chief constable kent"
    pages = [find(many, Asked(text=text, first=first), TODAY) for first in (0, 20, 40)]
    listed = [hit.document.id for page in pages for hit in page.hits]
    assert {page.total for page in pages} == {30}
    assert (set(listed[:2]), len(listed), len(set(listed))) == ({"c3", "c4"}, 30, 30)
    cohort = Asked(text=text, cohort="toll", cohorts={"toll": frozenset({"c1"})})
    assert [hit.document.id for hit in find(many, cohort, TODAY).hits] == ["c1"]


@pytest.mark.parametrize("first", [3_000, 1_000_000_000, 10**30])
def test_a_page_far_behind_the_last_one_is_empty_and_still_counted(contents: Contents, first: int) -> None:
    for asked in (Asked(text="quill", first=first), Asked(sector="Police", first=first)):
        found = find(contents, asked, TODAY)
        assert (found.total > 0, list(found.hits)) == (True, [])


def test_what_is_typed_is_taken_apart_into_phrases_and_words() -> None:
    units = understand("please find the perm sec of the North-East, Liz O'Neill")
    assert [unit.text for unit in units if unit.required] == ["perm sec", "North-East", "Liz", "O'Neill"]
    assert [phrase.kind for unit in units[:2] for phrase in unit.phrases] == [Kind.ROLE, Kind.REGION]
    assert understand("Llewellyn-North")[0].words == ("llewellyn", "north")
    assert [unit.required for unit in understand("the who")] == [True, True]
    assert understand("!!! ???") == ()


def test_forms_of_a_name_go_both_ways() -> None:
    assert "elizabeth" in other_forms("liz")
    assert "liz" in other_forms("elizabeth")
    assert "dafydd" in other_forms("david")
    assert "macdonald" in spellings("mcdonald")
    assert not sounds("smith").isdisjoint(sounds("smyth"))
    assert not sounds("fanshaw").isdisjoint(sounds("featherstonehaugh"))
    assert initials("department for rivers and coasts".split()) == {"drc", "dfrac", "drac"}


def test_the_vocabulary_holds_together() -> None:
    known = vocabulary()
    roles = {
        role
        for phrases in known.phrases.values()
        for one in phrases
        if one.kind is Kind.ROLE
        for role in one.means
    }
    assert known.heads <= roles
    assert known.roles_of("assistant chief constable crime".split()) == ["Assistant chief constable"]


HOSTILE = [
    "*",
    "(&(objectClass=*))",
    "a*b\\2a",
    "\x00",
    "a\x00b",
    "\u202eevil\u202c",
    "(a+)+$" * 50,
    ".*" * 5000,
    "z" * 100_000,
    " ".join("abcdefgh") * 2000,
    "'; DROP TABLE people; --",
    "<script>",
    "\ud800",
    "\U0001f600" * 300,
    "ﷺ" * 200,
    "e\u0301" * 5000,
    "AND OR NOT title:x^9~2",
    "-" * 300,
    "o'" * 200,
    "\u0000\uffff",
    "\u0130",
    "ß" * 300,
    "\uff46\uff55\uff4c\uff4c",
]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_no_text_breaks_a_search_or_takes_long(contents: Contents, text: str) -> None:
    ask_everything(contents, text)


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=300))
def test_any_text_is_answered(contents: Contents, text: str) -> None:
    ask_everything(contents, text)


@pytest.mark.fuzz
@pytest.mark.timeout(1500)
def test_ten_thousand_texts_of_every_unicode_block_are_answered(contents: Contents) -> None:
    chance = stream(6, "hostile")
    for number in range(10_000):
        block = number * 0x110 % 0x110000
        letters = (
            chr(min(block + chance.randrange(0x110), 0x10FFFF)) for _ in range(chance.randrange(1, 60))
        )
        text = "".join(chance.choice((letter, " ", "smyth", "*", ")")) for letter in letters)
        ask_everything(contents, text)


def ask_everything(contents: Contents, text: str) -> None:
    began = time.thread_time()
    find(contents, Asked(text=text), TODAY)
    find_posts(contents, text, TODAY)
    find_organisations(contents, text)
    suggest(contents, text)
    nearest(contents, text)
    assert time.thread_time() - began < 1.0, "a text must not be dear; milliseconds are usual"
