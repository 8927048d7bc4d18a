"""What a leader sees who looks for somebody: results and what is beside them, suggestions, lists, charts."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import html5lib
import pytest
from flask.testing import FlaskClient

from counterpart.clock import system_clock
from dev.servers import Redis, Slapd
from ldap_schema.changes import Add, Update
from ldap_schema.clock import london_today
from ldap_schema.groups import Cohort
from ldap_schema.offices import Office
from ldap_schema.organisations import Organisation
from ldap_schema.people import SEALED_ALL, Person
from ldap_schema.posts import ACTING, Post, Tenure
from search_index.reader import SearchIndex
from tests.conftest import migrated_store
from tests.functional.index_kit import agrees, following
from tests.portal_kit import Portal, close, make_portal

SCRIPT = "<script>alert(1)</script>"
TODAY = london_today(system_clock())


@dataclass(frozen=True)
class Finding:
    """A portal whose index is fresh, and a small public service to find things in."""

    portal: Portal
    client: FlaskClient
    viewer: Person
    warden: Person  # acts as Warden of Tollgate
    before: Person  # was it until 2024
    sealed: Person
    tollgate: Organisation
    gone: Organisation  # whose work Tollgate does now

    def page(self, path: str, **query: str) -> str:
        """A page that must be well made."""
        answer = self.client.get(path, query_string=query)
        text = answer.get_data(as_text=True)
        assert answer.status_code == 200, (path, text[-400:])
        html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(text)
        assert text.count("<h1") == 1
        assert answer.headers["Cache-Control"] == "no-store"
        return text

    def plain(self, path: str, **query: str) -> Any:
        """The same as JSON."""
        return self.client.get(path, query_string=query, headers={"Accept": "application/json"}).get_json()


@pytest.fixture(scope="module")
def finding(tmp_path_factory: pytest.TempPathFactory, slapd: Slapd, redis_server: Redis) -> Iterator[Finding]:
    with migrated_store(tmp_path_factory.mktemp("store")) as store:
        portal = make_portal(slapd, redis_server, store, system_clock)
        made = _furnished(portal)
        with following(slapd, slapd.folder / "index") as index:
            assert agrees(slapd, index)
            yield made
        for left in Path(slapd.folder / "index").glob("step.json"):
            left.unlink()  # the next portal of this server has no follower
        close(portal)


def _furnished(portal: Portal) -> Finding:
    heir = replace(
        portal.organisation, name="Tollgate Authority", acronyms=("TGA",), duty_line="020 7946 0111",
        former_names=("Turnpike Board",), former_name_days=("/2019-03-31 Turnpike Board",),
        areas_served=("Wychmere", "Aldermoor"),
    )  # fmt: skip
    gone = Organisation(id=f"g{heir.id}", name=f"Milestones Office {SCRIPT}", successor_ids=(heir.id,))
    portal.sync.write([Update(portal.organisation, heir), Add(gone)])
    of_heir = {"organisation_name": heir.name, "organisation_id": heir.id}
    warden = portal.person(
        full_name=f"Ottoline Quarrenden {SCRIPT}", given_name="Ottoline", family_name="Quarrenden",
        title="Warden of Tollgate", **of_heir,
    )  # fmt: skip
    before = portal.person(full_name="Basil Threepwood", family_name="Threepwood", given_name="Basil")
    deputy = portal.person(full_name="Élodie Quist", family_name="Quist", title="Deputy Warden", **of_heir)
    sealed = portal.person(full_name="Ottoline Hiddenham", given_name="Ottoline", family_name="Hiddenham")
    portal.sync.write([Update(sealed, replace(sealed, sealed=SEALED_ALL))])
    posts = [
        Post(id=f"w{heir.id}", title="Chief Executive and Warden", organisation_id=heir.id),
        Post(id=f"d{heir.id}", title="Deputy Warden", organisation_id=heir.id),
        Post(id=f"v{heir.id}", title="Keeper of Milestones", organisation_id=heir.id),
    ]
    tenures = [
        Tenure(id=f"t1{heir.id}", post_id=posts[0].id, holder=warden.uid, kind=ACTING, first_day=TODAY),
        Tenure(id=f"t2{heir.id}", post_id=posts[0].id, holder=before.uid, first_day=date(2020, 1, 6),
               last_day=date(2024, 5, 31)),
        Tenure(id=f"t3{heir.id}", post_id=posts[1].id, holder=deputy.uid, first_day=date(2018, 2, 1)),
    ]  # fmt: skip
    office = Office(
        id=f"o{heir.id}", name="The office of the warden", serves=(warden.uid,), telephone=("020 7946 0222",)
    )
    portal.sync.write([*map(Add, posts), *map(Add, tenures), Add(office)])
    viewer = portal.person()
    for name, title, members in (
        ("tolls-2024", "Tolls of 2024", (viewer, warden, sealed)),
        ("empty", "", ()),
    ):
        portal.sync.cohorts.make(Cohort(f"{name}-{heir.id}", title))
        for one in members:
            portal.sync.cohorts.join(f"{name}-{heir.id}", one.uid)
    return Finding(portal, portal.browser(viewer), viewer, warden, before, sealed, heir, gone)


def test_a_post_is_found_with_who_acts_in_it_and_who_held_it_before(finding: Finding) -> None:
    page = finding.page("/search", q="chief executive and warden tollgate")
    section = page.partition('id="posts-found"')[2].partition("</section>")[0]
    assert f"/people/{finding.warden.uid}" in section
    assert f"acting since {TODAY.day} {TODAY:%B %Y}" in section
    assert "Basil Threepwood" in section
    assert "until 31 May 2024" in section
    assert "Vacant" in finding.page("/search", q="keeper of milestones")


def test_an_organisation_that_is_no_more_leads_to_its_successor(finding: Finding) -> None:
    page = finding.page("/search", q="milestones office")
    section = page.partition('id="organisations-found"')[2].partition("</section>")[0]
    assert "It is no more" in section
    assert f"/organisations/{finding.tollgate.id}" in section
    [found] = finding.plain("/search", q="milestones office")["organisations"]
    assert found["successors"] == [{"id": finding.tollgate.id, "name": "Tollgate Authority"}]
    assert "This organisation is no more" in finding.page(f"/organisations/{finding.gone.id}")
    assert "formerly" in finding.page("/search", q="turnpike board").casefold()


def test_results_are_narrowed_by_cohort_and_counted_by_it_without_whom_the_viewer_may_not_see(
    finding: Finding,
) -> None:
    name = f"tolls-2024-{finding.tollgate.id}"
    found = finding.plain("/search", cohort=name)
    assert {one["uid"] for one in found["results"]} == {finding.viewer.uid, finding.warden.uid}
    assert {"value": name, "label": "Tolls of 2024", "count": 2} in found["facets"]["cohort"]
    assert finding.plain("/search", q="ottoline", cohort=name)["total"] == 1
    assert finding.plain("/search", q="ottoline", cohort="no-such-cohort")["total"] == 0
    assert "Remove cohort" in finding.page("/search", q="ottoline", cohort=name)
    mine = finding.page("/cohorts")
    assert "Tolls of 2024" in mine
    assert finding.warden.uid in mine
    assert finding.sealed.uid not in mine


def test_suggestions_name_people_posts_and_organisations_as_the_viewer_may_see_them(finding: Finding) -> None:
    found = finding.plain("/suggestions", q="tollga")["suggestions"]
    assert {"person", "post", "organisation"} <= {one["kind"] for one in found}
    assert f"/organisations/{finding.tollgate.id}" in {one["href"] for one in found}
    found = finding.plain("/suggestions", q="ottol")["suggestions"]
    assert [one["href"] for one in found] == [f"/people/{finding.warden.uid}"], "and nobody sealed"
    own = finding.portal.browser(finding.sealed)
    assert "Hiddenham" not in finding.page("/suggestions", q="hiddenh").partition("<main")[2]
    assert own.get("/suggestions?q=hiddenh").status_code == 200


@pytest.mark.parametrize("text", ["", "o", " o ", "().!", "é"])
def test_nothing_is_suggested_before_two_letters(finding: Finding, text: str) -> None:
    assert finding.plain("/suggestions", q=text) == {"suggestions": []}
    assert "at least two letters" in finding.page("/suggestions", q=text)


def test_suggestions_are_limited_for_each_person(finding: Finding, slapd: Slapd, fresh_redis: Redis) -> None:
    portal = make_portal(
        slapd, fresh_redis, finding.portal.services.store, system_clock, suggestion_limit="2 per minute"
    )
    one, other = portal.browser(finding.viewer), portal.browser(finding.warden)
    assert [one.get("/suggestions?q=qu").status_code for _ in range(3)] == [200, 200, 429]
    assert other.get("/suggestions?q=qu").status_code == 200
    close(portal)


def test_names_and_queries_are_text_wherever_they_stand(finding: Finding) -> None:
    for path, query in (
        ("/search", "ottoline quarrenden"),
        ("/search", SCRIPT),
        ("/search", f"milestones {SCRIPT}"),
        ("/suggestions", "milestones"),
        ("/suggestions", SCRIPT),
        ("/people", ""),
        (f"/organisations/{finding.gone.id}", ""),
        (f"/people/{finding.warden.uid}", ""),
    ):
        page = finding.page(path, q=query, letter="Q", region=SCRIPT if path == "/search" else "")
        assert "alert(1)" not in page.replace("&lt;script&gt;alert(1)&lt;/script&gt;", ""), (path, query)


@pytest.mark.parametrize(
    "hostile", ["*)(uid=*", "\x00\x01", "\u202e", "a" * 5000, "🙂" * 90, "//evil.example"]
)
def test_a_hostile_query_is_answered_on_every_page_that_takes_one(finding: Finding, hostile: str) -> None:
    facets = dict.fromkeys(("q", "sector", "region", "role", "organisation", "cohort", "page"), hostile)
    sealed = replace(finding, client=finding.portal.browser(finding.sealed))
    for query in (facets, {"q": hostile}, {"q": "warden", "organisation": hostile}, {"cohort": hostile}):
        finding.page("/search", **query)
        sealed.page("/search", **query)
    finding.page("/suggestions", q=hostile)
    finding.page("/people", sector=hostile, region=hostile, letter="Q")
    finding.page("/organisations", sector=hostile, region=hostile)
    assert finding.client.get("/people", query_string={"letter": hostile}).status_code in (200, 404)


@pytest.mark.parametrize("page", ["-1", "0", "999999999999", "9" * 40])
def test_a_page_that_there_is_not_is_the_first_or_the_last(finding: Finding, page: str) -> None:
    for query in ({"q": "warden"}, {"region": finding.tollgate.region}):
        assert finding.plain("/search", **query, page=page)["total"] > 0, query


def test_searching_is_asked_for_and_never_sent_and_no_query_is_logged(
    finding: Finding, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    for path in ("/search", "/suggestions", "/people", "/cohorts"):
        assert finding.client.post(f"{path}?q=zzyzzyx").status_code in (400, 405)
        finding.client.get(f"{path}?q=zzyzzyx&letter=Q")
    assert "zzyzzyx" not in caplog.text


def test_the_search_box_stands_on_pages_that_say_what_went_wrong(finding: Finding) -> None:
    for path in ("/no-such-page", "/people/nobody", "/desk"):
        answer = finding.client.get(path)
        assert answer.status_code in (403, 404)
        assert 'role="search"' in answer.get_data(as_text=True), path
    assert 'role="search"' not in finding.portal.browser().get("/no-such-page").get_data(as_text=True)


def test_an_organisations_page_draws_its_posts_and_says_who_is_new_and_whom_to_call(finding: Finding) -> None:
    page = finding.page(f"/organisations/{finding.tollgate.id}")
    chart = page.partition('<ul class="cp-chart')[2].partition("</section>")[0]
    assert (
        chart.index("Chief Executive and Warden")
        < chart.index("cp-chart__below")
        < chart.index("Deputy Warden")
    )
    new = page.partition('id="new"')[2].partition("</section>")[0]
    assert finding.warden.uid in new
    assert "Quist" not in new
    call = page.partition('id="call"')[2].partition("</section>")[0]
    assert "tel:02079460111" in call
    assert "tel:02079460222" in call
    assert "Formerly Turnpike Board (until 31 March 2019)" in page
    assert "Aldermoor, Wychmere" in page
    assert f"/organisations/{finding.gone.id}" in page, "what it took over from"


def test_a_posts_page_says_who_holds_it_and_held_it_with_dates(finding: Finding) -> None:
    page = finding.page(f"/posts/w{finding.tollgate.id}")
    now, _, before = page.partition("Who held it before")
    assert f"Since {TODAY.day} {TODAY:%B %Y}" in now
    assert "Acting" in now
    assert "6 January 2020 to 31 May 2024" in before
    assert "Nobody holds this post today" in finding.page(f"/posts/v{finding.tollgate.id}")


def test_people_are_listed_by_letter_sector_and_region_as_the_viewer_may_see_them(finding: Finding) -> None:
    listed = finding.page("/people", letter="Q")
    assert finding.warden.uid in listed
    assert finding.warden.uid not in finding.page("/people", letter="Q", sector="Housing")
    assert finding.warden.uid not in finding.page("/people", letter="R")
    assert "Hiddenham" not in finding.page("/people", letter="H")
    assert "Tollgate Authority" in finding.page("/organisations", sector="Police", region="London")
    assert "Tollgate Authority" not in finding.page("/organisations", region="Wales")


def test_what_one_person_was_answered_is_not_kept_for_another_and_not_beyond_a_change(
    finding: Finding, slapd: Slapd
) -> None:
    index: SearchIndex = finding.portal.services.index
    assert finding.plain("/search", q="threepwood")["total"] == 1
    assert finding.plain("/search", q="threepwood")["total"] == 1
    another = finding.portal.person(full_name="Una Threepwood", family_name="Threepwood")
    assert agrees(slapd, index)
    assert finding.plain("/search", q="threepwood")["total"] == 2
    finding.portal.sync.write([Update(another, replace(another, status="held"))])
    assert another.uid not in str(finding.plain("/search", q="threepwood")["results"])
