"""From a client's request to the directory, by the plan and guard of files, once the client is quiet."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from counterpart.pushes import Pushes
from dev.servers import Redis, Slapd
from ldap_schema.feeds import FeedPart
from ldap_schema.people import ACTIVE, LEAVING, LEFT, MISSING, Person
from store import ledger, waiting
from store.database import Store
from sync import runs
from sync.context import DONE, HELD, REFUSED, Result, SyncContext
from sync.erasures import erase
from sync.receipt import as_csv, as_text
from sync.receipt_file import load_receipt
from sync.retention import clear_away
from sync.settings import SyncSettings
from tests.conftest import SettableClock
from tests.scim_kit import Pushing, pushing, scim_portal, user


@dataclass
class Pushed:
    """A client, and the worker that looks at what it pushed."""

    client: Pushing
    pushes: Pushes
    clock: SettableClock
    store: Store

    def quiet(self, **amount: float) -> list[Result]:
        """Let time pass without a request, and look."""
        self.clock.advance(**(amount or {"seconds": 61}))
        return self.pushes.look()

    def people(self) -> dict[str, Person]:
        found = self.client.directory.people.all_of_feed(self.client.feed, "all")
        return {each.feed_key: each for each in found}

    def on_the_desk(self) -> list[str]:
        """What waits about this feed."""
        with self.store.transaction() as tx:
            kinds = waiting.HELD_FEED, waiting.REFUSED_FEED
            items = [each for kind in kinds for each in waiting.open_items(tx, kind)]
        return [each.summary for each in items if each.key == f"{self.client.feed}/all"]

    def part(self) -> FeedPart:
        found = self.client.directory.feeds.part(self.client.feed, "all")
        assert found is not None
        return found

    def restarted(self) -> "Pushed":
        """The same after the worker was started again."""
        return Pushed(self.client, Pushes(self.pushes.context), self.clock, self.store)


@pytest.fixture
def pushed(
    slapd: Slapd, redis_server: Redis, store: Store, clock: SettableClock, tmp_path: Path
) -> Iterator[Pushed]:
    mappings = tmp_path / "mappings"
    mappings.mkdir()
    settings = SyncSettings(folder=tmp_path / "sync", mappings=mappings, inbox=tmp_path / "inbox")
    with scim_portal(slapd, redis_server, store, mappings, clock) as portal:
        context = SyncContext(
            settings=settings, directory=portal.sync, store=store, clock=clock, actor="worker"
        )
        yield Pushed(pushing(portal, mappings, clock), Pushes(context), clock, store)


def test_nothing_happens_until_the_client_is_quiet_and_then_all_of_it_at_once(pushed: Pushed) -> None:
    ids = [pushed.client.create(externalId=f"E{n}", title=f"Master {n}")["id"] for n in (1, 2)]
    assert pushed.quiet(seconds=30) == []
    pushed.client.patch(ids[0], {"op": "replace", "path": "title", "value": "Harbour Master"})
    assert pushed.quiet(seconds=59) == []
    assert pushed.people() == {}
    (result,) = pushed.quiet(seconds=2)
    assert result.exit_code == DONE
    assert {key: (each.title, each.status) for key, each in pushed.people().items()} == {
        "e1": ("Harbour Master", ACTIVE),
        "e2": ("Master 2", ACTIVE),
    }
    csn = pushed.client.directory.context_csn()
    assert pushed.quiet() == []
    assert pushed.client.directory.context_csn() == csn
    feed, began = f"feed:{pushed.client.feed}", pushed.clock() - timedelta(minutes=5)
    with pushed.store.transaction() as tx:
        assert ledger.holds(tx, "feed applied", feed, "run", pushed.part().run, began)


def test_a_client_that_never_pauses_is_looked_at_after_a_quarter_of_an_hour(pushed: Pushed) -> None:
    created = pushed.client.create(externalId="E1")
    looks = 0
    while not pushed.quiet(seconds=50):
        looks += 1
        pushed.client.patch(created["id"], {"op": "replace", "path": "title", "value": f"Master {looks}"})
        assert looks < 20
    assert looks == 17
    assert pushed.people()["e1"].title == "Master 17"


def test_what_waits_is_not_forgotten_when_the_worker_is_started_again(pushed: Pushed) -> None:
    pushed.client.create(externalId="E1")
    assert len(pushed.restarted().quiet()) == 1
    assert list(pushed.people()) == ["e1"]


def test_not_active_is_a_leave_notice_and_taking_it_back_lets_them_stay(pushed: Pushed) -> None:
    ids = {n: pushed.client.create(externalId=f"E{n}", title=f"Master {n}")["id"] for n in (1, 2, 3)}
    pushed.quiet()
    pushed.client.patch(ids[1], {"op": "Replace", "path": "active", "value": "False"})
    pushed.quiet()
    assert pushed.people()["e1"].status in (ACTIVE, LEAVING)  # until the end of the day
    pushed.quiet(hours=24)
    assert pushed.people()["e1"].status == LEFT
    assert pushed.people()["e2"].status == ACTIVE
    pushed.client.patch(ids[1], {"op": "Replace", "path": "active", "value": "True"})
    pushed.quiet()
    assert pushed.people()["e1"].status == ACTIVE


def test_a_deleted_record_is_first_a_question_and_a_day_later_an_answer(pushed: Pushed) -> None:
    ids = {n: pushed.client.create(externalId=f"E{n}", title=f"Master {n}")["id"] for n in (1, 2, 3)}
    pushed.quiet(hours=24)
    seen = pushed.client.seen(ids[1])
    pushed.client.send("DELETE", f"/Users/{ids[1]}")
    pushed.quiet(hours=24)
    uid = pushed.people()["e1"].uid
    assert pushed.people()["e1"].status == MISSING
    pushed.quiet(hours=24)
    assert pushed.people()["e1"].status in (LEAVING, LEFT)
    pushed.client.create(externalId="E1", title="Master 1", userName=seen["userName"], name=seen["name"])
    pushed.quiet(hours=24)
    assert pushed.people()["e1"].status == ACTIVE
    assert pushed.people()["e1"].uid == uid


def test_a_wrong_scope_that_takes_many_away_is_held_and_stands_on_the_desk(pushed: Pushed) -> None:
    ids = [pushed.client.create(externalId=f"E{n}", title=f"Master {n}")["id"] for n in range(6)]
    pushed.quiet(hours=24)
    for id_ in ids[:3]:
        pushed.client.patch(id_, {"op": "Replace", "path": "active", "value": "False"})
    (result,) = pushed.quiet(hours=24)
    assert result.exit_code == HELD
    assert {each.status for each in pushed.people().values()} == {ACTIVE}
    (told,) = pushed.on_the_desk()
    assert pushed.part().hold_run in told
    run = pushed.part().hold_run
    assert pushed.quiet(hours=24) == []  # it waits as it is, so that an approval finds it
    assert pushed.part().hold_run == run
    context = pushed.pushes.context
    runs.approve(context, run, "They really left")
    assert runs.apply_run(context, Path(run)).exit_code == DONE
    assert sorted(each.status for each in pushed.people().values()).count(ACTIVE) == 3


def test_a_snapshot_that_is_empty_changes_nothing_and_says_so_on_the_desk(pushed: Pushed) -> None:
    ids = [pushed.client.create(externalId=f"E{n}", title=f"Master {n}")["id"] for n in range(2)]
    pushed.quiet(hours=24)
    for id_ in ids:
        pushed.client.send("DELETE", f"/Users/{id_}")
    (result,) = pushed.quiet(hours=24)
    assert result.exit_code == REFUSED
    assert {each.status for each in pushed.people().values()} == {ACTIVE}
    (told,) = pushed.on_the_desk()
    assert "never changes anything" in told


def test_the_receipt_names_records_as_the_client_does(pushed: Pushed) -> None:
    pushed.client.create(externalId="E1", userName="ada@harbour.example", title="Master 1")
    pushed.client.create(externalId="E2", userName="bram@harbour.example", title=None)
    pushed.quiet()
    context = pushed.pushes.context
    receipt = load_receipt(context.settings.folder, pushed.part().run, context.sealer())
    assert "bram@harbour.example (E2): rejected: the row has no title" in as_text(receipt)
    assert "line " not in as_text(receipt)
    assert "bram@harbour.example (E2)" in as_csv(receipt)


def test_a_leader_is_never_written_by_a_request(pushed: Pushed) -> None:
    pushed.client.create(externalId="E1")
    pushed.quiet()
    before = pushed.people()["e1"]
    pushed.client.send("POST", "/Users", user(externalId="E2"))
    found = pushed.client.send("GET", '/Users?filter=externalId eq "E1"').json["Resources"][0]
    pushed.client.patch(found["id"], {"op": "replace", "path": "title", "value": "Other"})
    assert pushed.people() == {"e1": before}


def test_what_was_written_out_is_deleted_in_time_but_not_what_a_held_run_needs(
    pushed: Pushed,
) -> None:
    folder = pushed.pushes.context.settings.folder / "pushed"
    ids = [pushed.client.create(externalId=f"E{n}", title=f"Master {n}")["id"] for n in range(6)]
    pushed.quiet(hours=24)
    (first,) = folder.glob("*/*")
    for id_ in ids[:3]:
        pushed.client.patch(id_, {"op": "Replace", "path": "active", "value": "False"})
    pushed.quiet(hours=24)
    (held,) = set(folder.glob("*/*")) - {first}
    for path in (first, held):
        os.utime(path, (0, 0))
    clear_away(pushed.pushes.context, ())
    assert not first.exists()
    assert held.exists()


def test_whoever_is_erased_is_taken_out_of_what_was_pushed_and_not_taken_again(pushed: Pushed) -> None:
    context = pushed.pushes.context
    for n in (1, 2):
        pushed.client.create(externalId=f"E{n}", title=f"Master {n}")
    pushed.quiet()
    hers = pushed.people()["e1"]
    told = context.directory.scim_snapshots.records(pushed.client.feed, external_id="E1")[0].resource
    erase(context, hers, "She asked for it")
    left = context.directory.scim_snapshots.records(pushed.client.feed)
    assert [each.external_id for each in left] == ["E2"]
    papers = [each for each in context.settings.folder.rglob("*") if each.is_file()]
    assert not [each for each in papers if hers.family_name.encode() in each.read_bytes()], told
    pushed.client.create(externalId="E1", title="Master 1")
    pushed.quiet()
    assert list(pushed.people()) == ["e2"]
    receipt = load_receipt(context.settings.folder, pushed.part().run, context.sealer())
    assert receipt.counts()["not taken"] == 1
