"""What every run is given, and what it gives back to the command line."""

import secrets
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path

from ldap_schema.clock import Clock
from ldap_schema.directory import Directory
from store.database import Store
from store.mail import Mail
from sync.errors import InputRefused
from sync.lock import feed_lock
from sync.sealed import Sealer
from sync.settings import SyncSettings

DONE, OTHER, PLANNED, HELD, REFUSED, PARTLY = 0, 1, 2, 3, 4, 5
LONGEST_REASON = 1000  # of what a named account decided about a run; the ledger keeps so much
_GRAVEST_FIRST = (OTHER, REFUSED, HELD, PARTLY, PLANNED, DONE)


def random_id() -> str:
    """Mint an opaque id that is never used again."""
    return secrets.token_hex(8)


@dataclass(frozen=True, slots=True, kw_only=True)
class Letterhead:
    """Who writes to senders, and whom we tell of what an operator has to decide."""

    service_name: str = "Counterpart"
    address: str = ""  # of the portal
    operator_mail: str = ""  # empty = the desk alone says it


OURS = Letterhead()


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncContext:
    """The tools of a run. `actor` is the named account that is responsible; it stands in the ledger."""

    settings: SyncSettings
    directory: Directory
    store: Store
    clock: Clock
    actor: str
    mint_id: Callable[[], str] = random_id
    write_notice: Callable[..., Mail] | None = (
        None  # tells joiners (notices.py); None: they were told otherwise
    )
    letterhead: Letterhead = OURS

    def sealer(self) -> Sealer:
        """Give what seals and opens one paper."""
        return Sealer(self.store)

    def plan_path(self, run: str) -> Path:
        """Where the plan of a run is kept."""
        return self.settings.folder / "plans" / f"{run}.json"

    def saved_plan(self, target: Path) -> Path:
        """Where the plan is that a command names: a file, or a run by its name."""
        return target if target.exists() or not target.name.isalnum() else self.plan_path(target.name)

    def lock(self, feed: str) -> AbstractContextManager[None]:
        """Hold a feed's lock; FeedBusy where another run keeps it for too long."""
        return feed_lock(self.settings.folder / "locks", feed, self.settings.lock_seconds)

    def ensure_decided(self, what: str, reason: str) -> None:
        """Refuse an act on a run that no named account decides, or for no reason; raises InputRefused."""
        if not self.actor.strip():
            raise InputRefused(f"Say who decides: {what} needs a named account.")
        if not reason.strip():
            raise InputRefused(f"Say why: {what} needs a reason.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What a command prints: text for people, data for `--json`, and its exit code."""

    exit_code: int
    text: str
    data: Mapping[str, object] = field(default_factory=dict)


def gravest(codes: list[int]) -> int:
    """Give the exit code for several runs: the worst that happened to any of them."""
    return next((code for code in _GRAVEST_FIRST if code in codes), DONE)
