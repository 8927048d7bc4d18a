"""A session with the SFTP server that a mapping pins. Nothing of this account's own SSH files is used."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncssh

from outbound.fetch import FetchFailed, Rules, allowed_address
from sync.errors import SourceFailed
from sync.mapping import Feed
from sync.settings import SyncSettings
from sync.sources.https import PRIVATE_SETTING
from sync.sources.secret import read_private, read_secret


class _Client(asyncssh.SSHClient):
    """Notes the key that a server showed and that is not the pinned one; it is never accepted."""

    shown = ""

    def validate_host_public_key(self, host: str, addr: str, port: int, key: asyncssh.SSHKey) -> bool:
        """Refuse, and remember the fingerprint for whoever has to compare it."""
        self.shown = key.get_fingerprint()
        return False


@asynccontextmanager
async def session(feed: Feed, settings: SyncSettings) -> AsyncIterator[asyncssh.SFTPClient]:
    """Connect, compare the host key, sign in. Raises SourceFailed with a sentence."""
    origin, client = feed.origin, _Client()
    trusted, secret = _known_hosts(feed), _secret(feed)
    try:
        sock = await asyncio.to_thread(_connect, feed, settings)
        async with (
            asyncssh.connect(
                origin.host, origin.port, sock=sock, username=origin.user, known_hosts=trusted, config=None,
                agent_path=None, client_factory=lambda: client, login_timeout=origin.seconds, **secret,
            ) as connection,
            connection.start_sftp_client(path_errors="replace") as sftp,
        ):  # fmt: skip
            yield sftp
    except asyncssh.PermissionDenied as error:
        raise SourceFailed(f"{origin.host} refuses {origin.user} with this key or password.") from error
    except (asyncssh.HostKeyNotVerifiable, asyncssh.KeyExchangeFailed) as error:
        raise SourceFailed(_another_key(feed, client.shown)) from error
    except FetchFailed as error:
        raise SourceFailed(str(error)) from error
    except asyncssh.SFTPError as error:
        raise SourceFailed(f"{origin.host}, {origin.folder}: {_words(error)}.") from error
    except (asyncssh.Error, OSError) as error:
        raise SourceFailed(f"{origin.host}, port {origin.port}, can't be used: {_words(error)}.") from error


def _connect(feed: Feed, settings: SyncSettings) -> socket.socket:
    """Look the name up once and ask that address only, as over HTTPS."""
    origin = feed.origin
    rules = Rules(most=0, private_hosts=settings.private_hosts, private_setting=PRIVATE_SETTING)
    address = allowed_address(origin.host, origin.port, rules, secure=True)
    return socket.create_connection(address, origin.seconds)


def _known_hosts(feed: Feed) -> asyncssh.SSHKnownHosts:
    origin = feed.origin
    where = f"{origin.known_hosts} ({feed.path}: source.known_hosts)"
    try:
        known = asyncssh.read_known_hosts(str(origin.known_hosts))
    except (OSError, ValueError) as error:
        raise SourceFailed(f"{where} can't be read: {_words(error)}.") from error
    port = origin.port if origin.port != asyncssh.DEFAULT_PORT else None
    if not any(known.match(origin.host, "", port)[:2]):
        name = f"[{origin.host}]:{port}" if port else origin.host
        raise SourceFailed(
            f"{where} has no key of {name}. `ssh-keyscan -p {origin.port} {origin.host}` prints it; compare "
            "its fingerprint with the sender by telephone before you add it."
        )
    return known


def _secret(feed: Feed) -> dict[str, Any]:
    origin = feed.origin
    if origin.password_file:
        return {"client_keys": None, "password": read_secret(origin.password_file)}
    if not origin.key_file:
        raise SourceFailed(f"{feed.path}: source.key_file: it is needed and missing.")
    try:
        return {"client_keys": [asyncssh.import_private_key(read_private(origin.key_file))]}
    except asyncssh.KeyImportError as error:
        raise SourceFailed(f"{origin.key_file} holds no private key without a passphrase.") from error


def _another_key(feed: Feed, shown: str) -> str:
    origin = feed.origin
    what = f"shows another key ({shown})" if shown else "shows a key of another kind"
    return (
        f"{origin.host} {what} than the one pinned in {origin.known_hosts}. Nothing was fetched, and nothing "
        "was sent to it. Ask the sender by telephone whether the server's key was changed. If it was, "
        "compare the fingerprint and replace the line by what "
        f"`ssh-keyscan -p {origin.port} {origin.host}` prints; if it was not, somebody may stand in between: "
        "leave it as it is."
    )


def _words(error: Exception) -> str:
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return " ".join(str(text).split())[:200].rstrip(".")
