"""What signing in, searching and reading a profile cost the portal and the directory."""

import http.client
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote_plus, urlsplit

from dev.commands import COUNTERPART
from dev.house import House
from dev.processes import Process, free_port
from tests.bench.measure import Row, costs, percentile, show, together
from tests.functional.visitor import Answer, Visitor, choice, sign_in

ROOT = Path(__file__).parents[2]
LEADER = "isolde.marchbank@rivers-and-coasts.example"
NARROW, BROAD = "/search?q=north", "/search?q=chief"  # some dozens of people fit, and some hundreds
SIGN_INS, REQUESTS, CLIENTS, EACH = 40, 40, 4, 25
# Each asked for once: what the index has answered before costs less.
ASKED = (
    "north", "chief constable", "liz", "perm sec", "amber", "director", "council wales", "university",
    "fire officer scotland", "nurse", "oak", "ann", "marchbank", "okonjo", "vc", "flood resilience",
    "deputy", "thistle", "harbour", "police north east", "bill", "reed", "kc", "strategy", "cheif executive",
    "farrowmere", "trust", "housing", "barnaby", "rivers",
)  # fmt: skip


@dataclass
class Page:
    """One page asked for again and again over one kept connection, as a browser does."""

    visitor: Visitor
    path: str | Iterator[str]
    port: int = 0  # another one on the same host, which has the same cookies

    def __post_init__(self) -> None:
        parts = urlsplit(self.visitor.base)
        self._connection = http.client.HTTPConnection(
            parts.hostname or "", self.port or parts.port, timeout=30
        )
        cookies = "; ".join(f"{name}={value}" for (_, name), (value, _) in self.visitor.cookies.items())
        self._headers = {"Cookie": cookies, "Accept": "text/html"}

    def close(self) -> None:
        self._connection.close()

    def __call__(self) -> str:
        path = self.path if isinstance(self.path, str) else next(self.path)
        self._connection.request("GET", path, headers=self._headers)
        answer = self._connection.getresponse()
        body = answer.read().decode()
        assert answer.status == 200, (path, answer.status, body[-3000:])
        return body


def signed_in(house: House) -> Visitor:
    visitor = Visitor(house.settings.portal_url)
    sign_in(visitor, LEADER)
    assert "Sign out" in visitor.get("/").text
    return visitor


def asked(house: House) -> Answer:
    """Where the portal sends somebody who typed an address."""
    visitor = Visitor(house.settings.portal_url)
    return visitor.submit(visitor.get("/sign-in"), "address", follow=False, address=LEADER)


def asserted(house: House) -> tuple[Visitor, Answer]:
    """Somebody on the provider's last page, whose next step brings the assertion to the portal."""
    visitor = Visitor(house.settings.portal_url)
    page = visitor.submit(visitor.get("/sign-in"), "address", address=LEADER)
    return visitor, visitor.submit(page, "identity", identity=choice(page, LEADER))


def assertions(house: House) -> Callable[[], object]:
    """Bring one prepared assertion after the other."""
    prepared = [asserted(house) for _ in range(SIGN_INS + 1)]

    def bring() -> None:
        visitor, page = prepared.pop()
        answer = visitor.submit(page, "SAMLResponse", follow=False)
        assert answer.status == 303, answer.text

    bring()
    return bring


def measured(house: House, name: str, path: str) -> Row:
    """What a page costs alone, and how long it takes while several people ask for it."""
    pages = [Page(signed_in(house), path) for _ in range(CLIENTS)]
    pages[0]()
    alone = costs(pages[0], REQUESTS, house.portal, house.slapd)
    many = together(pages, EACH)
    for page in pages:
        page.close()
    return Row(name, (*alone, percentile(many, 0.5), percentile(many, 0.99)))


def bare(house: House) -> Row:
    """What the least page costs that knows who is looking, on the same web server and with their session."""
    port, log = free_port(), house.log_folder
    options = "--interface wsgi --factory --workers 1 --blocking-threads 8".split()
    command = [
        COUNTERPART.with_name("granian"), *options, "--port", str(port),
        "tests.bench.bare_portal:application",
    ]  # fmt: skip
    environ = {**os.environ, "COUNTERPART_SETTINGS": str(house.settings.settings_file)}
    ports = {port: "the port of the bare page"}
    with Process("bare page", command, log, ports=ports, environ=environ, working_folder=ROOT) as server:
        pages = [Page(signed_in(house), "/", port) for _ in range(CLIENTS)]
        pages[0]()
        cpu, wall = costs(pages[0], 5 * REQUESTS, server)
        many = together(pages, EACH)
        for page in pages:
            page.close()
    return Row(
        "a bare Flask page that reads the session",
        (cpu, 0, wall, percentile(many, 0.5), percentile(many, 0.99)),
    )


def asked_once(house: House) -> Row:
    """What a page of results costs whose words nobody has looked for before."""
    page = Page(signed_in(house), (f"/search?q={quote_plus(text)}" for text in ASKED))
    page()
    alone = costs(page, len(ASKED) - 1, house.portal, house.slapd)
    page.close()
    return Row("search, other words each time", (*alone, 0, 0))


def test_cpu_and_latency_of_pages(house: House) -> None:
    found = signed_in(house).get(NARROW).text
    uids = list(dict.fromkeys(re.findall(r'href="(/people/[0-9a-z]+)"', found)))
    assert len(uids) >= 20, f"the search must fill a page, not {len(uids)} rows"
    pages = {
        "signed-in start page": "/",
        "/healthz": "/healthz",
        "suggestions": "/suggestions?q=marc",
        "search, 20 of some dozens": NARROW,
        "search, 20 of some hundreds": BROAD,
        "profile": uids[0],
    }
    rows = [bare(house), *(measured(house, name, path) for name, path in pages.items()), asked_once(house)]
    servers = house.portal, house.slapd
    steps = {
        "sign-in: the first page": lambda: Visitor(house.settings.portal_url).get("/sign-in"),
        "sign-in: first page, then the address": lambda: asked(house),
        "sign-in: the assertion alone (ACS)": assertions(house),
        "sign-in: all of it, and the start page": lambda: signed_in(house),
    }
    rows += [Row(name, (*costs(step, SIGN_INS, *servers), 0, 0)) for name, step in steps.items()]
    columns = ("portal CPU", "slapd CPU", "wall alone", "p50 of 4", "p99 of 4")
    show(
        "Portal: milliseconds a request",
        columns,
        rows,
        f"The ratio is to the bare page. The {CLIENTS} clients share the machine with the servers.",
    )
