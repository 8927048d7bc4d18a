"""Fetching what strangers' addresses give: over believed TLS, bounded, never elsewhere, never within."""

import hashlib
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from outbound.fetch import pins_of
from saml.errors import ProviderRefused
from saml.fetch import FetchFailed, Rules, fetch
from tests.web_server import WebServer, drip, redirect, web_server, with_headers


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebServer]:
    with web_server(tmp_path_factory.mktemp("web")) as made:
        yield made


def rules(server: WebServer, **changes: object) -> Rules:
    values = {"most": 1000, "seconds": 5.0, "authority": server.authority, "this_machine": True} | changes
    return Rules(**values)  # type: ignore[arg-type]


def test_what_is_there_is_fetched(server: WebServer) -> None:
    server.pages["/a?b=c"] = b"x" * 1000

    assert fetch(f"{server.address}/a?b=c", rules(server)) == b"x" * 1000


def test_a_certificate_of_an_unknown_authority_is_not_believed(server: WebServer) -> None:
    with pytest.raises(FetchFailed, match="not believed"):
        fetch(f"{server.address}/a?b=c", rules(server, authority=""))


def pins(server: WebServer) -> tuple[bytes, bytes]:
    certificate = x509.load_pem_x509_certificate(server.certificate.certificate_file.read_bytes())
    return pins_of(certificate.public_bytes(Encoding.DER))


@pytest.mark.parametrize("which", [0, 1], ids=["certificate", "public key"])
def test_a_pinned_server_is_asked_and_another_is_not(server: WebServer, which: int) -> None:
    server.pages["/pinned"] = b"fine"
    pin = pins(server)[which].hex(":")

    assert fetch(f"{server.address}/pinned", rules(server, pin=pin)) == b"fine"
    server.asked.clear()
    with pytest.raises(FetchFailed, match="not the pinned"):
        fetch(f"{server.address}/pinned", rules(server, pin=hashlib.sha256(b"other").hexdigest()))
    assert server.asked == []


@pytest.mark.parametrize("pin", ["rubbish!", "aGVsbG8=", "12"])
def test_a_pin_that_is_none_is_refused(server: WebServer, pin: str) -> None:
    with pytest.raises(ProviderRefused, match="metadata_tls_pin"):
        fetch(f"{server.address}/pinned", rules(server, pin=pin))


def test_a_redirect_is_not_followed(server: WebServer) -> None:
    server.pages |= {"/from": redirect(f"{server.address}/to"), "/to": b"elsewhere"}
    server.asked.clear()

    with pytest.raises(FetchFailed, match="don't follow"):
        fetch(f"{server.address}/from", rules(server))
    assert server.asked == ["/from"]


def test_more_than_agreed_is_not_read(server: WebServer) -> None:
    server.pages |= {"/huge": b"x" * 1001, "/announced": with_headers(b"x", Content_Length="999999999999")}

    for path in ("/huge", "/announced"):
        with pytest.raises(FetchFailed, match="larger"):
            fetch(server.address + path, rules(server))


def test_a_compressed_answer_is_refused(server: WebServer) -> None:
    server.pages["/gzip"] = with_headers(b"\x1f\x8b", Content_Encoding="gzip")

    with pytest.raises(FetchFailed, match="compressed"):
        fetch(f"{server.address}/gzip", rules(server))


def test_a_server_that_drips_is_left_in_time(server: WebServer) -> None:
    stop = threading.Event()
    server.pages["/drip"] = drip(stop)
    began = time.monotonic()

    with pytest.raises(FetchFailed, match="did not answer in full"):
        fetch(f"{server.address}/drip", rules(server, seconds=0.5, most=10**9))
    stop.set()
    assert time.monotonic() - began < 60  # it would have gone on for ever


def test_an_address_within_our_own_network_is_not_asked_unless_named(server: WebServer) -> None:
    server.pages["/inside"] = b"secret"
    server.asked.clear()

    with pytest.raises(FetchFailed, match="private network"):
        fetch(f"{server.address}/inside", rules(server, this_machine=False))
    assert server.asked == []
    allowed = rules(server, this_machine=False, private_hosts=("localhost",))
    assert fetch(f"{server.address}/inside", allowed) == b"secret"


@pytest.mark.parametrize(
    "address",
    [
        "http://169.254.169.254/latest", "https://10.0.0.1/", "https://[::1]/", "https://[fd00::1]/",
        "https://0.0.0.0/", "https://2130706433/", "https://[::ffff:127.0.0.1]/", "https://127.1/",
        "https://[64:ff9b::7f00:1]/", "https://[64:ff9b::a9fe:a9fe]/", "https://[2002:7f00:1::]/",
        "https://[::7f00:1]/", "https://[fec0::1]/", "https://[64:ff9b:1::1]/", "https://[ff02::1]/",
        "https://[2001:0:7f00:1::80ff:fffe]/", "https://224.0.0.1/", "https://192.0.0.8/", "https://[::]/",
        "http://127.0.0.1/", "ftp://example.org/", "file:///etc/passwd", "https://user@localhost/", "",
    ],
)  # fmt: skip
def test_addresses_that_would_lead_within_are_refused_before_anything_is_asked(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("socket.create_connection", lambda *_: pytest.fail("it was asked"))

    with pytest.raises(ProviderRefused, match=r"private network|not https|not plain https|can't be read"):
        fetch(address, Rules(most=10, seconds=2))


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "[2606:4700::1111]", "[64:ff9b::808:808]", "[::ffff:8.8.8.8]"]
)
def test_addresses_of_the_internet_are_asked(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def refuse(where: object, *_: object) -> None:
        asked.append(where)
        raise ConnectionRefusedError

    monkeypatch.setattr("socket.create_connection", refuse)

    with pytest.raises(FetchFailed, match="refuses the connection"):
        fetch(f"https://{address}/", Rules(most=10, seconds=2))
    assert len(asked) == 1


def test_what_is_not_http_is_refused_in_a_sentence(server: WebServer, tmp_path: Path) -> None:
    server.pages["/odd"] = lambda handler: handler.wfile.write(b"\x00\x01rubbish\r\n\r\n") and None

    with pytest.raises(FetchFailed, match=r"\.$"):
        fetch(f"{server.address}/odd", rules(server))
