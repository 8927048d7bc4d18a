"""One mail, checked before it is kept: whoever fills in a form must not be able to add a header or a
recipient.
"""

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from store.errors import BadMail

LONGEST = {"to": 254, "reply_to": 254, "from_name": 200, "subject": 250}
LONGEST_BODY = 100_000  # characters; some forty pages, and far from what a mail server refuses
LONGEST_CSV = 3_000_000  # characters; written for the mail it grows by a third, and servers take 10 MB
# Text that mail programs decode (RFC 2047). Python's own library decodes it while it writes a header, line
# ends included: "=?utf-8?q?=0d=0aBcc:…?=" as a subject would add a header, and more
# of it a whole other message.
ENCODED_WORD = re.compile(r"=\?.*\?=", re.DOTALL)
# Unicode's controls (Cc) and lone surrogates (Cs); in a text, tabs and line ends are none.
CONTROLS = "\x00-\x1f\x7f-\x9f\ud800-\udfff"
NOT_IN_A_TEXT = re.compile(f"(?![\n\r\t])[{CONTROLS}]")
# Line and paragraph separators (Zl, Zp), and marks that turn the direction of text round: with them a name
# or subject can show something else than it says.
TURNING_MARKS = "\u202a-\u202e\u2066-\u2069\u200e\u200f\u061c"
NOT_IN_A_LINE = re.compile(f"[{CONTROLS}\u2028\u2029{TURNING_MARKS}]")
_CSV_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,94}\.csv")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """A mail to one person; `csv` is a table, attached under the name `csv_name`.

    BadMail, with a sentence for whoever wrote it, when it can't be sent as it stands.
    """

    to: str
    subject: str
    text: str
    html: str = ""
    reply_to: str = ""
    from_name: str = ""
    csv: str = ""
    csv_name: str = ""

    def __post_init__(self) -> None:
        _check_address("address", self.to)
        if self.reply_to:
            _check_address("reply address", self.reply_to)
        _check_line("subject", self.subject, LONGEST["subject"])
        _check_line("sender's name", self.from_name, LONGEST["from_name"])
        if not self.subject.strip() or not self.text.strip():
            raise BadMail("A mail needs a subject and some text.")
        _check_body(self.text)
        _check_body(self.html)
        _check_csv(self.csv, self.csv_name)


def reference_of(key: str) -> str:
    """The left half of the Message-ID: the same for the same key, whoever sends it and however often."""
    return hashlib.sha256(b"counterpart mail\0" + key.encode("utf-8")).hexdigest()[:40]


def as_message(mail: Mail, reference: str, sender: str, written: datetime) -> EmailMessage:
    """The mail as it goes out: plain text first, HTML beside it if there is some, no tracking of any kind."""
    message = EmailMessage(policy=SMTP)
    message["From"] = Address(display_name=mail.from_name, addr_spec=sender)
    message["To"] = Address(addr_spec=mail.to)
    message["Subject"] = mail.subject
    message["Date"] = format_datetime(written)
    message["Message-ID"] = f"<{reference}@{sender.rpartition('@')[2]}>"
    if mail.reply_to:
        message["Reply-To"] = Address(addr_spec=mail.reply_to)
    message.set_content(mail.text, cte="quoted-printable")
    if mail.html:
        message.add_alternative(mail.html, subtype="html", cte="quoted-printable")
    if mail.csv:
        # A spreadsheet takes a file for the country's old encoding unless it begins with this mark.
        raw, said = mail.csv.encode("utf-8-sig"), {"charset": "utf-8"}
        message.add_attachment(raw, maintype="text", subtype="csv", filename=mail.csv_name, params=said)
    return message


def _check_address(what: str, address: str) -> None:
    _check_line(what, address, LONGEST["to"])
    try:
        parsed = Address(addr_spec=address)
    except (MessageError, ValueError, IndexError, AttributeError):
        raise BadMail(f"The {what} is not a single e-mail address.") from None
    if not address.isascii():
        raise BadMail(f"The {what} has letters that mail servers here can't carry; only A to Z work.")
    if parsed.addr_spec != address or not parsed.username or "." not in parsed.domain.strip("."):
        raise BadMail(f"The {what} is not a single e-mail address.")


def _check_line(what: str, line: str, longest: int) -> None:
    if len(line) > longest:
        raise BadMail(f"The {what} may have {longest} characters; this one has {len(line)}.")
    if NOT_IN_A_LINE.search(line):
        raise BadMail(f"The {what} must be one line of ordinary characters.")
    if ENCODED_WORD.search(line):
        raise BadMail(f"The {what} holds text that mail programs would decode (=?…?=). Write it out.")


def _check_body(body: str) -> None:
    if len(body) > LONGEST_BODY:
        raise BadMail(f"The text may have {LONGEST_BODY:,} characters; this one has {len(body):,}.")
    if NOT_IN_A_TEXT.search(body):
        raise BadMail("The text holds control characters that can't be sent.")


def _check_csv(table: str, name: str) -> None:
    if bool(table) != bool(name) or (name and not _CSV_NAME.fullmatch(name)):
        raise BadMail("An attached table has a name of small letters, digits and hyphens, ending in .csv.")
    if len(table) > LONGEST_CSV:
        raise BadMail(f"A table may have {LONGEST_CSV:,} characters; this one has {len(table):,}.")
    if NOT_IN_A_TEXT.search(table):
        raise BadMail("The table holds control characters that can't be sent.")
