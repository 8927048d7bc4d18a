"""Hands mail to the mail server by SMTP, and tells the outbox whether a failure is for now or for good."""

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email.message import EmailMessage
from pathlib import Path

from counterpart.secret_files import read_secret
from counterpart.settings import ServiceSettings, SettingsError
from store.errors import TryLater, Undeliverable


class SMTPSender:
    """One connection per mail: at our volume it costs nothing, and no broken connection outlives one mail."""

    def __init__(self, settings: ServiceSettings) -> None:
        self._settings = settings

    def send(self, message: EmailMessage) -> None:
        """Hand the mail over. TryLater when the server is away or asks to wait, Undeliverable when it
        refuses.
        """
        try:
            with self._connected() as server:
                server.send_message(message)
        except smtplib.SMTPRecipientsRefused as error:
            code, words = next(iter(error.recipients.values()))
            raise _refusal(code, words) from None
        except smtplib.SMTPDataError as error:
            raise _refusal(error.smtp_code, error.smtp_error) from None
        except (OSError, SettingsError) as error:  # every other SMTPException is an OSError
            # Also a refused sign-in or sender address: our settings are wrong then, not the mail.
            raise TryLater(f"The mail server {self._place} did not take it: {_words(error)}") from None

    def probe(self) -> None:
        """Connect, secure and sign in without sending; TryLater says what failed."""
        try:
            with self._connected() as server:
                server.noop()
        except (OSError, SettingsError) as error:
            raise TryLater(f"The mail server {self._place} can't be used: {_words(error)}") from None

    @property
    def _place(self) -> str:
        return f"{self._settings.smtp_host}:{self._settings.smtp_port}"

    @contextmanager
    def _connected(self) -> Iterator[smtplib.SMTP]:
        """A connection whose farewell may fail: by then the server has the mail, and it must not go out
        twice.
        """
        server = self._connect()
        try:
            yield server
        finally:
            with suppress(OSError):
                server.quit()
            server.close()

    def _connect(self) -> smtplib.SMTP:
        given = self._settings
        if given.smtp_security == "tls":
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                given.smtp_host, given.smtp_port, timeout=given.smtp_timeout, context=self._tls()
            )
        else:
            server = smtplib.SMTP(given.smtp_host, given.smtp_port, timeout=given.smtp_timeout)
        try:
            if given.smtp_security == "starttls":
                server.starttls(context=self._tls())
            if given.smtp_user:
                server.login(given.smtp_user, read_secret(Path(given.smtp_password_file)).decode())
        except BaseException:
            server.close()
            raise
        return server

    def _tls(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self._settings.smtp_ca_file or None)


def _refusal(code: int, words: bytes | str) -> TryLater | Undeliverable:
    text = words.decode("utf-8", "replace") if isinstance(words, bytes) else words
    sentence = f"The mail server answered {code}: {' '.join(text.split())[:300]}"
    return Undeliverable(sentence) if code >= 500 else TryLater(sentence)


def _words(error: Exception) -> str:
    return " ".join(str(error).split())[:300] or type(error).__name__
