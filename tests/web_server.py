"""A small HTTPS server whose answers a test writes: honest, slow, huge, misdirected."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from dev.certificates import ServerCertificate, ensure_certificate

Answer = Callable[[BaseHTTPRequestHandler], None]


@dataclass
class WebServer:
    """The server's address, its authority, and what it answers to each path."""

    address: str
    certificate: ServerCertificate
    pages: dict[str, bytes | Answer] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    @property
    def authority(self) -> str:
        """PEM of the authority of its certificate."""
        return self.certificate.ca_file.read_text()


@contextmanager
def web_server(folder: Path) -> Iterator[WebServer]:
    """Serve on a free port of this machine, over TLS."""
    certificate = ensure_certificate(folder, datetime.now(UTC))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.certificate_file, certificate.key_file)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            made.asked.append(self.path)
            page = made.pages.get(self.path)
            if callable(page):
                page(self)
            else:
                self.send_response(404 if page is None else 200)
                self.end_headers()
                self.wfile.write(page or b"")

        def log_message(self, format: str, *args: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        def shutdown_request(self, request: Any) -> None:
            """End TLS before the connection, as servers do; without it an answer looks cut off."""
            with suppress(OSError, ValueError):
                request.settimeout(1)
                request.unwrap()
            super().shutdown_request(request)

    server = Server(("127.0.0.1", 0), Handler)
    server.handle_error = lambda request, client: None  # type: ignore[method-assign]  # clients go away here
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    made = WebServer(f"https://localhost:{server.server_address[1]}", certificate)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield made
    server.shutdown()
    thread.join()
    server.server_close()


def redirect(to: str) -> Answer:
    """Send whoever asks elsewhere."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(302)
        handler.send_header("Location", to)
        handler.end_headers()

    return answer


def with_headers(body: bytes, **headers: str) -> Answer:
    """Answer with further headers."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(body)

    return answer


def cut_off(body: bytes) -> Answer:
    """Answer without a length, and go away without ending TLS."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        handler.wfile.write(body)
        handler.wfile.flush()
        socket.socket.shutdown(handler.connection, socket.SHUT_RDWR)

    return answer


def drip(stop: threading.Event) -> Answer:
    """Send a byte now and then, for ever."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        while not stop.wait(0.05):
            handler.wfile.write(b"<")
            handler.wfile.flush()

    return answer
