"""A running Counterpart, and departments whose providers are other people's products."""

import re
from collections.abc import Generator, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from redis import Redis as RedisClient

from dev.processes import Process
from dev.servers import MailCatcher, Redis, Slapd
from tests.functional.command_line import Answer as Printed
from tests.functional.command_line import Installed
from tests.functional.test_counterpart_journeys import FEED
from tests.functional.visitor import Answer, Visitor
from tests.interop.products.product import Product

HILL = ("Moorcroft", "Gil", "gil@hill-council.example", "Chief executive", "Hill Council")


class Counterpart:
    """Directory, Redis, mail catcher and the portal, furnished from the command line alone."""

    def __init__(self, installed: Installed, redis: Redis, organisations: Sequence[str]) -> None:
        self.installed, self.redis = installed, redis
        installed.store().close()
        (installed.folder / "river-board.toml").write_text(FEED)
        (installed.folder / "river-board-2026-11-01.csv").write_text(_rows(organisations))
        self.command("sync", "apply", "river-board.toml", "--file", "river-board-2026-11-01.csv")

    @property
    def origin(self) -> str:
        return self.installed.house.portal_url

    def portal(self) -> Process:
        """The portal as a service manager starts it; use as a context manager."""
        port = self.installed.house.portal_port
        return self.installed.start("portal", "serve", "--port", str(port), port=port)

    def command(self, *arguments: str | Path, code: int = 0) -> Printed:
        """Run `counterpart`, which must end with that code."""
        printed = self.installed.run(*arguments)
        assert printed.code == code, printed
        return printed

    def roll_over(self) -> Generator[str, None, None]:
        """Take the steps from one key of ours to the next; after each, something can be tried. Closed early,
        it takes the others, so that no test begins in the middle."""
        steps = ["start", "switch", "finish"]
        try:
            while steps:
                self.command("idp", "rollover", f"--{steps[0]}", "--early")
                yield steps.pop(0)
        finally:
            for step in steps:
                self.command("idp", "rollover", f"--{step}", "--early")

    def metadata(self) -> bytes:
        """What we publish for providers."""
        answer = Visitor(self.origin).get("/saml/metadata")
        assert answer.status == 200, answer.text
        return answer.body

    def reason(self, page: Answer) -> str:
        """What the log says beside the reference that the page shows."""
        reference = re.search(r'class="cp-reference">([^<]+)<', page.text)
        assert reference, page.text
        log = "".join(file.read_text(errors="replace") for file in self.installed.var.glob("log/*.log"))
        lines = [line for line in log.splitlines() if reference[1] in line]
        assert lines, log[-4000:]
        return "\n".join(lines)

    def forget_tries(self) -> None:
        """All tests come from one address; the limits are tested elsewhere."""
        with RedisClient.from_url(self.redis.url) as redis:
            for key in redis.scan_iter("LIMITS*"):
                redis.delete(key)


class Department:
    """A product, its registration with us, and visitors who go through both."""

    def __init__(self, counterpart: Counterpart, product: Product) -> None:
        self.counterpart, self.product = counterpart, product
        self._registered = b""

    @property
    def folder(self) -> Path:
        return self.counterpart.installed.folder

    def describe(self) -> str:
        """Write the registration file with the product's metadata of now; gives the file's name."""
        product = self.product
        (self.folder / f"{product.slug}.xml").write_bytes(product.metadata())
        (self.folder / f"{product.slug}.toml").write_text(
            f'id = "{product.slug}"\nname = "{organisation(product.slug)}"\nmetadata = "{product.slug}.xml"\n'
            f'organisations = ["{organisation(product.slug)}"]\ndomains = ["{product.domain}"]\n'
            f'identity_attribute = "{product.identity_attribute}"\ncontact = "the IT desk"\n'
        )
        return f"{product.slug}.toml"

    def register(self, **behaviour: object) -> None:
        """Set the product so, and take its metadata anew, as both administrators would."""
        self.product.behave(**behaviour)
        metadata = self.product.metadata()
        if metadata != self._registered:
            self.counterpart.command("idp", "add", self.describe(), "--live")
        self._registered = metadata
        self.product.take_metadata(self.counterpart.metadata())

    def visitor(self) -> Visitor:
        return Visitor(self.counterpart.origin)

    def ask(self, visitor: Visitor, start: str = "/sign-in") -> Answer:
        """Enter an address of the department at our sign-in page; gives the product's page."""
        page = visitor.submit(visitor.get(start), "address", address=f"somebody@{self.product.domain}")
        return visitor.submit(page, "SAMLRequest") if "SAMLRequest" in page.text else page

    def answered(self, visitor: Visitor, login: str = "ada", start: str = "/sign-in") -> Answer:
        """The product's page that carries its answer to us, before it is sent."""
        page = self.product.log_in(visitor, self.ask(visitor, start), login)
        assert "SAMLResponse" in page.text, f"{page.url} ({page.status}):\n{page.text[:3000]}"
        return page

    def sign_in(self, visitor: Visitor, login: str = "ada", start: str = "/sign-in") -> Answer:
        """The whole way; gives the page of ours on which it ends."""
        return visitor.submit(self.answered(visitor, login, start), "SAMLResponse")

    def signed_in(self) -> Visitor:
        """Ada, signed in."""
        visitor = self.visitor()
        page = self.sign_in(visitor)
        assert is_in(visitor), self.counterpart.reason(page)
        return visitor


def organisation(slug: str) -> str:
    """The name of the organisation whose provider the product is."""
    return f"Board of {slug.capitalize()}"


def _rows(slugs: Sequence[str]) -> str:
    known = [("Quillfeather", "Ada", f"ada@{slug}.example", "Chair", organisation(slug)) for slug in slugs]
    lines = [",".join((str(number), *row)) for number, row in enumerate([*known, HILL], start=1)]
    return "\n".join(["No,Surname,Forename,Mail,Job,Organisation", *lines, ""])


def is_in(visitor: Visitor) -> bool:
    """Whether the visitor has a session with us."""
    return visitor.get("/sessions", follow=False).status == 200


def path(page: Answer) -> str:
    """Where the visitor ended, without the host."""
    parts = urlsplit(page.url)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


def follow(visitor: Visitor, page: Answer) -> Answer:
    """Send on every form that sends itself in a browser, until a page is for people."""
    for _ in range(6):
        name = next((name for name in ("SAMLRequest", "SAMLResponse") if f'name="{name}"' in page.text), "")
        if not name:
            return page
        page = visitor.submit(page, name)
    raise AssertionError(f"forms without end, last at {page.url}")


@contextmanager
def running_counterpart(folder: Path, organisations: Sequence[str]) -> Iterator[Counterpart]:
    """Start everything in the folder, with one known person for each organisation."""
    with ExitStack() as started:
        slapd = started.enter_context(Slapd(folder / "slapd"))
        redis = started.enter_context(Redis(folder / "redis"))
        mail = started.enter_context(MailCatcher(folder / "mail"))
        made = Counterpart(Installed(folder / "house", slapd, redis, mail), redis, organisations)
        started.enter_context(made.portal())
        yield made
