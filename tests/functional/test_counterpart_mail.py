"""What the mail server says decides whether a mail is tried again."""

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email.message import EmailMessage

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session

from counterpart.mail import SMTPSender
from counterpart.settings import ServiceSettings
from dev.servers import MailCatcher, free_port
from store.errors import TryLater, Undeliverable
from store.mail import Mail, as_message, reference_of

MESSAGE = as_message(
    Mail(to="ada.quill@rivers.example", subject="Llifogydd — ŵy", text="Hello.", html="<p>Hello.</p>"),
    reference_of("k"), "counterpart@leaders.example", datetime(2026, 11, 23, 9, 0, tzinfo=UTC),
)  # fmt: skip


class Moody:
    """A mail server that answers as told."""

    def __init__(self, to_recipient: str = "250 OK", to_data: str = "250 kept") -> None:
        self._to_recipient, self._to_data = to_recipient, to_data

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        envelope.rcpt_tos.append(address)
        return self._to_recipient

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        return self._to_data


@contextmanager
def serving(moody: Moody) -> Iterator[int]:
    loop, port = asyncio.new_event_loop(), free_port()
    make: Callable[[], asyncio.Protocol] = lambda: SMTP(moody, loop=loop)  # noqa: E731
    server = loop.run_until_complete(loop.create_server(make, "127.0.0.1", port))
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield port
    finally:
        loop.call_soon_threadsafe(server.close)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(asyncio.sleep(0))
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()


def sender(port: int, security: str = "none", user: str = "", password_file: str = "") -> SMTPSender:
    settings = ServiceSettings(
        smtp_host="127.0.0.1", smtp_port=port, smtp_security=security, smtp_timeout=1.0,
        smtp_user=user, smtp_password_file=password_file,
    )  # fmt: skip
    return SMTPSender(settings)


def test_a_mail_arrives_whole(mail_catcher: MailCatcher) -> None:
    sender(mail_catcher.port).send(MESSAGE)
    received: EmailMessage = mail_catcher.wait_for(
        lambda message: message["Message-ID"] == MESSAGE["Message-ID"]
    )
    assert received["Subject"] == "Llifogydd — ŵy"
    assert received["X-Caught-For"] == "ada.quill@rivers.example"
    assert received.is_multipart()


@pytest.mark.parametrize(
    ("moody", "expected"),
    [
        (Moody(to_recipient="550 no such mailbox"), Undeliverable),
        (Moody(to_recipient="450 greylisted, come back"), TryLater),
        (Moody(to_data="554 looks like spam"), Undeliverable),
        (Moody(to_data="451 disk full"), TryLater),
    ],
)
def test_five_is_for_good_and_four_for_now(moody: Moody, expected: type[Exception]) -> None:
    with serving(moody) as port, pytest.raises(expected, match=r"The mail server answered [45]5"):
        sender(port).send(MESSAGE)


def test_nobody_there_is_for_now() -> None:
    with pytest.raises(TryLater, match="did not take it"):
        sender(free_port()).send(MESSAGE)


def test_a_silent_server_is_given_up_on() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(TryLater, match="timed out"):
        sender(silent.getsockname()[1]).send(MESSAGE)


def test_a_server_that_offers_no_tls_gets_no_mail(mail_catcher: MailCatcher) -> None:
    with pytest.raises(TryLater, match="STARTTLS"):
        sender(mail_catcher.port, "starttls").send(MESSAGE)
    assert mail_catcher.messages() == []


def test_a_missing_password_file_is_for_now_and_named(mail_catcher: MailCatcher) -> None:
    with pytest.raises(TryLater, match="nowhere"):
        sender(mail_catcher.port, user="us", password_file="/nowhere").probe()
