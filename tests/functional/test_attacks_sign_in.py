"""The whole table of attacks, brought to the portal as browsers bring them: each is a calm page with a
reference, no session, and one line in the log that says exactly why and nothing about anybody.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from dev.servers import MailCatcher, Redis, Slapd
from store import waiting
from tests.attacks import Kind
from tests.attacks.cost import as_posted
from tests.attacks.logout import KIND as LOGOUT
from tests.attacks.meaning import TENANTS
from tests.attacks.suite import KINDS
from tests.functional.attacked_portal import Arrival, AttackedPortal, attacked_portal
from tests.saml_kit import honest, signed

# TENANTS says for each message who was asked, and when; everything else answers one request of one provider.
ANSWERS = [kind for kind in KINDS if kind.posted and kind not in (LOGOUT, TENANTS)]
PERSONAL = ("isolde", "marchbank", "tamsin", "rc-10017", "name-1", "evil", "somebody-else")


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AttackedPortal]:
    folder = tmp_path_factory.mktemp("attacked")
    with (
        Slapd(folder / "slapd") as slapd,
        Redis(folder / "redis") as redis,
        MailCatcher(folder / "mail") as mail,
        attacked_portal(folder / "house", slapd, redis, mail) as made,
    ):
        yield made


def faults(portal: AttackedPortal, kind: Kind, bring: Callable[[Any], Arrival]) -> list[str]:
    found = []
    for name, make in kind.cases.items():
        message = as_posted(make())
        if kind is LOGOUT and isinstance(message, str) and not re.fullmatch(r"[!-~]*", message):
            continue  # no address on the wire can hold it
        arrived = bring(message)
        found += [f"{name}: {fault}" for fault in what_is_wrong(portal, arrived)]
    return found


def what_is_wrong(portal: AttackedPortal, arrived: Arrival) -> Iterator[str]:
    if arrived.status == 414:  # the server itself takes no address that long
        return
    if arrived.status not in (403, 413) or 'class="govuk-heading-l"' not in arrived.text:
        yield f"answered {arrived.status}"
    if arrived.session or list(portal.redis.scan_iter("session*")):
        yield "a session began"
    lines = [line for line in arrived.log if arrived.reference and arrived.reference in line]
    if len(lines) != 1 or len(lines[0].rpartition(": ")[2]) < 10:
        yield f"the log has {arrived.log} for {arrived.reference!r}"
    told = "\n".join((arrived.text, *arrived.log)).lower()
    for word in (*PERSONAL, *portal.secrets):
        if word.lower() in told:
            yield f"page or log say {word}: {arrived.log}"


@pytest.mark.parametrize("kind", ANSWERS, ids=lambda kind: kind.name)
def test_every_honest_answer_is_let_in_through_the_portal(portal: AttackedPortal, kind: Kind) -> None:
    for name, make in kind.controls.items():
        arrived = portal.acs(as_posted(make()))
        assert (arrived.status, arrived.headers["Location"]) == (303, "/search?q=coast"), (name, arrived)
        assert arrived.session, name


@pytest.mark.parametrize("kind", ANSWERS, ids=lambda kind: kind.name)
def test_every_attack_is_refused_by_the_portal(portal: AttackedPortal, kind: Kind) -> None:
    assert faults(portal, kind, portal.acs) == []


def test_what_anybody_may_have_sent_never_writes_over_what_the_provider_sent(
    portal: AttackedPortal,
) -> None:
    before = portal.entries()
    mended = portal.acs(as_posted(signed(honest(destination="https://other.example/"))))
    assert (mended.status, portal.entries()) == (403, before + 1)
    genuine = portal.matters(waiting.FAILED_SIGN_IN)
    assert any(mended.reference in one.summary for one in genuine)

    for garbage in (as_posted(signed(key="forger")), "PHg+", as_posted(signed(key="forger"))):
        assert portal.acs(garbage).status == 403
    assert portal.entries() == before + 1  # nothing in the ledger
    assert portal.matters(waiting.FAILED_SIGN_IN) == genuine
    [unproven] = portal.matters(waiting.UNPROVEN_SIGN_IN)
    assert "anybody may have sent it" in unproven.summary


def test_every_attack_on_logout_is_refused_by_the_portal(portal: AttackedPortal) -> None:
    assert faults(portal, LOGOUT, portal.slo) == []
    for name, make in LOGOUT.controls.items():
        arrived = portal.slo(make())
        assert arrived.status in (200, 303), (name, arrived)
        assert not arrived.reference, name
