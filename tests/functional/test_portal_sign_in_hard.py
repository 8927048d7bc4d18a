"""Signing in while things break or happen at once: nobody gets in who should not; pages say what to do."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from werkzeug.test import TestResponse

from dev.identity_provider import messages
from dev.identity_provider.config import Config, Identity, read_service
from dev.servers import Redis, Slapd
from ldap_schema.changes import Update
from ldap_schema.people import DECEASED, HELD, LEAVING, LEFT, SEALED_ALL, SEALED_POST, People, Person
from saml.errors import SignInRefused
from saml.outcomes import SignedIn
from saml.state import CONFIRM, StoredRequest
from store import waiting
from tests.functional.saml_world import ISOLDE, PIERS, TAMSIN, Visit, found
from tests.functional.sign_in_kit import Site, at, authn_request, onward, requested, site
from tests.functional.test_saml_sign_on import forged


def become(here: Site, uid: str, **changes: str) -> None:
    before = here.world.sync.people.get(uid)
    here.world.sync.write([Update(before, replace(before, **changes))])  # type: ignore[arg-type]


def stranger(here: Site, number: int) -> Visit:
    """A first sign-in under a key of its own with Isolde's address."""
    return forged(here.world, "rivers", Identity("x", ISOLDE, f"rc-{number}@rivers-and-coasts.example"))


def attempt(here: Site, visit: Visit) -> SignedIn | SignInRefused:
    try:
        return here.world.finish(visit)
    except SignInRefused as refused:
        return refused


def test_of_many_first_sign_ins_at_once_with_one_mail_one_is_linked(here: Site) -> None:
    visits = [stranger(here, number) for number in range(6)]
    with ThreadPoolExecutor(6) as pool:
        results = list(pool.map(lambda visit: attempt(here, visit), visits))

    assert sum(isinstance(result, SignedIn) for result in results) == 1
    assert len(here.world.sync.people.get("saml-rivers").federated_ids) == 1


def test_one_persons_first_sign_in_in_two_windows_at_once_comes_in_through_both(here: Site) -> None:
    visits = [stranger(here, 1) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda visit: attempt(here, visit), visits))

    assert all(isinstance(result, SignedIn) for result in results), results
    assert len(here.world.sync.people.get("saml-rivers").federated_ids) == 1


def test_another_window_may_link_the_person_between_any_two_questions(
    here: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = stranger(here, 1), stranger(here, 1)
    ask = People.by_federated_id

    def overtaken(people: People, federated_id: str) -> Person | None:
        answer = ask(people, federated_id)
        monkeypatch.setattr(People, "by_federated_id", ask)
        here.world.finish(second)
        return answer

    monkeypatch.setattr(People, "by_federated_id", overtaken)
    assert here.world.finish(first).person.uid == "saml-rivers"
    assert len(here.world.sync.people.get("saml-rivers").federated_ids) == 1


def test_suspending_somebody_while_they_sign_in_for_the_first_time_leaves_them_outside(here: Site) -> None:
    browser = here.browser()
    begun = browser.post("/sign-in/begin", {"provider": "rivers"}, "/sign-in")
    answer = here.world.answer(onward(begun), "rivers", ISOLDE)
    with ThreadPoolExecutor(2) as pool:
        arriving = pool.submit(browser.acs, *answer)
        for tries in range(5):  # the first sign-in writes to the same entry
            try:
                pool.submit(become, here, "saml-rivers", status=HELD).result()
                break
            except Exception:
                assert tries < 4
        arriving.result()
    here.age(seconds=61)

    assert browser.get("/sessions").status_code == 303
    assert here.browser().sign_in("rivers", ISOLDE).status_code == 403


@pytest.mark.parametrize("status", [LEFT, HELD, DECEASED])
def test_whoever_is_no_longer_active_is_out_within_a_minute_on_every_page(here: Site, status: str) -> None:
    browser = here.signed_in("rivers", ISOLDE)
    become(here, "saml-rivers", status=status)
    here.age(seconds=61)

    for path in ("/search?q=a", "/sessions", "/people/saml-northmere"):
        assert browser.get(path).status_code == 303, path


def test_whoever_has_a_last_day_to_come_still_signs_in(here: Site) -> None:
    here.signed_in("rivers", ISOLDE)
    become(here, "saml-rivers", status=LEAVING)

    assert here.signed_in("rivers", ISOLDE).get("/sessions").status_code == 200


@pytest.mark.parametrize("sealed", [SEALED_POST, SEALED_ALL])
def test_whoever_is_sealed_signs_in_as_before(here: Site, sealed: str) -> None:
    become(here, "saml-rivers", sealed=sealed)

    here.signed_in("rivers", ISOLDE)
    assert here.signed_in("rivers", ISOLDE).get("/people/saml-rivers").status_code == 200


def test_a_key_that_is_cut_off_ends_the_sessions_that_it_began(here: Site) -> None:
    browser = here.signed_in("rivers", ISOLDE)
    [key] = here.world.sync.people.get("saml-rivers").federated_ids
    here.world.sign_on.linking.remove("saml-rivers", key)
    here.age(seconds=61)

    assert browser.get("/sessions").status_code == 303


def test_a_name_of_anothers_provider_is_refused_and_that_organisation_can_see_it(here: Site) -> None:
    world, request_id = here.world, "_a-request"
    provider, northmere = world.provider("hollowbrook"), world.provider("northmere")
    kept = world.sign_on._state.keep(StoredRequest(request_id, "hollowbrook"))
    answer = messages.answer_for(
        provider,
        read_service(world.sign_on.metadata()),
        provider.identities[0],
        request_id,
        datetime.now(UTC),
    )
    root = messages.response(answer)
    name = root.find(f".//{{{messages.SAML}}}NameID")
    assertion = root.find(f"{{{messages.SAML}}}Assertion")
    assert name is not None
    assert assertion is not None
    name.set("NameQualifier", northmere.entity_id)
    message = messages.encoded(messages.sign(assertion, provider))

    refused = attempt(here, Visit(message, kept.relay_state, {kept.cookie_name: kept.cookie_value}))
    assert isinstance(refused, SignInRefused)
    assert refused.organisations == ("saml-northmere",)


def test_an_expired_certificate_lets_nobody_in_and_the_page_names_the_it_desk(here: Site) -> None:
    provider = here.world.registry.get("rivers")
    assert provider is not None
    here.world.registry.change("rivers", certificates=(expired(here),))

    refused = here.browser().sign_in("rivers", ISOLDE)
    assert refused.status_code == 403
    assert "it-desk@rivers-and-coasts.example" in refused.text
    [matter] = here.matters(waiting.UNPROVEN_SIGN_IN)
    assert "expired" in matter.summary
    here.world.registry.change("rivers", certificates=(expired(here), *provider.certificates))
    assert here.browser().sign_in("rivers", ISOLDE).status_code == 303  # of two, the good one counts


def expired(here: Site) -> str:
    """The provider's own key in a certificate that ended yesterday."""
    key = serialization.load_pem_private_key(here.world.provider("rivers").key.encode(), None)
    name, now = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "old")]), datetime.now(UTC)
    made = x509.CertificateBuilder(
        issuer_name=name, subject_name=name, public_key=key.public_key(),  # type: ignore[arg-type]
        serial_number=1, not_valid_before=now - timedelta(days=9), not_valid_after=now - timedelta(days=1),
    ).sign(key, hashes.SHA256())  # type: ignore[arg-type]  # fmt: skip
    return made.public_bytes(serialization.Encoding.PEM).decode()


def test_metadata_that_has_ended_lets_nobody_in_and_the_page_is_calm(here: Site) -> None:
    here.world.registry.change("rivers", believed_until=datetime.now(UTC) - timedelta(days=1))
    browser = here.browser()
    begun = browser.post("/sign-in/begin", {"provider": "rivers"}, "/sign-in")

    assert begun.status_code == 403
    assert "cannot sign people in here at the moment" in begun.text


def test_an_answer_to_a_fresh_sign_in_that_is_an_old_one_is_refused(here: Site) -> None:
    here.signed_in("rivers", ISOLDE)
    here.age(minutes=-10)  # as if we had asked before: the provider's sign-in is then fresh
    here.age(minutes=10)
    begun = here.world.sign_on.begin("rivers", purpose=CONFIRM, uid="saml-rivers")
    answer = here.world.answer(begun.url, "rivers", ISOLDE)
    visit = Visit(*answer, {begun.cookie_name: begun.cookie_value})
    assert isinstance(attempt(here, visit), SignedIn)

    here.age(minutes=10)  # asked ten minutes later than the provider says that anybody signed in
    begun = here.world.sign_on.begin("rivers", purpose=CONFIRM, uid="saml-rivers")
    here.age(minutes=-10)
    answer = here.world.answer(begun.url, "rivers", ISOLDE)
    refused = attempt(here, Visit(*answer, {begun.cookie_name: begun.cookie_value}))
    assert isinstance(refused, SignInRefused)
    assert refused.code == "not-fresh"


def test_a_provider_that_tells_of_the_same_sign_in_again_did_not_ask_anew(here: Site) -> None:
    """Even within the tolerance for clocks."""
    told = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=1)
    for known, expected in ((told, "not-fresh"), (told - timedelta(minutes=1), "")):
        begun = here.world.sign_on.begin(
            "rivers", purpose=CONFIRM, uid="saml-rivers", known=known.timestamp()
        )
        provider = here.world.provider("rivers")
        number = found(r' ID="([^"]*)"', authn_request(begun.url))
        answer = messages.answer_for(
            provider, read_service(here.world.sign_on.metadata()), provider.identities[0], number, told
        )
        message = messages.encoded(messages.signed_response(answer, provider))
        relay_state = parse_qs(urlsplit(begun.url).query)["RelayState"][0]
        outcome = attempt(here, Visit(message, relay_state, {begun.cookie_name: begun.cookie_value}))
        assert (outcome.code if isinstance(outcome, SignInRefused) else "") == expected


def test_whom_a_provider_knows_from_long_ago_is_asked_to_sign_in_there_anew(here: Site) -> None:
    """Providers keep people signed in for months; starting again would bring the same answer each time."""
    here.world.registry.change("rivers", max_sign_in_hours=1)
    browser = here.browser()
    begun = browser.post("/sign-in/begin", {"provider": "rivers"}, "/sign-in")
    assert "ForceAuthn" not in requested(begun)
    visit = long_ago(here, begun)

    refused = browser.acs(*visit)
    assert (refused.status_code, "Start again" in refused.text) == (403, True)
    assert here.matters(waiting.FAILED_SIGN_IN) == []
    other = browser.post("/sign-in/begin", {"provider": "northmere"}, "/sign-in")
    assert "ForceAuthn" not in requested(other)
    again = browser.post("/sign-in/begin", {"provider": "rivers"}, "/sign-in")
    assert 'ForceAuthn="true"' in requested(again)
    assert browser.acs(*long_ago(here, again, hours=0.5)).status_code == 403  # it was not asked anew
    again = browser.post("/sign-in/begin", {"provider": "rivers"}, "/sign-in")
    assert browser.arrive(again, "rivers", ISOLDE).status_code == 303


def long_ago(here: Site, begun: TestResponse, hours: float = 2) -> tuple[str, str]:
    """The provider's answer about a sign-in of some hours ago."""
    provider, now = here.world.provider("rivers"), datetime.now(UTC)
    number = found(r' ID="([^"]*)"', requested(begun))
    service = read_service(here.world.sign_on.metadata())
    answer = messages.answer_for(provider, service, provider.identities[0], number, now)
    old = replace(answer, authenticated_minutes_ago=hours * 60)
    relay_state = parse_qs(urlsplit(onward(begun)).query)["RelayState"][0]
    return messages.encoded(messages.signed_response(old, provider)), relay_state


@pytest.mark.parametrize("lost", ["before", "between", "after"])
def test_redis_that_loses_everything_lets_nobody_in_and_the_page_says_what_to_do(
    tmp_path: Path, providers: tuple[Path, Config], fresh_slapd: Slapd, fresh_redis: Redis, lost: str
) -> None:
    with site(tmp_path, providers, fresh_slapd, fresh_redis) as here:
        browser = here.browser()
        begun = browser.post("/sign-in/begin", {"provider": "rivers"}, "/sign-in")
        if lost == "after":
            assert browser.arrive(begun, "rivers", ISOLDE).status_code == 303
        here.world.redis.flushall()
        if lost == "between":
            refused = browser.arrive(begun, "rivers", ISOLDE)
            assert (refused.status_code, "Start again" in refused.text) == (403, True)
        answer = browser.get("/sessions")
        assert answer.status_code == 303
        assert "Sign in" in browser.get(at(answer)).text
        assert browser.sign_in("rivers", ISOLDE).status_code == 303


def test_while_redis_is_down_nobody_gets_in_and_afterwards_a_used_answer_stays_used(
    tmp_path: Path, providers: tuple[Path, Config], fresh_slapd: Slapd, fresh_redis: Redis
) -> None:
    with site(tmp_path, providers, fresh_slapd, fresh_redis) as here:
        browser = here.browser()
        begun = browser.post("/sign-in/begin", {"provider": "rivers"}, "/sign-in")
        answer = here.world.answer(onward(begun), "rivers", ISOLDE)
        assert browser.acs(*answer).status_code == 303
        fresh_redis.stop()

        assert browser.acs(*answer).status_code == 503
        assert browser.get("/sign-in").status_code == 503
        fresh_redis.start()
        assert browser.acs(*answer).status_code == 403
        assert browser.sign_in("rivers", ISOLDE).status_code == 303


@pytest.mark.parametrize(
    ("mail", "subject"),
    [
        (TAMSIN, "x-1@hollowbrook.example"),
        (TAMSIN.upper(), "x-1@hollowbrook.example"),
        ("tamsin.okonjo-reed@mail.northmere.police.example", "x-1@hollowbrook.example"),
        ("tamsin.okonjo-reed@n\u043erthmere.police.example", "x-1@hollowbrook.example"),
        ("tamsin.okonjo-reed@northmere.police.example.hollowbrook.example", "x-1@hollowbrook.example"),
        ("tamsin.okonjo-reed+x@northmere.police.example", "x-1@hollowbrook.example"),
        (PIERS, "np-0001@northmere.police.example"),
        (PIERS, "np-0001@n\u043erthmere.police.example"),
        (PIERS, "np-0001@it.northmere.police.example"),
    ],
)
def test_whoever_speaks_of_anothers_people_is_refused_and_their_organisation_can_see_it(
    here: Site, mail: str, subject: str
) -> None:
    visit = forged(here.world, "hollowbrook", Identity("x", mail, subject))
    browser = here.browser()
    for name, value in visit.cookies.items():
        browser.client.set_cookie(name, value, domain="localhost", path="/saml")

    refused = browser.acs(visit.saml_response, visit.relay_state)
    assert refused.status_code == 403
    with here.world.store.reading() as tx:
        [matter] = waiting.open_items(tx, organisation="saml-northmere")
    assert matter.kind == waiting.REFUSED_SIGN_IN
    assert here.world.sync.people.get("saml-northmere").federated_ids == ()
