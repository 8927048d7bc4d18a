"""When a provider's keys and metadata end, and which end deserves a warning now. Decided purely."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from saml.certificates import fingerprint, load
from saml.provider import Provider

THRESHOLDS = (60, 30, 7, 1)  # days before an end at which people are told, once each


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """Something of a provider that ends: a certificate or its metadata."""

    key: str  # tells ends apart
    what: str  # for people
    begins: datetime  # since when it has been good, so that nobody is warned of a short life's beginning
    ends: datetime

    def days_left(self, now: datetime) -> float:
        """Days until the end; negative once it has passed."""
        return (self.ends - now) / timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Warning:
    """An end that people have to be told of, and what to remember so that it is told once."""

    end: End
    days: int  # the threshold that was passed
    marks: tuple[str, ...]


def ends_of(provider: Provider, good: datetime | None) -> list[End]:
    """Every end, the soonest first. `good` is when the metadata was last read and believed."""
    found = [certificate_end(pem) for pem in provider.certificates]
    if provider.believed_until is not None:
        until = provider.believed_until
        found.append(
            End(
                key=f"metadata {until:%Y-%m-%d}",
                what="metadata",
                begins=good or until - timedelta(days=365),
                ends=until,
            )
        )
    return sorted(found, key=lambda end: end.ends)


def certificate_end(pem: str) -> End:
    """The end of a certificate's life."""
    certificate = load(pem)
    print_ = fingerprint(pem)
    return End(
        key=f"certificate {print_[:47]}",
        what=f"signing certificate {print_[:23]}…",
        begins=certificate.not_valid_before_utc,
        ends=certificate.not_valid_after_utc,
    )


def warnings(
    provider: Provider, good: datetime | None, warned: Mapping[str, str], now: datetime
) -> list[Warning]:
    """What to tell now: for each end the smallest threshold that was passed and not told yet.

    A threshold counts only if the thing was good for longer than that: metadata that is made anew for 14
    days each day is no news at 60.
    """
    due = []
    for end in ends_of(provider, good):
        life = (end.ends - end.begins) / timedelta(days=1)
        passed = [days for days in THRESHOLDS if end.days_left(now) <= days < life]
        marks = tuple(f"{end.key} {days}" for days in passed)
        if passed and marks[-1] not in warned:
            due.append(Warning(end=end, days=passed[-1], marks=marks))
    return due
