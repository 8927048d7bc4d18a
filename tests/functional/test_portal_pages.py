"""What people do in the portal, on real servers, without a browser's scripts."""

import logging
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from html import unescape

import pytest
from sqlalchemy import select

from app.factory import create_app
from app.permissions import permission_of, public
from app.security import WITHOUT_COOKIES, WITHOUT_FORM_TOKEN
from app.settings import PortalSettings
from dev.servers import Redis, Slapd
from ldap_schema.changes import Add, Update
from ldap_schema.feeds import FeedPart
from ldap_schema.offices import Office
from ldap_schema.posts import ACTING, Post, Tenure
from ldap_schema.provenance import FEED, Source
from store import feed_watch, waiting
from store.database import Store
from store.models import OutboxMail
from tests.conftest import SettableClock
from tests.portal_kit import Portal, close, make_portal


@pytest.fixture
def portal(slapd: Slapd, redis_server: Redis, store: Store, clock: SettableClock) -> Iterator[Portal]:
    made = make_portal(slapd, redis_server, store, clock, sign_in_limit="1000 per minute")
    yield made
    close(made)


def test_every_view_says_who_may_open_it(portal: Portal) -> None:
    for rule in portal.app.url_map.iter_rules():
        view = portal.app.view_functions[rule.endpoint]
        assert permission_of(view) is not None, f"{rule}: put @public, @leader_signed_in or another above it"


def test_a_view_without_permission_is_refused_to_everybody(portal: Portal) -> None:
    portal.app.add_url_rule("/forgotten", "forgotten", lambda: "secret")
    assert portal.browser().get("/forgotten").status_code == 403
    assert portal.browser(portal.person()).get("/forgotten").status_code == 403


def test_every_page_for_leaders_sends_strangers_to_sign_in(portal: Portal) -> None:
    client = portal.browser()
    for rule in portal.app.url_map.iter_rules():
        permission = permission_of(portal.app.view_functions[rule.endpoint])
        if permission is None or permission.public_because or "GET" not in (rule.methods or ()):
            continue
        url = re.sub(r"<[^>]*>", "1", rule.rule)
        answer = client.get(url)
        assert answer.status_code == 303, url
        assert answer.location.startswith("/sign-in"), url


def test_every_form_needs_its_token_but_for_the_listed_ones(portal: Portal) -> None:
    client = portal.browser(portal.person())
    for rule in portal.app.url_map.iter_rules():
        if "POST" not in (rule.methods or ()) or rule.endpoint in WITHOUT_FORM_TOKEN:
            continue
        if rule.endpoint.partition(".")[0] in WITHOUT_COOKIES:
            assert client.post(re.sub(r"<[^>]*>", "1", rule.rule)).status_code == 401, rule
            continue
        if getattr(permission_of(portal.app.view_functions[rule.endpoint]), "role", ""):
            continue
        url = re.sub(r"<[^>]*>", "1", rule.rule)
        assert client.post(url, data={"text": "x"}).status_code == 400, url


def test_headers_guard_every_answer_even_errors(portal: Portal) -> None:
    for path in ("/", "/sign-in", "/nothing", "/static/portal.css", "/healthz"):
        answer = portal.browser().get(path)
        answer.close()
        headers = answer.headers
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert headers["Referrer-Policy"] == "same-origin"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert "Strict-Transport-Security" not in headers


def test_over_https_cookies_are_secure_and_bound_to_the_host(
    slapd: Slapd, redis_server: Redis, store: Store, clock: SettableClock
) -> None:
    portal = make_portal(slapd, redis_server, store, clock, base_url="https://localhost")
    answer = portal.browser().get("/sign-in")
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("__Host-counterpart=")
    for part in ("Secure", "HttpOnly", "SameSite=Lax", "Path=/"):
        assert part in cookie
    assert "max-age=31536000" in answer.headers["Strict-Transport-Security"]
    close(portal)


def test_a_request_for_another_host_is_refused_with_a_page(portal: Portal) -> None:
    answer = portal.browser().get("/", headers={"Host": "evil.example"})
    assert answer.status_code == 400
    assert "cannot be understood" in answer.get_data(as_text=True)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/nothing", 404), ("GET", "/sign-in/begin", 405), ("DELETE", "/", 405)],
)
def test_an_error_page_shows_a_reference_that_is_also_in_the_log(
    portal: Portal, caplog: pytest.LogCaptureFixture, method: str, path: str, status: int
) -> None:
    caplog.set_level(logging.INFO)
    answer = portal.browser().open(path, method=method)
    assert answer.status_code == status
    reference = re.search(r"[a-z]+-[a-z]+-\d{3}", answer.get_data(as_text=True))
    assert reference is not None
    assert reference.group() in caplog.text


def test_too_large_a_request_is_refused_with_a_page(portal: Portal) -> None:
    answer = portal.browser().post("/saml/acs", data={"SAMLResponse": "x" * 600_000})
    assert answer.status_code == 413
    assert "too much to send" in answer.get_data(as_text=True)


def test_an_unexpected_error_is_a_page_without_its_words(portal: Portal) -> None:
    @public("A test")
    def broken() -> str:
        raise RuntimeError("a secret detail")

    portal.app.add_url_rule("/broken", "broken", broken)
    answer = portal.browser().get("/broken")
    assert answer.status_code == 500
    assert "secret detail" not in answer.get_data(as_text=True)


def test_signing_in_too_often_is_answered_with_a_sentence(
    slapd: Slapd, fresh_redis: Redis, store: Store, clock: SettableClock
) -> None:
    portal = make_portal(slapd, fresh_redis, store, clock, sign_in_limit="3 per minute")
    client = portal.browser()
    token = portal.token(client, "/sign-in")
    form = {"csrf_token": token, "address": "somebody@nowhere.example"}
    statuses = [client.post("/sign-in", data=form).status_code for _ in range(4)]
    assert statuses == [200, 200, 200, 429]
    close(portal)


def test_providers_messages_count_as_tries_too(
    slapd: Slapd, fresh_redis: Redis, store: Store, clock: SettableClock
) -> None:
    portal = make_portal(slapd, fresh_redis, store, clock, sign_in_limit="4 per minute")
    client = portal.browser()

    logouts = [client.get("/saml/slo?SAMLRequest=x").status_code for _ in range(2)]
    posted = [client.post("/saml/slo", data={"SAMLRequest": "x"}).status_code for _ in range(3)]
    assert (logouts, posted) == ([403, 403], [403, 403, 429])
    assert client.post("/saml/acs", data={"SAMLResponse": "x"}).status_code == 429
    assert client.get("/sign-in").status_code == 200
    close(portal)


def test_search_finds_a_person_and_says_why(portal: Portal) -> None:
    person = portal.person(given_name="Zebedee", full_name="Zebedee Quill")
    client = portal.browser(portal.person())
    query = {"q": f"zebedee {person.family_name}"}
    found = client.get("/search", query_string=query, headers={"Accept": "application/json"}).get_json()
    assert found["total"] == 1
    assert found["results"][0]["uid"] == person.uid
    assert f"family name: {person.family_name}" in found["results"][0]["matched"]
    assert found["facets"]["sector"] == [{"value": "Police", "label": "Police", "count": 1}]
    assert person.uid in client.get("/search", query_string=query).get_data(as_text=True)


def test_a_search_that_finds_nobody_waits_on_the_desk_without_who_asked(portal: Portal, store: Store) -> None:
    person = portal.person()
    client = portal.browser(person)
    page = client.get("/search", query_string={"q": "Xanthippe Nobody"}).get_data(as_text=True)
    assert "Nobody found" in page
    with store.transaction() as tx:
        items = waiting.open_items(tx, waiting.ZERO_RESULT_SEARCH)
    assert [item.key for item in items] == ["xanthippe nobody"]
    assert person.uid not in items[0].summary


def test_a_nearly_right_name_is_suggested(portal: Portal) -> None:
    person = portal.person(
        given_name="Clementine", family_name="Farthingstone", full_name="Clementine Farthingstone"
    )
    page = portal.browser(portal.person()).get("/search?q=Clementina+Farthingston%65s").get_data(as_text=True)
    assert "Did you mean" in page
    assert person.uid in page


@pytest.mark.parametrize(
    "query", ["*)(uid=*", "\\", "%00", "\u202e", "a" * 5000, "()", "🙂", "' OR 1=1", "é" * 300]
)
def test_a_hostile_query_is_answered_like_any_other(portal: Portal, query: str) -> None:
    client = portal.browser(portal.person())
    assert client.get("/search", query_string={"q": query, "sector": query, "page": query}).status_code == 200


def test_a_concealed_number_is_in_no_page_and_no_card(portal: Portal) -> None:
    person = portal.person()
    client = portal.browser(portal.person())
    profile = client.get(f"/people/{person.uid}").get_data(as_text=True)
    card = client.get(f"/people/{person.uid}.vcf")
    assert "tel:02079460999" in profile
    assert "not open to you: mobile number" in profile
    assert "900999" not in profile + card.get_data(as_text=True)
    assert card.mimetype == "text/vcard"


def test_a_profile_says_who_sent_each_value_and_nothing_of_a_concealed_one(portal: Portal) -> None:
    sent = Source(of="name", by=FEED, who="rivers/all", name="Rivers HR", as_of=date(2026, 11, 1), row=12)
    mobile = replace(sent, of="mobile", name="Mobile desk")
    mail = replace(sent, of="mail", confirmed=date(2026, 11, 20))
    person = portal.person(sources=(str(sent),), mail_source=(str(mail),), mobile_source=(str(mobile),))
    page = portal.browser(portal.person()).get(f"/people/{person.uid}").text
    assert "From Rivers HR, unchanged since 1 November 2026. Not confirmed yet." in page
    assert "From Rivers HR, unchanged since 1 November 2026. Confirmed 20 November 2026." in page
    assert "Mobile desk" not in page
    assert "Mobile desk" in portal.browser(person).get(f"/people/{person.uid}").text


def test_a_person_who_left_is_not_found(portal: Portal) -> None:
    person = portal.person(status="left")
    assert portal.browser(portal.person()).get(f"/people/{person.uid}").status_code == 404


def test_posts_and_organisations_show_acting_and_vacant_posts(portal: Portal) -> None:
    person = portal.person()
    held = Post(id=f"p1{person.uid}", title="Chief Quill", organisation_id=portal.organisation.id)
    empty = Post(id=f"p2{person.uid}", title="Deputy Quill", organisation_id=portal.organisation.id)
    tenure = Tenure(id=f"t1{person.uid}", post_id=held.id, holder=person.uid, kind=ACTING)
    portal.sync.write([Add(held), Add(empty), Add(tenure)])
    client = portal.browser(portal.person())
    page = client.get(f"/organisations/{portal.organisation.id}").get_data(as_text=True)
    assert "Acting" in page
    assert "Vacant" in page
    assert "Vacant" in client.get(f"/posts/{empty.id}").get_data(as_text=True)
    assert person.full_name in client.get(f"/posts/{held.id}").get_data(as_text=True)
    assert "Acting" in client.get(f"/people/{person.uid}").get_data(as_text=True)


def test_a_message_goes_to_the_outbox_once_with_the_sender_as_reply_address(
    portal: Portal, store: Store
) -> None:
    sender, person = portal.person(), portal.person()
    client = portal.browser(sender)
    page = f"/people/{person.uid}/write"
    form = {"csrf_token": portal.token(client, page), "subject": "Floods", "text": "Can we <b>talk</b>?"}
    for _ in range(2):  # a double click
        assert "on its way" in client.post(page, data=form).get_data(as_text=True)
    with store.transaction() as tx:
        [mail] = tx.scalars(select(OutboxMail)).all()
    assert mail.recipient == person.mail[0]
    assert mail.reply_to == sender.mail[0]
    assert "Can we <b>talk</b>?" in mail.text
    assert "&lt;b&gt;" in mail.html


def test_a_message_can_go_to_the_private_office_when_the_person_is_closed(
    portal: Portal, store: Store
) -> None:
    person = portal.person(show=())
    portal.sync.write(
        [
            Add(
                Office(
                    id=f"o{person.uid}", name="The office", serves=(person.uid,), mail=("po@quills.example",)
                )
            )
        ]
    )
    client = portal.browser(portal.person())
    page = f"/people/{person.uid}/write"
    client.post(page, data={"csrf_token": portal.token(client, page), "subject": "Hello", "text": "Hello"})
    with store.transaction() as tx:
        [mail] = tx.scalars(select(OutboxMail)).all()
    assert mail.recipient == "po@quills.example"


def test_a_subject_cannot_add_a_header(portal: Portal, store: Store) -> None:
    person = portal.person()
    client = portal.browser(portal.person())
    page = f"/people/{person.uid}/write"
    form = {"csrf_token": portal.token(client, page), "subject": "Hi\r\nBcc: all@x.example", "text": "Hello"}
    answer = client.post(page, data=form)
    assert answer.status_code == 400
    assert "one line" in answer.get_data(as_text=True)
    with store.transaction() as tx:
        assert not tx.scalars(select(OutboxMail)).all()


def test_writing_to_one_person_too_often_is_refused_with_a_sentence(portal: Portal) -> None:
    person = portal.person()
    client = portal.browser(portal.person())
    page = f"/people/{person.uid}/write"
    token = portal.token(client, page)
    answers = [
        client.post(page, data={"csrf_token": token, "subject": f"Number {n}", "text": "Hello"})
        for n in range(11)
    ]
    assert [answer.status_code for answer in answers] == [200] * 10 + [400]
    assert "10 times in 24 hours" in answers[-1].get_data(as_text=True)


def test_a_device_is_made_shown_once_and_removed(portal: Portal) -> None:
    client = portal.browser(portal.person())
    token = portal.token(client, "/devices")
    made = client.post("/devices", data={"csrf_token": token, "label": "My laptop"}).get_data(as_text=True)
    assert "shown once" in made
    assert "ou=people," in made
    listed = client.get("/devices").get_data(as_text=True)
    [id] = re.findall(r"/devices/(\w+)/remove", listed)
    assert client.post(f"/devices/{id}/remove", data={"csrf_token": token}).status_code == 303
    assert "None so far" in client.get("/devices").get_data(as_text=True)


def test_somebody_elses_device_cannot_be_removed(portal: Portal) -> None:
    owner = portal.person()
    made = portal.services.directory.credentials.issue(owner.uid, "Theirs", portal.services.clock())
    client = portal.browser(portal.person())
    answer = client.post(f"/devices/{made.credential.id}/remove", data={"csrf_token": portal.token(client)})
    assert answer.status_code == 404
    assert portal.services.directory.credentials.of(owner.uid)


def test_the_desk_is_the_directory_managers_alone_and_a_matter_is_settled_once(
    portal: Portal, store: Store
) -> None:
    manager = portal.person()
    portal.sync.groups.grant("directory-managers", manager.uid)
    assert portal.browser(portal.person()).get("/desk").status_code == 403
    with store.transaction() as tx:
        id = waiting.raise_item(tx, waiting.UNKNOWN_SIGN_IN, "k", "Somebody new.", portal.services.clock())
    client = portal.browser(manager)
    assert "Somebody new." in client.get("/desk").get_data(as_text=True)
    token = portal.token(client)
    assert client.post(f"/desk/{id}/settle", data={"csrf_token": token}).status_code == 303
    assert client.post(f"/desk/{id}/settle", data={"csrf_token": token}).status_code == 404
    assert "Somebody new." not in client.get("/desk").get_data(as_text=True)


def test_a_held_feed_stands_on_the_desk_with_what_happened_and_the_command_that_decides(
    portal: Portal, store: Store
) -> None:
    manager, now = portal.person(), portal.services.clock()
    portal.sync.groups.grant("directory-managers", manager.uid)
    held = FeedPart(feed="stopped", part="all", hold_run="5f0c2a9d", hold_reason="3 of 10 gone", hold_at=now)
    portal.sync.feeds.ensure("stopped")
    portal.sync.write([Add(held)])
    with store.transaction() as tx:
        waiting.raise_item(tx, waiting.REFUSED_FEED, "rivers/all", "rivers.csv was refused: it is empty", now)
    client = portal.browser(manager)
    page = unescape(client.get("/desk").text)
    for said in (
        "stopped was stopped: 3 of 10 gone", "Nothing was applied. The next run judges a newer file afresh",
        'counterpart sync approve 5f0c2a9d --reason "…" && counterpart sync apply 5f0c2a9d',
        'counterpart sync reject 5f0c2a9d --reason "…"', "rivers.csv was refused: it is empty",
    ):  # fmt: skip
        assert said in page
    good = replace(held, approved_by="operator:rowan", approved_until=now + timedelta(hours=24))
    portal.sync.write([Update(held, good)])
    approved = unescape(client.get("/desk").text)
    assert "Approved by operator:rowan until" in approved
    assert "sync approve 5f0c2a9d" not in approved
    portal.sync.write([Update(good, FeedPart(feed="stopped", part="all"))])


def test_feedback_waits_on_the_desk(portal: Portal, store: Store) -> None:
    client = portal.browser()
    form = {"csrf_token": portal.token(client, "/feedback"), "text": "The search is quick."}
    assert "Thank you" in client.post("/feedback", data=form).get_data(as_text=True)
    with store.transaction() as tx:
        [item] = waiting.open_items(tx, waiting.FEEDBACK)
    assert "The search is quick." in item.summary


def test_metrics_are_for_listed_machines_only(portal: Portal) -> None:
    client = portal.browser()
    page = client.get("/metrics")
    assert page.status_code == 200
    assert b"counterpart_index_behind_seconds +Inf" in page.data, "nobody follows the directory here"
    assert client.get("/readyz").get_json()["search_index"] == "behind"
    assert client.get("/metrics", environ_base={"REMOTE_ADDR": "192.0.2.1"}).status_code == 404


def test_metrics_tell_how_feeds_come_and_name_nobody(portal: Portal) -> None:
    now = portal.services.clock()
    taken = feed_watch.TakenFile(
        feed="rivers", name="rivers-2026-11-22.csv", part="all", size=1, modified=1, mapping="", taken=now,
        outcome="applied", rows={"joined": 3, "rejected": 1}, seconds=0.25,
    )  # fmt: skip
    with portal.services.store.transaction() as tx:
        feed_watch.save_file(tx, taken)
        later = replace(taken, name="rivers-2026-11-23.csv", taken=now + timedelta(hours=1), outcome="held")
        feed_watch.save_file(tx, later)
        feed_watch.save(tx, feed_watch.Watched(feed="rivers", since=now, trips=2))
        waiting.raise_item(tx, waiting.HELD_FEED, "rivers/all", "Held.", now)
    told = portal.browser().get("/metrics").text.splitlines()
    part = 'feed="rivers",part="all"'
    success = [each for each in told if each.startswith("counterpart_feed_last_success_timestamp_seconds{")]
    assert [float(each.split()[-1]) for each in success] == [now.timestamp()], "a held file is no success"
    for line in (
        'counterpart_feed_rows{feed="rivers",outcome="joined",part="all"} 3.0',
        f"counterpart_feed_apply_seconds{{{part}}} 0.25",
        'counterpart_feed_holds_open{feed="rivers"} 1.0',
        'counterpart_feed_guard_trips_total{feed="rivers"} 2.0',
        'counterpart_feed_silent{feed="rivers"} 0.0',
    ):
        assert line in told


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "X-Real-IP"])
def test_metrics_are_refused_through_a_proxy_of_which_the_settings_know_nothing(
    portal: Portal, header: str, caplog: pytest.LogCaptureFixture
) -> None:
    application = create_app(PortalSettings(), portal.services)
    client = application.test_client()
    assert client.get("/metrics").status_code == 200, "the control: asked directly from the listed machine"
    assert "COUNTERPART_PORTAL_PROXIES" not in caplog.text
    for _ in range(3):
        assert client.get("/metrics", headers={header: "for=127.0.0.1"}).status_code == 404
    assert caplog.text.count("COUNTERPART_PORTAL_PROXIES is 0") == 1
    assert client.get("/metrics").status_code == 200


def test_metrics_through_a_known_proxy_are_for_listed_machines_only(
    portal: Portal, caplog: pytest.LogCaptureFixture
) -> None:
    client = create_app(PortalSettings(proxies=1), portal.services).test_client()
    for asked_from, status in (("192.0.2.1", 404), ("127.0.0.1, 192.0.2.1", 404), ("127.0.0.1", 200)):
        answer = client.get("/metrics", headers={"X-Forwarded-For": asked_from})
        assert answer.status_code == status, asked_from
    assert "COUNTERPART_PORTAL_PROXIES" not in caplog.text


def test_the_generic_brand_serves_no_crown_and_no_govuk_typeface(portal: Portal) -> None:
    client = portal.browser()
    assert b"GDS Transport" not in client.get("/static/styles.css").data
    for path in (
        "/assets/images/govuk-crest.svg",
        "/static/govuk/assets/images/favicon.ico",
        "/static/govuk/govuk-frontend.min.css",
    ):
        assert client.get(path).status_code == 404
    script = client.get("/static/govuk/govuk-frontend.min.js")
    assert script.status_code == 200
    script.close()


def test_a_signed_out_visitor_is_led_back_only_to_our_own_pages(portal: Portal) -> None:
    client = portal.browser(portal.person())
    assert client.get("/sign-in?next=/desk").location == "/desk"
    for elsewhere in (
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "javascript:alert(1)",
        "/\tx",
    ):
        assert client.get("/sign-in", query_string={"next": elsewhere}).location == "/"


def test_govuks_own_brand_brings_crown_and_typeface(
    slapd: Slapd, redis_server: Redis, store: Store, clock: SettableClock
) -> None:
    portal = make_portal(slapd, redis_server, store, clock, brand="govuk")
    client = portal.browser()
    styles = client.get("/static/styles.css").get_data(as_text=True)
    for address in set(re.findall(r"url\((/assets/fonts/[^)]*)\)", styles)):
        font = client.get(address)
        assert font.status_code == 200, address
        font.close()
    assert "GDS Transport" in styles
    assert "govuk-header" in client.get("/").get_data(as_text=True)
    close(portal)
