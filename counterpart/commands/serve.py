"""`counterpart serve`: runs the portal."""

import errno
import socket
import ssl
from pathlib import Path

import click
from granian.constants import HTTPModes, Interfaces, SSLProtocols
from granian.http import HTTP1Settings
from granian.server import MPServer

from counterpart.commands.common import Tools, as_json, example, pass_tools
from counterpart.logs import granian_logging
from counterpart.refused import Refused
from counterpart.wsgi import portal

HEADER_TIMEOUT = 5_000  # milliseconds; slower headers are an attack or a dead line, and a stop waits for them
# Seconds a stopping worker has to finish its requests. Ours take no longer; somebody who never sends the rest
# of a form would hold up a stop for ever, and whoever stops us may kill after ten.
GRACE = 8
A_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command(
    epilog=example("counterpart serve --port 5000", "counterpart serve --certificate tls.crt --key tls.key")
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port", default=5000, show_default=True, type=click.IntRange(1, 65535), help="Port to listen on."
)
@click.option("--certificate", type=A_FILE, help="PEM file; the portal then speaks HTTPS.")
@click.option("--key", type=A_FILE, help="PEM file with the certificate's key (PKCS#8).")
@click.option("--workers", default=1, show_default=True, type=click.IntRange(1, 64), help="Processes.")
@click.option(
    "--threads", default=8, show_default=True, type=click.IntRange(1, 256), help="Threads in each process."
)
@as_json
@pass_tools
def serve(
    tools: Tools,
    host: str,
    port: int,
    certificate: Path | None,
    key: Path | None,
    workers: int,
    threads: int,
    as_json: bool,
) -> None:
    """Run the portal until it is stopped.

    SIGTERM and Ctrl-C let the requests under way finish. The directory, Redis and the mail server may come
    and go: pages say what is away and work again when it is back.
    """
    _check_tls(certificate, key)
    _check_port(host, port)
    tools.store.check()
    portal(
        tools.settings
    ).close()  # what is wrong is said here, once, instead of by every worker again and again
    _server(host, port, certificate, key, workers, threads).serve()


def _server(
    host: str, port: int, certificate: Path | None, key: Path | None, workers: int, threads: int
) -> MPServer:
    return MPServer(
        "counterpart.wsgi:application",
        factory=True,
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        workers=workers,
        blocking_threads=threads,
        # What exceeds this waits in the kernel's queue, in order, instead of in our memory.
        backpressure=4 * threads,
        backlog=512,
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(header_read_timeout=HEADER_TIMEOUT),
        websockets=False,
        ssl_cert=certificate,
        ssl_key=key,
        ssl_protocol_min=SSLProtocols.tls12,
        respawn_failed_workers=True,
        workers_kill_timeout=GRACE,
        log_dictconfig=granian_logging(),
    )


def _check_tls(certificate: Path | None, key: Path | None) -> None:
    if certificate is None and key is None:
        return
    if certificate is None or key is None:
        raise Refused("HTTPS needs both --certificate and --key. Nothing was started.")
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key, password="")
    except ssl.SSLError:
        raise Refused(
            f"{certificate} and {key} are not a certificate and its key. Nothing was started."
        ) from None
    except OSError as error:
        raise Refused(f"{certificate} or {key}: {error.strerror}. Nothing was started.") from None
    if "BEGIN PRIVATE KEY" not in key.read_text(encoding="ascii", errors="replace"):
        raise Refused(
            f"{key} is not in PKCS#8. Make it so with: openssl pkcs8 -topk8 -nocrypt -in {key} -out NEW"
        )


def _check_port(host: str, port: int) -> None:
    """Bind once and let go: the web server would share a busy port or fail with a traceback."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except socket.gaierror:
        raise Refused(f"{host} is not an address of this machine. Nothing was started.") from None
    with socket.socket(family, kind, protocol) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
        except OSError as error:
            raise Refused(_why_not(error, host, port)) from None


def _why_not(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} is taken by another program. Nothing was started. Choose another with --port."
    if error.errno == errno.EACCES:
        return f"Port {port} needs special rights. Nothing was started. Use one from 1024 on behind a proxy."
    return f"The portal can't listen on {host}, port {port}: {error.strerror}. Nothing was started."
