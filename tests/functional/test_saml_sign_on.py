"""Signing in and out with a real provider, a real directory and a real Redis."""

import base64
import hashlib
import secrets
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from lxml import etree

from dev.identity_provider import messages, redirect
from dev.identity_provider.config import Config, Identity, read_service
from dev.servers import Redis, Slapd
from ldap_schema.changes import Update
from ldap_schema.people import LEFT
from saml.errors import (
    BadAssertion,
    BadLogout,
    Expired,
    LogoutOver,
    NotOwned,
    OtherBrowser,
    ProviderSaidNo,
    Replayed,
    SignInRefused,
    Unavailable,
    UnknownPerson,
    UnknownProvider,
    Unsolicited,
)
from saml.outcomes import Onward, SignedIn
from saml.provider import SUSPENDED
from saml.state import StoredRequest
from tests.functional.saml_world import (
    ISOLDE,
    PERCY,
    PIERS,
    TAMSIN,
    Visit,
    World,
    found,
    get,
    hidden,
    post,
    world,
)


@pytest.fixture
def here(
    tmp_path: Path, providers: tuple[Path, Config], fresh_slapd: Slapd, redis_server: Redis
) -> Iterator[World]:
    with world(tmp_path, *providers, fresh_slapd.settings(), redis_server.url) as made:
        yield made


def test_a_leader_signs_in_and_is_linked_once(here: World) -> None:
    first = here.finish(here.go("rivers", ISOLDE, "/people/x?tab=1"))
    again = here.finish(here.go("rivers", ISOLDE))

    assert (first.person.uid, first.return_to, first.linked_now) == ("saml-rivers", "/people/x?tab=1", True)
    assert (again.person.uid, again.linked_now) == ("saml-rivers", False)
    linked = here.directory.people.get("saml-rivers").federated_ids
    assert linked == ("rivers|subject-id|rc-10017@rivers-and-coasts.example",)


def test_a_linked_leader_is_found_by_key_when_their_address_changes(here: World) -> None:
    here.finish(here.go("rivers", ISOLDE))
    before = here.sync.people.get("saml-rivers")
    here.sync.write([Update(before, replace(before, sign_in_address="i.new@rivers-and-coasts.example"))])

    assert here.finish(here.go("rivers", ISOLDE)).person.uid == "saml-rivers"


def test_somebody_the_directory_does_not_know_is_told_so_and_nothing_is_created(here: World) -> None:
    before = here.sync.people.count_active()

    with pytest.raises(UnknownPerson) as refused:
        here.finish(here.go("rivers", PERCY))

    assert refused.value.contact == "the IT desk, it-desk@rivers-and-coasts.example"
    assert refused.value.provider_id == "rivers"
    assert here.sync.people.count_active() == before


def test_a_provider_that_claims_anothers_leader_is_refused(here: World) -> None:
    with pytest.raises(NotOwned) as refused:
        here.finish(here.go("hollowbrook", TAMSIN))

    assert refused.value.provider_id == "hollowbrook"
    assert here.directory.people.get("saml-northmere").federated_ids == ()


def test_a_linked_leader_who_moved_organisation_is_cut_off_at_once(here: World) -> None:
    here.finish(here.go("hollowbrook", PIERS))
    before = here.sync.people.get("saml-hollowbrook")
    here.sync.write([Update(before, replace(before, organisation_id="saml-northmere"))])

    with pytest.raises(NotOwned):
        here.finish(here.go("hollowbrook", PIERS))


def test_a_linked_leader_who_left_does_not_come_in(here: World) -> None:
    here.finish(here.go("northmere", TAMSIN))
    before = here.sync.people.get("saml-northmere")
    here.sync.write([Update(before, replace(before, status=LEFT))])

    with pytest.raises(SignInRefused):
        here.finish(here.go("northmere", TAMSIN))


@pytest.mark.parametrize(
    "cookies", [{}, {"counterpart-request-0": "x"}], ids=["no cookie", "another's cookie"]
)
def test_an_answer_in_another_browser_signs_nobody_in(here: World, cookies: dict[str, str]) -> None:
    visit = here.go("rivers", ISOLDE)
    others = here.go("rivers", ISOLDE)

    with pytest.raises(OtherBrowser):
        here.finish(Visit(visit.saml_response, visit.relay_state, cookies | others.cookies))
    assert here.finish(others).person.uid == "saml-rivers"


def test_the_right_cookie_name_with_anothers_value_signs_nobody_in(here: World) -> None:
    visit, others = here.go("rivers", ISOLDE), here.go("rivers", ISOLDE)
    mixed = dict(zip(visit.cookies, others.cookies.values(), strict=True))

    with pytest.raises(OtherBrowser):
        here.finish(Visit(visit.saml_response, visit.relay_state, mixed))


def test_an_answer_counts_once(here: World) -> None:
    visit = here.go("rivers", ISOLDE)
    here.finish(visit)

    with pytest.raises(Expired):
        here.finish(visit)


def test_an_assertion_that_was_used_is_a_replay_even_under_a_new_request(here: World) -> None:
    visit = here.go("rivers", ISOLDE)
    state = here.sign_on._state
    request = state.take(visit.relay_state, visit.cookies)
    kept = [state.keep(request) for _ in range(2)]
    visits = [
        Visit(visit.saml_response, one.relay_state, {one.cookie_name: one.cookie_value}) for one in kept
    ]
    here.finish(visits[0])

    with pytest.raises(Replayed):
        here.finish(visits[1])


def test_of_many_posts_of_one_answer_at_once_one_gets_in(here: World) -> None:
    visit = here.go("rivers", ISOLDE)

    def attempt(_: int) -> bool:
        try:
            return isinstance(here.finish(visit), SignedIn)
        except Expired:
            return False

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(attempt, range(16))) == 1


@pytest.mark.parametrize(
    "relay_state", ["", "/", "https://evil.example/", "x" * 43 + "\n", "../" * 20, "é" * 43]
)
def test_an_answer_that_nobody_asked_for_signs_nobody_in(here: World, relay_state: str) -> None:
    visit = here.go("rivers", ISOLDE)

    with pytest.raises(Unsolicited):
        here.finish(Visit(visit.saml_response, relay_state, visit.cookies))


def test_an_answer_of_another_provider_to_the_request_is_refused(here: World) -> None:
    asked, answered = here.go("rivers", ISOLDE), here.go("northmere", TAMSIN)

    with pytest.raises(BadAssertion):
        here.finish(Visit(answered.saml_response, asked.relay_state, asked.cookies))


def test_an_answer_to_another_request_of_the_same_provider_is_refused(here: World) -> None:
    one, two = here.go("rivers", ISOLDE), here.go("rivers", ISOLDE)

    with pytest.raises(BadAssertion, match="another request"):
        here.finish(Visit(two.saml_response, one.relay_state, one.cookies))


def test_a_provider_that_is_suspended_meanwhile_signs_nobody_in(here: World) -> None:
    visit = here.go("rivers", ISOLDE)
    here.registry.set_state("rivers", SUSPENDED)

    with pytest.raises(UnknownProvider):
        here.finish(visit)
    with pytest.raises(UnknownProvider):
        here.sign_on.begin("rivers")
    assert "rivers" not in [one.id for one in here.sign_on.providers()]


def test_cancelling_at_the_provider_is_told_apart(here: World) -> None:
    begun = here.sign_on.begin("rivers")
    query = begun.url.partition("?")[2]
    page = post(begun.url.partition("?")[0], {"query": query, "cancel": "yes"})[1]
    answer = found(r'name="SAMLResponse" value="([^"]*)"', page)
    relay_state = found(r'name="RelayState" value="([^"]*)"', page)

    with pytest.raises(ProviderSaidNo):
        here.finish(Visit(answer, relay_state, {begun.cookie_name: begun.cookie_value}))


@pytest.mark.parametrize(
    "mail", ["tamsin.okonjo-reed@sub.hollowbrook.example", "tamsin@h0llowbrook.example", TAMSIN]
)
def test_no_mail_address_brings_a_provider_to_anothers_leader(here: World, mail: str) -> None:
    stranger = Identity("Nobody", mail, f"{secrets.token_hex(4)}@hollowbrook.example")

    with pytest.raises((NotOwned, UnknownPerson)):
        here.finish(forged(here, "hollowbrook", stranger))


def test_a_provider_can_not_use_the_subject_id_of_anothers_leader(here: World) -> None:
    here.finish(here.go("northmere", TAMSIN))
    stolen = Identity("Nobody", PIERS, "np-0001@northmere.police.example")

    with pytest.raises(NotOwned):
        here.finish(forged(here, "hollowbrook", stolen))


def forged(here: World, name: str, identity: Identity) -> Visit:
    """A properly signed answer that says whatever the provider likes."""
    request_id = f"_{secrets.token_hex(8)}"
    kept = here.sign_on._state.keep(StoredRequest(request_id, name))
    provider, service = here.provider(name), read_service(here.sign_on.metadata())
    answer = messages.answer_for(provider, service, identity, request_id, datetime.now(UTC))
    message = base64.b64encode(messages.signed_response(answer, provider)).decode()
    return Visit(message, kept.relay_state, {kept.cookie_name: kept.cookie_value})


def test_without_redis_nobody_gets_in_and_afterwards_everybody_does(
    tmp_path: Path, providers: tuple[Path, Config], fresh_slapd: Slapd, fresh_redis: Redis
) -> None:
    with world(tmp_path, *providers, fresh_slapd.settings(), fresh_redis.url) as here:
        visit = here.go("rivers", ISOLDE)
        fresh_redis.stop()

        with pytest.raises(Unavailable):
            here.finish(visit)
        with pytest.raises(Unavailable):
            here.sign_on.begin("rivers")

        fresh_redis.start()
        with pytest.raises(Expired):
            here.finish(visit)
        assert here.finish(here.go("rivers", ISOLDE)).person.uid == "saml-rivers"


def test_without_the_directory_nobody_gets_in(here: World, fresh_slapd: Slapd) -> None:
    visit = here.go("rivers", ISOLDE)
    fresh_slapd.stop()

    with pytest.raises(Unavailable):
        here.finish(visit)

    fresh_slapd.start()
    assert here.finish(here.go("rivers", ISOLDE)).person.uid == "saml-rivers"


def test_redis_holds_no_name_or_address_of_anybody(here: World) -> None:
    here.finish(here.go("rivers", ISOLDE))

    kept = [str(key) for key in here.redis.scan_iter("counterpart:saml:*")]

    assert kept
    assert not any("isolde" in key or "rc-10017" in key for key in kept)
    assert all(
        0 < int(str(here.redis.ttl(key))) <= 8 * 24 * 3600
        for key in here.redis.scan_iter("counterpart:saml:*")
    )


def sign_out_session(signed_in: SignedIn) -> dict[str, str]:
    return {
        "provider": signed_in.provider.id,
        "name_id": signed_in.name_id,
        "session_index": signed_in.session_index,
    }


def test_signing_out_here_can_end_the_session_at_the_provider_too(here: World) -> None:
    session = sign_out_session(here.finish(here.go("rivers", ISOLDE)))
    onward = here.sign_on.logout(session)
    assert onward is not None

    status, _, headers = get(onward.url)
    assert status == 303
    answer = urlsplit(headers["Location"])
    outcome = here.sign_on.handle_slo("GET", answer.query)

    assert (outcome.kind, outcome.provider_id, outcome.complete) == ("response", "rivers", True)
    with pytest.raises(LogoutOver):
        here.sign_on.handle_slo("GET", answer.query)


@pytest.mark.parametrize("relay_state", ["", "theirs"])
def test_an_answer_about_signing_out_is_known_by_what_it_answers_and_not_by_a_relay_state(
    here: World, relay_state: str
) -> None:
    session = sign_out_session(here.finish(here.go("rivers", ISOLDE)))
    first, second = here.sign_on.logout(session), here.sign_on.logout(session)
    service, provider = read_service(here.sign_on.metadata()), here.provider("rivers")

    def answered(onward: Onward | None) -> str:
        assert onward is not None
        packed = parse_qs(urlsplit(onward.url).query)["SAMLRequest"][0]
        asked = zlib.decompress(base64.b64decode(packed), -15).decode()
        answer = messages.logout_response(
            provider, service, found(r' ID="([^"]*)"', asked), datetime.now(UTC)
        )
        return redirect.query("SAMLResponse", etree.tostring(answer), relay_state, provider.key)

    assert here.sign_on.handle_slo("GET", answered(second)).complete
    assert here.sign_on.handle_slo("GET", answered(first)).complete
    unasked = messages.logout_response(provider, service, "_never-asked", datetime.now(UTC))
    with pytest.raises(LogoutOver):
        here.sign_on.handle_slo(
            "GET", redirect.query("SAMLResponse", etree.tostring(unasked), relay_state, provider.key)
        )


def test_signing_out_at_the_provider_names_the_sessions_to_end_here(here: World) -> None:
    begun = here.sign_on.begin("rivers")
    query = begun.url.partition("?")[2]
    _, page, headers = post(begun.url.partition("?")[0], {"query": query, "identity": "0"})
    cookie = headers["Set-Cookie"].partition(";")[0]
    visit = Visit(
        found(r'name="SAMLResponse" value="([^"]*)"', page),
        found(r'name="RelayState" value="([^"]*)"', page),
        {begun.cookie_name: begun.cookie_value},
    )
    session = sign_out_session(here.finish(visit))
    slo = here.provider("rivers").slo_url
    assert "Sign out everywhere at this organisation" in get(slo, cookie)[1]

    asked = urlsplit(post(slo, {}, cookie)[2]["Location"])
    outcome = here.sign_on.handle_slo("GET", asked.query)

    assert outcome.uid == "saml-rivers"
    assert outcome.concerns(session)
    assert not outcome.concerns(session | {"session_index": "_another"})
    assert not outcome.concerns(session | {"provider": "northmere"})
    assert outcome.onward is not None
    assert get(outcome.onward.url)[0] == 200
    with pytest.raises(Replayed):
        here.sign_on.handle_slo("GET", asked.query)


def test_a_provider_signs_out_only_its_own_people(here: World) -> None:
    session = sign_out_session(here.finish(here.go("rivers", ISOLDE)))
    service = read_service(here.sign_on.metadata())
    other = here.provider("hollowbrook")
    name = session["name_id"].split("\n")[3]
    wish = messages.logout_request(other, service, name, "", datetime.now(UTC))
    query = redirect.url(service.slo_url, "SAMLRequest", wish, "", other).partition("?")[2]

    outcome = here.sign_on.handle_slo("GET", query)

    assert outcome.uid == ""
    assert not outcome.concerns(session)


def posts_only(here: World, name: str) -> None:
    """Register the provider as one that takes messages by HTTP-POST alone."""
    provider = here.registry.get(name)
    assert provider is not None
    here.registry.change(
        name, sso_url="", slo_url="", sso_post_url=provider.sso_url, slo_post_url=provider.slo_url
    )


def test_a_provider_that_takes_posted_messages_only_signs_somebody_in_and_out(here: World) -> None:
    posts_only(here, "rivers")
    session = sign_out_session(here.finish(here.go("rivers", ISOLDE)))

    onward = here.sign_on.logout(session)
    assert onward is not None
    page = post(onward.url, dict(onward.fields))[1]
    outcome = here.sign_on.handle_slo("POST", hidden(page))

    assert (outcome.kind, outcome.provider_id, outcome.complete) == ("response", "rivers", True)
    with pytest.raises(LogoutOver):
        here.sign_on.handle_slo("POST", hidden(page))


def test_a_posted_request_to_sign_somebody_out_is_answered_by_a_post(here: World) -> None:
    posts_only(here, "rivers")
    session = sign_out_session(here.finish(here.go("rivers", ISOLDE)))
    name = session["name_id"].split("\n")[3]
    service, provider = read_service(here.sign_on.metadata()), here.provider("rivers")
    wish = messages.logout_request(provider, service, name, "", datetime.now(UTC))
    form = {"SAMLRequest": messages.encoded(messages.sign(wish, provider)), "RelayState": "x" * 3000}

    outcome = here.sign_on.handle_slo("POST", form)

    assert outcome.uid == "saml-rivers"
    assert outcome.concerns(session)
    assert outcome.onward is not None
    assert dict(outcome.onward.fields)["RelayState"] == "x" * 3000
    assert "You are signed out" in post(outcome.onward.url, dict(outcome.onward.fields))[1]
    with pytest.raises(Replayed):
        here.sign_on.handle_slo("POST", form)


@pytest.mark.parametrize("message", [{"SAMLRequest": "x"}, "", "SAMLRequest=x", "a=b"])
def test_a_logout_message_that_is_posted_unsigned_or_empty_is_refused(
    here: World, message: str | dict[str, str]
) -> None:
    with pytest.raises(BadLogout):
        here.sign_on.handle_slo("GET" if isinstance(message, str) else "POST", message)


def test_discovery_finds_the_owner_of_the_domain_and_nobody_for_another(here: World) -> None:
    found = here.sign_on.find(f" {ISOLDE.upper()} ")
    assert ([one.id for one in found.providers], found.sure) == (["rivers"], True)
    for address in ("x@sub.rivers-and-coasts.example", "nobody"):
        assert not here.sign_on.find(address).providers
        assert not here.sign_on.find(address).sure


@pytest.mark.parametrize(
    "wanted", ["//evil.example/", "https://evil.example/", "/\\evil.example", "x", "/a\nb"]
)
def test_where_to_go_afterwards_is_always_a_page_of_ours(here: World, wanted: str) -> None:
    assert here.finish(here.go("rivers", ISOLDE, wanted)).return_to == "/"


def test_the_cookie_and_the_relay_state_tell_nothing(here: World) -> None:
    begun = here.sign_on.begin("rivers", "/people/secret")

    assert "secret" not in begun.url
    assert hashlib.sha256(begun.cookie_value.encode()).hexdigest() not in begun.url
