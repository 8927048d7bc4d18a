"""Who is told before being listed, and who waits until the notice is over. No server."""

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest

from app.settings import PortalSettings
from counterpart.joiner_mail import joiner_mail
from ldap_schema.changes import Add, Update
from ldap_schema.people import ACTIVE, DECEASED, LEFT, PENDING, Person
from ldap_schema.posts import Post
from store.errors import BadMail
from sync.notices import Joiner, held_back, may_be_listed, notice_key
from tests.unit.test_sync_papers import NOON

TODAY = date(2026, 11, 23)
ADA = Person(
    uid="ada", full_name="Ada Quill", family_name="Quill", display_name="Dame Ada Quill DBE",
    title="Director", mail=("ada@r.example",), mobile=("+44 7700 900001",),
    sign_in_address="ada@r.example", show=("mail:leaders",),
)  # fmt: skip


def test_without_days_of_notice_a_plan_is_as_it_was() -> None:
    changes = (Add(ADA), Update(replace(ADA, status=PENDING), ADA))
    assert held_back(changes, TODAY, 0) == changes


def test_a_joiner_waits_and_is_listed_when_the_notice_is_over() -> None:
    post = Add(Post(id="p", title="x", organisation_id="o"))
    waiting = replace(ADA, status=PENDING, status_since=TODAY)
    assert held_back((Add(ADA), post), TODAY, 7) == (Add(waiting), post)
    listed = Update(waiting, replace(ADA, status=ACTIVE, status_since=TODAY))
    assert held_back((listed,), TODAY + timedelta(6), 7) == ()
    assert held_back((listed,), TODAY + timedelta(7), 7) == (listed,)
    assert not may_be_listed(waiting, TODAY + timedelta(6), 7)
    new_mail = Update(waiting, replace(listed.after, mail=("new@r.example",)))  # type: ignore[arg-type]
    (kept,) = held_back((new_mail,), TODAY, 7)
    assert isinstance(kept, Update)
    assert kept.after == replace(waiting, mail=("new@r.example",))


@pytest.mark.parametrize("status", [LEFT, DECEASED])
def test_whoever_goes_while_waiting_is_not_held_back(status: str) -> None:
    change = Update(replace(ADA, status=PENDING, status_since=TODAY), replace(ADA, status=status))
    assert held_back((change,), TODAY, 7) == (change,)


def test_one_person_has_one_key_whatever_id_a_plan_gave_them() -> None:
    fed = replace(ADA, feed="rivers", feed_part="all", feed_key="s1")
    assert notice_key(fed) == notice_key(replace(fed, uid="other"))
    assert notice_key(ADA) == notice_key(replace(ADA, uid="other"))
    assert len({notice_key(each) for each in (ADA, fed, replace(fed, feed_key="s2"))}) == 3


def _mail(person: Person, listed_on: date = TODAY, sender: str = "Rivers HR") -> str:
    write = joiner_mail(PortalSettings(), "https://c.example", lambda: datetime.combine(TODAY, NOON.timetz()))
    return write(Joiner(person=person, address="ada@r.example", sender=sender, listed_on=listed_on)).text


def test_the_mail_says_what_is_held_from_where_and_who_sees_it() -> None:
    text = _mail(ADA)
    for words in (
        "Dear Dame Ada Quill DBE,", "Rivers HR sent us your details.", "You are listed from today.",
        "E-mail: ada@r.example\n      seen by every leader", "nobody but you and those who act for you",
        "https://c.example/privacy",
    ):  # fmt: skip
        assert words in text
    assert "You will be listed from 30 November 2026" in _mail(ADA, TODAY + timedelta(7))
    assert "The directory team entered your details." in _mail(ADA, sender="")


def test_an_address_that_takes_no_mail_is_refused_and_not_sent_to() -> None:
    write = joiner_mail(PortalSettings(), "https://c.example", lambda: NOON)
    with pytest.raises(BadMail):
        write(Joiner(person=ADA, address="a b\n@c", sender="", listed_on=TODAY))
