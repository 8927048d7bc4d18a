"""Fetching from an address that a registration, a provider or a feed's mapping names: over verified TLS,
bounded, and with no surprises: no redirect is followed, and no address inside our own network is asked unless
settings name it.
"""

import base64
import hashlib
import http.client
import io
import ipaddress
import logging
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import IO
from urllib.parse import SplitResult, urlsplit

log = logging.getLogger(__name__)

CHUNK = 64 * 1024
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
SPECIAL = ipaddress.IPv4Network("192.0.0.0/24")  # RFC 6890
NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
UNICAST = ipaddress.IPv6Network("2000::/3")  # all that is handed out on the internet


class FetchFailed(Exception):
    """The address gave nothing that may be used; `status` is HTTP's, 0 where there was no answer."""

    def __init__(self, sentence: str, status: int = 0) -> None:
        super().__init__(sentence)
        self.status = status


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """How an address is asked. The defaults are for addresses that strangers wrote."""

    most: int  # bytes
    seconds: float = 20.0  # for everything together
    authority: str = ""  # PEM that the server's certificate must chain to (or be); empty = the system's
    pin: str = ""  # SHA-256 of the server's certificate or public key, as hex or base64
    private_hosts: tuple[str, ...] = ()  # names that may lead into our own network
    this_machine: bool = False  # whether plain http to this very machine is all right (demonstration, tests)
    private_setting: str = ""  # the setting that names private hosts, for the message
    pin_key: str = "the pin"  # where the pin is written, for the message


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked beside the address: which kinds of content, and further headers (who we are, what we
    have).
    """

    accept: str = "*/*"
    headers: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server said beside the content: `unchanged` is its 304 to our If-None-Match."""

    unchanged: bool
    headers: Mapping[str, str]  # by name in small letters


PLAIN = Request()


def fetch(url: str, rules: Rules, request: Request = PLAIN) -> bytes:
    """Return what is at the address. Raises FetchFailed with a sentence."""
    into = io.BytesIO()
    fetch_into(into, url, rules, request)
    return into.getvalue()


def fetch_into(into: IO[bytes], url: str, rules: Rules, request: Request = PLAIN) -> Answer:
    """Write what is at the address into a file, never more than the rules allow; nothing where the server
    says that it is unchanged. Raises FetchFailed.
    """
    parts = urlsplit(checked_url(url))
    deadline = time.monotonic() + rules.seconds
    connection = _Connection(parts, rules)
    # A server that sends one byte now and then beats every timeout but this one.
    watchdog = threading.Timer(rules.seconds, connection.abort)
    watchdog.daemon = True
    watchdog.start()
    try:
        connection.request("GET", (parts.path or "/") + (f"?{parts.query}" if parts.query else ""), headers={
            "Accept": request.accept, "Accept-Encoding": "identity", "User-Agent": "counterpart",
            "Connection": "close", **request.headers,
        })  # fmt: skip
        answer = connection.getresponse()
        unchanged = answer.status == 304 and "If-None-Match" in request.headers
        unchanged |= answer.status == 304 and "If-Modified-Since" in request.headers
        if not unchanged:
            _check_answer(answer, rules)
            _copy(answer.read, into, rules.most)
            if answer.length:  # http.client takes an answer that was cut off for whole when read in pieces
                raise http.client.IncompleteRead(b"", answer.length)
        if time.monotonic() >= deadline:  # an answer without a length looks whole when it is cut off
            raise TimeoutError
        return Answer(unchanged, {name.lower(): value for name, value in answer.getheaders()})
    except (OSError, http.client.HTTPException, ValueError) as error:
        late = time.monotonic() >= deadline
        raise FetchFailed(_why(error, parts.hostname or "", rules, late=late)) from error
    finally:
        watchdog.cancel()
        connection.close()


def checked_url(url: str) -> str:
    """An address that may be asked: plain HTTPS, except on this very machine. Raises FetchFailed."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        _ = parts.port
    except ValueError as error:
        raise FetchFailed("The address can't be read.") from error
    plain = url.isascii() and url.isprintable() and not set(" \"'<>\\;,") & set(url) and len(url) <= 2000
    secure = parts.scheme == "https" or (parts.scheme == "http" and host in LOOPBACK)
    if not plain or not secure or not host or parts.username is not None or parts.fragment:
        raise FetchFailed("The address is not plain https://.")
    return url


class _Connection(http.client.HTTPConnection):
    """A connection to an address looked up once and checked, so that a name can't change its mind."""

    def __init__(self, parts: SplitResult, rules: Rules) -> None:
        self._secure = parts.scheme == "https"
        super().__init__(
            parts.hostname or "", parts.port or (443 if self._secure else 80), timeout=rules.seconds
        )
        self._rules = rules
        self._opened: socket.socket | None = None  # http.client forgets its own before the answer is read

    def connect(self) -> None:
        """Connect to the first address of the name that may be asked and answers."""
        address = allowed_address(self.host, self.port, self._rules, secure=self._secure)
        self.sock = self._opened = socket.create_connection(address, self.timeout)
        if self._secure:
            context = ssl.create_default_context(cadata=self._rules.authority or None)
            # Without a length an answer ends with the connection: TLS tells an end from a cut (RFC 9112).
            self._opened = secured = context.wrap_socket(
                self.sock, server_hostname=self.host, suppress_ragged_eofs=False
            )
            self.sock = secured
            _check_pin(secured.getpeercert(binary_form=True) or b"", self._rules)

    def abort(self) -> None:
        """End the conversation from another thread."""
        if self._opened is not None:
            try:
                socket.socket.shutdown(self._opened, socket.SHUT_RDWR)
            except OSError as error:
                log.debug("nothing to end: %s", error)


def allowed_address(host: str, port: int, rules: Rules, *, secure: bool) -> tuple[str, int]:
    """Look a name up once and give the address that may be asked. Raises FetchFailed, OSError."""
    found = [str(each[4][0]) for each in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    if host in LOOPBACK and rules.this_machine:
        return found[0], port
    if not secure:
        raise FetchFailed("The address is not https://.")
    if host not in rules.private_hosts:
        for each in found:
            if not _is_public(ipaddress.ip_address(each.partition("%")[0])):
                raise FetchFailed(
                    f"{host} leads into a private network ({each}), where nobody outside may send us. "
                    f"If that is right, name the host in {rules.private_setting}."
                )
    return found[0], port


def _is_public(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """Whether anybody on the internet could be meant. An IPv6 address that carries an IPv4 one (RFC 4291,
    3056, 4380, 6052) leads to that, whatever Python's `is_global` says of the outer."""
    if isinstance(address, ipaddress.IPv4Address):
        return address.is_global and not address.is_multicast and address not in SPECIAL
    carried = (address.ipv4_mapped, address.sixtofour, (address.teredo or (None, None))[1])
    inner = next((old for old in carried if old is not None), None)
    if inner is None and address in NAT64:
        inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return _is_public(inner) if inner is not None else address.is_global and address in UNICAST


def _check_pin(certificate: bytes, rules: Rules) -> None:
    if rules.pin and pin_bytes(rules.pin, rules.pin_key) not in pins_of(certificate):
        raise FetchFailed(
            "The server's certificate and key are not the pinned ones. If its owner confirms that they were "
            f"changed, change {rules.pin_key}."
        )


def pins_of(certificate: bytes) -> tuple[bytes, bytes]:
    """SHA-256 of a certificate in DER, and of its public key (as in RFC 7469)."""
    # Few senders have a pin, and every command that reads a mapping loads this module.
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    key = x509.load_der_x509_certificate(certificate).public_key()
    spki = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(certificate).digest(), hashlib.sha256(spki).digest()


def pin_bytes(pin: str, name: str = "The pin") -> bytes:
    """A pin as 32 bytes, from hex (with or without colons) or base64. Raises FetchFailed saying what it is
    not.
    """
    text = pin.strip().removeprefix("sha256/").removeprefix("sha256:")
    try:
        hexed = text.replace(":", "")
        value = bytes.fromhex(hexed) if len(hexed) == 64 else base64.b64decode(text, validate=True)
    except ValueError as error:
        raise FetchFailed(f"{name} is neither hex nor base64.") from error
    if len(value) != 32:
        raise FetchFailed(f"{name} must be a SHA-256, 32 bytes as hex or base64.")
    return value


def _check_answer(answer: http.client.HTTPResponse, rules: Rules) -> None:
    if 300 <= answer.status < 400:
        raise FetchFailed(
            f"The address answers {answer.status} and sends us elsewhere, where we don't follow. Write "
            "down the address that it leads to.", answer.status,
        )  # fmt: skip
    if answer.status != 200:
        raise FetchFailed(f"The address answers {answer.status}.", answer.status)
    if answer.getheader("Content-Encoding", "identity").lower() != "identity":
        raise FetchFailed("The answer is compressed, which we did not ask for.")
    lengths = answer.headers.get_all("Content-Length", [])
    length = lengths[0] if lengths else ""
    if len(set(lengths)) > 1 or not re.fullmatch("[0-9]*", length):
        raise FetchFailed("The answer does not say one length.")
    if length and int(length[:15]) > rules.most:
        raise _too_large(rules.most)


def _copy(read: Callable[[int], bytes], into: IO[bytes], most: int) -> None:
    left = most
    while data := read(CHUNK):
        left -= len(data)
        if left < 0:
            raise _too_large(most)
        into.write(data)


def _too_large(most: int) -> FetchFailed:
    return FetchFailed(f"What is at the address is larger than {most // 1024:,} KiB.")


def _why(error: Exception, host: str, rules: Rules, *, late: bool) -> str:
    if late or isinstance(error, TimeoutError):
        return f"{host} did not answer in full within {rules.seconds:g} seconds."
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"The certificate of {host} is not believed: {error.verify_message}."
    if isinstance(error, socket.gaierror):
        return f"There is no address for the name {host}."
    if isinstance(error, (http.client.IncompleteRead, ssl.SSLEOFError)):
        return f"{host} broke off before the end of its answer."
    if isinstance(error, ConnectionRefusedError):
        return f"{host} refuses the connection."
    return f"{host} can't be asked ({type(error).__name__})."
