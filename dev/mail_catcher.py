"""A mail server that delivers nothing: every message becomes one `.eml` file in a folder.

python -m dev.mail_catcher --port 2525 --folder var/mail
"""

import argparse
import asyncio
import itertools
import os
import signal
import time
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session

LARGEST_MESSAGE = 10 * 1024 * 1024  # bytes


class Folder:
    """Writes each message it is handed as a file whose name sorts by arrival."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = itertools.count(1)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """Keep one message, with the envelope's recipients in headers, and answer as SMTP does."""
        name = f"{time.time_ns()}-{os.getpid()}-{next(self._numbers)}.eml"
        content = envelope.original_content or b""
        recipients = ", ".join(envelope.rcpt_tos).encode()
        part = self._folder / f".{name}.part"
        part.write_bytes(b"X-Caught-For: " + recipients + b"\r\n" + content)
        part.rename(self._folder / name)  # a reader never sees half a message
        return "250 kept"


async def serve(port: int, folder: Path) -> None:
    """Catch mail on 127.0.0.1 until SIGTERM or SIGINT."""
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    server = await loop.create_server(
        lambda: SMTP(Folder(folder), data_size_limit=LARGEST_MESSAGE, enable_SMTPUTF8=True), "127.0.0.1", port
    )
    await stop.wait()
    server.close()


def main() -> None:
    """Read the arguments and serve."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--port", type=int, required=True)
    arguments.add_argument("--folder", type=Path, required=True)
    chosen = arguments.parse_args()
    chosen.folder.mkdir(parents=True, exist_ok=True)
    asyncio.run(serve(chosen.port, chosen.folder))


if __name__ == "__main__":
    main()
