"""Pulls a sender's file from an HTTPS address: believed TLS, bounded, and only when it has changed."""

import base64
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from shutil import copyfileobj

from ldap_schema.clock import london_today
from outbound.fetch import Answer, FetchFailed, Request, Rules, fetch_into
from sync.errors import SourceFailed
from sync.mapping import Feed
from sync.settings import SyncSettings
from sync.sources.landing import landing
from sync.sources.secret import read_secret

PRIVATE_SETTING = "COUNTERPART_SYNC_PRIVATE_HOSTS"
_VALIDATORS = {"etag": "If-None-Match", "last-modified": "If-Modified-Since"}
_REFUSED = (401, 403)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """What a look at a server gave; `known` is what to tell it the next time."""

    names: tuple[str, ...] = ()  # files that are in the inbox now
    known: Mapping[str, object]
    problem: str = ""  # what could not be fetched beside them; a sentence
    confirmed: bool = False  # the server vouches that what we have is what there is today


def pull(feed: Feed, settings: SyncSettings, known: Mapping[str, object], now: datetime) -> Fetched:
    """Ask the mapping's address for what has changed. Raises SourceFailed with a sentence."""
    origin = feed.origin
    if known.get("url") != origin.url:
        known = {}
    headers = _authorization(feed) | {
        header: str(known[name]) for name, header in _VALIDATORS.items() if name in known
    }
    try:
        with tempfile.TemporaryFile() as file:
            answer = fetch_into(file, origin.url, _rules(feed, settings), Request(headers=headers))
            if answer.unchanged:
                # Without a date the server answers for its content as it is now; with one, that date counts.
                return Fetched(known=known, confirmed="last-modified" not in known)
            if not file.tell():
                raise SourceFailed("The address gave an empty file. An empty file never changes anything.")
            file.seek(0)
            name = _name(feed, answer, now)
            with landing(settings.inbox, name) as landed:
                copyfileobj(file, landed)
    except FetchFailed as error:
        hint = " Is the token or password right?" if error.status in _REFUSED else ""
        raise SourceFailed(f"{error}{hint}") from error
    except OSError as error:
        raise SourceFailed(f"{settings.inbox} can't be written: {error.strerror}.") from error
    validators = {key: answer.headers[key][:500] for key in _VALIDATORS if answer.headers.get(key)}
    return Fetched(names=(name,), known={"url": origin.url, **validators})


def _authorization(feed: Feed) -> dict[str, str]:
    origin = feed.origin
    if origin.token_file:
        return {"Authorization": f"Bearer {_ascii(read_secret(origin.token_file), origin.token_file)}"}
    if origin.password_file:
        pair = f"{origin.user}:{read_secret(origin.password_file)}".encode()
        return {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}
    return {}


def _ascii(secret: str, path: Path) -> str:
    if not secret.isascii():
        raise SourceFailed(f"The secret file {path} holds letters that no token has.")
    return secret


def _rules(feed: Feed, settings: SyncSettings) -> Rules:
    origin = feed.origin
    try:
        authority = origin.authority.read_text() if origin.authority else ""
    except (OSError, UnicodeDecodeError) as error:
        raise SourceFailed(f"{origin.authority} can't be read ({feed.path}: source.authority).") from error
    return Rules(
        most=settings.max_file_bytes, seconds=origin.seconds, authority=authority, pin=origin.pin,
        private_hosts=settings.private_hosts, private_setting=PRIVATE_SETTING,
        pin_key=f"source.pin in {feed.path}",
    )  # fmt: skip


def _name(feed: Feed, answer: Answer, now: datetime) -> str:
    """The name of the file in the inbox; its day is the one on which the server says it was made."""
    return feed.file.replace("{as_of}", str(_day(answer.headers.get("last-modified", ""), now)))


def _day(modified: str, now: datetime) -> date:
    today = london_today(now)
    try:
        return min(london_today(parsedate_to_datetime(modified)), today)
    except (TypeError, ValueError):
        return today
