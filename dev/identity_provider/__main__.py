"""`python -m dev.identity_provider --config FILE`: serve the demonstration providers until told to stop."""

import argparse
import sys
from datetime import UTC, datetime
from pathlib import Path
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from dev.identity_provider.config import ConfigUnusable, load
from dev.identity_provider.server import Application


class ThreadingServer(ThreadingMixIn, WSGIServer):
    """One thread per request, so that a browser's idle connection holds nobody up."""

    daemon_threads = True


class QuietHandler(WSGIRequestHandler):
    """Requests are not logged: their addresses carry messages about people."""

    timeout = 30  # seconds a silent connection may stay open

    def log_message(self, format: str, *args: object) -> None:
        """Drop the line that wsgiref would print."""


def main(arguments: list[str]) -> int:
    """Read the configuration and serve."""
    parser = argparse.ArgumentParser(prog="python -m dev.identity_provider")
    parser.add_argument("--config", type=Path, required=True)
    try:
        config = load(parser.parse_args(arguments).config)
        application = Application(config, lambda: datetime.now(UTC))
        server = make_server(config.host, config.port, application, ThreadingServer, QuietHandler)
    except (ConfigUnusable, OSError) as error:
        print(f"The demonstration identity providers can't start: {error}", file=sys.stderr)
        return 1
    with server:
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            return 0
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
