"""What a sender's SFTP server may say wrongly of its files, on a session that a test writes."""

import asyncio
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import asyncssh
import pytest

from sync.mapping_reader import load_feed
from sync.settings import SyncSettings
from sync.sources.sftp import _Look
from tests.sync_world import write_mapping

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
NAME = "rivers-2026-11-01.csv"


class _Server:
    """One file in one folder, with the size that the server claims and the bytes that it gives."""

    def __init__(self, size: int, content: bytes) -> None:
        self.attrs = asyncssh.SFTPAttrs(
            type=asyncssh.FILEXFER_TYPE_REGULAR, size=size, mtime=1, permissions=stat.S_IFREG
        )
        self.content = content

    async def scandir(self, folder: str) -> AsyncIterator[SimpleNamespace]:
        yield SimpleNamespace(filename=NAME, attrs=self.attrs)
        for name in ("../rivers-2026-11-02.csv", "/rivers-2026-11-03.csv", f"{NAME}\n", ".."):
            yield SimpleNamespace(filename=name, attrs=self.attrs)

    @asynccontextmanager
    async def open(self, path: str, mode: str) -> AsyncIterator[SimpleNamespace]:
        rest = [self.content]

        async def read(size: int) -> bytes:
            return rest.pop() if rest else b""

        yield SimpleNamespace(read=read)

    async def lstat(self, path: str) -> asyncssh.SFTPAttrs:
        return self.attrs


@pytest.mark.parametrize(("size", "taken"), [(4, [NAME]), (5, []), (3, [])])
def test_a_file_is_taken_by_its_own_name_and_only_with_all_its_bytes(
    tmp_path: Path, size: int, taken: list[str]
) -> None:
    feed = load_feed(write_mapping(tmp_path))
    feed = replace(feed, origin=replace(feed.origin, folder="/out"))
    inbox = tmp_path / "box" / "inbox"
    look = _Look(feed, SyncSettings(inbox=inbox), {}, NOW)
    fetched = asyncio.run(look.take(cast(asyncssh.SFTPClient, _Server(size, b"good"))))
    assert list(fetched.names) == taken
    assert [each.name for each in tmp_path.glob("box/**/*") if each.is_file()] == taken
