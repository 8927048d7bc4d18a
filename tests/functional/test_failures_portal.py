"""Servers behind the portal are killed, hang, fill up, come back: pages say so and recover by themselves."""

import json
import os
import re
import resource
import shutil
import signal
import sqlite3
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from threading import Thread
from wsgiref.simple_server import make_server

import psutil
import pytest
from sqlalchemy import update

from dev.house import House
from dev.identity_provider.__main__ import QuietHandler, ThreadingServer
from dev.identity_provider.config import load
from dev.identity_provider.server import Application
from dev.processes import Process
from dev.provision import MANAGER
from dev.settings import of_a_test
from ldap_schema.credentials import Credential
from ldap_schema.directory import Service
from store import ledger
from store.database import Store
from store.mail import Mail
from store.models import OutboxMail
from store.outbox import MOST_TRIES, enqueue
from store.settings import StoreSettings
from tests.functional.directory_kit import opened
from tests.functional.visitor import Answer, Visitor, sign_in

LEADER = "isolde.marchbank@rivers-and-coasts.example"
PORTAL_THREADS = 8
WAIT = 1.5  # seconds the portal waits for the directory or the store here; by default it is several
BACK = 2.0  # seconds in which everything must work again
DIRECTORY = "The directory does not answer at the moment."
SESSIONS = "The sessions store, which knows who is signed in, does not answer at the moment."
DATABASE = "The database does not answer at the moment."


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A house of this file's own: its servers are killed, and nobody else may miss them."""
    impatient = {
        "COUNTERPART_DIRECTORY_TIMEOUT": str(WAIT),
        "COUNTERPART_SERVICE_REDIS_TIMEOUT": "1",
        "COUNTERPART_STORE_TIMEOUT": str(WAIT),
    }
    settings = of_a_test(tmp_path_factory.mktemp("failing-house"), 60)
    with House(settings, {**os.environ, **impatient}) as running:
        yield running


@pytest.fixture
def leader(visitor: Visitor) -> Visitor:
    assert sign_in(visitor, LEADER).status == 200
    return visitor


@pytest.fixture
def manager(house: House) -> Visitor:
    visitor = Visitor(house.settings.portal_url)
    assert sign_in(visitor, MANAGER).status == 200
    return visitor


@contextmanager
def hung(server: Process) -> Iterator[None]:
    """The server neither answers nor lets go of its connections."""
    process = psutil.Process(server.pid)
    process.suspend()
    deadline = time.monotonic() + 10
    while process.status() != psutil.STATUS_STOPPED and time.monotonic() < deadline:
        time.sleep(0.01)  # the signal is on its way; until it has arrived, the server may still answer
    time.sleep(0.1)
    try:
        yield
    finally:
        os.kill(server.pid, signal.SIGCONT)


@contextmanager
def killed(server: Process) -> Iterator[None]:
    server.kill()
    try:
        yield
    finally:
        server.start()


@contextmanager
def providers_with_a_clock(house: House, ahead: timedelta) -> Iterator[None]:
    """The identity providers of the house, with a clock that is wrong."""
    house.providers.process.stop()
    config = load(house.settings.var / "identity-providers" / "identity-providers.toml")
    application = Application(config, lambda: datetime.now(UTC) + ahead)
    with make_server(config.host, config.port, application, ThreadingServer, QuietHandler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()
    house.providers.process.start()


def ready(visitor: Visitor) -> dict[str, object]:
    """What /readyz says, whose status agrees with it."""
    answer = visitor.get("/readyz", Accept="application/json")
    said: dict[str, object] = json.loads(answer.body)
    assert answer.status == (200 if said["status"] == "ready" else 503)
    return said


def says_that_it_is_away(answer: Answer, what: str) -> None:
    """The page of a part that does not answer: what it is, that waiting helps, and a reference."""
    assert answer.status == 503, (answer.url, answer.status)
    assert what in answer.text
    assert "works by itself again" in answer.text
    assert "cp-reference" in answer.text
    assert answer.headers["Retry-After"] == "30"


def statuses(visitor: Visitor, path: str, times: int = 24) -> Counter[int]:
    """Ask with many threads at once."""
    with ThreadPoolExecutor(times) as threads:
        return Counter(threads.map(lambda _: visitor.get(path).status, range(times)))


def soon(visitor: Visitor, path: str) -> None:
    """The page works within two seconds, and then for everybody at once."""
    deadline = time.monotonic() + BACK
    while visitor.get(path, follow=False).status != 200:
        assert time.monotonic() < deadline, path
        time.sleep(0.05)
    assert statuses(visitor, path) == {200: 24}
    assert ready(visitor)["status"] == "ready"


@pytest.mark.parametrize("failing", [killed, hung])
def test_pages_say_that_the_directory_is_away_and_work_again_when_it_is_back(
    house: House, leader: Visitor, failing: object
) -> None:
    assert statuses(leader, "/search?q=a") == {200: 24}  # all connections of the pool are open now
    with failing(house.slapd):  # type: ignore[operator]
        says_that_it_is_away(leader.get("/search?q=marchbank"), DIRECTORY)
        says_that_it_is_away(leader.get("/devices"), DIRECTORY)
        assert statuses(leader, "/search?q=a") == {503: 24}
        said = ready(leader)
        assert (said["directory"], said["sessions"], said["database"]) == (False, True, True)
        assert leader.get("/healthz").status == 200
        assert Visitor(leader.base).get("/help").status == 200
        stranger = Visitor(leader.base)
        page = stranger.submit(stranger.get("/sign-in"), "address", address=LEADER)
        page = stranger.submit(page, "identity", identity="1")
        says_that_it_is_away(stranger.submit(page, "SAMLResponse"), "Signing in does not answer")
    soon(leader, "/search?q=marchbank")
    assert sign_in(Visitor(leader.base), LEADER).status == 200


def test_a_wrong_password_of_our_own_account_is_an_outage_and_signs_nobody_out(
    house: House, leader: Visitor
) -> None:
    file = house.slapd.settings().portal_password_file
    right = file.read_text()
    house.slapd.kill()
    house.slapd.start()  # so that new connections are needed
    try:
        file.write_text("wrong")
        says_that_it_is_away(leader.get("/search?q=a"), DIRECTORY)
        assert "password of the account is wrong" in house.portal.log.read_text()
    finally:
        file.write_text(right)
    soon(leader, "/search?q=a")


def test_a_hanging_directory_does_not_keep_other_pages_waiting(house: House, leader: Visitor) -> None:
    with hung(house.slapd), ThreadPoolExecutor(3 * PORTAL_THREADS) as crowd:
        leader.get("/search?q=a")  # from here on the portal knows
        asked = [crowd.submit(leader.get, "/search?q=a") for _ in range(3 * PORTAL_THREADS)]
        began = time.monotonic()
        assert leader.get("/healthz").status == 200
        assert leader.get("/help").status == 200
        took = time.monotonic() - began
        assert {each.result().status for each in asked} == {503}
    assert took < WAIT
    soon(leader, "/search?q=a")


def test_a_directory_that_restarts_again_and_again_is_found_each_time(house: House, leader: Visitor) -> None:
    for _ in range(2):
        house.slapd.kill()
        assert leader.get("/search?q=a").status == 503
        house.slapd.start()
        soon(leader, "/search?q=a")


@pytest.mark.parametrize("failing", [killed, hung])
def test_pages_say_that_sessions_are_away_and_work_again_when_they_are_back(
    house: House, leader: Visitor, failing: object
) -> None:
    with failing(house.redis):  # type: ignore[operator]
        for path in ("/search?q=marchbank", "/devices", "/sign-in"):
            says_that_it_is_away(leader.get(path), SESSIONS)
        said = ready(leader)
        assert (said["directory"], said["sessions"], said["database"]) == (True, False, True)
        with ThreadPoolExecutor(3 * PORTAL_THREADS) as crowd:
            asked = [crowd.submit(leader.get, "/search?q=a") for _ in range(3 * PORTAL_THREADS)]
            began = time.monotonic()
            assert leader.get("/healthz").status == 200
            assert leader.get("/static/styles.css").status == 200
            assert time.monotonic() - began < 1
            assert {each.result().status for each in asked} == {503}
        assert leader.get("/help").status == 200
    if failing is hung:
        soon(leader, "/search?q=marchbank")  # nothing was lost
        return
    page = leader.get("/search?q=marchbank")
    assert (page.status, "/sign-in?next=" in page.url) == (200, True)
    assert "You are signed out" in page.text
    assert sign_in(leader, LEADER).status == 200
    soon(leader, "/search?q=marchbank")
    log = house.portal.log.read_text()
    assert "SessionsUnavailable: Redis does not answer: " in log


def test_a_writer_that_keeps_the_store_for_long_holds_up_writing_only(
    house: House, leader: Visitor, manager: Visitor
) -> None:
    message = leader.get("/devices")
    other = sqlite3.connect(house.settings.var / "counterpart.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        began = time.monotonic()
        assert ready(leader)["status"] == "ready"
        assert manager.get("/desk").status == 200
        assert Visitor(leader.base).get("/sign-in").status == 200
        assert "Nobody found" in leader.get("/search?q=qqqqqqqq").text  # noting it for the desk is given up
        assert time.monotonic() - began < WAIT
        says_that_it_is_away(leader.submit(message, "label", label="My laptop"), DATABASE)
    finally:
        other.close()
    assert "My laptop" in leader.submit(leader.get("/devices"), "label", label="My laptop").text


def test_a_store_that_is_taken_away_is_missed_and_its_backup_is_taken_up(
    house: House, leader: Visitor, manager: Visitor
) -> None:
    file = house.settings.var / "counterpart.db"
    assert manager.get("/desk").status == 200
    someone = re.findall('govuk-link" href="(/people/[^"]+)"', leader.get("/search?q=marchbank").text)[0]
    away = file.with_suffix(".away")
    file.rename(away)
    try:
        assert ready(leader)["database"] is False
        says_that_it_is_away(manager.get("/desk"), DATABASE)
        says_that_it_is_away(Visitor(leader.base).get("/sign-in"), DATABASE)
        for page in ("/search?q=marchbank", "/", someone):
            assert leader.get(page).status == 200, page
        says_that_it_is_away(leader.get("/saved"), DATABASE)
        assert not file.exists()
    finally:
        shutil.copy(away, file)  # another file with the same content, as a restored backup is
    soon(manager, "/desk")
    assert sign_in(Visitor(leader.base), LEADER).status == 200


@contextmanager
def without_store(house: House) -> Iterator[None]:
    file = house.settings.var / "counterpart.db"
    away = file.with_suffix(".away")
    file.rename(away)
    try:
        yield
    finally:
        away.rename(file)


def devices(house: House) -> list[Credential]:
    """The leader's mail programs, as the directory has them."""
    with opened(house.slapd, Service.PORTAL) as directory:
        owner = directory.people.by_sign_in_address(LEADER)
        assert owner is not None
        return directory.credentials.of(owner.uid)


def press(visitor: Visitor, page: Answer, act: str) -> Answer:
    """Press a button of the page again, whose form holds nothing but its token."""
    token = page.form("label").fields["csrf_token"]
    origin = visitor.base.rstrip("/")
    return visitor.post(act, {"csrf_token": token}, Referer=page.url, Origin=origin)


def written_down(house: House) -> list[tuple[str, str]]:
    """What the ledger says of mail programs, in its order: the event and the device."""
    store = Store.open(StoreSettings(url=f"sqlite:///{house.settings.var / 'counterpart.db'}"))
    with store.reading() as tx:
        found = [(each.event, each.subject) for each in ledger.latest(tx, 50)]
    store.close()
    return [each for each in found if each[0].startswith("device ")]


def test_without_the_store_no_mail_program_is_added_removed_or_restored(
    house: House, leader: Visitor
) -> None:
    assert "Old laptop" in leader.submit(leader.get("/devices"), "label", label="Old laptop").text
    stopped = next(each for each in devices(house) if each.label == "Old laptop")
    with opened(house.slapd, Service.PORTAL) as directory:
        directory.credentials.suspend(stopped.id)
    page, before, said = leader.get("/devices"), devices(house), written_down(house)
    act = f"/devices/{stopped.id}"
    with without_store(house):
        says_that_it_is_away(leader.submit(page, "label", label="Never made"), DATABASE)
        says_that_it_is_away(press(leader, page, f"{act}/restore"), DATABASE)
        says_that_it_is_away(press(leader, page, f"{act}/remove"), DATABASE)
        assert devices(house) == before
    soon(leader, "/devices")
    assert written_down(house) == said
    assert press(leader, page, f"{act}/restore").status == 200
    assert press(leader, page, f"{act}/remove").status == 200
    assert stopped.id not in {each.id for each in devices(house)}
    assert written_down(house) == [*said, ("device restored", stopped.id), ("device removed", stopped.id)]


def test_a_mail_program_is_not_written_down_when_the_directory_goes_before_it_is_made(
    house: House, leader: Visitor
) -> None:
    page, before, said = leader.get("/devices"), devices(house), written_down(house)
    writer = sqlite3.connect(house.settings.var / "counterpart.db", isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")  # now the act asks the directory who may, and waits for the store
    with ThreadPoolExecutor(1) as thread:
        try:
            asked = thread.submit(leader.submit, page, "label", label="Never made")
            time.sleep(WAIT / 3)
            house.slapd.kill()
        finally:
            writer.close()
        try:
            says_that_it_is_away(asked.result(), DIRECTORY)
        finally:
            house.slapd.start()
    soon(leader, "/devices")
    assert (devices(house), written_down(house)) == (before, said)


def test_a_full_disk_under_the_store_is_said_and_writes_nothing(
    house: House, leader: Visitor, manager: Visitor
) -> None:
    before = leader.get("/devices").text.count("govuk-summary-list__row")
    feedback = leader.get("/feedback")
    (worker,) = psutil.Process(house.portal.pid).children()
    resource.prlimit(worker.pid, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
    try:
        says_that_it_is_away(leader.submit(feedback, "text", text="The disk is full."), DATABASE)
        assert leader.get("/search?q=marchbank").status == 200
    finally:
        resource.prlimit(worker.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
    assert "The disk is full." not in manager.get("/desk").text
    assert leader.submit(leader.get("/feedback"), "text", text="There is room again.").status == 200
    assert "There is room again." in manager.get("/desk").text
    assert leader.get("/devices").text.count("govuk-summary-list__row") == before


def test_when_the_organisations_own_page_is_down_the_portal_has_told_what_to_do(house: House) -> None:
    with killed(house.providers.process):
        visitor = Visitor(house.settings.portal_url)
        start = visitor.get("/sign-in")
        assert "see what you can do" in start.text
        with pytest.raises(ConnectionRefusedError):
            visitor.submit(start, "address", address=LEADER)
        assert "its sign-in service is out of order" in visitor.get("/help").text
    assert sign_in(visitor, LEADER).status == 200


def test_mail_that_is_given_up_stands_on_the_desk(house: House, leader: Visitor, manager: Visitor) -> None:
    house.worker.stop()
    house.mail.stop()
    store = Store.open(StoreSettings(url=f"sqlite:///{house.settings.var / 'counterpart.db'}"))
    with store.transaction() as tx:
        mail = Mail(to="ada.quill@rivers.example", subject="Note", text="Could we talk?")
        number = enqueue(tx, mail, "given up", datetime.now(UTC))
        tx.execute(update(OutboxMail).where(OutboxMail.id == number).values(tries=MOST_TRIES - 1))
    store.close()
    house.worker.start()
    deadline = time.monotonic() + 10
    while "could not be delivered" not in manager.get("/desk").text:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    house.mail.start()
    assert "Check the address and the mail server." in manager.get("/desk").text


@pytest.mark.parametrize("minutes", [10, -20])
def test_a_provider_whose_clock_is_wrong_is_told_apart_from_a_slow_person(house: House, minutes: int) -> None:
    with providers_with_a_clock(house, timedelta(minutes=minutes)):
        page = sign_in(Visitor(house.settings.portal_url), LEADER)
    assert page.status == 403
    assert "of your organisation and of this site differ" in page.text
    assert "compare the clocks" in house.portal.log.read_text()


def test_nothing_of_all_this_left_a_traceback_in_the_portals_log(house: House) -> None:
    assert "Traceback" not in house.portal.log.read_text()
