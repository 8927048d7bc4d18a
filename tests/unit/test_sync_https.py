"""Pulling a sender's file from a real HTTPS server: what has changed, whole, believed, and nothing else."""

import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from sync.errors import SourceFailed
from sync.mapping import Feed
from sync.mapping_reader import load_feed
from sync.settings import SyncSettings
from sync.sources.https import pull
from tests.sync_world import write_mapping
from tests.web_server import WebServer, cut_off, redirect, web_server, with_headers

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
FILE = 'file = "rivers-{as_of}.csv"'


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebServer]:
    with web_server(tmp_path_factory.mktemp("hr")) as made:
        yield made


@pytest.fixture
def settings(tmp_path: Path) -> SyncSettings:
    return SyncSettings(inbox=tmp_path / "inbox", private_hosts=("localhost",), max_file_bytes=1000)


@pytest.fixture
def feed(tmp_path: Path, server: WebServer) -> Feed:
    lines = f'{FILE}\ntype = "https"\nurl = "{server.address}/leaders"\n'
    lines += f'authority = "{server.certificate.ca_file}"\nseconds = 5'
    return load_feed(write_mapping(tmp_path, old=FILE, new=lines))


def secret(folder: Path, text: str, mode: int = 0o600) -> Path:
    path = folder / "secret"
    path.write_text(text)
    path.chmod(mode)
    return path


def checked(body: bytes, wanted: str) -> object:
    """Give the file only to whoever shows the right authorization."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        good = handler.headers.get("Authorization") == wanted
        handler.send_response(200 if good else 401)
        handler.end_headers()
        handler.wfile.write(body if good else b"")

    return answer


def changing(body: bytes, **validators: str) -> object:
    """Answer 304 to whoever shows the validators."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        shown = (handler.headers.get("If-None-Match"), handler.headers.get("If-Modified-Since"))
        same = shown == (validators.get("ETag"), validators.get("Last-Modified"))
        handler.send_response(304 if same else 200)
        for name, value in validators.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(b"" if same else body)

    return answer


def test_a_file_lands_whole_private_and_dated_by_its_server(
    server: WebServer, feed: Feed, settings: SyncSettings
) -> None:
    server.pages["/leaders"] = with_headers(b"a,b\n1,2\n", Last_Modified="Sat, 21 Nov 2026 23:30:00 GMT")
    found = pull(feed, settings, {}, NOW)
    assert found.names == ("rivers-2026-11-21.csv",)
    landed = settings.inbox / found.names[0]
    assert landed.read_bytes() == b"a,b\n1,2\n"
    assert landed.stat().st_mode & 0o777 == 0o600
    assert os.listdir(settings.inbox) == [landed.name], "nothing unfinished is left"


def test_what_has_not_changed_is_not_sent_again(
    server: WebServer, feed: Feed, settings: SyncSettings
) -> None:
    server.pages["/leaders"] = changing(b"a,b\n1,2\n", ETag='"v1"')  # type: ignore[assignment]
    first = pull(feed, settings, {}, NOW)
    again = pull(feed, settings, first.known, NOW)
    assert (again.names, again.confirmed, again.known) == ((), True, first.known)
    server.pages["/leaders"] = changing(b"a,b\n1,3\n", ETag='"v2"')  # type: ignore[assignment]
    assert pull(feed, settings, again.known, NOW).names == ("rivers-2026-11-23.csv",)


def test_an_old_file_that_is_still_there_is_no_word_that_it_is_still_right(
    server: WebServer, feed: Feed, settings: SyncSettings
) -> None:
    dated = {"ETag": '"v1"', "Last-Modified": "Sat, 21 Nov 2026 09:00:00 GMT"}
    server.pages["/leaders"] = changing(b"a,b\n1,2\n", **dated)  # type: ignore[assignment]
    first = pull(feed, settings, {}, NOW)
    assert not pull(feed, settings, first.known, NOW).confirmed


def test_a_token_or_password_comes_from_a_private_file(
    server: WebServer, feed: Feed, settings: SyncSettings, tmp_path: Path
) -> None:
    token = replace(feed, origin=replace(feed.origin, token_file=secret(tmp_path, "t0ken\n")))
    server.pages["/leaders"] = checked(b"x", "Bearer t0ken")  # type: ignore[assignment]
    assert pull(token, settings, {}, NOW).names
    with pytest.raises(SourceFailed, match=r"401.*token or password"):
        pull(feed, settings, {}, NOW)
    basic = replace(feed, origin=replace(feed.origin, user="hr", password_file=secret(tmp_path, "päss")))
    server.pages["/leaders"] = checked(b"x", "Basic aHI6cMOkc3M=")  # type: ignore[assignment]
    assert pull(basic, settings, {}, NOW).names


@pytest.mark.parametrize(
    ("text", "mode", "words"),
    [
        ("t", 0o644, "chmod 600"),
        ("", 0o600, "one line"),
        ("a\nb", 0o600, "one line"),
        ("é", 0o600, "letters"),
    ],
)
def test_a_secret_that_others_can_read_or_that_is_none_is_not_sent(
    server: WebServer, feed: Feed, settings: SyncSettings, tmp_path: Path, text: str, mode: int, words: str
) -> None:
    server.asked.clear()
    origin = replace(feed.origin, token_file=secret(tmp_path, text, mode))
    with pytest.raises(SourceFailed, match=words):
        pull(replace(feed, origin=origin), settings, {}, NOW)
    assert server.asked == []


def test_what_may_not_be_taken_leaves_the_inbox_as_it_was(
    server: WebServer, feed: Feed, settings: SyncSettings
) -> None:
    server.pages["/leaders"] = b"good"
    pull(feed, settings, {}, NOW)
    for page, words in (
        (b"x" * 1001, "larger"),
        (redirect(f"{server.address}/elsewhere"), "don't follow"),
        (redirect("https://169.254.169.254/"), "don't follow"),
        (b"", "empty file"),
        (with_headers(b"x", Content_Length="50"), "broke off"),
        (cut_off(b"x"), "broke off"),
        (with_headers(b"x", Content_Length="-1"), "one length"),
    ):
        server.pages["/leaders"] = page
        with pytest.raises(SourceFailed, match=words):
            pull(feed, settings, {}, NOW)
        assert [each.read_bytes() for each in settings.inbox.iterdir()] == [b"good"]


def test_a_host_in_our_own_network_has_to_be_named_and_its_certificate_believed(
    server: WebServer, feed: Feed, settings: SyncSettings
) -> None:
    server.pages["/leaders"] = b"x"
    server.asked.clear()
    with pytest.raises(SourceFailed, match="COUNTERPART_SYNC_PRIVATE_HOSTS"):
        pull(feed, replace(settings, private_hosts=()), {}, NOW)
    with pytest.raises(SourceFailed, match="not believed"):
        pull(replace(feed, origin=replace(feed.origin, authority=None)), settings, {}, NOW)
    with pytest.raises(SourceFailed, match=r"pinned.*source\.pin"):
        pull(replace(feed, origin=replace(feed.origin, pin="0" * 64)), settings, {}, NOW)
    assert server.asked == []
    assert pull(feed, settings, {}, NOW).names
