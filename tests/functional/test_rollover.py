"""Our own keys are changed while people sign in: none of them notices, at no step, plain or encrypted."""

import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from redis import Redis

from counterpart.settings import load
from dev.house import House
from tests.functional.test_journeys import LIZ, TAMSIN
from tests.functional.visitor import Answer, Visitor, choice, sign_in

PLAIN, ENCRYPTED = LIZ, TAMSIN  # Northmere's provider encrypts what it says
EACH = 2  # sign-ins of each kind that must come through between two steps
PATIENCE = 90.0  # seconds


class People:
    """Two crowds that sign in again and again until told to stop."""

    def __init__(self, house: House) -> None:
        self.house, self.done, self.failed = house, Counter[str](), list[str]()
        self.stop = threading.Event()

    def crowd(self, address: str) -> None:
        while not self.stop.is_set():
            try:
                page = sign_in(Visitor(self.house.settings.portal_url), address)
                good, seen = "Sign out" in page.text, f"{page.status} at {page.url}: {page.text[:300]}"
            except (AssertionError, OSError) as error:
                good, seen = False, repr(error)
            self.done[address] += good
            if not good:
                self.failed.append(seen)
            self.stop.wait(0.3)  # a network address may only try so often

    def go_through(self) -> None:
        """Wait until some of each crowd, who set out after now, are in."""
        before, deadline = dict(self.done), time.monotonic() + PATIENCE
        while any(self.done[one] - before.get(one, 0) < EACH + 1 for one in (PLAIN, ENCRYPTED)):
            assert not self.failed, self.failed[0]
            assert time.monotonic() < deadline, self.done
            time.sleep(0.05)


@contextmanager
def signing_in(house: House) -> Iterator[People]:
    people = People(house)
    threads = [threading.Thread(target=people.crowd, args=(one,)) for one in (PLAIN, ENCRYPTED)]
    for thread in threads:
        thread.start()
    try:
        yield people
    finally:
        people.stop.set()
        for thread in threads:
            thread.join()


def providers_read_our_metadata(house: House) -> None:
    """What providers do by themselves within a day, or their administrators when asked."""
    described = house.settings.var / "identity-providers" / "counterpart.xml"
    part = described.with_suffix(".part")
    part.write_bytes(Visitor(house.settings.portal_url).get("/saml/metadata").body)
    part.replace(described)


def on_the_way(house: House, address: str) -> tuple[Visitor, Answer]:
    """Somebody whose provider has answered, and whose browser has not brought the answer to us yet."""
    visitor = Visitor(house.settings.portal_url)
    page = visitor.submit(visitor.get("/sign-in"), "address", address=address)
    return visitor, visitor.submit(page, "identity", identity=choice(page, address))


def forget_tries(house: House) -> None:
    """All tests come from one address; the limits are tested elsewhere."""
    settings = load({}, house.settings.settings_file).service
    file = settings.redis_password_file
    with Redis.from_url(settings.redis_url, password=Path(file).read_text() if file else None) as redis:
        for key in redis.scan_iter("LIMITS*"):
            redis.delete(key)


def test_not_one_sign_in_fails_while_our_keys_change(house: House) -> None:
    def step(*arguments: str) -> None:
        caught = [on_the_way(house, address) for address in (PLAIN, ENCRYPTED)]
        house.commands.run(("idp", "rollover", *arguments))
        for visitor, page in caught:
            assert "Sign out" in visitor.submit(page, "SAMLResponse").text, arguments

    forget_tries(house)
    before = Visitor(house.settings.portal_url).get("/saml/metadata").body
    with signing_in(house) as people:
        people.go_through()
        step("--start")
        people.go_through()  # providers still have the copy from before
        providers_read_our_metadata(house)
        people.go_through()
        step("--switch", "--early")
        people.go_through()  # with the copy that was made before the switch
        providers_read_our_metadata(house)
        people.go_through()
        step("--finish", "--early")
        people.go_through()
    forget_tries(house)
    after = Visitor(house.settings.portal_url).get("/saml/metadata").body

    assert not people.failed
    assert sum(people.done.values()) >= 36
    assert before != after
