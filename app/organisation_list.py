"""All organisations, read once a minute: every page names some, and every leader may see what is in it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from flask import Flask, current_app

from app.minutely import Minutely
from app.services import PortalServices
from ldap_schema.organisations import Organisation
from search_index.words import fold, folded


@dataclass(frozen=True, slots=True)
class OrganisationList:
    """The organisations as they were a moment ago."""

    by_id: Mapping[str, Organisation]
    names: Mapping[str, str]
    regions: Sequence[str]

    def named(self, ids: Iterable[str]) -> list[Organisation]:
        """Return those of the ids that there are."""
        return [self.by_id[id] for id in ids if id in self.by_id]

    def parts_of(self, id: str) -> list[Organisation]:
        """Return the organisations that are part of this one."""
        return [one for one in self.by_id.values() if one.parent_id == id]

    def predecessors_of(self, id: str) -> list[Organisation]:
        """Return the organisations that are no more, and whose work this one does."""
        return [one for one in self.by_id.values() if id in one.successor_ids]

    def name(self, id: str) -> str:
        """Return an organisation's name; empty if there is none such."""
        return self.names.get(id, "")

    def called(self, text: str, most: int = 5) -> list[Organisation]:
        """Find organisations by all words of a current or former name, or by an acronym; best first."""
        wanted = fold(text).split()
        if not wanted:
            return []
        scored = ((closeness(organisation, wanted), organisation) for organisation in self.by_id.values())
        found = sorted((pair for pair in scored if pair[0]), key=lambda pair: (-pair[0], pair[1].name))
        return [organisation for _, organisation in found[:most]]


def keep_organisations(app: Flask, services: PortalServices) -> None:
    """Give the portal the list."""
    app.extensions["counterpart-organisations"] = Minutely(lambda: _read(services), services.clock)


def organisation_list() -> OrganisationList:
    """Return the list, read again when it is a minute old; DirectoryUnavailable if it can't be."""
    kept = cast(Minutely[OrganisationList], current_app.extensions["counterpart-organisations"])
    return kept.get()


def _read(services: PortalServices) -> OrganisationList:
    found = services.directory.organisations.all()
    return OrganisationList(
        by_id={one.id: one for one in found},
        names={one.id: one.name for one in found},
        regions=sorted({one.region for one in found if one.region}),
    )


def closeness(organisation: Organisation, wanted: list[str]) -> int:
    """Score a match: acronym, whole name, every word in the current name, every word in a former one."""
    if len(wanted) == 1 and wanted[0] in map(folded, organisation.acronyms):
        return 5
    name = folded(organisation.name)
    if name == " ".join(wanted):
        return 4
    if all(word in name for word in wanted):
        return 3 if name.startswith(wanted[0]) else 2
    return int(any(all(word in folded(former) for word in wanted) for former in organisation.former_names))
