"""All cohorts and who is in them, read once a minute, so that results can be counted by them.

Members whom the viewer may not see are among them: they count only together with what the viewer found.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from flask import Flask, current_app

from app.minutely import Minutely
from app.services import PortalServices


@dataclass(frozen=True, slots=True)
class CohortList:
    """The cohorts as they were a moment ago: what each is called, and the uids of those in it."""

    titles: Mapping[str, str]
    members: Mapping[str, frozenset[str]]


def keep_cohorts(app: Flask, services: PortalServices) -> None:
    """Give the portal the list."""
    app.extensions["counterpart-cohorts"] = Minutely(lambda: _read(services), services.clock)


def cohort_list() -> CohortList:
    """Return the list, read again when it is a minute old; DirectoryUnavailable if it can't be."""
    return cast(Minutely[CohortList], current_app.extensions["counterpart-cohorts"]).get()


def _read(services: PortalServices) -> CohortList:
    cohorts = services.directory.cohorts
    titles = {each.name: each.description or each.name for each in cohorts.all()}
    return CohortList(titles, cohorts.memberships())
