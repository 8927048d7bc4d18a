"""What doctor's checks are given and what they find."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509

from counterpart.clock import SKEW, numbered_ahead
from counterpart.settings import Settings
from ldap_schema.clock import Clock

SOON = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong, and what to do about it; if not sure, the operator knows whether it is."""

    what: str
    mend: str
    sure: bool = True


@dataclass(frozen=True, slots=True)
class Examined:
    """One check and what it found; no problems means that it is well."""

    name: str
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class Patient:
    """What the checks look at."""

    settings: Settings
    clock: Clock


def expiring(whose: str, certificate: str, now: datetime, mend: str) -> Iterator[Problem]:
    """Find a certificate (PEM) that has run out or does so within a month."""
    end = end_of(certificate)
    if end <= now + SOON:
        yield Problem(f"{whose} {'ran out' if end <= now else 'runs out'} on {end:%d %B %Y}.", mend)


def end_of(certificate: str) -> datetime:
    """Return the last instant at which a certificate (PEM) is good."""
    return x509.load_pem_x509_certificate(certificate.encode()).not_valid_after_utc


def apart(theirs: datetime | None, now: datetime) -> Iterator[Problem]:
    """Find a directory's clock, which numbers every change, that differs from ours."""
    if theirs and abs(theirs - now) > SKEW:
        yield Problem(
            f"It is {theirs:%d %B %Y, %H:%M} UTC for the directory's server and {now:%d %B %Y, %H:%M} UTC "
            "here. Its changes are numbered by its clock, and replicas pass over what is numbered too early.",
            "Set whichever clock is wrong, and keep both set (NTP).",
        )


def ahead(csn: str, now: datetime) -> Iterator[Problem]:
    """Find a change numbered in the future: replicas take every later change for an older one."""
    if numbered_ahead(csn, now):
        yield Problem(
            f"The directory's last change is numbered {csn[:14]} (UTC), which is in the future: the clock of "
            "its machine was wrong, or ours is. Replicas ignore all changes until then.",
            "Set the clocks. If it was the directory's, number its entries anew, as docs/operations.md says "
            "under “When the clock was wrong”.",
        )
