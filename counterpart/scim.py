"""Which feeds are pushed to by SCIM, as their mappings say: for the portal, which keeps what is pushed."""

import logging
from dataclasses import dataclass, field
from pathlib import Path

from app.scim.feeds import PushedFeed, ScimParts
from counterpart.settings import Settings
from ldap_schema.directory import Directory, Service
from sync.mapping import Feed
from sync.mapping_reader import load_feeds
from sync.scim_paths import scim_path
from sync.scim_snapshot import paths_of

log = logging.getLogger(__name__)


def pushed_feeds(folder: Path) -> list[Feed]:
    """Read the mappings of all feeds that are pushed to; one that can't be read is logged and left out."""
    feeds, refused = load_feeds(folder)
    for error in refused:
        log.error("%s", error)
    return [each for each in feeds if each.origin.pushed]


def scim_parts(settings: Settings) -> ScimParts:
    """What the portal needs for SCIM clients; nothing is connected or read yet."""
    mappings = Mappings(settings.sync.mappings)
    return ScimParts(directory=Directory.open(settings.directory, Service.SCIM), find=mappings.find)


@dataclass(slots=True)
class Mappings:
    """The mappings of pushed feeds, read (and complained of) again when a file in their folder changes."""

    folder: Path
    _seen: tuple[tuple[str, int], ...] = ()
    _feeds: list[Feed] = field(default_factory=list)

    def feeds(self) -> list[Feed]:
        """Return all feeds that are pushed to, as their mappings say now."""
        seen = _files_of(self.folder)
        if seen != self._seen:
            self._feeds = pushed_feeds(self.folder)
            self._seen = seen
        return self._feeds

    def find(self, feed: str) -> PushedFeed | None:
        """Return one of them as the portal knows it."""
        return next((_pushed(each) for each in self.feeds() if each.id == feed), None)


def _files_of(folder: Path) -> tuple[tuple[str, int], ...]:
    """Names and times of the mappings in a folder; nothing where there is none."""
    return tuple((path.name, _changed(path)) for path in sorted(folder.glob("*.toml")))


def _changed(path: Path) -> int:
    """When the file was last changed, in its text or in who may read it; 0 of one that is not there (now)."""
    try:
        return path.stat().st_ctime_ns
    except OSError:
        return 0


def _pushed(feed: Feed) -> PushedFeed:
    paths = [path for path in map(scim_path, paths_of(feed)) if path]
    return PushedFeed(feed.id, feed.name, feed.digest, paths)
