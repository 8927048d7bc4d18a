"""Where log lines go: stderr for what runs all the time, a file for what a person types."""

import logging
import os
import sys
import time
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any

LARGEST = 1_000_000  # bytes, then the next file; three are kept


class UTCFormatter(logging.Formatter):
    """Lines that start with the moment in UTC, as all our instants are."""

    converter = staticmethod(time.gmtime)

    def __init__(self) -> None:
        super().__init__("%(asctime)sZ %(levelname)s %(name)s: %(message)s", "%Y-%m-%dT%H:%M:%S")

    def formatMessage(self, record: logging.LogRecord) -> str:  # the name logging gave it
        """Put the message on one line: an address that a stranger asked for must not forge a line of ours,
        nor speak to the terminal on which the log is read.
        """
        record.message = visible(record.message)
        return super().formatMessage(record)

    def formatException(self, ei: Any) -> str:
        """Set a traceback in, so that no line of it, whatever the error says, begins like one of ours."""
        return "\n".join("    " + visible(line) for line in super().formatException(ei).splitlines())


def visible(text: str) -> str:
    """Write what can't be printed (line ends, control characters, marks that turn text round) as escapes."""
    if text.isprintable():
        return text
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in text
    )


def to_stderr() -> None:
    """Log to stderr, for `serve` and `worker`: whoever started them keeps it."""
    _use(logging.StreamHandler(sys.stderr))


def to_file(path: Path) -> bool:
    """Log to a file that only its owner reads; False if it can't be written, and then nothing is logged."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))
        handler = RotatingFileHandler(path, maxBytes=LARGEST, backupCount=3, encoding="utf-8", delay=True)
    except OSError:
        _use(logging.NullHandler())
        return False
    _use(handler)
    return True


def granian_logging() -> dict[str, Any]:
    """The web server's own lines, in our form and on stderr; it logs no requests."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"ours": {"()": UTCFormatter}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "ours"}},
        "loggers": {"_granian": {"handlers": ["stderr"], "level": "INFO", "propagate": False}},
    }


def _use(handler: logging.Handler) -> None:
    handler.setFormatter(UTCFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    logging.getLogger("alembic").setLevel(logging.WARNING)  # it tells of every look at the tables
