"""What is common to the products: their folder, keys and people, and what their administrator has set."""

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from dev.identity_provider.demo import ensure_key
from dev.processes import Process
from tests.functional.visitor import Answer, Visitor

KEYS = ("first", "second", "stranger")
ROOT = Path(__file__).resolve().parents[3]
ELSEWHERE = "https://another-service.example/saml"


@dataclass(frozen=True)
class Behaviour:
    """What the product's administrator has set, and what one who is careless or dishonest would set."""

    signs: tuple[str, ...] = ("assertion",)  # "assertion", "response"
    encrypts: bool = False
    post: bool = False  # whether it takes and sends its own messages by HTTP-POST, else by HTTP-Redirect
    key: str = "first"  # with which it signs
    published: tuple[str, ...] = ("first",)  # keys in its metadata
    audience: str = ""  # for whom assertions are meant instead of us
    minutes: int = 5  # how long an assertion is good; below zero it was over before it was sent


@dataclass(frozen=True)
class Account:
    """Somebody who can sign in at the product."""

    login: str
    mail: str
    key: str  # by which the product knows the person for ever; the product says in which form


class Product(ABC):
    """One product, running on a port of its own with a folder of its own; use as a context manager."""

    slug: str  # id of its registration, and the first part of its organisation's domain
    identity_attribute: str  # by which we know its people
    reads_two_keys_by_redirect = True  # whether it tries each of our published keys there
    always_signs_assertions = False
    names_sessions = True  # whether its logout ends one session of ours, or all of the person

    def __init__(self, folder: Path, port: int) -> None:
        self.folder, self.port = folder, port
        folder.mkdir(parents=True)
        now = datetime.now(UTC)
        for name in KEYS:
            ensure_key(folder / f"{name}.key", folder / f"{name}.crt", f"{self.slug} {name}", now)
        self.behave()
        self._write("people.json", {each.login: asdict(each) for each in self.accounts.values()})
        self.process = Process(
            self.slug, self.command(), folder, ports={self.port: ""}, environ=self.environ(),
            working_folder=ROOT,
        )  # fmt: skip

    @property
    def origin(self) -> str:
        """Where its pages are; another site than the portal's, as in life."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def domain(self) -> str:
        """The mail domain of its organisation."""
        return f"{self.slug}.example"

    @property
    def accounts(self) -> dict[str, Account]:
        """Ada is known to the directory; Ned is not; Gil belongs to another organisation."""
        return {
            "ada": Account("ada", f"ada@{self.domain}", f"a-1@{self.domain}"),
            "ned": Account("ned", f"ned@{self.domain}", f"n-2@{self.domain}"),
            "gil": Account("gil", "gil@hill-council.example", f"g-3@{self.domain}"),
        }

    def behave(self, **changes: object) -> None:
        """Set what differs from an ordinary product; it counts from the next request on."""
        self._write("behaviour.json", asdict(Behaviour(**changes)))  # type: ignore[arg-type]

    def _write(self, name: str, content: Mapping[str, object]) -> None:
        part = self.folder / f"{name}.part"
        part.write_text(json.dumps(content))
        part.replace(self.folder / name)

    @abstractmethod
    def command(self) -> list[str | Path]:
        """The command that serves the product's pages."""

    def environ(self) -> Mapping[str, str] | None:
        """The environment of the command, if it needs another than ours."""
        return None

    @abstractmethod
    def metadata(self) -> bytes:
        """What the product publishes about itself."""

    @abstractmethod
    def take_metadata(self, ours: bytes) -> None:
        """Give the product our metadata, as its administrator does."""

    @abstractmethod
    def asks_who(self, page: Answer) -> bool:
        """Whether the page asks who is there, so that our request was believed."""

    @abstractmethod
    def log_in(self, visitor: Visitor, page: Answer, login: str) -> Answer:
        """Sign in on the product's page; gives the page that carries its answer to us."""

    @abstractmethod
    def log_out(self, visitor: Visitor) -> Answer:
        """Sign out at the product itself; gives the page on which that ended."""
