"""Where values come from, as text and through a feed's files."""

import string
from dataclasses import fields, replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ldap_schema.errors import BadValue
from ldap_schema.people import Person
from ldap_schema.posts import Post, Tenure
from ldap_schema.provenance import (
    COVERS,
    FEED,
    HAND,
    OWNER,
    Dispute,
    Source,
    disputes_of,
    parse_dispute,
    parse_source,
    sources_of,
    with_disputes,
    with_sources,
)
from sync.drift import EDITED, Live, find_drift
from sync.ownership import OWNER_OF, Owner, owner_of
from sync.provenance import confirmed, overridden, written

DAY, TODAY = date(2026, 11, 1), date(2026, 11, 23)
ADA = Person(
    uid="ada", full_name="Ada Quill", family_name="Quill", given_name="Ada", mail=("ada@r.example",),
    title="Director", organisation_id="o1",
)  # fmt: skip
SENT = Source(of="name", by=FEED, who="rivers/all", name="Rivers HR", as_of=DAY, file="9f86d081", row=12)
texts = st.text(st.characters(min_codepoint=32, exclude_categories=("Cs", "Cc")), max_size=40)
days = st.none() | st.dates()


@given(
    of=st.sampled_from(list(COVERS)), by=st.sampled_from([FEED, HAND, OWNER]), who=texts, name=texts,
    as_of=st.dates(), file=st.text(string.hexdigits, max_size=12), row=st.integers(0, 10**6), confirmed=days,
    until=days,
)  # fmt: skip
def test_a_source_reads_back_as_it_was_written(**values: object) -> None:
    source = Source(**values)  # type: ignore[arg-type]
    assert parse_source(str(source)) == source


@given(of=st.sampled_from(list(COVERS)), on=st.dates(), says=texts)
def test_a_dispute_reads_back_as_it_was_written(of: str, on: date, says: str) -> None:
    dispute = Dispute(of=of, on=on, says=says)
    assert parse_dispute(str(dispute)) == dispute


@pytest.mark.parametrize(
    "text",
    [
        "", "of=mail", "of=mail;by=feed", "by=feed;of=mail;as-of=2026-11-01",
        "of=mail;by=nobody;as-of=2026-11-01", "of=shoe;by=feed;as-of=2026-11-01",
        "of=mail;by=feed;as-of=2026-13-01", "of=mail;by=feed;as-of=20261101",
        "of=mail;by=feed;as-of=2026-11-01;row=-1", "of=mail;by=feed;as-of=2026-11-01;row=\u0663",
        "of=mail;by=feed;as-of=2026-11-01;colour=red", "of=mail;of=mail;by=feed;as-of=2026-11-01",
        "of=mail;by=feed;name=%41;as-of=2026-11-01", "of=mail;by=feed;name=a=b;as-of=2026-11-01",
        "of=mail;by=feed;name=;as-of=2026-11-01",
    ],
)  # fmt: skip
def test_what_was_not_written_so_is_refused_and_hides_nobody(text: str) -> None:
    with pytest.raises(BadValue):
        parse_source(text)
    with pytest.raises(BadValue):
        parse_dispute(text)
    assert sources_of(replace(ADA, sources=(text, str(SENT)))) == {"name": SENT}
    assert disputes_of(replace(ADA, disputed=(text,))) == {}


def test_every_source_stands_where_it_is_concealed_as_its_detail() -> None:
    person = with_sources(ADA, {of: replace(SENT, of=of) for of in COVERS})
    assert [parse_source(each).of for each in person.sources] == ["name", "post", "organisation"]
    for of in ("mail", "telephone", "mobile"):
        (line,) = getattr(person, f"{of}_source")
        assert parse_source(line).of == of
    assert set(sources_of(person)) == set(COVERS)
    assert with_sources(person, {}) == ADA


def test_a_joiners_values_are_the_rows_and_the_same_values_again_write_nothing() -> None:
    made = written(None, ADA, SENT, TODAY)
    assert set(sources_of(made)) == {"name", "post", "organisation", "mail"}
    later = replace(SENT, as_of=TODAY, file="aaaa", row=3)
    assert written(made, made, later, TODAY) == made


def test_only_a_value_that_differs_has_a_new_source_and_is_no_longer_confirmed() -> None:
    made = confirmed(written(None, ADA, SENT, TODAY), ["mail", "name"], TODAY)
    later = replace(SENT, as_of=TODAY, row=3)
    after = written(made, replace(made, mail=("new@r.example",)), later, TODAY)
    sources = sources_of(after)
    assert (sources["mail"].row, sources["mail"].confirmed) == (3, None)
    assert (sources["name"].row, sources["name"].confirmed) == (12, TODAY)
    assert "mail" not in sources_of(written(made, replace(made, mail=()), later, TODAY))


def test_what_a_hand_put_over_a_feeds_value_stands_up_to_its_day_and_not_longer() -> None:
    by_hand = Source(of="mail", by=HAND, as_of=TODAY, until=TODAY + timedelta(days=2))
    mine = with_sources(replace(ADA, mail=("mine@r.example",)), {"mail": by_hand})
    from_feed = replace(mine, mail=("ada@r.example",), title="Director general")
    kept = written(mine, from_feed, SENT, TODAY + timedelta(days=2))
    assert (kept.mail, kept.title) == (("mine@r.example",), "Director general")
    assert overridden(kept, "mail", TODAY + timedelta(days=2))
    after = written(mine, from_feed, SENT, TODAY + timedelta(days=3))
    assert (after.mail, sources_of(after)["mail"].by) == (("ada@r.example",), FEED)


def test_a_value_set_by_hand_until_a_day_is_no_drift_up_to_that_day() -> None:
    by_hand = Source(of="mail", by=HAND, as_of=TODAY, until=TODAY + timedelta(days=9))
    set_so = replace(ADA, mail=("desk@r.example",), mail_source=(str(by_hand),))
    post = Post(id="p", title="Director", organisation_id="o1")
    tenure = Tenure(id="t", post_id="p", holder="ada", feed="rivers", feed_part="all", digest="m-as sent")
    for person, day, edited in ((ADA, TODAY, 1), (set_so, TODAY, 0), (set_so, TODAY + timedelta(days=10), 1)):
        live = Live(
            feed="rivers", part="all", people={"ada": person}, posts={"p": post}, tenures=[tenure],
            organisations={},
        )  # fmt: skip
        assert sum(each.what.startswith(EDITED) for each in find_drift(live, day)) == edited


def test_a_dispute_ends_when_the_feed_sends_what_the_person_says_and_not_before() -> None:
    says = {"mail": Dispute(of="mail", on=TODAY, says="Right@R.example")}
    disputed = with_disputes(written(None, ADA, SENT, TODAY), says)
    other = written(disputed, replace(disputed, mail=("wrong@r.example",)), SENT, TODAY)
    assert disputes_of(other) == says
    assert disputes_of(written(other, replace(other, mail=("right@r.example",)), SENT, TODAY)) == {}


def test_every_field_of_a_person_has_one_owner_and_no_feed_value_is_somebody_elses() -> None:
    assert set(OWNER_OF) == {each.name for each in fields(Person)}
    assert owner_of("show") is Owner.LEADER
    assert owner_of("telephone") is Owner.FEED
    assert owner_of("status") is Owner.SYSTEM
