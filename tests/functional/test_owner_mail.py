"""Whoever tells owners about their own way in, it goes to one address, chosen by one rule."""

import pytest
from sqlalchemy import select

from app.owner_mail import SUBJECTS, OwnerMail
from app.settings import PortalSettings
from counterpart.clock import system_clock
from dev.servers import Slapd
from ldap_schema.changes import Add
from ldap_schema.directory import Service
from store.database import Store
from store.models import OutboxMail
from tests.functional.directory_kit import leader, opened
from tests.rules.source import ROOT

WORDS = {"label": "Phone", "reason": "asked for much", "by": "Ruth Vale", "when": system_clock(),
         "link": "https://x.example/l", "minutes": 15, "reference": "K7", "provider": "Rivers",
         "delegate": "Ruth Vale", "days": "until 2027-03-31", "viewer": "Ruth Vale",
         "detail": "mobile number", "last_day": "2027-03-31"}  # fmt: skip


def told(slapd: Slapd, store: Store, uid: str, what: str, only_to: str | None = None) -> list[OutboxMail]:
    with opened(slapd, Service.PORTAL) as portal:
        mail = OwnerMail(directory=portal, portal=PortalSettings(), base_url="https://directory.example")
        notice = mail.notice(uid, what, "1", system_clock(), only_to=only_to, **WORDS)
    with store.transaction() as tx:
        sent = notice.queue(tx)
        queued = list(tx.scalars(select(OutboxMail)))
    assert sent is bool(queued)
    return queued


@pytest.mark.parametrize(
    ("signs_in_as", "shown", "recipient"),
    [
        ("own@rivers.example", ("office@rivers.example",), "own@rivers.example"),
        ("", ("office@rivers.example",), "office@rivers.example"),
        ("own@rivers.example", (), "own@rivers.example"),
        ("", (), None),
    ],
)
def test_the_address_somebody_signs_in_with_comes_first(
    fresh_slapd: Slapd, store: Store, signs_in_as: str, shown: tuple[str, ...], recipient: str | None
) -> None:
    with opened(fresh_slapd, Service.SYNC) as sync:
        sync.write([Add(leader("told", sign_in_address=signs_in_as, mail=shown))])
    queued = told(fresh_slapd, store, "told", "device_suspended")
    assert [mail.recipient for mail in queued] == ([recipient] if recipient else [])


def test_a_link_to_sign_in_goes_to_no_other_address(slapd: Slapd, store: Store) -> None:
    assert told(slapd, store, "nobody", "link", only_to="") == []
    assert [mail.recipient for mail in told(slapd, store, "nobody", "link", only_to="own@x.example")] == [
        "own@x.example"
    ]


@pytest.mark.parametrize("what", SUBJECTS)
def test_every_mail_is_whole_and_fits_the_width_of_a_mail_program(
    slapd: Slapd, store: Store, what: str
) -> None:
    (mail,) = told(slapd, store, "nobody", what, only_to="own@x.example")
    assert mail.subject == SUBJECTS[what]
    assert "{" not in mail.text
    assert max(map(len, mail.text.splitlines())) <= 120


def test_every_text_has_a_subject() -> None:
    texts = {path.stem for path in (ROOT / "templates" / "mail").glob("*.txt")}
    assert texts == {*SUBJECTS, "message", "joiner"}  # those have writers of their own
