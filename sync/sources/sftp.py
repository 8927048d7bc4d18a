"""Fetches a sender's files over SFTP: what is named as agreed, whole, and not here yet."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

import asyncssh

from sync.errors import SourceFailed
from sync.mapping import Feed
from sync.settings import SyncSettings
from sync.source import names_file
from sync.sources.https import Fetched
from sync.sources.landing import landing
from sync.sources.ready import SECOND, Facts, is_ready
from sync.sources.sftp_session import session

MOST_NAMES = 10_000  # in the sender's folder
CHUNK = 1 << 20  # bytes


class _Changed(Exception):
    """The file was written to while it was read."""


class _TooLarge(Exception):
    """The file has more bytes than the settings allow."""


def pull(feed: Feed, settings: SyncSettings, known: Mapping[str, Any], now: datetime) -> Fetched:
    """Look into the sender's folder and fetch what is new. Raises SourceFailed with a sentence."""
    return asyncio.run(_in_time(_Look(feed, settings, known, now)))


@dataclass(frozen=True, slots=True)
class _Look:
    """One look into the sender's folder; `known` is what the last one left."""

    feed: Feed
    settings: SyncSettings
    known: Mapping[str, Any]
    now: datetime

    async def take(self, sftp: asyncssh.SFTPClient) -> Fetched:
        """Fetch what is new. What was fetched stands in the inbox also when a later file fails."""
        there = await self._listing(sftp)
        ours = {name: facts for name, facts in there.items() if names_file(self.feed, name)}
        had = {name: facts for name, facts in self._before("files").items() if name in ours}
        fetched, too_large = [], []
        for name, facts in sorted(ours.items()):
            if had.get(name) == facts or not self._whole(name, there):
                continue
            try:
                if await self._copy(sftp, name, facts):
                    had[name] = facts
                    fetched.append(name)
            except _TooLarge:
                too_large.append(name)
        known = {"files": _plain(had), "seen": _plain(ours)}
        return Fetched(names=tuple(fetched), known=known, problem=self._problem(too_large))

    def _problem(self, too_large: list[str]) -> str:
        most = self.settings.max_file_bytes
        return f"Not fetched, larger than {most} bytes: {', '.join(too_large)}." if too_large else ""

    def _before(self, kind: str) -> dict[str, Facts]:
        return {name: Facts(*pair) for name, pair in dict(self.known.get(kind, {})).items()}

    def _whole(self, name: str, there: Mapping[str, Facts]) -> bool:
        """A clock of theirs that runs ahead of ours says nothing about age: then two looks must agree."""
        if not self.feed.origin.ready and there[name].modified > self.now.timestamp() * SECOND:
            return self._before("seen").get(name) == there[name]
        return is_ready(self.feed.origin, name, there, self.now)

    async def _listing(self, sftp: asyncssh.SFTPClient) -> dict[str, Facts]:
        found: dict[str, Facts] = {}
        async for entry in sftp.scandir(self.feed.origin.folder):
            if len(found) >= MOST_NAMES:
                raise SourceFailed(f"{self.feed.origin.folder} has more than {MOST_NAMES} files.")
            if entry.attrs.type == asyncssh.FILEXFER_TYPE_REGULAR:
                found[str(entry.filename)] = _facts(entry.attrs)
        return found

    async def _copy(self, sftp: asyncssh.SFTPClient, name: str, facts: Facts) -> bool:
        """Copy one file into the inbox; False when it was changed meanwhile: the next look takes it."""
        path = f"{self.feed.origin.folder.rstrip('/')}/{name}"
        most = self.settings.max_file_bytes
        if facts.size > most:
            raise _TooLarge
        try:
            with landing(self.settings.inbox, name) as file:
                async with sftp.open(path, "rb") as remote:
                    while data := cast(bytes, await remote.read(CHUNK)):
                        file.write(data)
                        if file.tell() > most:  # it says one size and gives another
                            raise _TooLarge
                # Fewer bytes than it has: cut off, or taken away while it was read.
                if file.tell() != facts.size or _facts(await sftp.lstat(path)) != facts:
                    raise _Changed
        except _Changed:
            return False
        return True


async def _in_time(look: _Look) -> Fetched:
    origin = look.feed.origin
    try:
        async with asyncio.timeout(origin.seconds), session(look.feed, look.settings) as sftp:
            return await look.take(sftp)
    except TimeoutError:
        raise SourceFailed(f"{origin.host} did not give its files within {origin.seconds} seconds.") from None


def _facts(attributes: asyncssh.SFTPAttrs) -> Facts:
    return Facts(attributes.size or 0, (attributes.mtime or 0) * SECOND)


def _plain(facts: Mapping[str, Facts]) -> dict[str, list[int]]:
    return {name: [each.size, each.modified] for name, each in facts.items()}
